/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client-lib/stream.c and channel-message.c: streams that do not block, and the descriptor that
 * tells when one of them may go on.
 */

#include <poll.h>
#include <pthread.h>

#include "stream-fixture.h"

enum { LARGE = 3 * 1024 * 1024 }; /* more than the sockets take */

static pthread_barrier_t step;

static void wait_step(void)
{
    (void)pthread_barrier_wait(&step);
}

static void wait_readable(void)
{
    struct pollfd polled = { .fd = virConnectGetEventFd(conn), .events = POLLIN };

    ck_assert_int_ge(polled.fd, 0);
    ck_assert_int_eq(poll(&polled, 1, 30000), 1);
    ck_assert_int_eq(virConnectDispatchEvents(conn), 0);
}

static bool is_readable(void)
{
    struct pollfd polled = { .fd = virConnectGetEventFd(conn), .events = POLLIN };

    return poll(&polled, 1, 0) == 1;
}

static void slow_script(int fd)
{
    begin_download(fd);
    wait_step();
    send_text(fd, "hello");
    send_hole(fd, 7);
    wait_step();
    send_packet(fd, FRAME_STREAM, FRAME_CONTINUE, NULL, 0);
    answer_end(fd, FRAME_OK);
}

START_TEST(test_nonblock_recv)
{
    long long length;
    char got[16];
    int n;

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_download(slow_script, VIR_STREAM_NONBLOCK);
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -2);
    ck_assert_int_eq(virStreamRecvHole(stream, &length, 0), -2);
    ck_assert(!is_readable());
    wait_step();
    wait_readable();
    while ((n = virStreamRecv(stream, got, 5)) == -2)
        wait_readable();
    ck_assert_int_eq(n, 5);
    while ((n = virStreamRecvFlags(stream, got, 5, VIR_STREAM_RECV_STOP_AT_HOLE)) == -2)
        wait_readable();
    ck_assert_int_eq(n, -3);
    ck_assert_int_eq(virStreamRecvHole(stream, &length, 0), 0);
    ck_assert_int_eq(length, 7);
    ck_assert_int_eq(virStreamRecv(stream, got, 5), -2);
    ck_assert(!is_readable());
    wait_step();
    while ((n = virStreamRecv(stream, got, 5)) == -2)
        wait_readable();
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

/* What another thread's call has read off the socket makes it readable all the same. */
static void beside_a_call_script(int fd)
{
    struct frame_header call;

    begin_download(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    send_text(fd, "hello");
    fake_reply(fd, &call, FAKE_XDR(remote_text_ret),
               &(remote_text_ret){ .value = (char *)(uintptr_t) "host" });
    answer_end(fd, FRAME_OK);
}

START_TEST(test_nonblock_beside_a_call)
{
    char got[16], *host;

    open_download(beside_a_call_script, VIR_STREAM_NONBLOCK);
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -2);
    host = virConnectGetHostname(conn);
    ck_assert_str_eq(host, "host");
    free(host);
    ck_assert(is_readable());
    ck_assert_int_eq(virConnectDispatchEvents(conn), 0); /* as another thread may */
    ck_assert(is_readable());
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), 5);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -2);
    ck_assert(!is_readable());
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

static size_t taken;

static void late_script(int fd)
{
    begin_upload(fd);
    wait_step();
    for (taken = 0; taken < LARGE;) {
        struct fake_call call = read_packet(fd);

        taken += call.len;
        fake_call_done(&call);
    }
    answer_end(fd, FRAME_OK);
}

START_TEST(test_nonblock_send)
{
    _cleanup_free_ char *data = calloc(1, LARGE);
    size_t sent = 0;
    int n;

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_upload(late_script, VIR_STREAM_NONBLOCK);
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
    while ((n = virStreamSend(stream, data, LARGE - sent)) > 0)
        sent += (size_t)n;
    ck_assert_int_eq(n, -2);
    ck_assert_uint_lt(sent, LARGE);
    ck_assert_int_eq(virStreamSendHole(stream, 1, 0), -2);
    ck_assert(!is_readable());
    wait_step();
    while (sent < LARGE) {
        n = virStreamSend(stream, data, LARGE - sent);
        ck_assert_int_ne(n, -1);
        if (n == -2)
            wait_readable();
        else
            sent += (size_t)n;
    }
    ck_assert_int_eq(virStreamFinish(stream), 0);
    ck_assert_uint_eq(taken, LARGE);
    close_all();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

/* What was taken goes out without another call on the stream. */
START_TEST(test_nonblock_send_goes_on)
{
    _cleanup_free_ char *data = calloc(1, LARGE);
    size_t sent = 0;
    int n;

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_upload(late_script, VIR_STREAM_NONBLOCK);
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
    wait_step();
    while (sent < LARGE) {
        n = virStreamSend(stream, data, LARGE - sent);
        ck_assert_int_ne(n, -1);
        if (n == -2)
            wait_readable();
        else
            sent += (size_t)n;
    }
    while (is_readable()) /* until the last byte is out */
        ck_assert_int_eq(virConnectDispatchEvents(conn), 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

/* --- several of one connection: what is there for one is not lost by looking at another --- */

static virStreamPtr second;

static void open_second(void)
{
    second = virStreamNew(conn, VIR_STREAM_NONBLOCK);
    ck_assert_ptr_nonnull(second);
    ck_assert_int_eq(virStorageVolDownload(vol, second, 0, 0, 0), 0);
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
}

static void close_second(void)
{
    ck_assert_int_eq(virStreamFree(second), 0); /* nobody answers that */
    close_all();
}

static struct frame_header begin_second(int fd)
{
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_DOWNLOAD), NULL, NULL);

    fake_reply(fd, &call, NULL, NULL);
    return call;
}

static void expect_abort_of(int fd, const struct frame_header *call)
{
    the_call = *call;
    expect_end(fd, FRAME_ERROR);
    fake_goodbye(fd);
}

static void two_downloads_script(int fd)
{
    struct frame_header second_call;

    begin_download(fd);
    second_call = begin_second(fd);
    wait_step();
    send_text(fd, "hello");
    send_packet(fd, FRAME_STREAM, FRAME_CONTINUE, NULL, 0);
    wait_step();
    expect_end(fd, FRAME_OK);
    send_packet(fd, FRAME_STREAM, FRAME_OK, NULL, 0);
    expect_abort_of(fd, &second_call);
}

START_TEST(test_nonblock_recv_of_another)
{
    char got[16];

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_download(two_downloads_script, VIR_STREAM_NONBLOCK);
    open_second();
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -2);
    ck_assert(!is_readable());
    wait_step();
    wait_step(); /* all is sent: the second one's look takes it off the socket */
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    ck_assert(is_readable());
    ck_assert_int_eq(virStreamRecv(stream, got, 2), 2);
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    ck_assert(is_readable()); /* the rest of that piece */
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), 3);
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    ck_assert(is_readable()); /* the end */
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), 0);
    ck_assert(!is_readable());
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_second();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

static void failing_beside_script(int fd)
{
    struct frame_header second_call;

    begin_download(fd);
    second_call = begin_second(fd);
    wait_step();
    send_error(fd, VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    wait_step();
    expect_abort_of(fd, &second_call);
}

START_TEST(test_nonblock_failure_of_another)
{
    char got[16];

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_download(failing_beside_script, VIR_STREAM_NONBLOCK);
    open_second();
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -2);
    wait_step();
    wait_step();
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    ck_assert(is_readable());
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -1);
    expect_error(VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    ck_assert(!is_readable()); /* it has been told, though it is still open */
    ck_assert_int_eq(virStreamFinish(stream), -1);
    close_second();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

static _Atomic bool all_taken;

static void upload_beside_script(int fd)
{
    struct frame_header upload_call, second_call;

    begin_upload(fd);
    upload_call = the_call;
    second_call = begin_second(fd);
    wait_step();
    the_call = second_call;
    send_text(fd, "hello");
    wait_step();
    wait_step();
    the_call = upload_call;
    for (size_t len = 0; len < taken;) {
        struct fake_call call = read_packet(fd);

        len += call.len;
        fake_call_done(&call);
    }
    all_taken = true;
    expect_text(fd, "more");
    expect_end(fd, FRAME_OK);
    send_packet(fd, FRAME_STREAM, FRAME_OK, NULL, 0);
    expect_abort_of(fd, &second_call);
}

START_TEST(test_nonblock_room_beside_another)
{
    _cleanup_free_ char *data = calloc(1, LARGE);
    char got[16];
    int n;

    ck_assert_int_eq(pthread_barrier_init(&step, NULL, 2), 0);
    open_upload(upload_beside_script, VIR_STREAM_NONBLOCK);
    open_second();
    taken = 0;
    while ((n = virStreamSend(stream, data, LARGE)) > 0)
        taken += (size_t)n;
    ck_assert_int_eq(n, -2);
    ck_assert(!is_readable());
    wait_step();
    wait_step();
    ck_assert_int_eq(virStreamSend(stream, data, LARGE), -2); /* its look takes the text in */
    ck_assert(is_readable());
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), 5);
    wait_step();
    while (!all_taken) {
        wait_readable();
        ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    }
    wait_readable(); /* there is room, whoever else has looked */
    ck_assert_int_eq(virStreamSend(stream, "more", 4), 4);
    ck_assert_int_eq(virStreamRecv(second, got, sizeof(got)), -2);
    ck_assert(!is_readable());
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_second();
    (void)pthread_barrier_destroy(&step);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-stream-nonblock");
    TCase *tcase = tcase_create("stream");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_nonblock_recv);
    tcase_add_test(tcase, test_nonblock_beside_a_call);
    tcase_add_test(tcase, test_nonblock_send);
    tcase_add_test(tcase, test_nonblock_send_goes_on);
    tcase_add_test(tcase, test_nonblock_recv_of_another);
    tcase_add_test(tcase, test_nonblock_failure_of_another);
    tcase_add_test(tcase, test_nonblock_room_beside_another);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
