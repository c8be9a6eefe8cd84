/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a temporary name to a final one: whole or not at all. */

#include "storage/publish.h"

#include <errno.h>

#include "deny.h"
#include "scratch.h"
#include "util/closer.h"

/* The disk of a directory fails, while those of its files do not. */
static bool dirs_fail;

/* In place of the C library's. */
int fsync(int fd)
{
    struct stat st;

    if (dirs_fail && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static const struct perms no_perms = { PERMS_UNSET, PERMS_UNSET, PERMS_UNSET, NULL };
static struct verror err;
static char temp[PUBLISH_TEMP_MAX];

static void setup(void)
{
    scratch_make();
    publish_temp_name(temp, UINT64_MAX);
}

static void teardown(void)
{
    close_later_drain();
    verror_clear(&err);
    scratch_remove();
}

static bool exists(const char *name)
{
    return faccessat(scratch_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int create(void)
{
    int fd = publish_create(scratch_fd, temp, &err);

    ck_assert_msg(fd >= 0, "%s", verror_text(&err));
    scratch_fill(fd, 0, 5000, 1);
    return fd;
}

START_TEST(test_temp_name)
{
    ck_assert_str_eq(temp, ".virtjobd-18446744073709551615");
}
END_TEST

START_TEST(test_open_dir)
{
    char path[128];
    _cleanup_close_ int fd = -1;

    fd = publish_open_dir(scratch_path, &err);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(mkdirat(scratch_fd, "dir", 0700), 0);
    ck_assert_int_eq(symlinkat(scratch_path, scratch_fd, "link"), 0);
    for (int i = 0; i < 2; i++) { /* as its last part, and on the way */
        (void)snprintf(path, sizeof(path), i ? "%s/link/dir" : "%s/link", scratch_path);
        ck_assert_int_eq(publish_open_dir(path, &err), -1);
        ck_assert_int_eq(err.sys_errno, ELOOP);
        verror_clear(&err);
    }
    (void)close(scratch_open("file"));
    (void)snprintf(path, sizeof(path), "%s/file", scratch_path);
    ck_assert_int_eq(publish_open_dir(path, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOTDIR);
}
END_TEST

START_TEST(test_commit)
{
    _cleanup_close_ int fd = create();
    struct perms perms = { 0640, getuid(), getgid(), NULL };
    struct stat st;

    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
    ck_assert_int_eq(publish_is_done(scratch_fd, "final", st.st_dev, st.st_ino), 0);
    ck_assert_msg(publish_commit(scratch_fd, temp, fd, "final", &perms, &err) == 0, "%s",
                  verror_text(&err));
    ck_assert(!exists(temp));
    ck_assert_int_eq(publish_is_done(scratch_fd, "final", st.st_dev, st.st_ino), 1);
    ck_assert_int_eq(publish_is_done(scratch_fd, "final", st.st_dev, st.st_ino + 1), 0);
    ck_assert_int_eq(fstatat(scratch_fd, "final", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
    ck_assert_int_eq(st.st_size, 5000);
}
END_TEST

START_TEST(test_commit_without_renameat2)
{
    _cleanup_close_ int fd = create();

    deny_syscall(SYS_renameat2, DENY_ANY, EINVAL);
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, "final", &no_perms, &err), 0);
    ck_assert(exists("final"));
    ck_assert(!exists(temp));
    (void)close(fd);
    fd = create();
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, "final", &no_perms, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_STORAGE_VOL_EXIST);
    ck_assert(exists(temp));
}
END_TEST

START_TEST(test_commit_long_name)
{
    _cleanup_close_ int fd = create();
    char name[257];

    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, name, &no_perms, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENAMETOOLONG);
    verror_clear(&err);
    name[255] = '\0';
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, name, &no_perms, &err), 0);
    ck_assert(exists(name));
}
END_TEST

START_TEST(test_commit_name_taken)
{
    _cleanup_close_ int fd = create();

    (void)close(scratch_open("final"));
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, "final", &no_perms, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_STORAGE_VOL_EXIST);
    ck_assert(exists(temp));
    publish_discard(scratch_fd, temp);
    ck_assert(!exists(temp));
    ck_assert(exists("final"));
}
END_TEST

/* Also a dangling link holds the name: nothing is written through it. */
START_TEST(test_commit_name_is_link)
{
    _cleanup_close_ int fd = create();

    ck_assert_int_eq(symlinkat("elsewhere", scratch_fd, "final"), 0);
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, "final", &no_perms, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_STORAGE_VOL_EXIST);
    ck_assert(!exists("elsewhere"));
}
END_TEST

START_TEST(test_commit_bad_names)
{
    static const char *const names[] = { "", ".", "..", "a/b", "../x" };
    _cleanup_close_ int fd = create();
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, names[i], &no_perms, &err), -1);
        ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
        verror_clear(&err);
    }
}
END_TEST

START_TEST(test_commit_temp_replaced)
{
    _cleanup_close_ int fd = create();

    ck_assert_int_eq(unlinkat(scratch_fd, temp, 0), 0);
    (void)close(scratch_open(temp));
    ck_assert_int_eq(publish_commit(scratch_fd, temp, fd, "final", &no_perms, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert(!exists("final"));
}
END_TEST

static void put_old(void)
{
    _cleanup_close_ int old = scratch_open("final");

    scratch_fill(old, 0, 300, 7);
}

static uint64_t size_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(fstatat(scratch_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return (uint64_t)st.st_size;
}

/* The loops below: where there was nothing of that name, and where there was. */
START_TEST(test_replace)
{
    _cleanup_close_ int fd = create();

    if (_i)
        put_old();
    ck_assert_msg(publish_replace(scratch_fd, temp, fd, "final", &err) == 0, "%s",
                  verror_text(&err));
    ck_assert_uint_eq(size_of("final"), 5000);
    ck_assert(!exists(temp));
}
END_TEST

START_TEST(test_replace_without_exchange)
{
    _cleanup_close_ int fd = create();

    if (_i)
        put_old();
    deny_syscall(SYS_renameat2, DENY_ANY, EINVAL);
    ck_assert_int_eq(publish_replace(scratch_fd, temp, fd, "final", &err), 0);
    ck_assert_uint_eq(size_of("final"), 5000);
    ck_assert(!exists(temp));
}
END_TEST

/* A save that failed has left nothing: its guest goes on, and the older image is still there. */
START_TEST(test_replace_not_synced)
{
    _cleanup_close_ int fd = create();

    if (_i)
        put_old();
    dirs_fail = true;
    ck_assert_int_eq(publish_replace(scratch_fd, temp, fd, "final", &err), -1);
    ck_assert_int_eq(err.sys_errno, EIO);
    ck_assert_int_eq(exists("final"), _i);
    if (_i)
        ck_assert_uint_eq(size_of("final"), 300);
    ck_assert_uint_eq(scratch_size(fd), 0); /* wherever it may still be seen */
    publish_discard(scratch_fd, temp);
    ck_assert_int_eq(exists("final"), _i);
}
END_TEST

START_TEST(test_replace_not_synced_without_exchange)
{
    _cleanup_close_ int fd = create();

    put_old();
    deny_syscall(SYS_renameat2, DENY_ANY, EINVAL);
    dirs_fail = true;
    ck_assert_int_eq(publish_replace(scratch_fd, temp, fd, "final", &err), -1);
    ck_assert(!exists("final"));
}
END_TEST

START_TEST(test_replace_no_directory)
{
    _cleanup_close_ int fd = create();

    ck_assert_int_eq(mkdirat(scratch_fd, "final", 0700), 0);
    ck_assert_int_eq(publish_replace(scratch_fd, temp, fd, "final", &err), -1);
    ck_assert_int_eq(err.sys_errno, EISDIR);
    ck_assert(exists(temp));
}
END_TEST

START_TEST(test_create_replaces_left_over)
{
    _cleanup_close_ int first = create(), second = create();

    ck_assert_uint_eq(scratch_size(second), 5000);
    ck_assert_int_eq(ftruncate(first, 0), 0);
    ck_assert_uint_eq(scratch_size(second), 5000);
}
END_TEST

START_TEST(test_create_never_follows)
{
    _cleanup_close_ int victim = scratch_open("victim");
    int fd;

    ck_assert_int_eq(symlinkat("victim", scratch_fd, temp), 0);
    fd = create();
    ck_assert_uint_eq(scratch_size(victim), 0);
    (void)close(fd);
}
END_TEST

START_TEST(test_discard)
{
    int fd = create();

    publish_discard(scratch_fd, temp);
    ck_assert(!exists(temp));
    publish_discard(scratch_fd, temp); /* missing is fine */
    close_later(fd);
    close_later_drain();
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    close_later_drain(); /* nothing to wait for */
}
END_TEST

START_TEST(test_is_done_cannot_tell)
{
    ck_assert_int_eq(publish_is_done(-1, "x", 1, 1), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("publish");
    TCase *tcase = tcase_create("publish");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_temp_name);
    tcase_add_test(tcase, test_open_dir);
    tcase_add_test(tcase, test_commit);
    tcase_add_test(tcase, test_commit_without_renameat2);
    tcase_add_test(tcase, test_commit_long_name);
    tcase_add_test(tcase, test_commit_name_taken);
    tcase_add_test(tcase, test_commit_name_is_link);
    tcase_add_test(tcase, test_commit_bad_names);
    tcase_add_test(tcase, test_commit_temp_replaced);
    tcase_add_loop_test(tcase, test_replace, 0, 2);
    tcase_add_loop_test(tcase, test_replace_without_exchange, 0, 2);
    tcase_add_loop_test(tcase, test_replace_not_synced, 0, 2);
    tcase_add_test(tcase, test_replace_not_synced_without_exchange);
    tcase_add_test(tcase, test_replace_no_directory);
    tcase_add_test(tcase, test_create_replaces_left_over);
    tcase_add_test(tcase, test_create_never_follows);
    tcase_add_test(tcase, test_discard);
    tcase_add_test(tcase, test_is_done_cannot_tell);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
