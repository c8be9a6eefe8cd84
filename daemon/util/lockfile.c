/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks of files; see lockfile.h.  Owns no state. */

#include "util/lockfile.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TRIES = 100, PAUSE_MS = 10 };

static void read_pid(int fd, char pid[static LOCKFILE_PID_SIZE])
{
    ssize_t len = pread(fd, pid, LOCKFILE_PID_SIZE - 1, 0);

    pid[len > 0 ? len : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
}

int lockfile_take(int fd, char ret_pid[static LOCKFILE_PID_SIZE])
{
    for (int left = TRIES; flock(fd, LOCK_EX | LOCK_NB) < 0; left--) {
        if (errno != EWOULDBLOCK)
            return -errno;
        if (left == 0) {
            read_pid(fd, ret_pid);
            return -EWOULDBLOCK;
        }
        (void)poll(NULL, 0, PAUSE_MS);
    }
    return 0;
}
