/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol/pki.c and pki-check.c: lists of revoked certificates of every sort.  Whatever a list
 * says of itself, a revoked certificate is not let in; and what would not be gone by is told
 * beforehand.
 */

#include "protocol/pki.h"

#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki-fixture.h"
#include "protocol/macros.h"
#include "scratch.h"

enum { GOOD_SERIAL = 10, REVOKED_SERIAL, STEP_SERIAL, DAY = 86400 };

static char dir[32];
static char ca_path[64], lists_path[64], own_path[64];
static struct party root, renewed, between, namesake, good, revoked, below;

/* --- lists --- */

static X509_CRL *make_list(const struct party *ca, long serial, long seconds)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *last = X509_gmtime_adj(NULL, -2 * DAY), *next = X509_gmtime_adj(NULL, seconds);
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    ck_assert(list && last && next && entry && ASN1_INTEGER_set(number, serial) == 1);
    ck_assert_int_eq(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
    ck_assert_int_eq(X509_CRL_set_issuer_name(list, X509_get_subject_name(ca->certificate)), 1);
    ck_assert_int_eq(X509_CRL_set1_lastUpdate(list, last), 1);
    ck_assert_int_eq(X509_CRL_set1_nextUpdate(list, next), 1);
    ck_assert_int_eq(X509_REVOKED_set_serialNumber(entry, number), 1);
    ck_assert_int_eq(X509_REVOKED_set_revocationDate(entry, last), 1);
    ck_assert_int_eq(X509_CRL_add0_revoked(list, entry), 1);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return list;
}

/* With an extension: NULL, none; its value may speak of the certificate of about. */
static X509_CRL *sign_list(X509_CRL *list, const struct party *ca, int nid, const char *value,
                           const struct party *about)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    if (value) {
        X509V3_set_ctx(&context, about ? about->certificate : NULL, NULL, NULL, list, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        ck_assert_ptr_nonnull(extension);
        ck_assert_int_eq(X509_CRL_add_ext(list, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    ck_assert_int_gt(X509_CRL_sign(list, ca->key, EVP_sha256()), 0);
    return list;
}

static X509_CRL *list_of(const struct party *ca)
{
    return sign_list(make_list(ca, REVOKED_SERIAL, DAY), ca, 0, NULL, NULL);
}

static X509_CRL *old_list_of(const struct party *ca)
{
    return sign_list(make_list(ca, GOOD_SERIAL, -DAY), ca, 0, NULL, NULL);
}

static X509_CRL *early_list_of(const struct party *ca)
{
    X509_CRL *list = make_list(ca, REVOKED_SERIAL, 2 * DAY);
    ASN1_TIME *tomorrow = X509_gmtime_adj(NULL, DAY);

    ck_assert_int_eq(X509_CRL_set1_lastUpdate(list, tomorrow), 1);
    ASN1_TIME_free(tomorrow);
    return sign_list(list, ca, 0, NULL, NULL);
}

/* That it is of the certificate of about. */
static X509_CRL *list_about(const struct party *ca, const struct party *about)
{
    return sign_list(make_list(ca, REVOKED_SERIAL, DAY), ca, NID_authority_key_identifier,
                     "issuer:always", about);
}

static X509_CRL *partial_list_of(const struct party *ca)
{
    return sign_list(make_list(ca, REVOKED_SERIAL, DAY), ca, NID_issuing_distribution_point,
                     "critical,onlysomereasons:keyCompromise", NULL);
}

static X509_CRL *delta_of(const struct party *ca)
{
    X509_CRL *list = make_list(ca, REVOKED_SERIAL, DAY);
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    ck_assert(ASN1_INTEGER_set(number, 1) == 1);
    ck_assert_int_eq(X509_CRL_add1_ext_i2d(list, NID_delta_crl, number, 1, 0), 1);
    ASN1_INTEGER_free(number);
    return sign_list(list, ca, 0, NULL, NULL);
}

/* The file of lists: these, which it frees. */
static void write_lists(X509_CRL *first, X509_CRL *second)
{
    X509_CRL *lists[] = { first, second };
    FILE *file = fopen(lists_path, "we");

    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        if (lists[i])
            ck_assert_int_eq(PEM_write_X509_CRL(file, lists[i]), 1);
        X509_CRL_free(lists[i]);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void append_lists(const char *text)
{
    FILE *file = fopen(lists_path, "ae");

    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* --- a server --- */

static SSL_CTX *context_of(struct pki_error *err)
{
    const struct pki_files files = {
        .ca = ca_path, .crl = lists_path, .cert = own_path, .key = own_path,
    };

    return pki_context(PKI_SERVER, &files, true, err);
}

static void expect_no_context(const struct party *ca, const char *what)
{
    struct pki_error err;

    write_party(ca_path, ca);
    ck_assert_ptr_null(context_of(&err));
    ck_assert_msg(strstr(err.text, what) != NULL, "%s, not: %s", err.text, what);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

static SSL *new_client(SSL_CTX *context, const struct party *client, const struct party *issuer)
{
    SSL *ssl = SSL_new(context);

    SSL_set_connect_state(ssl);
    ck_assert_int_eq(SSL_use_certificate(ssl, client->certificate), 1);
    ck_assert_int_eq(SSL_use_PrivateKey(ssl, client->key), 1);
    if (issuer)
        ck_assert_int_eq(SSL_add1_chain_cert(ssl, issuer->certificate), 1);
    return ssl;
}

/* Both in turns; true, or false with what the server says. */
static bool shake_hands(SSL *server, SSL *client, char *reason, size_t size)
{
    int r = 0;

    for (int turn = 0; turn < 10 && r != 1; turn++) {
        (void)SSL_do_handshake(client);
        ERR_clear_error();
        r = SSL_do_handshake(server);
        if (r != 1 && SSL_get_error(server, r) != SSL_ERROR_WANT_READ) {
            pki_tls_reason(server, reason, size);
            return false;
        }
    }
    ck_assert_int_eq(r, 1);
    return true;
}

/* Refused with these words, or let in where they are NULL.  issuer: what it shows beside its
   own. */
static void expect_client(const struct party *client, const struct party *issuer, const char *why)
{
    struct pki_error err;
    SSL_CTX *context = context_of(&err), *other = SSL_CTX_new(TLS_client_method());
    SSL *server = context ? SSL_new(context) : NULL, *ssl = new_client(other, client, issuer);
    BIO *left, *right;
    char reason[384] = "";
    bool is_in;

    ck_assert_msg(server != NULL, "%s", err.text);
    ck_assert_int_eq(BIO_new_bio_pair(&left, 0, &right, 0), 1);
    SSL_set_bio(server, left, left);
    SSL_set_bio(ssl, right, right);
    SSL_set_accept_state(server);
    is_in = shake_hands(server, ssl, reason, sizeof(reason));
    ck_assert_msg(is_in == !why, "is let in: %d %s", is_in, reason);
    ck_assert_msg(strstr(reason, why ? why : "") != NULL, "%s, not: %s", reason, why);
    SSL_free(server);
    SSL_free(ssl);
    SSL_CTX_free(context);
    SSL_CTX_free(other);
}

static void expect_lists_work(const struct party *ca)
{
    write_party(ca_path, ca);
    expect_client(&good, NULL, NULL);
    expect_client(&revoked, NULL, "has been revoked");
}

static void setup(void)
{
    (void)snprintf(dir, sizeof(dir), "%s", "/tmp/test-pki.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(ca_path, sizeof(ca_path), "%s/ca", dir);
    (void)snprintf(lists_path, sizeof(lists_path), "%s/lists", dir);
    (void)snprintf(own_path, sizeof(own_path), "%s/own", dir);
    root = make_party("root", 1, NULL, true, NULL);
    renewed = make_party("root", 2, NULL, true, root.key);
    between = make_party("between", STEP_SERIAL, &root, true, NULL);
    namesake = make_party("between", STEP_SERIAL + 1, &root, true, NULL);
    good = make_party("good", GOOD_SERIAL, &root, false, NULL);
    revoked = make_party("revoked", REVOKED_SERIAL, &root, false, NULL);
    below = make_party("below", GOOD_SERIAL, &between, false, NULL);
    write_party(own_path, &good);
}

static void teardown(void)
{
    struct party *all[] = { &root, &renewed, &between, &namesake, &good, &revoked, &below };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        free_party(all[i]);
    (void)unlink(ca_path);
    (void)unlink(lists_path);
    (void)unlink(own_path);
    ck_assert_int_eq(rmdir(dir), 0);
}

START_TEST(test_plain)
{
    write_lists(list_of(&root), NULL);
    expect_lists_work(&root);
    expect_lists_work(&renewed);
    expect_no_context(&namesake, "is not signed by the CA in");
    write_lists(old_list_of(&root), NULL);
    expect_no_context(&root, "lists is too old: its next one was due");
    write_lists(early_list_of(&root), NULL);
    expect_no_context(&root, "lists is not valid yet");
}
END_TEST

/* OpenSSL alone says of each that there is no list, as if nobody was revoked. */
START_TEST(test_those_that_do_not_fit)
{
    write_lists(list_about(&root, &root), NULL);
    expect_lists_work(&root);
    expect_no_context(&renewed, "lists is for another certificate of the CA");
    write_lists(partial_list_of(&root), NULL);
    expect_no_context(&root, "lists has only some of the CA's revoked certificates");
    write_lists(delta_of(&root), NULL);
    expect_no_context(&root, "lists has only what is new since another one");
}
END_TEST

START_TEST(test_all_of_a_file)
{
    write_lists(list_of(&root), old_list_of(&between));
    expect_no_context(&root, "list 2 in ");
    write_lists(list_of(&root), delta_of(&root));
    expect_no_context(&root, "list 2 in ");
    write_lists(list_of(&between), list_of(&root));
    expect_lists_work(&root);
    write_lists(list_of(&between), NULL);
    expect_no_context(&root, "is not signed by the CA in");
    write_lists(list_of(&root), NULL);
    append_lists("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    expect_no_context(&root, "list 2 in ");
}
END_TEST

/* New ones may be put behind the old ones. */
START_TEST(test_a_good_one_is_enough)
{
    write_lists(old_list_of(&root), list_of(&root));
    expect_lists_work(&root);
    write_lists(list_of(&root), old_list_of(&root));
    expect_lists_work(&root);
    write_lists(list_about(&root, &root), list_of(&root));
    expect_lists_work(&renewed);
}
END_TEST

/* Only a client brings the certificate of a CA that ours has signed. */
START_TEST(test_ca_in_between)
{
    write_party(ca_path, &root);
    write_lists(list_of(&root), NULL);
    expect_client(&below, &between, NULL);
    write_lists(list_of(&root), list_of(&between));
    expect_client(&below, &between, NULL);
    write_lists(list_of(&root), list_about(&namesake, &namesake)); /* has revoked nothing of ours */
    expect_client(&below, &between, NULL);
    write_lists(list_of(&root), list_about(&between, &root));
    expect_client(&below, &between, "does not fit that CA");
    write_lists(list_of(&root), partial_list_of(&between));
    expect_no_context(&root, "list 2 in ");
    write_lists(list_of(&root), sign_list(make_list(&between, GOOD_SERIAL, DAY), &between, 0, NULL,
                                          NULL));
    expect_client(&below, &between, "has been revoked");
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_plain,
        test_those_that_do_not_fit,
        test_all_of_a_file,
        test_a_good_one_is_enough,
        test_ca_in_between,
    };
    TCase *tcase = tcase_create("lists");
    Suite *s = suite_create("pki");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(s, tcase);
    return s;
}

int main(void)
{
    return scratch_run(suite());
}
