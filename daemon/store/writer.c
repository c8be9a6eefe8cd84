/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writer: all transactions that are waiting become one SQLite transaction,
 * so that a thousand of them share one fsync, with a savepoint around each, so
 * that a bad one fails alone.  Runs on the thread "store", which owns the
 * connection; at close, the loop thread applies what callbacks still handed in.
 */

#include "store/internal.h"
#include "util/alloc.h"
#include "util/log.h"

/* The log is copied into the database once it has so many pages of 4 KiB. */
enum { WAL_PAGES_MAX = 500 };

/* NULL: made from the table's columns. */
static const char *const statements[STATEMENT_MAX] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_SAVEPOINT] = "SAVEPOINT txn",
    [STATEMENT_ROLLBACK_TO] = "ROLLBACK TO txn",
    [STATEMENT_RELEASE] = "RELEASE txn",
    [STATEMENT_PUT_OBJECT] =
        "INSERT INTO objects (kind, uuid, name, config_xml, live_xml, autostart, active,"
        " runtime) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (kind, uuid) DO UPDATE SET name = ?3, config_xml = ?4, live_xml = ?5,"
        " autostart = ?6, active = ?7, runtime = ?8",
    [STATEMENT_DELETE_OBJECT] = "DELETE FROM objects WHERE kind = ?1 AND uuid = ?2",
    [STATEMENT_PUT_JOB] = NULL,
    [STATEMENT_SET_CHECKPOINT] = "UPDATE jobs SET checkpoint = ?2 WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_PROGRESS] = "UPDATE jobs SET done = ?2, total = ?3, running_ms = ?4"
                               " WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_CHILD] = "UPDATE jobs SET child_pid = ?2, child_start = ?3, child_boot = ?4"
                            " WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_STARTED] = "UPDATE jobs SET state = 'running', started_at = ?2"
                              " WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_STATE] = "UPDATE jobs SET state = ?2 WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_CANCEL_ASKED] =
        "UPDATE jobs SET cancel_asked = 1 WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_SET_PACE] = "UPDATE jobs SET speed = ?2, paused = ?3 WHERE id = ?1 AND ended_at = 0",
    [STATEMENT_PRUNE_OLD] = "DELETE FROM jobs WHERE ended_at > 0 AND ended_at < ?1",
    [STATEMENT_PRUNE_MANY] =
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at > 0"
        " ORDER BY ended_at DESC, id DESC LIMIT -1 OFFSET ?1)",
};

/* REPLACE INTO jobs (id, ...) VALUES (?, ...): the whole row, whatever was there. */
static char *put_job_sql(void)
{
    _cleanup_free_ char *columns = table_column_list(&job_table);
    _cleanup_free_ char *marks = xstrdup("?");

    for (size_t i = 1; i < job_table.ncolumns; i++) {
        char *more = xasprintf("%s, ?", marks);

        free(marks);
        marks = more;
    }
    return xasprintf("REPLACE INTO jobs (%s) VALUES (%s)", columns, marks);
}

static int remember_wal_pages(void *opaque, sqlite3 *db _unused_, const char *name _unused_,
                              int pages)
{
    struct store *store = opaque;

    store->wal_pages = pages;
    return SQLITE_OK;
}

int writer_prepare(struct store *store, struct verror *err)
{
    _cleanup_free_ char *put_job = put_job_sql();

    (void)sqlite3_wal_hook(store->db, remember_wal_pages, store); /* returns the hook before it */
    for (size_t i = 0; i < STATEMENT_MAX; i++) {
        const char *sql = statements[i] ? statements[i] : put_job;

        if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->stmts[i],
                               NULL) != SQLITE_OK)
            return sql_error(store->db, store->path, "open", err);
    }
    return 0;
}

void writer_unprepare(struct store *store)
{
    for (size_t i = 0; i < STATEMENT_MAX; i++) {
        (void)sqlite3_finalize(store->stmts[i]); /* repeats errors that have been told */
        store->stmts[i] = NULL;
    }
}

/* 0, or -1 with err (which may be NULL). */
static int run(struct store *store, enum statement statement, const struct value *values,
               size_t nvalues, struct verror *err)
{
    sqlite3_stmt *stmt = store->stmts[statement];
    int ret = 0;

    for (size_t i = 0; i < nvalues && ret == 0; i++) {
        int index = (int)i + 1;
        int rc = values[i].is_text ?
                     sqlite3_bind_text(stmt, index, values[i].text, -1, SQLITE_STATIC) :
                     sqlite3_bind_int64(stmt, index, values[i].number);

        if (rc != SQLITE_OK)
            ret = sql_error(store->db, store->path, "write", err);
    }
    if (ret == 0 && sqlite3_step(stmt) != SQLITE_DONE)
        ret = sql_error(store->db, store->path, "write", err);
    (void)sqlite3_reset(stmt); /* repeats the error that has been told */
    (void)sqlite3_clear_bindings(stmt); /* always succeeds */
    return ret;
}

static int run_plain(struct store *store, enum statement statement, struct verror *err)
{
    return run(store, statement, NULL, 0, err);
}

/* An I/O error or a full disk may make SQLite roll back the whole transaction by itself. */
static bool in_transaction(struct store *store)
{
    return !sqlite3_get_autocommit(store->db);
}

/*
 * One of a group.  A failure is left in txn->err, what it wrote is taken back
 * and the group goes on: 0.  -1 with err when the group cannot go on.
 */
static int apply_one(struct store *store, struct store_txn *txn, struct verror *err)
{
    int ret;

    if (run_plain(store, STATEMENT_SAVEPOINT, err) < 0)
        return -1;
    ret = 0;
    for (struct op *op = txn->first; op && ret == 0; op = op->next)
        ret = run(store, op->statement, op->values, op->nvalues, &txn->err);
    if (ret < 0) {
        if (!in_transaction(store)) {
            verror_copy(err, &txn->err);
            return -1;
        }
        if (run_plain(store, STATEMENT_ROLLBACK_TO, err) < 0)
            return -1;
    }
    return run_plain(store, STATEMENT_RELEASE, err);
}

/* 0: on disk, but for those with txn->err set.  -1 with err: nothing of it is. */
static int apply_group(struct store *store, const struct txn_list *list, struct verror *err)
{
    int ret = run_plain(store, STATEMENT_BEGIN, err);

    for (struct store_txn *txn = list->first; txn && ret == 0; txn = txn->next)
        ret = apply_one(store, txn, err);
    if (ret == 0)
        ret = run_plain(store, STATEMENT_COMMIT, err);
    if (in_transaction(store))
        (void)run_plain(store, STATEMENT_ROLLBACK, NULL); /* fails only if already rolled back */
    return ret;
}

/*
 * When the group as a whole fails (the disk is full), each is tried alone:
 * what still fits is not refused for what does not.
 */
void writer_apply(struct store *store, struct txn_list *list)
{
    _cleanup_verror_ struct verror group_err = VERROR_INIT;

    if (apply_group(store, list, &group_err) == 0)
        return;
    for (struct store_txn *txn = list->first; txn; txn = txn->next) {
        struct store_txn *next = txn->next;
        struct txn_list alone = { txn, txn };
        struct verror err = VERROR_INIT;

        verror_clear(&txn->err);
        txn->next = NULL;
        if (apply_group(store, &alone, &err) < 0) {
            verror_clear(&txn->err);
            verror_move(&txn->err, &err);
        }
        txn->next = next;
    }
}

void writer_checkpoint(struct store *store)
{
    struct verror err = VERROR_INIT;

    if (store->wal_pages < WAL_PAGES_MAX)
        return;
    store->wal_pages = 0;
    /* PASSIVE: never waits for a reader; what is left is copied the next time */
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
        SQLITE_OK) {
        store->checkpoint_failed = false;
        return;
    }
    if (store->checkpoint_failed)
        return;
    store->checkpoint_failed = true;
    (void)sql_error(store->db, store->path, "write", &err);
    log_warn("the log of the database grows until this is cured: %s", verror_text(&err));
    verror_clear(&err);
}

void *writer_main(void *opaque)
{
    struct store *store = opaque;

    (void)pthread_setname_np(pthread_self(), "store"); /* a name, for people */
    for (;;) {
        struct txn_list list;

        (void)pthread_mutex_lock(&store->lock); /* fails on misuse only, as all of these */
        while (!store->queue.first && !store->stopping)
            (void)pthread_cond_wait(&store->wake, &store->lock);
        list = store->queue;
        store->queue = (struct txn_list){ 0 };
        (void)pthread_mutex_unlock(&store->lock);
        if (!list.first)
            return NULL; /* stopping, and nothing is left */
        writer_apply(store, &list);
        store_post_done(store, &list);
        writer_checkpoint(store);
    }
}
