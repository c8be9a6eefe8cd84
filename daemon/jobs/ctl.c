/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress counter, the cancel token and the limits; see ctl.h for who may call what. */

#include "jobs/ctl.h"

#include <sys/eventfd.h>
#include <unistd.h>

void job_ctl_init(struct job_ctl *ctl)
{
    *ctl = (struct job_ctl){ 0 };
    atomic_init(&ctl->cancel_fd, -1);
    atomic_init(&ctl->pace_fd, -1);
}

static void fd_done(atomic_int *place)
{
    int fd = atomic_exchange(place, -1);

    if (fd >= 0)
        (void)close(fd); /* an eventfd holds nothing to lose */
}

void job_ctl_done(struct job_ctl *ctl)
{
    fd_done(&ctl->cancel_fd);
    fd_done(&ctl->pace_fd);
    job_ctl_waiting(ctl, NULL); /* the path goes with the spec */
}

static void signal_fd(int fd)
{
    uint64_t one = 1;

    (void)!write(fd, &one, sizeof(one)); /* full, it is readable all the same */
}

/* What came before the store saw no descriptor to write to: the caller looks once more. */
static int fd_make(atomic_int *place)
{
    int fd = atomic_load(place);

    if (fd >= 0)
        return fd;
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0)
        atomic_store(place, fd);
    return fd;
}

int job_ctl_cancel_fd(struct job_ctl *ctl)
{
    int fd = fd_make(&ctl->cancel_fd);

    if (fd >= 0 && atomic_load(&ctl->cancelled))
        signal_fd(fd);
    return fd;
}

int job_ctl_pace_fd(struct job_ctl *ctl)
{
    return fd_make(&ctl->pace_fd);
}

static void signal_place(atomic_int *place)
{
    int fd = atomic_load(place);

    if (fd >= 0)
        signal_fd(fd);
}

void job_ctl_cancel(struct job_ctl *ctl)
{
    atomic_store(&ctl->cancelled, true);
    signal_place(&ctl->cancel_fd);
}

void job_ctl_set_speed(struct job_ctl *ctl, uint64_t speed)
{
    atomic_store(&ctl->speed, speed);
    signal_place(&ctl->pace_fd);
}

void job_ctl_set_paused(struct job_ctl *ctl, bool paused)
{
    atomic_store(&ctl->paused, paused);
    signal_place(&ctl->pace_fd);
}

void job_ctl_abandon(struct job_ctl *ctl)
{
    atomic_store(&ctl->abandoned, true);
    signal_place(&ctl->pace_fd);
}

void job_ctl_checkpoint(struct job_ctl *ctl, const char *json)
{
    if (ctl->journal && ctl->journal->checkpoint)
        ctl->journal->checkpoint(ctl->journal_opaque, json);
}

int job_ctl_checkpoint_durable(struct job_ctl *ctl, const char *json, struct verror *err)
{
    if (ctl->journal && ctl->journal->checkpoint_durable)
        return ctl->journal->checkpoint_durable(ctl->journal_opaque, json, err);
    return 0;
}

int job_ctl_begin(struct job_ctl *ctl, const char *json, struct verror *err)
{
    if (ctl->journal && ctl->journal->begin)
        return ctl->journal->begin(ctl->journal_opaque, json, err);
    return 0;
}

void job_ctl_child(struct job_ctl *ctl, pid_t pid)
{
    if (ctl->journal && ctl->journal->child)
        ctl->journal->child(ctl->journal_opaque, pid);
}
