/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table on the terminal, in virsh's shape: heads, a rule, rows; columns as
 * wide as what they hold.
 */
#ifndef VIRTJOB_TABLE_H
#define VIRTJOB_TABLE_H

#include <stdio.h>

#include "protocol/macros.h"

struct table;

/* heads: ended by NULL, and read as long as the table lives. */
struct table *table_new(const char *const *heads);
void table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);
#define _cleanup_table_ _cleanup_(table_freep)

/* Adds the next cell, a copy; rows fill from left to right. */
void table_add(struct table *table, const char *text);
/* The same, taking the string over. */
void table_take(struct table *table, char *text);
void table_print(const struct table *table, FILE *out);

#endif
