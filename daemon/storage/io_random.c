/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The generator behind random wipes; see io_random.h.  State is the caller's. */

#include "storage/io_random.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "protocol/macros.h"

void io_random_seed(struct io_random *random)
{
    size_t i;

    if (getrandom(random->state, sizeof(random->state), 0) == (ssize_t)sizeof(random->state))
        return;
    /* no getrandom in this sandbox: any differing states that are not all zero will do */
    for (i = 0; i < IO_RANDOM_LANES; i++) {
        random->state[0][i] = (uint64_t)time(NULL) + i * 0x9e3779b97f4a7c15ULL;
        random->state[1][i] = i + 1;
    }
}

/* One of GCC's vectors, which become whatever instructions the machine has. */
typedef uint64_t lanes __attribute__((vector_size(IO_RANDOM_LANES * sizeof(uint64_t))));

void io_random_fill(struct io_random *random, unsigned char *buf, size_t length)
{
    lanes s[4];
    size_t pos;

    memcpy(s, random->state, sizeof(s));
    for (pos = 0; pos < length; pos += sizeof(lanes)) {
        lanes sum = s[0] + s[3], t = s[1] << 17, out = (sum << 23 | sum >> 41) + s[0];

        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3] << 45 | s[3] >> 19;
        memcpy(buf + pos, &out, sizeof(out));
    }
    memcpy(random->state, s, sizeof(s));
}
