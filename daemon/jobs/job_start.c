/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road of a job up to its acceptance, on the loop thread:
 *
 *   job_start -> locks -> check -> prepare* -> locks -> admit -> journal -> accepted
 *                                                     (* on a worker)
 *
 * A refusal on it leaves no job behind, and the call fails; see job_run.c for
 * what comes then.
 */

#include <event2/event.h>

#include "config.h"
#include "jobs/job_internal.h"
#include "util/alloc.h"

/* --- before it is accepted --- */

void job_tell_refused(struct job *job)
{
    struct job_party *party = STEAL_PTR(job->parties);

    while (party) {
        struct job_party *next = party->next;

        party->refused(party->opaque, &job->err);
        free(party);
        party = next;
    }
}

/* Never accepted: tell who asked, leave nothing. */
static void job_refuse(struct job *job)
{
    struct jobs *jobs = job->jobs;

    if (job->kind->ended)
        job->kind->ended(job->spec, false);
    locks_release(jobs->locks, &job->locks);
    job_tell_refused(job);
    job_free(job);
    jobs_check_stopped(jobs);
}

void job_refuse_stopping(struct job *job)
{
    verror_set(&job->err, VIR_ERR_OPERATION_INVALID, "virtjobd is stopping");
    job_refuse(job);
}

static char *describe_job(struct lock_hold *hold)
{
    struct job *job = container_of(hold, struct job, locks);
    struct job_snapshot snapshot;

    if (!job->id)
        return xasprintf("%s, started by %s, is under way", job->title, job->started_by);
    job_snapshot(job, &snapshot);
    return xasprintf("job %llu (%s), started by %s, is at %d %%%s", (unsigned long long)job->id,
                     job->title, job->started_by, snapshot.percent,
                     job->unjournalled ? " and waits for the journal to be written" : "");
}

static void describe_blocker(struct job *job, struct lock_hold *blocker)
{
    _cleanup_free_ char *object = job_object_title(job->object_kind, job->name, job->pool);
    _cleanup_free_ char *other = blocker->describe(blocker);

    verror_set(&job->err, VIR_ERR_OPERATION_INVALID, "%s is busy: %s", object, other);
}

static int prepare_step(struct job *job)
{
    return job->kind->prepare(job->spec, &job->step_err);
}

/* What it was known to need is from an earlier look: what counts is what prepare has found. */
static int job_lock_again(struct job *job)
{
    struct lock_hold fresh = { 0 }, *blocker = NULL;

    job->kind->locks(job->spec, &fresh);
    if (locks_exchange(job->jobs->locks, &job->locks, &fresh, &blocker) == LOCK_GRANTED)
        return 0;
    describe_blocker(job, blocker);
    return -1;
}

static void prepared_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    if (job_step_take(job) < 0 || job_lock_again(job) < 0)
        job_refuse(job);
    else if (job->jobs->stopping)
        job_refuse_stopping(job);
    else if (job->kind->admit && job->kind->admit(job->spec, &job->err) < 0)
        job_refuse(job);
    else
        job_accept(job);
}

/* Locks are held. */
static void job_check(struct job *job)
{
    if (job->kind->check && job->kind->check(job->spec, &job->err) < 0)
        job_refuse(job);
    else if (job->kind->prepare)
        job_submit(job, LANE_CONTROL, prepare_step, prepared_cb);
    else
        job_accept(job);
}

static void lock_timeout_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct job *job = opaque;

    (void)fd;
    (void)what;
    verror_set(&job->err, VIR_ERR_OPERATION_TIMEOUT,
               "%s: another operation on it has not ended within %u seconds", job->title,
               job->jobs->daemon->config->job_wait_seconds);
    job_refuse(job);
}

static void job_wait_for_locks(struct job *job)
{
    struct timeval wait = { .tv_sec = job->jobs->daemon->config->job_wait_seconds };

    job->lock_timer = evtimer_new(job->jobs->daemon->base, lock_timeout_cb, job);
    evtimer_add(job->lock_timer, &wait);
}

static void locks_granted_cb(struct lock_hold *hold)
{
    struct job *job = container_of(hold, struct job, locks);

    job_stop_lock_timer(job);
    if (job->unrecovered)
        job_recover(job);
    else if (job->state == JOB_NEW && !job->kind->joins_queue)
        job_check(job);
    else if (job->state == JOB_QUEUED)
        job_run(job);
    /* else its journal entry is still on its way, and it runs from there */
}

void job_arm(struct job *job)
{
    job->kind->locks(job->spec, &job->locks);
    job->locks.is_long = job->kind->is_long;
    job->locks.granted = locks_granted_cb;
    job->locks.describe = describe_job;
    if (job->asked)
        job->ctl.journal = &job_ctl_journal;
}

/* --- the request --- */

static void job_add_party(struct job *job, const struct job_request *request)
{
    struct job_party *party = XNEW(struct job_party), **last = &job->parties;

    *party = (struct job_party){ .accepted = request->accepted,
                                 .refused = request->refused,
                                 .begun = request->begun,
                                 .ended = request->ended,
                                 .opaque = request->opaque };
    while (*last)
        last = &(*last)->next;
    *last = party;
}

/* One like it waits already: whoever asks again shares that one. */
static struct job *find_joinable(struct jobs *jobs, const struct job_request *request)
{
    if (!request->kind->joins_queue)
        return NULL;
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (job->kind == request->kind && job->state <= JOB_QUEUED && job->locks.waiting &&
            strcmp(job->uuid, request->uuid) == 0)
            return job;
    }
    return NULL;
}

static struct job *job_from_request(struct jobs *jobs, struct job_request *request)
{
    struct job *job = job_new(jobs, request->kind);
    _cleanup_free_ char *object =
        job_object_title(request->object_kind, request->name, request->pool);

    job->asked = request->kind->is_long || request->async;
    job->id = job->asked ? jobs->next_id++ : 0;
    job->object_kind = request->object_kind;
    job->name = xstrdup(request->name);
    job->pool = xstrdup(request->pool);
    job->uuid = xstrdup(request->uuid);
    job->started_by = xstrdup(request->started_by);
    job->share = xstrdup(request->share);
    job->key = job_object_key(request->object_kind, request->name, request->pool, request->uuid);
    job->title = xasprintf("%s of %s", request->kind->name, object);
    job->spec = request->spec;
    if (request->speed && job_takes_speed(job))
        job_ctl_set_speed(&job->ctl, request->speed);
    job_arm(job);
    job_add_party(job, request);
    jobs_add_active(job);
    return job;
}

static void job_join(struct job *job, struct job_request *request)
{
    job_add_party(job, request);
    request->kind->spec_free(request->spec);
    /* while it is being journalled, the newcomer is told together with the first */
    if (job->state != JOB_NEW && request->accepted)
        request->accepted(request->opaque, job);
}

void job_start(struct jobs *jobs, struct job_request *request)
{
    struct job *job = jobs->stopping ? NULL : find_joinable(jobs, request);
    struct lock_hold *blocker = NULL;

    if (job) {
        job_join(job, request);
        return;
    }
    job = job_from_request(jobs, request);
    if (jobs->stopping) {
        job_refuse_stopping(job);
        return;
    }
    switch (locks_acquire(jobs->locks, &job->locks, &blocker)) {
    case LOCK_GRANTED:
        job_check(job);
        break;
    case LOCK_WAITS:
        if (job->kind->joins_queue)
            job_accept(job);
        else
            job_wait_for_locks(job);
        break;
    case LOCK_REFUSED:
        describe_blocker(job, blocker);
        job_refuse(job);
        break;
    }
}

/* --- accepted --- */

static void job_accepted(struct job *job)
{
    struct job_party *party = job->parties;

    jobs_register(job);
    job_set_state(job, JOB_QUEUED);
    while (party) {
        struct job_party *next = party->next;

        if (party->accepted)
            party->accepted(party->opaque, job);
        party = next;
    }
    job_tell(job, VIR_JOB_EVENT_STARTED);
    if (job->locks.held && job->state == JOB_QUEUED)
        job_run(job);
}

static void journalled_cb(void *opaque, struct verror *err)
{
    struct job *job = opaque;

    if (err->code) {
        verror_move(&job->err, err);
        job_refuse(job);
    } else {
        job_accepted(job);
    }
}

void job_accept(struct job *job)
{
    struct store_txn *txn;

    job->queued_at = clock_wall_ms();
    if (job->kind->accepted)
        job->kind->accepted(job->spec, job->id);
    if (!job->asked) {
        job_accepted(job);
        return;
    }
    txn = store_begin(job->jobs->daemon->store);
    job->outcome = JOB_QUEUED;
    job_row_put(job, txn);
    store_commit(txn, journalled_cb, job);
}
