/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/server/transport_tls.c with a peer that changes its keys without end: others have their
 * turn all the same, and nothing spins where the answers to it cannot be sent.  The peer is OpenSSL
 * over memory; what it has made goes through a pair of sockets in pieces of the test's choice.
 */

#include <check.h>
#include <errno.h>
#include <linux/sockios.h>
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
