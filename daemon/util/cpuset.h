/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of CPUs: as XML writes it ("0-3,^2,8"), and as a map of bits on the wire.  Any thread. */
#ifndef VIRTJOBD_CPUSET_H
#define VIRTJOBD_CPUSET_H

#include <stdbool.h>
#include <stddef.h>

enum { CPUSET_BYTES = 2048, CPUSET_MAX = CPUSET_BYTES * 8 };

/* CPU 0 is the lowest bit of the first byte. */
struct cpuset {
    unsigned char bits[CPUSET_BYTES];
};

static inline bool cpuset_has(const struct cpuset *set, unsigned int cpu)
{
    return set->bits[cpu / 8] >> cpu % 8 & 1;
}

static inline void cpuset_put(struct cpuset *set, unsigned int cpu, bool on)
{
    unsigned char bit = (unsigned char)(1u << cpu % 8);

    set->bits[cpu / 8] = (unsigned char)(on ? set->bits[cpu / 8] | bit : set->bits[cpu / 8] & ~bit);
}

/* False: it is no list of at least one CPU below CPUSET_MAX. */
bool cpuset_parse(const char *text, struct cpuset *ret_set);
/* "0-3,8"; a new string, "" for none. */
char *cpuset_format(const struct cpuset *set);
bool cpuset_is_empty(const struct cpuset *set);
/* What is behind len is left out. */
void cpuset_from_map(struct cpuset *ret_set, const void *map, size_t len);

#endif
