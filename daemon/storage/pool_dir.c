/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pool type "dir": a directory and the files in it.  Worker threads. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/pool_driver.h"
#include "storage/publish.h"
#include "util/alloc.h"
#include "util/log.h"

static int make_one(const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -errno;
}

/* mkdir -p; parents get 0755, the last one the mode that was asked for.  0 or -errno. */
static int make_path(const char *path, mode_t mode)
{
    _cleanup_free_ char *part = xstrdup(path);

    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int rc;

        *slash = '\0';
        rc = make_one(part, 0755);
        *slash = '/';
        if (rc < 0)
            return rc;
    }
    return make_one(path, mode);
}

/* The topmost part of path that is not there yet, a new string; NULL = all of it is. */
static char *first_missing(const char *path)
{
    _cleanup_free_ char *part = xstrdup(path);

    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (access(part, F_OK) < 0)
            return STEAL_PTR(part);
        *slash = '/';
    }
    return access(path, F_OK) < 0 ? xstrdup(path) : NULL;
}

static int dir_survey(const struct pool_def *def, struct pool_build_trace *ret_trace,
                      struct verror *err)
{
    struct pool_build_trace trace = { NULL, PERMS_UNSET, PERMS_UNSET, PERMS_UNSET };
    struct stat st;

    if (stat(def->target_path, &st) == 0) {
        if (!S_ISDIR(st.st_mode))
            return verror_errno(err, ENOTDIR, "cannot build pool '%s' at '%s'", def->name,
                                def->target_path);
        trace.mode = st.st_mode & 07777;
        trace.owner = st.st_uid;
        trace.group = st.st_gid;
    } else {
        trace.created = first_missing(def->target_path);
    }
    *ret_trace = trace;
    return 0;
}

static int check_empty(int dirfd, const char *path, struct verror *err)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    bool empty = true;

    if (!dir)
        return verror_errno(err, errno, "cannot list '%s'", path);
    while (empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    (void)closedir(dir); /* it was only read */
    if (empty)
        return 0;
    return verror_set(err, VIR_ERR_STORAGE_POOL_BUILT,
                      "'%s' exists and is not empty, and is not to be overwritten", path);
}

static int apply_perms(int dirfd, const struct pool_def *def, struct verror *err)
{
    const struct perms *perms = &def->perms;

    if ((perms->owner != PERMS_UNSET || perms->group != PERMS_UNSET) &&
        fchown(dirfd, perms->owner, perms->group) < 0)
        return verror_errno(err, errno, "cannot change the owner of '%s' to %d:%d",
                            def->target_path, (int)perms->owner, (int)perms->group);
    if (perms->mode != PERMS_UNSET && fchmod(dirfd, perms->mode) < 0)
        return verror_errno(err, errno, "cannot change the mode of '%s' to %04o",
                            def->target_path, perms->mode);
    return 0;
}

static int dir_build(const struct pool_def *def, unsigned int flags, struct verror *err)
{
    mode_t mode = def->perms.mode == PERMS_UNSET ? 0711 : def->perms.mode;
    _cleanup_close_ int dirfd = -1;
    int rc = make_path(def->target_path, mode);

    if (rc < 0)
        return verror_errno(err, -rc, "cannot make the directory '%s'", def->target_path);
    dirfd = open(def->target_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return verror_errno(err, errno, "cannot open directory '%s'", def->target_path);
    if ((flags & VIR_STORAGE_POOL_BUILD_NO_OVERWRITE) &&
        check_empty(dirfd, def->target_path, err) < 0)
        return -1;
    if (apply_perms(dirfd, def, err) < 0)
        return -1;
    if (fsync(dirfd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", def->target_path);
    return 0;
}

/* Removes the made directories, from the last up to the topmost one that was made. */
static void remove_made(const char *path, const char *made)
{
    _cleanup_free_ char *part = xstrdup(path);

    while (strlen(part) >= strlen(made)) {
        if (rmdir(part) < 0) {
            if (errno != ENOENT)
                log_warn("cannot remove '%s' again: %s", part, strerror(errno));
            return;
        }
        *strrchr(part, '/') = '\0';
    }
}

static void dir_unbuild(const struct pool_def *def, const struct pool_build_trace *trace)
{
    if (trace->created) {
        remove_made(def->target_path, trace->created);
        return;
    }
    if (trace->mode == PERMS_UNSET)
        return;
    if (chown(def->target_path, trace->owner, trace->group) < 0 ||
        chmod(def->target_path, trace->mode) < 0)
        log_warn("cannot restore mode and owner of '%s': %s", def->target_path, strerror(errno));
}

static int dir_start(const struct pool_def *def, char **ret_path, uint64_t *ret_dev,
                     uint64_t *ret_ino, struct verror *err)
{
    _cleanup_close_ int dirfd = -1;
    struct stat st;

    /* where symlinks lead to now is the pool's directory, until it is started again */
    *ret_path = realpath(def->target_path, NULL);
    if (!*ret_path)
        return verror_errno(err, errno, "cannot open directory '%s'", def->target_path);
    dirfd = publish_open_dir(*ret_path, err);
    if (dirfd < 0)
        return -1;
    if (fstat(dirfd, &st) < 0)
        return verror_errno(err, errno, "cannot look at '%s'", def->target_path);
    *ret_dev = st.st_dev;
    *ret_ino = st.st_ino;
    return 0;
}

static int dir_remove(const struct pool_def *def, struct verror *err)
{
    if (rmdir(def->target_path) == 0)
        return 0;
    return verror_errno(err, errno, "cannot remove the directory '%s' of pool '%s'",
                        def->target_path, def->name);
}

const struct pool_driver pool_driver_dir = {
    .type = "dir",
    .survey = dir_survey,
    .build = dir_build,
    .unbuild = dir_unbuild,
    .start = dir_start,
    .remove = dir_remove,
};
