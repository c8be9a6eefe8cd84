/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test has said on stderr: a file in memory for its length.  One test at a time. */
#ifndef VIRTJOBD_TEST_CAPTURE_H
#define VIRTJOBD_TEST_CAPTURE_H

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

static int saved_stderr, capture = -1;

static inline void capture_stderr(void)
{
    saved_stderr = dup(STDERR_FILENO);
    capture = memfd_create("stderr", MFD_CLOEXEC);
    ck_assert_int_ge(capture, 0);
    ck_assert_int_ge(dup2(capture, STDERR_FILENO), 0);
}

static inline void release_stderr(void)
{
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    (void)close(capture);
}

static inline const char *captured(void)
{
    static char text[16384];
    ssize_t len = pread(capture, text, sizeof(text) - 1, 0);

    ck_assert_int_ge(len, 0);
    text[len] = '\0';
    return text;
}

#endif
