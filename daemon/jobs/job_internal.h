/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the job engine share, under the name of the file that
 * defines it.  Nobody outside daemon/jobs/ includes this.
 */
#ifndef VIRTJOBD_JOB_INTERNAL_H
#define VIRTJOBD_JOB_INTERNAL_H

#include <uthash.h>

#include "daemon.h"
#include "jobs/job.h"
#include "util/clock.h"

struct durable;
struct event;

/* One who asked for this job: the first, and those who joined it while it waited. */
struct job_party {
    void (*accepted)(void *opaque, struct job *job);
    void (*refused)(void *opaque, struct verror *err);
    void (*begun)(void *opaque, struct job *job);
    void (*ended)(void *opaque, struct job *job);
    void *opaque;
    struct job_party *next;
};

/* Moving average of the progress, fed by a timer while jobs run. */
struct job_rate {
    int64_t at_ms;   /* monotonic, of the last sample; 0 = none yet */
    uint64_t done;   /* at the last sample */
    double per_second;
};

struct job {
    struct jobs *jobs;
    const struct job_kind *kind;
    uint64_t id; /* 0 for a short operation that is not asked for */
    enum job_state state;
    bool asked;  /* journalled, visible, answers as its object's last job */

    /* whose it is */
    enum job_object_kind object_kind;
    char *name, *pool, *uuid, *started_by;
    char *share; /* or NULL */
    char *key;   /* of the object, in jobs->last */
    char *title;

    /* on its way */
    void *spec;               /* NULL once ended */
    struct lock_hold locks;
    struct lock_hold finish_locks; /* from its point of no return on, and waited for before */
    struct event *lock_timer; /* while it waits for locks */
    struct job_ctl ctl;
    struct work work;
    int (*step)(struct job *job); /* what the worker is to do, and how that ended */
    int step_rc;
    struct verror step_err;   /* the worker's, until the loop takes it */
    struct durable *beginning; /* job.c's: the same, while its worker waits for that */
    bool working;             /* handed to a worker */
    bool unrecovered;         /* left by a dead daemon, not looked at yet */
    bool recovering;          /* that worker finds out what a dead daemon left */
    bool cut_short;           /* the daemon stops and could not wait for it */
    bool parked;              /* the daemon stops; the next one takes it up */
    enum job_state outcome;   /* decided, on its way to disk */
    bool took_effect;         /* FAILED, as it could not be saved, but what it did is there */
    char *unjournalled;       /* why its outcome is not on disk, after the first try; else NULL */
    bool outcome_due;         /* the timer hands it in again */
    struct job_party *parties;
    struct job_waiter *waiters;

    /* what is told */
    struct verror err;
    char *err_step; /* owns err.step where it came from the journal */
    int64_t queued_at, started_at, ended_at; /* ms since 1970, for people */
    atomic_llong started_mono; /* ms, for durations; 0 = not yet; its worker reads it */
    int64_t ended_mono;
    uint32_t running_ms_before;              /* before the last restart of the daemon */
    int percent;                             /* the highest ever told */
    bool bounded;
    struct job_rate rate;
    uint64_t told_done; /* bytes, in its last event */

    char *checkpoint; /* the last, which the journal may have lost; its worker's while that runs */

    /* recovery only */
    bool cancel_asked;
    bool begun;     /* may have left something on disk */
    bool finishing; /* was past its point of no return: maybe it is done */
    int child_pid;
    uint64_t child_start;
    char *child_boot;
    enum job_recovery recovery;

    struct job *prev, *next;      /* jobs->active, in order of their start; not once ended */
    UT_hash_handle hh_id, hh_key; /* jobs->by_id, jobs->last */
};

struct past_kind;

enum { JOB_KIND_LISTS_MAX = 4 };

struct jobs {
    struct daemon *daemon;
    struct locks *locks;
    struct job *by_id, *last;
    struct job *active_first, *active_last;
    unsigned int active_count;
    uint64_t next_id;
    const struct job_kind *const *kinds[JOB_KIND_LISTS_MAX];
    size_t nkinds; /* lists in kinds */
    struct past_kind *past_kinds; /* job_recover.c's */
    unsigned int nrunning;    /* jobs in JOB_RUNNING */
    struct event *rate_timer; /* pending only while there are any */
    bool rate_timer_on;
    unsigned int ended_since_prune;
    struct event *retry_timer; /* job_end.c: pending while outcomes are due; NULL before the first */
    unsigned int retry_ms;     /* the last pause; 0 = the last outcome was taken */
    uint64_t event_sequence;
    void (*on_event)(void *opaque, struct job *job, virJobEvent event);
    void *on_event_opaque;
    /* jobs_stop */
    bool stopping;
    struct event *grace_timer;
    void (*stopped)(void *opaque);
    void *stopped_opaque;
    bool grace_over;
};

/* job.c */
extern const struct job_ctl_journal job_ctl_journal;
struct job *job_new(struct jobs *jobs, const struct job_kind *kind);
void job_free(struct job *job);
void job_stop_lock_timer(struct job *job);
void job_put_progress(struct job *job, struct store_txn *txn); /* its worker may, too */
void job_submit(struct job *job, enum lane lane, int (*step)(struct job *job),
                void (*done)(struct work *work));
/* First in each done: the worker's error becomes the loop's.  What the step returned. */
int job_step_take(struct job *job);

/* job_start.c: up to its acceptance */
void job_arm(struct job *job); /* its spec is there: locks and journal */
void job_accept(struct job *job);
void job_tell_refused(struct job *job);
void job_refuse_stopping(struct job *job); /* the daemon stops; frees it */

/* job_run.c: from there on */
void job_run(struct job *job);
void job_park(struct job *job); /* the daemon stops: the next one takes it up */
bool job_is_resumable(const struct job *job);
void job_undo(struct job *job, enum job_state outcome);

/* job_end.c: decided */
void job_end(struct job *job, enum job_state outcome);
void job_answer(struct job *job, struct job_party *party); /* who has asked; frees the list */
void jobs_retry_outcomes(struct jobs *jobs); /* now: those that the disk did not take */

/* job_event.c */
void job_tell(struct job *job, virJobEvent event);
/* That it has moved on since its last event, if it has. */
void job_tell_progress(struct job *job);

/* job_verbs.c */
bool job_takes_speed(const struct job *job);

/* job_state.c */
void job_set_state(struct job *job, enum job_state state);

/* job_audit.c: what its new state is worth recording */
void job_audit_state(const struct job *job);

/* job_info.c */
char *job_object_title(enum job_object_kind kind, const char *name, const char *pool);
char *job_object_key(enum job_object_kind kind, const char *name, const char *pool,
                     const char *uuid);
void job_sample_rate(struct job *job);
uint32_t job_running_ms(const struct job *job); /* its worker may ask, too */
void job_row_put(struct job *job, struct store_txn *txn); /* the whole row */

/* jobs.c: the register */
const struct job_kind *jobs_find_kind(const struct jobs *jobs, const char *name);
void jobs_add_active(struct job *job);
void jobs_register(struct job *job); /* accepted: by id, last of its object */
void jobs_end_active(struct job *job); /* ended; may free it */
void jobs_remove_active(struct job *job);
void jobs_rate_timer(struct jobs *jobs);
void jobs_check_stopped(struct jobs *jobs);

/* job_recover.c */
void job_recover(struct job *job); /* its locks are held */
void jobs_free_past_kinds(struct jobs *jobs);

#endif
