/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the jobs on checkpoints have beside the specification of all domain jobs.
 * Loop thread before and after the job, its worker's meanwhile.
 */
#ifndef VIRTJOBD_CHECKPOINT_JOBS_H
#define VIRTJOBD_CHECKPOINT_JOBS_H

#include "hypervisor/checkpoints.h"
#include "hypervisor/domain_jobs.h"
#include "hypervisor/qemu/disk_bitmaps.h"

struct checkpoint_defs {
    struct checkpoint_def **defs; /* references */
    size_t n;
};

struct checkpoint_work {
    struct checkpoint_def *def;  /* what is made, redefined or deleted; a reference */
    bool live;                   /* its guest runs, and QEMU does it */
    struct guest *kept;          /* its guest, whose files are held up to the job's end; or NULL */
    struct checkpoint_defs going, staying; /* delete: of all of the domain */
    struct disk_bitmaps bitmaps; /* create: those that it makes; delete: those that go; by disk */
    struct bitmap_places places; /* delete, of a guest that is shut off: where they are */
    struct doomed doomed;        /* delete: which */
};

/* Flags of the specs are the call's, the async bit left out and checked by the caller.  def is
   taken over. */
struct domain_spec *checkpoint_spec_new(struct domain *domain, struct checkpoint_def *def,
                                        unsigned int flags);
void checkpoint_work_free(struct checkpoint_work *work); /* NULL is fine */

/* --- for the kinds: checkpoint_spec.c --- */

char *checkpoint_spec_save(const void *spec);
void *checkpoint_spec_load(struct daemon *daemon, const char *json, struct verror *err);
/* The domain and its checkpoints. */
void checkpoints_locks(const void *spec, struct lock_hold *hold);
/* And the disks whose bitmaps it is about, beside which others may have block jobs. */
void checkpoint_locks(const void *spec, struct lock_hold *hold);
/* The domain's guest, which runs or is paused, is the spec's; -1 with err. */
int checkpoint_take_guest(struct domain_spec *spec, struct verror *err);
/* After a restart: the guest it works on, if that is still there.  Its files are held from
   then on. */
void checkpoint_accepted(void *spec, uint64_t job_id);
/* The kind has ended: no longer. */
void checkpoint_let_files(struct domain_spec *spec);
/* Worker: can QEMU be asked? */
bool checkpoint_guest_answers(const struct domain_spec *spec);
const char *checkpoint_unlimited(const void *spec, enum job_limit limit);

#define CHECKPOINT_SPEC_FUNCTIONS                                                          \
    .spec_save = checkpoint_spec_save, .spec_load = checkpoint_spec_load,                  \
    .spec_free = domain_spec_free

#endif
