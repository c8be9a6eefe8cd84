/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Audit records: who did what, for reading by programs.  To the journal with a field for each
 * part, else a line whose text begins with "audit:", as virtjobd(8) has them.  Any thread.
 */
#ifndef VIRTJOBD_AUDIT_H
#define VIRTJOBD_AUDIT_H

#include <stddef.h>

/* From which audit_level on a record is written. */
enum audit_level { AUDIT_NONE = 0, AUDIT_ACTS = 1, AUDIT_CONNECTIONS = 2 };

struct audit_field {
    const char *key;   /* "job": in a line job="…", in the journal VIRTJOBD_JOB */
    const char *value; /* NULL: the record has no such field */
};

/* lines: write them, too, where there is no journal. */
void audit_set(enum audit_level level, int lines);
/* what: "job-start" and the like. */
void audit_record(enum audit_level level, const char *what, const struct audit_field *fields,
                  size_t nfields);

#define AUDIT(level, what, ...)                                                          \
    audit_record(level, what, (const struct audit_field[]){ __VA_ARGS__ },               \
                 sizeof((const struct audit_field[]){ __VA_ARGS__ }) / sizeof(struct audit_field))

#endif
