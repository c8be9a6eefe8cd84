/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs made, read and written; see uuid.h. */

#include "util/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void uuid_make(unsigned char uuid[16])
{
    while (getrandom(uuid, 16, 0) != 16)
        if (errno != EINTR)
            abort(); /* the kernel has had getrandom for as long as we know it */
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(const char *text, unsigned char uuid[16])
{
    while (isspace((unsigned char)*text))
        text++;
    for (int i = 0; i < 16; i++) {
        if (i > 0 && *text == '-')
            text++;
        if (hex_value(text[0]) < 0 || hex_value(text[1]) < 0)
            return false;
        uuid[i] = (unsigned char)(hex_value(text[0]) << 4 | hex_value(text[1]));
        text += 2;
    }
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

void uuid_format(const unsigned char uuid[16], char text[UUID_TEXT_SIZE])
{
    char *at = text;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += sprintf(at, "%02x", uuid[i]);
    }
}
