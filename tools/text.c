/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for a terminal; see text.h. */

#include "tools/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "daemon/util/alloc.h"

/* One character: its bytes (at least 1) and its columns; false at the end. */
static bool char_next(const char *text, mbstate_t *state, size_t *ret_bytes, size_t *ret_columns)
{
    wchar_t wide;
    size_t n;
    int width;

    if (!*text)
        return false;
    n = mbrtowc(&wide, text, strlen(text), state);
    if (n == (size_t)-1 || n == (size_t)-2) {
        memset(state, 0, sizeof(*state)); /* go on after the byte that is no character */
        *ret_bytes = *ret_columns = 1;
        return true;
    }
    width = wcwidth(wide);
    *ret_bytes = n;
    *ret_columns = width < 0 ? 1 : (size_t)width;
    return true;
}

size_t text_width(const char *text)
{
    mbstate_t state = { 0 };
    size_t bytes, columns, width = 0;

    for (; char_next(text, &state, &bytes, &columns); text += bytes)
        width += columns;
    return width;
}

size_t text_fit(const char *text, size_t columns)
{
    mbstate_t state = { 0 };
    size_t bytes, wide, used = 0, len = 0;

    for (; char_next(text + len, &state, &bytes, &wide) && used + wide <= columns; len += bytes)
        used += wide;
    return len;
}

void text_make_line(char *text)
{
    char *out = text;

    while (*text) {
        size_t run = strspn(text, " \t\r\n");

        if (run > 0 && memchr(text, '\n', run)) {
            if (text[run])
                *out++ = ' ';
            text += run;
            continue;
        }
        *out++ = iscntrl((unsigned char)*text) && *text != '\t' ? '?' : *text;
        text++;
    }
    *out = '\0';
}

void text_make_printable(char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text))
            *text = '?';
}

bool text_is_uuid(const char *text)
{
    size_t digits = 0;

    for (; *text; text++) {
        if (isxdigit((unsigned char)*text))
            digits++;
        else if (*text != '-')
            return false;
    }
    return digits == 32;
}

char *text_join(const char *const *words, const char *between)
{
    char *text = xstrdup(*words ? *words : "");

    while (*words && *++words) {
        char *longer = xasprintf("%s%s%s", text, between, *words);

        free(text);
        text = longer;
    }
    return text;
}

/* Bytes of the well-formed UTF-8 character at p; 0 = there is none. */
static size_t utf8_len(const unsigned char *p)
{
    size_t len, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    for (i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0; /* overlong, a surrogate, or past the last code point */
    return len;
}

char *text_to_utf8(const char *text)
{
    char *copy = xmalloc(strlen(text) * 3 + 1);
    char *out = copy;

    while (*text) {
        size_t len = utf8_len((const unsigned char *)text);

        if (len > 0) {
            memcpy(out, text, len);
            out += len;
            text += len;
        } else {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
            text++;
        }
    }
    *out = '\0';
    return copy;
}
