/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of the library while more than one thread of a command has some. */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/cli.h"

enum { OFTEN = 20000 };

static void *fail_often(void *unused)
{
    for (int i = 0; i < OFTEN; i++)
        ck_assert_ptr_null(virStreamNew(NULL, 0));
    return unused;
}

/* What cli_fail() says now. */
static void check_told(const char *expected)
{
    char told[512];
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    size_t n;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    ck_assert_int_eq(cli_fail("lost it"), CLI_FAILED);
    ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
    close(old);
    rewind(file);
    n = fread(told, 1, sizeof(told) - 1, file);
    told[n] = '\0';
    fclose(file);
    ck_assert_str_eq(told, expected);
}

START_TEST(another_thread_leaves_ours_alone)
{
    pthread_t thread;

    cli_errors_keep();
    ck_assert_ptr_null(virDomainGetName(NULL));
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_often, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    check_told("error: lost it: invalid domain pointer in virDomainGetName\n");
    cli_disconnect(&(struct cli){ .conn = NULL });
}
END_TEST

START_TEST(two_may_fail_at_once)
{
    pthread_t thread;

    cli_errors_keep();
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_often, NULL), 0);
    (void)fail_often(NULL);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    cli_disconnect(&(struct cli){ .conn = NULL });
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-errors");
    TCase *tcase = tcase_create("cli-errors");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, another_thread_leaves_ours_alone);
    tcase_add_test(tcase, two_may_fail_at_once);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
