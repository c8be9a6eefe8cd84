/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one thread that forks, and what happens between fork and exec.  For
 * child.c and for guests' QEMU (hypervisor/qemu/process.c); child_start and
 * child_stop (child.h) are here too.
 */
#ifndef VIRTJOBD_CHILD_SPAWN_H
#define VIRTJOBD_CHILD_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a program that is to outlive the daemon gets besides. */
struct child_detach {
    const char *cwd;
    int listen_fd;      /* listened on as the new user, so that SO_PEERCRED names it; -1 = none */
    bool change_user;   /* to these: */
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t ngroups;
};

/* All prepared by the asking worker: after fork only async-signal-safe calls are allowed. */
struct child_exec {
    const char *path; /* of the program */
    char *const *argv;
    char *const *envp;
    int in, out, err; /* become 0, 1 and 2 */
    int status;       /* write end of a pipe: a struct child_failure, else closed by exec */
    const int *keep_fds;
    size_t nkeep_fds;
    bool outlives; /* not killed with the daemon */
    /* NULL: a process group of its own, and but for that killed with the daemon */
    const struct child_detach *detach;
};

enum child_step {
    CHILD_STEP_FDS = 0,
    CHILD_STEP_CWD,
    CHILD_STEP_USER,
    CHILD_STEP_LISTEN,
    CHILD_STEP_EXEC,
    CHILD_STEP_MAX
};

struct child_failure {
    int errnum;
    enum child_step step;
};

/* The pid, or -errno.  Any thread but the spawning one. */
pid_t child_spawn(const struct child_exec *exec);

/*
 * Waits until pid has executed its program: 0.  -1: it could not; *ret_failure says
 * why, and it has been reaped.  status: the read end of the pipe, whose write end the caller has
 * closed.
 */
int child_await_exec(pid_t pid, int status, struct child_failure *ret_failure);

/* "enter its directory", for a message. */
const char *child_step_name(enum child_step step);

#endif
