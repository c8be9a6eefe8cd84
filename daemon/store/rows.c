/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structs of store.h as table rows: one table of columns each, from which
 * values are bound, rows read and structs freed.  Pure functions, any thread.
 */

#include <string.h>

#include "store/internal.h"
#include "util/alloc.h"

#define OBJECT(name, type) { #name, COLUMN_##type, offsetof(struct store_object, name) }
#define JOB(name, type) { #name, COLUMN_##type, offsetof(struct store_job, name) }

static const struct column object_columns[] = {
    OBJECT(kind, TEXT),       OBJECT(uuid, TEXT),     OBJECT(name, TEXT),
    OBJECT(config_xml, TEXT), OBJECT(live_xml, TEXT), OBJECT(autostart, BOOL),
    OBJECT(active, BOOL),       OBJECT(runtime, TEXT),
};

static const struct column job_columns[] = {
    JOB(id, U64),
    JOB(operation, TEXT),
    JOB(object_kind, INT),
    JOB(name, TEXT),
    JOB(pool, TEXT),
    JOB(uuid, TEXT),
    JOB(state, TEXT),
    JOB(spec, TEXT),
    JOB(checkpoint, TEXT),
    JOB(started_by, TEXT),
    JOB(asked, BOOL),
    JOB(cancel_asked, BOOL),
    JOB(child_pid, INT),
    JOB(child_start, U64),
    JOB(child_boot, TEXT),
    JOB(done, U64),
    JOB(total, U64),
    JOB(running_ms, U32),
    JOB(queued_at, I64),
    JOB(started_at, I64),
    JOB(ended_at, I64),
    JOB(error_code, INT),
    JOB(error_domain, INT),
    JOB(error_errno, INT),
    JOB(error_message, TEXT),
    JOB(error_step, TEXT),
    JOB(error_output, TEXT),
    JOB(speed, U64),
    JOB(paused, BOOL),
};

const struct table object_table = { "objects", object_columns, ARRAY_SIZE(object_columns) };
const struct table job_table = { "jobs", job_columns, ARRAY_SIZE(job_columns) };

static int64_t field_number(const struct column *column, const void *field)
{
    switch (column->type) {
    case COLUMN_BOOL:
        return *(const bool *)field;
    case COLUMN_INT:
        return *(const int *)field;
    case COLUMN_U32:
        return *(const uint32_t *)field;
    case COLUMN_I64:
        return *(const int64_t *)field;
    case COLUMN_U64:
        return (int64_t)*(const uint64_t *)field; /* comes back as it went: two's complement */
    case COLUMN_TEXT:
        break;
    }
    abort();
}

static void set_field_number(const struct column *column, void *field, int64_t number)
{
    switch (column->type) {
    case COLUMN_BOOL:
        *(bool *)field = number != 0;
        return;
    case COLUMN_INT:
        *(int *)field = (int)number;
        return;
    case COLUMN_U32:
        *(uint32_t *)field = (uint32_t)number;
        return;
    case COLUMN_I64:
        *(int64_t *)field = number;
        return;
    case COLUMN_U64:
        *(uint64_t *)field = (uint64_t)number;
        return;
    case COLUMN_TEXT:
        break;
    }
    abort();
}

void row_to_values(const struct table *table, const void *row, struct value *values)
{
    for (size_t i = 0; i < table->ncolumns; i++) {
        const struct column *column = &table->columns[i];
        const void *field = (const char *)row + column->offset;

        values[i].is_text = column->type == COLUMN_TEXT;
        if (values[i].is_text)
            values[i].text = xstrdup(*(char *const *)field);
        else
            values[i].number = field_number(column, field);
    }
}

void row_from_stmt(const struct table *table, sqlite3_stmt *stmt, void *row)
{
    for (size_t i = 0; i < table->ncolumns; i++) {
        const struct column *column = &table->columns[i];
        void *field = (char *)row + column->offset;

        if (column->type == COLUMN_TEXT)
            *(char **)field = xstrdup((const char *)sqlite3_column_text(stmt, (int)i));
        else
            set_field_number(column, field, sqlite3_column_int64(stmt, (int)i));
    }
}

void row_clear(const struct table *table, void *row)
{
    for (size_t i = 0; i < table->ncolumns; i++) {
        void *field = (char *)row + table->columns[i].offset;

        if (table->columns[i].type == COLUMN_TEXT) {
            free(*(char **)field);
            *(char **)field = NULL;
        }
    }
}

char *table_column_list(const struct table *table)
{
    char *list = xstrdup("");

    for (size_t i = 0; i < table->ncolumns; i++) {
        char *longer = xasprintf("%s%s%s", list, i ? ", " : "", table->columns[i].name);

        free(list);
        list = longer;
    }
    return list;
}

void store_object_clear(struct store_object *object)
{
    row_clear(&object_table, object);
}

void store_job_clear(struct store_job *job)
{
    row_clear(&job_table, job);
}
