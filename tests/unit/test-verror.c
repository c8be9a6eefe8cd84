/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/verror.c: what clients are told. */

#include <check.h>
#include <errno.h>
#include <string.h>

#include "util/alloc.h"
#include "util/verror.h"

START_TEST(test_start_of_message)
{
    static const struct {
        int code;
        const char *expected;
    } cases[] = {
        { VIR_ERR_INTERNAL_ERROR, "internal error: x" },
        { VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver: x" },
        { VIR_ERR_NO_CONNECT, "no connection driver available for x" },
        { VIR_ERR_INVALID_ARG, "invalid argument: x" },
        { VIR_ERR_OPERATION_FAILED, "operation failed: x" },
        { VIR_ERR_XML_ERROR, "XML error: x" },
        { VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: x" },
        { VIR_ERR_OPERATION_DENIED, "operation forbidden: x" },
        { VIR_ERR_RPC, "x" },
        { VIR_ERR_SYSTEM_ERROR, "x" },
        { VIR_ERR_NO_DOMAIN, "Domain not found: x" },
        { VIR_ERR_NO_STORAGE_POOL, "Storage pool not found: x" },
        { VIR_ERR_NO_STORAGE_VOL, "Storage volume not found: x" },
        { VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: x" },
        { VIR_ERR_OPERATION_TIMEOUT, "Timed out during operation: x" },
        { VIR_ERR_OPERATION_ABORTED, "operation aborted: x" },
        { VIR_ERR_RESOURCE_BUSY, "resource busy: x" },
        { VIR_ERR_AUTH_FAILED, "authentication failed: x" },
        { VIR_ERR_ACCESS_DENIED, "access denied: x" },
        { VIR_ERR_ARGUMENT_UNSUPPORTED, "argument unsupported: x" },
        { VIR_ERR_OPERATION_UNSUPPORTED, "Operation not supported: x" },
        { VIR_ERR_STORAGE_VOL_EXIST, "x" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;

        ck_assert_int_eq(verror_set(&err, cases[i].code, "%s", "x"), -1);
        ck_assert_int_eq(err.code, cases[i].code);
        ck_assert_str_eq(err.message, cases[i].expected);
        ck_assert_str_eq(verror_text(&err), cases[i].expected);
    }
}
END_TEST

START_TEST(test_unsupported_flags_stands_bare)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_INVALID_ARG, "unsupported flags (0x%x) in function %s", 64u,
                     "virStorageVolDelete");
    ck_assert_str_eq(err.message, "unsupported flags (0x40) in function virStorageVolDelete");
}
END_TEST

START_TEST(test_first_error_wins)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_XML_ERROR, "first");
    ck_assert_int_eq(verror_set(&err, VIR_ERR_RPC, "second"), -1);
    ck_assert_int_eq(verror_errno(&err, EIO, "third"), -1);
    ck_assert_int_eq(err.code, VIR_ERR_XML_ERROR);
    ck_assert_int_eq(err.sys_errno, 0);
    ck_assert_str_eq(err.message, "XML error: first");
}
END_TEST

START_TEST(test_errno_text)
{
    _cleanup_verror_ struct verror err = VERROR_INIT, negative = VERROR_INIT;

    ck_assert_int_eq(verror_errno(&err, ENOENT, "cannot open '%s'", "/x"), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_str_eq(err.message, "cannot open '/x': No such file or directory");
    (void)verror_errno(&negative, -ENOSPC, "cannot write");
    ck_assert_int_eq(negative.sys_errno, ENOSPC);
    ck_assert_str_eq(negative.message, "cannot write: No space left on device");
}
END_TEST

START_TEST(test_move)
{
    _cleanup_verror_ struct verror src = VERROR_INIT, dst = VERROR_INIT, late = VERROR_INIT;

    (void)verror_set(&src, VIR_ERR_RPC, "one");
    src.output = xstrdup("stderr");
    verror_move(&dst, &src);
    ck_assert_int_eq(src.code, 0);
    ck_assert_ptr_null(src.message);
    ck_assert_str_eq(dst.message, "one");
    ck_assert_str_eq(dst.output, "stderr");
    (void)verror_set(&late, VIR_ERR_RPC, "two");
    verror_move(&dst, &late);
    ck_assert_int_eq(late.code, 0);
    ck_assert_str_eq(dst.message, "one");
}
END_TEST

START_TEST(test_copy)
{
    _cleanup_verror_ struct verror src = VERROR_INIT, dst = VERROR_INIT;

    (void)verror_errno(&src, EIO, "cannot read");
    src.step = "copying";
    src.output = xstrdup("stderr");
    verror_copy(&dst, &src);
    ck_assert_str_eq(dst.message, src.message);
    ck_assert_ptr_ne(dst.message, src.message);
    ck_assert_ptr_ne(dst.output, src.output);
    ck_assert_str_eq(dst.step, "copying");
    ck_assert_int_eq(dst.sys_errno, EIO);
}
END_TEST

START_TEST(test_clear_and_text)
{
    struct verror err = VERROR_INIT;

    ck_assert_str_eq(verror_text(&err), "no error");
    err.code = VIR_ERR_RPC;
    ck_assert_str_eq(verror_text(&err), "unknown error");
    verror_clear(&err);
    ck_assert_int_eq(err.code, 0);
    ck_assert_int_eq(verror_set(NULL, VIR_ERR_RPC, "to nobody"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verror");
    TCase *tcase = tcase_create("verror");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, test_start_of_message);
    tcase_add_test(tcase, test_unsupported_flags_stands_bare);
    tcase_add_test(tcase, test_first_error_wins);
    tcase_add_test(tcase, test_errno_text);
    tcase_add_test(tcase, test_move);
    tcase_add_test(tcase, test_copy);
    tcase_add_test(tcase, test_clear_and_text);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
