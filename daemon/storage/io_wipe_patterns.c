/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the wipe standards, as published by their authors.  Read only. */

#include "storage/io_wipe_patterns.h"

#include <stddef.h>

#include <libvirtjob/types.h>

#include "protocol/macros.h"

#define BYTES(a) { .kind = WIPE_BYTES, .times = 1, .length = 1, .bytes = { a } }
#define BYTES3(a, b, c) { .kind = WIPE_BYTES, .times = 1, .length = 3, .bytes = { a, b, c } }

/* One pass of zeros. */
static const struct wipe_pass zero[] = {
    BYTES(0x00),
    { .kind = WIPE_END },
};

/* NNSA policy letter NAP-14.1-C, XVI-8. */
static const struct wipe_pass nnsa[] = {
    { .kind = WIPE_RANDOM, .times = 2 },
    BYTES(0x00),
    { .kind = WIPE_VERIFY, .times = 1 },
    { .kind = WIPE_END },
};

/* DoD 5220.22-M, 8-306 (d); the random pass first, so that the last can be verified. */
static const struct wipe_pass dod[] = {
    { .kind = WIPE_RANDOM, .times = 1 },
    BYTES(0x00),
    BYTES(0xff),
    { .kind = WIPE_VERIFY, .times = 1 },
    { .kind = WIPE_END },
};

/* German Federal Office for Information Security (BSI). */
static const struct wipe_pass bsi[] = {
    BYTES(0xff),
    BYTES(0xfe),
    BYTES(0xfd),
    BYTES(0xfb),
    BYTES(0xf7),
    BYTES(0xef),
    BYTES(0xdf),
    BYTES(0xbf),
    BYTES(0x7f),
    { .kind = WIPE_END },
};

/* P. Gutmann, Secure Deletion of Data, 1996: 35 passes. */
static const struct wipe_pass gutmann[] = {
    { .kind = WIPE_RANDOM, .times = 4 },
    BYTES(0x55),
    BYTES(0xaa),
    BYTES3(0x92, 0x49, 0x24),
    BYTES3(0x49, 0x24, 0x92),
    BYTES3(0x24, 0x92, 0x49),
    BYTES(0x00),
    BYTES(0x11),
    BYTES(0x22),
    BYTES(0x33),
    BYTES(0x44),
    BYTES(0x55),
    BYTES(0x66),
    BYTES(0x77),
    BYTES(0x88),
    BYTES(0x99),
    BYTES(0xaa),
    BYTES(0xbb),
    BYTES(0xcc),
    BYTES(0xdd),
    BYTES(0xee),
    BYTES(0xff),
    BYTES3(0x92, 0x49, 0x24),
    BYTES3(0x49, 0x24, 0x92),
    BYTES3(0x24, 0x92, 0x49),
    BYTES3(0x6d, 0xb6, 0xdb),
    BYTES3(0xb6, 0xdb, 0x6d),
    BYTES3(0xdb, 0x6d, 0xb6),
    { .kind = WIPE_RANDOM, .times = 4 },
    { .kind = WIPE_END },
};

/* B. Schneier, Applied Cryptography, 1996. */
static const struct wipe_pass schneier[] = {
    BYTES(0x00),
    BYTES(0xff),
    { .kind = WIPE_RANDOM, .times = 5 },
    { .kind = WIPE_END },
};

/* R. Pfitzner. */
static const struct wipe_pass pfitzner7[] = {
    { .kind = WIPE_RANDOM, .times = 7 },
    { .kind = WIPE_END },
};

/* R. Pfitzner. */
static const struct wipe_pass pfitzner33[] = {
    { .kind = WIPE_RANDOM, .times = 33 },
    { .kind = WIPE_END },
};

/* One pass of random bytes. */
static const struct wipe_pass random_once[] = {
    { .kind = WIPE_RANDOM, .times = 1 },
    { .kind = WIPE_END },
};

/* Trimming writes nothing and has no row. */
static const struct wipe_pass *const algorithms[VIR_STORAGE_VOL_WIPE_ALG_LAST] = {
    [VIR_STORAGE_VOL_WIPE_ALG_ZERO] = zero,
    [VIR_STORAGE_VOL_WIPE_ALG_NNSA] = nnsa,
    [VIR_STORAGE_VOL_WIPE_ALG_DOD] = dod,
    [VIR_STORAGE_VOL_WIPE_ALG_BSI] = bsi,
    [VIR_STORAGE_VOL_WIPE_ALG_GUTMANN] = gutmann,
    [VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER] = schneier,
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7] = pfitzner7,
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33] = pfitzner33,
    [VIR_STORAGE_VOL_WIPE_ALG_RANDOM] = random_once,
};

const struct wipe_pass *wipe_pass_find(unsigned int algorithm, unsigned int pass)
{
    const struct wipe_pass *row;

    if (algorithm >= ARRAY_SIZE(algorithms) || !algorithms[algorithm])
        return NULL;
    for (row = algorithms[algorithm]; row->kind != WIPE_END; row++) {
        if (pass < row->times)
            return row;
        pass -= row->times;
    }
    return NULL;
}
