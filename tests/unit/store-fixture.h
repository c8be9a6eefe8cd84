/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A store in a directory of its own, and rows to put in and to look for. */
#ifndef VIRTJOBD_TEST_STORE_FIXTURE_H
#define VIRTJOBD_TEST_STORE_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "scratch.h"
#include "store/internal.h"
#include "util/alloc.h"

static char dir[] = "/tmp/test-store.XXXXXX";
static char path[64];
static struct event_base *base;
static struct store *store;

static inline void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/virtjobd.db", dir);
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
}

static inline void teardown(void)
{
    static const char *const names[] = { "", ".lock", "-wal", "-shm" };

    store_close(store);
    event_base_free(base);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char file[80];

        (void)snprintf(file, sizeof(file), "%s%s", path, names[i]);
        ck_assert(unlink(file) == 0 || errno == ENOENT);
    }
    ck_assert_int_eq(rmdir(dir), 0);
}

static inline void open_store(void)
{
    struct verror err = VERROR_INIT;

    store = store_open(path, base, &err);
    ck_assert_msg(store != NULL, "%s", verror_text(&err));
}

static inline void reopen_store(void)
{
    store_close(store);
    open_store();
}

/* The message with which the database is refused. */
static inline void assert_refused(const char *reason)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(store_open(path, base, &err));
    ck_assert_msg(strstr(verror_text(&err), reason) != NULL, "%s", verror_text(&err));
    ck_assert_msg(strstr(verror_text(&err), path) != NULL, "%s", verror_text(&err));
}

/* --- outcomes --- */

struct outcome {
    unsigned int calls, failed, refused; /* refused: for what they hold */
    int codes[64];
    int errnum;
};

static inline void count_cb(void *opaque, struct verror *err)
{
    struct outcome *outcome = opaque;

    if (outcome->calls < ARRAY_SIZE(outcome->codes))
        outcome->codes[outcome->calls] = err->code;
    outcome->calls++;
    outcome->failed += err->code != 0;
    outcome->refused += store_has_refused(err);
    if (err->code)
        outcome->errnum = err->sys_errno;
}

static inline void wait_calls(struct outcome *outcome, unsigned int calls)
{
    while (outcome->calls < calls)
        ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
}

static inline void commit_wait(struct store_txn *txn)
{
    struct outcome outcome = { 0 };

    store_commit(txn, count_cb, &outcome);
    wait_calls(&outcome, 1);
    ck_assert_uint_eq(outcome.failed, 0);
}

/* --- rows --- */

static inline struct store_object pool_object(const char *uuid, const char *name)
{
    return (struct store_object){ .kind = (char *)"pool", .uuid = (char *)uuid,
                                  .name = (char *)name };
}

static inline struct store_job running_job(uint64_t id, const char *name)
{
    return (struct store_job){ .id = id, .operation = (char *)"vol-clone", .object_kind = 2,
                               .name = (char *)name, .pool = (char *)"p", .uuid = (char *)"u",
                               .state = (char *)"running", .queued_at = 1000 };
}

static inline struct store_job ended_job(uint64_t id, const char *name, int64_t ended_at)
{
    struct store_job job = running_job(id, name);

    job.state = (char *)"complete";
    job.ended_at = ended_at;
    job.asked = true;
    return job;
}

static inline void put_job(struct store_job job)
{
    struct store_txn *txn = store_begin(store);

    store_put_job(txn, &job);
    commit_wait(txn);
}

struct ids {
    size_t count;
    uint64_t ids[64];
    struct store_job last;
};

static inline void collect_job(void *opaque, const struct store_job *job)
{
    struct ids *ids = opaque;
    _cleanup_free_ struct value *values = xcalloc(job_table.ncolumns, sizeof(*values));

    ids->ids[ids->count++] = job->id;
    store_job_clear(&ids->last);
    ids->last = *job;
    /* the strings are only lent */
    row_to_values(&job_table, job, values);
    for (size_t i = 0; i < job_table.ncolumns; i++)
        if (values[i].is_text)
            *(char **)((char *)&ids->last + job_table.columns[i].offset) = values[i].text;
}

static inline struct ids load_jobs(void)
{
    struct ids ids = { 0 };
    struct verror err = VERROR_INIT;

    ck_assert_msg(store_load_jobs(store, collect_job, &ids, &err) == 0, "%s", verror_text(&err));
    return ids;
}

static inline void collect_object(void *opaque, const struct store_object *object)
{
    char **list = opaque;
    char *longer = xasprintf("%s%s:%s:%s:%s:%d%d;", *list, object->uuid, object->name,
                             object->config_xml ? object->config_xml : "-",
                             object->live_xml ? object->live_xml : "-", object->autostart,
                             object->active);

    free(*list);
    *list = longer;
}

static inline void assert_objects(const char *expected)
{
    struct verror err = VERROR_INIT;
    _cleanup_free_ char *list = xstrdup("");

    ck_assert_msg(store_load_objects(store, "pool", collect_object, &list, &err) == 0, "%s",
                  verror_text(&err));
    ck_assert_str_eq(list, expected);
}

static inline void put_ended(uint64_t from, uint64_t to)
{
    struct store_txn *txn = store_begin(store);

    for (uint64_t id = from; id <= to; id++) {
        struct store_job job = ended_job(id, "a", (int64_t)id * 100);

        store_put_job(txn, &job);
    }
    commit_wait(txn);
}

/* A program's main. */
static inline int store_run(const char *name, const TTest *const tests[], size_t ntests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < ntests; i++)
        tcase_add_test(tcase, tests[i]);
    return scratch_run(suite);
}

#endif
