/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON from a peer that is not trusted; see qmp_json.h.  Any thread, owns no state. */

#include "hypervisor/qemu/qmp_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/utf8.h"

enum { QUOTED_BEFORE = 24, QUOTED = 64 };

char *qmp_printable(const char *text, size_t len, size_t max)
{
    size_t shown = len < max ? len : max;
    char *out = xmalloc(shown * 4 + sizeof("…"));
    char *at = out;
    size_t i = 0;

    while (i < shown) {
        uint32_t c;
        size_t bytes = utf8_decode(text + i, &c);

        if (bytes > 0 && !utf8_is_control(c)) {
            if (i + bytes > shown)
                break; /* a character is shown whole or not at all */
            memcpy(at, text + i, bytes);
            at += bytes;
            i += bytes;
        } else {
            at += sprintf(at, "\\x%02x", (unsigned char)text[i++]);
        }
    }
    strcpy(at, i < len ? "…" : "");
    return out;
}

/* at: behind the opening quote; returns where the closing one is, or end. */
static const char *skip_string(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at;
}

/* Why the text must not even be parsed, static, or NULL. */
static const char *check_bounds(const char *text, size_t len, size_t max_values)
{
    const char *end = text + len;
    size_t depth = 0, values = 0;

    for (const char *at = text; at < end; at++) {
        switch (*at) {
        case '"':
            at = skip_string(at + 1, end);
            break;
        case '{':
        case '[':
            if (++depth > QMP_DEPTH_MAX)
                return "nested too deeply";
            values++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        default:
            break;
        }
        if (values > max_values)
            return "too many values";
    }
    return NULL;
}

static size_t number_length(const char *at)
{
    return strspn(at, "+-.0123456789eE");
}

static bool is_integer_out_of_range(const char *at, size_t len)
{
    if (strcspn(at, ".eE") < len)
        return false;
    errno = 0;
    (void)strtoll(at, NULL, 10);
    return errno == ERANGE;
}

/*
 * The text with ".0" behind each integer that is out of range.  JSON_DECODE_INT_AS_REAL would turn
 * every integer of the line into a real, and callers would read their sizes and ids as 0.
 */
static char *mend_integers(const char *text, size_t len, size_t *ret_len)
{
    const char *end = text + len;
    char *out = xmalloc(len + len / 8 + 3); /* such a number has at least 19 digits */
    char *to = out;
    const char *from = text;

    for (const char *at = text; at < end; at++) {
        size_t digits;

        if (*at == '"') {
            at = skip_string(at + 1, end);
            continue;
        }
        digits = *at == '-' || (*at >= '0' && *at <= '9') ? number_length(at) : 0;
        if (digits == 0)
            continue;
        if (is_integer_out_of_range(at, digits)) {
            to = mempcpy(to, from, (size_t)(at + digits - from));
            to = mempcpy(to, ".0", 2);
            from = at + digits;
        }
        at += digits - 1;
    }
    to = mempcpy(to, from, (size_t)(end - from));
    *to = '\0';
    *ret_len = (size_t)(to - out);
    return out;
}

/* What stands around a position, in quotes. */
static char *quote_around(const char *text, size_t len, size_t position)
{
    size_t start = position > QUOTED_BEFORE ? position - QUOTED_BEFORE : 0;
    _cleanup_free_ char *piece = NULL;

    if (start > len)
        start = len;
    while (start > 0 && start < len && (text[start] & 0xc0) == 0x80)
        start--; /* to the first byte of a character */
    piece = qmp_printable(text + start, len - start, QUOTED);
    return xasprintf("%s'%s'", start > 0 ? "…" : "", piece);
}

json_t *qmp_decode(const char *text, size_t len, size_t max_values, size_t flags,
                   char **ret_why)
{
    _cleanup_free_ char *mended = NULL, *quote = NULL;
    const char *bad = check_bounds(text, len, max_values);
    json_error_t error = { .position = 0 };
    json_t *value = NULL;

    if (!bad) {
        value = json_loadb(text, len, flags, &error);
        if (!value && json_error_code(&error) == json_error_numeric_overflow) {
            text = mended = mend_integers(text, len, &len);
            value = json_loadb(text, len, flags, &error);
        }
        bad = "not JSON";
    }
    if (value)
        return value;
    quote = quote_around(text, len, error.position > 0 ? (size_t)error.position : 0);
    *ret_why = xasprintf("%s: %s", bad, quote);
    return NULL;
}
