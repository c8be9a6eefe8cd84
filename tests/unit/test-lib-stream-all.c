/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client-lib/stream-all.c: whole files and their holes; what goes wrong aborts the stream. */

#include <errno.h>

#include "stream-fixture.h"

/* A file of the test's: letters are data, dots holes of a byte; reads of '!', looks at '?' fail. */
struct file {
    const char *at;
    char got[64];
    size_t most; /* bytes taken or given at once */
};

static int read_some(virStreamPtr st, char *data, size_t nbytes, void *opaque)
{
    struct file *file = opaque;
    size_t len = strcspn(file->at, "!");

    ck_assert_ptr_eq(st, stream);
    if (*file->at == '!') {
        errno = EDOM;
        return -1;
    }
    if (len > nbytes)
        len = nbytes;
    if (len > file->most)
        len = file->most;
    memcpy(data, file->at, len);
    file->at += len;
    return (int)len;
}

static int look(virStreamPtr st _unused_, int *in_data, long long *length, void *opaque)
{
    const struct file *file = opaque;

    *in_data = *file->at != '.' && *file->at != '\0';
    *length = (long long)(*in_data ? strcspn(file->at, ".") : strspn(file->at, "."));
    if (*file->at != '?')
        return 0;
    errno = 0; /* it does not tell why */
    return -1;
}

static int skip(virStreamPtr st _unused_, long long length, void *opaque)
{
    struct file *file = opaque;

    file->at += length;
    return 0;
}

static int write_some(virStreamPtr st, const char *data, size_t nbytes, void *opaque)
{
    struct file *file = opaque;
    size_t len = nbytes < file->most ? nbytes : file->most;

    ck_assert_ptr_eq(st, stream);
    if (*data == '!') {
        errno = ENOSPC;
        return -1;
    }
    (void)strncat(file->got, data, len);
    return (int)len;
}

static int write_hole(virStreamPtr st _unused_, long long length, void *opaque)
{
    struct file *file = opaque;

    while (length-- > 0)
        (void)strcat(file->got, ".");
    return 0;
}

static void send_all_script(int fd)
{
    begin_upload(fd);
    expect_text(fd, "abc");
    expect_text(fd, "def");
    expect_text(fd, "g");
    answer_end(fd, FRAME_OK);
}

START_TEST(test_send_all)
{
    struct file file = { .at = "abcdefg", .most = 3 };

    open_upload(send_all_script, 0);
    ck_assert_int_eq(virStreamSendAll(stream, read_some, &file), 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

static void sparse_script(int fd)
{
    begin_upload(fd);
    expect_hole(fd, 2);
    expect_text(fd, "abc");
    expect_text(fd, "de");
    expect_hole(fd, 5);
    expect_text(fd, "f");
    expect_hole(fd, 1);
    answer_end(fd, FRAME_OK);
}

START_TEST(test_sparse_send_all)
{
    struct file file = { .at = "..abcde.....f.", .most = 3 };

    open_upload(sparse_script, 0);
    ck_assert_int_eq(virStreamSparseSendAll(stream, read_some, look, skip, &file), 0);
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

static void aborted_script(int fd)
{
    begin_upload(fd);
    expect_text(fd, "ab");
    answer_end(fd, FRAME_ERROR);
}

START_TEST(test_send_all_fails)
{
    struct file file = { .at = "ab!", .most = 3 };

    open_upload(aborted_script, 0);
    ck_assert_int_eq(virStreamSendAll(stream, read_some, &file), -1);
    expect_error(VIR_ERR_SYSTEM_ERROR, strerror(EDOM));
    ck_assert_int_eq(virStreamAbort(stream), -1); /* it is closed already */
    expect_error(VIR_ERR_INVALID_STREAM, "not open");
    close_all();
}
END_TEST

static void sparse_aborted_script(int fd)
{
    begin_upload(fd);
    expect_text(fd, "ab");
    expect_hole(fd, 1);
    answer_end(fd, FRAME_ERROR);
}

START_TEST(test_sparse_send_all_fails)
{
    struct file file = { .at = "ab.?", .most = 2 };

    open_upload(sparse_aborted_script, 0);
    ck_assert_int_eq(virStreamSparseSendAll(stream, read_some, look, skip, &file), -1);
    expect_error(VIR_ERR_SYSTEM_ERROR, strerror(EIO));
    close_all();
}
END_TEST

START_TEST(test_recv_all)
{
    struct file file = { .most = 2 };

    open_download(mixed_script, 0);
    ck_assert_int_eq(virStreamSparseRecvAll(stream, write_some, write_hole, &file), 0);
    ck_assert_str_eq(file.got, "hello....world");
    ck_assert_int_eq(virStreamFinish(stream), 0);
    close_all();
}
END_TEST

static void broken_off_script(int fd)
{
    begin_download(fd);
    send_text(fd, "ab");
    send_text(fd, "!");
    answer_end(fd, FRAME_ERROR);
}

START_TEST(test_recv_all_fails)
{
    struct file file = { .most = 2 };

    open_download(broken_off_script, 0);
    ck_assert_int_eq(virStreamRecvAll(stream, write_some, &file), -1);
    expect_error(VIR_ERR_SYSTEM_ERROR, strerror(ENOSPC));
    ck_assert_str_eq(file.got, "ab");
    close_all();
}
END_TEST

START_TEST(test_recv_all_of_an_error)
{
    struct file file = { .most = 99 };

    open_download(error_script, 0);
    ck_assert_int_eq(virStreamRecvAll(stream, write_some, &file), -1);
    expect_error(VIR_ERR_OPERATION_ABORTED, "job 7 was cancelled");
    close_all();
}
END_TEST

static void only_aborted_script(int fd)
{
    begin_download(fd);
    answer_end(fd, FRAME_ERROR);
}

START_TEST(test_all_refuse)
{
    open_download(only_aborted_script, VIR_STREAM_NONBLOCK);
    ck_assert_int_eq(virStreamRecvAll(stream, write_some, NULL), -1);
    expect_error(VIR_ERR_OPERATION_INVALID, "virStreamRecvAll is not for");
    ck_assert_int_eq(virStreamSendAll(stream, read_some, NULL), -1);
    expect_error(VIR_ERR_INVALID_STREAM, "not open"); /* by then */
    ck_assert_int_eq(virStreamSparseSendAll(stream, read_some, look, NULL, NULL), -1);
    expect_error(VIR_ERR_INVALID_ARG, "skipHandler");
    ck_assert_int_eq(virStreamSparseRecvAll(stream, write_some, NULL, NULL), -1);
    expect_error(VIR_ERR_INVALID_ARG, "holeHandler");
    ck_assert_int_eq(virStreamSendAll(NULL, read_some, NULL), -1);
    expect_error(VIR_ERR_INVALID_STREAM, "virStreamSendAll");
    close_all();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-stream-all");
    TCase *tcase = tcase_create("stream");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_send_all);
    tcase_add_test(tcase, test_sparse_send_all);
    tcase_add_test(tcase, test_send_all_fails);
    tcase_add_test(tcase, test_sparse_send_all_fails);
    tcase_add_test(tcase, test_recv_all);
    tcase_add_test(tcase, test_recv_all_fails);
    tcase_add_test(tcase, test_recv_all_of_an_error);
    tcase_add_test(tcase, test_all_refuse);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
