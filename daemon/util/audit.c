/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audit records; see audit.h.  Any thread; owns how much is recorded. */

#include "util/audit.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "util/log.h"

enum { FIELDS_MAX = 12 };

static atomic_int audit_level = AUDIT_ACTS;
static atomic_bool audit_lines = true;

void audit_set(enum audit_level level, int lines)
{
    atomic_store(&audit_level, level);
    atomic_store(&audit_lines, lines != 0);
}

/* In quotes; a quote or backslash in it gets a backslash, control characters are log.c's. */
static void put_quoted(FILE *out, const char *value)
{
    (void)fputc('"', out);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            (void)fputc('\\', out);
        (void)fputc(*value, out);
    }
    (void)fputc('"', out);
}

static char *format_line(const char *what, const struct audit_field *fields, size_t nfields)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort(); /* only memory can be short */
    (void)fprintf(out, "audit: what=%s", what);
    for (size_t i = 0; i < nfields; i++) {
        if (!fields[i].value)
            continue;
        (void)fprintf(out, " %s=", fields[i].key);
        put_quoted(out, fields[i].value);
    }
    if (fclose(out) != 0)
        abort(); /* as above */
    return text;
}

/* VIRTJOBD_KEY=value */
static char *format_field(const char *key, const char *value)
{
    char *text = xasprintf("VIRTJOBD_%s=%s", key, value);

    for (char *c = text; *c != '='; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

void audit_record(enum audit_level level, const char *what, const struct audit_field *fields,
                  size_t nfields)
{
    _cleanup_free_ char *line = NULL;
    char *texts[FIELDS_MAX];
    size_t n = 0;

    if ((int)level > atomic_load(&audit_level))
        return;
    line = format_line(what, fields, nfields);
    texts[n++] = format_field("audit", what);
    for (size_t i = 0; i < nfields && n < FIELDS_MAX; i++)
        if (fields[i].value)
            texts[n++] = format_field(fields[i].key, fields[i].value);
    log_record(line, texts, n, atomic_load(&audit_lines));
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
}
