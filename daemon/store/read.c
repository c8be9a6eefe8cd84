/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading back.  Every call has a read-only connection of its own, so it runs
 * on any thread, beside the writer, and sees one consistent snapshot.
 */

#include <limits.h>
#include <stdlib.h>

#include "store/internal.h"
#include "util/alloc.h"

struct reader {
    const char *path; /* the store's */
    const struct table *table;
    sqlite3 *db;
    sqlite3_stmt *stmt;
};

/* rest: what follows SELECT the table's columns FROM it. */
static int reader_open(struct reader *reader, struct store *store, const struct table *table,
                       const char *rest, struct verror *err)
{
    _cleanup_free_ char *columns = table_column_list(table);
    _cleanup_free_ char *sql = xasprintf("SELECT %s FROM %s %s", columns, table->name, rest);

    *reader = (struct reader){ .path = store->path, .table = table };
    reader->db = sql_open(store->path, SQLITE_OPEN_READONLY, err);
    if (!reader->db)
        return -1;
    if (sqlite3_prepare_v2(reader->db, sql, -1, &reader->stmt, NULL) != SQLITE_OK)
        return sql_error(reader->db, store->path, "read", err);
    return 0;
}

static void reader_close(struct reader *reader)
{
    (void)sqlite3_finalize(reader->stmt); /* repeats errors that have been told */
    (void)sqlite3_close(reader->db);      /* has no statement any more */
}

/* 1: *row, zeroed by the caller, has been filled; 0: that was all; -1 with err. */
static int reader_next(struct reader *reader, void *row, struct verror *err)
{
    switch (sqlite3_step(reader->stmt)) {
    case SQLITE_ROW:
        row_from_stmt(reader->table, reader->stmt, row);
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return sql_error(reader->db, reader->path, "read", err);
    }
}

int store_load_objects(struct store *store, const char *kind,
                       void (*each)(void *opaque, const struct store_object *object), void *opaque,
                       struct verror *err)
{
    struct store_object object = { 0 };
    _cleanup_(reader_close) struct reader reader;
    int ret;

    if (reader_open(&reader, store, &object_table, "WHERE kind = ?1 ORDER BY name", err) < 0)
        return -1;
    if (sqlite3_bind_text(reader.stmt, 1, kind, -1, SQLITE_STATIC) != SQLITE_OK)
        return sql_error(reader.db, store->path, "read", err);
    while ((ret = reader_next(&reader, &object, err)) > 0) {
        each(opaque, &object);
        store_object_clear(&object);
    }
    return ret;
}

int store_load_jobs(struct store *store, void (*each)(void *opaque, const struct store_job *job),
                    void *opaque, struct verror *err)
{
    static const char rest[] =
        "WHERE ended_at = 0 OR id IN (SELECT max(id) FROM jobs WHERE ended_at > 0 AND asked"
        " GROUP BY object_kind, uuid, pool, name) ORDER BY id";
    struct store_job job = { 0 };
    _cleanup_(reader_close) struct reader reader;
    int ret;

    if (reader_open(&reader, store, &job_table, rest, err) < 0)
        return -1;
    while ((ret = reader_next(&reader, &job, err)) > 0) {
        each(opaque, &job);
        store_job_clear(&job);
    }
    return ret;
}

static void free_jobs(struct store_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_job_clear(&jobs[i]);
    free(jobs);
}

int store_read_history(struct store *store, uint64_t before, unsigned int max,
                       struct store_job **ret_jobs, struct verror *err)
{
    static const char rest[] = "WHERE ended_at > 0 AND id < ?1 ORDER BY id DESC LIMIT ?2";
    _cleanup_(reader_close) struct reader reader;
    struct store_job *jobs = NULL;
    size_t count = 0, room = 0;
    int ret;

    if (reader_open(&reader, store, &job_table, rest, err) < 0)
        return -1;
    if (before == 0 || before > INT64_MAX)
        before = INT64_MAX;
    if (sqlite3_bind_int64(reader.stmt, 1, (int64_t)before) != SQLITE_OK ||
        sqlite3_bind_int64(reader.stmt, 2, max > INT_MAX ? INT_MAX : max) != SQLITE_OK)
        return sql_error(reader.db, store->path, "read", err);
    do {
        if (count == room) {
            room = room ? 2 * room : 16;
            jobs = xrealloc(jobs, room, sizeof(*jobs));
        }
        jobs[count] = (struct store_job){ 0 };
        ret = reader_next(&reader, &jobs[count], err);
        count += ret > 0;
    } while (ret > 0);
    if (ret < 0) {
        free_jobs(jobs, count);
        return -1;
    }
    *ret_jobs = jobs;
    return (int)count;
}
