/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates for tests, made in memory in no time.  Included once in a test. */
#ifndef PKI_FIXTURE_H
#define PKI_FIXTURE_H

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

/* Whoever signs, or is signed for. */
struct party {
    EVP_PKEY *key;
    X509 *certificate;
};

static inline void name_certificate(X509 *certificate, const char *name, long serial)
{
    X509_NAME *subject = X509_get_subject_name(certificate);

    ck_assert_int_eq(X509_set_version(certificate, X509_VERSION_3), 1);
    ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial), 1);
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600));
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400));
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)name, -1, -1, 0), 1);
}

/* With its key, or a new one where that is NULL; signed by issuer, or by itself (NULL). */
static inline struct party make_party(const char *name, long serial, const struct party *issuer,
                                      bool is_ca, EVP_PKEY *key)
{
    struct party party = { .key = key ? key : EVP_EC_gen("P-256"), .certificate = X509_new() };
    const struct party *by = issuer ? issuer : &party;
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                             is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");

    if (key)
        ck_assert_int_eq(EVP_PKEY_up_ref(key), 1);
    ck_assert(party.key && ca);
    name_certificate(party.certificate, name, serial);
    ck_assert_int_eq(X509_set_issuer_name(party.certificate,
                                          X509_get_subject_name(by->certificate)), 1);
    ck_assert_int_eq(X509_set_pubkey(party.certificate, party.key), 1);
    ck_assert_int_eq(X509_add_ext(party.certificate, ca, -1), 1);
    X509_EXTENSION_free(ca);
    ck_assert_int_gt(X509_sign(party.certificate, by->key, EVP_sha256()), 0);
    return party;
}

static inline void free_party(struct party *party)
{
    EVP_PKEY_free(party->key);
    X509_free(party->certificate);
}

/* Its certificate and its key in one file. */
static inline void write_party(const char *path, const struct party *party)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509(file, party->certificate), 1);
    ck_assert_int_eq(PEM_write_PrivateKey(file, party->key, NULL, NULL, 0, NULL, NULL), 1);
    ck_assert_int_eq(fclose(file), 0);
}

#endif
