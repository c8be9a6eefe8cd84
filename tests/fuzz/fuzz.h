/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What fuzz targets share.  A target is one file with LLVMFuzzerTestOneInput(): libFuzzer runs it
 * where configure was told --enable-fuzz, and replay.c everywhere else, on what is saved.  It does
 * the same with the same bytes each time, and leaves nothing behind.
 */
#ifndef VIRTJOBD_TEST_FUZZ_H
#define VIRTJOBD_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be so whatever the input is. */
#define fuzz_must(condition)                                                            \
    do {                                                                                \
        if (!(condition)) {                                                             \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                    \
        }                                                                               \
    } while (0)

/* A directory of this process's own, made by the first call, removed with all in it at exit. */
const char *fuzz_dir(void);

/* The input as a new string, up to its first NUL. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Writes the input to a file of that name there, anew.  Its path, a new string. */
char *fuzz_file(const char *name, const void *data, size_t size);

/* For the daemon's log: what it says of bad input is nobody's concern. */
void fuzz_hush(void);

#endif
