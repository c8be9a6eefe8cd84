/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each wipe algorithm writes, pass by pass.  Private to the wipe engine; const data only. */
#ifndef VIRTJOBD_IO_WIPE_PATTERNS_H
#define VIRTJOBD_IO_WIPE_PATTERNS_H

#include <stdint.h>

enum wipe_kind {
    WIPE_END = 0,
    WIPE_BYTES,  /* a pattern repeated from the start of the file on */
    WIPE_RANDOM,
    WIPE_VERIFY, /* reads back what the pass before wrote */
};

enum { WIPE_PATTERN_MAX = 3 };

struct wipe_pass {
    enum wipe_kind kind;
    unsigned int times;  /* this row stands for so many passes */
    unsigned int length; /* of the pattern */
    uint8_t bytes[WIPE_PATTERN_MAX];
};

/* The row of a pass counted from 0, NULL past the last or for an unknown algorithm. */
const struct wipe_pass *wipe_pass_find(unsigned int algorithm, unsigned int pass);

#endif
