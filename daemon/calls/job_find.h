/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose job a call of the JOB program means.  Running jobs and the last one of
 * each object are in memory; by its id one may also be in the history.  Loop thread.
 */
#ifndef VIRTJOBD_JOB_FIND_H
#define VIRTJOBD_JOB_FIND_H

#include "calls/call.h"
#include "jobs/job.h"
#include "protocol/job.h"
#include "store/store.h"

/* Completes call->ret from what is known of the job; may take texts out of row. */
typedef void (*job_fill_fn)(struct call *call, struct store_job *row,
                            const struct job_snapshot *snapshot);

/*
 * The job in memory.  NULL with call->err set: there is none; NULL without: it was
 * asked for by an id that only the history may know, see call_look_in_history().
 */
struct job *call_find_job(struct call *call, const struct job_target *target);

/* CALL_PENDING: answers the call by a row of the history; fill NULL: an ended job is an error. */
int call_look_in_history(struct call *call, uint64_t id, job_fill_fn fill);

#endif
