/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/options.c: the command line, the paths it implies, and the manual's copy of its usage. */

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "util/alloc.h"

#define ROOT ((uid_t)0)
#define NOBODY_ELSE ((uid_t)4000000000u)

static struct options options;
static struct verror err;

static void setup(void)
{
    ck_assert_int_eq(setenv("HOME", "/home/u", 1), 0);
    ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
    ck_assert_int_eq(unsetenv("XDG_STATE_HOME"), 0);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/run/user/7", 1), 0);
}

static void teardown(void)
{
    options_clear(&options);
    verror_clear(&err);
}

/* line: arguments, separated by one blank each. */
static int parse(const char *line, uid_t uid)
{
    _cleanup_free_ char *copy = xstrdup(line);
    char *argv[32] = { (char *)"virtjobd" };
    int argc = 1;

    for (char *rest = copy, *arg; (arg = strsep(&rest, " "));)
        if (*line)
            argv[argc++] = arg;
    return options_parse(&options, argc, argv, uid, &err);
}

static void parse_ok(const char *line, uid_t uid)
{
    ck_assert_msg(parse(line, uid) == 0, "%s", verror_text(&err));
}

static void parse_fails(const char *line, const char *message)
{
    ck_assert_int_eq(parse(line, NOBODY_ELSE), -1);
    ck_assert_str_eq(verror_text(&err), message);
    teardown();
}

START_TEST(test_system)
{
    parse_ok("", ROOT);
    ck_assert(!options.session);
    ck_assert_str_eq(options.config_path, SYSCONFDIR "/virtjobd/virtjobd.conf");
    ck_assert(!options.config_given);
    ck_assert_str_eq(options.state_dir, LOCALSTATEDIR "/lib/virtjobd");
    ck_assert_str_eq(options.runtime_dir, "/run/virtjobd");
    ck_assert_str_eq(options.log_dir, LOCALSTATEDIR "/log/virtjobd");
    ck_assert_str_eq(options.pid_file, "/run/virtjobd/virtjobd.pid");
    ck_assert_uint_eq(options.timeout, 0);
}
END_TEST

START_TEST(test_session)
{
    parse_ok("", NOBODY_ELSE);
    ck_assert(options.session);
    ck_assert_str_eq(options.config_path, "/home/u/.config/virtjobd/virtjobd.conf");
    ck_assert_str_eq(options.state_dir, "/home/u/.local/state/virtjobd");
    ck_assert_str_eq(options.runtime_dir, "/run/user/7/virtjobd");
    ck_assert_str_eq(options.log_dir, "/home/u/.local/state/virtjobd/log");
    ck_assert_str_eq(options.pid_file, "/run/user/7/virtjobd/virtjobd.pid");
}
END_TEST

START_TEST(test_xdg_variables)
{
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
    ck_assert_int_eq(setenv("XDG_STATE_HOME", "/s", 1), 0);
    parse_ok("--session", ROOT);
    ck_assert(options.session);
    ck_assert_str_eq(options.config_path, "/c/virtjobd/virtjobd.conf");
    ck_assert_str_eq(options.state_dir, "/s/virtjobd");
    teardown();
    /* the XDG rules: a relative path counts as not set */
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "c", 1), 0);
    ck_assert_int_eq(setenv("XDG_STATE_HOME", "", 1), 0);
    parse_ok("--session", ROOT);
    ck_assert_str_eq(options.config_path, "/home/u/.config/virtjobd/virtjobd.conf");
    ck_assert_str_eq(options.state_dir, "/home/u/.local/state/virtjobd");
}
END_TEST

START_TEST(test_no_runtime_dir)
{
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    ck_assert_int_eq(parse("", NOBODY_ELSE), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "/run/user/4000000000 is not ours"));
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "--runtime-dir"));
    teardown();
    parse_ok("--runtime-dir /r", NOBODY_ELSE);
    ck_assert_str_eq(options.runtime_dir, "/r");
}
END_TEST

START_TEST(test_no_home)
{
    ck_assert_int_eq(unsetenv("HOME"), 0);
    ck_assert_int_eq(parse("", NOBODY_ELSE), -1); /* a uid nobody has */
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "--state-dir"));
    teardown();
    parse_ok("--state-dir /s", NOBODY_ELSE);
    ck_assert_ptr_null(options.config_path);
}
END_TEST

START_TEST(test_every_option)
{
    parse_ok("-f /c --system --state-dir /s --runtime-dir /r --log-dir /l -l -d -p /p -t 60 -v",
             NOBODY_ELSE);
    ck_assert(!options.session && options.background && options.verbose && options.config_given);
    ck_assert(options.listen);
    ck_assert_str_eq(options.config_path, "/c");
    ck_assert_str_eq(options.state_dir, "/s");
    ck_assert_str_eq(options.runtime_dir, "/r");
    ck_assert_str_eq(options.log_dir, "/l");
    ck_assert_str_eq(options.pid_file, "/p");
    ck_assert_uint_eq(options.timeout, 60);
    teardown();
    parse_ok("--config=/c --listen --daemon --pid-file=/p --timeout=0 --verbose", ROOT);
    ck_assert(options.background && options.verbose && options.config_given && options.listen);
    ck_assert_str_eq(options.pid_file, "/p");
    teardown();
    parse_ok("-V", NOBODY_ELSE);
    ck_assert(!options.listen);
    ck_assert(options.version && !options.help);
    teardown();
    parse_ok("--help", NOBODY_ELSE);
    ck_assert(options.help && !options.version);
}
END_TEST

START_TEST(test_relative_paths)
{
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    _cleanup_free_ char *expected = xasprintf("%s/a/b", cwd);

    parse_ok("--state-dir a/b", NOBODY_ELSE);
    ck_assert_str_eq(options.state_dir, expected);
}
END_TEST

START_TEST(test_mistakes)
{
    parse_fails("-x", "invalid argument: unknown option '-x'");
    parse_fails("--verbose -dx", "invalid argument: unknown option '-x'");
    parse_fails("--listens", "invalid argument: unknown option '--listens'");
    parse_fails("--daemon=yes", "invalid argument: option '--daemon=yes' takes no value");
    parse_fails("--session=x", "invalid argument: option '--session=x' takes no value");
    parse_fails("--config", "invalid argument: option '--config' needs a value");
    parse_fails("-f", "invalid argument: option '-f' needs a value");
    parse_fails("start", "invalid argument: unexpected argument 'start'");
    parse_fails("--session --system",
                "invalid argument: --session and --system exclude each other");
    parse_fails("--state-dir=", "invalid argument: an empty path");
}
END_TEST

START_TEST(test_bad_timeouts)
{
    static const char *const bad[] = { "-t -1", "-t 1s", "-t x", "-t 99999999999999999999",
                                       "-t 31536001", "-t +5" };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(parse(bad[i], NOBODY_ELSE), -1);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "is no time-out"));
        teardown();
    }
}
END_TEST

/* The manual holds the usage text, with roff's escapes. */
START_TEST(test_manual_has_the_usage)
{
    static char page[65536];
    const char *srcdir = getenv("srcdir");
    _cleanup_free_ char *path = xasprintf("%s/man/virtjobd.8", srcdir ? srcdir : ".");
    FILE *file = fopen(path, "re");
    char *to = page;

    ck_assert_msg(file != NULL, "cannot open '%s'", path);
    ck_assert_uint_lt(fread(page, 1, sizeof(page) - 1, file), sizeof(page) - 1);
    ck_assert_int_eq(fclose(file), 0);
    for (const char *from = page; *from; from++)
        if (*from != '\\')
            *to++ = *from;
    *to = '\0';
    ck_assert_ptr_nonnull(strstr(page, options_usage));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_system);
    tcase_add_test(tcase, test_session);
    tcase_add_test(tcase, test_xdg_variables);
    tcase_add_test(tcase, test_no_runtime_dir);
    tcase_add_test(tcase, test_no_home);
    tcase_add_test(tcase, test_every_option);
    tcase_add_test(tcase, test_relative_paths);
    tcase_add_test(tcase, test_mistakes);
    tcase_add_test(tcase, test_bad_timeouts);
    tcase_add_test(tcase, test_manual_has_the_usage);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
