/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What completion offers where no daemon is needed, and its silence where one is. */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "tools/host.h"

/* Its output for these words, of which the one at index is being typed. */
static int offered(const char *index, char **words, char *text, size_t size)
{
    char *argv[16] = { (char *)(void *)index };
    struct cli cli = { 0 };
    FILE *file = tmpfile();
    int argc = 1, old, code;
    size_t n;

    ck_assert_ptr_nonnull(file);
    for (; *words; words++)
        argv[argc++] = *words;
    fflush(stdout);
    old = dup(STDOUT_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    code = complete(&cli, argc, argv);
    fflush(stdout);
    ck_assert_int_ge(dup2(old, STDOUT_FILENO), 0);
    close(old);
    rewind(file);
    n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    fclose(file);
    cli_disconnect(&cli);
    return code;
}

static void check_offered(int code, const char *expected, const char *index, const char **words)
{
    char text[4096];

    ck_assert_int_eq(offered(index, (char **)(void *)words, text, sizeof(text)), code);
    ck_assert_str_eq(text, expected);
}

#define CHECK_OFFERED(code, expected, index, ...) \
    check_offered(code, expected, index, (const char *[]){ __VA_ARGS__, NULL })

START_TEST(commands_come_first)
{
    CHECK_OFFERED(0, "vol-wipe\n", "0", "vol-w");
    CHECK_OFFERED(0, "vol-wipe\n", "3", "-r", "-c", "test:///default", "vol-w");
    CHECK_OFFERED(0, "vol-wipe\n", "1", "--connect=test:///default", "vol-w");
    CHECK_OFFERED(0, "", "1", "-c", "vol-w");
    CHECK_OFFERED(0, "", "0", "nothing");
    CHECK_OFFERED(0, "", "0", "compl");
    CHECK_OFFERED(0, "--readonly\n--reconnect\n", "0", "--re");
}
END_TEST

START_TEST(options_that_are_left_are_offered)
{
    CHECK_OFFERED(0, "--pool\n--bytes\n", "1", "pool-info", "--");
    CHECK_OFFERED(0, "--bytes\n", "2", "pool-info", "p", "--");
    CHECK_OFFERED(0, "--pool\n", "2", "pool-info", "--bytes", "-");
    CHECK_OFFERED(0, "", "1", "no-such-command", "--");
}
END_TEST

START_TEST(values_follow_their_option)
{
    CHECK_OFFERED(0, "qcow2\n", "2", "vol-create-as", "--format", "q");
    CHECK_OFFERED(0, "--format=qcow2\n", "1", "vol-create-as", "--format=q");
    CHECK_OFFERED(0, "zero\n", "3", "vol-wipe", "a", "--algorithm", "z");
    CHECK_OFFERED(0, "vol-wipe\n", "1", "help", "vol-w");
    CHECK_OFFERED(10, "", "1", "pool-define", "");
    CHECK_OFFERED(10, "", "1", "pool-define");
    CHECK_OFFERED(10, "", "2", "save", "d", "");
    CHECK_OFFERED(0, "kdump-zlib\n", "4", "dump", "d", "/x", "--format", "kdump-z");
    CHECK_OFFERED(0, "--title\n", "3", "desc", "d", "--edit", "--t");
}
END_TEST

START_TEST(no_daemon_means_no_offer)
{
    CHECK_OFFERED(0, "", "3", "-c", "test+unix:///default?socket=/nonexistent/sock", "pool-info",
                  "");
    CHECK_OFFERED(0, "", "3", "-c", "test+unix:///default?socket=/nonexistent/sock", "dominfo",
                  "");
    CHECK_OFFERED(0, "", "3", "-c", "test+unix:///default?socket=/nonexistent/sock", "job-info",
                  "");
}
END_TEST

START_TEST(nonsense_is_refused)
{
    CHECK_OFFERED(2, "", "7", "pool-info");
    CHECK_OFFERED(2, "", "-3", "pool-info");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-complete");
    TCase *tcase = tcase_create("cli-complete");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, commands_come_first);
    tcase_add_test(tcase, options_that_are_left_are_offered);
    tcase_add_test(tcase, values_follow_their_option);
    tcase_add_test(tcase, no_daemon_means_no_offer);
    tcase_add_test(tcase, nonsense_is_refused);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
