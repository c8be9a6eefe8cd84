/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/server/transport_sasl.c and sasl_exchange.c: packets through a mechanism that encrypts, in
 * pieces, large ones, changed ones, and what is sent in plain before and after it begins.  The peer
 * is libsasl's client with DIGEST-MD5, which needs no more than a password; nobody should use it.
 */

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "capture.h"
#include "server-harness.h"
#include "server/sasl_exchange.h"
#include "util/alloc.h"

enum { LARGE = 1 << 20 };

/* libsasl's modules lose what they have of libcrypto's, which we do not use here. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}

static struct harness h;
static char conf_dir[] = "/tmp/test-transport_sasl.XXXXXX";
static sasl_conn_t *peer;
static int fd = -1;

/* --- the peer --- */

static int get_name(void *context, int id, const char **ret, unsigned int *ret_len)
{
    (void)context;
    *ret = id == SASL_CB_USER ? "" : "fred";
    if (ret_len)
        *ret_len = (unsigned int)strlen(*ret);
    return SASL_OK;
}

static int get_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **ret)
{
    static union {
        sasl_secret_t secret;
        char room[sizeof(sasl_secret_t) + 16];
    } kept;

    (void)conn;
    (void)context;
    (void)id;
    kept.secret.len = 6;
    memcpy(kept.secret.data, "secret", 7);
    *ret = &kept.secret;
    return SASL_OK;
}

static const sasl_callback_t callbacks[] = {
    { SASL_CB_AUTHNAME, (int (*)(void))(void (*)(void))get_name, NULL },
    { SASL_CB_USER, (int (*)(void))(void (*)(void))get_name, NULL },
    { SASL_CB_PASS, (int (*)(void))(void (*)(void))get_secret, NULL },
    { SASL_CB_LIST_END, NULL, NULL },
};

static void peer_new(void)
{
    const sasl_security_properties_t props = { .min_ssf = 56, .max_ssf = 256, .maxbufsize = 65536 };

    ck_assert_int_eq(sasl_client_new("libvirt", "localhost", NULL, NULL, callbacks,
                                     SASL_SUCCESS_DATA, &peer), SASL_OK);
    ck_assert_int_eq(sasl_setprop(peer, SASL_SEC_PROPS, &props), SASL_OK);
}

/* Encodes and sends. */
static void send_encoded(const char *data, size_t len)
{
    const unsigned int *max;
    const void *value;

    ck_assert_int_eq(sasl_getprop(peer, SASL_MAXOUTBUF, &value), SASL_OK);
    max = value;
    for (size_t at = 0; at < len;) {
        unsigned int n = len - at < *max ? (unsigned int)(len - at) : *max, out_len;
        const char *out;

        ck_assert_int_eq(sasl_encode(peer, data + at, n, &out, &out_len), SASL_OK);
        peer_write(&h, fd, out, out_len);
        at += n;
    }
}

/* Receives and decodes, in pieces of any size, until there are so many bytes. */
static void receive_encoded(char *data, size_t len)
{
    size_t have = 0;

    while (have < len) {
        char raw[1000];
        ssize_t n = recv(fd, raw, sizeof(raw), 0);
        const char *out;
        unsigned int out_len;

        if (n < 0) {
            ck_assert_int_eq(errno, EAGAIN);
            harness_turn(&h);
            continue;
        }
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(sasl_decode(peer, raw, (unsigned int)n, &out, &out_len), SASL_OK);
        ck_assert_uint_le(have + out_len, len);
        if (out_len > 0) /* else out is NULL */
            memcpy(data + have, out, out_len);
        have += out_len;
    }
}

/* --- an exchange without a wire --- */

/* The server's side, which has proved that the peer is fred. */
static struct sasl_exchange *authenticate(void)
{
    struct sasl_exchange *exchange = exchange_new(false);
    struct exchange_data in = { NULL, 0 }, out = { NULL, 0 };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *list = exchange_begin(exchange, &err);
    const char *data = NULL, *mechanism;
    unsigned int len = 0;
    int r;

    ck_assert_msg(list != NULL, "%s", verror_text(&err));
    ck_assert_str_eq(list, "DIGEST-MD5"); /* the other one in the file does not encrypt */
    ck_assert_int_ge(sasl_client_start(peer, list, NULL, &data, &len, &mechanism), SASL_OK);
    for (bool first = true;; first = false) {
        in = (struct exchange_data){ .data = data, .len = len };
        r = exchange_step(exchange, first ? mechanism : NULL, &in, &out, &err);
        ck_assert_msg(r >= 0, "%s", verror_text(&err));
        if (out.data)
            ck_assert_int_ge(sasl_client_step(peer, out.data, (unsigned int)out.len, NULL, &data,
                                              &len), SASL_OK);
        if (r == 1)
            break;
    }
    ck_assert(exchange_has_layer(exchange));
    ck_assert_uint_gt(exchange_encode_max(exchange), 0);
    return exchange;
}

static void setup(void)
{
    harness_start(&h, 10, 10);
    peer_new();
    fd = peer_connect(h.path);
    harness_until(&h, h.server->clients);
}

static void teardown(void)
{
    sasl_dispose(&peer);
    (void)close(fd);
    harness_stop(&h);
}

static void start_layer(void)
{
    client_start_layer(h.server->clients, authenticate());
}

static void expect_echo(const char *payload, size_t len, uint32_t serial)
{
    _cleanup_free_ char *packet = xmalloc(FRAME_MIN + len);
    _cleanup_free_ char *reply = xmalloc(FRAME_MIN + len);
    struct frame_header header;

    (void)packet_make(packet, PROC_ECHO, serial, payload, len);
    send_encoded(packet, FRAME_MIN + len);
    receive_encoded(reply, FRAME_MIN + len);
    ck_assert_int_eq(frame_decode_header(reply, FRAME_MIN + len, &header), 0);
    ck_assert_uint_eq(header.serial, serial);
    ck_assert_int_eq(memcmp(reply + FRAME_MIN, payload, len), 0);
}

START_TEST(test_user)
{
    struct sasl_exchange *exchange = authenticate();

    ck_assert_ptr_nonnull(strstr(exchange_user(exchange), "fred"));
    exchange_free(exchange);
}
END_TEST

START_TEST(test_packets)
{
    start_layer();
    ck_assert(client_is_secure(h.server->clients));
    for (uint32_t serial = 0; serial < 50; serial++)
        expect_echo("hello", 5, serial);
}
END_TEST

START_TEST(test_large_packets)
{
    _cleanup_free_ char *payload = xmalloc(LARGE);

    for (size_t i = 0; i < LARGE; i++)
        payload[i] = (char)(i * 7 / 3);
    start_layer();
    expect_echo(payload, LARGE, 1);
    expect_echo(payload, LARGE, 2);
}
END_TEST

/* Several packets in one of the layer's, and one of the layer's byte by byte. */
START_TEST(test_pieces)
{
    char packets[4 * (FRAME_MIN + 3)], reply[sizeof(packets)];
    const char *out;
    unsigned int len;
    size_t at = 0;

    start_layer();
    for (uint32_t serial = 0; serial < 4; serial++)
        at += packet_make(packets + at, PROC_ECHO, serial, "abc", 3);
    ck_assert_int_eq(sasl_encode(peer, packets, (unsigned int)at, &out, &len), SASL_OK);
    for (unsigned int i = 0; i < len; i++) {
        peer_write(&h, fd, out + i, 1);
        harness_turn(&h);
    }
    receive_encoded(reply, sizeof(reply));
    ck_assert_uint_eq(h.calls, 4);
}
END_TEST

/* What the socket does not take waits, and nothing of it is sent twice. */
START_TEST(test_reply_that_waits)
{
    const uint32_t size = 8 << 20, word = htonl(size);
    _cleanup_free_ char *reply = xmalloc(FRAME_MIN + size);
    char packet[FRAME_MIN + sizeof(word)];
    size_t wrong = 0;

    start_layer();
    (void)packet_make(packet, PROC_SIZE, 1, &word, sizeof(word));
    send_encoded(packet, sizeof(packet));
    harness_until(&h, h.server->clients->output_bytes > 0);
    receive_encoded(reply, FRAME_MIN + size);
    for (size_t i = 0; i < size; i++)
        wrong += reply[FRAME_MIN + i] != 'x';
    ck_assert_uint_eq(wrong, 0);
    expect_echo("and on", 6, 2);
}
END_TEST

/* The answer to the last step is sent in plain, also when it goes out later. */
START_TEST(test_what_was_queued_before)
{
    struct held_call *held;

    peer_call(&h, fd, PROC_HOLD, 5, NULL, 0);
    harness_until(&h, h.held);
    held = h.held;
    ck_assert_ptr_nonnull(held);
    harness_release(&h);
    ck_assert_uint_gt(h.server->clients->output_bytes, 0);
    start_layer();
    peer_expect(&h, fd, 5, NULL, 0);
    expect_echo("encoded", 7, 6);
}
END_TEST

START_TEST(test_bytes_behind_the_last_step)
{
    char packet[FRAME_MIN + 5];

    (void)packet_make(packet, PROC_ECHO, 1, "plain", 5);
    peer_write(&h, fd, packet, FRAME_MIN + 1); /* half a packet that waits for its rest */
    harness_until(&h, h.server->clients->input_len > 0);
    start_layer();
    ck_assert_uint_eq(h.server->nclients, 0);
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, 0);
}
END_TEST

static void expect_closed_and_told(void)
{
    bool told;

    capture_stderr();
    peer_expect_closed(&h, fd);
    told = strstr(captured(), "its SASL layer cannot decode what it sends");
    release_stderr();
    ck_assert(told);
}

START_TEST(test_plain_bytes_later)
{
    start_layer();
    /* its length is taken for that of a packet of the layer, which takes part of a second one */
    peer_call(&h, fd, PROC_ECHO, 1, "plain", 5);
    peer_call(&h, fd, PROC_ECHO, 2, "plain", 5);
    expect_closed_and_told();
    ck_assert_uint_eq(h.calls, 0);
}
END_TEST

START_TEST(test_changed_bytes)
{
    char packet[FRAME_MIN], changed[1024];
    const char *out;
    unsigned int len;

    start_layer();
    (void)packet_make(packet, PROC_ECHO, 1, NULL, 0);
    ck_assert_int_eq(sasl_encode(peer, packet, sizeof(packet), &out, &len), SASL_OK);
    ck_assert_uint_le(len, sizeof(changed));
    memcpy(changed, out, len);
    changed[len / 2] ^= 1;
    peer_write(&h, fd, changed, len);
    expect_closed_and_told();
    ck_assert_uint_eq(h.calls, 0);
}
END_TEST

START_TEST(test_a_secure_connection_needs_no_layer)
{
    struct sasl_exchange *exchange = exchange_new(true);
    struct verror err = VERROR_INIT;
    _cleanup_free_ char *list = exchange_begin(exchange, &err);

    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(strstr(list, "SCRAM-SHA-256"));
    ck_assert(!exchange_has_layer(exchange));
    exchange_free(exchange);
}
END_TEST

START_TEST(test_patterns)
{
    char joe[] = "joe", ops[] = "*@OPS.EXAMPLE", eve[] = "eve?";
    char *list[] = { joe, ops, eve, NULL }, *none[] = { NULL };

    ck_assert(exchange_user_is_allowed("anybody", NULL));
    ck_assert(!exchange_user_is_allowed("anybody", none));
    ck_assert(exchange_user_is_allowed("joe", list));
    ck_assert(exchange_user_is_allowed("fred/admin@OPS.EXAMPLE", list));
    ck_assert(exchange_user_is_allowed("eve1", list));
    ck_assert(!exchange_user_is_allowed("eve", list));
    ck_assert(!exchange_user_is_allowed("joe2", list));
    ck_assert(!exchange_user_is_allowed("JOE", list));
    ck_assert(!exchange_user_is_allowed("x@OPS.EXAMPLE.ORG", list));
}
END_TEST

/* --- the database of users --- */

static int run(const char *before, const char *after)
{
    _cleanup_free_ char *command = xasprintf("%s%s%s", before, conf_dir, after);
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 0, or 77 where there cannot be one. */
static int prepare(void)
{
    _cleanup_free_ char *path = NULL;
    FILE *file;

    if (!mkdtemp(conf_dir))
        return EXIT_FAILURE;
    path = xasprintf("%s/virtjobd.conf", conf_dir);
    file = fopen(path, "we");
    if (!file || fprintf(file, "mech_list: scram-sha-256 digest-md5\nsasldb_path: %s/db\n",
                         conf_dir) < 0 || fclose(file) != 0)
        return EXIT_FAILURE;
    return run("PATH=$PATH:/usr/sbin; echo secret | saslpasswd2 -p -c -f ", "/db fred") == 0 ? 0
                                                                                             : 77;
}

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_user,
        test_packets,
        test_large_packets,
        test_pieces,
        test_reply_that_waits,
        test_what_was_queued_before,
        test_bytes_behind_the_last_step,
        test_plain_bytes_later,
        test_changed_bytes,
        test_a_secure_connection_needs_no_layer,
        test_patterns,
    };
    TCase *tcase = tcase_create("layer");
    Suite *s = suite_create("transport_sasl");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(s, tcase);
    return s;
}

int main(void)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    SRunner *runner = srunner_create(suite());
    int failed = prepare();

    if (failed == 0 && (sasl_client_init(NULL) != SASL_OK ||
                        sasl_library_start(conf_dir, &err) < 0)) {
        fprintf(stderr, "%s\n", verror_text(&err));
        failed = EXIT_FAILURE;
    }
    if (failed == 0) {
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner) ? EXIT_FAILURE : EXIT_SUCCESS;
    } else if (failed == 77) {
        puts("SKIP: saslpasswd2 makes no database of users here");
    }
    srunner_free(runner);
    (void)run("rm -rf ", ""); /* a directory that stays is no failure */
    return failed;
}
