/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as a user types them; see size.h. */

#include "tools/size.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a suffix multiplies by; -EINVAL for one that means nothing. */
static int suffix_scale(const char *suffix, unsigned long long *ret_base, unsigned int *ret_power)
{
    static const char letters[] = "kmgtpe";
    const char *letter;

    *ret_base = 1024;
    *ret_power = 0;
    if (!suffix[0] || !strcasecmp(suffix, "b") || !strcasecmp(suffix, "byte") ||
        !strcasecmp(suffix, "bytes"))
        return 0;
    letter = strchr(letters, tolower((unsigned char)suffix[0]));
    if (!letter)
        return -EINVAL;
    *ret_power = (unsigned int)(letter - letters) + 1;
    if (!suffix[1] || !strcasecmp(suffix + 1, "ib"))
        return 0;
    if (strcasecmp(suffix + 1, "b") != 0)
        return -EINVAL;
    *ret_base = 1000;
    return 0;
}

int size_parse(const char *text, unsigned long long *ret_bytes)
{
    unsigned long long value, base;
    unsigned int power;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;
    if (suffix_scale(end, &base, &power) < 0)
        return -EINVAL;
    while (power-- > 0)
        if (__builtin_mul_overflow(value, base, &value))
            return -ERANGE;
    *ret_bytes = value;
    return 0;
}
