/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP connections to a host and port.  Any thread; looks names up, and waits for the host. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"
#include "transport.h"

DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo);

const char *tcp_host(const struct uri *uri)
{
    return uri->host ? uri->host : "localhost";
}

/* A signal does not end it: it goes on by itself, and is waited for. */
static int finish_connect(int fd)
{
    struct pollfd polled = { .fd = fd, .events = POLLOUT };
    socklen_t len = sizeof(int);
    int failed = 0;

    while (poll(&polled, 1, -1) < 0)
        if (errno != EINTR)
            return -errno;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
        return -errno;
    return -failed;
}

/* A descriptor, or -errno. */
static int connect_one(const struct addrinfo *info)
{
    static const int on = 1;
    _cleanup_close_ int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, info->ai_addr, info->ai_addrlen) < 0)
        failed = errno == EINTR ? finish_connect(fd) : -errno;
    if (failed < 0)
        return failed;
    /* a call is one write, and nothing follows that it could wait for; it works without, too */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return steal_fd(&fd);
}

int tcp_connect(const struct uri *uri, const char *port)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    _cleanup_(freeaddrinfop) struct addrinfo *found = NULL;
    const char *host = tcp_host(uri);
    int r, fd = -ENOENT;

    if (uri->port)
        port = uri->port;
    r = getaddrinfo(host, port, &hints, &found);
    if (r != 0)
        return error_raise(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, "unable to resolve address '%s': %s",
                           host, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
    for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
        fd = connect_one(info);
    if (fd < 0)
        return error_raise_errno(VIR_FROM_RPC, -fd, "unable to connect to server at '%s:%s'", host,
                                 port);
    return fd;
}

/* Its state says whether the daemon has ever sent something. */
static ssize_t tcp_read(struct transport *transport, void *data, size_t len)
{
    ssize_t n = transport_receive(transport, data, len);

    if (n > 0)
        transport->state = transport;
    return n;
}

static const char *tcp_why(const struct transport *transport)
{
    if (transport->state)
        return NULL;
    return "lost the connection to the daemon: it closed its end before it said anything (is that "
           "its port for TLS?)";
}

int tcp_open(const struct uri *uri, struct transport *ret_transport)
{
    static const struct transport_ops ops = {
        .read = tcp_read,
        .write = transport_send,
        .why = tcp_why,
        .done = transport_close,
    };
    int fd = tcp_connect(uri, "16509");

    if (fd < 0)
        return -1;
    *ret_transport = (struct transport){ .ops = &ops, .fd = fd };
    return 0;
}
