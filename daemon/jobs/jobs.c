/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The register of jobs: by id, by object, in order of their start; the timer
 * that feeds their rates, the history's bounds, and stopping.  Loop thread.
 */

#include "jobs/jobs.h"

#include <assert.h>
#include <event2/event.h>

#include "config.h"
#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    RATE_SAMPLE_MS = 500,
    PRUNE_EVERY = 64,        /* ended jobs between two looks at the history's bounds */
    CUT_SHORT_SECONDS = 2,   /* for what had to be cut short at the end of the grace */
    MS_PER_DAY = 86400 * 1000,
};

static void rate_timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct jobs *jobs = opaque;

    (void)fd;
    (void)what;
    for (struct job *job = jobs->active_first; job; job = job->next) {
        job_sample_rate(job);
        job_tell_progress(job);
    }
}

static void grace_timer_cb(evutil_socket_t fd, short what, void *opaque);

struct jobs *jobs_new(struct daemon *daemon)
{
    struct jobs *jobs = XNEW(struct jobs);

    jobs->daemon = daemon;
    jobs->locks = locks_new();
    jobs->next_id = store_last_job_id(daemon->store) + 1;
    jobs->event_sequence = (uint64_t)clock_wall_ms() * 1000; /* as if it went on over restarts */
    jobs->ended_since_prune = PRUNE_EVERY - 1; /* what grew old meanwhile goes with the first */
    jobs->rate_timer = event_new(daemon->base, -1, EV_PERSIST, rate_timer_cb, jobs);
    jobs->grace_timer = evtimer_new(daemon->base, grace_timer_cb, jobs);
    return jobs;
}

/* At the very end nobody is started by the locks of another. */
static void ignore_grant(struct lock_hold *hold)
{
    (void)hold;
}

void jobs_free(struct jobs *jobs)
{
    struct job *job, *next;

    if (!jobs)
        return;
    HASH_CLEAR(hh_key, jobs->last);
    HASH_ITER(hh_id, jobs->by_id, job, next) {
        HASH_DELETE(hh_id, jobs->by_id, job);
        if (job_state_is_ended(job->state))
            job_free(job);
    }
    /* parked ones: the workers have ended before, so nobody has them in hand */
    for (job = jobs->active_first; job; job = job->next)
        job->locks.granted = job->finish_locks.granted = ignore_grant;
    while ((job = jobs->active_first)) {
        job->working = false;
        job_free(job);
    }
    jobs_free_past_kinds(jobs);
    event_free(jobs->rate_timer);
    event_free(jobs->grace_timer);
    if (jobs->retry_timer)
        event_free(jobs->retry_timer);
    locks_free(jobs->locks);
    free(jobs);
}

bool jobs_are_idle(const struct jobs *jobs)
{
    return !jobs->active_first;
}

unsigned int jobs_count(const struct jobs *jobs)
{
    return jobs->active_count;
}

void jobs_rate_timer(struct jobs *jobs)
{
    static const struct timeval every = { .tv_usec = RATE_SAMPLE_MS * 1000 };
    bool wanted = jobs->nrunning > 0;

    if (wanted == jobs->rate_timer_on)
        return;
    jobs->rate_timer_on = wanted;
    if (wanted)
        event_add(jobs->rate_timer, &every);
    else
        event_del(jobs->rate_timer);
}

/* --- the register --- */

void jobs_add_kinds(struct jobs *jobs, const struct job_kind *const *kinds)
{
    assert(jobs->nkinds < JOB_KIND_LISTS_MAX);
    jobs->kinds[jobs->nkinds++] = kinds;
}

const struct job_kind *jobs_find_kind(const struct jobs *jobs, const char *name)
{
    for (size_t i = 0; i < jobs->nkinds; i++) {
        for (const struct job_kind *const *kind = jobs->kinds[i]; *kind; kind++) {
            if (strcmp((*kind)->name, name) == 0)
                return *kind;
        }
    }
    return NULL;
}

int jobs_hold(struct jobs *jobs, struct lock_hold *hold, const char *what, struct verror *err)
{
    struct lock_hold *blocker = NULL;
    _cleanup_free_ char *other = NULL;

    if (locks_acquire(jobs->locks, hold, &blocker) == LOCK_GRANTED)
        return 0;
    other = blocker->describe(blocker);
    locks_release(jobs->locks, hold);
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "%s is busy: %s", what, other);
}

bool jobs_hold_later(struct jobs *jobs, struct lock_hold *hold)
{
    struct lock_hold *blocker = NULL;

    hold->patient = true;
    return locks_acquire(jobs->locks, hold, &blocker) == LOCK_GRANTED;
}

int jobs_exchange(struct jobs *jobs, struct lock_hold *hold, struct lock_hold *fresh,
                  const char *what, struct verror *err)
{
    struct lock_hold *blocker = NULL;
    _cleanup_free_ char *other = NULL;

    if (locks_exchange(jobs->locks, hold, fresh, &blocker) == LOCK_GRANTED)
        return 0;
    other = blocker->describe(blocker);
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "%s is busy: %s", what, other);
}

void jobs_release(struct jobs *jobs, struct lock_hold *hold)
{
    locks_release(jobs->locks, hold);
}

struct job *jobs_find_id(struct jobs *jobs, uint64_t id)
{
    struct job *job;

    HASH_FIND(hh_id, jobs->by_id, &id, sizeof(id), job);
    return job;
}

struct job *jobs_find_object(struct jobs *jobs, enum job_object_kind kind, const char *name,
                             const char *pool, const char *uuid)
{
    _cleanup_free_ char *key = job_object_key(kind, name, pool, uuid);
    struct job *job;

    HASH_FIND(hh_key, jobs->last, key, strlen(key), job);
    return job;
}

void jobs_each_active(struct jobs *jobs, void (*each)(void *opaque, struct job *job),
                      void *opaque)
{
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (job->asked && job->state != JOB_NEW)
            each(opaque, job);
    }
}

static void job_forget(struct job *job)
{
    if (job->asked)
        HASH_DELETE(hh_id, job->jobs->by_id, job);
    job_free(job);
}

void jobs_add_active(struct job *job)
{
    struct jobs *jobs = job->jobs;

    jobs->active_count++;
    job->prev = jobs->active_last;
    if (jobs->active_last)
        jobs->active_last->next = job;
    else
        jobs->active_first = job;
    jobs->active_last = job;
}

void jobs_remove_active(struct job *job)
{
    struct jobs *jobs = job->jobs;

    if (!job->prev && jobs->active_first != job)
        return; /* is not among them */
    jobs->active_count--;
    if (job->prev)
        job->prev->next = job->next;
    else
        jobs->active_first = job->next;
    if (job->next)
        job->next->prev = job->prev;
    else
        jobs->active_last = job->prev;
    job->prev = job->next = NULL;
}

void jobs_register(struct job *job)
{
    struct jobs *jobs = job->jobs;
    struct job *before = NULL;

    if (!job->asked)
        return;
    HASH_ADD(hh_id, jobs->by_id, id, sizeof(job->id), job);
    HASH_FIND(hh_key, jobs->last, job->key, strlen(job->key), before);
    if (before) {
        HASH_DELETE(hh_key, jobs->last, before);
        if (job_state_is_ended(before->state))
            job_forget(before);
    }
    HASH_ADD_KEYPTR(hh_key, jobs->last, job->key, strlen(job->key), job);
}

static void prune_history(struct jobs *jobs)
{
    const struct config *config = jobs->daemon->config;
    struct store_txn *txn;

    if (++jobs->ended_since_prune < PRUNE_EVERY)
        return;
    jobs->ended_since_prune = 0;
    txn = store_begin(jobs->daemon->store);
    store_prune_jobs(txn, config->history_max_jobs,
                     clock_wall_ms() - (int64_t)config->history_max_days * MS_PER_DAY);
    store_commit(txn, NULL, NULL); /* the next one tries again */
}

void jobs_end_active(struct job *job)
{
    struct jobs *jobs = job->jobs;
    struct job *last = NULL;

    jobs_remove_active(job);
    if (job->asked) {
        HASH_FIND(hh_key, jobs->last, job->key, strlen(job->key), last);
        prune_history(jobs);
    }
    if (last != job)
        job_forget(job);
    jobs_check_stopped(jobs);
}

/* --- stopping --- */

void jobs_check_stopped(struct jobs *jobs)
{
    void (*stopped)(void *opaque) = jobs->stopped;

    if (!stopped)
        return;
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (!job->parked)
            return;
    }
    jobs->stopped = NULL;
    event_del(jobs->grace_timer);
    stopped(jobs->stopped_opaque);
}

/* The end of the grace: cut short what runs on, and in the end go without it. */
static void grace_timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    static const struct timeval rest = { .tv_sec = CUT_SHORT_SECONDS };
    struct jobs *jobs = opaque;

    (void)fd;
    (void)what;
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (job->parked)
            continue;
        if (jobs->grace_over || job->unjournalled) {
            log_job(LOG_WARN_, job->id, job->title, "%s; left to the next start",
                    job->unjournalled ? "its outcome is not journalled" : "does not end");
            job_park(job);
        } else if (job->state == JOB_RUNNING) {
            job->cut_short = true;
            job_ctl_cancel(&job->ctl);
        }
    }
    if (!jobs->grace_over)
        evtimer_add(jobs->grace_timer, &rest);
    jobs->grace_over = true;
    jobs_check_stopped(jobs);
}

/* Those not accepted yet that only wait for others. */
static struct job *find_waiting_new(struct jobs *jobs)
{
    struct job *job = jobs->active_first;

    while (job && !(job->state == JOB_NEW && job->outcome == JOB_NEW && job->locks.waiting))
        job = job->next;
    return job;
}

void jobs_stop(struct jobs *jobs, unsigned int grace_seconds, void (*stopped)(void *opaque),
               void *opaque)
{
    struct timeval grace = { .tv_sec = grace_seconds };
    struct job *waiting;

    jobs->stopping = true;
    while ((waiting = find_waiting_new(jobs)))
        job_refuse_stopping(waiting);
    jobs->stopped = stopped;
    jobs->stopped_opaque = opaque;
    for (struct job *job = jobs->active_first; job; job = job->next) {
        if (job->unjournalled)
            continue; /* nothing of it is left to stop; its outcome has the grace */
        if (job->finish_locks.waiting && job->state == JOB_RUNNING && job_is_resumable(job)) {
            job_park(job);
            continue;
        }
        if (job->state == JOB_QUEUED && job->asked &&
            (!job->working || workers_withdraw(jobs->daemon->workers, &job->work))) {
            job->working = false;
            job_park(job);
        } else if ((job_is_resumable(job) || job_ctl_paused(&job->ctl)) &&
                   (job->state == JOB_QUEUED || job->state == JOB_RUNNING)) {
            job->cut_short = true; /* so that the stop does not count as a client's cancel */
            job_ctl_cancel(&job->ctl);
        }
    }
    jobs_retry_outcomes(jobs);
    evtimer_add(jobs->grace_timer, &grace);
    jobs_check_stopped(jobs);
}
