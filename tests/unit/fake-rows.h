/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fake daemon that answers from a table: a row for each procedure, with the
 * shape of its arguments and a ready answer.  What arrives must have the row's
 * shape to the last byte, and is kept for the test to look at.
 */
#ifndef TESTS_FAKE_ROWS_H
#define TESTS_FAKE_ROWS_H

#include "fake-server.h"

struct fake_row {
    uint32_t program;
    int procedure;
    xdrproc_t args, ret; /* NULL: nothing is sent or answered */
    void *answer;
    bool seen;
};

/* The columns of a row; FAKE_REMOTE() and its kin are the first two. */
#define NO_ARGS NULL
#define ARGS(type) FAKE_XDR(type)
#define NO_RET NULL, NULL
#define RET(type, value) FAKE_XDR(type), &(value)

/*
 * The arguments of the last call, decoded; read between two calls only, when
 * the server is idle.  Where the struct is wanted: *(type *)fake_args.
 */
extern void *const fake_args;

/* For a script: handshake, then every call from the rows, until the client is gone. */
void fake_serve(int fd, struct fake_row *rows, size_t count);

/* Fails the test unless every row was called. */
void fake_assert_seen(const struct fake_row *rows, size_t count);

#endif
