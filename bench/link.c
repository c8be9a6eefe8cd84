/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of bench/rpc; see link.h. */

#include "bench/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void die(const char *what)
{
    unsigned long tls = ERR_get_error();

    fprintf(stderr, "rpc: %s: %s\n", what, tls ? ERR_reason_error_string(tls) : strerror(errno));
    exit(EXIT_FAILURE);
}

void link_write(const struct link *link, const void *data, size_t len)
{
    if (link->ssl && SSL_write(link->ssl, data, (int)len) != (int)len)
        die("TLS write");
    for (size_t sent = link->ssl ? len : 0; sent < len;) {
        ssize_t n = send(link->fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0)
            die("send");
        sent += (size_t)n;
    }
}

size_t link_read_some(const struct link *link, void *data, size_t len)
{
    ssize_t n = link->ssl ? SSL_read(link->ssl, data, (int)len) : read(link->fd, data, len);

    if (n == 0)
        errno = ECONNRESET;
    if (n <= 0)
        die("read");
    return (size_t)n;
}

void link_read(const struct link *link, void *data, size_t len)
{
    for (size_t got = 0; got < len;)
        got += link_read_some(link, (char *)data + got, len - got);
}

bool link_has_more(const struct link *link)
{
    return link->ssl && SSL_pending(link->ssl) > 0;
}

void link_close(struct link *link)
{
    SSL_free(link->ssl);
    (void)close(link->fd);
}

static void use_files(SSL_CTX *tls, const char *dir, const char *cert, const char *key)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, cert);
    if (SSL_CTX_use_certificate_file(tls, path, SSL_FILETYPE_PEM) != 1)
        die(path);
    (void)snprintf(path, sizeof(path), "%s/%s", dir, key);
    if (SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM) != 1)
        die(path);
}

SSL_CTX *link_tls_client(const char *dir)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (!tls)
        die("TLS");
    use_files(tls, dir, "clientcert.pem", "clientkey.pem");
    return tls;
}

SSL_CTX *echo_tls_server(const char *dir)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls)
        die("TLS");
    use_files(tls, dir, "servercert.pem", "serverkey.pem");
    (void)SSL_CTX_set_num_tickets(tls, 0); /* as the daemon does */
    return tls;
}

struct link link_tls(SSL_CTX *tls, int fd, int (*handshake)(SSL *ssl))
{
    struct link link = { .fd = fd, .ssl = SSL_new(tls) };
    int on = 1;

    if (!link.ssl || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
        SSL_set_fd(link.ssl, fd) != 1 || handshake(link.ssl) != 1)
        die("TLS handshake");
    return link;
}
