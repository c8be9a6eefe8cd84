/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The directories the daemon lives in.  What others could write to would let
 * them replace its sockets and its database, so that is refused.  Start-up only.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle.h"
#include "util/alloc.h"

static int make_parents(const char *path, mode_t mode, struct verror *err)
{
    _cleanup_free_ char *copy = xstrdup(path);

    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return verror_errno(err, errno, "cannot make directory '%s'", copy);
        *slash = '/';
    }
    return 0;
}

static int check_directory(const char *path, int fd, struct verror *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot look at directory '%s'", path);
    if (st.st_uid != geteuid())
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "directory '%s' belongs to uid %u, not %u", path,
                          (unsigned int)st.st_uid, (unsigned int)geteuid());
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "directory '%s' may be written to by others (mode %03o)", path,
                          (unsigned int)st.st_mode & 0777);
    return 0;
}

int directory_prepare(const char *path, mode_t mode, mode_t parents, struct verror *err)
{
    _cleanup_close_ int fd = -1;
    bool made;

    if (make_parents(path, parents, err) < 0)
        return -1;
    made = mkdir(path, mode) == 0;
    if (!made && errno != EEXIST)
        return verror_errno(err, errno, "cannot make directory '%s'", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return verror_errno(err, errno, "cannot open directory '%s'", path);
    if (made && fchmod(fd, mode) < 0) /* whatever the umask took away */
        return verror_errno(err, errno, "cannot set the mode of '%s'", path);
    return check_directory(path, fd, err);
}

int directories_prepare(const struct lifecycle *life, struct verror *err)
{
    const struct {
        const char *path;
        mode_t mode;
    } directories[] = {
        { life->daemon.state_dir, 0700 },
        { life->daemon.runtime_dir, life->daemon.session ? 0700 : 0755 }, /* sockets for all */
        { life->daemon.log_dir, 0700 },
    };
    mode_t parents = life->daemon.session ? 0700 : 0755; /* the XDG rules ask for 0700 */

    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (directory_prepare(directories[i].path, directories[i].mode, parents, err) < 0)
            return -1;
    return 0;
}
