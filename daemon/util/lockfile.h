/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files whose lock says that a daemon runs, and whose content says which.  Any thread. */
#ifndef VIRTJOBD_LOCKFILE_H
#define VIRTJOBD_LOCKFILE_H

enum { LOCKFILE_PID_SIZE = 32 };

/*
 * Locks it until fd and its duplicates are closed.  A daemon that was killed may have left a child
 * between fork() and exec(), which still has the lock: so it is waited for, but not for long.
 * 0 or -errno; -EWOULDBLOCK: another daemon has it, whose pid, or "", is in ret_pid.
 */
int lockfile_take(int fd, char ret_pid[static LOCKFILE_PID_SIZE]);

#endif
