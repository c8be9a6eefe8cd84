/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What survives a restart: definitions, runtime state, jobs and their history,
 * in SQLite (WAL, synchronous=FULL).  One writer thread with group commit; a
 * transaction is all or nothing and transactions are applied in the order of
 * their store_commit().  Readers use their own read-only connection.
 */
#ifndef VIRTJOBD_STORE_H
#define VIRTJOBD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

struct event_base;
struct store;
struct store_txn;

/* A definition with its runtime state: a pool, a domain. */
struct store_object {
    char *kind;  /* "pool", "domain" */
    char *uuid;  /* text form, the key together with kind */
    char *name;
    char *config_xml; /* persistent definition, or NULL when transient */
    char *live_xml;   /* definition of the running object, or NULL */
    char *runtime;    /* JSON of the object's own: what else the running one is known by, or NULL */
    bool autostart;
    bool active;
};

/* One job, running or ended.  All strings may be NULL unless said otherwise. */
struct store_job {
    uint64_t id;
    char *operation;   /* job_kind.name, never NULL */
    int object_kind;   /* enum job_object_kind */
    char *name;        /* never NULL */
    char *pool;        /* pool's name for a volume, else "" */
    char *uuid;        /* text: the domain's or the pool's */
    char *state;       /* job_state_name(), never NULL */
    char *spec;        /* JSON of the kind's own; NULL once ended */
    char *checkpoint;  /* JSON of the kind's own: last resume point */
    char *started_by;  /* who asked, for people */
    bool asked;        /* answers as the object's last job */
    bool cancel_asked;
    int child_pid;     /* 0 = none */
    uint64_t child_start; /* start time of child_pid, clock ticks since boot */
    char *child_boot;  /* boot id it belongs to */
    uint64_t done, total;
    uint32_t running_ms;
    int64_t queued_at, started_at, ended_at; /* ms since 1970, 0 = not yet */
    int error_code, error_domain, error_errno;
    char *error_message, *error_step, *error_output;
    uint64_t speed; /* bytes a second that it may move, 0 = no limit */
    bool paused;
};

void store_object_clear(struct store_object *object);
void store_job_clear(struct store_job *job);

/*
 * Opens (and creates or migrates) the database, checks that no other daemon
 * has it, starts the writer.  NULL with err set on failure.  Start-up only.
 */
struct store *store_open(const char *path, struct event_base *base, struct verror *err);
/* Commits all that was handed in, delivers every callback, closes.  Loop thread. */
void store_close(struct store *store);

/* Start-up only, before the first transaction.  The callee keeps nothing. */
int store_load_objects(struct store *store, const char *kind,
                       void (*each)(void *opaque, const struct store_object *object), void *opaque,
                       struct verror *err);
/* Unended jobs and, for every object, the last ended job with asked set; oldest first. */
int store_load_jobs(struct store *store,
                    void (*each)(void *opaque, const struct store_job *job), void *opaque,
                    struct verror *err);
uint64_t store_last_job_id(struct store *store); /* start-up only */

/* A transaction: begin, put things in, commit.  Any thread; values are copied. */
struct store_txn *store_begin(struct store *store);
void store_put_object(struct store_txn *txn, const struct store_object *object);
void store_delete_object(struct store_txn *txn, const char *kind, const char *uuid);
void store_put_job(struct store_txn *txn, const struct store_job *job); /* the whole row */
/* Of a job that has not ended; else they change nothing. */
void store_set_checkpoint(struct store_txn *txn, uint64_t job_id, const char *json);
void store_set_child(struct store_txn *txn, uint64_t job_id, int pid, uint64_t start,
                     const char *boot);
/* How far it is and how long it ran, for the time after a restart. */
void store_set_progress(struct store_txn *txn, uint64_t job_id, uint64_t done, uint64_t total,
                        uint32_t running_ms);
void store_set_started(struct store_txn *txn, uint64_t job_id, int64_t started_at);
void store_set_state(struct store_txn *txn, uint64_t job_id, const char *state);
void store_set_cancel_asked(struct store_txn *txn, uint64_t job_id);
void store_set_pace(struct store_txn *txn, uint64_t job_id, uint64_t speed, bool paused);
/* Ended jobs beyond keep or ended before the given time (ms since 1970) go. */
void store_prune_jobs(struct store_txn *txn, unsigned int keep, int64_t ended_before);

/*
 * Hands the transaction over.  done (may be NULL) is called on the loop thread
 * once it is on disk (err->code 0) or was refused (err set, nothing changed).
 */
void store_commit(struct store_txn *txn,
                  void (*done)(void *opaque, struct verror *err), void *opaque);
/* An error of a commit: for what is in it, and not for the state of the disk.  Any thread. */
bool store_has_refused(const struct verror *err);

/*
 * Any worker thread, over a read-only connection: ended jobs with id < before
 * (0 = all), newest first, at most max.  Returns the number, -1 on failure.
 * The caller clears each row and frees the array.
 */
int store_read_history(struct store *store, uint64_t before, unsigned int max,
                       struct store_job **ret_jobs, struct verror *err);

#endif
