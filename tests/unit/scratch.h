/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of its own for each test, removed behind it, and small helpers on
 * files.  Each test runs in its own process or after the one before; no threads.
 */
#ifndef VIRTJOBD_TEST_SCRATCH_H
#define VIRTJOBD_TEST_SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol/macros.h"

static char scratch_path[64];
static int scratch_fd = -1;

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void scratch_make(void)
{
    (void)snprintf(scratch_path, sizeof(scratch_path), "/var/tmp/virtjobd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch_path));
    scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(scratch_fd, 0);
}

static inline void scratch_remove(void)
{
    (void)close(scratch_fd);
    ck_assert_int_eq(nftw(scratch_path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline _unused_ int scratch_open(const char *name)
{
    int fd = openat(scratch_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

/* Bytes that differ from place to place and are never all zero in a block. */
static inline _unused_ void scratch_fill(int fd, uint64_t offset, size_t length, unsigned int seed)
{
    _cleanup_free_ unsigned char *buf = malloc(length);
    size_t i;

    for (i = 0; i < length; i++)
        buf[i] = (unsigned char)((offset + i) * 31 + (offset + i) / 251 + seed) | 1;
    ck_assert_int_eq(pwrite(fd, buf, length, (off_t)offset), (ssize_t)length);
}

/* Much data fast: the same 16 MiB again and again. */
static inline _unused_ void scratch_fill_large(int fd, uint64_t length)
{
    enum { PIECE = 16 * 1024 * 1024 };
    _cleanup_free_ unsigned char *buf = malloc(PIECE);
    uint64_t pos;

    memset(buf, 0xa5, PIECE);
    for (pos = 0; pos < length; pos += PIECE)
        ck_assert_int_eq(pwrite(fd, buf, PIECE, (off_t)pos), PIECE);
}

static inline _unused_ uint64_t scratch_size(int fd)
{
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    return (uint64_t)st.st_size;
}

static inline _unused_ uint64_t scratch_blocks(int fd)
{
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    return (uint64_t)st.st_blocks * 512;
}

static inline _unused_ bool scratch_same(int a, int b)
{
    enum { PIECE = 256 * 1024 };
    static unsigned char left[PIECE], right[PIECE];
    off_t pos = 0;
    ssize_t n;

    while ((n = pread(a, left, PIECE, pos)) > 0) {
        if (pread(b, right, PIECE, pos) != n || memcmp(left, right, (size_t)n) != 0)
            return false;
        pos += n;
    }
    return n == 0 && scratch_size(a) == scratch_size(b);
}

static inline _unused_ double scratch_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The usual main of these programs. */
static inline _unused_ int scratch_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
