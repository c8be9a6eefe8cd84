/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of /proc and /sys; see host_files.h. */

#include "hypervisor/host_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

enum {
    TEXT_MAX = 64 << 10,
    ID_MAX = 1 << 16, /* no kernel numbers its CPUs so high */
};

static char *read_text(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ char *text = NULL;
    size_t length = 0;
    ssize_t n = 1;

    if (fd < 0)
        return NULL;
    text = xmalloc(TEXT_MAX + 1);
    /* a read gives at most a page of some of them */
    while (length < TEXT_MAX && n > 0) {
        n = read(fd, text + length, TEXT_MAX - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return NULL;
    text[length] = '\0';
    if (length && text[length - 1] == '\n')
        text[length - 1] = '\0';
    length = strlen(text) + 1;
    return xrealloc(STEAL_PTR(text), length, 1);
}

static char *read_path(const char *fmt, va_list args) _printf_(1, 0);
static char *read_path(const char *fmt, va_list args)
{
    char path[PATH_MAX];
    int length = vsnprintf(path, sizeof(path), fmt, args);

    return length < 0 || (size_t)length >= sizeof(path) ? NULL : read_text(path);
}

char *host_file_read(const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = read_path(fmt, args);
    va_end(args);
    return text;
}

unsigned int host_file_number(unsigned int fallback, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    unsigned long number;
    va_list args;
    char *end;

    va_start(args, fmt);
    text = read_path(fmt, args);
    va_end(args);
    if (!text || !isdigit((unsigned char)*text)) /* a kernel's -1 is "unknown" */
        return fallback;
    number = strtoul(text, &end, 10);
    return *end || number > UINT_MAX ? fallback : (unsigned int)number;
}

static int parse_id(const char **text, unsigned long *ret_id)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return -1;
    *ret_id = strtoul(*text, &end, 10);
    *text = end;
    return *ret_id < ID_MAX ? 0 : -1;
}

/* "3" or "0-3"; what follows is left in text */
static int parse_range(const char **text, unsigned long *ret_first, unsigned long *ret_last)
{
    if (parse_id(text, ret_first) < 0)
        return -1;
    *ret_last = *ret_first;
    if (**text != '-')
        return 0;
    (*text)++;
    return parse_id(text, ret_last) < 0 || *ret_last < *ret_first ? -1 : 0;
}

int host_list_parse(const char *text, unsigned int **ret_ids, size_t *ret_count)
{
    _cleanup_free_ unsigned int *ids = xcalloc(1, sizeof(*ids));
    size_t count = 0;

    while (*text) {
        unsigned long first, last;

        if (parse_range(&text, &first, &last) < 0 || (*text && *text != ',') ||
            count + (last - first) >= ID_MAX)
            return -1;
        ids = xrealloc(ids, count + (last - first) + 1, sizeof(*ids));
        for (; first <= last; first++)
            ids[count++] = (unsigned int)first;
        if (*text == ',' && !*++text)
            return -1;
    }
    *ret_ids = STEAL_PTR(ids);
    *ret_count = count;
    return 0;
}
