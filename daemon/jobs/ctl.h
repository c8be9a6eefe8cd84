/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that the loop and a worker share about one piece of work: an atomic
 * progress counter, a cancel token, and how fast it may go (see pace.h).  The worker
 * reports and obeys, the loop reads and asks.  Knows nothing of jobs, so unit tests and engines use
 * it bare.
 */
#ifndef VIRTJOBD_CTL_H
#define VIRTJOBD_CTL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct verror;

/* Where resume points and children's pids are journalled; any member may be NULL. */
struct job_ctl_journal {
    /* json: a resume point that is true on disk now; the callee copies it */
    void (*checkpoint)(void *opaque, const char *json);
    /* the same, back when it is on disk; -1 with err set if it could not be written */
    int (*checkpoint_durable)(void *opaque, const char *json, struct verror *err);
    int (*begin)(void *opaque, const char *json, struct verror *err);
    /* pid 0: the child has been reaped */
    void (*child)(void *opaque, pid_t pid);
};

struct job_ctl {
    atomic_uint_fast64_t done;       /* bytes, or files for a refresh */
    atomic_uint_fast64_t total;      /* 0 = not known: an UNBOUNDED job */
    atomic_bool cancelled;           /* only ever goes to true */
    atomic_int cancel_fd;            /* eventfd, -1 until a worker wants to poll for it */
    atomic_uint_fast64_t speed;      /* bytes a second that it may move, 0 = no limit */
    atomic_bool paused;              /* meanwhile it moves none */
    atomic_bool abandoned;           /* only ever goes to true: neither of these holds any more */
    atomic_int pace_fd;              /* eventfd as cancel_fd, for changes of these */
    _Atomic(const char *) step;      /* static text: what it is doing, for errors and records */
    _Atomic(const char *) waiting_for; /* a path in a call that cannot be interrupted, or NULL;
                                          points into the spec, which outlives the work */
    const struct job_ctl_journal *journal;
    void *journal_opaque;
};

void job_ctl_init(struct job_ctl *ctl);
/* Once no worker has it any more; its numbers can still be read, and it may be called again. */
void job_ctl_done(struct job_ctl *ctl);

/* Worker. */
static inline bool job_ctl_cancelled(const struct job_ctl *ctl)
{
    return atomic_load_explicit(&ctl->cancelled, memory_order_relaxed);
}
static inline void job_ctl_set_total(struct job_ctl *ctl, uint64_t total)
{
    atomic_store_explicit(&ctl->total, total, memory_order_relaxed);
}
static inline void job_ctl_add(struct job_ctl *ctl, uint64_t amount)
{
    atomic_fetch_add_explicit(&ctl->done, amount, memory_order_relaxed);
}
static inline void job_ctl_set_done(struct job_ctl *ctl, uint64_t done)
{
    atomic_store_explicit(&ctl->done, done, memory_order_relaxed);
}
static inline void job_ctl_step(struct job_ctl *ctl, const char *step)
{
    atomic_store_explicit(&ctl->step, step, memory_order_relaxed);
}
static inline void job_ctl_waiting(struct job_ctl *ctl, const char *path)
{
    atomic_store_explicit(&ctl->waiting_for, path, memory_order_relaxed);
}
/* A descriptor that becomes readable once the work is cancelled; -1 with errno on failure. */
int job_ctl_cancel_fd(struct job_ctl *ctl);
/* A descriptor that becomes readable once one of the limits has changed; -1 with errno. */
int job_ctl_pace_fd(struct job_ctl *ctl);
static inline uint64_t job_ctl_speed(const struct job_ctl *ctl)
{
    return atomic_load_explicit(&ctl->speed, memory_order_relaxed);
}
static inline bool job_ctl_paused(const struct job_ctl *ctl)
{
    return atomic_load_explicit(&ctl->paused, memory_order_relaxed);
}
static inline bool job_ctl_abandoned(const struct job_ctl *ctl)
{
    return atomic_load_explicit(&ctl->abandoned, memory_order_relaxed);
}
void job_ctl_checkpoint(struct job_ctl *ctl, const char *json);
/*
 * Before a step that a next daemon must know of, as what it starts outlives this one.  -1 with err
 * set: it must not be done.
 */
int job_ctl_checkpoint_durable(struct job_ctl *ctl, const char *json, struct verror *err);
/*
 * The same of the one after which what the job is about is under way, whatever becomes of it: its
 * kind's begin_commit goes to disk with it, then begun and job_begun() are called.
 */
int job_ctl_begin(struct job_ctl *ctl, const char *json, struct verror *err);
void job_ctl_child(struct job_ctl *ctl, pid_t pid);

/* Loop. */
void job_ctl_cancel(struct job_ctl *ctl);
void job_ctl_set_speed(struct job_ctl *ctl, uint64_t speed);
void job_ctl_set_paused(struct job_ctl *ctl, bool paused);
void job_ctl_abandon(struct job_ctl *ctl);

#endif
