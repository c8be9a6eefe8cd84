/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last error of a thread, its copies, and the handler. */

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static int told;

static void count(void *data, virErrorPtr error)
{
    ck_assert_ptr_eq(data, &told);
    ck_assert_ptr_eq(error, virGetLastError());
    told++;
}

static void setup(void)
{
    told = 0;
    virSetErrorFunc(&told, count);
    virResetLastError();
}

/* Fails with VIR_ERR_INVALID_CONN. */
static void fail_once(void)
{
    ck_assert_int_eq(virConnectIsAlive(NULL), -1);
}

START_TEST(test_none)
{
    virErrorPtr saved = virSaveLastError();

    ck_assert_ptr_null(virGetLastError());
    ck_assert_str_eq(virGetLastErrorMessage(), "no error");
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_OK);
    ck_assert_int_eq(virGetLastErrorDomain(), VIR_FROM_NONE);
    ck_assert_int_eq(saved->code, VIR_ERR_OK);
    virFreeError(saved);
    virFreeError(NULL);
    virResetError(NULL);
    ck_assert_int_eq(virCopyLastError(NULL), -1);
}
END_TEST

START_TEST(test_set_and_reset)
{
    fail_once();
    ck_assert_int_eq(told, 1);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_CONN);
    ck_assert_str_eq(virGetLastErrorMessage(), "invalid connection pointer in virConnectIsAlive");
    ck_assert_int_eq(virGetLastError()->level, VIR_ERR_ERROR);
    virResetLastError();
    ck_assert_ptr_null(virGetLastError());
    fail_once();
    ck_assert_int_eq(virInitialize(), 0);
    /* a call that succeeds leaves no older error behind */
    ck_assert_int_eq(virGetVersion(&(unsigned long){ 0 }, NULL, NULL), 0);
    ck_assert_ptr_null(virGetLastError());
    ck_assert_int_eq(told, 2);
}
END_TEST

START_TEST(test_copies)
{
    virError copy = { .code = VIR_ERR_OK };
    virErrorPtr saved;

    fail_once();
    saved = virSaveLastError();
    ck_assert_int_eq(virCopyLastError(&copy), VIR_ERR_INVALID_CONN);
    virResetLastError();
    ck_assert_ptr_null(virGetLastError());
    ck_assert_str_eq(saved->message, copy.message);
    ck_assert_str_eq(saved->str2, copy.message);
    ck_assert_int_eq(virSetError(saved), 0);
    ck_assert_int_eq(told, 1); /* setting one is not raising one */
    ck_assert_str_eq(virGetLastErrorMessage(), copy.message);
    ck_assert_int_eq(virSetError(virGetLastError()), 0);
    ck_assert_str_eq(virGetLastErrorMessage(), copy.message);
    virResetError(&copy);
    ck_assert_ptr_null(copy.message);
    virFreeError(saved);
    ck_assert_int_eq(virSetError(NULL), 0);
    ck_assert_ptr_null(virGetLastError());
}
END_TEST

START_TEST(test_errno_kept)
{
    fail_once();
    errno = ENOTTY;
    virFreeError(virSaveLastError());
    ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

static void *other_thread(void *unused _unused_)
{
    ck_assert_ptr_null(virGetLastError());
    (void)virConnectGetURI(NULL);
    return virGetLastErrorCode() == VIR_ERR_INVALID_CONN ? &told : NULL;
}

START_TEST(test_threads)
{
    pthread_t thread;
    void *result;

    fail_once();
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, &told);
    ck_assert_str_eq(virGetLastErrorMessage(), "invalid connection pointer in virConnectIsAlive");
}
END_TEST

/* Without a handler errors go to stderr. */
START_TEST(test_default_handler)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    FILE *saved = stderr;
    FILE *memory = open_memstream(&text, &len);

    virSetErrorFunc(NULL, NULL);
    stderr = memory;
    fail_once();
    virDefaultErrorFunc(NULL);
    virDefaultErrorFunc(&(virError){ .code = VIR_ERR_OK });
    virDefaultErrorFunc(&(virError){ .code = 1, .level = VIR_ERR_WARNING });
    virDefaultErrorFunc(&(virError){ .code = 1, .level = (virErrorLevel)77 });
    stderr = saved;
    ck_assert_int_eq(fclose(memory), 0);
    ck_assert_str_eq(text, "libvirtjob: error: invalid connection pointer in virConnectIsAlive\n"
                           "libvirtjob: warning: unknown error\n"
                           "libvirtjob: error: unknown error\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-error");
    TCase *tcase = tcase_create("error");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_none);
    tcase_add_test(tcase, test_set_and_reset);
    tcase_add_test(tcase, test_copies);
    tcase_add_test(tcase, test_errno_kept);
    tcase_add_test(tcase, test_threads);
    tcase_add_test(tcase, test_default_handler);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
