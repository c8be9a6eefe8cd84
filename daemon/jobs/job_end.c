/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a job, on the loop thread: its outcome goes to disk, and only then is told.  Where
 * the disk does not take it, what was done is done all the same, but the journal would have the
 * next daemon do it again, over what others have made of it since.  So the job does not end: it
 * keeps its state and its locks, and its outcome is handed in again, with those of all others by
 * one timer, at growing intervals.
 */

#include <event2/event.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/log.h"

enum { RETRY_FIRST_MS = 250, RETRY_MAX_MS = 8000 };

void job_answer(struct job *job, struct job_party *party)
{
    while (party) {
        struct job_party *next = party->next;

        if (party->ended)
            party->ended(party->opaque, job);
        free(party);
        party = next;
    }
}

/* Tells everyone, in the order of the design: objects, locks, the caller, those who wait. */
static void job_tell_end(struct job *job, bool done)
{
    struct job_party *party = job->parties;

    job->parties = NULL;
    if (job->kind->ended)
        job->kind->ended(job->spec, done);
    if (job->spec)
        job->kind->spec_free(STEAL_PTR(job->spec));
    free(STEAL_PTR(job->checkpoint));
    job_ctl_done(&job->ctl); /* as the last of its object it may stay for long */
    locks_release(job->jobs->locks, &job->finish_locks);
    locks_release(job->jobs->locks, &job->locks);
    job_answer(job, party);
    while (job->waiters) {
        struct job_waiter *waiter = job->waiters;

        job_unwait(job, waiter);
        waiter->ended(waiter, job);
    }
}

static void job_ended(struct job *job)
{
    if (job->unjournalled) {
        log_job(LOG_INFO_, job->id, job->title, "its outcome has been journalled");
        job->jobs->retry_ms = 0; /* the disk takes it again */
        free(STEAL_PTR(job->unjournalled));
    }
    job_set_state(job, job->outcome);
    job_tell_end(job, job->outcome == JOB_COMPLETE || job->took_effect);
    job_tell(job, VIR_JOB_EVENT_ENDED);
    jobs_end_active(job); /* may free it */
}

/* --- the journal cannot be written --- */

void jobs_retry_outcomes(struct jobs *jobs)
{
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (!job->outcome_due || job->parked)
            continue;
        job->outcome_due = false;
        job_end(job, job->outcome); /* they share a transaction, and answer later */
    }
}

static void retry_cb(evutil_socket_t fd, short what, void *opaque)
{
    (void)fd;
    (void)what;
    jobs_retry_outcomes(opaque);
}

static void retry_later(struct jobs *jobs)
{
    struct timeval pause;

    if (!jobs->retry_timer)
        jobs->retry_timer = evtimer_new(jobs->daemon->base, retry_cb, jobs);
    if (!jobs->retry_timer)
        abort(); /* memory is out */
    if (evtimer_pending(jobs->retry_timer, NULL))
        return;
    jobs->retry_ms = jobs->retry_ms ? jobs->retry_ms * 2 : RETRY_FIRST_MS;
    if (jobs->retry_ms > RETRY_MAX_MS)
        jobs->retry_ms = RETRY_MAX_MS;
    pause = (struct timeval){ .tv_sec = jobs->retry_ms / 1000,
                              .tv_usec = (suseconds_t)(jobs->retry_ms % 1000) * 1000 };
    evtimer_add(jobs->retry_timer, &pause);
}

static void job_end_later(struct job *job, const struct verror *err)
{
    job->ended_at = 0;
    job->outcome_due = true;
    job->locks.is_long = job->kind->is_long; /* one that ends soon does not: nobody is to wait */
    if (!job->unjournalled) {
        log_job(LOG_ERROR_, job->id, job->title,
                "the outcome '%s' could not be journalled, it is tried until it can: %s",
                job_state_name(job->outcome), verror_text(err));
        job->unjournalled = xstrdup(verror_text(err));
        job_tell(job, VIR_JOB_EVENT_PROGRESS);
    }
    retry_later(job->jobs);
}

/*
 * What its kind has put in with it is refused.  What the disk shows has happened; what only the
 * store would know has not.  One that nobody can ask for ends the same way when the disk is full:
 * its caller gets the error, and the journal knows nothing of it that could be done again.
 */
static void job_end_refused(struct job *job, struct verror *err)
{
    verror_move(&job->err, err);
    job->took_effect = job->kind->publish;
    if (job->took_effect)
        job_end(job, JOB_FAILED);
    else
        job_undo(job, JOB_FAILED);
}

static void outcome_durable_cb(void *opaque, struct verror *err)
{
    struct job *job = opaque;
    bool with_rows = job->outcome == JOB_COMPLETE && job->kind->commit;

    if (!err->code)
        job_ended(job);
    else if (with_rows && (!job->asked || store_has_refused(err)))
        job_end_refused(job, err);
    else
        job_end_later(job, err);
}

void job_end(struct job *job, enum job_state outcome)
{
    struct store_txn *txn;
    bool to_store = job->asked || (outcome == JOB_COMPLETE && job->kind->commit);

    job->outcome = outcome;
    job->ended_at = clock_wall_ms();
    if (!to_store) {
        job_ended(job);
        return;
    }
    txn = store_begin(job->jobs->daemon->store);
    if (outcome == JOB_COMPLETE && job->kind->commit)
        job->kind->commit(job->spec, txn);
    if (job->asked)
        job_row_put(job, txn);
    store_commit(txn, outcome_durable_cb, job);
}
