/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict UTF-8 decoding: no overlong forms, no surrogates; see utf8.h. */

#include "xml/utf8.h"

/* Length and smallest legal value by the first byte's high bits. */
static const struct {
    unsigned char mask, value;
    size_t len;
    uint32_t smallest;
} lead_bytes[] = {
    { 0x80, 0x00, 1, 0 },
    { 0xe0, 0xc0, 2, 0x80 },
    { 0xf0, 0xe0, 3, 0x800 },
    { 0xf8, 0xf0, 4, 0x10000 },
};

static size_t decode_as(const unsigned char *text, size_t row, uint32_t *ret_char)
{
    uint32_t c = text[0] & (unsigned char)~lead_bytes[row].mask;

    for (size_t i = 1; i < lead_bytes[row].len; i++) {
        if ((text[i] & 0xc0) != 0x80) /* the NUL at the end stops here too */
            return 0;
        c = c << 6 | (text[i] & 0x3f);
    }
    if (c < lead_bytes[row].smallest || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret_char = c;
    return lead_bytes[row].len;
}

size_t utf8_decode(const char *text, uint32_t *ret_char)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t row = 0; row < sizeof(lead_bytes) / sizeof(lead_bytes[0]); row++)
        if ((bytes[0] & lead_bytes[row].mask) == lead_bytes[row].value)
            return decode_as(bytes, row, ret_char);
    return 0;
}

bool utf8_is_xml_char(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c != 0xfffe && c != 0xffff && !(c >= 0xd800 && c <= 0xdfff);
}

bool utf8_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}
