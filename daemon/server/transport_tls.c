/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes over TLS.  Until the handshake is done and the client has been told by its one byte that
 * it is let in, reading is what drives it, and nothing is written.  OpenSSL works on the socket
 * itself, which does not block.  Loop thread; a struct tls is its client's.
 */

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "protocol/dname.h"
#include "protocol/pki.h"
#include "server/internal.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    RECORD_SIZE = 8192,  /* small pieces are gathered up to it, so that they are one record */
    LINGER_SECONDS = 2,  /* one that was refused has so long to hear of it: see refuse() */
};

enum tls_state { TLS_HANDSHAKE = 0, TLS_CONFIRM, TLS_UP, TLS_REFUSED };

struct tls {
    SSL *ssl;
    int fd; /* the transport's */
    struct tls_context *context; /* a reference */
    struct client *client;
    struct event deadline;
    enum tls_state state;
    bool wants_write;
    bool wants_read; /* to go on writing */
    bool drained; /* nothing more can be read until the socket has something */
    bool has_read; /* of the socket, in this turn */
    char *why; /* NULL = nothing to be said */
};

/* Takes over why. */
static void set_why(struct tls *tls, char *why)
{
    free(tls->why);
    tls->why = why;
}

/* Of a call of OpenSSL that returned result: -EAGAIN, 0 at the end, or another -errno. */
static int outcome(struct tls *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);
    char reason[384];

    tls->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    if (error == SSL_ERROR_ZERO_RETURN && tls->state == TLS_UP)
        return 0;
    if (error == SSL_ERROR_SSL) {
        pki_tls_reason(tls->ssl, reason, sizeof(reason));
        set_why(tls, xasprintf("TLS%s failed: %s",
                               tls->state == TLS_HANDSHAKE ? " handshake" : "", reason));
    } else if (tls->state != TLS_UP) {
        set_why(tls, xasprintf("TLS handshake failed: it has gone away"));
    }
    ERR_clear_error();
    return tls->state == TLS_UP && error == SSL_ERROR_SYSCALL && errno ? -errno : -EPROTO;
}

/* A certificate that nobody has checked says nothing. */
static void note_identity(struct tls *tls)
{
    X509 *peer = SSL_get0_peer_certificate(tls->ssl);
    _cleanup_free_ char *dname =
        peer && tls_context_verifies(tls->context) ? dname_text(X509_get_subject_name(peer)) : NULL;

    if (dname)
        client_set_x509_dname(tls->client, dname);
    log_debug("client %s: %s, %s", client_identity(tls->client), SSL_get_version(tls->ssl),
              SSL_get_cipher_name(tls->ssl));
}

/*
 * What came along with its certificate, as far as the CA, has done its work, and would be kept as
 * long as the connection.  OpenSSL hands out these lists themselves, and needs nothing in them.
 */
static void forget_issuers(SSL *ssl)
{
    STACK_OF(X509) *lists[] = { SSL_get_peer_cert_chain(ssl), SSL_get0_verified_chain(ssl) };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        while (sk_X509_num(lists[i]) > 0)
            X509_free(sk_X509_pop(lists[i]));
}

/*
 * It has been sent an alert.  If the socket were closed now, while it is still sending its part of
 * the handshake, the alert would be lost with a reset connection, and stock clients would be
 * killed by SIGPIPE.  So all is read and dropped until it leaves, or its time is over.
 */
static int refuse(struct tls *tls)
{
    static const struct timeval linger = { .tv_sec = LINGER_SECONDS };

    log_warn("client %s: %s; connection closed", client_identity(tls->client), tls->why);
    set_why(tls, NULL);
    tls->state = TLS_REFUSED;
    tls->wants_write = false;
    (void)shutdown(tls->fd, SHUT_WR); /* or it has gone already */
    (void)event_add(&tls->deadline, &linger);
    return -EAGAIN;
}

static ssize_t drop_input(const struct tls *tls, void *data, size_t len)
{
    ssize_t n = recv(tls->fd, data, len, 0);

    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return -EAGAIN;
    return -EPROTO;
}

/* 0 once it is up, else as outcome(). */
static int shake_hands(struct tls *tls)
{
    static const char welcome = 1; /* libvirt's: you are let in */
    int r;

    ERR_clear_error();
    if (tls->state == TLS_HANDSHAKE) {
        r = SSL_accept(tls->ssl);
        if (r != 1)
            return outcome(tls, r);
        tls->state = TLS_CONFIRM;
        note_identity(tls);
        forget_issuers(tls->ssl);
    }
    r = SSL_write(tls->ssl, &welcome, sizeof(welcome));
    if (r != 1)
        return outcome(tls, r);
    tls->state = TLS_UP;
    tls->wants_write = false;
    (void)event_del(&tls->deadline);
    if (client_auth(tls->client) == SERVER_AUTH_NONE)
        client_set_authenticated(tls->client); /* its certificate was enough */
    return 0;
}

/*
 * The socket is read once a turn.  Else OpenSSL would go on as long as there are records that hold
 * nothing for us, such as new keys, and with somebody who sends only those nobody else had a turn.
 */
static long read_once_cb(BIO *bio, int operation, _unused_ const char *data, _unused_ size_t len,
                         _unused_ int number, _unused_ long argument, int result,
                         _unused_ size_t *processed)
{
    struct tls *tls = (struct tls *)(void *)BIO_get_callback_arg(bio);

    if (operation != BIO_CB_READ)
        return result;
    if (!tls->has_read) {
        tls->has_read = true;
        return result;
    }
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
    return -1;
}

static ssize_t tls_read(struct transport *transport, void *data, size_t len)
{
    struct tls *tls = transport->state;
    int n = 0;

    tls->drained = true;
    tls->has_read = tls->wants_read = false;
    if (tls->state == TLS_REFUSED)
        return drop_input(tls, data, len);
    if (tls->state != TLS_UP)
        n = shake_hands(tls);
    if (n < 0)
        return n == -EPROTO && tls->why ? refuse(tls) : n;
    ERR_clear_error();
    n = SSL_read(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);
    if (n <= 0) {
        n = outcome(tls, n);
        tls->drained = !tls->wants_write; /* it stopped at what it has to send, whatever follows */
        return n;
    }
    tls->drained = false;
    tls->wants_write = false;
    return n;
}

static bool tls_has_input(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return !tls->drained && SSL_has_pending(tls->ssl) == 1;
}

static bool tls_wants_write(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return tls->wants_write;
}

static bool tls_wants_read(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return tls->wants_read;
}

static const char *tls_why(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return tls->why;
}

/* Up to size bytes of the pieces, from skip on. */
static size_t gather(char *record, size_t size, const struct iovec *iov, int iovcnt, size_t skip)
{
    size_t len = 0;

    for (int i = 0; i < iovcnt && len < size; i++) {
        size_t piece = iov[i].iov_len - skip, room = size - len;

        if (piece > room)
            piece = room;
        memcpy(record + len, (const char *)iov[i].iov_base + skip, piece);
        len += piece;
        skip = 0;
    }
    return len;
}

/*
 * One record: bytes taken, or as outcome().  A record that the socket did not take whole must be
 * offered again, and it is: what is queued only ever gets more, so it begins with the same bytes.
 */
static int write_record(struct tls *tls, const struct iovec *iov, int iovcnt, size_t skip)
{
    char record[RECORD_SIZE];
    const char *data = (const char *)iov->iov_base + skip;
    size_t len = iov->iov_len - skip;
    bool owes = tls->wants_write; /* a read stopped at an answer of OpenSSL's own, a new key */
    int n;

    if (len < sizeof(record) && iovcnt > 1) {
        data = record;
        len = gather(record, sizeof(record), iov, iovcnt, skip);
    }
    ERR_clear_error();
    n = SSL_write(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);
    if (n > 0) {
        tls->wants_write = tls->wants_read = false; /* that has gone before */
        return n;
    }
    n = outcome(tls, n);
    tls->wants_read = n == -EAGAIN && !tls->wants_write;
    tls->wants_write &= owes; /* of ours the output queue says so by itself */
    return n == 0 ? -EPIPE : n;
}

static ssize_t tls_write(struct transport *transport, const struct iovec *iov, int iovcnt)
{
    struct tls *tls = transport->state;
    ssize_t taken = 0;
    size_t skip = 0;

    if (tls->state != TLS_UP)
        return -EAGAIN;
    while (iovcnt > 0) {
        int n = write_record(tls, iov, iovcnt, skip);

        if (n < 0)
            return taken > 0 && n == -EAGAIN ? taken : n;
        taken += n;
        skip += (size_t)n;
        while (iovcnt > 0 && skip >= iov->iov_len) {
            skip -= iov->iov_len;
            iov++;
            iovcnt--;
        }
    }
    return taken;
}

static void tls_done(struct transport *transport)
{
    struct tls *tls = STEAL_PTR(transport->state);

    (void)event_del(&tls->deadline);
    ERR_clear_error();
    if (tls->state == TLS_UP && !tls->why)
        (void)SSL_shutdown(tls->ssl); /* says good-bye, if the socket takes it */
    SSL_free(tls->ssl);
    ERR_clear_error();
    tls_context_unref(tls->context);
    free(tls->why);
    free(tls);
    transport_close(transport);
}

static void deadline_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct tls *tls = opaque;
    char reason[96];

    if (tls->state == TLS_REFUSED) {
        client_end(tls->client);
        return;
    }
    (void)snprintf(reason, sizeof(reason),
                   "TLS handshake not finished after %u s (tls_handshake_seconds)",
                   tls->client->server->limits.handshake_seconds);
    client_drop(tls->client, reason);
}

void transport_init_tls(struct client *client, struct tls_context *context, int fd)
{
    static const struct transport_ops ops = {
        .secure = true,
        .read = tls_read,
        .write = tls_write,
        .wants_write = tls_wants_write,
        .wants_read = tls_wants_read,
        .has_input = tls_has_input,
        .why = tls_why,
        .done = tls_done,
    };
    const struct timeval limit = { .tv_sec = client->server->limits.handshake_seconds };
    struct tls *tls = XNEW(struct tls);

    tcp_setup(fd);
    tls->client = client;
    tls->fd = fd;
    tls->context = tls_context_ref(context);
    tls->ssl = tls_context_connection(context);
    if (!tls->ssl || SSL_set_fd(tls->ssl, fd) != 1)
        abort(); /* out of memory, as everywhere in the daemon */
    SSL_set_read_ahead(tls->ssl, 1); /* a record is one read, not two */
    BIO_set_callback_ex(SSL_get_rbio(tls->ssl), read_once_cb);
    BIO_set_callback_arg(SSL_get_rbio(tls->ssl), (char *)tls);
    (void)evtimer_assign(&tls->deadline, client->server->base, deadline_cb, tls);
    (void)event_add(&tls->deadline, &limit);
    client->transport = (struct transport){ .ops = &ops, .fd = fd, .state = tls };
}
