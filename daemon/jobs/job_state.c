/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states of a job, the legal moves between them, and the one place that moves.  Loop thread. */

#include <assert.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/log.h"

static const char *const state_names[] = {
    [JOB_NEW] = "new",
    [JOB_QUEUED] = "queued",
    [JOB_RUNNING] = "running",
    [JOB_CANCELLING] = "cancelling",
    [JOB_FINISHING] = "finishing",
    [JOB_COMPLETE] = "complete",
    [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled",
};
_Static_assert(ARRAY_SIZE(state_names) == JOB_STATE_MAX, "each job state has a name");

static const bool moves[JOB_STATE_MAX][JOB_STATE_MAX] = {
    [JOB_NEW] = { [JOB_QUEUED] = true },
    [JOB_QUEUED] = { [JOB_RUNNING] = true,
                     [JOB_CANCELLING] = true,
                     [JOB_FINISHING] = true, /* nothing to run, or it ran before the restart */
                     [JOB_FAILED] = true },  /* undone after a restart */
    [JOB_RUNNING] = { [JOB_CANCELLING] = true, [JOB_FINISHING] = true, [JOB_FAILED] = true },
    [JOB_CANCELLING] = { [JOB_CANCELLED] = true },
    [JOB_FINISHING] = { [JOB_COMPLETE] = true, [JOB_FAILED] = true },
};

const char *job_state_name(enum job_state state)
{
    return state_names[state];
}

int job_state_from_name(const char *name)
{
    for (int i = 0; i < JOB_STATE_MAX; i++) {
        if (strcmp(state_names[i], name) == 0)
            return i;
    }
    return -1;
}

bool job_state_is_ended(enum job_state state)
{
    return state == JOB_COMPLETE || state == JOB_FAILED || state == JOB_CANCELLED;
}

bool job_state_may_become(enum job_state from, enum job_state to)
{
    return moves[from][to];
}

static void log_state(const struct job *job)
{
    const char *name = job->title;

    if (job->state == JOB_FAILED)
        log_job(LOG_WARN_, job->id, name, "failed: %s", verror_text(&job->err));
    else if (job->state == JOB_QUEUED)
        log_job(LOG_INFO_, job->id, name, "accepted, started by %s", job->started_by);
    else
        log_job(job->asked ? LOG_INFO_ : LOG_DEBUG_, job->id, name, "%s",
                state_names[job->state]);
}

static void note_start(struct job *job)
{
    if (!job->started_at)
        job->started_at = clock_wall_ms();
    if (!job->started_mono)
        job->started_mono = clock_mono_ms();
}

void job_set_state(struct job *job, enum job_state state)
{
    struct jobs *jobs = job->jobs;

    assert(moves[job->state][state]);
    jobs->nrunning += (unsigned int)((state == JOB_RUNNING) - (job->state == JOB_RUNNING));
    job->state = state;
    if (state == JOB_RUNNING || state == JOB_FINISHING)
        note_start(job);
    if (state == JOB_RUNNING)
        job_sample_rate(job); /* the base of the first rate */
    if (job_state_is_ended(state))
        job->ended_mono = clock_mono_ms();
    if (job->asked || state == JOB_FAILED)
        log_state(job);
    job_audit_state(job);
    jobs_rate_timer(jobs);
    /* that it is being cancelled: job_verbs.c */
    if (state == JOB_RUNNING || state == JOB_FINISHING)
        job_tell(job, VIR_JOB_EVENT_PROGRESS);
}
