/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bench/rpc compares with; see link.h. */

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/link.h"

enum { BUFFER = 65536 };

struct peer {
    struct link link;
    size_t pending; /* bytes of a request that is not whole yet */
};

static struct peer peers[MAX_FDS];

/* Bytes, or <= 0 at the end. */
static ssize_t peer_read(const struct peer *peer, void *data, size_t len)
{
    return peer->link.ssl ? SSL_read(peer->link.ssl, data, (int)len)
                          : read(peer->link.fd, data, len);
}

static void peer_answer(int epoll_fd, struct peer *peer)
{
    static char buffer[BUFFER];
    static char replies[BUFFER / REQUEST * ANSWER + ANSWER];

    do {
        ssize_t n = peer_read(peer, buffer, sizeof(buffer));

        if (n <= 0) {
            (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peer->link.fd, NULL);
            link_close(&peer->link);
            return;
        }
        peer->pending += (size_t)n;
    } while (link_has_more(&peer->link) && peer->pending < sizeof(buffer) / 2);
    link_write(&peer->link, replies, peer->pending / REQUEST * ANSWER);
    peer->pending %= REQUEST;
}

/* A handshake waits for its client: they all come before anything is measured. */
static void peer_accept(int epoll_fd, int listen_fd, SSL_CTX *tls)
{
    struct epoll_event add = { .events = EPOLLIN };
    struct peer *peer;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0 || fd >= MAX_FDS)
        die("accept");
    peer = &peers[fd];
    *peer = (struct peer){ .link.fd = fd };
    if (tls)
        peer->link = link_tls(tls, fd, SSL_accept);
    add.data.fd = fd;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &add) < 0)
        die("epoll");
}

_Noreturn void echo_serve(int listen_fd, SSL_CTX *tls)
{
    struct epoll_event events[MANY], add = { .events = EPOLLIN, .data.fd = listen_fd };
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &add) < 0)
        die("epoll");
    for (;;) {
        int n = epoll_wait(epoll_fd, events, MANY, -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listen_fd)
                peer_accept(epoll_fd, listen_fd, tls);
            else
                peer_answer(epoll_fd, &peers[events[i].data.fd]);
        }
    }
}
