/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What others may ask of a job: cancel it, limit it, wait for its end.  Loop thread. */

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/log.h"

struct verb_request {
    struct jobs *jobs;
    uint64_t job_id;
    void (*done)(void *opaque, struct verror *err);
    void *opaque;
};

static void verb_durable_cb(void *opaque, struct verror *err)
{
    struct verb_request *request = opaque;
    struct job *job = err->code ? NULL : jobs_find_id(request->jobs, request->job_id);

    request->done(request->opaque, err);
    if (job && !job_state_is_ended(job->state)) /* else its end has been told */
        job_tell(job, VIR_JOB_EVENT_PROGRESS);
    free(request);
}

/* Of what was asked for; done is called once that is on disk. */
static void verb_commit(const struct job *job, struct store_txn *txn,
                        void (*done)(void *opaque, struct verror *err), void *opaque)
{
    struct verb_request *request = XNEW(struct verb_request);

    *request = (struct verb_request){ job->jobs, job->id, done, opaque };
    store_commit(txn, verb_durable_cb, request);
}

static void journal_cancel(struct job *job, void (*done)(void *opaque, struct verror *err),
                           void *opaque)
{
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    store_set_cancel_asked(txn, job->id);
    verb_commit(job, txn, done, opaque);
}

/* Which verbs a state takes: NULL = it may be cancelled, else why not. */
static const char *const cancel_refusal[JOB_STATE_MAX] = {
    [JOB_NEW] = "has not been accepted yet",
    [JOB_FINISHING] = "is past its point of no return",
    [JOB_COMPLETE] = "has already completed",
    [JOB_FAILED] = "has already failed",
    [JOB_CANCELLED] = "has already been cancelled",
};

/* Its failure is decided already. */
static bool has_failed(const struct job *job)
{
    return job->outcome == JOB_FAILED && !job_state_is_ended(job->state);
}

bool job_is_being_undone(const struct job *job)
{
    return job->state == JOB_CANCELLING || has_failed(job);
}

static const char *why_not_cancel(const struct job *job)
{
    if (job->unjournalled && job->outcome != JOB_CANCELLED)
        return "is done and only waits for the journal";
    if (has_failed(job))
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
    job->locks.is_long &= !job->kind->ends_soon;
    job_ctl_cancel(&job->ctl);
    if (!job->recovering && !job->unrecovered && /* else it is found out first what is left */
        (!job->working || workers_withdraw(job->jobs->daemon->workers, &job->work))) {
        /* it had not begun: nothing but its visible object to take back */
        job->working = false;
        job_undo(job, JOB_CANCELLED);
    }
    return 0;
}

/* --- how fast, and whether at all --- */

/* NULL: it keeps to that limit. */
static const char *why_unlimited(const struct job *job, enum job_limit limit)
{
    if (!job->kind->unlimited)
        return "it does not move a volume's or a guest's bytes";
    return job->spec ? job->kind->unlimited(job->spec, limit) : "nothing is known of its work";
}

static int check_limit(const struct job *job, enum job_limit limit, struct verror *err)
{
    static const char *const what[] = { [JOB_LIMIT_SPEED] = "takes no speed",
                                        [JOB_LIMIT_PAUSE] = "cannot be paused" };
    const char *refusal =
        job->state == JOB_CANCELLING ? "is being cancelled" : why_not_cancel(job);

    if (refusal)
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "job %llu (%s) %s",
                          (unsigned long long)job->id, job->title, refusal);
    refusal = why_unlimited(job, limit);
    if (refusal)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED, "job %llu (%s) %s: %s",
                          (unsigned long long)job->id, job->title, what[limit], refusal);
    return 0;
}

static void journal_pace(struct job *job, void (*done)(void *opaque, struct verror *err),
                         void *opaque)
{
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    store_set_pace(txn, job->id, job_ctl_speed(&job->ctl), job_ctl_paused(&job->ctl));
    verb_commit(job, txn, done, opaque);
}

bool job_takes_speed(const struct job *job)
{
    return !why_unlimited(job, JOB_LIMIT_SPEED);
}

int job_set_speed(struct job *job, uint64_t speed,
                  void (*done)(void *opaque, struct verror *err), void *opaque,
                  struct verror *err)
{
    if (check_limit(job, JOB_LIMIT_SPEED, err) < 0)
        return -1;
    log_job(LOG_INFO_, job->id, job->title, "speed %llu bytes a second%s",
            (unsigned long long)speed, speed ? "" : ": no limit");
    job_ctl_set_speed(&job->ctl, speed);
    journal_pace(job, done, opaque);
    return 0;
}

int job_set_paused(struct job *job, bool paused,
                   void (*done)(void *opaque, struct verror *err), void *opaque,
                   struct verror *err)
{
    if (check_limit(job, JOB_LIMIT_PAUSE, err) < 0)
        return -1;
    log_job(LOG_INFO_, job->id, job->title, "%s", paused ? "paused" : "resumed");
    if (job_ctl_paused(&job->ctl) && !paused) { /* the pause is no part of its average */
        job->rate = (struct job_rate){ .at_ms = 0 };
        job_sample_rate(job);
    }
    job_ctl_set_paused(&job->ctl, paused);
    journal_pace(job, done, opaque);
    return 0;
}

void job_begun(struct job *job)
{
    for (struct job_party *party = job->parties; party; party = party->next) {
        void (*begun)(void *opaque, struct job *job) = party->begun;

        party->begun = NULL;
        if (begun)
            begun(party->opaque, job);
    }
}

void job_abandon(struct job *job)
{
    job_ctl_abandon(&job->ctl);
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
