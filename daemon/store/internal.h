/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the store share, in file order.  The loop thread opens and
 * closes; after that the writer thread alone uses db and stmts, and what both
 * touch is guarded by lock.
 */
#ifndef VIRTJOBD_STORE_INTERNAL_H
#define VIRTJOBD_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/store.h"

struct event;

/* --- sql.c: the connection and its errors --- */

/* Any connection of ours: busy time-out, small cache, no mapping.  NULL with err. */
sqlite3 *sql_open(const char *path, int flags, struct verror *err);
/* Runs statements that return nothing.  0, or -1 with err. */
int sql_exec(sqlite3 *db, const char *path, const char *sql, struct verror *err);
/* First column of the first row of sql, which the caller frees; NULL with err. */
char *sql_text(sqlite3 *db, const char *path, const char *sql, struct verror *err);
/* What went wrong last on db, told as a failure to "verb" (read, write, open) it.  Returns -1. */
int sql_error(sqlite3 *db, const char *path, const char *verb, struct verror *err);

/* --- schema.c --- */

/* Opens for writing, checks that it is ours and sound, migrates.  NULL with err. */
sqlite3 *schema_open(const char *path, struct verror *err);

/* --- rows.c: structs to and from table rows --- */

enum column_type { COLUMN_TEXT, COLUMN_BOOL, COLUMN_INT, COLUMN_U32, COLUMN_I64, COLUMN_U64 };

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
};

struct table {
    const char *name;
    const struct column *columns;
    size_t ncolumns;
};

extern const struct table object_table, job_table;

/* One bound value; an owned copy. */
struct value {
    bool is_text; /* text, which may be NULL; else number */
    int64_t number;
    char *text;
};

void row_to_values(const struct table *table, const void *row, struct value *values);
/* Reads the current result row, whose columns are the table's, into a zeroed struct. */
void row_from_stmt(const struct table *table, sqlite3_stmt *stmt, void *row);
void row_clear(const struct table *table, void *row);
/* "id, operation, ..." (the caller frees) */
char *table_column_list(const struct table *table);

/* --- txn.c --- */

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SAVEPOINT,
    STATEMENT_ROLLBACK_TO,
    STATEMENT_RELEASE,
    STATEMENT_PUT_OBJECT,
    STATEMENT_DELETE_OBJECT,
    STATEMENT_PUT_JOB,
    STATEMENT_SET_CHECKPOINT,
    STATEMENT_SET_PROGRESS,
    STATEMENT_SET_CHILD,
    STATEMENT_SET_STARTED,
    STATEMENT_SET_STATE,
    STATEMENT_SET_CANCEL_ASKED,
    STATEMENT_SET_PACE,
    STATEMENT_PRUNE_OLD,
    STATEMENT_PRUNE_MANY,
    STATEMENT_MAX
};

/* One statement to run, with its values. */
struct op {
    struct op *next;
    enum statement statement;
    size_t nvalues;
    struct value values[];
};

struct store_txn {
    struct store_txn *next; /* in one txn_list at a time */
    struct store *store;
    struct op *first, *last;
    void (*done)(void *opaque, struct verror *err);
    void *opaque;
    struct verror err; /* the outcome, set by the writer */
};

struct txn_list {
    struct store_txn *first, *last;
};

void txn_list_append(struct txn_list *list, struct store_txn *txn);
struct store_txn *txn_list_pop(struct txn_list *list);
void txn_free(struct store_txn *txn);

/* --- writer.c --- */

/* Fills store->stmts.  0, or -1 with err. */
int writer_prepare(struct store *store, struct verror *err);
void writer_unprepare(struct store *store);
/* Applies the whole list and leaves the outcome in each txn->err; the caller owns db. */
void writer_apply(struct store *store, struct txn_list *list);
/* Keeps the write-ahead log short. */
void writer_checkpoint(struct store *store);
void *writer_main(void *store);

/* --- store.c --- */

struct store {
    char *path;
    uint64_t last_job_id; /* when it was opened */
    int lock_fd;    /* held as long as the database is open: one daemon at a time */
    sqlite3 *db;    /* writer */
    sqlite3_stmt *stmts[STATEMENT_MAX];
    int wal_pages;  /* writer: in the log after the last commit */
    bool checkpoint_failed; /* writer: said once */

    pthread_t writer;
    bool writer_started;
    pthread_mutex_t lock; /* guards queue, done and stopping; no other lock is taken under it */
    pthread_cond_t wake;
    struct txn_list queue; /* committed, not yet applied */
    struct txn_list done;  /* applied, callback still due */
    bool stopping;

    int done_fd; /* eventfd: done has something */
    struct event *done_event;
};

/* Writer: hands outcomes to the loop. */
void store_post_done(struct store *store, struct txn_list *list);

#endif
