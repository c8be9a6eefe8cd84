/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/pidfile.c: one holder, whose pid the second is told. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle.h"

static char dir[] = "/tmp/test-pidfile.XXXXXX";
static char path[64];
static struct verror err;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/pid", dir);
}

static void teardown(void)
{
    verror_clear(&err);
    ck_assert(unlink(path) == 0 || errno == ENOENT);
    ck_assert_int_eq(rmdir(dir), 0);
}

static int take(void)
{
    int fd = pidfile_take(path, &err);

    ck_assert_msg(fd >= 0, "%s", verror_text(&err));
    return fd;
}

START_TEST(test_holds_the_pid)
{
    char expected[32], text[32] = "";
    int fd = take();

    (void)snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
    ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
    ck_assert_str_eq(text, expected);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    pidfile_release(path, fd);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(test_second_is_refused)
{
    char pid[32];
    int fd = take();

    (void)snprintf(pid, sizeof(pid), "(pid %d,", (int)getpid());
    ck_assert_int_eq(pidfile_take(path, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), pid));
    ck_assert_ptr_nonnull(strstr(verror_text(&err), path));
    pidfile_release(path, fd);
}
END_TEST

START_TEST(test_stale_is_taken_over)
{
    FILE *file = fopen(path, "we");
    char text[32] = "";
    int fd;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("123456789012\n", file), 0); /* longer than ours */
    ck_assert_int_eq(fclose(file), 0);
    fd = take();
    ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
    ck_assert_int_eq(atoi(text), (int)getpid());
    ck_assert_str_eq(strchr(text, '\n'), "\n");
    pidfile_release(path, fd);
}
END_TEST

START_TEST(test_release_leaves_a_successor)
{
    int first = take(), second;

    ck_assert_int_eq(unlink(path), 0);
    second = take();
    pidfile_release(path, first);
    ck_assert_int_eq(access(path, F_OK), 0);
    pidfile_release(path, second);
}
END_TEST

START_TEST(test_link_and_no_directory)
{
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    ck_assert_int_eq(pidfile_take(path, &err), -1);
    ck_assert_int_eq(err.sys_errno, ELOOP);
    verror_clear(&err);
    ck_assert_int_eq(pidfile_take("/nonexistent/pid", &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

/* The daemon was killed, and left a child that is still on its way to exec(). */
START_TEST(test_waits_for_a_child)
{
    int fd = take();
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)poll(NULL, 0, 100);
        _exit(0);
    }
    ck_assert_int_eq(close(fd), 0);
    fd = take();
    pidfile_release(path, fd);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pidfile");
    TCase *tcase = tcase_create("pidfile");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_holds_the_pid);
    tcase_add_test(tcase, test_second_is_refused);
    tcase_add_test(tcase, test_stale_is_taken_over);
    tcase_add_test(tcase, test_release_leaves_a_successor);
    tcase_add_test(tcase, test_link_and_no_directory);
    tcase_add_test(tcase, test_waits_for_a_child);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
