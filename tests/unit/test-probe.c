/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/storage/probe.c: what in a directory is a volume and what is not, and the pool itself. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "probe-fixture.h"

static void put_size(const char *name, off_t size)
{
    _cleanup_close_ int fd = openat(pool_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, size), 0);
}

static void assert_not_a_volume(const char *name)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_info *info = NULL;

    ck_assert_msg(probe_entry(pool_fd, pool, name, &info, &err) == 1, "%s", name);
    ck_assert_ptr_null(info);
}

START_TEST(test_raw)
{
    _cleanup_vol_info_ struct vol_info *info = NULL;
    struct stat st;

    put_size("a", 10 << 20);
    put("a", 0, "data", 4);
    ck_assert_int_eq(fchmodat(pool_fd, "a", 0640, 0), 0);
    ck_assert_int_eq(fstatat(pool_fd, "a", &st, 0), 0);
    info = probe("a");
    ck_assert_str_eq(info->name, "a");
    ck_assert_uint_eq(strlen(info->path), strlen(pool) + 2);
    ck_assert_int_eq(info->format, VOL_FORMAT_RAW);
    ck_assert_uint_eq(info->capacity, 10 << 20);
    ck_assert_uint_eq(info->physical, 10 << 20);
    ck_assert_uint_eq(info->allocation, (uint64_t)st.st_blocks * 512);
    ck_assert_uint_lt(info->allocation, 10 << 20);
    ck_assert_uint_eq(info->perms.mode, 0640);
    ck_assert_uint_eq(info->perms.owner, st.st_uid);
    ck_assert_uint_eq(info->perms.group, st.st_gid);
    ck_assert_int_eq(info->mtime.tv_sec, st.st_mtim.tv_sec);
    ck_assert_int_eq(info->mtime.tv_nsec, st.st_mtim.tv_nsec);
    ck_assert_uint_eq(info->dev, st.st_dev);
    ck_assert_uint_eq(info->ino, st.st_ino);
    ck_assert(!info->block && !info->encrypted && !info->backing_path);
}
END_TEST

START_TEST(test_tiny_and_empty)
{
    _cleanup_vol_info_ struct vol_info *empty = NULL, *tiny = NULL;

    put_size("empty", 0);
    put("tiny", 0, "QFI\xfb", 4);
    empty = probe("empty");
    ck_assert_int_eq(empty->format, VOL_FORMAT_RAW);
    ck_assert_uint_eq(empty->capacity, 0);
    tiny = probe("tiny");
    ck_assert_int_eq(tiny->format, VOL_FORMAT_RAW);
    ck_assert_uint_eq(tiny->capacity, 4);
}
END_TEST

START_TEST(test_kinds_of_entries)
{
    _cleanup_vol_info_ struct vol_info *dir = NULL;
    _cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    ck_assert_int_eq(mkdirat(pool_fd, "dir", 0), 0); /* not even readable */
    ck_assert_int_eq(mkdirat(pool_fd, "lost+found", 0700), 0);
    ck_assert_int_eq(mkfifoat(pool_fd, "fifo", 0600), 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", pool);
    ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
    put_size(TEMP_NAME_PREFIX "5", 0);
    dir = probe("dir");
    ck_assert_int_eq(dir->format, VOL_FORMAT_DIR);
    ck_assert_uint_eq(dir->capacity, 0);
    assert_not_a_volume("lost+found");
    assert_not_a_volume("fifo"); /* and nobody waited for a writer */
    assert_not_a_volume("sock");
    assert_not_a_volume(TEMP_NAME_PREFIX "5");
    assert_not_a_volume("vanished");
}
END_TEST

START_TEST(test_bad_names)
{
    static const char *const names[] = { "", "..", ".", "a/b", "/etc/passwd", "a\nb", "a\xff" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_verror_ struct verror err = VERROR_INIT;
        struct vol_info *info = NULL;

        ck_assert_int_eq(probe_entry(pool_fd, pool, names[i], &info, &err), -1);
        ck_assert_ptr_null(info);
    }
}
END_TEST

START_TEST(test_symlinks)
{
    _cleanup_vol_info_ struct vol_info *file = NULL, *link = NULL;

    put("file", 0, "12345", 5);
    ck_assert_int_eq(mkdirat(pool_fd, "dir", 0700), 0);
    ck_assert_int_eq(mkfifoat(pool_fd, "fifo", 0600), 0);
    ck_assert_int_eq(symlinkat("file", pool_fd, "link"), 0);
    ck_assert_int_eq(symlinkat("dir", pool_fd, "to-dir"), 0);
    ck_assert_int_eq(symlinkat("fifo", pool_fd, "to-fifo"), 0);
    ck_assert_int_eq(symlinkat("nowhere", pool_fd, "to-nowhere"), 0);
    ck_assert_int_eq(symlinkat("loop", pool_fd, "loop"), 0);
    ck_assert_int_eq(symlinkat("/dev/null", pool_fd, "to-null"), 0);
    file = probe("file");
    link = probe("link");
    ck_assert_str_eq(link->name, "link");
    ck_assert_uint_eq(link->capacity, 5);
    ck_assert_uint_eq(link->ino, file->ino); /* locks see what is behind it */
    assert_not_a_volume("to-dir");
    assert_not_a_volume("to-fifo");
    assert_not_a_volume("to-nowhere");
    assert_not_a_volume("loop");
    assert_not_a_volume("to-null");
}
END_TEST

/* A link made by somebody else to a file he does not own. */
START_TEST(test_foreign_symlink)
{
    _cleanup_vol_info_ struct vol_info *own = NULL;

    put_size("secret", 5);
    put_size("his", 6);
    ck_assert_int_eq(symlinkat("secret", pool_fd, "to-secret"), 0);
    ck_assert_int_eq(symlinkat("his", pool_fd, "to-his"), 0);
    if (fchownat(pool_fd, "to-secret", 12345, 12345, AT_SYMLINK_NOFOLLOW) < 0) {
        printf("not tested: links of other users, which only root can make\n");
        return;
    }
    ck_assert_int_eq(fchownat(pool_fd, "to-his", 12345, 12345, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert_int_eq(fchownat(pool_fd, "his", 12345, 12345, 0), 0);
    assert_not_a_volume("to-secret");
    own = probe("to-his");
    ck_assert_uint_eq(own->capacity, 6);
}
END_TEST

START_TEST(test_unreadable)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_vol_info_ struct vol_info *info = NULL;
    int ret;

    put_size("a", 5);
    ck_assert_int_eq(fchmodat(pool_fd, "a", 0, 0), 0);
    ret = probe_entry(pool_fd, pool, "a", &info, &err);
    if (geteuid() == 0) {
        ck_assert_int_eq(ret, 0);
        return;
    }
    ck_assert_int_eq(ret, -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, EACCES);
}
END_TEST

START_TEST(test_directory)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct vol_info **infos = NULL;
    struct job_ctl ctl;
    size_t count = 0;

    put_size("a", 1);
    put_size("b", 2);
    put_size(TEMP_NAME_PREFIX "1", 3);
    put_size("bad\nname", 4);
    ck_assert_int_eq(mkfifoat(pool_fd, "fifo", 0600), 0);
    job_ctl_init(&ctl);
    ck_assert_int_eq(probe_directory(pool, &ctl, &infos, &count, &err), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(infos[0]->capacity + infos[1]->capacity, 3);
    ck_assert_uint_eq(atomic_load(&ctl.total), 5);
    ck_assert_uint_eq(atomic_load(&ctl.done), 5);
    ck_assert_ptr_null(atomic_load(&ctl.waiting_for));
    job_ctl_done(&ctl);
    for (size_t i = 0; i < count; i++)
        vol_info_free(infos[i]);
    free(infos);
}
END_TEST

START_TEST(test_directory_fails)
{
    _cleanup_verror_ struct verror missing = VERROR_INIT, file = VERROR_INIT;
    _cleanup_verror_ struct verror cancelled = VERROR_INIT;
    _cleanup_free_ char *path = xasprintf("%s/a", pool), *nowhere = xasprintf("%s/b", pool);
    struct vol_info **infos = NULL;
    struct job_ctl ctl;
    size_t count = 0;

    put_size("a", 1);
    job_ctl_init(&ctl);
    ck_assert_int_eq(probe_directory(nowhere, &ctl, &infos, &count, &missing), -1);
    ck_assert_int_eq(missing.sys_errno, ENOENT);
    ck_assert_int_eq(probe_directory(path, &ctl, &infos, &count, &file), -1);
    ck_assert_int_eq(file.sys_errno, ENOTDIR);
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(probe_directory(pool, &ctl, &infos, &count, &cancelled), -1);
    ck_assert_int_eq(cancelled.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_ptr_null(infos);
    job_ctl_done(&ctl);
}
END_TEST

START_TEST(test_pool)
{
    _cleanup_verror_ struct verror err = VERROR_INIT, missing = VERROR_INIT;
    struct pool_xml_state state;

    ck_assert_int_eq(fchmod(pool_fd, 0711), 0);
    ck_assert_int_eq(probe_pool(pool, &state, &err), 0);
    ck_assert_uint_gt(state.capacity, 0);
    ck_assert_uint_eq(state.allocation + state.available, state.capacity);
    ck_assert_uint_eq(state.perms.mode, 0711);
    ck_assert_uint_eq(state.perms.owner, geteuid());
    ck_assert_ptr_null(state.perms.label);
    ck_assert_int_eq(probe_pool("/nonexistent/dir", &state, &missing), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe");
    TCase *tcase = tcase_with_pool(suite, "probe");

    tcase_add_test(tcase, test_raw);
    tcase_add_test(tcase, test_tiny_and_empty);
    tcase_add_test(tcase, test_kinds_of_entries);
    tcase_add_test(tcase, test_bad_names);
    tcase_add_test(tcase, test_symlinks);
    tcase_add_test(tcase, test_foreign_symlink);
    tcase_add_test(tcase, test_unreadable);
    tcase_add_test(tcase, test_directory);
    tcase_add_test(tcase, test_directory_fails);
    tcase_add_test(tcase, test_pool);
    return suite_run(suite);
}
