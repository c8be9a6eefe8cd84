/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ends of bench/rpc's connections: blocking, over a unix socket or TLS.
 * What goes wrong ends the program, for a figure that is not whole is none.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "protocol/frame.h"

enum {
    REQUEST = FRAME_MIN,    /* CONNECT_GET_LIB_VERSION has no arguments */
    ANSWER = FRAME_MIN + 8, /* and an unsigned hyper as its result */
    MANY = 64,              /* connections at once */
    MAX_FDS = 16384,
};

struct link {
    int fd;
    SSL *ssl; /* NULL: plain */
};

_Noreturn void die(const char *what);

void link_write(const struct link *link, const void *data, size_t len);
/* At least one byte; a peer that has ended is an error. */
size_t link_read_some(const struct link *link, void *data, size_t len);
void link_read(const struct link *link, void *data, size_t len);
/* Bytes can be read that the descriptor does not tell of. */
bool link_has_more(const struct link *link);
void link_close(struct link *link);

/* Of the certificates in dir, named as libvirt's pkipath= has them. */
SSL_CTX *link_tls_client(const char *dir);
/* Over a TCP socket that is connected; handshake: SSL_connect or SSL_accept. */
struct link link_tls(SSL_CTX *tls, int fd, int (*handshake)(SSL *ssl));

/*
 * echo.c: answers each REQUEST with an ANSWER of zeros, for ever: epoll, read, write, and nothing
 * else.  tls: NULL = plain.
 */
_Noreturn void echo_serve(int listen_fd, SSL_CTX *tls);
/* Of the same directory; its certificate is the server's. */
SSL_CTX *echo_tls_server(const char *dir);

#endif
