/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a job: title, snapshot of its numbers, journal row.  Loop thread. */

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"

/* Time constant of the moving average, in seconds. */
#define RATE_SMOOTHING 4.0

char *job_object_title(enum job_object_kind kind, const char *name, const char *pool)
{
    switch (kind) {
    case JOB_OBJECT_DOMAIN:
        if (pool && *pool)
            return xasprintf("disk '%s' of domain '%s'", pool, name);
        return xasprintf("domain '%s'", name);
    case JOB_OBJECT_POOL:
        return xasprintf("pool '%s'", name);
    case JOB_OBJECT_VOL:
    case JOB_OBJECT_MAX:
        break;
    }
    return xasprintf("volume '%s' in pool '%s'", name, pool);
}

char *job_object_key(enum job_object_kind kind, const char *name, const char *pool,
                     const char *uuid)
{
    /* a name cannot hold a '/', so the key of a volume is unambiguous */
    if (kind == JOB_OBJECT_VOL)
        return xasprintf("vol:%s/%s", pool, name);
    /* jobs on disks of a guest run beside each other, and beside those on all of it */
    if (kind == JOB_OBJECT_DOMAIN && pool && *pool)
        return xasprintf("disk:%s:%s", uuid, pool);
    return xasprintf("%s:%s", kind == JOB_OBJECT_POOL ? "pool" : "domain", uuid);
}

uint64_t job_id(const struct job *job)
{
    return job->id;
}

enum job_state job_state(const struct job *job)
{
    return job->state;
}

enum job_object_kind job_object(const struct job *job)
{
    return job->object_kind;
}

const struct job_kind *job_kind_of(const struct job *job)
{
    return job->kind;
}

void *job_spec(const struct job *job)
{
    return job->spec;
}

const struct verror *job_error(const struct job *job)
{
    return &job->err;
}

const char *job_title(const struct job *job)
{
    return job->title;
}

void job_sample_rate(struct job *job)
{
    struct job_rate *rate = &job->rate;
    int64_t now = clock_mono_ms();
    uint64_t done = atomic_load_explicit(&job->ctl.done, memory_order_relaxed);
    double seconds = (double)(now - rate->at_ms) / 1000.0;

    if (job->state != JOB_RUNNING)
        return;
    if (rate->at_ms && seconds > 0) {
        double current = done > rate->done ? (double)(done - rate->done) / seconds : 0;
        double weight = rate->per_second > 0 ? 1.0 - exp(-seconds / RATE_SMOOTHING) : 1.0;

        rate->per_second += weight * (current - rate->per_second);
    }
    rate->at_ms = now;
    rate->done = done;
}

static int outer_state(enum job_state state)
{
    static const int states[JOB_STATE_MAX] = {
        [JOB_COMPLETE] = VIR_JOB_COMPLETE,
        [JOB_FAILED] = VIR_JOB_FAILED,
        [JOB_CANCELLED] = VIR_JOB_CANCELLED,
    };

    return states[state]; /* all the others: VIR_JOB_RUNNING, which is 0 */
}

static int outer_phase(enum job_state state)
{
    static const int phases[JOB_STATE_MAX] = {
        [JOB_NEW] = VIR_JOB_PHASE_QUEUED,
        [JOB_QUEUED] = VIR_JOB_PHASE_QUEUED,
        [JOB_RUNNING] = VIR_JOB_PHASE_RUNNING,
        [JOB_CANCELLING] = VIR_JOB_PHASE_CANCELLING,
        [JOB_FINISHING] = VIR_JOB_PHASE_FINISHING,
        [JOB_COMPLETE] = VIR_JOB_PHASE_ENDED,
        [JOB_FAILED] = VIR_JOB_PHASE_ENDED,
        [JOB_CANCELLED] = VIR_JOB_PHASE_ENDED,
    };

    return phases[state];
}

/* It was asked to be, and has not been asked for its end since. */
static bool job_is_paused(const struct job *job)
{
    return (job->state == JOB_QUEUED || job->state == JOB_RUNNING) && job_ctl_paused(&job->ctl);
}

uint32_t job_running_ms(const struct job *job)
{
    int64_t start = atomic_load_explicit(&job->started_mono, memory_order_relaxed);
    int64_t end = job->ended_mono ? job->ended_mono : clock_mono_ms();

    return job->running_ms_before + (start ? (uint32_t)(end - start) : 0);
}

static int percent_below(uint64_t done, uint64_t total)
{
    double percent = total ? (double)done * 100.0 / (double)total : 0;

    return percent > 99 ? 99 : (int)percent;
}

/* Never goes down; 100 is kept for COMPLETE. */
static int percent_of(struct job *job, uint64_t done, uint64_t total)
{
    int percent = percent_below(done, total);

    if (job->state == JOB_COMPLETE)
        return 100;
    if (percent > job->percent)
        job->percent = percent;
    return job->percent;
}

void job_snapshot(struct job *job, struct job_snapshot *ret)
{
    uint64_t done = atomic_load_explicit(&job->ctl.done, memory_order_relaxed);
    uint64_t total = atomic_load_explicit(&job->ctl.total, memory_order_relaxed);
    bool bytes = !job->kind->counts_files;
    double left;

    if (total > 0 && done > total)
        done = total;
    if (total > 0 || job->state == JOB_COMPLETE)
        job->bounded = true;
    *ret = (struct job_snapshot){
        .type = job->bounded ? VIR_JOB_BOUNDED : VIR_JOB_UNBOUNDED,
        .state = outer_state(job->state),
        .phase = job_is_paused(job) ? VIR_JOB_PHASE_PAUSED : outer_phase(job->state),
        .running_ms = job_running_ms(job),
        .percent = percent_of(job, done, total),
        .done = bytes ? done : 0,
        .total = bytes ? total : 0,
        .speed = job_ctl_speed(&job->ctl),
    };
    if (job->state != JOB_RUNNING || job_is_paused(job) || job->rate.per_second < 1.0)
        return;
    if (bytes)
        ret->rate = (uint64_t)job->rate.per_second;
    if (total == 0)
        return;
    left = ceil((double)(total - done) / job->rate.per_second);
    ret->remaining_seconds = left < (double)UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

void job_row_snapshot(const struct jobs *jobs, const struct store_job *row,
                      struct job_snapshot *ret)
{
    const struct job_kind *kind = jobs_find_kind(jobs, row->operation);
    int state = job_state_from_name(row->state);
    bool complete = state == JOB_COMPLETE, bytes = !kind || !kind->counts_files;

    *ret = (struct job_snapshot){
        .type = complete || row->total ? VIR_JOB_BOUNDED : VIR_JOB_UNBOUNDED,
        .state = state < 0 ? VIR_JOB_FAILED : outer_state((enum job_state)state),
        .phase = VIR_JOB_PHASE_ENDED,
        .running_ms = row->running_ms,
        .percent = complete ? 100 : percent_below(row->done, row->total),
        .done = bytes ? row->done : 0,
        .total = bytes ? row->total : 0,
        .speed = row->speed,
    };
}

char *job_note(struct job *job)
{
    const char *path = atomic_load_explicit(&job->ctl.waiting_for, memory_order_relaxed);
    const char *step = atomic_load_explicit(&job->ctl.step, memory_order_relaxed);

    if (job_state_is_ended(job->state))
        return NULL;
    if (job->unjournalled)
        return xasprintf("waiting for the journal: %s", job->unjournalled);
    if (job->state == JOB_CANCELLING && path)
        return xasprintf("cancelling, waiting for %s", path);
    if (job_is_paused(job))
        return NULL; /* the phase says it */
    if (path)
        return xasprintf("waiting for %s", path);
    if (job->state == JOB_QUEUED && job->locks.waiting)
        return xstrdup("waiting for the running one to end");
    return job->state == JOB_RUNNING ? xstrdup(step) : NULL;
}

void job_to_row(const struct job *job, struct store_job *ret_row)
{
    const struct verror *err = &job->err;

    *ret_row = (struct store_job){
        .id = job->id,
        .operation = xstrdup(job->kind->name),
        .object_kind = (int)job->object_kind,
        .name = xstrdup(job->name),
        .pool = xstrdup(job->pool),
        .uuid = xstrdup(job->uuid),
        .state = xstrdup(job_state_name(job->state)),
        .started_by = xstrdup(job->started_by),
        .asked = job->asked,
        .cancel_asked = job_ctl_cancelled(&job->ctl) && !job->cut_short,
        .done = atomic_load_explicit(&job->ctl.done, memory_order_relaxed),
        .total = atomic_load_explicit(&job->ctl.total, memory_order_relaxed),
        .running_ms = job_running_ms(job),
        .queued_at = job->queued_at,
        .started_at = job->started_at,
        .ended_at = job->ended_at,
        .error_code = err->code,
        .error_domain = err->domain,
        .error_errno = err->sys_errno,
        .error_message = xstrdup(err->message),
        .error_step = xstrdup(err->step),
        .error_output = xstrdup(err->output),
        .speed = job_ctl_speed(&job->ctl),
        .paused = job_ctl_paused(&job->ctl),
    };
}

void job_row_put(struct job *job, struct store_txn *txn)
{
    struct store_job row;

    job_to_row(job, &row);
    if (!job_state_is_ended(job->outcome))
        row.spec = job->kind->spec_save(job->spec);
    free(row.state);
    row.state = xstrdup(job_state_name(job->outcome)); /* it follows once this is on disk */
    store_put_job(txn, &row);
    store_job_clear(&row);
}
