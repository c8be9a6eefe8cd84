/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Child processes (qemu-img and the like): argv arrays, never a shell; stdin
 * from /dev/null or a text, stderr's tail kept for the error, their output read line by
 * line; killed on cancel, always reaped.  Forked only from one thread that
 * lives as long as the daemon (PR_SET_PDEATHSIG goes by thread).
 */
#ifndef VIRTJOBD_CHILD_H
#define VIRTJOBD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "jobs/ctl.h"
#include "util/verror.h"

struct child_spec {
    const char *const *argv; /* argv[0] is looked up in PATH */
    const int *keep_fds;     /* inherited under the same number, which argv names as /dev/fd/N */
    size_t nkeep_fds;
    /* Each piece of stdout that ends in \n or \r, NUL-terminated; may be NULL. */
    void (*line)(void *opaque, char *line);
    void *opaque;
    size_t line_max;   /* of such a piece; what is longer loses its end.  0: 4096 */
    size_t output_max; /* of stdout; more of it and the child is killed.  0: any */
    int timeout_ms;    /* then it is killed.  0: never */
    bool paced;        /* it moves the job's bytes: keeps to its speed and pause */
    /*
     * It may outlive the daemon, and the next one does not kill it: what it is in the middle of
     * would be spoilt.  Who has it done again waits for it by a lock that it has inherited.
     */
    bool outlives;
    /* What it finds on its stdin, which then stays open; fits a pipe (64 KiB).  NULL: nothing */
    const char *input;
    /*
     * Asked after each line: has it said all?  Then it also gets farewell, once: one that leaves
     * does not wait until its last words have been read.  NULL: nothing.
     */
    bool (*enough)(void *opaque);
    const char *farewell;
};

/*
 * Runs it to its end on the calling worker.  0; -1 with err: it cannot be
 * started, was cancelled (VIR_ERR_OPERATION_ABORTED; killed and reaped), took too long
 * (VIR_ERR_OPERATION_TIMEOUT; likewise), said too much, ended with a status other
 * than 0 or by a signal (VIR_ERR_OPERATION_FAILED naming the program and the last
 * line of its stderr; err->output has the tail of it).
 * Its pid is journalled through ctl while it lives, unless it outlives the daemon.
 */
int child_run(const struct child_spec *spec, struct job_ctl *ctl, struct verror *err);

/*
 * After a restart: kills the child a dead daemon left behind, if it is still
 * that process (pid, start time in clock ticks since boot, boot id), and waits for its
 * end.
 */
void child_kill_stray(pid_t pid, uint64_t start, const char *boot);
uint64_t child_start_time(pid_t pid); /* 0 = gone */
/* Clock ticks: when it started, since boot; what it has used.  false = gone. */
struct child_times {
    uint64_t start, cpu;
};
bool child_times(pid_t pid, struct child_times *ret_times);
const char *child_boot_id(void);      /* static text, "" where unknown */

/* The spawning thread; once each, by main. */
int child_start(struct verror *err);
void child_stop(void);

#endif
