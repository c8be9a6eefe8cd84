/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/store: full disks, kills, a second daemon, and files that are not ours or are damaged. */

#include "store-fixture.h"

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
    const TTest *const tests[] = {
        test_no_room,
        test_kill_loses_nothing_answered,
        test_two_daemons,
        test_damaged,
        test_not_a_database,
        test_foreign,
        test_newer,
        test_no_directory,
        test_private,
    };

    return store_run("store_trouble", tests, ARRAY_SIZE(tests));
}
