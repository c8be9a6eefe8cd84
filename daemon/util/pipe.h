/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes and holes in order between the loop and one worker, in either
 * direction.  The one who puts looks at pipe_is_full() first, so a peer that
 * does not take bounds what is kept.  The loop is woken by a descriptor and
 * never waits; the worker waits, until it is cancelled.
 */
#ifndef VIRTJOBD_PIPE_H
#define VIRTJOBD_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PIPE_HEADROOM = 28,        /* before the bytes of a piece: the head of a packet fits */
    PIPE_FULL = 1024 * 1024,   /* bytes that are kept before the one who puts is to wait */
    PIPE_PIECE_COST = 64,      /* what a piece counts on top of its bytes: a hole has none */
};

struct pipe;

struct pipe_piece {
    struct pipe_piece *next;
    char *block; /* PIPE_HEADROOM bytes, then len of data; malloc'd.  NULL: a hole */
    uint64_t len;
};

/* Who calls; the other one is woken. */
enum pipe_side { PIPE_LOOP = 0, PIPE_WORKER, PIPE_SIDE_MAX };

enum pipe_state {
    PIPE_OPEN = 0,
    PIPE_ENDED,     /* nothing more comes: the other end has said so */
    PIPE_BROKEN,    /* the other end is gone, or wants no more */
    PIPE_CANCELLED, /* cancel_fd is readable */
};

/* One reference; NULL with errno where descriptors are out. */
struct pipe *pipe_new(void);
struct pipe *pipe_ref(struct pipe *pipe); /* any thread */
void pipe_unref(struct pipe *pipe);       /* any thread */

/* Readable once the worker has done something; pipe_seen() before looking. */
int pipe_loop_fd(const struct pipe *pipe);
void pipe_seen(struct pipe *pipe);

/* A piece with room for len bytes (a hole: block NULL), and its end. */
struct pipe_piece *pipe_piece_new(uint64_t len, bool hole);
void pipe_piece_free(struct pipe_piece *piece);
static inline char *pipe_piece_data(const struct pipe_piece *piece)
{
    return piece->block + PIPE_HEADROOM;
}

/* Any side.  put takes piece over, also where the pipe is broken. */
void pipe_put(struct pipe *pipe, enum pipe_side side, struct pipe_piece *piece);
bool pipe_is_full(struct pipe *pipe);
bool pipe_is_empty(struct pipe *pipe);
/* The next piece, the caller's from now on, or NULL. */
struct pipe_piece *pipe_take(struct pipe *pipe, enum pipe_side side);
void pipe_end(struct pipe *pipe, enum pipe_side side);
/* Drops what is in it. */
void pipe_break(struct pipe *pipe, enum pipe_side side);

/* Worker: until there is a piece (PIPE_OPEN) or never will be; until there is room. */
enum pipe_state pipe_wait_piece(struct pipe *pipe, int cancel_fd);
enum pipe_state pipe_wait_room(struct pipe *pipe, int cancel_fd);

#endif
