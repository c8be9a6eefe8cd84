/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/log.c: the form of a line, levels, and what clients' bytes become. */

#include <check.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "capture.h"
#include "util/log.h"

static void setup(void)
{
    capture_stderr();
    log_setup(LOG_INFO_, 0);
}

static void assert_matches(const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, captured(), 0, NULL, 0) == 0, "'%s' does not match '%s'",
                  captured(), pattern);
    regfree(&regex);
}

START_TEST(test_line)
{
    log_info("started %d", 3);
    assert_matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info "
                   "[^ ]+: started 3\n$");
}
END_TEST

START_TEST(test_job_line)
{
    log_job(LOG_WARN_, 42, "volume 'a' of pool 'p'", "is %s", "slow");
    assert_matches("Z warning [^ ]+: job 42, volume 'a' of pool 'p': is slow\n$");
}
END_TEST

START_TEST(test_levels)
{
    log_debug("hidden");
    log_set_level(LOG_ERROR_);
    log_warn("hidden");
    ck_assert_str_eq(captured(), "");
    log_error("shown");
    log_set_level(LOG_DEBUG_);
    log_debug("too");
    assert_matches("^[^\n]* error [^\n]*: shown\n[^\n]* debug [^\n]*: too\n$");
}
END_TEST

START_TEST(test_control_characters)
{
    log_info("%s", "a\nb\x1b[31m\x7f\xc2\x9b" "c \xc3\xa9");
    ck_assert_ptr_nonnull(strstr(captured(), ": a\\x0ab\\x1b[31m\\x7f\\x9bc \xc3\xa9\n"));
}
END_TEST

START_TEST(test_control_characters_in_object)
{
    log_job(LOG_INFO_, 1, "volume 'a\nfake line'", "x");
    ck_assert_ptr_nonnull(strstr(captured(), "volume 'a\\x0afake line': x\n"));
}
END_TEST

START_TEST(test_long_text_is_cut)
{
    static char text[1 << 20];
    const char *line;

    memset(text, '\n', sizeof(text) - 1);
    log_info("%s", text);
    line = captured();
    ck_assert_uint_lt(strlen(line), 8192);
    ck_assert_str_eq(line + strlen(line) - 4, "...\n");
}
END_TEST

START_TEST(test_journal_stream)
{
    struct stat st;
    char stream[64];

    ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
    ck_assert(!log_stderr_is_journal());
    ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:2", 1), 0);
    ck_assert(!log_stderr_is_journal());
    ck_assert_int_eq(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
    ck_assert(!log_stderr_is_journal());
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
    ck_assert(log_stderr_is_journal());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, release_stderr);
    tcase_add_test(tcase, test_line);
    tcase_add_test(tcase, test_job_line);
    tcase_add_test(tcase, test_levels);
    tcase_add_test(tcase, test_control_characters);
    tcase_add_test(tcase, test_control_characters_in_object);
    tcase_add_test(tcase, test_long_text_is_cut);
    tcase_add_test(tcase, test_journal_stream);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
