/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the jobs on snapshots have beside the specification of all domain jobs.
 * Loop thread before and after the job, its worker's meanwhile.
 */
#ifndef VIRTJOBD_SNAPSHOT_JOBS_H
#define VIRTJOBD_SNAPSHOT_JOBS_H

#include "hypervisor/domain_jobs.h"
#include "hypervisor/moments.h"
#include "hypervisor/qemu/leftovers.h"
#include "hypervisor/qemu/snapshot_images.h"
#include "hypervisor/qemu/snapshot_merge.h"
#include "hypervisor/qemu/snapshot_overlay.h"
#include "xml/snapshot_xml.h"

struct snapshot_work {
    struct snapshot_def *def;  /* what is made, gone back to or deleted; a reference */
    bool live;                 /* its guest runs, and QEMU does it */
    struct guest *kept;        /* its guest, whose files are held up to the job's end; or NULL */
    struct domain_def *config; /* create: the persistent definition beside the live one; revert: the
                                  one that comes back; or NULL */
    struct snapshot_images images; /* of a shut-off guest; the worker finds them */
    bool external;             /* create: new images are put over the disks' */
    struct snapshot_overlays overlays; /* create: these; the worker finds them */
    char *owners;              /* create: whose they were, see owner.h; or NULL */
    bool files_taken;          /* create: the guest knows of them */
    bool has_image;            /* create: the domain has a managed save image */
    struct doomed doomed;      /* delete, merge: which */
    bool memory_goes;          /* delete: the file that its memory is in */
    struct snapshot_merges merges; /* merge: the worker finds them */
    unsigned int flags;        /* revert: VIR_DOMAIN_SNAPSHOT_REVERT_* */
    bool to_active;            /* revert: memory is loaded, too */
    bool disks_done;           /* revert: the last daemon had all disks taken back */
    struct domain_def *was;    /* revert: what the memory belongs to, or NULL */
};

/*
 * Flags of the specs are the call's, the async bit left out and checked by the caller.
 * create, redefine: def as the client's XML says; it is taken over.
 */
struct domain_spec *snapshot_spec_new(struct domain *domain, struct snapshot_def *def,
                                      unsigned int flags);
void snapshot_work_free(struct snapshot_work *work); /* NULL is fine */

/* --- for the kinds: snapshot_spec.c --- */

char *snapshot_spec_save(const void *spec);
void *snapshot_spec_load(struct daemon *daemon, const char *json, struct verror *err);
/* The domain, and the images of one that is shut off. */
void snapshot_locks(const void *spec, struct lock_hold *hold);
/* After a restart: the guest it works on, if that is still there.  Its files are held from then on. */
void snapshot_accepted(void *spec, uint64_t job_id);
/* The kind has ended: no longer. */
void snapshot_let_files(struct domain_spec *spec);
/* The domain's guest is the spec's, and it runs or is paused; -1 with err. */
int snapshot_take_guest(struct domain_spec *spec, struct verror *err);
/* What the images have inside while a job that can be undone goes on. */
enum { SNAPSHOT_SAFETY_MAX = 48 };
void snapshot_safety_name(uint64_t job_id, char name[SNAPSHOT_SAFETY_MAX]);
/* No client's has such a name, or would go with the job's; -1 with err. */
int snapshot_check_own(const char *name, struct verror *err);
/* QEMU finds one inside an image by its number before it looks at names; -1 with err: it could. */
int snapshot_check_number(const char *name, struct verror *err);

/* --- snapshot_delete.c, for what else deletes one --- */

/* Loop: what is known of the doomed goes; those below them are their parents'. */
void snapshot_delete_commit(void *spec, struct store_txn *txn);
void snapshot_delete_ended(void *spec, bool done);

/* --- snapshot_merge.c, for guests that run, too --- */

/* Loop: no others may lie on images that an external snapshot lies on; -1 with err. */
int snapshot_check_alone(const struct domain *domain, const struct moment *snapshot,
                         struct verror *err);

/* --- snapshot_external.c, for the kind that makes them --- */

int external_prepare(struct domain_spec *spec, struct verror *err);
int external_run(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                 struct verror *err);
int external_publish(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err);
void external_undo(struct domain_spec *spec, uint64_t job_id);
void external_commit(struct domain_spec *spec, struct store_txn *txn);
enum job_recovery external_recover(struct domain_spec *spec, uint64_t job_id,
                                   const char *checkpoint, struct verror *err);

/* --- snapshot_memory.c, for these: workers --- */

/* There is a place for the file, and nothing has it; -1 with err. */
int snapshot_memory_check(const struct domain_spec *spec, struct verror *err);
/* Writes it under a temporary name, as spec->file; the guest stands still when this is back. */
int snapshot_memory_write(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                          struct verror *err);
/* All is in place: the guest goes on, where it did before and is to. */
void snapshot_memory_done(struct domain_spec *spec);
/* The file goes, then the guest goes on. */
void snapshot_memory_undo(struct domain_spec *spec, uint64_t job_id);
/* Any thread: the snapshot's file is one of those that nothing names any more. */
void snapshot_memory_leaves(const struct domain_spec *spec, struct leftovers *leftovers);
/* The last daemon has given it its name. */
bool snapshot_memory_is_there(const struct domain_spec *spec, uint64_t job_id,
                              const char *checkpoint);

/* --- snapshot_revert.c, for a guest that has to be started, too --- */

/* Loop: it is there, and its kind can be gone back to; -1 with err. */
int snapshot_check_target(struct domain_spec *spec, struct verror *err);
/* The same on any thread: the domain has such an image, and goes on with other disks than that. */
int snapshot_refuse_managed_save(const char *domain, struct verror *err);
int snapshot_check_managed_save(const struct domain *domain, struct verror *err);
/* Worker: work->was and work->config; -1 with err. */
int snapshot_complete_def(struct domain_spec *spec, struct verror *err);
/* Worker: QEMU takes no image back that has a bitmap; -1 with err: one has. */
int snapshot_check_bitmaps(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err);
int snapshot_keep_images(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                         struct verror *err);
int snapshot_apply_images(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err);
bool snapshot_runs_then(const struct snapshot_work *work);
/* Loop: definition and current snapshot are what was gone back to. */
void snapshot_revert_ended(struct domain_spec *spec);
/* Loop: and clients are told, after all else of it. */
void snapshot_tell_reverted(const struct domain_spec *spec);

#define SNAPSHOT_SPEC_FUNCTIONS                                                        \
    .spec_save = snapshot_spec_save, .spec_load = snapshot_spec_load,                  \
    .spec_free = domain_spec_free

#endif
