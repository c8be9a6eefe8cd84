/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two clocks: one for durations, one only for people.  Any thread. */
#ifndef VIRTJOBD_CLOCK_H
#define VIRTJOBD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* these two cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t clock_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* Since 1970. */
static inline int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

#endif
