/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text for a terminal: columns that UTF-8 takes, and names and messages of
 * others made harmless.
 */
#ifndef VIRTJOB_TEXT_H
#define VIRTJOB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Columns the text takes in this locale; what cannot be shown counts one. */
size_t text_width(const char *text);
/* Bytes of the longest start of text that fits into so many columns. */
size_t text_fit(const char *text, size_t columns);
/*
 * In place: whitespace runs around a newline become one blank, trailing ones
 * go, and other control characters become '?': a message is one line and
 * cannot play with the terminal.
 */
void text_make_line(char *text);
/* In place: every control character becomes '?', for a name in a table. */
void text_make_printable(char *text);
/* Can it be a UUID, with or without its dashes, as the library takes it? */
bool text_is_uuid(const char *text);
/* The words, ended by NULL, with what is to stand between two of them; a new string. */
char *text_join(const char *const *words, const char *between);
/* A copy in which every byte that is not UTF-8 is U+FFFD. */
char *text_to_utf8(const char *text);

#endif
