/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a call to work that ends later: a job whose start or end answers the
 * call, or a piece of work on a worker (parsing what the client sent, a look
 * at a disk).  Loop thread.
 */
#ifndef VIRTJOBD_JOB_CALL_H
#define VIRTJOBD_JOB_CALL_H

#include "calls/call.h"
#include "jobs/job.h"

/* The async bit: a call answered at once, or when the job has ended. */
#define CALL_ASYNC VIRTJOB_ASYNC_BIT

/*
 * Starts the job for a pending call.  async: call->ret goes out once the job
 * is accepted; else once it has ended well.  fill (may be NULL) completes call->ret
 * right before.  request's callbacks are set here.
 */
void call_start_job(struct call *call, struct job_request *request, bool async,
                    void (*fill)(struct call *call));

/* -1 with call->err: its client may start no more jobs for now. */
int call_check_client_jobs(struct call *call);

/* The same, answered once what the job is about is under way; see job_begun(). */
void call_start_begun_job(struct call *call, struct job_request *request);

/* Cancels a job for the client of call, and records it.  CALL_PENDING or -1, for a handler. */
int call_cancel_job(struct call *call, struct job *job);
/* For what answers a pending call (opaque) once it is on disk, or could not be written. */
void call_durable_cb(void *opaque, struct verror *err);

/*
 * Runs work for a pending call on a worker, then then on the loop, which
 * answers or starts a job.  input belongs to the work; free_input (may be NULL) is
 * called in the end.  key as in workers_submit, copied.
 */
struct offload {
    struct work base;
    struct call *call;
    enum lane lane; /* control, if it is not said */
    char *key;
    void *input;
    void (*free_input)(void *input);
    int (*work)(void *input, struct verror *err);      /* worker */
    void (*then)(struct call *call, void *input);      /* loop, work returned 0 */
    /* A look at a disk: after a second the call is answered by late instead; NULL = no limit. */
    void (*late)(struct call *call, void *input);
    struct event *timer;
    bool answered;
    int rc;
    struct verror err;
};
void call_offload(struct call *call, const struct offload *offload);

#endif
