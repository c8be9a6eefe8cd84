/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables, and how a database becomes today's.  Start-up only, on the loop
 * thread; a database that is damaged, another program's or from a newer
 * virtjobd is refused as it is.
 */

#include <stdlib.h>
#include <string.h>

#include "store/internal.h"
#include "util/alloc.h"

/* Marks the file as ours, for file(1) and for us. */
#define APPLICATION_ID 0x20564a42
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/*
 * Row n leads from schema n to n + 1.  Rows are never edited, only added.
 *
 * AUTOINCREMENT: a job id is never used twice, not even when the history that
 * knew it has been pruned.
 */
static const char *const migrations[] = {
    "CREATE TABLE objects ("
    " kind TEXT NOT NULL, uuid TEXT NOT NULL, name TEXT NOT NULL,"
    " config_xml TEXT, live_xml TEXT,"
    " autostart INTEGER NOT NULL, active INTEGER NOT NULL,"
    " PRIMARY KEY (kind, uuid), UNIQUE (kind, name));"
    "CREATE TABLE jobs ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL,"
    " object_kind INTEGER NOT NULL, name TEXT NOT NULL, pool TEXT, uuid TEXT,"
    " state TEXT NOT NULL, spec TEXT, checkpoint TEXT, started_by TEXT,"
    " asked INTEGER NOT NULL, cancel_asked INTEGER NOT NULL,"
    " child_pid INTEGER NOT NULL, child_start INTEGER NOT NULL, child_boot TEXT,"
    " done INTEGER NOT NULL, total INTEGER NOT NULL, running_ms INTEGER NOT NULL,"
    " queued_at INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,"
    " error_code INTEGER NOT NULL, error_domain INTEGER NOT NULL, error_errno INTEGER NOT NULL,"
    " error_message TEXT, error_step TEXT, error_output TEXT);"
    "CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at > 0;",
    "ALTER TABLE objects ADD COLUMN runtime TEXT;",
    ("ALTER TABLE jobs ADD COLUMN speed INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE jobs ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;"),
};

/* A foreign database must not be touched, so this runs before anything is written. */
static int check_owner(sqlite3 *db, const char *path, struct verror *err)
{
    _cleanup_free_ char *id = sql_text(db, path, "PRAGMA application_id", err);
    _cleanup_free_ char *tables = NULL;

    if (!id)
        return -1;
    tables = sql_text(db, path, "SELECT count(*) FROM sqlite_schema", err);
    if (!tables)
        return -1;
    if (strtoul(id, NULL, 10) == APPLICATION_ID || strcmp(tables, "0") == 0)
        return 0;
    return verror_set(err, VIR_ERR_SYSTEM_ERROR, "'%s' is a database of another program", path);
}

static int check_sound(sqlite3 *db, const char *path, struct verror *err)
{
    _cleanup_free_ char *result = sql_text(db, path, "PRAGMA quick_check(1)", err);

    if (!result)
        return -1;
    if (strcmp(result, "ok") == 0)
        return 0;
    return verror_set(err, VIR_ERR_SYSTEM_ERROR,
                      "database '%s' is damaged: %s; restore or remove it", path, result);
}

static int migrate(sqlite3 *db, const char *path, struct verror *err)
{
    _cleanup_free_ char *text = sql_text(db, path, "PRAGMA user_version", err);
    unsigned long version;

    if (!text)
        return -1;
    version = strtoul(text, NULL, 10);
    if (version > ARRAY_SIZE(migrations))
        return verror_set(err, VIR_ERR_SYSTEM_ERROR,
                          "database '%s' is from a newer virtjobd (schema %lu, this one knows %zu)",
                          path, version, ARRAY_SIZE(migrations));
    for (; version < ARRAY_SIZE(migrations); version++) {
        _cleanup_free_ char *sql =
            xasprintf("BEGIN EXCLUSIVE; %s PRAGMA application_id = " TEXT(APPLICATION_ID)
                      "; PRAGMA user_version = %lu; COMMIT",
                      migrations[version], version + 1);

        if (sql_exec(db, path, sql, err) < 0)
            return -1; /* closing the connection rolls it back */
    }
    return 0;
}

/* FULL: with NORMAL a job that was answered as accepted could be gone after a power cut. */
static int set_durable(sqlite3 *db, const char *path, struct verror *err)
{
    _cleanup_free_ char *mode = sql_text(db, path, "PRAGMA journal_mode = WAL", err);

    if (!mode)
        return -1;
    if (strcmp(mode, "wal") != 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR,
                          "database '%s' cannot keep a write-ahead log on this file system", path);
    return sql_exec(db, path,
                    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                    "PRAGMA journal_size_limit = 4194304; PRAGMA cell_size_check = ON",
                    err);
}

sqlite3 *schema_open(const char *path, struct verror *err)
{
    sqlite3 *db = sql_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);

    if (!db)
        return NULL;
    if (check_owner(db, path, err) == 0 && check_sound(db, path, err) == 0 &&
        set_durable(db, path, err) == 0 && migrate(db, path, err) == 0)
        return db;
    (void)sqlite3_close(db); /* has no statements, so it cannot be busy */
    return NULL;
}
