/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue between the loop and a worker; see pipe.h.  One mutex, held for a
 * few instructions, and an eventfd a side.
 */

#include "util/pipe.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "protocol/macros.h"
#include "util/alloc.h"

struct pipe {
    pthread_mutex_t lock; /* guards all but the descriptors */
    unsigned int refs;
    struct pipe_piece *first, **last;
    uint64_t cost; /* of the pieces in it */
    bool ended, broken;
    int fds[PIPE_SIDE_MAX]; /* what wakes that side */
};

struct pipe *pipe_new(void)
{
    struct pipe *pipe = XNEW(struct pipe);

    (void)pthread_mutex_init(&pipe->lock, NULL); /* cannot fail on Linux */
    pipe->refs = 1;
    pipe->last = &pipe->first;
    for (int i = 0; i < PIPE_SIDE_MAX; i++)
        pipe->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (pipe->fds[PIPE_LOOP] >= 0 && pipe->fds[PIPE_WORKER] >= 0)
        return pipe;
    pipe_unref(pipe);
    return NULL;
}

struct pipe *pipe_ref(struct pipe *pipe)
{
    (void)pthread_mutex_lock(&pipe->lock);
    pipe->refs++;
    (void)pthread_mutex_unlock(&pipe->lock);
    return pipe;
}

void pipe_piece_free(struct pipe_piece *piece)
{
    if (piece)
        free(piece->block);
    free(piece);
}

static void drop_all(struct pipe *pipe)
{
    while (pipe->first) {
        struct pipe_piece *piece = pipe->first;

        pipe->first = piece->next;
        pipe_piece_free(piece);
    }
    pipe->last = &pipe->first;
    pipe->cost = 0;
}

void pipe_unref(struct pipe *pipe)
{
    unsigned int left;

    if (!pipe)
        return;
    (void)pthread_mutex_lock(&pipe->lock);
    left = --pipe->refs;
    (void)pthread_mutex_unlock(&pipe->lock);
    if (left > 0)
        return;
    drop_all(pipe);
    for (int i = 0; i < PIPE_SIDE_MAX; i++)
        if (pipe->fds[i] >= 0)
            (void)close(pipe->fds[i]); /* an eventfd holds nothing to lose */
    (void)pthread_mutex_destroy(&pipe->lock);
    free(pipe);
}

int pipe_loop_fd(const struct pipe *pipe)
{
    return pipe->fds[PIPE_LOOP];
}

static void clear_wake(const struct pipe *pipe, enum pipe_side side)
{
    eventfd_t count;

    (void)eventfd_read(pipe->fds[side], &count); /* EAGAIN: it was clear */
}

void pipe_seen(struct pipe *pipe)
{
    clear_wake(pipe, PIPE_LOOP);
}

static void wake_other(const struct pipe *pipe, enum pipe_side side)
{
    (void)eventfd_write(pipe->fds[side == PIPE_LOOP ? PIPE_WORKER : PIPE_LOOP], 1);
}

struct pipe_piece *pipe_piece_new(uint64_t len, bool hole)
{
    struct pipe_piece *piece = XNEW(struct pipe_piece);

    piece->len = len;
    if (!hole)
        piece->block = xmalloc(PIPE_HEADROOM + (size_t)len);
    return piece;
}

static uint64_t piece_cost(const struct pipe_piece *piece)
{
    return PIPE_PIECE_COST + (piece->block ? piece->len : 0);
}

void pipe_put(struct pipe *pipe, enum pipe_side side, struct pipe_piece *piece)
{
    bool kept = false, was_empty = false;

    piece->next = NULL;
    (void)pthread_mutex_lock(&pipe->lock);
    if (!pipe->broken && !pipe->ended) {
        was_empty = !pipe->first;
        *pipe->last = piece;
        pipe->last = &piece->next;
        pipe->cost += piece_cost(piece);
        kept = true;
    }
    (void)pthread_mutex_unlock(&pipe->lock);
    if (!kept)
        pipe_piece_free(piece);
    else if (was_empty)
        wake_other(pipe, side);
}

bool pipe_is_full(struct pipe *pipe)
{
    bool full;

    (void)pthread_mutex_lock(&pipe->lock);
    full = pipe->cost >= PIPE_FULL;
    (void)pthread_mutex_unlock(&pipe->lock);
    return full;
}

bool pipe_is_empty(struct pipe *pipe)
{
    bool empty;

    (void)pthread_mutex_lock(&pipe->lock);
    empty = !pipe->first;
    (void)pthread_mutex_unlock(&pipe->lock);
    return empty;
}

struct pipe_piece *pipe_take(struct pipe *pipe, enum pipe_side side)
{
    struct pipe_piece *piece;
    bool was_full;

    (void)pthread_mutex_lock(&pipe->lock);
    was_full = pipe->cost >= PIPE_FULL;
    piece = pipe->first;
    if (piece) {
        pipe->first = piece->next;
        if (!pipe->first)
            pipe->last = &pipe->first;
        pipe->cost -= piece_cost(piece);
    }
    was_full = was_full && pipe->cost < PIPE_FULL;
    (void)pthread_mutex_unlock(&pipe->lock);
    if (was_full)
        wake_other(pipe, side);
    return piece;
}

void pipe_end(struct pipe *pipe, enum pipe_side side)
{
    (void)pthread_mutex_lock(&pipe->lock);
    pipe->ended = true;
    (void)pthread_mutex_unlock(&pipe->lock);
    wake_other(pipe, side);
}

void pipe_break(struct pipe *pipe, enum pipe_side side)
{
    (void)pthread_mutex_lock(&pipe->lock);
    pipe->broken = true;
    drop_all(pipe);
    (void)pthread_mutex_unlock(&pipe->lock);
    wake_other(pipe, side);
}

/* Waits until the loop has done something, or cancel_fd is readable: false. */
static bool sleep_until_woken(struct pipe *pipe, int cancel_fd)
{
    struct pollfd polled[] = { { .fd = pipe->fds[PIPE_WORKER], .events = POLLIN },
                               { .fd = cancel_fd, .events = POLLIN } };

    (void)poll(polled, ARRAY_SIZE(polled), -1); /* EINTR: the caller looks again */
    clear_wake(pipe, PIPE_WORKER);
    return !polled[1].revents;
}

enum pipe_state pipe_wait_piece(struct pipe *pipe, int cancel_fd)
{
    for (;;) {
        bool piece, ended, broken;

        (void)pthread_mutex_lock(&pipe->lock);
        piece = pipe->first != NULL;
        ended = pipe->ended;
        broken = pipe->broken;
        (void)pthread_mutex_unlock(&pipe->lock);
        if (broken)
            return PIPE_BROKEN;
        if (piece || ended)
            return piece ? PIPE_OPEN : PIPE_ENDED;
        if (!sleep_until_woken(pipe, cancel_fd))
            return PIPE_CANCELLED;
    }
}

enum pipe_state pipe_wait_room(struct pipe *pipe, int cancel_fd)
{
    for (;;) {
        bool room, broken;

        (void)pthread_mutex_lock(&pipe->lock);
        room = pipe->cost < PIPE_FULL;
        broken = pipe->broken;
        (void)pthread_mutex_unlock(&pipe->lock);
        if (broken || room)
            return broken ? PIPE_BROKEN : PIPE_OPEN;
        if (!sleep_until_woken(pipe, cancel_fd))
            return PIPE_CANCELLED;
    }
}
