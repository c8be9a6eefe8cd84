/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies in a pool's directory.  Worker threads; owns nothing between calls.
 *
 * Nothing here blocks on a fifo, makes a device act or leaves the pool by a
 * trick: an entry is looked at before it is opened, opened without following,
 * and looked at again through its descriptor.
 *
 * Symlinks are followed, as libvirt does and its users rely on, but only by
 * this read: to a regular file or block device, and only when the link's owner
 * is root, this daemon's user, or the owner of what it points to.  Whoever may
 * write to a pool's directory thus cannot have the daemon read for him what he
 * could not read himself.  The link is opened first and then read through its
 * descriptor, so that it cannot be exchanged between check and use.
 */

#include "storage/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "storage/probe_image.h"
#include "util/alloc.h"
#include "util/log.h"

DEFINE_CLEANUP(struct vol_info *, vol_info_free);
#define _cleanup_vol_info_ _cleanup_(vol_info_freep)

DEFINE_CLEANUP(DIR *, closedir);
#define _cleanup_closedir_ _cleanup_(closedirp)

enum { OPEN_READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* What open_entry() says beside 0 and -errno. */
enum { NOT_A_VOLUME = 1 };

static bool link_is_trusted(const struct stat *link, const struct stat *target)
{
    return link->st_uid == 0 || link->st_uid == geteuid() || link->st_uid == target->st_uid;
}

/* A descriptor to read from, for one that only stands for the file. */
static int reopen(int path_fd)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
    return open(path, OPEN_READ);
}

/* 0 with *ret_fd, NOT_A_VOLUME or -errno. */
static int open_link(int dirfd, const char *name, int *ret_fd)
{
    _cleanup_close_ int link_fd = -1, target_fd = -1;
    char target_name[PATH_MAX];
    struct stat link, target;
    ssize_t len;

    link_fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (link_fd < 0 || fstat(link_fd, &link) < 0)
        return -errno;
    len = readlinkat(link_fd, "", target_name, sizeof(target_name) - 1);
    if (len < 0)
        return -errno;
    target_name[len] = '\0';
    target_fd = openat(dirfd, target_name, O_PATH | O_CLOEXEC);
    if (target_fd < 0 || fstat(target_fd, &target) < 0)
        return -errno;
    if ((!S_ISREG(target.st_mode) && !S_ISBLK(target.st_mode)) ||
        !link_is_trusted(&link, &target))
        return NOT_A_VOLUME;
    *ret_fd = reopen(target_fd);
    return *ret_fd < 0 ? -errno : 0;
}

/* 0 with *ret_fd, NOT_A_VOLUME or -errno. */
static int open_entry(int dirfd, const char *name, int *ret_fd)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFBLK:
        *ret_fd = openat(dirfd, name, OPEN_READ | O_NOFOLLOW);
        break;
    case S_IFDIR: /* only looked at: it need not be readable */
        *ret_fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        break;
    case S_IFLNK:
        return open_link(dirfd, name, ret_fd);
    default:
        return NOT_A_VOLUME;
    }
    return *ret_fd < 0 ? -errno : 0;
}

int probe_follow(const char *path, char **ret_path, struct verror *err)
{
    char fd_path[32], target[PATH_MAX];
    const char *name = strrchr(path, '/') + 1; /* path is absolute */
    _cleanup_free_ char *parent = xstrndup(path, (size_t)(name - path));
    _cleanup_close_ int dirfd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    int rc = dirfd < 0 ? -errno : open_link(dirfd, name, &fd);
    ssize_t len;

    if (rc == NOT_A_VOLUME)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "symbolic link '%s' is not followed: it is someone else's, or leads to "
                          "no file",
                          path);
    if (rc < 0)
        return verror_errno(err, -rc, "cannot follow '%s'", path);
    (void)snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
    len = readlink(fd_path, target, sizeof(target));
    if (len < 0 || len == sizeof(target))
        return verror_errno(err, len < 0 ? errno : ENAMETOOLONG, "cannot follow '%s'", path);
    *ret_path = xstrndup(target, (size_t)len);
    return 0;
}

static char *path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);

    return xasprintf("%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name);
}

/* QEMU's rule: "scheme:…" before any slash is no file name; a relative one starts at the image. */
static char *backing_resolve(const char *pool_path, const char *backing)
{
    size_t plain = strcspn(backing, ":/");

    if (!backing[0])
        return NULL;
    if (backing[0] == '/' || backing[plain] == ':')
        return xstrdup(backing);
    return path_join(pool_path, backing);
}

static struct timespec time_of(const struct statx_timestamp *stamp)
{
    return (struct timespec){ .tv_sec = stamp->tv_sec, .tv_nsec = stamp->tv_nsec };
}

static void info_set_stat(struct vol_info *info, const struct statx *stx)
{
    info->perms.mode = stx->stx_mode & 0777;
    info->perms.owner = stx->stx_uid;
    info->perms.group = stx->stx_gid;
    info->atime = time_of(&stx->stx_atime);
    info->mtime = time_of(&stx->stx_mtime);
    info->ctime = time_of(&stx->stx_ctime);
    info->btime = time_of(&stx->stx_btime);
    if (!(stx->stx_mask & STATX_BTIME))
        info->btime.tv_nsec = -1;
    if (S_ISBLK(stx->stx_mode)) { /* the device, not one of its nodes: so guests hold it */
        info->dev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor);
        return;
    }
    info->dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
    info->ino = stx->stx_ino;
}

static void info_set_label(struct vol_info *info, int fd)
{
    char label[256];
    ssize_t len = fgetxattr(fd, "security.selinux", label, sizeof(label));

    if (len > 0) /* most systems have none, which is no error */
        info->perms.label = xstrndup(label, (size_t)len);
}

static bool is_nocow(int fd)
{
    int flags = 0;

    return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_NOCOW_FL);
}

static void info_set_image(struct vol_info *info, int fd, const char *pool_path)
{
    struct image_facts facts;

    image_probe(fd, info->physical, &facts);
    info->format = facts.format;
    info->capacity = facts.capacity;
    info->compat = xstrdup(facts.compat);
    info->lazy_refcounts = facts.lazy_refcounts;
    info->extended_l2 = facts.extended_l2;
    info->cluster_size = facts.cluster_size;
    info->encrypted = facts.encrypted;
    info->names_files = facts.names_files;
    if (facts.backing) {
        info->backing_path = backing_resolve(pool_path, facts.backing);
        info->backing_format = facts.backing_format;
        free(facts.backing);
    }
}

/* Sizes and content by the kind of file.  0, NOT_A_VOLUME or -errno. */
static int info_set_content(struct vol_info *info, int fd, const struct statx *stx,
                            const char *pool_path)
{
    off_t size;

    switch (stx->stx_mode & S_IFMT) {
    case S_IFDIR:
        info->format = VOL_FORMAT_DIR;
        return 0;
    case S_IFREG:
        info->physical = stx->stx_size;
        info->allocation = stx->stx_blocks * 512;
        info->nocow = is_nocow(fd);
        break;
    case S_IFBLK:
        size = lseek(fd, 0, SEEK_END);
        if (size < 0)
            return -errno;
        info->block = true;
        info->physical = info->allocation = (uint64_t)size;
        break;
    default: /* exchanged since it was looked at */
        return NOT_A_VOLUME;
    }
    info_set_label(info, fd);
    info_set_image(info, fd, pool_path);
    return 0;
}

/* 0 with *ret_info, NOT_A_VOLUME or -errno. */
static int entry_read(int dirfd, const char *pool_path, const char *name,
                      struct vol_info **ret_info)
{
    _cleanup_vol_info_ struct vol_info *info = NULL;
    _cleanup_close_ int fd = -1;
    struct statx stx;
    int ret;

    ret = open_entry(dirfd, name, &fd);
    if (ret != 0)
        return ret;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
        return -errno;
    info = XNEW(struct vol_info);
    info->name = xstrdup(name);
    info->path = path_join(pool_path, name);
    info->backing_format = -1;
    info_set_stat(info, &stx);
    ret = info_set_content(info, fd, &stx, pool_path);
    if (ret == 0)
        *ret_info = STEAL_PTR(info);
    return ret;
}

/* Names that are ours or the file system's. */
static bool is_reserved(const char *name)
{
    return strncmp(name, TEMP_NAME_PREFIX, strlen(TEMP_NAME_PREFIX)) == 0 ||
           strcmp(name, "lost+found") == 0;
}

int probe_entry(int dirfd, const char *pool_path, const char *name, struct vol_info **ret_info,
                struct verror *err)
{
    int ret;

    if (is_reserved(name))
        return 1;
    if (vol_name_check(name, err) < 0)
        return -1;
    ret = entry_read(dirfd, pool_path, name, ret_info);
    if (ret >= 0)
        return ret;
    if (ret == -ENOENT || ret == -ELOOP || ret == -ENOTDIR)
        return 1; /* gone, exchanged, or a symlink to nowhere */
    return verror_errno(err, -ret, "cannot read '%s/%s'", pool_path, name);
}

struct name_list {
    char **names;
    size_t count, size;
};

static void name_list_clear(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

static void name_list_add(struct name_list *list, const char *name)
{
    if (list->count == list->size) {
        list->size = list->size ? list->size * 2 : 64;
        list->names = xrealloc(list->names, list->size, sizeof(*list->names));
    }
    list->names[list->count++] = xstrdup(name);
}

/* All names first: their number is the job's total. */
static int names_read(DIR *dir, struct name_list *list)
{
    for (;;) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (!entry)
            return -errno;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            name_list_add(list, entry->d_name);
    }
}

static DIR *directory_open(const char *pool_path, struct verror *err)
{
    _cleanup_close_ int fd = open(pool_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        verror_errno(err, errno, "cannot open directory '%s'", pool_path);
        return NULL;
    }
    (void)steal_fd(&fd); /* dir owns it now */
    return dir;
}

/* Appends what is a volume to infos, which has room for all.  -1 when cancelled. */
static int entries_probe(int dirfd, const char *pool_path, const struct name_list *list,
                         struct job_ctl *ctl, struct vol_info **infos, size_t *count,
                         struct verror *err)
{
    for (size_t i = 0; i < list->count; i++) {
        _cleanup_verror_ struct verror skipped = VERROR_INIT;
        int ret;

        if (job_ctl_cancelled(ctl))
            return verror_set(err, VIR_ERR_OPERATION_ABORTED, "reading directory '%s'", pool_path);
        ret = probe_entry(dirfd, pool_path, list->names[i], &infos[*count], &skipped);
        if (ret == 0)
            (*count)++;
        else if (ret < 0)
            log_warn("an entry of directory '%s' is left out: %s", pool_path,
                     verror_text(&skipped));
        job_ctl_add(ctl, 1);
    }
    return 0;
}

static int directory_probe(DIR *dir, const char *pool_path, struct job_ctl *ctl,
                           struct vol_info ***ret_infos, size_t *ret_count, struct verror *err)
{
    _cleanup_(name_list_clear) struct name_list list = { 0 };
    struct vol_info **infos;
    size_t count = 0;
    int ret = names_read(dir, &list);

    if (ret < 0)
        return verror_errno(err, -ret, "cannot read directory '%s'", pool_path);
    job_ctl_set_total(ctl, list.count);
    infos = xcalloc(list.count + 1, sizeof(struct vol_info *));
    ret = entries_probe(dirfd(dir), pool_path, &list, ctl, infos, &count, err);
    if (ret < 0) {
        for (size_t i = 0; i < count; i++)
            vol_info_free(infos[i]);
        free(infos);
        return -1;
    }
    *ret_infos = infos;
    *ret_count = count;
    return 0;
}

int probe_directory(const char *pool_path, struct job_ctl *ctl, struct vol_info ***ret_infos,
                    size_t *ret_count, struct verror *err)
{
    _cleanup_closedir_ DIR *dir = NULL;
    int ret = -1;

    /* a dead file server holds any of these calls, and no cancel reaches them */
    job_ctl_waiting(ctl, pool_path);
    dir = directory_open(pool_path, err);
    if (dir)
        ret = directory_probe(dir, pool_path, ctl, ret_infos, ret_count, err);
    job_ctl_waiting(ctl, NULL);
    return ret;
}

static uint64_t blocks_to_bytes(uint64_t blocks, uint64_t block_size)
{
    uint64_t bytes;

    return __builtin_mul_overflow(blocks, block_size, &bytes) ? UINT64_MAX : bytes;
}

int probe_pool(const char *pool_path, struct pool_xml_state *ret_state, struct verror *err)
{
    _cleanup_close_ int fd = open(pool_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint64_t capacity, available;
    struct statvfs fs;
    struct stat st;

    if (fd < 0)
        return verror_errno(err, errno, "cannot open directory '%s'", pool_path);
    if (fstatvfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot read the state of directory '%s'", pool_path);
    capacity = blocks_to_bytes(fs.f_blocks, fs.f_frsize);
    /* blocks reserved for root are available to a daemon that is root */
    available = blocks_to_bytes(geteuid() == 0 ? fs.f_bfree : fs.f_bavail, fs.f_frsize);
    *ret_state = (struct pool_xml_state){
        .capacity = capacity,
        .allocation = capacity > available ? capacity - available : 0,
        .available = available,
        .perms = { .mode = st.st_mode & 0777, .owner = st.st_uid, .group = st.st_gid },
    };
    return 0;
}
