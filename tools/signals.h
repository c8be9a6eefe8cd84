/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGINT and SIGTERM as bytes in a pipe, so that a wait can act on them where
 * it stands.
 */
#ifndef VIRTJOB_SIGNALS_H
#define VIRTJOB_SIGNALS_H

#include <stdbool.h>

/*
 * From here on the two signals are caught; one that is ignored stays so.  The
 * third that comes ends the process at once: the way out when the daemon
 * answers no more.  left: what is said then of that which it leaves.
 */
int signals_catch(const char *left);
#define SIGNALS_JOB_LEFT "a job that was started goes on"
/* Signals that came since the last call; never blocks. */
unsigned int signals_take(void);
/* Waits for one, so many milliseconds at most; it is still to be taken. */
bool signals_wait(int timeout_ms);
/* Waits for one, which it takes, or until fd is readable, which is false. */
bool signals_wait_beside(int fd);

#endif
