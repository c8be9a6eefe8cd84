/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that cannot fail; see alloc.h. */

#include "util/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *ptr)
{
    if (!ptr) {
        static const char text[] = "out of memory\n";

        (void)!write(STDERR_FILENO, text, sizeof(text) - 1); /* nothing to do on failure */
        abort();
    }
    return ptr;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *ptr, size_t count, size_t size)
{
    return checked(reallocarray(ptr, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return text ? checked(strdup(text)) : NULL;
}

char *xstrndup(const char *text, size_t len)
{
    return checked(strndup(text, len));
}

char *xasprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vasprintf(&text, fmt, args);
    va_end(args);
    return checked(len < 0 ? NULL : text);
}
