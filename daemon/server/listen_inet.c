/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listening TCP sockets, by address and port; TLS is spoken on the same kind.  Looks names up,
 * so it runs while nobody is served yet.  Loop thread, at start.
 */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "server/internal.h"
#include "util/alloc.h"
#include "util/log.h"

DEFINE_CLEANUP(struct addrinfo *, freeaddrinfo);

static void free_all(struct listener **list)
{
    while (*list) {
        struct listener *next = (*list)->next;

        listener_free(*list);
        *list = next;
    }
}

static in_port_t *port_of(struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return &((struct sockaddr_in6 *)(void *)address)->sin6_port;
    return &((struct sockaddr_in *)(void *)address)->sin_port;
}

/* A descriptor, or -errno. */
static int open_socket(const struct addrinfo *info)
{
    static const int on = 1;
    _cleanup_close_ int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    /* IPv4 has a socket of its own; and a port that a dead connection still uses is free */
    if ((info->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        return -errno;
    return steal_fd(&fd);
}

/* Port 0 becomes the one that was found, for the sockets after it, too. */
static void note_port(int fd, in_port_t *port)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address);

    if (*port == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        *port = *port_of((struct sockaddr *)&address);
}

/* A machine without IPv6 (or IPv4) has no such address to listen on. */
static bool has_no_such_family(int errnum)
{
    return errnum == EAFNOSUPPORT || errnum == EADDRNOTAVAIL;
}

static int listen_one(struct listener ***end, const struct addrinfo *info,
                      enum server_socket kind, in_port_t *port, bool wildcard, struct verror *err)
{
    _cleanup_free_ char *text = NULL;
    int fd;

    if (*port_of(info->ai_addr) == 0)
        *port_of(info->ai_addr) = *port;
    fd = open_socket(info);
    if (fd < 0 && wildcard && has_no_such_family(-fd))
        return 0;
    if (fd >= 0)
        note_port(fd, port_of(info->ai_addr));
    text = address_text(info->ai_addr, info->ai_addrlen);
    if (fd < 0)
        return verror_errno(err, -fd, "cannot listen on %s", text);
    *port = *port_of(info->ai_addr);
    **end = listener_new(fd, kind);
    *end = &(**end)->next;
    log_info("listening for %s on %s", kind == SERVER_TLS ? "TLS" : "TCP", text);
    return 0;
}

static int listen_address(struct listener ***end, const char *address, const char *service,
                          enum server_socket kind, in_port_t *port, struct verror *err)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
                                    .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM };
    _cleanup_(freeaddrinfop) struct addrinfo *found = NULL;
    int r = getaddrinfo(address, service, &hints, &found);

    if (r != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "cannot listen on address '%s', port '%s': %s", address ? address : "",
                          service, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
    for (const struct addrinfo *info = found; info; info = info->ai_next)
        if (listen_one(end, info, kind, port, !address, err) < 0)
            return -1;
    return 0;
}

struct listener *listeners_new_inet(const char *addresses, const char *port,
                                    enum server_socket kind, struct verror *err)
{
    _cleanup_free_ char *words = xstrdup(addresses);
    _cleanup_(free_all) struct listener *list = NULL;
    struct listener **end = &list;
    in_port_t chosen = 0;
    char *next = NULL, *address = strtok_r(words, " ", &next);

    do {
        if (listen_address(&end, address, port, kind, &chosen, err) < 0)
            return NULL;
        address = address ? strtok_r(NULL, " ", &next) : NULL;
    } while (address);
    if (!list)
        (void)verror_set(err, VIR_ERR_OPERATION_FAILED, "this host has neither IPv4 nor IPv6");
    return STEAL_PTR(list);
}
