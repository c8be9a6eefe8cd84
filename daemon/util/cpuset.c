/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPUs; see cpuset.h.  Any thread, no state. */

#include "util/cpuset.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

static bool parse_cpu(const char **text, unsigned long *ret_cpu)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    *ret_cpu = strtoul(*text, &end, 10);
    *text = skip_blanks(end);
    return *ret_cpu < CPUSET_MAX;
}

/* "3", "0-3", "^3"; what follows is left in text */
static bool parse_range(const char **text, struct cpuset *set)
{
    bool on = **text != '^';
    unsigned long first, last;

    if (!on)
        (*text)++;
    if (!parse_cpu(text, &first))
        return false;
    last = first;
    if (**text == '-') {
        *text = skip_blanks(*text + 1);
        if (!parse_cpu(text, &last) || last < first)
            return false;
    }
    for (; first <= last; first++)
        cpuset_put(set, (unsigned int)first, on);
    return true;
}

bool cpuset_parse(const char *text, struct cpuset *ret_set)
{
    struct cpuset set = { 0 };

    text = skip_blanks(text);
    while (*text) {
        if (!parse_range(&text, &set) || (*text && *text != ','))
            return false;
        if (*text == ',') {
            text = skip_blanks(text + 1);
            if (!*text)
                return false;
        }
    }
    if (cpuset_is_empty(&set))
        return false;
    *ret_set = set;
    return true;
}

bool cpuset_is_empty(const struct cpuset *set)
{
    for (size_t i = 0; i < CPUSET_BYTES; i++) {
        if (set->bits[i])
            return false;
    }
    return true;
}

char *cpuset_format(const struct cpuset *set)
{
    char *text = xstrdup("");

    for (unsigned int cpu = 0; cpu < CPUSET_MAX; cpu++) {
        _cleanup_free_ char *before = NULL;
        unsigned int last = cpu;

        if (!cpuset_has(set, cpu))
            continue;
        while (last + 1 < CPUSET_MAX && cpuset_has(set, last + 1))
            last++;
        before = text;
        text = last == cpu ? xasprintf("%s%s%u", before, *before ? "," : "", cpu)
                           : xasprintf("%s%s%u-%u", before, *before ? "," : "", cpu, last);
        cpu = last;
    }
    return text;
}

void cpuset_from_map(struct cpuset *ret_set, const void *map, size_t len)
{
    *ret_set = (struct cpuset){ 0 };
    if (len)
        memcpy(ret_set->bits, map, len < CPUSET_BYTES ? len : CPUSET_BYTES);
}
