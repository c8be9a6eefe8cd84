/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job itself: made, freed, handed to a worker, noted in the journal.  Its road
 * is in job_start.c up to its acceptance and in job_run.c and job_end.c from there,
 * what others may ask of it in job_verbs.c.  Loop thread, but for the journal's functions.
 */

#include "jobs/job.h"

#include <assert.h>
#include <event2/event.h>
#include <semaphore.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/child.h"

/* --- journal entries that a worker makes --- */

void job_put_progress(struct job *job, struct store_txn *txn)
{
    store_set_progress(txn, job->id,
                       atomic_load_explicit(&job->ctl.done, memory_order_relaxed),
                       atomic_load_explicit(&job->ctl.total, memory_order_relaxed),
                       job_running_ms(job));
}

static struct store_txn *checkpoint_txn(struct job *job, const char *json)
{
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    free(job->checkpoint);
    job->checkpoint = xstrdup(json);
    store_set_checkpoint(txn, job->id, json);
    job_put_progress(job, txn);
    return txn;
}

static void journal_checkpoint(void *opaque, const char *json)
{
    store_commit(checkpoint_txn(opaque, json), NULL, NULL); /* lost, it only costs time */
}

struct durable {
    sem_t known;
    struct verror err;
    const char *json; /* of one that begins */
    struct job *begins;
};

static void durable_cb(void *opaque, struct verror *err)
{
    struct durable *durable = opaque;

    verror_move(&durable->err, err);
    sem_post(&durable->known);
}

/* What the loop is to do has been handed in. */
static int wait_durable(struct durable *durable, struct verror *err)
{
    while (sem_wait(&durable->known) < 0)
        continue; /* EINTR */
    sem_destroy(&durable->known);
    if (!durable->err.code)
        return 0;
    verror_move(err, &durable->err);
    return -1;
}

static int journal_checkpoint_durable(void *opaque, const char *json, struct verror *err)
{
    struct durable durable = { .err = VERROR_INIT };

    sem_init(&durable.known, 0, 0);
    store_commit(checkpoint_txn(opaque, json), durable_cb, &durable);
    return wait_durable(&durable, err);
}

static void begun_cb(void *opaque, struct verror *err)
{
    struct durable *durable = opaque;
    struct job *job = durable->begins;

    if (!err->code) {
        if (job->kind->begun)
            job->kind->begun(job->spec);
        job_begun(job);
    }
    durable_cb(durable, err);
}

/* Its worker waits, so the spec is the loop's meanwhile. */
static void begin_cb(struct work *work)
{
    struct job *job = container_of(work, struct job, work);
    struct durable *durable = job->beginning;
    struct store_txn *txn = checkpoint_txn(job, durable->json);

    if (job->kind->begin_commit)
        job->kind->begin_commit(job->spec, txn);
    store_commit(txn, begun_cb, durable);
}

static int journal_begin(void *opaque, const char *json, struct verror *err)
{
    struct job *job = opaque;
    struct durable durable = { .err = VERROR_INIT, .json = json, .begins = job };

    sem_init(&durable.known, 0, 0);
    job->beginning = &durable;
    job->work.told = begin_cb;
    workers_tell(job->jobs->daemon->workers, &job->work);
    return wait_durable(&durable, err);
}

static void journal_child(void *opaque, pid_t pid)
{
    struct job *job = opaque;
    struct store_txn *txn = store_begin(job->jobs->daemon->store);

    store_set_child(txn, job->id, pid, pid ? child_start_time(pid) : 0, child_boot_id());
    store_commit(txn, NULL, NULL); /* PDEATHSIG is the first net, this the second */
}

const struct job_ctl_journal job_ctl_journal = {
    .checkpoint = journal_checkpoint,
    .checkpoint_durable = journal_checkpoint_durable,
    .begin = journal_begin,
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

void job_stop_lock_timer(struct job *job)
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
    locks_release(job->jobs->locks, &job->finish_locks);
    locks_release(job->jobs->locks, &job->locks);
    if (job->spec)
        job->kind->spec_free(job->spec);
    job_ctl_done(&job->ctl);
    verror_clear(&job->err);
    verror_clear(&job->step_err);
    free(job->unjournalled);
    free(job->err_step);
    free(job->name);
    free(job->pool);
    free(job->uuid);
    free(job->share);
    free(job->started_by);
    free(job->key);
    free(job->title);
    free(job->checkpoint);
    free(job->child_boot);
    free(job);
}

/* --- work on a worker --- */

static void step_on_worker(struct work *work)
{
    struct job *job = container_of(work, struct job, work);

    job->step_rc = job->step(job);
}

/* The worker's error becomes the loop's; always called first in a done function. */
int job_step_take(struct job *job)
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
    const char *key = lane != LANE_CONTROL && job->share ? job->share : job->uuid;

    if (!job->jobs->daemon->workers) {
        job_park(job); /* the very end of the daemon */
        return;
    }
    job->step = step;
    job->working = true;
    job->work.run = step_on_worker;
    job->work.done = done;
    workers_submit(job->jobs->daemon->workers, lane, key, &job->work);
}
