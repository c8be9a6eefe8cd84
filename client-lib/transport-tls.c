/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS to the daemon: who it is, by its certificate and the host's name; who we are, by ours; and
 * the byte by which it says that we are let in.  Opening waits, what follows does not.  Several
 * threads use one connection in turns, which OpenSSL allows: the channel's lock sees to that.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "protocol/pki.h"
#include "transport.h"

struct tls {
    struct transport below; /* the socket; its owner is the transport above */
    SSL *ssl;
    BIO_METHOD *method;
    bool up;
    bool ended; /* the socket has nothing more to read */
    bool wants_write;
    char why[512];
};

DEFINE_CLEANUP(SSL_CTX *, SSL_CTX_free);

/* --- the socket below: OpenSSL's own way of sending could raise SIGPIPE --- */

static int socket_write(BIO *bio, const char *data, int len)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t n = transport_send(&tls->below, data, (size_t)len);

    BIO_clear_retry_flags(bio);
    if (n == -EAGAIN)
        BIO_set_retry_write(bio);
    return n < 0 ? -1 : (int)n;
}

static int socket_read(BIO *bio, char *data, int len)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t n = transport_receive(&tls->below, data, (size_t)len);

    BIO_clear_retry_flags(bio);
    if (n == -EAGAIN)
        BIO_set_retry_read(bio);
    tls->ended = n == 0;
    return n < 0 ? -1 : (int)n;
}

static long socket_ctrl(BIO *bio, int command, long number _unused_, void *opaque _unused_)
{
    const struct tls *tls = BIO_get_data(bio);

    if (command == BIO_CTRL_EOF)
        return tls->ended;
    return command == BIO_CTRL_FLUSH; /* nothing is kept, so nothing is to be done */
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "libvirtjob");

    if (method && BIO_meth_set_write(method, socket_write) == 1 &&
        BIO_meth_set_read(method, socket_read) == 1 && BIO_meth_set_ctrl(method, socket_ctrl) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* --- what the channel uses --- */

/* As outcome() of the daemon's side: -EAGAIN, 0 at the end, or -EPROTO with why. */
static ssize_t outcome(struct tls *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);

    tls->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (error == SSL_ERROR_SSL) {
        pki_tls_reason(tls->ssl, tls->why, sizeof(tls->why));
        return -EPROTO;
    }
    ERR_clear_error();
    return errno ? -errno : -ECONNRESET;
}

static ssize_t tls_read(struct transport *transport, void *data, size_t len)
{
    struct tls *tls = transport->state;
    int n;

    ERR_clear_error();
    n = SSL_read(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);
    if (n <= 0)
        return outcome(tls, n);
    tls->wants_write = false;
    return n;
}

static ssize_t tls_write(struct transport *transport, const void *data, size_t len)
{
    struct tls *tls = transport->state;
    ssize_t n;
    int r;

    ERR_clear_error();
    r = SSL_write(tls->ssl, data, len < INT_MAX ? (int)len : INT_MAX);
    if (r > 0)
        return r;
    n = outcome(tls, r);
    tls->wants_write = false; /* the channel knows that it has something to send */
    return n == 0 ? -EPIPE : n;
}

static bool tls_has_input(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return SSL_pending(tls->ssl) > 0;
}

static bool tls_wants_write(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return tls->wants_write;
}

static const char *tls_why(const struct transport *transport)
{
    const struct tls *tls = transport->state;

    return tls->why[0] ? tls->why : NULL;
}

static void tls_done(struct transport *transport)
{
    struct tls *tls = transport->state;

    ERR_clear_error();
    if (tls->up && !tls->why[0])
        (void)SSL_shutdown(tls->ssl); /* says good-bye, if the socket takes it */
    ERR_clear_error();
    SSL_free(tls->ssl);
    BIO_meth_free(tls->method);
    free(tls);
    (void)close(transport->fd);
}

/* --- opening --- */

static bool exists(const char *path)
{
    return path && access(path, F_OK) == 0;
}

/* Our files: paths that are to be freed. */
struct files {
    char *ca, *crl, *cert, *key;
};

static void files_done(struct files *files)
{
    free(files->ca);
    free(files->crl);
    free(files->cert);
    free(files->key);
}

/* 0, or -1: raised. */
static int files_in(struct files *files, const char *dir, const char *below)
{
    files_done(files);
    *files = (struct files){ .ca = NULL };
    if (asprintf(&files->ca, "%s%s/cacert.pem", dir, below) < 0)
        files->ca = NULL;
    if (asprintf(&files->crl, "%s%s/cacrl.pem", dir, below) < 0)
        files->crl = NULL;
    if (asprintf(&files->cert, "%s%s/clientcert.pem", dir, below) < 0)
        files->cert = NULL;
    if (asprintf(&files->key, "%s%s/clientkey.pem", dir, below) < 0)
        files->key = NULL;
    return files->ca && files->crl && files->cert && files->key ? 0 : error_raise_no_memory();
}

static int libvirt_files(struct files *files)
{
    files_done(files);
    *files = (struct files){
        .ca = strdup("/etc/pki/CA/cacert.pem"),
        .crl = strdup("/etc/pki/CA/cacrl.pem"),
        .cert = strdup("/etc/pki/libvirt/clientcert.pem"),
        .key = strdup("/etc/pki/libvirt/private/clientkey.pem"),
    };
    return files->ca && files->crl && files->cert && files->key ? 0 : error_raise_no_memory();
}

/* The first place that has a CA; if none has, libvirt's, which the error then names. */
static int find_files(const struct uri *uri, struct files *files)
{
    const char *home = geteuid() == 0 ? NULL : getenv("HOME");

    if (uri->pkipath)
        return files_in(files, uri->pkipath, "");
    if (home) {
        if (files_in(files, home, "/.pki/libvirt") < 0)
            return -1;
        if (exists(files->ca))
            return 0;
    }
    if (files_in(files, SYSCONFDIR, "/virtjobd/pki") < 0)
        return -1;
    return exists(files->ca) ? 0 : libvirt_files(files);
}

static SSL_CTX *new_context(const struct uri *uri, bool *ret_has_cert)
{
    _cleanup_(files_done) struct files files = { .ca = NULL };
    struct pki_files used = { .unchecked = uri->no_sanity };
    struct pki_error err;
    SSL_CTX *context;

    if (find_files(uri, &files) < 0)
        return NULL;
    if (!uri->no_verify) {
        used.ca = files.ca;
        used.crl = exists(files.crl) ? files.crl : NULL;
    }
    *ret_has_cert = exists(files.cert) || exists(files.key);
    if (*ret_has_cert) { /* one alone is a mistake, which is told */
        used.cert = files.cert;
        used.key = files.key;
    }
    context = pki_context(PKI_CLIENT, &used, !uri->no_verify, &err);
    if (!context)
        (void)error_raise(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, "%s", err.text);
    return context;
}

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Whom its certificate must name; a server of many names is told, too. */
static bool expect_host(SSL *ssl, const char *host, bool verify)
{
    bool address = is_address(host);

    if (!address && SSL_set_tlsext_host_name(ssl, host) != 1)
        return false;
    if (!verify)
        return true;
    return (address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) :
                      SSL_set1_host(ssl, host)) == 1;
}

static void wait_for(const struct transport *transport)
{
    const struct tls *tls = transport->state;
    struct pollfd polled = { .fd = transport->fd,
                             .events = tls->wants_write ? POLLIN | POLLOUT : POLLIN };

    (void)poll(&polled, 1, -1); /* EINTR: it is tried again */
}

static int raise_refused(const struct uri *uri, const struct tls *tls, ssize_t result,
                         const char *what, bool has_cert)
{
    const char *port = uri->port ? uri->port : "16514";
    const char *hint = has_cert ? "" : " (we have no certificate of our own)";

    if (tls->why[0])
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: %s with the daemon at %s:%s: %s%s", what,
                           tcp_host(uri), port, tls->why, hint);
    if (result == 0 || result == -ECONNRESET || result == -EPIPE)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "%s with the daemon at %s:%s: it has closed the connection, and its log "
                           "says why%s", what, tcp_host(uri), port, hint);
    return error_raise_errno(VIR_FROM_RPC, (int)-result, "%s with the daemon at %s:%s", what,
                             tcp_host(uri), port);
}

/* 0, or -1: raised. */
static int shake_hands(const struct uri *uri, struct transport *transport, bool has_cert)
{
    struct tls *tls = transport->state;
    char welcome = 0;
    ssize_t n;
    int r;

    for (;;) {
        ERR_clear_error();
        errno = 0;
        r = SSL_connect(tls->ssl);
        if (r == 1)
            break;
        n = outcome(tls, r);
        if (n != -EAGAIN)
            return raise_refused(uri, tls, n, "TLS handshake", has_cert);
        wait_for(transport);
    }
    while ((n = tls_read(transport, &welcome, 1)) == -EAGAIN)
        wait_for(transport);
    if (n <= 0)
        return raise_refused(uri, tls, n, "TLS confirmation", has_cert);
    if (welcome != 1)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon at %s refuses our certificate or address", tcp_host(uri));
    tls->up = true;
    return 0;
}

/* The transport has its socket and struct tls; -1: raised. */
static int set_up(const struct uri *uri, struct transport *transport, SSL_CTX *context)
{
    struct tls *tls = transport->state;
    BIO *bio = NULL;

    tls->method = new_method();
    tls->ssl = tls->method ? SSL_new(context) : NULL;
    bio = tls->ssl ? BIO_new(tls->method) : NULL;
    if (!bio)
        return error_raise_no_memory();
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    if (expect_host(tls->ssl, tcp_host(uri), !uri->no_verify))
        return 0;
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_RPC,
                       "invalid argument: '%s' cannot be the name of a TLS server", tcp_host(uri));
}

static void warn(const struct uri *uri)
{
    if (uri->no_verify)
        error_warn(VIR_FROM_RPC, "no_verify: whether the daemon at %s is the one that is meant has "
                   "not been checked", tcp_host(uri));
}

int tls_open(const struct uri *uri, struct transport *ret_transport)
{
    static const struct transport_ops ops = {
        .encrypted = true,
        .read = tls_read,
        .write = tls_write,
        .has_input = tls_has_input,
        .wants_write = tls_wants_write,
        .why = tls_why,
        .done = tls_done,
    };
    bool has_cert = false;
    _cleanup_(SSL_CTX_freep) SSL_CTX *context = new_context(uri, &has_cert);
    int fd = context ? tcp_connect(uri, "16514") : -1;
    struct tls *tls;

    if (fd < 0)
        return -1;
    tls = calloc(1, sizeof(*tls));
    if (!tls) {
        (void)close(fd);
        return error_raise_no_memory();
    }
    tls->below.fd = fd;
    *ret_transport = (struct transport){ .ops = &ops, .fd = fd, .state = tls };
    if (set_up(uri, ret_transport, context) < 0 ||
        shake_hands(uri, ret_transport, has_cert) < 0) {
        tls_done(ret_transport);
        return -1;
    }
    warn(uri);
    return 0;
}
