/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes over a TCP socket, where everybody between can read and change them.  Loop thread. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "server/internal.h"

static ssize_t tcp_read(struct transport *transport, void *data, size_t len)
{
    ssize_t n;

    do
        n = recv(transport->fd, data, len, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

void tcp_setup(int fd)
{
    static const int on = 1;

    /* an answer is one write, and nothing follows that it could wait for; keepalive finds those
     * whose host has gone.  Without either it works all the same. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

void transport_init_tcp(struct transport *transport, int fd)
{
    static const struct transport_ops ops = {
        .read = tcp_read,
        .write = transport_send,
        .done = transport_close,
    };

    tcp_setup(fd);
    *transport = (struct transport){ .ops = &ops, .fd = fd };
}
