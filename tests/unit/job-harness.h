/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine as in the daemon (loop, workers, store in a directory of its own)
 * with kinds that do nothing but leave a trace, and fail or wait where the test
 * says.  The tests are the loop thread.
 */
#ifndef VIRTJOBD_TEST_JOB_HARNESS_H
#define VIRTJOBD_TEST_JOB_HARNESS_H

#include <check.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "daemon.h"
#include "jobs/job_internal.h"
#include "util/alloc.h"

enum fake_step {
    STEP_NONE = 0,
    STEP_CHECK,
    STEP_PREPARE,
    STEP_RUN,
    STEP_DECIDE,
    STEP_PUBLISH,
    STEP_UNDO,
    STEP_RECOVER,
    STEP_MAX
};

/* The spec of every fake kind. */
struct fake {
    enum fake_step fail;
    enum fake_step block;  /* waits there until heart_open() of it, or a cancel (run only) */
    bool deaf;             /* run does not look at its cancel token */
    bool resumable;
    bool spoiled;          /* its journal form cannot be read back */
    uint64_t done, total;  /* reported by run before it blocks */
    enum job_recovery recovery;
    enum lock_mode mode;
    char key[32];
    char finish[32]; /* a key that it needs for its end, "" = none */
    char found[32]; /* what prepare finds the key to be, "" = the same */
};

/* Has every step; not resumable unless its spec says so. */
extern const struct job_kind fake_long;
/* Short, with a row of its own ("pool", "u-NAME") committed with its outcome. */
extern const struct job_kind fake_short;
/* Long, and told once it has begun, with that row in one transaction. */
extern const struct job_kind fake_beginner;
/* Short, nothing but locks. */
extern const struct job_kind fake_bare;
/* Long, joins its own kind in the queue, counts files. */
extern const struct job_kind fake_refresh;
/* Long, without run, publish or undo. */
extern const struct job_kind fake_instant;
/* Long, publishes only, and ends soon: as the two deletes do. */
extern const struct job_kind fake_delete;
extern const struct job_kind fake_soon; /* its run and its undo can be held */

/* One caller. */
struct party {
    unsigned int accepted, refused, ended;
    uint64_t id;
    enum job_state state; /* in which it ended */
    int code;
    int sys_errno;
    char text[256], step[64], output[64];
    bool async;
};

extern struct daemon heart;
extern const char *heart_dir;

void heart_setup(void);    /* fixture: a new directory and a new engine */
void heart_teardown(void); /* fixture: takes all down, removes the directory */
/* As after a crash or a restart: the same directory, all of it taken up again. */
void heart_down(void);
void heart_up(void);
void heart_recover(void);

/*
 * What has happened so far, a letter each: k check, p prepare, v accepted (made
 * visible), r run, d decide, b publish, u undo, c commit, E ended done, e ended
 * not done, f spec freed; and the callers': A accepted, R refused, N ended.
 */
const char *heart_trace(void);
void heart_trace_clear(void);
void heart_open(enum fake_step step);  /* lets all through that wait there, and all to come */
void heart_close(enum fake_step step);
void heart_wait_entered(enum fake_step step, unsigned int times);

/* One turn of the loop after another until it is so; fails the test after a minute. */
#define heart_until(condition)                                              \
    do {                                                                    \
        int64_t until_end_ = clock_mono_ms() + 60000;                       \
        while (!(condition)) {                                              \
            ck_assert_msg(clock_mono_ms() < until_end_, "never: " #condition); \
            heart_turn();                                                   \
        }                                                                   \
    } while (0)
void heart_turn(void);

struct fake *fake_new(const char *key);
/* name: of pool "NAME", uuid "u-NAME" */
void fake_start(const struct job_kind *kind, struct fake *fake, const char *name,
                struct party *party);

/* A cancel: -1 refused with err; *answered counts durable answers. */
int fake_cancel(uint64_t id, unsigned int *answered, struct verror *err);

/* Statements by a connection of our own, such as triggers that refuse what the engine writes. */
void heart_sql(const char *sql);
/*
 * The disk of the journal is full from here on, as far as this process goes: what would make its
 * log longer fails.  Whoever sees to it that nothing is on its way knows what is the first to.
 */
void heart_disk_full(void);
void heart_disk_room(void);
/* First column of the first row, or "" */
char *heart_sql_text(const char *sql);

#endif
