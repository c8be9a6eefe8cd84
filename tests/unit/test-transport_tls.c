/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/server/transport_tls.c with a peer that changes its keys without end: others have their
 * turn all the same, and nothing spins where the answers to it cannot be sent.  The peer is OpenSSL
 * over memory; what it has made goes through a pair of sockets in pieces of the test's choice.
 */

#include <check.h>
#include <errno.h>
#include <linux/sockios.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "pki-fixture.h"
#include "server-harness.h"
#include "util/alloc.h"

enum { BUFFER_MAX = 17000 }; /* OpenSSL's has room for a record of the largest size */

static struct harness h;
static int fd = -1;
static SSL_CTX *context;
static SSL *peer;

/* --- the peer --- */

/* Sends what it has made. */
static void flush(void)
{
    char *data;
    long len = BIO_get_mem_data(SSL_get_wbio(peer), &data);

    peer_write(&h, fd, data, (size_t)len);
    ck_assert_int_eq(BIO_reset(SSL_get_wbio(peer)), 1);
}

/* Takes in what is there; false: nothing was. */
static bool fill(void)
{
    char data[16384];
    ssize_t n = recv(fd, data, sizeof(data), 0);

    if (n < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        return false;
    }
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(BIO_write(SSL_get_rbio(peer), data, (int)n), (int)n);
    return true;
}

static bool shake_hands(void)
{
    int r = SSL_do_handshake(peer);

    ck_assert(r == 1 || SSL_get_error(peer, r) == SSL_ERROR_WANT_READ);
    flush();
    (void)fill();
    return r == 1;
}

/* So many bytes. */
static void receive(char *data, size_t len)
{
    for (size_t have = 0; have < len;) {
        int n = SSL_read(peer, data + have, (int)(len - have));

        if (n > 0) {
            have += (size_t)n;
            continue;
        }
        ck_assert_int_eq(SSL_get_error(peer, n), SSL_ERROR_WANT_READ);
        harness_until(&h, fill());
    }
}

static void change_key(int answer)
{
    ck_assert_int_eq(SSL_key_update(peer, answer), 1);
    ck_assert_int_eq(SSL_do_handshake(peer), 1);
}

static void call(int procedure, uint32_t serial)
{
    char packet[FRAME_MIN];
    size_t len = packet_make(packet, procedure, serial, NULL, 0);

    ck_assert_int_eq(SSL_write(peer, packet, (int)len), (int)len);
}

/* Bytes that the server has not read. */
static int unread(void)
{
    int bytes = -1;

    ck_assert_int_eq(ioctl(h.server->clients->transport.fd, SIOCINQ, &bytes), 0);
    return bytes;
}

/* --- half a message, which OpenSSL itself does not send --- */

static unsigned char secret[32]; /* of what the peer sends */

static void keylog_cb(const SSL *ssl, const char *line)
{
    const char *last = strrchr(line, ' ');

    (void)ssl;
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) != 0)
        return;
    for (size_t i = 0; i < sizeof(secret); i++)
        ck_assert_int_eq(sscanf(last + 1 + 2 * i, "%2hhx", &secret[i]), 1);
}

static void derive(const char *label, unsigned char *out, size_t len)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof(secret)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (char[]){ "tls13 " }, 6),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (char *)(uintptr_t)label,
                                          strlen(label)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KDF_CTX *derivation = EVP_KDF_CTX_new(kdf);

    ck_assert_int_eq(EVP_KDF_derive(derivation, out, len, params), 1);
    EVP_KDF_CTX_free(derivation);
    EVP_KDF_free(kdf);
}

/* The peer's record of this number: data of a handshake, up to 64 bytes. */
static void send_record(unsigned char number, const void *data, int len)
{
    const unsigned char head[] = { 0x17, 3, 3, 0, (unsigned char)(len + 1 + 16) }, type = 0x16;
    unsigned char key[16], iv[12], record[sizeof(head) + 64 + 1 + 16], *at = record + sizeof(head);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int n;

    derive("key", key, sizeof(key));
    derive("iv", iv, sizeof(iv));
    iv[11] ^= number;
    memcpy(record, head, sizeof(head));
    ck_assert_int_eq(EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, key, iv), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(cipher, NULL, &n, head, sizeof(head)), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(cipher, at, &n, data, len), 1);
    ck_assert_int_eq(EVP_EncryptUpdate(cipher, at + len, &n, &type, 1), 1);
    ck_assert_int_eq(EVP_EncryptFinal_ex(cipher, at + len + 1, &n), 1);
    ck_assert_int_eq(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, at + len + 1), 1);
    EVP_CIPHER_CTX_free(cipher);
    peer_write(&h, fd, record, sizeof(head) + (size_t)len + 1 + 16);
}

/* --- */

static void setup(void)
{
    const struct server_limits limits = { .max_clients = 10, .handshake_seconds = 600 };
    _cleanup_free_ char *path = NULL;
    struct tls_settings *settings = XNEW(struct tls_settings);
    struct party own = make_party("localhost", 1, NULL, false, NULL);
    const struct listener listener = { .kind = SERVER_TLS };
    const struct sockaddr_storage from = { .ss_family = AF_INET };
    struct verror err = VERROR_INIT;
    char welcome;
    int fds[2];

    harness_start(&h, 10, 0);
    server_set_limits(h.server, &limits);
    path = xasprintf("%s/pem", h.dir);
    write_party(path, &own);
    free_party(&own);
    settings->cert = xstrdup(path);
    settings->key = xstrdup(path);
    server_set_tls(h.server, tls_context_new(settings, &err));
    ck_assert_msg(h.server->tls != NULL, "%s", verror_text(&err));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    fd = fds[1];
    client_new(h.server, fds[0], &listener, &from);

    context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"), 1);
    SSL_CTX_set_keylog_callback(context, keylog_cb);
    peer = SSL_new(context);
    SSL_set_bio(peer, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    ck_assert_int_eq(SSL_set_min_proto_version(peer, TLS1_3_VERSION), 1);
    SSL_set_connect_state(peer);
    harness_until(&h, shake_hands());
    receive(&welcome, 1);
    ck_assert_int_eq(welcome, 1);
}

static void teardown(void)
{
    SSL_free(peer);
    SSL_CTX_free(context);
    (void)close(steal_fd(&fd));
    harness_stop(&h);
}

static void expect_answer(uint32_t serial)
{
    char answer[FRAME_MIN];
    struct frame_header header;

    receive(answer, sizeof(answer));
    ck_assert_int_eq(frame_decode_header(answer, sizeof(answer), &header), 0);
    ck_assert_uint_eq(header.serial, serial);
}

/*
 * Keys in records of such a size that OpenSSL's buffer, filled, ends within the head of one: it
 * would read on, as with SSL_MODE_AUTO_RETRY it does whatever their size.
 */
START_TEST(test_one_read_a_turn)
{
    ck_assert_int_eq(SSL_set_block_padding(peer, 44), 1);
    for (int i = 0; i < 2000; i++)
        change_key(SSL_KEY_UPDATE_NOT_REQUESTED);
    flush();
    for (int before = unread(), now; before > 0; before = now) {
        harness_turn(&h);
        now = unread();
        ck_assert_int_le(before - now, BUFFER_MAX);
    }
    call(PROC_ECHO, 7);
    flush();
    expect_answer(7);
}
END_TEST

/* Nothing is looked at until the peer makes room; then all is, and nothing has been lost. */
START_TEST(test_answers_without_room)
{
    for (int i = 0; i < 3000; i++)
        change_key(SSL_KEY_UPDATE_REQUESTED);
    call(PROC_ECHO, 7);
    flush();
    harness_until(&h, !h.server->clients->reading);
    ck_assert_int_gt(unread(), 0);
    expect_answer(7);
    ck_assert(h.server->clients->reading);
}
END_TEST

/* A reply is tried to be sent meanwhile. */
START_TEST(test_reply_behind_answers)
{
    call(PROC_HOLD, 7);
    for (int i = 0; i < 3000; i++)
        change_key(SSL_KEY_UPDATE_REQUESTED);
    call(PROC_ECHO, 8);
    flush();
    harness_until(&h, !h.server->clients->reading);
    harness_release(&h);
    harness_until(&h, !h.server->clients->due);
    ck_assert_uint_gt(h.server->clients->output_bytes, 0);
    ck_assert(!h.server->clients->reading);
    expect_answer(7);
    expect_answer(8);
}
END_TEST

/* The reply finds room first; what had been read before goes on without a word of the socket. */
START_TEST(test_reply_makes_way)
{
    call(PROC_HOLD, 7);
    for (int i = 0; i < 500; i++)
        change_key(SSL_KEY_UPDATE_REQUESTED);
    call(PROC_ECHO, 8);
    flush();
    harness_until(&h, !h.server->clients->reading);
    ck_assert_int_eq(unread(), 0);
    harness_release(&h);
    while (fill())
        ; /* the loop is not turned */
    client_run_due(h.server->clients);
    expect_answer(7);
    expect_answer(8);
}
END_TEST

/* What cannot be sent before the rest of a message has come waits for that, not for room. */
START_TEST(test_half_a_message)
{
    static const unsigned char head[] = { 24, 0, 0, 1 }, rest[] = { 0 }; /* a new key */

    call(PROC_HOLD, 7);
    flush();
    harness_until(&h, h.held);
    send_record(1, head, sizeof(head));
    harness_until(&h, unread() == 0);
    harness_release(&h);
    for (int turn = 0; turn < 10; turn++)
        harness_turn(&h);
    ck_assert_uint_gt(h.server->clients->output_bytes, 0);
    ck_assert(!event_pending(&h.server->clients->write_event, EV_WRITE, NULL));
    send_record(2, rest, sizeof(rest));
    expect_answer(7);
}
END_TEST

static Suite *suite(void)
{
    TCase *tcase = tcase_create("keys");
    Suite *s = suite_create("transport_tls");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_one_read_a_turn);
    tcase_add_test(tcase, test_answers_without_room);
    tcase_add_test(tcase, test_reply_behind_answers);
    tcase_add_test(tcase, test_reply_makes_way);
    tcase_add_test(tcase, test_half_a_message);
    suite_add_tcase(s, tcase);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* as in the daemon: OpenSSL writes as if to a file */
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
