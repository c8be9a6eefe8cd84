/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/store: what goes in comes out again, after restarts, crashes and full disks too. */

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

#include "store/internal.h"
#include "util/alloc.h"

static char dir[] = "/tmp/test-store.XXXXXX";
static char path[64];
static struct event_base *base;
static struct store *store;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/virtjobd.db", dir);
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
}

static void teardown(void)
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

static void open_store(void)
{
    struct verror err = VERROR_INIT;

    store = store_open(path, base, &err);
    ck_assert_msg(store != NULL, "%s", verror_text(&err));
}

static void reopen_store(void)
{
    store_close(store);
    open_store();
}

/* The message with which the database is refused. */
static void assert_refused(const char *reason)
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

static void count_cb(void *opaque, struct verror *err)
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

static void wait_calls(struct outcome *outcome, unsigned int calls)
{
    while (outcome->calls < calls)
        ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void commit_wait(struct store_txn *txn)
{
    struct outcome outcome = { 0 };

    store_commit(txn, count_cb, &outcome);
    wait_calls(&outcome, 1);
    ck_assert_uint_eq(outcome.failed, 0);
}

/* --- rows --- */

static struct store_object pool_object(const char *uuid, const char *name)
{
    return (struct store_object){ .kind = (char *)"pool", .uuid = (char *)uuid,
                                  .name = (char *)name };
}

static struct store_job running_job(uint64_t id, const char *name)
{
    return (struct store_job){ .id = id, .operation = (char *)"vol-clone", .object_kind = 2,
                               .name = (char *)name, .pool = (char *)"p", .uuid = (char *)"u",
                               .state = (char *)"running", .queued_at = 1000 };
}

static struct store_job ended_job(uint64_t id, const char *name, int64_t ended_at)
{
    struct store_job job = running_job(id, name);

    job.state = (char *)"complete";
    job.ended_at = ended_at;
    job.asked = true;
    return job;
}

static void put_job(struct store_job job)
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

static void collect_job(void *opaque, const struct store_job *job)
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

static struct ids load_jobs(void)
{
    struct ids ids = { 0 };
    struct verror err = VERROR_INIT;

    ck_assert_msg(store_load_jobs(store, collect_job, &ids, &err) == 0, "%s", verror_text(&err));
    return ids;
}

static void collect_object(void *opaque, const struct store_object *object)
{
    char **list = opaque;
    char *longer = xasprintf("%s%s:%s:%s:%s:%d%d;", *list, object->uuid, object->name,
                             object->config_xml ? object->config_xml : "-",
                             object->live_xml ? object->live_xml : "-", object->autostart,
                             object->active);

    free(*list);
    *list = longer;
}

static void assert_objects(const char *expected)
{
    struct verror err = VERROR_INIT;
    _cleanup_free_ char *list = xstrdup("");

    ck_assert_msg(store_load_objects(store, "pool", collect_object, &list, &err) == 0, "%s",
                  verror_text(&err));
    ck_assert_str_eq(list, expected);
}

/* --- round trips --- */

START_TEST(test_objects)
{
    struct store_object a = pool_object("u-a", "a"), b = pool_object("u-b", "b"),
                        other = pool_object("u-c", "c");
    struct store_txn *txn;

    open_store();
    txn = store_begin(store);
    a.config_xml = (char *)"<pool>a</pool>";
    a.autostart = true;
    b.live_xml = (char *)"<pool>b</pool>";
    b.active = true;
    other.kind = (char *)"domain";
    store_put_object(txn, &b);
    store_put_object(txn, &a);
    store_put_object(txn, &other);
    commit_wait(txn);
    reopen_store();
    assert_objects("u-a:a:<pool>a</pool>:-:10;u-b:b:-:<pool>b</pool>:01;");

    txn = store_begin(store);
    a.autostart = false;
    a.name = (char *)"renamed";
    store_put_object(txn, &a);
    store_delete_object(txn, "pool", "u-b");
    store_delete_object(txn, "pool", "u-c"); /* a domain: stays */
    commit_wait(txn);
    assert_objects("u-a:renamed:<pool>a</pool>:-:00;");
}
END_TEST

START_TEST(test_job_keeps_every_field)
{
    struct store_job job = {
        .id = 7, .operation = (char *)"vol-clone", .object_kind = 2, .name = (char *)"v",
        .pool = (char *)"p", .uuid = (char *)"u", .state = (char *)"running",
        .spec = (char *)"{\"a\":1}", .checkpoint = (char *)"{\"o\":2}",
        .started_by = (char *)"uid=0", .asked = true, .cancel_asked = true, .child_pid = 42,
        .child_start = 1234567890123, .child_boot = (char *)"boot", .done = UINT64_MAX,
        .total = UINT64_MAX - 1, .running_ms = UINT32_MAX, .queued_at = 1764000000123,
        .started_at = 1764000000124, .error_code = 38, .error_domain = 18, .error_errno = 28,
        .error_message = (char *)"m\xc3\xa9", .error_step = (char *)"s",
        .error_output = (char *)"line\n'quoted'",
    };
    struct value in[64] = { 0 }, out[64] = { 0 };
    struct ids ids;

    open_store();
    put_job(job);
    reopen_store();
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 1);
    row_to_values(&job_table, &job, in);
    row_to_values(&job_table, &ids.last, out);
    for (size_t i = 0; i < job_table.ncolumns; i++) {
        const char *column = job_table.columns[i].name;

        if (in[i].is_text)
            ck_assert_msg(strcmp(in[i].text, out[i].text) == 0, "%s", column);
        else
            ck_assert_msg(in[i].number == out[i].number, "%s", column);
        free(in[i].text);
        free(out[i].text);
    }
    store_job_clear(&ids.last);
}
END_TEST

START_TEST(test_load_takes_unended_and_last_asked)
{
    struct store_job unasked = ended_job(4, "a", 400);
    struct ids ids;

    open_store();
    put_job(ended_job(1, "a", 100));
    put_job(ended_job(2, "a", 200)); /* a's last that was asked for */
    put_job(ended_job(3, "b", 300)); /* b's */
    unasked.asked = false;
    put_job(unasked);
    put_job(running_job(5, "a"));
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 3);
    ck_assert_uint_eq(ids.ids[0], 2);
    ck_assert_uint_eq(ids.ids[1], 3);
    ck_assert_uint_eq(ids.ids[2], 5);
    store_job_clear(&ids.last);
}
END_TEST

START_TEST(test_changes_of_a_running_job)
{
    struct store_txn *txn;
    struct ids ids;

    open_store();
    put_job(running_job(1, "a"));
    txn = store_begin(store);
    store_set_checkpoint(txn, 1, "{\"offset\":4096}");
    store_set_progress(txn, 1, 4096, 8192, 1500);
    store_set_child(txn, 1, 99, 12345, "boot");
    store_set_cancel_asked(txn, 1);
    store_set_checkpoint(txn, 77, "of no job");
    commit_wait(txn);
    reopen_store();
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 1);
    ck_assert_str_eq(ids.last.checkpoint, "{\"offset\":4096}");
    ck_assert_uint_eq(ids.last.done, 4096);
    ck_assert_uint_eq(ids.last.total, 8192);
    ck_assert_uint_eq(ids.last.running_ms, 1500);
    ck_assert_int_eq(ids.last.child_pid, 99);
    ck_assert_uint_eq(ids.last.child_start, 12345);
    ck_assert_str_eq(ids.last.child_boot, "boot");
    ck_assert(ids.last.cancel_asked);
    store_job_clear(&ids.last);
}
END_TEST

START_TEST(test_ended_job_is_not_changed)
{
    struct store_txn *txn;
    struct ids ids;

    open_store();
    put_job(ended_job(1, "a", 100));
    txn = store_begin(store);
    store_set_checkpoint(txn, 1, "{}");
    store_set_child(txn, 1, 99, 12345, "boot");
    store_set_cancel_asked(txn, 1);
    commit_wait(txn);
    ids = load_jobs();
    ck_assert_ptr_null(ids.last.checkpoint);
    ck_assert_int_eq(ids.last.child_pid, 0);
    ck_assert(!ids.last.cancel_asked);
    store_job_clear(&ids.last);
}
END_TEST

/* --- history --- */

static void assert_history(uint64_t before, unsigned int max, uint64_t first, int count)
{
    struct verror err = VERROR_INIT;
    struct store_job *jobs = NULL;

    ck_assert_int_eq(store_read_history(store, before, max, &jobs, &err), count);
    for (int i = 0; i < count; i++) {
        ck_assert_uint_eq(jobs[i].id, first - (uint64_t)i);
        store_job_clear(&jobs[i]);
    }
    free(jobs);
}

static void put_ended(uint64_t from, uint64_t to)
{
    struct store_txn *txn = store_begin(store);

    for (uint64_t id = from; id <= to; id++) {
        struct store_job job = ended_job(id, "a", (int64_t)id * 100);

        store_put_job(txn, &job);
    }
    commit_wait(txn);
}

START_TEST(test_history_pages)
{
    open_store();
    assert_history(0, 10, 0, 0);
    put_ended(1, 50);
    put_job(running_job(51, "a")); /* not history yet */
    assert_history(0, 20, 50, 20);
    assert_history(31, 20, 30, 20);
    assert_history(11, 20, 10, 10);
    assert_history(1, 20, 0, 0);
    assert_history(UINT64_MAX, UINT32_MAX, 50, 50);
}
END_TEST

START_TEST(test_prune)
{
    struct store_txn *txn;
    struct ids ids;

    open_store();
    put_ended(1, 20);
    put_job(running_job(21, "b"));
    txn = store_begin(store);
    store_prune_jobs(txn, 1000, 501); /* by age: 1 to 5 go */
    commit_wait(txn);
    assert_history(0, 100, 20, 15);
    txn = store_begin(store);
    store_prune_jobs(txn, 4, 0); /* by number */
    commit_wait(txn);
    assert_history(0, 100, 20, 4);
    txn = store_begin(store);
    store_prune_jobs(txn, 0, INT64_MAX);
    commit_wait(txn);
    assert_history(0, 100, 0, 0);
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 1); /* what runs is never pruned */
    store_job_clear(&ids.last);
}
END_TEST

START_TEST(test_ids_are_not_used_twice)
{
    struct store_txn *txn;

    open_store();
    ck_assert_uint_eq(store_last_job_id(store), 0);
    put_ended(1, 20);
    txn = store_begin(store);
    store_prune_jobs(txn, 0, INT64_MAX);
    commit_wait(txn);
    reopen_store();
    ck_assert_uint_eq(store_last_job_id(store), 20);
}
END_TEST

/* --- transactions --- */

START_TEST(test_callbacks_in_order)
{
    struct outcome outcome = { 0 };

    open_store();
    for (int i = 0; i < 60; i++) {
        struct store_txn *txn = store_begin(store);
        struct store_job job = running_job(1, "a");

        if (i % 2)
            job.operation = NULL; /* refused */
        store_put_job(txn, &job);
        store_commit(txn, count_cb, &outcome);
    }
    wait_calls(&outcome, 60);
    ck_assert_uint_eq(outcome.failed, 30);
    for (int i = 0; i < 60; i++)
        ck_assert_int_eq(outcome.codes[i] != 0, i % 2);
}
END_TEST

/* While another connection holds the database, txns pile up and become one group. */
START_TEST(test_bad_txn_fails_alone_and_whole)
{
    struct outcome outcome = { 0 };
    struct verror err = VERROR_INIT;
    struct store_object good = pool_object("u-1", "one"), also = pool_object("u-2", "two"),
                        clash = pool_object("u-3", "one");
    struct store_txn *txn;
    sqlite3 *other;

    open_store();
    other = sql_open(path, SQLITE_OPEN_READWRITE, &err);
    ck_assert_ptr_nonnull(other);
    ck_assert_int_eq(sql_exec(other, path, "BEGIN IMMEDIATE", &err), 0);
    store_commit(store_begin(store), count_cb, &outcome); /* the writer waits in this one */

    txn = store_begin(store);
    store_put_object(txn, &good);
    store_commit(txn, count_cb, &outcome);
    txn = store_begin(store);
    store_delete_object(txn, "pool", "u-1"); /* must be taken back with the rest of it */
    store_put_object(txn, &also);
    clash.name = (char *)"two";
    store_put_object(txn, &clash);
    store_commit(txn, count_cb, &outcome);
    txn = store_begin(store);
    also.name = (char *)"three";
    store_put_object(txn, &also);
    store_commit(txn, count_cb, &outcome);

    ck_assert_int_eq(sql_exec(other, path, "ROLLBACK", &err), 0);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    wait_calls(&outcome, 4);
    ck_assert_uint_eq(outcome.failed, 1);
    ck_assert_int_ne(outcome.codes[2], 0);
    ck_assert_uint_eq(outcome.refused, 1);
    assert_objects("u-1:one:-:-:00;u-2:three:-:-:00;");
}
END_TEST

/* Somebody else has it for longer than one waits: that says nothing of what is to be written. */
START_TEST(test_busy_is_no_refusal)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    sqlite3 *holder, *other;

    open_store();
    holder = sql_open(path, SQLITE_OPEN_READWRITE, &err);
    other = sql_open(path, SQLITE_OPEN_READWRITE, &err);
    ck_assert(holder && other);
    ck_assert_int_eq(sql_exec(holder, path, "BEGIN IMMEDIATE", &err), 0);
    ck_assert_int_eq(sqlite3_busy_timeout(other, 0), SQLITE_OK);
    ck_assert_int_eq(sql_exec(other, path, "BEGIN IMMEDIATE", &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "locked"));
    ck_assert(!store_has_refused(&err));
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(holder), SQLITE_OK);
}
END_TEST

static void commit_again_cb(void *opaque, struct verror *err)
{
    struct store_object object = pool_object("u-late", "late");
    struct store_txn *txn = store_begin(store);

    ck_assert_int_eq(err->code, 0);
    store_put_object(txn, &object);
    store_commit(txn, count_cb, opaque);
}

START_TEST(test_close_finishes_everything)
{
    struct outcome outcome = { 0 };

    open_store();
    store_commit(store_begin(store), commit_again_cb, &outcome);
    store_commit(store_begin(store), NULL, NULL);
    reopen_store(); /* no loop has run: close delivers, and takes what callbacks hand in */
    ck_assert_uint_eq(outcome.calls, 1);
    ck_assert_uint_eq(outcome.failed, 0);
    assert_objects("u-late:late:-:-:00;");
}
END_TEST

static void *commit_many(void *opaque)
{
    struct outcome *outcome = opaque;

    for (int i = 0; i < 200; i++) {
        struct store_txn *txn = store_begin(store);

        store_set_checkpoint(txn, 1, "{}");
        store_commit(txn, count_cb, outcome);
    }
    return NULL;
}

START_TEST(test_commits_from_many_threads)
{
    struct outcome outcome = { 0 };
    pthread_t threads[4];

    open_store();
    put_job(running_job(1, "a"));
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, commit_many, &outcome), 0);
    wait_calls(&outcome, 800);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(outcome.failed, 0);
}
END_TEST

START_TEST(test_log_stays_short)
{
    static char json[64 * 1024];
    struct stat st;
    char wal[80];

    open_store();
    put_job(running_job(1, "a"));
    memset(json, 'x', sizeof(json) - 1);
    for (int i = 0; i < 200; i++) { /* 13 MB of it */
        struct store_txn *txn = store_begin(store);

        store_set_checkpoint(txn, 1, json);
        commit_wait(txn);
    }
    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    ck_assert_int_eq(stat(wal, &st), 0);
    ck_assert_int_lt(st.st_size, 4 << 20);
}
END_TEST

/* --- trouble --- */

static void set_file_size_limit(rlim_t size)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on file sizes is a full disk that every user can make. */
START_TEST(test_no_room)
{
    static char json[1 << 20];
    struct outcome outcome = { 0 };
    struct store_txn *txn;
    struct ids ids;

    ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    open_store();
    put_job(running_job(1, "a"));
    set_file_size_limit(256 * 1024);
    memset(json, 'x', sizeof(json) - 1);
    txn = store_begin(store);
    store_set_cancel_asked(txn, 1); /* fits, but must not stay alone */
    store_set_checkpoint(txn, 1, json);
    store_commit(txn, count_cb, &outcome);
    wait_calls(&outcome, 1);
    ck_assert_uint_eq(outcome.failed, 1);
    ck_assert_int_eq(outcome.codes[0], VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(outcome.errnum, EFBIG);
    ck_assert_uint_eq(outcome.refused, 0); /* it may be tried again */
    ids = load_jobs();
    ck_assert(!ids.last.cancel_asked);
    ck_assert_ptr_null(ids.last.checkpoint);
    store_job_clear(&ids.last);

    put_job(running_job(2, "small enough"));
    set_file_size_limit(RLIM_INFINITY);
    txn = store_begin(store);
    store_set_checkpoint(txn, 1, json);
    commit_wait(txn);
    reopen_store();
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 2);
    store_job_clear(&ids.last);
}
END_TEST

static void tell_cb(void *opaque, struct verror *err)
{
    char ok = err->code == 0;

    (void)!write(*(int *)opaque, &ok, 1);
}

START_TEST(test_kill_loses_nothing_answered)
{
    char ok = 0;
    int fds[2], status;
    struct ids ids;
    pid_t pid;

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct store_job job = running_job(1, "a");
        struct store_txn *txn;

        (void)event_reinit(base);
        open_store();
        txn = store_begin(store);
        store_put_job(txn, &job);
        store_commit(txn, tell_cb, &fds[1]);
        for (;;)
            (void)event_base_loop(base, EVLOOP_ONCE);
    }
    (void)close(fds[1]);
    ck_assert_int_eq(read(fds[0], &ok, 1), 1);
    ck_assert_int_eq(ok, 1);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    (void)close(fds[0]);
    open_store();
    ids = load_jobs();
    ck_assert_uint_eq(ids.count, 1);
    store_job_clear(&ids.last);
}
END_TEST

START_TEST(test_two_daemons)
{
    open_store();
    assert_refused("in use by another virtjobd (pid ");
    store_close(store);
    open_store(); /* the lock goes with the daemon */
}
END_TEST

static void overwrite(off_t offset, size_t len)
{
    static char garbage[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    memset(garbage, 0xa5, sizeof(garbage));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, garbage, len, offset), (ssize_t)len);
    ck_assert_int_eq(close(fd), 0);
}

START_TEST(test_damaged)
{
    open_store();
    put_ended(1, 500);
    store_close(store);
    store = NULL;
    overwrite(3 * 4096, 2 * 4096);
    assert_refused("is damaged");
}
END_TEST

START_TEST(test_not_a_database)
{
    overwrite(0, 8192);
    assert_refused("is damaged");
}
END_TEST

static void run_sql(const char *sql)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(test_foreign)
{
    run_sql("CREATE TABLE recipes (name)");
    assert_refused("of another program");
}
END_TEST

START_TEST(test_newer)
{
    open_store();
    store_close(store);
    store = NULL;
    run_sql("PRAGMA user_version = 1000");
    assert_refused("newer virtjobd (schema 1000");
}
END_TEST

START_TEST(test_no_directory)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_ptr_null(store_open("/nonexistent/virtjobd.db", base, &err));
    ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

START_TEST(test_private)
{
    struct stat st;

    open_store();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_objects);
    tcase_add_test(tcase, test_job_keeps_every_field);
    tcase_add_test(tcase, test_load_takes_unended_and_last_asked);
    tcase_add_test(tcase, test_changes_of_a_running_job);
    tcase_add_test(tcase, test_ended_job_is_not_changed);
    tcase_add_test(tcase, test_history_pages);
    tcase_add_test(tcase, test_prune);
    tcase_add_test(tcase, test_ids_are_not_used_twice);
    tcase_add_test(tcase, test_callbacks_in_order);
    tcase_add_test(tcase, test_bad_txn_fails_alone_and_whole);
    tcase_add_test(tcase, test_busy_is_no_refusal);
    tcase_add_test(tcase, test_close_finishes_everything);
    tcase_add_test(tcase, test_commits_from_many_threads);
    tcase_add_test(tcase, test_log_stays_short);
    tcase_add_test(tcase, test_no_room);
    tcase_add_test(tcase, test_kill_loses_nothing_answered);
    tcase_add_test(tcase, test_two_daemons);
    tcase_add_test(tcase, test_damaged);
    tcase_add_test(tcase, test_not_a_database);
    tcase_add_test(tcase, test_foreign);
    tcase_add_test(tcase, test_newer);
    tcase_add_test(tcase, test_no_directory);
    tcase_add_test(tcase, test_private);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
