/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road of a job, step by step, on the loop thread:
 *
 *   job_start -> locks -> check -> prepare* -> accept -> journal -> accepted
 *     -> run* -> publish* -> journal the outcome -> ended
 *                `-> undo* -------^      (* on a worker)
 *
 * Each step names the next; a refusal before "accepted" leaves no job behind,
 * everything after it lives in the job.
 */

#include "jobs/job.h"

#include <assert.h>
#include <event2/event.h>

#include "config.h"
#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/log.h"

/* --- journal entries that a worker makes --- */

static void put_progress(struct job *job, struct store_txn *txn)
{
    store_set_progress(txn, job->id,
                       atomic_load_explicit(&job->ctl.done, memory_order_relaxed),
                       atomic_load_explicit(&job->ctl.total, memory_order_relaxed),
                       job_running_ms(job));
}

static void journal_checkpoint(void *opaque, const char *json)
{
    struct job *job = opaque;
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    store_set_checkpoint(txn, job->id, json);
    put_progress(job, txn);
    store_commit(txn, NULL, NULL); /* a lost resume point only costs time */
}

static void journal_child(void *opaque, pid_t pid)
{
    struct job *job = opaque;
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    store_set_child(txn, job->id, pid, pid ? child_start_time(pid) : 0, child_boot_id());
    store_commit(txn, NULL, NULL); /* PDEATHSIG is the first net, this the second */
}

static const struct job_ctl_journal ctl_journal = {
    .checkpoint = journal_checkpoint,
    .child = journal_child,
};

/* --- making and freeing --- */

struct job *job_new(struct jobs *jobs, const struct job_kind *kind)
{
    struct job *job = XNEW(struct job);

    job->jobs = jobs;
    job->kind = kind;
    job->outcome = JOB_NEW;
    job_ctl_init(&job->ctl);
    job->ctl.journal_opaque = job;
    return job;
}

static void job_drop_parties(struct job *job)
{
    while (job->parties) {
        struct job_party *party = job->parties;

        job->parties = party->next;
        free(party);
    }
}

static void job_stop_lock_timer(struct job *job)
{
    if (job->lock_timer)
        event_free(job->lock_timer);
    job->lock_timer = NULL;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    assert(!job->working);
    if (!job_state_is_ended(job->state))
        jobs_remove_active(job);
    job_stop_lock_timer(job);
    job_drop_parties(job);
    locks_release(job->jobs->locks, &job->locks);
    if (job->spec)
        job->kind->spec_free(job->spec);
    job_ctl_done(&job->ctl);
    verror_clear(&job->err);
    verror_clear(&job->step_err);
    free(job->err_step);
    free(job->name);
    free(job->pool);
    free(job->uuid);
    free(job->started_by);
    free(job->key);
    free(job->title);
    free(job->checkpoint);
    free(job->child_boot);
    free(job);
}

static void job_add_party(struct job *job, const struct job_request *request)
{
    struct job_party *party = XNEW(struct job_party), **last = &job->parties;

    *party = (struct job_party){ .accepted = request->accepted,
                                 .refused = request->refused,
                                 .ended = request->ended,
                                 .opaque = request->opaque };
    while (*last)
        last = &(*last)->next;
    *last = party;
}

/* --- work on a worker --- */

static void step_on_worker(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    job->step_rc = job->step(job);
}

static void step_started_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    struct store_txn *txn;

    if (job->state != JOB_QUEUED)
        return;
    job_set_state(job, JOB_RUNNING);
    if (!job->asked)
        return;
    txn = store_begin(job->jobs->daemon->store);
    store_set_started(txn, job->id, job->started_at);
    store_commit(txn, NULL, NULL); /* lost, it only runs again from the start */
}

/* The worker's error becomes the loop's; always called first in a done function. */
static int step_take(struct job *job)
{
    job->working = false;
    if (job->step_rc < 0) {
        if (!job->step_err.step)
            job->step_err.step = atomic_load(&job->ctl.step);
        verror_move(&job->err, &job->step_err);
    }
    verror_clear(&job->step_err);
    return job->step_rc;
}

void job_submit(struct job *job, enum lane lane, int (*step)(struct job *job),
                void (*done)(struct work *work))
{
    if (!job->jobs->daemon->workers) {
        job_park(job); /* the very end of the daemon */
        return;
    }
    job->step = step;
    job->working = true;
    job->work.run = step_on_worker;
    job->work.done = done;
    workers_submit(job->jobs->daemon->workers, lane, job->uuid, &job->work);
}

/* --- before it is accepted --- */

static void job_tell_refused(struct job *job)
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

static void describe_blocker(struct job *job, struct lock_hold *blocker)
{
    struct job *other = container_of(blocker, struct job, locks);
    struct job_snapshot snapshot;
    _cleanup_free_ char *object = job_object_title(job->object_kind, job->name, job->pool);

    job_snapshot(other, &snapshot);
    if (!other->id)
        verror_set(&job->err, VIR_ERR_OPERATION_INVALID, "%s is busy with %s, started by %s",
                   object, other->title, other->started_by);
    else
        verror_set(&job->err, VIR_ERR_OPERATION_INVALID,
                   "%s is busy: job %llu (%s), started by %s, is at %d %%", object,
                   (unsigned long long)other->id, other->title, other->started_by,
                   snapshot.percent);
}

static int prepare_step(struct job *job)
{
    return job->kind->prepare(job->spec, &job->step_err);
}

static void prepared_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    if (step_take(job) < 0)
        job_refuse(job);
    else if (job->jobs->stopping)
        job_refuse_stopping(job);
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
    if (job->asked)
        job->ctl.journal = &ctl_journal;
}

/* --- the request --- */

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
    job->key = job_object_key(request->object_kind, request->name, request->pool, request->uuid);
    job->title = xasprintf("%s of %s", request->kind->name, object);
    job->spec = request->spec;
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

/* --- the work --- */

static int run_step(struct job *job)
{
    return job->kind->run(job->spec, job->id, &job->ctl, &job->step_err);
}

static int publish_step(struct job *job)
{
    return job->kind->publish(job->spec, job->id, &job->ctl, &job->step_err);
}

static void published_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    if (step_take(job) < 0)
        job_undo(job, JOB_FAILED);
    else
        job_end(job, JOB_COMPLETE);
}

static void finishing_durable_cb(void *opaque, struct verror *err)
{
    struct job *job = opaque;

    if (err->code) {
        verror_move(&job->err, err);
        job_undo(job, JOB_FAILED);
    } else {
        job_submit(job, LANE_CONTROL, publish_step, published_cb);
    }
}

/*
 * From here a cancel is refused.  That goes to disk, behind every resume point of
 * the job, before anything is published: the next daemon must know where to look.
 */
static void job_finish(struct job *job)
{
    struct store_txn *txn;

    if (job->kind->decide && job->kind->decide(job->spec, &job->err) < 0) {
        job_undo(job, JOB_FAILED);
        return;
    }
    job_set_state(job, JOB_FINISHING);
    if (!job->kind->publish) {
        job_end(job, JOB_COMPLETE);
        return;
    }
    txn = store_begin(job->jobs->daemon->store);
    store_set_state(txn, job->id, job_state_name(JOB_FINISHING));
    store_commit(txn, finishing_durable_cb, job);
}

bool job_is_resumable(const struct job *job)
{
    return job->kind->resumable && job->kind->resumable(job->spec);
}

/* Those who wait for its answer get one: with the end of the daemon nobody else has any. */
static void job_tell_parked(struct job *job)
{
    struct job_party *party = STEAL_PTR(job->parties);

    verror_clear(&job->err);
    if (job->asked)
        verror_set(&job->err, VIR_ERR_OPERATION_FAILED,
                   "virtjobd was stopped; job %llu (%s) is taken up when it starts again",
                   (unsigned long long)job->id, job->title);
    else
        verror_set(&job->err, VIR_ERR_OPERATION_FAILED, "virtjobd was stopped during %s",
                   job->title);
    while (party) {
        struct job_party *next = party->next;

        if (party->ended)
            party->ended(party->opaque, job);
        free(party);
        party = next;
    }
    verror_clear(&job->err);
}

void job_park(struct job *job)
{
    if (job->parked)
        return;
    job->parked = true;
    if (job->state == JOB_NEW && job->outcome == JOB_NEW) {
        verror_clear(&job->err);
        verror_set(&job->err, VIR_ERR_OPERATION_INVALID, "virtjobd is stopping");
        job_tell_refused(job);
    } else if (job->state != JOB_NEW) { /* else its journal entry is on its way */
        job_tell_parked(job);
    }
}

/* The daemon stops: does this end belong to the next one? */
static bool job_park_short(struct job *job)
{
    struct store_txn *txn;

    if (!job->cut_short || !job_is_resumable(job) || job->state == JOB_CANCELLING ||
        job->step_rc == 0)
        return false;
    txn = store_begin(job->jobs->daemon->store);
    put_progress(job, txn);
    store_commit(txn, NULL, NULL); /* lost, the numbers of the last resume point count */
    job_park(job);
    jobs_check_stopped(job->jobs);
    return true;
}

static void ran_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    int rc = step_take(job);

    if (job_park_short(job))
        return;
    if (job->state == JOB_CANCELLING) {
        job_undo(job, JOB_CANCELLED);
    } else if (job->cut_short && rc < 0) {
        verror_clear(&job->err);
        verror_set(&job->err, VIR_ERR_OPERATION_FAILED, "interrupted: virtjobd was stopped");
        job_undo(job, JOB_FAILED);
    } else if (rc < 0) {
        job_undo(job, JOB_FAILED);
    } else {
        job_finish(job);
    }
}

/* One that was accepted before it had its locks has not been checked yet. */
static int job_check_late(struct job *job)
{
    if (!job->kind->joins_queue || !job->kind->check)
        return 0;
    return job->kind->check(job->spec, &job->err);
}

void job_run(struct job *job)
{
    if (job->jobs->stopping && job->asked) {
        job_park(job); /* it has not begun: the next daemon runs it */
        jobs_check_stopped(job->jobs);
    } else if (job_check_late(job) < 0) {
        job_undo(job, JOB_FAILED);
    } else if (job->kind->run) {
        job->work.started = step_started_cb;
        job_submit(job, job->kind->lane, run_step, ran_cb);
    } else {
        job_finish(job);
    }
}

/* --- the end --- */

static int undo_step(struct job *job)
{
    job->kind->undo(job->spec, job->id);
    return 0;
}

static void undone_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    (void)step_take(job); /* an undo does what it can and logs the rest */
    job_end(job, job->outcome);
}

void job_undo(struct job *job, enum job_state outcome)
{
    job->outcome = outcome;
    if (outcome == JOB_CANCELLED)
        verror_clear(&job->err); /* that it was aborted is no error of its own */
    if (job->kind->undo)
        job_submit(job, LANE_CONTROL, undo_step, undone_cb);
    else
        job_end(job, outcome);
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
    job_ctl_done(&job->ctl); /* as the last of its object it may stay for long */
    locks_release(job->jobs->locks, &job->locks);
    while (party) {
        struct job_party *next = party->next;

        if (party->ended)
            party->ended(party->opaque, job);
        free(party);
        party = next;
    }
    while (job->waiters) {
        struct job_waiter *waiter = job->waiters;

        job_unwait(job, waiter);
        waiter->ended(waiter, job);
    }
}

static void outcome_durable_cb(void *opaque, struct verror *err)
{
    struct job *job = opaque;
    bool done = job->outcome == JOB_COMPLETE;

    if (err && err->code) {
        log_job(LOG_ERROR_, job->id, job->title, "the outcome '%s' could not be journalled: %s",
                job_state_name(job->outcome), verror_text(err));
        if (done) {
            /* what the disk shows has happened; what only the store would know has not */
            done = job->kind->publish != NULL;
            job->outcome = JOB_FAILED;
        }
        if (job->outcome == JOB_FAILED)
            verror_move(&job->err, err);
    }
    job_set_state(job, job->outcome);
    job_tell_end(job, done);
    jobs_end_active(job); /* may free it */
}

void job_end(struct job *job, enum job_state outcome)
{
    struct store_txn *txn;
    bool to_store = job->asked || (outcome == JOB_COMPLETE && job->kind->commit);

    job->outcome = outcome;
    job->ended_at = clock_wall_ms();
    if (!to_store) {
        outcome_durable_cb(job, NULL);
        return;
    }
    txn = store_begin(job->jobs->daemon->store);
    if (outcome == JOB_COMPLETE && job->kind->commit)
        job->kind->commit(job->spec, txn);
    if (job->asked)
        job_row_put(job, txn);
    store_commit(txn, outcome_durable_cb, job);
}

/* --- verbs --- */

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
