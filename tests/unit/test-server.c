/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections: packets cut, joined, malformed and hostile; calls in flight,
 * pings, slow readers, clients that leave.
 */

#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "server-harness.h"
#include "util/alloc.h"

static struct harness h;

static void setup(void)
{
    harness_start(&h, 100, 5);
}

static void teardown(void)
{
    harness_stop(&h);
}

/* The server still serves others. */
static void expect_alive(void)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_ECHO, 7, "fine", 4);
    peer_expect(&h, fd, 7, "fine", 4);
}

/* Sends raw bytes on a connection of its own and expects it to be closed, and nothing else. */
static void expect_refused(const void *data, size_t len)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    unsigned int calls = h.calls;

    peer_write(&h, fd, data, len);
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, calls);
    expect_alive();
}

static void expect_header_refused(const struct frame_header *header)
{
    char packet[FRAME_MIN];

    frame_encode_header(packet, header, 0);
    expect_refused(packet, sizeof(packet));
}

START_TEST(test_byte_by_byte)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    char packet[FRAME_MIN + 5];
    size_t len = packet_make(packet, PROC_ECHO, 0, "hello", 5);

    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(h.calls, 0);
        peer_write(&h, fd, packet + i, 1);
        harness_turn(&h);
    }
    peer_expect(&h, fd, 0, "hello", 5);
    ck_assert_uint_eq(h.last.program, PROGRAM);
    ck_assert_int_eq(h.last.procedure, PROC_ECHO);
    ck_assert_uint_eq(h.server->clients->input_len, 0);
    ck_assert_ptr_null(h.server->clients->input);
}
END_TEST

START_TEST(test_cut_at_every_place)
{
    char packets[2 * (FRAME_MIN + 3)];
    size_t one = packet_make(packets, PROC_ECHO, 1, "abc", 3);
    size_t len = one + packet_make(packets + one, PROC_ECHO, 2, "def", 3);
    _cleanup_close_ int fd = peer_connect(h.path);

    for (size_t cut = 1; cut < len; cut++) {
        peer_write(&h, fd, packets, cut);
        harness_turn(&h);
        peer_write(&h, fd, packets + cut, len - cut);
        peer_expect(&h, fd, 1, "abc", 3);
        peer_expect(&h, fd, 2, "def", 3);
    }
}
END_TEST

START_TEST(test_many_without_reading)
{
    enum { N = 10000 };
    _cleanup_close_ int fd = peer_connect(h.path);
    _cleanup_free_ char *all = xmalloc(N * (FRAME_MIN + sizeof(uint32_t)));
    size_t len = 0;

    for (uint32_t i = 0; i < N; i++)
        len += packet_make(all + len, PROC_ECHO, i, &i, sizeof(i));
    peer_write(&h, fd, all, len);
    harness_until(&h, h.calls == N);
    for (uint32_t i = 0; i < N; i++)
        peer_expect(&h, fd, i, &i, sizeof(i));
    ck_assert_uint_eq(h.server->clients->output_bytes, 0);
    ck_assert_ptr_null(h.server->clients->output_head);
}
END_TEST

START_TEST(test_large_packet)
{
    enum { SIZE = 5 * 1024 * 1024 };
    _cleanup_close_ int fd = peer_connect(h.path);
    _cleanup_free_ char *payload = xmalloc(SIZE);

    for (size_t i = 0; i < SIZE; i++)
        payload[i] = (char)(i * 7 + i / 251);
    peer_call(&h, fd, PROC_ECHO, 0, payload, SIZE);
    peer_call(&h, fd, PROC_ECHO, 1, "after", 5);
    peer_expect(&h, fd, 0, payload, SIZE);
    peer_expect(&h, fd, 1, "after", 5);
    ck_assert_ptr_null(h.server->clients->input);
}
END_TEST

START_TEST(test_claimed_length_takes_no_memory)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    _cleanup_free_ char *packet = xmalloc(FRAME_MAX);
    enum { ARRIVED = 100000 };

    memset(packet, 0, ARRIVED);
    packet_make(packet, PROC_ECHO, 0, NULL, 0);
    *(uint32_t *)(void *)packet = htonl(FRAME_MAX);
    peer_write(&h, fd, packet, ARRIVED);
    harness_until(&h, h.server->clients && h.server->clients->input_len == ARRIVED);
    ck_assert_uint_le(h.server->clients->input_size, 2 * ARRIVED);
    expect_alive();
}
END_TEST

START_TEST(test_half_header_holds_nobody_up)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    char packet[FRAME_MIN];

    packet_make(packet, PROC_ECHO, 3, NULL, 0);
    peer_write(&h, fd, packet, 13);
    expect_alive();
    peer_write(&h, fd, packet + 13, sizeof(packet) - 13);
    peer_expect(&h, fd, 3, NULL, 0);
}
END_TEST

START_TEST(test_bad_length)
{
    static const uint32_t lengths[] = { 0, 3, 4, 27, FRAME_MAX + 1, 0x7fffffff, 0xffffffff };

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        char packet[FRAME_MIN];

        packet_make(packet, PROC_ECHO, 0, NULL, 0);
        *(uint32_t *)(void *)packet = htonl(lengths[i]);
        expect_refused(packet, sizeof(packet));
        expect_refused(packet, FRAME_LENGTH_SIZE); /* without waiting for more */
    }
}
END_TEST

START_TEST(test_bad_header)
{
    static const struct frame_header headers[] = {
        { .program = PROGRAM, .version = 1, .type = FRAME_TYPE_MAX },
        { .program = PROGRAM, .version = 1, .type = 0xffffffff },
        { .program = PROGRAM, .version = 1, .status = FRAME_STATUS_MAX },
        { .program = PROGRAM, .version = 1, .status = FRAME_ERROR },
        { .program = PROGRAM, .version = 1, .status = FRAME_CONTINUE },
        { .program = PROGRAM, .version = 1, .type = FRAME_REPLY },
        { .program = PROGRAM, .version = 1, .type = FRAME_REPLY_WITH_FDS },
        { .program = PROGRAM, .version = 1, .type = FRAME_MESSAGE },
        { .program = PROGRAM, .version = 1, .type = FRAME_CALL_WITH_FDS }, /* no count */
    };

    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        expect_header_refused(&headers[i]);
}
END_TEST

START_TEST(test_what_came_before_garbage_is_answered)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    char data[2 * FRAME_MIN];
    size_t len = packet_make(data, PROC_ECHO, 1, NULL, 0);

    memset(data + len, 0xff, FRAME_MIN);
    peer_write(&h, fd, data, sizeof(data));
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, 1);
    ck_assert_uint_eq(h.gone, 1);
}
END_TEST

START_TEST(test_ping)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    struct frame_header odd = {
        .program = KEEPALIVE_PROGRAM_NUMBER, .version = 1, .procedure = 9, .type = FRAME_MESSAGE,
    };

    peer_ping(&h, fd);
    peer_expect_pong(&h, fd);
    peer_packet(&h, fd, &odd, NULL, 0); /* ignored */
    odd.procedure = KEEPALIVE_PROC_PONG;
    peer_packet(&h, fd, &odd, NULL, 0); /* ignored */
    peer_ping(&h, fd);
    peer_expect_pong(&h, fd);
    ck_assert_uint_eq(h.calls, 0);
}
END_TEST

START_TEST(test_streams_of_nobody_are_ignored)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    struct frame_header stream = {
        .program = PROGRAM, .version = 1, .procedure = 208, .type = FRAME_STREAM,
        .status = FRAME_CONTINUE,
    };

    peer_packet(&h, fd, &stream, "data", 4);
    stream.type = FRAME_STREAM_HOLE;
    peer_packet(&h, fd, &stream, "\0\0\0\0\0\0\0\1\0\0\0\0", 12);
    peer_call(&h, fd, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, fd, 0, NULL, 0);
    ck_assert_uint_eq(h.calls, 1);
}
END_TEST

START_TEST(test_serial_in_flight)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_ECHO, 5, NULL, 0);
    peer_call(&h, fd, PROC_ECHO, 5, NULL, 0); /* answered before: no harm */
    peer_expect(&h, fd, 5, NULL, 0);
    peer_expect(&h, fd, 5, NULL, 0);
    peer_call(&h, fd, PROC_HOLD, 6, NULL, 0);
    peer_call(&h, fd, PROC_ECHO, 6, NULL, 0);
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, 3);
}
END_TEST

START_TEST(test_replies_in_any_order)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_HOLD, 0, NULL, 0);
    peer_call(&h, fd, PROC_ECHO, 1, NULL, 0);
    peer_expect(&h, fd, 1, NULL, 0);
    harness_release(&h);
    peer_expect(&h, fd, 0, NULL, 0);
}
END_TEST

START_TEST(test_calls_past_the_limit_wait)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    for (uint32_t i = 0; i < 5; i++)
        peer_call(&h, fd, PROC_HOLD, i, NULL, 0);
    peer_call(&h, fd, PROC_ECHO, 5, "waits", 5);
    peer_ping(&h, fd);
    peer_call(&h, fd, PROC_ECHO, 6, "too", 3);
    peer_ping(&h, fd);
    /* pings are answered past calls that wait, and once each */
    peer_expect_pong(&h, fd);
    peer_expect_pong(&h, fd);
    ck_assert_uint_eq(h.calls, 5);
    expect_alive();
    harness_release(&h);
    for (uint32_t i = 0; i < 5; i++)
        peer_expect(&h, fd, i, NULL, 0);
    peer_expect(&h, fd, 5, "waits", 5);
    peer_expect(&h, fd, 6, "too", 3);
    peer_ping(&h, fd);
    peer_expect_pong(&h, fd);
}
END_TEST

START_TEST(test_waiting_calls_are_bounded)
{
    enum { N = 20000 };
    _cleanup_close_ int fd = peer_connect(h.path);
    _cleanup_free_ char *all = xmalloc(N * FRAME_MIN);
    size_t len = 0, sent = 0;

    for (uint32_t i = 0; i < N; i++)
        len += packet_make(all + len, i < 5 ? PROC_HOLD : PROC_ECHO, i, NULL, 0);
    /* as much as goes while the server takes it */
    for (int full = 0; full < 20;) {
        ssize_t n = send(fd, all + sent, len - sent, MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else
            full++;
        harness_turn(&h);
    }
    ck_assert_uint_eq(h.calls, 5);
    ck_assert_uint_lt(sent, len);
    ck_assert_uint_le(h.server->clients->input_size, 2 * INPUT_WAITING_MAX);
    harness_release(&h);
    peer_write(&h, fd, all + sent, len - sent);
    for (uint32_t i = 0; i < N; i++)
        peer_expect(&h, fd, i, NULL, 0);
}
END_TEST

START_TEST(test_slow_reader_is_not_served_on)
{
    enum { N = 100, SIZE = 1024 * 1024 };
    const uint32_t size = htonl(SIZE);
    _cleanup_close_ int fd = peer_connect(h.path);

    for (uint32_t i = 0; i < N; i++)
        peer_call(&h, fd, PROC_SIZE, i, &size, sizeof(size));
    for (int i = 0; i < 50; i++)
        harness_turn(&h);
    /* a few replies are made and wait, the other calls are not even started */
    ck_assert_uint_lt(h.calls, 10);
    ck_assert_uint_lt(h.server->clients->output_bytes, OUTPUT_HIGH + 2 * SIZE);
    expect_alive();
    for (uint32_t i = 0; i < N; i++)
        peer_expect(&h, fd, i, NULL, SIZE);
}
END_TEST

START_TEST(test_reader_that_never_reads_is_dropped)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    const uint32_t size = htonl(FRAME_PAYLOAD_MAX);
    struct client *client;

    peer_call(&h, fd, PROC_HOLD, 0, NULL, 0);
    harness_until(&h, h.held);
    client = client_ref(h.held->client);
    for (uint32_t i = 1; i < 4 && !client_is_gone(client); i++) {
        /* replies of calls that were started before it fell behind */
        struct frame_header header = { .type = FRAME_REPLY, .serial = i };
        char *packet = xcalloc(1, FRAME_MAX);

        frame_encode_header(packet, &header, ntohl(size));
        client_send_reply(client, packet, FRAME_MAX);
    }
    ck_assert(client_is_gone(client));
    ck_assert_uint_eq(h.gone, 1);
    client_unref(client);
    expect_alive();
}
END_TEST

START_TEST(test_client_leaves_with_calls_in_flight)
{
    int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_HOLD, 0, NULL, 0);
    peer_call(&h, fd, PROC_HOLD, 1, NULL, 0);
    harness_until(&h, h.calls == 2);
    (void)close(fd);
    harness_until(&h, h.gone == 1);
    ck_assert(client_is_gone(h.held->client));
    ck_assert(server_is_idle(h.server));
    harness_until(&h, h.idle == 1);
    harness_release(&h); /* into nowhere */
    expect_alive();
}
END_TEST

START_TEST(test_close_after_flush)
{
    enum { SIZE = 1024 * 1024 };
    const uint32_t size = htonl(SIZE);
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_SIZE, 0, &size, sizeof(size));
    peer_call(&h, fd, PROC_CLOSE, 1, NULL, 0);
    peer_call(&h, fd, PROC_ECHO, 2, NULL, 0);
    peer_expect(&h, fd, 0, NULL, SIZE);
    peer_expect(&h, fd, 1, NULL, 0);
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, 2);
    ck_assert_uint_eq(h.gone, 1);
}
END_TEST

START_TEST(test_max_clients)
{
    const struct server_limits two = { .max_clients = 2, .max_client_requests = 5 };
    const struct server_limits three = { .max_clients = 3, .max_client_requests = 5 };
    _cleanup_close_ int a = -1, b = -1, c = -1, d = -1;

    server_set_limits(h.server, &two);
    a = peer_connect(h.path);
    b = peer_connect(h.path);
    c = peer_connect(h.path);
    d = peer_connect(h.path);
    peer_call(&h, c, PROC_ECHO, 0, NULL, 0);
    peer_call(&h, d, PROC_ECHO, 0, NULL, 0);
    peer_call(&h, b, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, b, 0, NULL, 0);
    ck_assert_uint_eq(server_client_count(h.server), 2);
    ck_assert_uint_eq(h.calls, 1);
    server_set_limits(h.server, &three);
    peer_expect(&h, c, 0, NULL, 0);
    ck_assert_uint_eq(h.calls, 2);
    (void)close(steal_fd(&a));
    peer_expect(&h, d, 0, NULL, 0);
}
END_TEST

START_TEST(test_no_descriptors_left)
{
    struct rlimit limit, none;
    _cleanup_close_ int first = peer_connect(h.path), second = -1;

    /* what is asked of the second is only to be there: valgrind's accept() drops it */
    peer_call(&h, first, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, first, 0, NULL, 0);
    second = peer_connect(h.path);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    harness_until(&h, h.server->out_of_fds);
    ck_assert(!h.server->listeners->accepting); /* so that it cannot spin */
    peer_call(&h, first, PROC_ECHO, 1, NULL, 0);
    peer_expect(&h, first, 1, NULL, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    (void)close(steal_fd(&first)); /* one less: it looks again */
    expect_alive();
}
END_TEST

START_TEST(test_limit_is_raised_under_waiting_calls)
{
    const struct server_limits more = { .max_clients = 100, .max_client_requests = 10 };
    _cleanup_close_ int fd = peer_connect(h.path);

    for (uint32_t i = 0; i < 8; i++)
        peer_call(&h, fd, PROC_HOLD, i, NULL, 0);
    harness_until(&h, h.calls == 5);
    server_set_limits(h.server, &more);
    harness_until(&h, h.calls == 8);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_byte_by_byte,
        test_cut_at_every_place,
        test_many_without_reading,
        test_large_packet,
        test_claimed_length_takes_no_memory,
        test_half_header_holds_nobody_up,
        test_bad_length,
        test_bad_header,
        test_what_came_before_garbage_is_answered,
        test_ping,
        test_streams_of_nobody_are_ignored,
        test_serial_in_flight,
        test_replies_in_any_order,
        test_calls_past_the_limit_wait,
        test_waiting_calls_are_bounded,
        test_slow_reader_is_not_served_on,
        test_reader_that_never_reads_is_dropped,
        test_client_leaves_with_calls_in_flight,
        test_close_after_flush,
        test_max_clients,
        test_no_descriptors_left,
        test_limit_is_raised_under_waiting_calls,
    };
    TCase *tcase = tcase_create("connections");
    Suite *s = suite_create("server");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(s, tcase);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
