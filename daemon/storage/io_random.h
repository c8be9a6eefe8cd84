/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random bytes faster than any disk, for wiping.  Seeded by the kernel, but not
 * for secrets: what it has to be is unlike what was there.
 */
#ifndef VIRTJOBD_IO_RANDOM_H
#define VIRTJOBD_IO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { IO_RANDOM_LANES = 8 };

/* xoshiro256++ (Blackman and Vigna, public domain), eight generators side by side. */
struct io_random {
    uint64_t state[4][IO_RANDOM_LANES];
};

void io_random_seed(struct io_random *random);
/* May write up to 63 bytes past length: whole vectors only. */
void io_random_fill(struct io_random *random, unsigned char *buf, size_t length);

#endif
