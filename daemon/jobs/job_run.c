/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road of a job from its acceptance to its end (job_end.c), on the loop thread:
 *
 *   job_run -> run* -> decide -> FINISHING -> publish* -> job_end
 *               `-> undo* ----------------------------------^   (* on a worker)
 *
 * Each step names the next; whatever goes wrong lives in the job.
 */

#include "jobs/job_internal.h"
#include "jobs/pace.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- the work --- */

/* One that is paused does not begin, nor go on after a restart. */
static int run_step(struct job *job)
{
    struct job_pace pace = { .speed = 0 };

    if (job_ctl_paused(&job->ctl) && job_pace_wait(&pace, &job->ctl, &job->step_err) < 0)
        return -1;
    return job->kind->run(job->spec, job->id, &job->ctl, &job->step_err);
}

static int publish_step(struct job *job)
{
    return job->kind->publish(job->spec, job->id, &job->ctl, &job->step_err);
}

static void published_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    if (job_step_take(job) < 0)
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

static void job_finish(struct job *job);

static char *describe_finish(struct lock_hold *hold)
{
    struct job *job = container_of(hold, struct job, finish_locks);

    return job->locks.describe(&job->locks);
}

/* It may have been cancelled, or the daemon may stop, while it waited. */
static void finish_locks_granted(struct lock_hold *hold)
{
    struct job *job = container_of(hold, struct job, finish_locks);

    if (job->state == JOB_RUNNING && !job->parked)
        job_finish(job);
}

static enum lock_result job_lock_finish(struct job *job)
{
    struct lock_hold *hold = &job->finish_locks, *blocker = NULL;

    job->kind->finish_locks(job->spec, hold);
    hold->patient = true;
    hold->granted = finish_locks_granted;
    hold->describe = describe_finish;
    return locks_acquire(job->jobs->locks, hold, &blocker);
}

/*
 * From here a cancel is refused.  That goes to disk, together with the last resume point of the
 * job, which the disk may not have taken, before anything is published: the next daemon must
 * know where to look.
 */
static void job_finish(struct job *job)
{
    struct store_txn *txn;

    if (job->kind->finish_locks && !job->finish_locks.held && job_lock_finish(job) == LOCK_WAITS)
        return;
    if (job->kind->decide && job->kind->decide(job->spec, &job->err) < 0) {
        job_undo(job, JOB_FAILED);
        return;
    }
    job_set_state(job, JOB_FINISHING);
    job->locks.is_long &= !job->kind->ends_soon;
    if (!job->kind->publish) {
        job_end(job, JOB_COMPLETE);
        return;
    }
    txn = store_begin(job->jobs->daemon->store);
    store_set_state(txn, job->id, job_state_name(JOB_FINISHING));
    if (job->checkpoint)
        store_set_checkpoint(txn, job->id, job->checkpoint);
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
    job_answer(job, party);
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
    job_put_progress(job, txn);
    store_commit(txn, NULL, NULL); /* lost, the numbers of the last resume point count */
    job_park(job);
    jobs_check_stopped(job->jobs);
    return true;
}

static void ran_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    int rc = job_step_take(job);

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

/* --- what went wrong --- */

static int undo_step(struct job *job)
{
    job->kind->undo(job->spec, job->id);
    return 0;
}

static void undone_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    (void)job_step_take(job); /* an undo does what it can and logs the rest */
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
