/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one thread that forks, and what happens between fork and exec.  Private
 * to child.c; child_start and child_stop (child.h) are here too.
 */
#ifndef VIRTJOBD_CHILD_SPAWN_H
#define VIRTJOBD_CHILD_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* All prepared by the asking worker: after fork only async-signal-safe calls are allowed. */
struct child_exec {
    const char *path; /* of the program */
    char *const *argv;
    char *const *envp;
    int in, out, err; /* become 0, 1 and 2 */
    int status;       /* write end of a pipe: errno of a failed exec, else closed by exec */
    const int *keep_fds;
    size_t nkeep_fds;
};

/* The pid, or -errno.  Any thread but the spawning one. */
pid_t child_spawn(const struct child_exec *exec);

#endif
