/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pid file: its lock, not its content, says that a daemon runs.  Start-up and exit. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle.h"
#include "util/lockfile.h"

/* A daemon that exits removes the file: what we locked must be what has the name. */
static bool is_current(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

int pidfile_take(const char *path, struct verror *err)
{
    for (;;) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        char pid[LOCKFILE_PID_SIZE];
        int r;

        if (fd < 0)
            return verror_errno(err, errno, "cannot open pid file '%s'", path);
        r = lockfile_take(fd, pid);
        if (r == -EWOULDBLOCK)
            return verror_set(err, VIR_ERR_OPERATION_INVALID,
                              "another virtjobd runs already (pid %s, pid file '%s')",
                              *pid ? pid : "unknown", path);
        if (r < 0)
            return verror_errno(err, -r, "cannot lock pid file '%s'", path);
        if (!is_current(fd, path))
            continue;
        if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
            return verror_errno(err, errno, "cannot write pid file '%s'", path);
        return steal_fd(&fd);
    }
}

void pidfile_release(const char *path, int fd)
{
    if (is_current(fd, path))
        (void)unlink(path); /* one that stays behind is taken over by the next daemon */
    (void)close(fd);        /* nothing was written that a failed close could lose */
}
