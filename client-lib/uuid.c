/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as text and back.  Any thread: no state. */

#include "internal.h"

#include <stdio.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, unsigned char uuid[VIR_UUID_BUFLEN])
{
    for (int i = 0; i < VIR_UUID_BUFLEN; i++) {
        int high, low;

        if (i > 0 && *text == '-')
            text++;
        high = hex_value(text[0]);
        low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0)
            return false;
        uuid[i] = (unsigned char)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}

int uuid_from_argument(const char *uuidstr, unsigned char uuid[VIR_UUID_BUFLEN])
{
    if (!uuidstr)
        return error_raise_null("uuidstr");
    if (!uuid_parse(uuidstr, uuid))
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: uuidstr in %s is no UUID: '%s'", error_api(),
                           uuidstr);
    return 0;
}

void uuid_format(const unsigned char uuid[VIR_UUID_BUFLEN], char text[VIR_UUID_STRING_BUFLEN])
{
    for (int i = 0; i < VIR_UUID_BUFLEN; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        text += sprintf(text, "%02x", uuid[i]);
    }
}
