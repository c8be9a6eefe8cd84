/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections to a daemon that asks for SASL: what the application is asked, what a file answers
 * for it, and what comes of wrong answers.
 *
 *     api-auth URI FILE          a daemon that knows fred, and a file of credentials for him
 *     api-auth URI --kerberos    one that asks for a ticket, and encrypts
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "api.h"

enum { THREADS = 4, CALLS = 20, LARGE = 300000 };

static const char *uri, *file;

/* What the callback is asked and what it says; the program may not answer at all. */
struct answers {
    const char *user, *password;
    bool silent;
    unsigned int calls, asked;
};

static int answer(virConnectCredentialPtr credentials, unsigned int count, void *opaque)
{
    struct answers *answers = opaque;

    answers->calls++;
    answers->asked = 0;
    for (unsigned int i = 0; i < count; i++) {
        const char *text =
            credentials[i].type == VIR_CRED_PASSPHRASE ? answers->password : answers->user;

        CHECK(credentials[i].type == VIR_CRED_PASSPHRASE ||
              credentials[i].type == VIR_CRED_AUTHNAME);
        CHECK(credentials[i].prompt && credentials[i].prompt[0]);
        answers->asked |= 1u << credentials[i].type;
        credentials[i].result = strdup(text);
        credentials[i].resultlen = (unsigned int)strlen(text);
    }
    return answers->silent ? -1 : 0;
}

static int both[] = { VIR_CRED_AUTHNAME, VIR_CRED_PASSPHRASE };

static virConnectPtr open_with(const char *name, struct answers *answers, unsigned int ntypes)
{
    virConnectAuth auth = {
        .credtype = both, .ncredtype = ntypes, .cb = answer, .cbdata = answers,
    };

    return virConnectOpenAuth(name, &auth, 0);
}

static virConnectPtr open_option(const char *option, struct answers *answers)
{
    char name[512];

    CHECK(snprintf(name, sizeof(name), "%s&%s", uri, option) < (int)sizeof(name));
    return open_with(name, answers, 2);
}

static void test_callback(void)
{
    struct answers fred = { .user = "fred", .password = "secret-fred" };

    conn = open_with(uri, &fred, 2);
    CHECK(conn);
    CHECK(fred.calls == 1);
    CHECK(fred.asked == (1u << VIR_CRED_AUTHNAME | 1u << VIR_CRED_PASSPHRASE));
    CHECK(virConnectIsSecure(conn) == 1);
    CHECK(virConnectIsEncrypted(conn) == 0); /* a unix socket needs no layer */
    CHECK(virConnectNumOfDomains(conn) == 0);
    CHECK(virConnectClose(conn) == 0);
}

static void test_wrong(void)
{
    struct answers wrong = { .user = "fred", .password = "secret-mary" };
    struct answers silent = { .user = "fred", .password = "secret-fred", .silent = true };

    IS_NULL(open_with(uri, &wrong, 2), VIR_ERR_AUTH_FAILED);
    IS_NULL(open_with(uri, &silent, 2), VIR_ERR_AUTH_FAILED);
    HAS(virGetLastErrorMessage(), "no credentials were given");
    /* a program that cannot tell a password */
    IS_NULL(open_with(uri, &wrong, 1), VIR_ERR_AUTH_FAILED);
    HAS(virGetLastErrorMessage(), "SCRAM-SHA-256");
    IS_NULL(virConnectOpen(uri), VIR_ERR_AUTH_FAILED);
    IS_NULL(virConnectOpenAuth(uri, NULL, 0), VIR_ERR_AUTH_FAILED);
}

static void test_uri(void)
{
    struct answers fred = { .user = "fred", .password = "secret-fred" };

    conn = open_option("auth=sasl.scram-sha-256", &fred);

    CHECK(conn && virConnectClose(conn) == 0);
    conn = open_option("auth=sasl", &fred);
    CHECK(conn && virConnectClose(conn) == 0);
    IS_NULL(open_option("auth=sasl.gssapi", &fred), VIR_ERR_AUTH_FAILED);
    HAS(virGetLastErrorMessage(), "gssapi");
    IS_NULL(open_option("auth=none", &fred), VIR_ERR_AUTH_FAILED);
    IS_NULL(open_option("auth=polkit", &fred), VIR_ERR_AUTH_FAILED);
    IS_NULL(open_option("auth=other", &fred), VIR_ERR_AUTH_FAILED);
}

/* What the file has is not asked for, and a program needs no callback then. */
static void test_file(void)
{
    struct answers other = { .user = "other", .password = "other" };
    char option[512];

    CHECK(snprintf(option, sizeof(option), "authfile=%s", file) < (int)sizeof(option));
    conn = open_option(option, &other);
    CHECK(conn && virConnectClose(conn) == 0);
    CHECK(other.calls == 0);
    CHECK(setenv("LIBVIRT_AUTH_FILE", file, 1) == 0);
    conn = virConnectOpen(uri);
    CHECK(conn && virConnectClose(conn) == 0);
    CHECK(setenv("LIBVIRT_AUTH_FILE", "/no/such/file", 1) == 0);
    IS_NULL(virConnectOpen(uri), VIR_ERR_SYSTEM_ERROR);
    HAS(virGetLastErrorMessage(), "/no/such/file");
    CHECK(unsetenv("LIBVIRT_AUTH_FILE") == 0);
}

static void *many_calls(void *opaque)
{
    _cleanup_free_ char *text = calloc(1, LARGE + 1);

    (void)opaque;
    CHECK(text);
    memset(text, 'x', LARGE);
    for (unsigned int i = 0; i < CALLS; i++) {
        CHECK(virConnectNumOfDomains(conn) == 0);
        /* more than a packet of the layer has, and the answer quotes it */
        IS_NULL(virStoragePoolLookupByName(conn, text), VIR_ERR_NO_STORAGE_POOL);
    }
    return NULL;
}

static void test_kerberos(void)
{
    pthread_t threads[THREADS];

    conn = virConnectOpen(uri);
    CHECK(conn);
    CHECK(virConnectIsSecure(conn) == 1);
    CHECK(virConnectIsEncrypted(conn) == 1);
    for (unsigned int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, many_calls, NULL) == 0);
    for (unsigned int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(virConnectClose(conn) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    uri = argv[1];
    file = argv[2];
    virSetErrorFunc(&(atomic_uint){ 0 }, api_quiet);
    if (strcmp(file, "--kerberos") == 0) {
        test_kerberos();
        return EXIT_SUCCESS;
    }
    test_callback();
    test_wrong();
    test_uri();
    test_file();
    return EXIT_SUCCESS;
}
