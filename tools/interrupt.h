/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first signal while a command moves the bytes of a job itself: its thread
 * may be in a call of the library that only the end of that job ends.  A second
 * thread waits for the signal, and cancels the job where the first one, which
 * looks here between two pieces, does not end it.
 */
#ifndef VIRTJOB_INTERRUPT_H
#define VIRTJOB_INTERRUPT_H

#include <pthread.h>

#include "tools/cli.h"

struct interrupt {
    const struct cli *cli;
    unsigned long long job; /* 0: not known, it cannot be cancelled */
    int seen_fd;            /* readable: a signal has come */
    int over_fd;            /* readable: the job is over */
    pthread_t thread;
};

/* After signals_catch(); a signal that has come since counts.  0 or -errno. */
int interrupt_start(struct interrupt *interrupt, const struct cli *cli, unsigned long long job);
bool interrupt_seen(const struct interrupt *interrupt);
/* Until fd has one of the events (true), or a signal has come. */
bool interrupt_wait(const struct interrupt *interrupt, int fd, short events);
/* Once the job is over: waits for the thread. */
void interrupt_stop(struct interrupt *interrupt);

#endif
