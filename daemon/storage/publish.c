/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary names and their publication; see publish.h.  Worker threads, no state. */

#include "storage/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/closer.h"

static int open_without_symlinks(const char *path)
{
    static const struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                                         .resolve = RESOLVE_NO_SYMLINKS };
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    /* an old kernel, or a sandbox that knows no such call: at least its last part */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return (int)fd;
}

int publish_open_dir(const char *path, struct verror *err)
{
    int fd = open_without_symlinks(path);

    if (fd < 0)
        return verror_errno(err, errno, "cannot open directory '%s'", path);
    return fd;
}

void publish_temp_name(char name[PUBLISH_TEMP_MAX], uint64_t job_id)
{
    (void)snprintf(name, PUBLISH_TEMP_MAX, ".virtjobd-%" PRIu64, job_id);
}

int publish_create(int dirfd, const char *temp, struct verror *err)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dirfd, temp, flags, 0600);

    if (fd < 0 && errno == EEXIST) {
        publish_discard(dirfd, temp);
        fd = openat(dirfd, temp, flags, 0600);
    }
    if (fd < 0)
        return verror_errno(err, errno, "cannot create temporary file '%s'", temp);
    return fd;
}

/* What is published must be what was written, not what someone put in its place. */
static int check_same_file(int dirfd, const char *temp, int fd, struct stat *ret_st,
                           struct verror *err)
{
    struct stat named;

    if (fstat(fd, ret_st) < 0 || fstatat(dirfd, temp, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return verror_errno(err, errno, "cannot examine temporary file '%s'", temp);
    if (named.st_dev != ret_st->st_dev || named.st_ino != ret_st->st_ino)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "temporary file '%s' has been replaced by another", temp);
    return 0;
}

/* The owner first: changing it takes away set-id bits.  A no-op needs no privilege. */
static int apply_perms(int fd, const struct stat *st, const struct perms *perms,
                       const char *final, struct verror *err)
{
    uid_t owner = perms->owner == st->st_uid ? (uid_t)-1 : (uid_t)perms->owner;
    gid_t group = perms->group == st->st_gid ? (gid_t)-1 : (gid_t)perms->group;

    if ((owner != (uid_t)-1 || group != (gid_t)-1) && fchown(fd, owner, group) < 0)
        return verror_errno(err, errno, "cannot set owner of '%s'", final);
    if (perms->mode != PERMS_UNSET && fchmod(fd, perms->mode & 07777) < 0)
        return verror_errno(err, errno, "cannot set mode of '%s'", final);
    return 0;
}

static bool is_unsupported(int errnum)
{
    return errnum == EINVAL || errnum == ENOSYS || errnum == EOPNOTSUPP;
}

/* 0 or -errno, -EEXIST when the name is taken. */
static int move_no_replace(int dirfd, const char *temp, const char *final)
{
    if (renameat2(dirfd, temp, dirfd, final, RENAME_NOREPLACE) == 0)
        return 0;
    if (!is_unsupported(errno))
        return -errno;
    if (linkat(dirfd, temp, dirfd, final, 0) < 0)
        return -errno;
    if (unlinkat(dirfd, temp, 0) < 0 && errno != ENOENT) {
        int r = -errno;

        (void)unlinkat(dirfd, final, 0); /* both names or none: the first error is told */
        return r;
    }
    return 0;
}

/* Some file systems cannot sync a directory and say so; there it is as durable as it gets. */
static int sync_dir(int dirfd)
{
    return fsync(dirfd) == 0 || is_unsupported(errno) ? 0 : -errno;
}

int publish_commit(int dirfd, const char *temp, int fd, const char *final,
                   const struct perms *perms, struct verror *err)
{
    struct stat st;
    int r;

    if (!*final || strchr(final, '/') || strcmp(final, ".") == 0 || strcmp(final, "..") == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "'%s' is not a name for a volume", final);
    if (check_same_file(dirfd, temp, fd, &st, err) < 0 ||
        apply_perms(fd, &st, perms, final, err) < 0)
        return -1;
    if (fsync(fd) < 0) /* not fdatasync: owner and mode must be there too */
        return verror_errno(err, errno, "cannot sync '%s'", final);
    r = move_no_replace(dirfd, temp, final);
    if (r == -EEXIST)
        return verror_set(err, VIR_ERR_STORAGE_VOL_EXIST, "'%s' exists already", final);
    if (r < 0)
        return verror_errno(err, -r, "cannot rename '%s' to '%s'", temp, final);
    r = sync_dir(dirfd);
    if (r < 0) {
        (void)unlinkat(dirfd, final, 0); /* what we cannot vouch for is not there */
        return verror_errno(err, -r, "cannot sync the directory of '%s'", final);
    }
    return 0;
}

/*
 * 1: what had the name has temp's now, 0: nothing had it, or the file system cannot exchange and
 * it is gone.  Or -errno.
 */
static int move_replace(int dirfd, const char *temp, const char *final)
{
    struct stat st;

    if (fstatat(dirfd, final, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
        renameat2(dirfd, temp, dirfd, final, RENAME_EXCHANGE) == 0)
        return 1;
    return renameat(dirfd, temp, dirfd, final) < 0 ? -errno : 0;
}

/*
 * What we cannot vouch for is not there, but what it has replaced.  Should the directory show it
 * after a power loss all the same, it is empty.
 */
static void take_back(int dirfd, const char *temp, int fd, const char *final, bool replaced)
{
    if (!replaced || renameat(dirfd, temp, dirfd, final) < 0)
        (void)unlinkat(dirfd, final, 0);
    if (ftruncate(fd, 0) == 0)
        (void)fsync(fd);
    (void)sync_dir(dirfd); /* the first error is told */
}

int publish_replace(int dirfd, const char *temp, int fd, const char *final, struct verror *err)
{
    struct stat st;
    int replaced, r;

    if (check_same_file(dirfd, temp, fd, &st, err) < 0)
        return -1;
    if (fsync(fd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", final);
    replaced = move_replace(dirfd, temp, final);
    if (replaced < 0)
        return verror_errno(err, -replaced, "cannot rename '%s' to '%s'", temp, final);
    r = sync_dir(dirfd);
    if (r < 0) {
        take_back(dirfd, temp, fd, final, replaced);
        return verror_errno(err, -r, "cannot sync the directory of '%s'", final);
    }
    if (replaced) {
        publish_discard(dirfd, temp);
        (void)sync_dir(dirfd); /* else the old file may be back, hidden, after a power loss */
    }
    return 0;
}

void publish_discard(int dirfd, const char *temp)
{
    /* held by O_PATH, which needs no permission, the file outlives its name until the reaper */
    int fd = openat(dirfd, temp, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    (void)unlinkat(dirfd, temp, 0); /* missing is fine; a refresh shows no temporary name */
    close_later(fd);
}

int publish_is_done(int dirfd, const char *final, uint64_t dev, uint64_t ino)
{
    struct stat st;

    if (fstatat(dirfd, final, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    return S_ISREG(st.st_mode) && st.st_dev == dev && st.st_ino == ino;
}
