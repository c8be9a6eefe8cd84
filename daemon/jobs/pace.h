/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a worker keeps to the speed and the pause of its job: a token bucket that
 * holds a tenth of a second, so that bytes go out evenly.  It counts what was
 * moved, and waits before the next piece; a change, a resume or a cancel wakes it
 * at once.  Lives on the stack of the worker; without a limit it costs two loads.
 */
#ifndef VIRTJOBD_PACE_H
#define VIRTJOBD_PACE_H

#include "jobs/ctl.h"

struct job_pace {
    int64_t at_us;  /* of the last look, monotonic */
    uint64_t speed; /* then: a new one begins with an empty ledger */
    double owed;    /* bytes moved ahead of time; below 0: saved up */
};

/* So many bytes have been moved. */
void job_pace_moved(struct job_pace *pace, uint64_t bytes);

/*
 * Milliseconds before the next piece: 0 = now, -1 = not before a change.  For those who poll
 * for more than this; they have to look again when job_ctl_pace_fd() is readable,
 * after job_pace_seen().
 */
int job_pace_delay(struct job_pace *pace, const struct job_ctl *ctl);
/* The change that made the descriptor readable is known. */
void job_pace_seen(int pace_fd);

/* So long, or until a change; 0, or -1 with err: cancelled (VIR_ERR_OPERATION_ABORTED). */
int job_pace_sleep(struct job_ctl *ctl, int delay, struct verror *err);
/* Both, until the next piece may be moved; 0, or -1 with err: cancelled
   (VIR_ERR_OPERATION_ABORTED). */
int job_pace_wait(struct job_pace *pace, struct job_ctl *ctl, struct verror *err);

/* How much of a piece to move at once, so that what follows does not wait for long. */
uint64_t job_pace_piece(const struct job_ctl *ctl, uint64_t length);

#endif
