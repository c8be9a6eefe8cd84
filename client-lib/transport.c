/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which way a URI means, and the plain socket that most of them end in.  Any thread. */

#include "transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

ssize_t transport_receive(struct transport *transport, void *data, size_t len)
{
    ssize_t n = recv(transport->fd, data, len, MSG_DONTWAIT);

    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    return n;
}

ssize_t transport_send(struct transport *transport, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(transport->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

void transport_close(struct transport *transport)
{
    (void)close(transport->fd); /* what was not sent is lost either way */
}

void transport_init_socket(struct transport *transport, int fd)
{
    static const struct transport_ops ops = {
        .read = transport_receive,
        .write = transport_send,
        .done = transport_close,
    };

    *transport = (struct transport){ .ops = &ops, .fd = fd };
}

static int unix_open(const struct uri *uri, bool readonly, struct transport *ret_transport)
{
    _cleanup_free_ char *path = unix_socket_path(uri, readonly);
    int fd = path ? unix_connect(path) : -1;

    if (fd < 0)
        return -1;
    transport_init_socket(ret_transport, fd);
    return 0;
}

int transport_open(const struct uri *uri, bool readonly, struct transport *ret_transport)
{
    switch (uri->transport) {
    case URI_UNIX:
        return unix_open(uri, readonly, ret_transport);
    case URI_TCP:
        return tcp_open(uri, ret_transport);
    case URI_TLS:
        return tls_open(uri, ret_transport);
    case URI_SSH:
        return ssh_open(uri, readonly, ret_transport);
    case URI_EXT:
        return ext_open(uri, ret_transport);
    }
    return error_raise(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, "internal error: transport %d",
                       (int)uri->transport);
}
