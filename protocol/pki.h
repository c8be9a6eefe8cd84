/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS as daemon and library both have it: certificates read and checked, the context that comes
 * of them, and in words why a handshake failed.  Blocks on files; any thread.
 */
#ifndef VIRTJOBD_PKI_H
#define VIRTJOBD_PKI_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum pki_role { PKI_SERVER, PKI_CLIENT };

/* Paths.  crl may be NULL; cert and key, too, of a client that has none. */
struct pki_files {
    const char *ca, *crl, *cert, *key;
    bool unchecked; /* what is wrong with our own is left for the peer to find */
};

struct pki_error {
    int errnum; /* where a file cannot be read, else 0 */
    char text[768];
};

/*
 * Versions 1.2 and 1.3, no tickets, no renegotiation, no session cache.  The peer's certificate is
 * checked against ca (and crl, as far as it has something on the issuer) for the other role;
 * verify false: it is not, and ca may be NULL.  Our own are checked first, so that what is wrong
 * is said here and not by every peer.  NULL with err: a file and what is wrong with it.
 */
SSL_CTX *pki_context(enum pki_role role, const struct pki_files *files, bool verify,
                     struct pki_error *err);

/* The certificates of a file, the first one being what the file is for.  NULL with err. */
STACK_OF(X509) *pki_read_certificates(const char *path, struct pki_error *err);
void pki_free_certificates(STACK_OF(X509) *list);

/* Checks of one file each; 0, or -1 with err. */
int pki_check_ca(const char *path, struct pki_error *err);
int pki_check_certificate(const char *path, enum pki_role role, struct pki_error *err);
int pki_check_key(const char *key, const char *cert, struct pki_error *err);
int pki_check_signed(const char *cert, const char *ca, enum pki_role role, struct pki_error *err);
int pki_check_crl(const char *path, const char *ca, struct pki_error *err);

/* Whose certificate it was, for pki_tls_reason(): OpenSSL forgets those that are refused. */
void pki_note_refused(X509_STORE_CTX *store);
/* "has expired", …: of a certificate that X509_verify_cert() has refused for this reason. */
const char *pki_verify_reason(int code);
/*
 * Why SSL_do_handshake(), SSL_read() or SSL_write() failed (SSL_ERROR_SSL), after what OpenSSL has
 * queued, which is cleared.
 */
void pki_tls_reason(const SSL *ssl, char *ret_text, size_t size);

#endif
