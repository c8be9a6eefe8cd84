/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors beside the packets, both ways: whole, missing, in excess, from who may not send
 * any, from who leaves in the middle.  Whatever comes, none is left behind and the stream is in
 * step.
 */

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "server-harness.h"
#include "util/alloc.h"
#include "util/closer.h"

enum { SURPLUS = 3 };

static struct harness h;
static int peer;           /* a connection that may send some */
static unsigned int before; /* descriptors that are open */

static unsigned int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned int n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

/* None is open but what was, and what the handler has got. */
static void expect_none_left(void)
{
    for (unsigned int i = 0; i < h.nfds; i++)
        close_later(h.fds[i]);
    h.nfds = 0;
    close_later_drain();
    ck_assert_uint_eq(open_descriptors(), before);
}

static void setup(void)
{
    harness_start(&h, 100, 5);
    h.give_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    peer = peer_connect(h.path);
    peer_call(&h, peer, PROC_ECHO, 99, NULL, 0);
    peer_expect(&h, peer, 99, NULL, 0);
    client_set_open(h.server->clients);
    before = open_descriptors();
}

static void teardown(void)
{
    if (peer >= 0)
        (void)close(peer);
    (void)close(h.give_fd);
    harness_stop(&h);
}

static void send_with(int sock, const void *bytes, size_t len, int fd, unsigned int copies)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(SURPLUS * sizeof(int))];
    } control = { .header = { .cmsg_len = CMSG_LEN(copies * sizeof(int)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS } };
    struct iovec iov = { (void *)(uintptr_t)bytes, len };
    const struct msghdr msg = { .msg_iov = &iov,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = CMSG_SPACE(copies * sizeof(int)) };

    ck_assert_uint_le(copies, SURPLUS);
    for (unsigned int i = 0; i < copies; i++)
        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(fd));
    ck_assert_int_eq(sendmsg(sock, &msg, 0), (ssize_t)len);
}

static void send_fd(int sock)
{
    send_with(sock, "", 1, h.give_fd, 1);
}

/* A call with so many announced, and a payload behind their number. */
static void announce(int sock, uint32_t serial, uint32_t count, const char *text)
{
    const struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = PROC_ECHO, .type = FRAME_CALL_WITH_FDS,
        .serial = serial,
    };
    char payload[64];

    count = htonl(count);
    memcpy(payload, &count, sizeof(count));
    memcpy(payload + sizeof(count), text, strlen(text));
    peer_packet(&h, sock, &header, payload, sizeof(count) + strlen(text));
}

/* The handler has got so many, and they are what was sent. */
static void expect_fds(unsigned int count)
{
    struct stat sent, got;

    ck_assert_int_eq(fstat(h.give_fd, &sent), 0);
    ck_assert_uint_eq(h.nfds, count);
    for (unsigned int i = 0; i < count; i++) {
        ck_assert_int_eq(fstat(h.fds[i], &got), 0);
        ck_assert_uint_eq(got.st_rdev, sent.st_rdev);
        ck_assert_int_eq(fcntl(h.fds[i], F_GETFD), FD_CLOEXEC);
    }
}

static void expect_in_step(int sock)
{
    peer_call(&h, sock, PROC_ECHO, 1000, "next", 4);
    peer_expect(&h, sock, 1000, "next", 4);
}

/* Its own end, of a packet that is never whole: kept, that would keep the connection for ever. */
START_TEST(test_own_connection)
{
    announce(peer, 0, 2, "text");
    send_with(peer, "", 1, peer, 1);
    harness_turn(&h);
    (void)close(steal_fd(&peer));
    harness_until(&h, h.gone == 1);
}
END_TEST

START_TEST(test_come)
{
    announce(peer, 0, 2, "text");
    send_fd(peer);
    harness_turn(&h);
    ck_assert_uint_eq(h.nfds, 0);
    send_fd(peer);
    peer_call(&h, peer, PROC_ECHO, 1, "next", 4);
    peer_expect(&h, peer, 0, "text", 4);
    peer_expect(&h, peer, 1, "next", 4);
    expect_fds(2);
    expect_none_left();
}
END_TEST

START_TEST(test_most)
{
    for (uint32_t serial = 0; serial < 2; serial++) {
        announce(peer, serial, FDS_MAX, "");
        for (int i = 0; i < FDS_MAX; i++)
            send_fd(peer);
    }
    peer_expect(&h, peer, 0, NULL, 0);
    peer_expect(&h, peer, 1, NULL, 0);
    expect_fds(2 * FDS_MAX);
    expect_none_left();
}
END_TEST

START_TEST(test_none_announced)
{
    announce(peer, 0, 0, "text");
    peer_expect(&h, peer, 0, "text", 4);
    ck_assert_uint_eq(h.nfds, 0);
    expect_in_step(peer);
}
END_TEST

START_TEST(test_missing)
{
    announce(peer, 0, 3, "text");
    send_fd(peer);
    peer_write(&h, peer, "", 1);
    send_fd(peer);
    peer_expect(&h, peer, 0, "text", 4);
    ck_assert_uint_eq(h.nfds, 3);
    ck_assert_int_ge(h.fds[0], 0);
    ck_assert_int_eq(h.fds[1], -1);
    ck_assert_int_ge(h.fds[2], 0);
    expect_in_step(peer);
    expect_none_left();
}
END_TEST

START_TEST(test_several_with_one_byte)
{
    announce(peer, 0, 1, "text");
    send_with(peer, "", 1, h.give_fd, SURPLUS);
    peer_expect(&h, peer, 0, "text", 4);
    expect_fds(1);
    expect_in_step(peer);
    expect_none_left();
}
END_TEST

/* With the bytes of a packet, more than are ever kept. */
START_TEST(test_not_asked_for)
{
    static const char payload[60] = "text";
    char packet[FRAME_MIN + sizeof(payload)];
    size_t len = packet_make(packet, PROC_ECHO, 0, payload, sizeof(payload));

    ck_assert_uint_gt(len, 2 * FDS_MAX);
    for (size_t i = 0; i < len; i++) {
        send_with(peer, packet + i, 1, h.give_fd, 1);
        harness_turn(&h);
        close_later_drain();
        ck_assert_uint_le(open_descriptors(), before + FDS_MAX);
    }
    peer_expect(&h, peer, 0, payload, sizeof(payload));
    ck_assert_uint_eq(h.nfds, 0);
    expect_in_step(peer);
    expect_none_left();
}
END_TEST

START_TEST(test_more_than_there_may_be)
{
    announce(peer, 0, FDS_MAX + 1, "");
    send_fd(peer);
    peer_expect_closed(&h, peer);
    ck_assert_uint_eq(h.gone, 1);
    ck_assert_uint_eq(h.calls, 1);
    before--; /* the server's end of the connection */
    expect_none_left();
}
END_TEST

START_TEST(test_leaves_in_the_middle)
{
    announce(peer, 0, FDS_MAX, "text");
    for (int i = 0; i < 5; i++)
        send_fd(peer);
    harness_until(&h, open_descriptors() == before + 5);
    (void)close(steal_fd(&peer));
    harness_until(&h, h.gone == 1);
    ck_assert_uint_eq(h.calls, 1);
    before -= 2;
    expect_none_left();
}
END_TEST

START_TEST(test_never_sends_the_rest)
{
    _cleanup_close_ int other = peer_connect(h.path);

    announce(peer, 0, 2, "text");
    send_fd(peer);
    expect_in_step(other);
    ck_assert_uint_eq(h.nfds, 0);
    ck_assert_uint_eq(h.gone, 0);
}
END_TEST

/* Who has not opened its connection, or may change nothing, need not send any. */
START_TEST(test_from_whom_none_are_taken)
{
    _cleanup_close_ int stranger = peer_connect(h.path);

    client_set_readonly(h.server->clients);
    before++;
    announce(peer, 0, 1, "text");
    send_fd(peer);
    peer_expect(&h, peer, 0, "text", 4);
    announce(stranger, 0, 1, "text");
    send_fd(stranger);
    peer_expect(&h, stranger, 0, "text", 4);
    ck_assert_uint_eq(h.nfds, 2);
    ck_assert_int_eq(h.fds[0], -1);
    ck_assert_int_eq(h.fds[1], -1);
    expect_in_step(peer);
    before++;
    expect_none_left();
}
END_TEST

/* The config says so of its identity, not its socket. */
START_TEST(test_from_a_read_only_identity)
{
    client_access(h.server->clients)->readonly = true;
    announce(peer, 0, 1, "text");
    send_fd(peer);
    peer_expect(&h, peer, 0, "text", 4);
    ck_assert_uint_eq(h.nfds, 1);
    ck_assert_int_eq(h.fds[0], -1);
    expect_none_left();
}
END_TEST

START_TEST(test_while_calls_wait)
{
    for (uint32_t serial = 0; serial < 5; serial++)
        peer_call(&h, peer, PROC_HOLD, serial, NULL, 0);
    for (uint32_t serial = 5; serial < 7; serial++) {
        announce(peer, serial, FDS_MAX, "text");
        for (int i = 0; i < FDS_MAX; i++)
            send_fd(peer);
    }
    harness_until(&h, open_descriptors() == before + FDS_MAX);
    for (int i = 0; i < 20; i++)
        harness_turn(&h);
    ck_assert_uint_eq(open_descriptors(), before + FDS_MAX); /* the others are left in the socket */
    ck_assert_uint_eq(h.nfds, 0);
    harness_release(&h);
    for (uint32_t serial = 0; serial < 5; serial++)
        peer_expect(&h, peer, serial, NULL, 0);
    peer_expect(&h, peer, 5, "text", 4);
    peer_expect(&h, peer, 6, "text", 4);
    expect_fds(2 * FDS_MAX);
    expect_none_left();
}
END_TEST

/* Several packets and what came with them, while nothing could be done about any. */
START_TEST(test_each_to_its_call)
{
    for (uint32_t serial = 0; serial < 5; serial++)
        peer_call(&h, peer, PROC_HOLD, serial, NULL, 0);
    announce(peer, 5, 1, "one");
    send_fd(peer);
    peer_call(&h, peer, PROC_ECHO, 6, "without", 7);
    announce(peer, 7, 2, "two");
    peer_write(&h, peer, "", 1);
    send_fd(peer);
    for (int i = 0; i < 20; i++)
        harness_turn(&h);
    harness_release(&h);
    for (uint32_t serial = 0; serial < 5; serial++)
        peer_expect(&h, peer, serial, NULL, 0);
    peer_expect(&h, peer, 5, "one", 3);
    peer_expect(&h, peer, 6, "without", 7);
    peer_expect(&h, peer, 7, "two", 3);
    ck_assert_uint_eq(h.nfds, 3);
    ck_assert_int_ge(h.fds[0], 0);
    ck_assert_int_eq(h.fds[1], -1);
    ck_assert_int_ge(h.fds[2], 0);
    expect_none_left();
}
END_TEST

/* --- the other way --- */

static int receive_fd(int sock)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte[2];
    struct iovec iov = { byte, sizeof(byte) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof(control) };
    int fd;

    for (int turns = 0; recvmsg(sock, &msg, 0) < 0; turns++) {
        ck_assert_int_eq(errno, EAGAIN);
        ck_assert_int_lt(turns, 20000);
        harness_turn(&h);
    }
    ck_assert_uint_eq(msg.msg_controllen, sizeof(control));
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

static void expect_given(uint32_t serial)
{
    uint32_t count = 0;
    size_t len;
    struct frame_header header = peer_read(&h, peer, &count, sizeof(count), &len);

    ck_assert_uint_eq(header.type, FRAME_REPLY_WITH_FDS);
    ck_assert_uint_eq(header.serial, serial);
    ck_assert_uint_eq(len, sizeof(count));
    ck_assert_uint_eq(ntohl(count), 1);
    h.fds[h.nfds++] = receive_fd(peer);
}

START_TEST(test_given)
{
    peer_call(&h, peer, PROC_ECHO, 0, "before", 6);
    peer_call(&h, peer, PROC_GIVE, 1, NULL, 0);
    peer_call(&h, peer, PROC_GIVE, 2, NULL, 0);
    peer_call(&h, peer, PROC_ECHO, 3, "behind", 6);
    peer_expect(&h, peer, 0, "before", 6);
    expect_given(1);
    expect_given(2);
    peer_expect(&h, peer, 3, "behind", 6);
    for (unsigned int i = 0; i < h.nfds; i++)
        ck_assert_int_eq(fcntl(h.fds[i], F_SETFD, FD_CLOEXEC), 0);
    expect_fds(2);
    expect_none_left();
}
END_TEST

START_TEST(test_given_behind_much)
{
    enum { SIZE = 1024 * 1024 };
    const uint32_t size = htonl(SIZE);

    peer_call(&h, peer, PROC_SIZE, 0, &size, sizeof(size));
    peer_call(&h, peer, PROC_GIVE, 1, NULL, 0);
    harness_until(&h, h.calls == 3);
    peer_expect(&h, peer, 0, NULL, SIZE);
    expect_given(1);
    expect_in_step(peer);
    expect_none_left();
}
END_TEST

START_TEST(test_given_to_who_leaves)
{
    enum { SIZE = 1024 * 1024 };
    const uint32_t size = htonl(SIZE);

    peer_call(&h, peer, PROC_SIZE, 0, &size, sizeof(size));
    peer_call(&h, peer, PROC_GIVE, 1, NULL, 0);
    harness_until(&h, h.calls == 3);
    ck_assert_uint_eq(open_descriptors(), before + 1);
    (void)close(steal_fd(&peer));
    harness_until(&h, h.gone == 1);
    before -= 2;
    expect_none_left();
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_own_connection,
        test_come,
        test_most,
        test_none_announced,
        test_missing,
        test_several_with_one_byte,
        test_not_asked_for,
        test_more_than_there_may_be,
        test_leaves_in_the_middle,
        test_never_sends_the_rest,
        test_from_whom_none_are_taken,
        test_from_a_read_only_identity,
        test_while_calls_wait,
        test_each_to_its_call,
        test_given,
        test_given_behind_much,
        test_given_to_who_leaves,
    };
    TCase *tcase = tcase_create("descriptors");
    Suite *s = suite_create("descriptors");

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
