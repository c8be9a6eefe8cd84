/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps a child to the speed and the pause of its job, as no program has a way to
 * be told another speed while it runs: it is stopped (SIGSTOP) while it is ahead of
 * its time, and continued.  What it has moved is what the kernel has counted for it.
 * The worker that runs the child.
 */
#ifndef VIRTJOBD_CHILD_PACE_H
#define VIRTJOBD_CHILD_PACE_H

#include <sys/types.h>

#include "jobs/pace.h"

struct child_pace {
    struct job_ctl *ctl;
    pid_t pid;      /* of it and of its group */
    int io_fd;      /* its counters, or -1 */
    int change_fd;  /* for poll(): look again */
    uint64_t moved; /* bytes at the last look */
    bool stopped;
    struct job_pace pace;
};

/* pace_fd: of job_ctl_pace_fd().  io_fd is the caller's to close. */
void child_pace_open(struct child_pace *pace, pid_t pid, struct job_ctl *ctl, int pace_fd);
/* Stops or continues it.  Milliseconds until the next look, -1 = not before a change. */
int child_pace_look(struct child_pace *pace);

#endif
