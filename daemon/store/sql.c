/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SQLite connections and what their errors mean.  Any thread, one connection each. */

#include <errno.h>

#include "store/internal.h"
#include "util/alloc.h"

/* The daemon is to stay small: a quarter MiB of pages each, none of them mapped. */
static const char connection_pragmas[] = "PRAGMA cache_size = -256;"
                                         "PRAGMA mmap_size = 0;"
                                         "PRAGMA temp_store = MEMORY;"
                                         "PRAGMA trusted_schema = OFF;";

/* Only another connection of ours can hold it, and never for long. */
enum { BUSY_MS = 10000 };

int sql_error(sqlite3 *db, const char *path, const char *verb, struct verror *err)
{
    int code = sqlite3_errcode(db), errnum = sqlite3_system_errno(db);

    switch (code) {
    case SQLITE_FULL:
        return verror_errno(err, ENOSPC, "cannot %s database '%s'", verb, path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return verror_set(err, VIR_ERR_SYSTEM_ERROR,
                          "database '%s' is damaged: %s; restore or remove it", path,
                          sqlite3_errmsg(db));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return verror_errno(err, errnum ? errnum : EIO, "cannot %s database '%s': %s", verb, path,
                            sqlite3_errmsg(db));
    case SQLITE_BUSY: /* somebody looks into it from outside */
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
        return verror_set(err, VIR_ERR_SYSTEM_ERROR, "cannot %s database '%s': %s", verb, path,
                          sqlite3_errmsg(db));
    default:
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot %s database '%s': %s", verb, path,
                          sqlite3_errmsg(db));
    }
}

bool store_has_refused(const struct verror *err)
{
    return err->code == VIR_ERR_INTERNAL_ERROR;
}

sqlite3 *sql_open(const char *path, int flags, struct verror *err)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        (void)sql_error(db, path, "open", err);
    } else {
        (void)sqlite3_busy_timeout(db, BUSY_MS); /* fails on misuse only */
        if (sql_exec(db, path, connection_pragmas, err) == 0)
            return db;
    }
    (void)sqlite3_close(db); /* has no statements, so it cannot be busy */
    return NULL;
}

int sql_exec(sqlite3 *db, const char *path, const char *sql, struct verror *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return sql_error(db, path, "write", err);
}

char *sql_text(sqlite3 *db, const char *path, const char *sql, struct verror *err)
{
    sqlite3_stmt *stmt = NULL;
    char *text = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const unsigned char *column = sqlite3_column_text(stmt, 0);

        text = xstrdup(column ? (const char *)column : "");
    } else {
        (void)sql_error(db, path, "read", err);
    }
    (void)sqlite3_finalize(stmt); /* repeats the error that has been told */
    return text;
}
