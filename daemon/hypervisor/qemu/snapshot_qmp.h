/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots inside the images of a guest that runs, with its memory, made by
 * QEMU's own jobs.  QEMU answers nothing while it writes or reads memory, and
 * cannot be stopped.  A job of QEMU's goes on without the daemon; the next one
 * finds it by its name.  Workers.
 */
#ifndef VIRTJOBD_SNAPSHOT_QMP_H
#define VIRTJOBD_SNAPSHOT_QMP_H

#include "hypervisor/qemu/guest.h"

enum snapshot_qmp_verb { SNAPSHOT_QMP_SAVE = 0, SNAPSHOT_QMP_LOAD, SNAPSHOT_QMP_DELETE };

/* QEMU's job for ours. */
struct snapshot_qmp {
    struct guest *guest;
    const struct domain_def *live; /* of the guest: its disks */
    enum snapshot_qmp_verb verb;
    const char *name;
    uint64_t job_id;
};

/* Has each of these disks one of that name inside?  -1 with err: not as it should be. */
int snapshot_qmp_check(struct guest *guest, const struct domain_def *live, const char *name,
                       bool there, struct job_ctl *ctl, struct verror *err);
int snapshot_qmp_start(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err);
/* Waits for its end; the job stays known to QEMU until snapshot_qmp_forget(). */
int snapshot_qmp_wait(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err);
/* Both, and forgets it; ctl is not waited for. */
int snapshot_qmp_run(const struct snapshot_qmp *qmp, struct job_ctl *ctl, struct verror *err);
/* Does QEMU know of it?  Waits until it is able to say so. */
bool snapshot_qmp_is_known(const struct snapshot_qmp *qmp);
void snapshot_qmp_forget(const struct snapshot_qmp *qmp);
/* The same on the loop, without waiting. */
void snapshot_qmp_forget_later(struct guest *guest, enum snapshot_qmp_verb verb, uint64_t job_id);

#endif
