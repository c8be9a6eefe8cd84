/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking up what the last daemon left: ended jobs answer for their objects
 * again; the others get their locks back, a stray child is killed, and their
 * kind says whether they go on, are done already, or are undone.  Loop thread.
 */

#include <string.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/log.h"

/* An ended job of the history needs no more than a name for its kind. */
struct past_kind {
    struct job_kind kind;
    struct past_kind *next;
};

/* The kind of an ended job that this daemon does not know any more. */
static const struct job_kind *past_kind(struct jobs *jobs, const char *name)
{
    struct past_kind *past;

    for (past = jobs->past_kinds; past; past = past->next) {
        if (strcmp(past->kind.name, name) == 0)
            return &past->kind;
    }
    past = XNEW(struct past_kind);
    past->kind.name = xstrdup(name);
    past->next = jobs->past_kinds;
    jobs->past_kinds = past;
    return &past->kind;
}

void jobs_free_past_kinds(struct jobs *jobs)
{
    while (jobs->past_kinds) {
        struct past_kind *past = jobs->past_kinds;

        jobs->past_kinds = past->next;
        free((char *)(uintptr_t)past->kind.name); /* allocated by past_kind */
        free(past);
    }
}


static struct job *job_from_row(struct jobs *jobs, const struct job_kind *kind,
                                const struct store_job *row)
{
    struct job *job = job_new(jobs, kind);
    _cleanup_free_ char *object =
        job_object_title((enum job_object_kind)row->object_kind, row->name, row->pool);

    job->asked = true;
    job->id = row->id;
    job->object_kind = (enum job_object_kind)row->object_kind;
    job->name = xstrdup(row->name);
    job->pool = xstrdup(row->pool ? row->pool : "");
    job->uuid = xstrdup(row->uuid ? row->uuid : "");
    job->started_by = xstrdup(row->started_by ? row->started_by : "");
    job->key = job_object_key(job->object_kind, job->name, job->pool, job->uuid);
    job->title = xasprintf("%s of %s", kind->name, object);
    job->queued_at = row->queued_at;
    job->started_at = row->started_at;
    job->ended_at = row->ended_at;
    job->running_ms_before = row->running_ms;
    job_ctl_set_done(&job->ctl, row->done);
    job_ctl_set_total(&job->ctl, row->total);
    job_ctl_set_speed(&job->ctl, row->speed);
    job_ctl_set_paused(&job->ctl, row->paused);
    return job;
}

static void recover_ended(struct jobs *jobs, const struct job_kind *kind,
                          const struct store_job *row, enum job_state state)
{
    struct job *job = job_from_row(jobs, kind ? kind : past_kind(jobs, row->operation), row);

    job->state = state;
    job->err_step = xstrdup(row->error_step);
    job->err = (struct verror){ .code = row->error_code,
                                .domain = row->error_domain,
                                .sys_errno = row->error_errno,
                                .message = xstrdup(row->error_message),
                                .step = job->err_step,
                                .output = xstrdup(row->error_output) };
    jobs_register(job);
}

/* Nothing is known of what it did: jobs_recover_start() ends it as FAILED. */
static void recover_lost(struct jobs *jobs, const struct store_job *row, struct verror *err)
{
    struct job *job = job_from_row(jobs, past_kind(jobs, row->operation), row);

    verror_move(&job->err, err);
    log_job(LOG_ERROR_, row->id, job->title, "cannot be taken up: %s", verror_text(&job->err));
    job->state = JOB_QUEUED;
    job->unrecovered = true;
    jobs_register(job);
    jobs_add_active(job);
}

int jobs_recover(struct jobs *jobs, const struct store_job *row)
{
    const struct job_kind *kind = jobs_find_kind(jobs, row->operation);
    int state = job_state_from_name(row->state);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_snapshot told;
    struct job *job;
    void *spec = NULL;

    if (state >= 0 && job_state_is_ended((enum job_state)state)) {
        recover_ended(jobs, kind, row, (enum job_state)state);
        return 0;
    }
    if (kind && row->spec)
        spec = kind->spec_load(jobs->daemon, row->spec, &err);
    if (!spec) {
        verror_set(&err, VIR_ERR_INTERNAL_ERROR, "the journal has no usable specification");
        recover_lost(jobs, row, &err);
        return -1;
    }
    job = job_from_row(jobs, kind, row);
    job->spec = spec;
    job_arm(job);
    job->checkpoint = xstrdup(row->checkpoint);
    job->cancel_asked = row->cancel_asked;
    job->finishing = state == JOB_FINISHING;
    /* its checkpoint may be older than the note that it has started; not all have either */
    job->begun = job->finishing || row->started_at || row->checkpoint;
    job->child_pid = row->child_pid;
    job->child_start = row->child_start;
    job->child_boot = xstrdup(row->child_boot ? row->child_boot : "");
    job->state = JOB_QUEUED;
    job->unrecovered = true;
    job_snapshot(job, &told); /* so that its percent never goes below this */
    jobs_register(job);
    jobs_add_active(job);
    return 0;
}

/* Worker. */
static int recover_step(struct job *job)
{
    static const char interrupted[] = "interrupted: virtjobd ended while it ran";

    if (job->child_pid)
        child_kill_stray(job->child_pid, job->child_start, job->child_boot);
    if (!job->begun)
        job->recovery = JOB_RECOVER_RUN;
    else if (job->kind->recover)
        job->recovery =
            job->kind->recover(job->spec, job->id, job->checkpoint, &job->step_err);
    else
        job->recovery = JOB_RECOVER_UNDO;
    if (job->recovery != JOB_RECOVER_UNDO)
        return 0;
    return verror_set(&job->step_err, VIR_ERR_OPERATION_FAILED, "%s", interrupted);
}

static void recovered_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    job->working = job->recovering = job->finishing = false;
    verror_move(&job->err, &job->step_err);
    /* a cancel that was taken came before the point of no return, in this life or the last */
    if (job->cancel_asked || job->state == JOB_CANCELLING) {
        if (job->state != JOB_CANCELLING)
            job_set_state(job, JOB_CANCELLING);
        job_undo(job, JOB_CANCELLED);
    } else if (job->recovery == JOB_RECOVER_DONE) {
        log_job(LOG_INFO_, job->id, job->title, "had been published before the restart");
        verror_clear(&job->err);
        job_set_state(job, JOB_FINISHING);
        job_end(job, JOB_COMPLETE);
    } else if (job->recovery == JOB_RECOVER_RUN) {
        log_job(LOG_INFO_, job->id, job->title, "goes on after the restart");
        verror_clear(&job->err);
        job_run(job);
    } else {
        job_undo(job, JOB_FAILED);
    }
}

void job_recover(struct job *job)
{
    job->unrecovered = false;
    job->recovering = true;
    job_submit(job, LANE_CONTROL, recover_step, recovered_cb);
}

static void recover_locks(struct job *job)
{
    struct lock_hold *blocker = NULL;

    if (!job->spec) {
        job_end(job, JOB_FAILED);
        return;
    }
    if (job->kind->accepted)
        job->kind->accepted(job->spec, job->id);
    switch (locks_acquire(job->jobs->locks, &job->locks, &blocker)) {
    case LOCK_GRANTED:
        job_recover(job);
        break;
    case LOCK_WAITS: /* behind the start of its pool, or another refresh */
        break;
    case LOCK_REFUSED: /* two that could not have run together: the journal was meddled with */
        verror_set(&job->err, VIR_ERR_INTERNAL_ERROR, "its object is held by another job");
        job_undo(job, JOB_FAILED);
        break;
    }
}

void jobs_recover_start(struct jobs *jobs)
{
    struct job *job, *next;

    for (job = jobs->active_first; job; job = next) {
        next = job->next;
        if (job->unrecovered)
            recover_locks(job);
    }
}
