/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client-lib/stream.c: against a daemon that sends what the script says, also
 * what no daemon should.  Bytes and holes out and in, the end, abort, errors
 * in mid-stream.
 */

#include "stream-fixture.h"

/* --- bytes and holes in --- */

static void expect_received(const char *data, size_t len)
{
    char got[16];

    for (size_t pos = 0; pos < len;) {
        int n = virStreamRecv(stream, got, len - pos);

        ck_assert_int_gt(n, 0);
        ck_assert_mem_eq(got, data + pos, (size_t)n);
        pos += (size_t)n;
    }
}

START_TEST(test_recv)
{
    char byte;

    open_download(mixed_script, 0);
    expect_received("he", 2);
    expect_received("llo\0\0\0\0wor", 10); /* pieces are cut where the caller likes */
    expect_received("ld", 2);
    ck_assert_int_eq(virStreamRecv(stream, &byte, 1), 0);
    ck_assert_int_eq(virStreamRecv(stream, &byte, 1), 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    ck_assert_int_eq(virStreamFinish(stream), -1);
    expect_error(VIR_ERR_INVALID_STREAM, "is not open");
    close_all();
}
END_TEST

START_TEST(test_recv_stops_at_hole)
{
    long long length = -1;
    char got[16];

    open_download(mixed_script, 0);
    ck_assert_int_eq(virStreamRecvHole(stream, &length, 0), 0);
    ck_assert_int_eq(length, 0);
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 16, VIR_STREAM_RECV_STOP_AT_HOLE), 5);
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 16, VIR_STREAM_RECV_STOP_AT_HOLE), -3);
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 1, 0), 1); /* part of it, as zeros */
    ck_assert_int_eq(got[0], 0);
    ck_assert_int_eq(virStreamRecvHole(stream, &length, 0), 0);
    ck_assert_int_eq(length, 3);
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 16, VIR_STREAM_RECV_STOP_AT_HOLE), 5);
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 16, 2), -1);
    expect_error(VIR_ERR_INVALID_ARG, "unsupported flags (0x2)");
    ck_assert_int_eq(virStreamRecvFlags(stream, got, 16, VIR_STREAM_RECV_STOP_AT_HOLE), 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

/* --- errors, and ends that come early --- */

/* It fails at once, as libvirt's does, and stays so. */
START_TEST(test_error_packet)
{
    char got[16];
    int n;

    open_download(error_script, 0);
    n = virStreamRecv(stream, got, sizeof(got));
    if (n > 0)
        n = virStreamRecv(stream, got, sizeof(got));
    ck_assert_int_eq(n, -1);
    expect_error(VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    ck_assert_int_eq(virStreamSend(stream, "x", 1), -1);
    expect_error(VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    ck_assert_int_eq(virStreamFinish(stream), -1);
    expect_error(VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    close_all();
}
END_TEST

static void bad_hole_script(int fd)
{
    begin_download(fd);
    send_hole(fd, -5);
    fake_goodbye(fd);
}

START_TEST(test_bad_hole)
{
    char got[16];

    open_download(bad_hole_script, 0);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -1);
    ck_assert_int_ne(virGetLastErrorCode(), VIR_ERR_OK);
    ck_assert_int_eq(virStreamAbort(stream), -1);
    close_all();
}
END_TEST

static void refuse_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_LOOKUP_BY_KEY), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_vol_ret),
               &(remote_vol_ret){ .vol = { .pool = (char *)(uintptr_t) "p",
                                           .name = (char *)(uintptr_t) "v",
                                           .key = (char *)(uintptr_t) "k" } });
    call = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_DOWNLOAD), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "busy");
    the_call = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_DOWNLOAD), NULL, NULL);
    fake_reply(fd, &the_call, NULL, NULL);
    expect_end(fd, FRAME_ERROR); /* nobody waits for an answer to that */
    fake_goodbye(fd);
}

/* A stream whose call was refused is not open, and may be used for another. */
START_TEST(test_refused_and_freed)
{
    char byte;

    connect_to(refuse_script, 0);
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), -1);
    expect_error(VIR_ERR_OPERATION_INVALID, "busy");
    ck_assert_int_eq(virStreamRecv(stream, &byte, 1), -1);
    expect_error(VIR_ERR_INVALID_STREAM, "not open");
    ck_assert_int_eq(virStreamAbort(stream), -1);
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), 0);
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), -1);
    expect_error(VIR_ERR_INVALID_STREAM, "in use");
    ck_assert_int_eq(virStreamRef(stream), 0);
    ck_assert_int_eq(virStreamFree(stream), 0);
    close_all();
}
END_TEST

static void abort_script(int fd)
{
    begin_download(fd);
    send_text(fd, "never taken");
    send_packet(fd, FRAME_STREAM, FRAME_CONTINUE, NULL, 0);
    expect_end(fd, FRAME_ERROR);
    send_text(fd, "still on its way");
    send_packet(fd, FRAME_STREAM, FRAME_OK, NULL, 0);
    send_text(fd, "after the end");
    fake_goodbye(fd);
}

START_TEST(test_abort)
{
    open_download(abort_script, 0);
    ck_assert_int_eq(virStreamAbort(stream), 0);
    close_all();
}
END_TEST

static void lost_script(int fd)
{
    begin_download(fd);
    send_text(fd, "some");
}

START_TEST(test_daemon_gone)
{
    char got[16];

    open_download(lost_script, 0);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), 4);
    ck_assert_int_eq(virStreamRecv(stream, got, sizeof(got)), -1);
    expect_error(VIR_ERR_RPC, "lost the connection");
    ck_assert_int_eq(virStreamSend(stream, "x", 1), -1);
    ck_assert_int_eq(virStreamFinish(stream), -1);
    ck_assert_int_eq(virStreamFree(stream), 0);
    ck_assert_int_eq(virStorageVolFree(vol), 0);
    (void)virConnectClose(conn);
    fake_stop();
}
END_TEST

/* --- bytes and holes out --- */

static void taking_script(int fd)
{
    begin_upload(fd);
    expect_text(fd, "hello");
    expect_hole(fd, 1LL << 40);
    answer_end(fd, FRAME_OK);
}

START_TEST(test_send)
{
    open_upload(taking_script, 0);
    ck_assert_int_eq(virStreamSend(stream, "hello", 5), 5);
    ck_assert_int_eq(virStreamSend(stream, "hello", 0), 0);
    ck_assert_int_eq(virStreamSend(stream, NULL, 5), -1);
    expect_error(VIR_ERR_INVALID_ARG, "data");
    ck_assert_int_eq(virStreamSendHole(stream, 1LL << 40, 0), 0);
    ck_assert_int_eq(virStreamSendHole(stream, 0, 0), -1);
    expect_error(VIR_ERR_INVALID_ARG, "greater than zero");
    ck_assert_int_eq(virStreamSendHole(stream, 5, 1), -1);
    expect_error(VIR_ERR_INVALID_ARG, "unsupported flags");
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

START_TEST(test_new)
{
    connect_to(refuse_script, 0);
    ck_assert_ptr_null(virStreamNew(conn, 2));
    expect_error(VIR_ERR_INVALID_ARG, "unsupported flags (0x2) in virStreamNew");
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), -1);
    ck_assert_int_eq(virStorageVolDownload(vol, stream, 0, 0, 0), 0);
    close_all();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-stream");
    TCase *tcase = tcase_create("stream");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_recv);
    tcase_add_test(tcase, test_recv_stops_at_hole);
    tcase_add_test(tcase, test_error_packet);
    tcase_add_test(tcase, test_bad_hole);
    tcase_add_test(tcase, test_refused_and_freed);
    tcase_add_test(tcase, test_abort);
    tcase_add_test(tcase, test_daemon_gone);
    tcase_add_test(tcase, test_send);
    tcase_add_test(tcase, test_new);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
