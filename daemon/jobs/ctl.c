/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress counter and cancel token; see ctl.h for who may call what. */

#include "jobs/ctl.h"

#include <sys/eventfd.h>
#include <unistd.h>

void job_ctl_init(struct job_ctl *ctl)
{
    *ctl = (struct job_ctl){ 0 };
    atomic_init(&ctl->cancel_fd, -1);
}

void job_ctl_done(struct job_ctl *ctl)
{
    int fd = atomic_exchange(&ctl->cancel_fd, -1);

    if (fd >= 0)
        (void)close(fd); /* an eventfd holds nothing to lose */
    job_ctl_waiting(ctl, NULL); /* the path goes with the spec */
}

static void signal_fd(int fd)
{
    uint64_t one = 1;

    (void)!write(fd, &one, sizeof(one)); /* the counter cannot overflow by two writes */
}

int job_ctl_cancel_fd(struct job_ctl *ctl)
{
    int fd = atomic_load(&ctl->cancel_fd);

    if (fd >= 0)
        return fd;
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return -1;
    atomic_store(&ctl->cancel_fd, fd);
    /* a cancel that came before the store saw no descriptor to write to */
    if (atomic_load(&ctl->cancelled))
        signal_fd(fd);
    return fd;
}

void job_ctl_cancel(struct job_ctl *ctl)
{
    int fd;

    atomic_store(&ctl->cancelled, true);
    fd = atomic_load(&ctl->cancel_fd);
    if (fd >= 0)
        signal_fd(fd);
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

void job_ctl_child(struct job_ctl *ctl, pid_t pid)
{
    if (ctl->journal && ctl->journal->child)
        ctl->journal->child(ctl->journal_opaque, pid);
}
