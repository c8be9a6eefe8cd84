/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling what jobs do, numbered, to the one who asked; see job.h.  Loop thread. */

#include "jobs/job.h"

#include "jobs/job_internal.h"

void jobs_on_event(struct jobs *jobs,
                   void (*cb)(void *opaque, struct job *job, virJobEvent event), void *opaque)
{
    jobs->on_event = cb;
    jobs->on_event_opaque = opaque;
}

uint64_t jobs_event_sequence(const struct jobs *jobs)
{
    return jobs->event_sequence;
}

static uint64_t bytes_done(const struct job *job)
{
    return atomic_load_explicit(&job->ctl.done, memory_order_relaxed);
}

void job_tell(struct job *job, virJobEvent event)
{
    struct jobs *jobs = job->jobs;

    if (!job->asked)
        return;
    job->told_done = bytes_done(job);
    jobs->event_sequence++; /* also unheard: who comes back later can tell that something was */
    if (jobs->on_event)
        jobs->on_event(jobs->on_event_opaque, job, event);
}

void job_tell_progress(struct job *job)
{
    if (job->state == JOB_RUNNING && bytes_done(job) != job->told_done)
        job_tell(job, VIR_JOB_EVENT_PROGRESS);
}
