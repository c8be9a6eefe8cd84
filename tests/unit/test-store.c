/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/store: what goes in comes out again, whole, in order, and after restarts. */

#include "store-fixture.h"

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

int main(void)
{
    const TTest *const tests[] = {
        test_objects,
        test_job_keeps_every_field,
        test_load_takes_unended_and_last_asked,
        test_changes_of_a_running_job,
        test_ended_job_is_not_changed,
        test_history_pages,
        test_prune,
        test_ids_are_not_used_twice,
        test_callbacks_in_order,
        test_bad_txn_fails_alone_and_whole,
        test_busy_is_no_refusal,
        test_close_finishes_everything,
        test_commits_from_many_threads,
        test_log_stays_short,
    };

    return store_run("store", tests, ARRAY_SIZE(tests));
}
