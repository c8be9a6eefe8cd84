/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocation that cannot fail: the daemon ends where a few bytes cannot be
 * had, and its journal takes everything up again.  Sizes a client chooses are
 * bounded before they get here.  Any thread.
 */
#ifndef VIRTJOBD_ALLOC_H
#define VIRTJOBD_ALLOC_H

#include <stddef.h>

#include "protocol/macros.h"

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t count, size_t size); /* count * size, overflow checked */
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) _printf_(1, 2);

#define XNEW(type) ((type *)xcalloc(1, sizeof(type)))

#endif
