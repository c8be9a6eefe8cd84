/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One operation on one object: from the request, over its locks, checks and
 * journal entry, through its worker, to an outcome that is on disk before
 * anybody sees it.  Long operations and short ones, sync and async calls all
 * take this road; they differ only in when the caller is answered.  Knows no
 * XML, no sockets, no storage: a kind is a row of functions.  Loop thread.
 */
#ifndef VIRTJOBD_JOB_H
#define VIRTJOBD_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/ctl.h"
#include "jobs/jobs.h"
#include "jobs/locks.h"
#include "jobs/workers.h"
#include "store/store.h"
#include "util/verror.h"

enum job_state {
    JOB_NEW = 0,    /* not accepted yet: waits for locks, is checked, is journalled */
    JOB_QUEUED,     /* accepted, waits for a worker */
    JOB_RUNNING,
    JOB_CANCELLING, /* cancel was asked for; ends in JOB_CANCELLED once all is undone */
    JOB_FINISHING,  /* past its point of no return */
    JOB_COMPLETE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATE_MAX
};

const char *job_state_name(enum job_state state);
int job_state_from_name(const char *name); /* -1 = no such */
bool job_state_is_ended(enum job_state state);
/* The table of legal moves, for the tests. */
bool job_state_may_become(enum job_state from, enum job_state to);

/* Values of virJobObjectKind. */
enum job_object_kind { JOB_OBJECT_DOMAIN = 0, JOB_OBJECT_POOL, JOB_OBJECT_VOL, JOB_OBJECT_MAX };

/* What a job that the last daemon left behind needs. */
enum job_recovery {
    JOB_RECOVER_UNDO, /* undo it; err says why it cannot go on */
    JOB_RECOVER_RUN,  /* run again; the spec knows from where */
    JOB_RECOVER_DONE, /* it was published before the end */
};

/* What can be set of a job while it runs. */
enum job_limit { JOB_LIMIT_SPEED, JOB_LIMIT_PAUSE };

/*
 * A kind of operation.  All functions get the spec of the job; it belongs to
 * one thread at a time: to the loop before and after, to the worker that runs
 * run, publish, undo, prepare or recover meanwhile.  Optional members say so.
 */
struct job_kind {
    const char *name; /* "vol-clone": in the journal, records, messages */
    enum lane lane;   /* where run runs; the rest runs in LANE_CONTROL */
    bool is_long;     /* journalled, and others are refused meanwhile */
    bool ends_soon;   /* once FINISHING or cancelled: others wait for it as for a short one */
    bool joins_queue; /* waits behind one of its own in QUEUED, without a time limit (refresh) */
    bool counts_files; /* progress is in files, not bytes */

    /* Loop: what it holds while it lives, by lock_hold_want(); asked again after prepare. */
    void (*locks)(const void *spec, struct lock_hold *hold);
    /* Loop, locks held: does the request still make sense?  Optional. */
    int (*check)(void *spec, struct verror *err);
    /* Worker, before it is accepted: what the disk alone can tell.  Optional. */
    int (*prepare)(void *spec, struct verror *err);
    /* Loop: the last word before it is accepted, with what prepare has found.  Optional. */
    int (*admit)(void *spec, struct verror *err);
    /* Loop, just before it is accepted: an object being made becomes visible.  Optional. */
    void (*accepted)(void *spec, uint64_t job_id);
    /* Worker: the work, nothing visible yet.  Optional. */
    int (*run)(void *spec, uint64_t job_id, struct job_ctl *ctl, struct verror *err);
    /*
     * Loop, while run is in job_ctl_begin(): what else goes to disk together with the note that it
     * has begun.  Optional; then that it is there.  Optional.
     */
    void (*begin_commit)(void *spec, struct store_txn *txn);
    void (*begun)(void *spec);
    /*
     * Loop, run has succeeded: what else it holds from its point of no return on.  It waits for
     * that, for long operations too, and until it has it a cancel is taken.  Optional.
     */
    void (*finish_locks)(const void *spec, struct lock_hold *hold);
    /* Loop, run has succeeded: a last look before the point of no return.  Optional. */
    int (*decide)(void *spec, struct verror *err);
    /* Worker, no cancel any more: make it visible on disk.  Optional. */
    int (*publish)(void *spec, uint64_t job_id, struct job_ctl *ctl, struct verror *err);
    /* Worker, idempotent: nothing stays that was not there before.  Optional. */
    void (*undo)(void *spec, uint64_t job_id);
    /* Loop: what else goes to disk together with the outcome COMPLETE.  Optional. */
    void (*commit)(void *spec, struct store_txn *txn);
    /*
     * Loop: the outcome is durable, objects follow it.  done: the operation took
     * effect.  Also called (done false) for a request that was never accepted.  Optional.
     */
    void (*ended)(void *spec, bool done);
    /* Any thread: may it stop at SIGTERM and go on after the restart?  Optional: no. */
    bool (*resumable)(const void *spec);
    /* Loop: NULL = it keeps to that limit, else why it cannot.  Optional: it moves no bytes. */
    const char *(*unlimited)(const void *spec, enum job_limit limit);
    /* Worker, after a restart.  Without it a job is undone. */
    enum job_recovery (*recover)(void *spec, uint64_t job_id, const char *checkpoint,
                                 struct verror *err);
    /* Loop: JSON to and from the journal.  Needed where is_long. */
    char *(*spec_save)(const void *spec);
    void *(*spec_load)(struct daemon *daemon, const char *json, struct verror *err);
    void (*spec_free)(void *spec);
};

struct job;

/*
 * What to do with whom.  Strings are copied; spec is taken over in any case.
 * Callbacks are called on the loop thread, maybe from inside job_start(), each
 * at most once; accepted or refused always comes, ended only
 * after accepted.
 */
struct job_request {
    const struct job_kind *kind;
    void *spec;
    enum job_object_kind object_kind;
    const char *name;
    const char *pool;        /* a volume's pool; the disk of a domain that it is about; else "" */
    const char *uuid;        /* text: the domain's or the pool's */
    const char *started_by;
    const char *share;       /* key of its work in lanes but control; NULL: its uuid */
    bool async;              /* a short operation becomes a job to be asked for, too */
    uint64_t speed;          /* bytes a second from its start, where its kind takes it; 0 = any */
    void (*accepted)(void *opaque, struct job *job);
    void (*refused)(void *opaque, struct verror *err);
    void (*begun)(void *opaque, struct job *job); /* see job_begun(); optional */
    void (*ended)(void *opaque, struct job *job);
    void *opaque;
};

void job_start(struct jobs *jobs, struct job_request *request);

/* --- asking --- */

uint64_t job_id(const struct job *job);
enum job_state job_state(const struct job *job);
enum job_object_kind job_object(const struct job *job);
const struct job_kind *job_kind_of(const struct job *job);
void *job_spec(const struct job *job);          /* NULL once ended */
const struct verror *job_error(const struct job *job);
/* Failed or cancelled, and on its way to that end: it does not take effect any more. */
bool job_is_being_undone(const struct job *job);
/* "vol-clone of volume 'b' in pool 'p'", owned by the job */
const char *job_title(const struct job *job);

/* The proposal's numbers and ours: one consistent snapshot. */
struct job_snapshot {
    int type;  /* virJobType */
    int state; /* virJobState */
    int phase; /* virJobPhase */
    uint32_t running_ms, remaining_seconds;
    int percent;
    uint64_t done, total, rate; /* bytes; bytes a second */
    uint64_t speed;             /* the limit, 0 = none; bytes a second */
};
void job_snapshot(struct job *job, struct job_snapshot *ret);
/* The same from a row of the history. */
void job_row_snapshot(const struct jobs *jobs, const struct store_job *row,
                      struct job_snapshot *ret);
/* Everything as a store row whose strings are copies; store_job_clear() it. */
void job_to_row(const struct job *job, struct store_job *ret_row);
/* "cancelling, waiting for /mnt/x", a new string, or NULL. */
char *job_note(struct job *job);

struct job *jobs_find_id(struct jobs *jobs, uint64_t id); /* running, or an object's last */
/* The last job a client asked for on the object, or NULL. */
struct job *jobs_find_object(struct jobs *jobs, enum job_object_kind kind, const char *name,
                             const char *pool, const char *uuid);
/* Newest last. */
void jobs_each_active(struct jobs *jobs, void (*each)(void *opaque, struct job *job),
                      void *opaque);

/* --- being told --- */

/*
 * The one who is told of each event of a job that clients can ask for, after all others; PROGRESS
 * of one that runs comes twice a second at most.
 */
void jobs_on_event(struct jobs *jobs,
                   void (*cb)(void *opaque, struct job *job, virJobEvent event), void *opaque);
/* The number of the last event.  The next has the next; after a restart they begin higher. */
uint64_t jobs_event_sequence(const struct jobs *jobs);

/* --- doing --- */

/*
 * Asks for its end.  -1 with err (VIR_ERR_OPERATION_INVALID) when it has ended or
 * is past its point of no return; else done is called once the request is durable.
 */
int job_cancel(struct job *job, void (*done)(void *opaque, struct verror *err), void *opaque,
               struct verror *err);
/* Records who has asked for it, where that was a client. */
void job_audit_cancel(const struct job *job, const char *by);

/*
 * How fast it may move bytes (a second; 0 = as fast as it can), and whether it may at all.  -1
 * with err: VIR_ERR_OPERATION_INVALID where it is too late, VIR_ERR_OPERATION_UNSUPPORTED
 * where its kind cannot; else it holds at once, and done is called once it is durable.
 */
int job_set_speed(struct job *job, uint64_t speed,
                  void (*done)(void *opaque, struct verror *err), void *opaque,
                  struct verror *err);
int job_set_paused(struct job *job, bool paused,
                   void (*done)(void *opaque, struct verror *err), void *opaque,
                   struct verror *err);

/* What it is about is under way: those who have asked for it are told, each once. */
void job_begun(struct job *job);

/*
 * Those whom its bytes are for are gone: neither pause nor speed, present or to come, holds it up
 * any more on its way to find that out.
 */
void job_abandon(struct job *job);

/* Called once it has ended, unless removed before. */
struct job_waiter {
    void (*ended)(struct job_waiter *waiter, struct job *job);
    struct job_waiter *prev, *next;
};
void job_wait(struct job *job, struct job_waiter *waiter);
void job_unwait(struct job *job, struct job_waiter *waiter);

/* Kinds there are, NULL-terminated, from each who has some; before anything of the past is asked
   for. */
void jobs_add_kinds(struct jobs *jobs, const struct job_kind *const *kinds);
/* Starting again: each row becomes a job or the last of its object. */
int jobs_recover(struct jobs *jobs, const struct store_job *row);
/* All rows and objects are in: take unended jobs up. */
void jobs_recover_start(struct jobs *jobs);
/*
 * For what holds locks without a job: all at once and without waiting, or -1 with err
 * (VIR_ERR_OPERATION_INVALID) that says "WHAT is busy: …".
 */
int jobs_hold(struct jobs *jobs, struct lock_hold *hold, const char *what, struct verror *err);
/* For what waits, also for long ones.  True: it holds them; else its granted() will come. */
bool jobs_hold_later(struct jobs *jobs, struct lock_hold *hold);
void jobs_release(struct jobs *jobs, struct lock_hold *hold);
/* What holds already gets what fresh wants instead, or keeps what it has: -1 with err. */
int jobs_exchange(struct jobs *jobs, struct lock_hold *hold, struct lock_hold *fresh,
                  const char *what, struct verror *err);

#endif
