/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/directories.c: made with the right modes, refused where others could write. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle.h"

static char dir[] = "/tmp/test-directories.XXXXXX";
static char above[64], path[64];
static struct verror err;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(above, sizeof(above), "%s/above", dir);
    (void)snprintf(path, sizeof(path), "%s/above/it", dir);
}

static void teardown(void)
{
    verror_clear(&err);
    ck_assert(rmdir(path) == 0 || unlink(path) == 0 || errno == ENOENT);
    ck_assert(rmdir(above) == 0 || errno == ENOENT);
    ck_assert_int_eq(rmdir(dir), 0);
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(stat(name, &st), 0);
    return st.st_mode & 07777;
}

START_TEST(test_made)
{
    (void)umask(0077); /* must not matter for the directory itself */
    ck_assert_msg(directory_prepare(path, 0755, 0700, &err) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(mode_of(path), 0755);
    ck_assert_uint_eq(mode_of(above), 0700);
}
END_TEST

START_TEST(test_existing_is_kept)
{
    ck_assert_int_eq(mkdir(above, 0700), 0);
    ck_assert_int_eq(mkdir(path, 0750), 0);
    ck_assert_int_eq(chmod(path, 0750), 0);
    ck_assert_msg(directory_prepare(path, 0755, 0700, &err) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(mode_of(path), 0750);
}
END_TEST

START_TEST(test_writable_by_others_is_refused)
{
    static const mode_t modes[] = { 0770, 0707, 01777 };

    ck_assert_int_eq(mkdir(above, 0700), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ck_assert_int_eq(directory_prepare(path, 0700, 0700, &err), -1);
        ck_assert_ptr_nonnull(strstr(verror_text(&err), "may be written to by others"));
        verror_clear(&err);
    }
}
END_TEST

START_TEST(test_of_another_user_is_refused)
{
    if (geteuid() == 0) {
        ck_assert_int_eq(mkdir(above, 0700), 0);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        ck_assert_int_eq(chown(path, 1, 0), 0);
        ck_assert_int_eq(directory_prepare(path, 0700, 0700, &err), -1);
    } else {
        ck_assert_int_eq(directory_prepare("/", 0700, 0700, &err), -1); /* root's */
    }
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "belongs to uid"));
}
END_TEST

START_TEST(test_a_file_is_refused)
{
    int fd;

    ck_assert_int_eq(mkdir(above, 0700), 0);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(directory_prepare(path, 0700, 0700, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOTDIR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("directories");
    TCase *tcase = tcase_create("directories");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_made);
    tcase_add_test(tcase, test_existing_is_kept);
    tcase_add_test(tcase, test_writable_by_others_is_refused);
    tcase_add_test(tcase, test_of_another_user_is_refused);
    tcase_add_test(tcase, test_a_file_is_refused);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
