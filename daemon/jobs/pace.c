/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The token bucket; see pace.h.  Workers. */

#include "jobs/pace.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "util/verror.h"

enum {
    PIECES_A_SECOND = 20,
    PIECE_UNIT = 4096,       /* a piece is a multiple of this, and no less */
    DELAY_MAX_MS = 3600000,  /* then it is looked at again */
};
#define SAVED_SECONDS 0.1

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void job_pace_moved(struct job_pace *pace, uint64_t bytes)
{
    if (pace->speed)
        pace->owed += (double)bytes;
}

/* Pays what is owed by the time that has passed. */
static void pay(struct job_pace *pace, uint64_t speed)
{
    int64_t now = now_us();

    if (speed != pace->speed)
        pace->owed = 0;
    else
        pace->owed -= (double)speed * (double)(now - pace->at_us) / 1e6;
    if (pace->owed < -SAVED_SECONDS * (double)speed)
        pace->owed = -SAVED_SECONDS * (double)speed;
    pace->speed = speed;
    pace->at_us = now;
}

int job_pace_delay(struct job_pace *pace, const struct job_ctl *ctl)
{
    uint64_t speed = job_ctl_speed(ctl);
    double ms;

    if (job_ctl_abandoned(ctl))
        return 0;
    if (speed || pace->speed)
        pay(pace, speed);
    if (job_ctl_paused(ctl))
        return -1;
    if (!speed || pace->owed <= 0)
        return 0;
    ms = ceil(pace->owed * 1000 / (double)speed);
    return ms < DELAY_MAX_MS ? (int)ms : DELAY_MAX_MS;
}

void job_pace_seen(int pace_fd)
{
    uint64_t changes;

    (void)!read(pace_fd, &changes, sizeof(changes)); /* nothing to read: somebody else has */
}

/* A change before the descriptor was made is not in it: then it is looked at once more. */
static int sleep_fds(struct job_ctl *ctl, struct pollfd *ret_fds, bool *ret_look_again)
{
    *ret_look_again = atomic_load(&ctl->pace_fd) < 0;
    ret_fds[0] = (struct pollfd){ .fd = job_ctl_cancel_fd(ctl), .events = POLLIN };
    ret_fds[1] = (struct pollfd){ .fd = job_ctl_pace_fd(ctl), .events = POLLIN };
    return ret_fds[0].fd < 0 || ret_fds[1].fd < 0 ? -1 : 0;
}

int job_pace_sleep(struct job_ctl *ctl, int delay, struct verror *err)
{
    struct pollfd fds[2];
    bool look_again;

    if (sleep_fds(ctl, fds, &look_again) < 0)
        return verror_errno(err, errno, "cannot wait for the job's turn");
    if (!look_again && poll(fds, 2, delay) > 0)
        job_pace_seen(fds[1].fd);
    if (job_ctl_cancelled(ctl))
        return verror_set(err, VIR_ERR_OPERATION_ABORTED, "canceled by client");
    return 0;
}

int job_pace_wait(struct job_pace *pace, struct job_ctl *ctl, struct verror *err)
{
    int delay;

    while ((delay = job_pace_delay(pace, ctl)) != 0) {
        if (job_pace_sleep(ctl, delay, err) < 0)
            return -1;
    }
    return 0;
}

uint64_t job_pace_piece(const struct job_ctl *ctl, uint64_t length)
{
    uint64_t speed = job_ctl_speed(ctl), piece;

    if (!speed)
        return length;
    piece = speed / PIECES_A_SECOND / PIECE_UNIT * PIECE_UNIT;
    if (piece < PIECE_UNIT)
        piece = PIECE_UNIT;
    return length < piece ? length : piece;
}
