/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's state into a file and out of one, by QEMU's migration over a
 * descriptor.  Each part can be taken up by another daemon than began it.
 * Workers.
 */
#ifndef VIRTJOBD_QEMU_MIGRATE_H
#define VIRTJOBD_QEMU_MIGRATE_H

#include "hypervisor/qemu/guest.h"

/* "none", "active", …; a new string, NULL with err. */
char *migrate_status(struct guest *guest, struct verror *err);
bool migrate_is_under_way(const char *status);

/* Begins to write to fd, from where that is.  fd stays the caller's. */
int migrate_out_start(struct guest *guest, int fd, struct job_ctl *ctl, struct verror *err);
/*
 * Waits for its end, with progress; the guest may go on then.  -1 with err; QEMU still writes
 * where it was cancelled.
 */
int migrate_out_wait(struct guest *guest, struct job_ctl *ctl, struct verror *err);
/* Has it stop, if it has begun, and waits until the guest may go on. */
void migrate_out_stop(struct guest *guest);

/* Begins to read from fd, from where that is. */
int migrate_in_start(struct guest *guest, int fd, struct job_ctl *ctl, struct verror *err);
/*
 * Waits for its end; progress is how far QEMU has come in the open file fd, which has size bytes.
 * -1 with err: QEMU has ended, or does not take the image.
 */
int migrate_in_wait(struct guest *guest, int fd, uint64_t start, uint64_t size,
                    struct job_ctl *ctl, struct verror *err);

#endif
