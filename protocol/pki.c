/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context of pki.h, and reasons in words; the checks of files are in pki-check.c.  Any
   thread. */

#include "protocol/pki.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "protocol/dname.h"
#include "protocol/macros.h"

DEFINE_CLEANUP(SSL_CTX *, SSL_CTX_free);

/* --- why --- */

const char *pki_verify_reason(int code)
{
    static const struct {
        int code;
        const char *text;
    } reasons[] = {
        { X509_V_ERR_CERT_HAS_EXPIRED, "has expired" },
        { X509_V_ERR_CERT_NOT_YET_VALID, "is not valid yet" },
        { X509_V_ERR_CERT_REVOKED, "has been revoked" },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "is not signed by our CA, but by itself" },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "is not signed by our CA" },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "is not signed by our CA" },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "is not signed by our CA" },
        { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "is not signed by our CA" },
        { X509_V_ERR_CERT_SIGNATURE_FAILURE, "is not signed by our CA, though it says so" },
        { X509_V_ERR_INVALID_PURPOSE, "is not made for this purpose" },
        { X509_V_ERR_HOSTNAME_MISMATCH, "is not for this host's name" },
        { X509_V_ERR_IP_ADDRESS_MISMATCH, "is not for this host's address" },
        { X509_V_ERR_CRL_HAS_EXPIRED, "cannot be checked: our list of revoked ones is too old" },
        { X509_V_ERR_UNABLE_TO_GET_CRL,
          "cannot be checked: our list of those that its CA has revoked does not fit that CA" },
        { X509_V_ERR_APPLICATION_VERIFICATION, "is not among those that are let in" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].code == code)
            return reasons[i].text;
    return X509_verify_cert_error_string(code);
}

/* The other side's alerts, and what a handshake usually fails of. */
static const char *known_reason(int reason)
{
    static const struct {
        int reason;
        const char *text;
    } reasons[] = {
        { SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "it has shown no certificate" },
        { SSL_R_UNSUPPORTED_PROTOCOL, "it offers no version of TLS from 1.2 on" },
        { SSL_R_WRONG_VERSION_NUMBER, "what it sends is not TLS (plain text?)" },
        { SSL_R_HTTP_REQUEST, "what it sends is not TLS (plain text?)" },
        { SSL_R_PACKET_LENGTH_TOO_LONG, "what it sends is not TLS (plain text?)" },
        { SSL_R_RECORD_LENGTH_MISMATCH, "what it sends is not TLS (plain text?)" },
        { SSL_R_UNEXPECTED_EOF_WHILE_READING, "it has closed the connection" },
        { SSL_R_NO_SHARED_CIPHER, "there is no cipher that both sides have" },
        { SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it refuses our certificate, whose CA it does not know" },
        { SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "it refuses our certificate, which has expired" },
        { SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
          "it refuses our certificate, which has been revoked" },
        { SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
          "it refuses our certificate, as a bad one (not valid yet, or not for this host?)" },
        { SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
          "it refuses our certificate, which is not made for this purpose" },
        { SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "it refuses our certificate" },
        { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "it wants a certificate, and we have none" },
        { SSL_R_TLSV1_ALERT_ACCESS_DENIED, "it does not let our certificate in" },
        { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
          "it refuses us (no certificate, or one whose name it does not let in?)" },
        { SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "it has no version of TLS from 1.2 on" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].reason == reason)
            return reasons[i].text;
    return NULL;
}

static int refused_index = -1; /* of refused_key() */

static void refused_free(void *parent _unused_, void *name, CRYPTO_EX_DATA *data _unused_,
                         int index _unused_, long number _unused_, void *opaque _unused_)
{
    free(name);
}

static void make_refused_index(void)
{
    refused_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, refused_free);
}

/* Where a connection keeps the name of the certificate that it has refused; -1 = nowhere. */
static int refused_key(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_refused_index);
    return refused_index;
}

void pki_note_refused(X509_STORE_CTX *store)
{
    int key = refused_key();
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const X509 *certificate = X509_STORE_CTX_get0_cert(store);
    char *dname;

    if (!ssl || !certificate || key < 0 || SSL_get_ex_data(ssl, key))
        return;
    dname = dname_text(X509_get_subject_name(certificate));
    if (SSL_set_ex_data(ssl, key, dname) != 1)
        free(dname);
}

static void certificate_reason(const SSL *ssl, char *ret_text, size_t size)
{
    int key = refused_key();
    const char *dname = key < 0 ? NULL : SSL_get_ex_data(ssl, key);

    (void)snprintf(ret_text, size, "its certificate%s%s%s %s", dname ? " (" : "",
                   dname ? dname : "", dname ? ")" : "",
                   pki_verify_reason((int)SSL_get_verify_result(ssl)));
}

void pki_tls_reason(const SSL *ssl, char *ret_text, size_t size)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *known = known_reason(reason), *other = ERR_reason_error_string(error);

    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        certificate_reason(ssl, ret_text, size);
    else
        (void)snprintf(ret_text, size, "%s", known ? known : other ? other : "unknown reason");
    ERR_clear_error();
}

/* --- the context --- */

static int fail_openssl(struct pki_error *err, const char *what, const char *path)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    err->errnum = 0;
    (void)snprintf(err->text, sizeof(err->text), "%s%s%s: %s", what, path ? " " : "",
                   path ? path : "", reason ? reason : "unknown reason");
    ERR_clear_error();
    return -1;
}

static SSL_CTX *new_context(enum pki_role role)
{
    SSL_CTX *context = SSL_CTX_new(role == PKI_SERVER ? TLS_server_method() : TLS_client_method());

    if (!context)
        return NULL;
    /* an end without "close notify" is a connection lost, which the packets' lengths tell, too */
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    /* a record that has nothing for the caller, a new key, ends a read: they may be without end */
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_num_tickets(context, 0) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/*
 * Is there one of the CA that has issued the certificate?  OpenSSL finds none, too, where what a
 * list says of itself does not fit: that it is of another certificate of the same CA, or a part.
 */
static bool has_list(X509_STORE_CTX *store)
{
    X509 *issuer = sk_X509_value(X509_STORE_CTX_get0_chain(store),
                                 X509_STORE_CTX_get_error_depth(store) + 1);
    STACK_OF(X509_CRL) *lists =
        issuer ? X509_STORE_CTX_get1_crls(store, X509_get_subject_name(issuer)) : NULL;
    bool found = false;

    (void)ERR_set_mark(); /* those of another CA of that name are no failure */
    for (int i = 0; i < sk_X509_CRL_num(lists) && !found; i++)
        found = X509_CRL_verify(sk_X509_CRL_value(lists, i), X509_get0_pubkey(issuer)) == 1;
    (void)ERR_pop_to_mark();
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return found;
}

/* As GnuTLS has it: a CA that has no list here has revoked nothing. */
static int no_list_is_fine(int ok, X509_STORE_CTX *store)
{
    if (ok)
        return ok;
    if (X509_STORE_CTX_get_error(store) != X509_V_ERR_UNABLE_TO_GET_CRL || has_list(store)) {
        pki_note_refused(store);
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static int load_trust(SSL_CTX *context, enum pki_role role, const struct pki_files *files,
                      struct pki_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
    STACK_OF(X509_NAME) *names;

    if (SSL_CTX_load_verify_file(context, files->ca) != 1)
        return fail_openssl(err, "cannot use CA certificate", files->ca);
    if (role == PKI_SERVER) {
        names = SSL_load_client_CA_file(files->ca);
        if (!names)
            return fail_openssl(err, "cannot use CA certificate", files->ca);
        SSL_CTX_set_client_CA_list(context, names);
    }
    if (files->crl) {
        if (X509_load_crl_file(X509_STORE_add_lookup(store, X509_LOOKUP_file()), files->crl,
                               X509_FILETYPE_PEM) < 1)
            return fail_openssl(err, "cannot use list of revoked certificates", files->crl);
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    }
    return X509_STORE_set_flags(store, flags) == 1 ? 0 : fail_openssl(err, "out of memory", NULL);
}

/* Without it OpenSSL asks on the terminal. */
static int no_password(char *buffer _unused_, int size _unused_, int writing _unused_,
                       void *opaque _unused_)
{
    return 0;
}

static int load_own(SSL_CTX *context, const struct pki_files *files, struct pki_error *err)
{
    SSL_CTX_set_default_passwd_cb(context, no_password);
    if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
        return fail_openssl(err, "cannot use certificate", files->cert);
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
        return fail_openssl(err, "cannot use key", files->key);
    return 0;
}

static int check_all(enum pki_role role, const struct pki_files *files, bool verify,
                     struct pki_error *err)
{
    if (files->ca && pki_check_ca(files->ca, err) < 0)
        return -1;
    if (files->cert && (pki_check_certificate(files->cert, role, err) < 0 ||
                        pki_check_key(files->key, files->cert, err) < 0))
        return -1;
    if (role == PKI_SERVER && files->ca && pki_check_signed(files->cert, files->ca, role, err) < 0)
        return -1;
    return verify && files->crl ? pki_check_crl(files->crl, files->ca, err) : 0;
}

SSL_CTX *pki_context(enum pki_role role, const struct pki_files *files, bool verify,
                     struct pki_error *err)
{
    _cleanup_(SSL_CTX_freep) SSL_CTX *context = NULL;

    *err = (struct pki_error){ .errnum = 0 };
    if (!files->unchecked && check_all(role, files, verify, err) < 0)
        return NULL;
    ERR_clear_error();
    context = new_context(role);
    if (!context) {
        (void)fail_openssl(err, "cannot set up TLS", NULL);
        return NULL;
    }
    if ((verify && load_trust(context, role, files, err) < 0) ||
        (files->cert && load_own(context, files, err) < 0))
        return NULL;
    if (verify)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           no_list_is_fine);
    return STEAL_PTR(context);
}
