/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table on the terminal; see table.h. */

#include "tools/table.h"

#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/text.h"

struct table {
    const char *const *heads;
    size_t columns;
    char **cells; /* row by row */
    size_t count;
    size_t room;
};

struct table *table_new(const char *const *heads)
{
    struct table *table = XNEW(struct table);

    table->heads = heads;
    while (heads[table->columns])
        table->columns++;
    return table;
}

void table_free(struct table *table)
{
    size_t i;

    if (!table)
        return;
    for (i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_take(struct table *table, char *text)
{
    if (table->count == table->room) {
        table->room = table->room ? table->room * 2 : 64;
        table->cells = xrealloc(table->cells, table->room, sizeof(*table->cells));
    }
    text_make_printable(text);
    table->cells[table->count++] = text;
}

void table_add(struct table *table, const char *text)
{
    table_take(table, xstrdup(text));
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t i, width = text_width(table->heads[column]);

    for (i = column; i < table->count; i += table->columns) {
        size_t cell = text_width(table->cells[i]);

        width = cell > width ? cell : width;
    }
    return width;
}

static void row_print(const struct table *table, const size_t *widths, const char *const *cells,
                      FILE *out)
{
    size_t i;

    for (i = 0; i < table->columns; i++) {
        int pad = i + 1 < table->columns ? (int)(widths[i] - text_width(cells[i]) + 2) : 0;

        fprintf(out, " %s%*s", cells[i], pad, "");
    }
    fputc('\n', out);
}

void table_print(const struct table *table, FILE *out)
{
    _cleanup_free_ size_t *widths = xcalloc(table->columns, sizeof(*widths));
    size_t i, rule = 0;

    for (i = 0; i < table->columns; i++) {
        widths[i] = column_width(table, i);
        rule += widths[i] + 3;
    }
    row_print(table, widths, table->heads, out);
    for (i = 0; i < rule; i++)
        fputc('-', out);
    fputc('\n', out);
    for (i = 0; i + table->columns <= table->count; i += table->columns)
        row_print(table, widths, (const char *const *)&table->cells[i], out);
}
