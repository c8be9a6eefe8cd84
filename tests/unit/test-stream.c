/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/server/stream.c: what a client sends for a stream reaches its owner
 * in order and only while it is open; an owner that has enough holds its
 * client, one whose client does not read waits for room; what is no stream's
 * is dropped; a client that goes takes its streams along.
 */

#include "server/stream.h"

#include <check.h>
#include <string.h>

#include "protocol/wire.h"
#include "server-harness.h"
#include "util/alloc.h"

enum { SERIAL = 17, PROC_OPEN = 40, PACKET = 64 * 1024 };

/* The owner of the streams of a test; notes what it is told. */
struct owner {
    struct stream *streams[CLIENT_STREAMS_USUAL + 1];
    unsigned int nstreams;
    bool hold_all;      /* holds its client at the first data */
    bool close_at_data; /* wants no more at the first data */
    bool fill;          /* sends while there is room */
    char log[256];      /* a letter an event: d and h with their length, F A B G W */
    uint64_t sent;
};

static struct harness h;
static struct owner owner;

static void note(const char *what, uint64_t len)
{
    size_t used = strlen(owner.log);

    if (len)
        (void)snprintf(owner.log + used, sizeof(owner.log) - used, "%s%llu ", what,
                       (unsigned long long)len);
    else
        (void)snprintf(owner.log + used, sizeof(owner.log) - used, "%s ", what);
}

static void take_data(void *opaque, _unused_ const void *data, size_t len)
{
    struct stream **stream = opaque;

    note("d", len);
    if (owner.hold_all)
        stream_hold(*stream, true);
    if (owner.close_at_data)
        stream_close(STEAL_PTR(*stream));
}

static void take_hole(_unused_ void *opaque, uint64_t len)
{
    note("h", len);
}

static void take_finish(void *opaque)
{
    struct stream **stream = opaque;

    note("F", 0);
    stream_send_empty(*stream, FRAME_OK);
    stream_close(STEAL_PTR(*stream));
}

static void take_abort(void *opaque)
{
    struct stream **stream = opaque;

    note("A", 0);
    stream_send_empty(*stream, FRAME_OK);
    stream_close(STEAL_PTR(*stream));
}

static void take_broken(void *opaque, const char *why)
{
    struct stream **stream = opaque;

    ck_assert_str_ne(why, "");
    note("B", 0);
    stream_close(STEAL_PTR(*stream));
}

static void take_gone(void *opaque)
{
    struct stream **stream = opaque;

    note("G", 0);
    stream_hold(*stream, true); /* all of this is harmless by now */
    ck_assert(!stream_has_room(*stream));
    stream_send(*stream, xmalloc(FRAME_MIN + 1), 1);
    stream_send_hole(*stream, 1);
    stream_close(STEAL_PTR(*stream));
}

static void send_more(struct stream *stream)
{
    while (stream_has_room(stream)) {
        char *block = xmalloc(FRAME_MIN + PACKET);

        memset(block + FRAME_MIN, 'x', PACKET);
        stream_send(stream, block, PACKET);
        owner.sent += PACKET;
    }
}

static void take_writable(void *opaque)
{
    struct stream **stream = opaque;

    note("W", 0);
    if (owner.fill)
        send_more(*stream);
}

static const struct stream_ops ops = {
    .data = take_data,
    .hole = take_hole,
    .finish = take_finish,
    .abort = take_abort,
    .broken = take_broken,
    .gone = take_gone,
    .writable = take_writable,
};

/* PROC_OPEN opens a stream, and answers with one byte whether it could; others are echoed. */
static void on_call(_unused_ void *opaque, struct client *client, const struct frame_header *header,
                    const void *payload, size_t len, _unused_ const int *fds,
                    _unused_ unsigned int nfds)
{
    struct frame_header reply = *header;
    char *packet = xmalloc(FRAME_MIN + len + 1);

    h.calls++;
    if (header->procedure == PROC_OPEN) {
        struct stream **place = &owner.streams[owner.nstreams++];

        *place = stream_open(client, header, &ops, place);
        packet[FRAME_MIN] = *place != NULL;
        len = 1;
    } else if (len > 0) {
        memcpy(packet + FRAME_MIN, payload, len);
    }
    reply.type = FRAME_REPLY;
    frame_encode_header(packet, &reply, len);
    client_send_reply(client, packet, FRAME_MIN + len);
}

static void on_gone(_unused_ void *opaque, _unused_ struct client *client)
{
    h.gone++;
}

static void setup(void)
{
    static const struct server_handler handler = { .call = on_call, .gone = on_gone };
    const struct server_limits limits = { .max_clients = 10, .max_client_requests = 5 };

    memset(&owner, 0, sizeof(owner));
    harness_start_with(&h, &limits, &handler, NULL);
}

static void teardown(void)
{
    harness_stop(&h);
}

/* --- the client's side --- */

static void send_open(int fd, uint32_t serial)
{
    peer_call(&h, fd, PROC_OPEN, serial, NULL, 0);
}

static int open_one(void)
{
    int fd = peer_connect(h.path);

    send_open(fd, SERIAL);
    peer_expect(&h, fd, SERIAL, "\1", 1);
    return fd;
}

static void send_as(int fd, enum frame_type type, enum frame_status status, uint32_t serial,
                    const void *payload, size_t len)
{
    const struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = PROC_OPEN, .serial = serial,
        .type = type, .status = status,
    };

    peer_packet(&h, fd, &header, payload, len);
}

static void send_data(int fd, const char *text)
{
    send_as(fd, FRAME_STREAM, FRAME_CONTINUE, SERIAL, text, strlen(text));
}

static void send_hole(int fd, int64_t length, unsigned int flags)
{
    const struct frame_header header = { .program = PROGRAM, .version = 1 };
    wire_stream_hole hole = { .length = length, .flags = flags };
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&header, (xdrproc_t)xdr_wire_stream_hole, &hole, &packet, &len),
                     0);
    send_as(fd, FRAME_STREAM_HOLE, FRAME_CONTINUE, SERIAL, (char *)packet + FRAME_MIN,
            len - FRAME_MIN);
}

/* A call behind what has been sent: once it is answered, all of that has been seen. */
static void expect_alive(int fd)
{
    peer_call(&h, fd, PROC_ECHO, 99, "x", 1);
    peer_expect(&h, fd, 99, "x", 1);
}

static void expect_stream_packet(int fd, enum frame_type type, enum frame_status status,
                                 size_t len)
{
    size_t got;
    struct frame_header header = peer_read(&h, fd, NULL, 0, &got);

    ck_assert_uint_eq(header.type, type);
    ck_assert_uint_eq(header.status, status);
    ck_assert_uint_eq(header.serial, SERIAL);
    ck_assert_int_eq(header.procedure, PROC_OPEN);
    ck_assert_uint_eq(header.program, PROGRAM);
    ck_assert_uint_eq(got, len);
}

/* --- what comes in --- */

START_TEST(test_finish)
{
    _cleanup_close_ int fd = open_one();

    send_data(fd, "hello");
    send_hole(fd, 1LL << 40, 0);
    send_data(fd, "x");
    send_as(fd, FRAME_STREAM, FRAME_CONTINUE, SERIAL, NULL, 0); /* the end of the data: no word */
    send_as(fd, FRAME_STREAM, FRAME_OK, SERIAL, NULL, 0);
    expect_stream_packet(fd, FRAME_STREAM, FRAME_OK, 0);
    ck_assert_str_eq(owner.log, "d5 h1099511627776 d1 F ");
}
END_TEST

START_TEST(test_abort)
{
    _cleanup_close_ int fd = open_one();

    send_data(fd, "hello");
    send_as(fd, FRAME_STREAM, FRAME_ERROR, SERIAL, NULL, 0);
    expect_stream_packet(fd, FRAME_STREAM, FRAME_OK, 0);
    ck_assert_str_eq(owner.log, "d5 A ");
}
END_TEST

/* A peer that goes on after the end, or before any beginning. */
START_TEST(test_data_of_no_stream)
{
    _cleanup_close_ int fd = open_one();

    send_as(fd, FRAME_STREAM, FRAME_OK, SERIAL, NULL, 0);
    expect_stream_packet(fd, FRAME_STREAM, FRAME_OK, 0);
    send_data(fd, "more");
    send_hole(fd, 5, 0);
    send_as(fd, FRAME_STREAM, FRAME_OK, SERIAL, NULL, 0);
    send_as(fd, FRAME_STREAM, FRAME_ERROR, SERIAL, NULL, 0);
    send_as(fd, FRAME_STREAM, FRAME_CONTINUE, SERIAL + 1, "other", 5);
    expect_alive(fd);
    ck_assert_str_eq(owner.log, "F ");
}
END_TEST

START_TEST(test_data_before_the_answer)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    send_open(fd, SERIAL);
    send_data(fd, "early");
    peer_expect(&h, fd, SERIAL, "\1", 1);
    harness_until(&h, owner.log[0]);
    ck_assert_str_eq(owner.log, "d5 ");
}
END_TEST

START_TEST(test_owner_closes)
{
    _cleanup_close_ int fd = open_one();

    owner.close_at_data = true;
    send_data(fd, "one");
    send_data(fd, "two");
    send_as(fd, FRAME_STREAM, FRAME_ERROR, SERIAL, NULL, 0);
    expect_alive(fd);
    ck_assert_str_eq(owner.log, "d3 ");
}
END_TEST

/* A hole of no bytes, of less, with a flag, with a status, cut short: it is said to be broken. */
START_TEST(test_holes_that_are_none)
{
    static const struct {
        int64_t length;
        unsigned int flags;
    } bad[] = { { 0, 0 }, { -1, 0 }, { INT64_MIN, 0 }, { 4096, 1 } };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_close_ int fd = open_one();

        owner.log[0] = '\0';
        send_data(fd, "in mid-data");
        send_hole(fd, bad[i].length, bad[i].flags);
        send_data(fd, "dropped");
        expect_alive(fd);
        ck_assert_str_eq(owner.log, "d11 B ");
    }
    owner.log[0] = '\0';
    {
        _cleanup_close_ int fd = open_one();

        send_as(fd, FRAME_STREAM_HOLE, FRAME_CONTINUE, SERIAL, "1234567", 7);
        expect_alive(fd);
        ck_assert_str_eq(owner.log, "B ");
    }
}
END_TEST

START_TEST(test_hold)
{
    _cleanup_close_ int fd = open_one();

    owner.hold_all = true;
    send_data(fd, "one");
    harness_until(&h, owner.log[0]);
    send_data(fd, "two");
    peer_call(&h, fd, PROC_ECHO, 5, "x", 1);
    peer_ping(&h, fd);
    peer_expect_pong(&h, fd); /* nothing else gets through */
    ck_assert_str_eq(owner.log, "d3 ");
    ck_assert_uint_eq(h.calls, 1);
    owner.hold_all = false;
    stream_hold(owner.streams[0], true); /* twice is once */
    stream_hold(owner.streams[0], false);
    peer_expect(&h, fd, 5, "x", 1);
    ck_assert_str_eq(owner.log, "d3 d3 ");
}
END_TEST

static bool all_wait(void)
{
    const struct client *client = h.server->clients;

    while (client && !client->reading)
        client = client->next;
    return !client;
}

/* Its pings lie behind its data: it has pongs all the same, if it is one that knows them. */
START_TEST(test_pongs_while_held)
{
    _cleanup_close_ int pinging = open_one(), other = open_one();
    static const char large[PACKET];
    struct client *last = h.server->clients;
    char byte;

    peer_ping(&h, pinging);
    peer_expect_pong(&h, pinging);
    owner.hold_all = true;
    for (int i = 0; i < 2; i++) {
        send_data(i ? other : pinging, "one");
        send_as(i ? other : pinging, FRAME_STREAM, FRAME_CONTINUE, SERIAL, large, sizeof(large));
    }
    harness_until(&h, all_wait());
    peer_expect_pong(&h, pinging);
    ck_assert_int_eq(recv(other, &byte, 1, MSG_DONTWAIT), -1);
    client_set_keepalive(last);
    peer_expect_pong(&h, other);
    peer_expect_pong(&h, pinging);
    ck_assert_str_eq(owner.log, "d3 d3 ");
}
END_TEST

START_TEST(test_closed_while_held)
{
    _cleanup_close_ int fd = open_one();

    owner.hold_all = true;
    send_data(fd, "one");
    harness_until(&h, owner.log[0]);
    stream_close(STEAL_PTR(owner.streams[0]));
    expect_alive(fd);
    stream_close(NULL);
}
END_TEST

/* --- what goes out --- */

START_TEST(test_sent)
{
    _cleanup_close_ int fd = open_one();
    char *block = xmalloc(FRAME_MIN + 3), got[3];
    size_t len;

    ck_assert(server_is_drained(h.server));
    memcpy(block + FRAME_MIN, "abc", 3);
    stream_send(owner.streams[0], block, 3);
    stream_send_hole(owner.streams[0], 4096);
    stream_send_empty(owner.streams[0], FRAME_CONTINUE);
    ck_assert_int_eq(peer_read(&h, fd, got, sizeof(got), &len).procedure, PROC_OPEN);
    ck_assert_mem_eq(got, "abc", 3);
    expect_stream_packet(fd, FRAME_STREAM_HOLE, FRAME_CONTINUE, 12);
    expect_stream_packet(fd, FRAME_STREAM, FRAME_CONTINUE, 0);
    ck_assert(!server_is_drained(h.server)); /* the client has still to finish */
    send_as(fd, FRAME_STREAM, FRAME_OK, SERIAL, NULL, 0);
    expect_stream_packet(fd, FRAME_STREAM, FRAME_OK, 0);
    ck_assert(server_is_drained(h.server));
}
END_TEST

/* A client that does not read is sent no more than its queue takes; later all comes, in order. */
START_TEST(test_room)
{
    _cleanup_close_ int fd = open_one();
    uint64_t got = 0;

    owner.fill = true;
    send_more(owner.streams[0]);
    for (int i = 0; i < 50; i++)
        harness_turn(&h);
    ck_assert_uint_lt(owner.sent, 8 * STREAM_OUTPUT_MAX);
    ck_assert_uint_lt(h.server->clients->output_bytes, STREAM_OUTPUT_MAX + 2 * PACKET);
    ck_assert(!server_is_drained(h.server));
    owner.log[0] = '\0';
    while (got < 8 * STREAM_OUTPUT_MAX) {
        size_t len;

        (void)peer_read(&h, fd, NULL, 0, &len);
        got += len;
        if (strlen(owner.log) > sizeof(owner.log) / 2)
            owner.log[0] = '\0';
    }
    ck_assert_uint_ge(owner.sent, got);
}
END_TEST

/* --- many, and the end --- */

START_TEST(test_many)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    for (uint32_t serial = 0; serial < CLIENT_STREAMS_USUAL; serial++) {
        send_open(fd, serial);
        peer_expect(&h, fd, serial, "\1", 1);
    }
    send_open(fd, CLIENT_STREAMS_USUAL);
    peer_expect(&h, fd, CLIENT_STREAMS_USUAL, "\0", 1);
    send_as(fd, FRAME_STREAM, FRAME_OK, 3, NULL, 0);
    ck_assert_uint_eq(peer_read(&h, fd, NULL, 0, NULL).serial, 3);
    ck_assert_str_eq(owner.log, "F ");
    owner.nstreams = 3; /* its place is free again */
    send_open(fd, 3);
    peer_expect(&h, fd, 3, "\1", 1);
    owner.log[0] = '\0';
}
END_TEST

/* The serial of an open stream is in use. */
START_TEST(test_serial_reuse)
{
    _cleanup_close_ int fd = open_one();

    send_open(fd, SERIAL);
    peer_expect_closed(&h, fd);
    ck_assert_str_eq(owner.log, "G ");
}
END_TEST

START_TEST(test_client_gone)
{
    int fd = open_one();

    send_open(fd, SERIAL + 1);
    peer_expect(&h, fd, SERIAL + 1, "\1", 1);
    owner.hold_all = true;
    send_data(fd, "one");
    harness_until(&h, owner.log[0]);
    (void)close(fd);
    stream_hold(owner.streams[0], false);
    harness_until(&h, h.gone == 1);
    ck_assert_str_eq(owner.log, "d3 G G ");
    ck_assert_ptr_null(owner.streams[0]);
    ck_assert_ptr_null(owner.streams[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_finish);
    tcase_add_test(tcase, test_abort);
    tcase_add_test(tcase, test_data_of_no_stream);
    tcase_add_test(tcase, test_data_before_the_answer);
    tcase_add_test(tcase, test_owner_closes);
    tcase_add_test(tcase, test_holes_that_are_none);
    tcase_add_test(tcase, test_hold);
    tcase_add_test(tcase, test_pongs_while_held);
    tcase_add_test(tcase, test_closed_while_held);
    tcase_add_test(tcase, test_sent);
    tcase_add_test(tcase, test_room);
    tcase_add_test(tcase, test_many);
    tcase_add_test(tcase, test_serial_reuse);
    tcase_add_test(tcase, test_client_gone);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
