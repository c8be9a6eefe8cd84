/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others may ask of a job: cancel it, wait for its end.  Loop thread. */

#include "jobs/job_internal.h"
#include "util/alloc.h"

struct cancel_request {
    void (*done)(void *opaque, struct verror *err);
    void *opaque;
};

static void cancel_durable_cb(void *opaque, struct verror *err)
{
    struct cancel_request *request = opaque;

    request->done(request->opaque, err);
    free(request);
}

static void journal_cancel(struct job *job, void (*done)(void *opaque, struct verror *err),
                           void *opaque)
{
    struct cancel_request *request = XNEW(struct cancel_request);
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    *request = (struct cancel_request){ .done = done, .opaque = opaque };
    store_set_cancel_asked(txn, job->id);
    store_commit(txn, cancel_durable_cb, request);
}

/* Which verbs a state takes: NULL = it may be cancelled, else why not. */
static const char *const cancel_refusal[JOB_STATE_MAX] = {
    [JOB_NEW] = "has not been accepted yet",
    [JOB_FINISHING] = "is past its point of no return",
    [JOB_COMPLETE] = "has already completed",
    [JOB_FAILED] = "has already failed",
    [JOB_CANCELLED] = "has already been cancelled",
};

static const char *why_not_cancel(const struct job *job)
{
    /* decided already: its failure is being undone */
    if (job->outcome == JOB_FAILED && !job_state_is_ended(job->state))
        return "has failed and is being undone";
    return cancel_refusal[job->finishing ? JOB_FINISHING : job->state];
}

int job_cancel(struct job *job, void (*done)(void *opaque, struct verror *err), void *opaque,
               struct verror *err)
{
    const char *refusal = why_not_cancel(job);

    if (refusal)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "job %llu (%s) %s",
                          (unsigned long long)job->id, job->title, refusal);
    journal_cancel(job, done, opaque);
    if (job->state == JOB_CANCELLING)
        return 0;
    job_set_state(job, JOB_CANCELLING);
    job_ctl_cancel(&job->ctl);
    if (!job->recovering && !job->unrecovered && /* else it is found out first what is left */
        (!job->working || workers_withdraw(job->jobs->daemon->workers, &job->work))) {
        /* it had not begun: nothing but its visible object to take back */
        job->working = false;
        job_undo(job, JOB_CANCELLED);
    }
    return 0;
}

void job_wait(struct job *job, struct job_waiter *waiter)
{
    waiter->prev = NULL;
    waiter->next = job->waiters;
    if (waiter->next)
        waiter->next->prev = waiter;
    job->waiters = waiter;
}

void job_unwait(struct job *job, struct job_waiter *waiter)
{
    if (waiter->prev)
        waiter->prev->next = waiter->next;
    else
        job->waiters = waiter->next;
    if (waiter->next)
        waiter->next->prev = waiter->prev;
}
