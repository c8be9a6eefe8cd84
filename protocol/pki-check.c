/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a file of certificates, in a sentence that names it.  See pki.h. */

#include "protocol/pki.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/macros.h"

DEFINE_CLEANUP(BIO *, BIO_free_all);
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free);
DEFINE_CLEANUP(X509_STORE *, X509_STORE_free);
DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free);
DEFINE_CLEANUP(STACK_OF(X509) *, pki_free_certificates);

static int fail(struct pki_error *err, const char *fmt, ...) _printf_(2, 3);
static int fail(struct pki_error *err, const char *fmt, ...)
{
    va_list args;

    err->errnum = 0;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, args); /* a path that is that long is cut */
    va_end(args);
    ERR_clear_error();
    return -1;
}

static BIO *open_file(const char *path, struct pki_error *err)
{
    FILE *file = fopen(path, "re");
    BIO *bio = file ? BIO_new_fp(file, BIO_CLOSE) : NULL;
    int errnum = errno;

    if (bio)
        return bio;
    if (file)
        (void)fclose(file); /* nothing was written */
    (void)fail(err, "cannot read %s: %s", path, strerror(errnum));
    err->errnum = errnum;
    return NULL;
}

void pki_free_certificates(STACK_OF(X509) *list)
{
    sk_X509_pop_free(list, X509_free);
}

STACK_OF(X509) *pki_read_certificates(const char *path, struct pki_error *err)
{
    _cleanup_(BIO_free_allp) BIO *bio = open_file(path, err);
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *list = sk_X509_new_null();
    X509 *certificate;

    if (!bio || !list)
        return NULL;
    while ((certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)))
        if (sk_X509_push(list, certificate) == 0)
            X509_free(certificate); /* no memory; what is missing is found by the checks */
    if (sk_X509_num(list) == 0) {
        (void)fail(err, "%s has no certificate in PEM format", path);
        return NULL;
    }
    ERR_clear_error(); /* that there was no further one */
    return STEAL_PTR(list);
}

static int check_dates(const X509 *certificate, const char *path, struct pki_error *err)
{
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return fail(err, "the certificate in %s is not valid yet", path);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return fail(err, "the certificate in %s has expired", path);
    return 0;
}

int pki_check_ca(const char *path, struct pki_error *err)
{
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *list = pki_read_certificates(path, err);

    if (!list)
        return -1;
    for (int i = 0; i < sk_X509_num(list); i++) {
        X509 *certificate = sk_X509_value(list, i);

        if (X509_check_ca(certificate) == 0)
            return fail(err, "the certificate in %s is not one of a CA", path);
        if (check_dates(certificate, path, err) < 0)
            return -1;
    }
    return 0;
}

static const char *role_name(enum pki_role role)
{
    return role == PKI_SERVER ? "server" : "client";
}

static int purpose_of(enum pki_role role)
{
    return role == PKI_SERVER ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
}

int pki_check_certificate(const char *path, enum pki_role role, struct pki_error *err)
{
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *list = pki_read_certificates(path, err);

    if (!list || check_dates(sk_X509_value(list, 0), path, err) < 0)
        return -1;
    if (X509_check_purpose(sk_X509_value(list, 0), purpose_of(role), 0) != 1)
        return fail(err, "the certificate in %s is not made for a TLS %s", path, role_name(role));
    return 0;
}

/* Else OpenSSL asks for one on the terminal. */
static int no_password(char *buffer _unused_, int size _unused_, int writing _unused_,
                       void *opaque _unused_)
{
    return 0;
}

int pki_check_key(const char *key, const char *cert, struct pki_error *err)
{
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *list = pki_read_certificates(cert, err);
    _cleanup_(BIO_free_allp) BIO *bio = list ? open_file(key, err) : NULL;
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

    if (!bio)
        return -1;
    pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    if (!pkey)
        return fail(err, "%s has no key in PEM format, or one with a password", key);
    if (X509_check_private_key(sk_X509_value(list, 0), pkey) != 1)
        return fail(err, "the key in %s is not that of the certificate in %s", key, cert);
    return 0;
}

static int verify(X509_STORE *store, STACK_OF(X509) *chain, enum pki_role role, int *ret_code)
{
    _cleanup_(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();

    if (!context || X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain) != 1 ||
        X509_STORE_CTX_set_purpose(context, purpose_of(role)) != 1)
        return -1;
    if (X509_verify_cert(context) == 1)
        return 0;
    *ret_code = X509_STORE_CTX_get_error(context);
    return -1;
}

int pki_check_signed(const char *cert, const char *ca, enum pki_role role, struct pki_error *err)
{
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *list = pki_read_certificates(cert, err);
    _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
    int code = X509_V_ERR_OUT_OF_MEM;

    if (!list || !store)
        return -1;
    if (X509_STORE_load_file(store, ca) != 1)
        return fail(err, "%s has no certificate in PEM format", ca);
    (void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN); /* cannot fail with this flag */
    if (verify(store, list, role, &code) == 0)
        return 0;
    if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
        code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        return fail(err, "the certificate in %s is not signed by the CA in %s", cert, ca);
    return fail(err, "the certificate in %s %s (by the CA in %s)", cert, pki_verify_reason(code),
                ca);
}

/* --- lists of revoked certificates --- */

static void free_lists(STACK_OF(X509_CRL) *lists)
{
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

DEFINE_CLEANUP(STACK_OF(X509_CRL) *, free_lists);

/* All of a file, at least one.  NULL with err. */
static STACK_OF(X509_CRL) *read_lists(const char *path, struct pki_error *err)
{
    _cleanup_(BIO_free_allp) BIO *bio = open_file(path, err);
    _cleanup_(free_listsp) STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    X509_CRL *list;

    if (!bio || !lists)
        return NULL;
    while ((list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)))
        if (sk_X509_CRL_push(lists, list) == 0)
            X509_CRL_free(list); /* no memory; what follows says so, too */
    if (sk_X509_CRL_num(lists) == 0) {
        (void)fail(err, "%s has no list of revoked certificates in PEM format", path);
        return NULL;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        (void)fail(err, "list %d in %s cannot be read", sk_X509_CRL_num(lists) + 1, path);
        return NULL;
    }
    ERR_clear_error(); /* that there was no further one */
    return STEAL_PTR(lists);
}

static bool is_of(X509_CRL *list, X509 *ca)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(ca)) == 0 &&
           X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1;
}

static bool is_of_one(X509_CRL *list, STACK_OF(X509) *cas)
{
    for (int i = 0; i < sk_X509_num(cas); i++)
        if (is_of(list, sk_X509_value(cas, i)))
            return true;
    return false;
}

static bool is_delta(const X509_CRL *list)
{
    return X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0;
}

/* Does it leave out what other lists have? */
static bool is_partial(const X509_CRL *list)
{
    ISSUING_DIST_POINT *point =
        X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, NULL, NULL);
    bool is = point && (point->onlysomereasons || point->indirectCRL > 0);

    ISSUING_DIST_POINT_free(point);
    return is;
}

/* A CA whose certificate was renewed has several, and a list may say of which of them it is. */
static bool names_other(const X509_CRL *list, X509 *ca)
{
    AUTHORITY_KEYID *id = X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, NULL, NULL);
    bool does = id && X509_check_akid(ca, id) != X509_V_OK;

    AUTHORITY_KEYID_free(id);
    return does;
}

/* Why nobody is checked by it, or nobody is let in; NULL = nothing is wrong. */
static const char *what_is_wrong(X509_CRL *list, STACK_OF(X509) *cas)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);

    if (next && X509_cmp_current_time(next) < 0)
        return "is too old: its next one was due";
    if (X509_cmp_current_time(X509_CRL_get0_lastUpdate(list)) > 0)
        return "is not valid yet";
    if (is_delta(list))
        return "has only what is new since another one (a delta), which is not supported";
    if (is_partial(list))
        return "has only some of the CA's revoked certificates, which is not supported";
    for (int i = 0; i < sk_X509_num(cas); i++)
        if (is_of(list, sk_X509_value(cas, i)) && names_other(list, sk_X509_value(cas, i)))
            return "is for another certificate of the CA (its authority key identifier says so)";
    return NULL;
}

/* The others of an issuer do not matter where one is good; but what is new in a delta would. */
static bool has_better(X509_CRL *list, STACK_OF(X509_CRL) *lists, STACK_OF(X509) *cas)
{
    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        X509_CRL *other = sk_X509_CRL_value(lists, i);

        if (X509_NAME_cmp(X509_CRL_get_issuer(other), X509_CRL_get_issuer(list)) == 0 &&
            !what_is_wrong(other, cas))
            return !is_delta(list);
    }
    return false;
}

static int check_list(STACK_OF(X509_CRL) *lists, int at, STACK_OF(X509) *cas, const char *path,
                      struct pki_error *err)
{
    X509_CRL *list = sk_X509_CRL_value(lists, at);
    const char *wrong = what_is_wrong(list, cas);

    if (!wrong || has_better(list, lists, cas))
        return 0;
    return sk_X509_CRL_num(lists) == 1 ? fail(err, "the list in %s %s", path, wrong) :
                                         fail(err, "list %d in %s %s", at + 1, path, wrong);
}

/* Those of other CAs may be of such that sign for ours: their certificates come with a client's. */
int pki_check_crl(const char *path, const char *ca, struct pki_error *err)
{
    _cleanup_(pki_free_certificatesp) STACK_OF(X509) *cas = pki_read_certificates(ca, err);
    _cleanup_(free_listsp) STACK_OF(X509_CRL) *lists = cas ? read_lists(path, err) : NULL;
    bool has_own = false;

    if (!lists)
        return -1;
    for (int i = 0; i < sk_X509_CRL_num(lists); i++)
        has_own |= is_of_one(sk_X509_CRL_value(lists, i), cas);
    if (!has_own)
        return fail(err, "the list in %s is not signed by the CA in %s", path, ca);
    for (int i = 0; i < sk_X509_CRL_num(lists); i++)
        if (check_list(lists, i, cas, path, err) < 0)
            return -1;
    ERR_clear_error();
    return 0;
}
