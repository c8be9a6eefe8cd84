/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that deletes checkpoints: their bitmaps, by QEMU or, of a guest that is shut
 * off, by qemu-img, and what is known of them.  Once it has begun it goes forward: what is
 * gone is gone, and a daemon that was killed has its next one delete the rest.  Functions
 * of a kind run where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/internal.h"
#include "util/alloc.h"

/* --- loop: which, and may they go? --- */

static bool is_metadata_only(const struct domain_spec *spec)
{
    return spec->flags & VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY;
}

/* One that was redefined may have named another's. */
static bool is_used_by_others(const struct domain *domain, const struct doomed *doomed,
                              const struct checkpoint_disk *disk)
{
    struct moment *other, *next;

    HASH_ITER(hh, domain->checkpoints.by_name, other, next)
    {
        const struct checkpoint_disk *same = checkpoint_def_disk(other->def, disk->name);

        if (same && same->bitmap && strcmp(same->bitmap, disk->bitmap) == 0 &&
            !doomed_has(doomed, other->key.name))
            return true;
    }
    return false;
}

static void find_bitmaps(struct checkpoint_work *work, const struct domain *domain)
{
    for (size_t i = 0; i < work->doomed.n; i++) {
        const struct moment *doomed = moment_find(&domain->checkpoints, work->doomed.names[i]);
        const struct checkpoint_def *def = moment_checkpoint(doomed);

        for (size_t k = 0; k < def->ndisks; k++)
            if (def->disks[k].bitmap && !is_used_by_others(domain, &work->doomed, &def->disks[k]))
                disk_bitmaps_add(&work->bitmaps, def->disks[k].name, def->disks[k].bitmap);
    }
}

static int delete_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct checkpoint_work *work = spec->checkpoint;
    struct moment *checkpoint;

    if (!domain)
        return spec_no_domain(spec, err);
    checkpoint = moment_must_find(&domain->checkpoints, work->def->name, err);
    if (!checkpoint)
        return -1;
    doomed_find(&work->doomed, &domain->checkpoints, checkpoint,
                spec->flags & VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN,
                spec->flags & VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN_ONLY);
    if (is_metadata_only(spec))
        return 0;
    find_bitmaps(work, domain);
    if (domain->guest && checkpoint_take_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    return spec_find_volumes(spec, spec->def, err);
}

static int delete_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_work *work = spec->checkpoint;
    struct job_ctl ctl;
    int rc;

    if (is_metadata_only(spec) || work->live)
        return 0;
    job_ctl_init(&ctl);
    rc = bitmap_places_find(&work->bitmaps, spec->def, spec->volumes, spec->nvolumes, &ctl,
                            &work->places, err);
    job_ctl_done(&ctl);
    return rc;
}

/* --- worker: past the point of no return --- */

static int delete_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_work *work = spec->checkpoint;

    (void)job_id;
    if (is_metadata_only(spec))
        return 0;
    job_ctl_step(ctl, "removing bitmaps");
    if (work->live)
        return disk_bitmaps_remove(&work->bitmaps, spec->guest, spec->def, ctl, err);
    return bitmap_places_remove(&work->places, ctl, err);
}

/* --- the outcome --- */

static void delete_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (domain)
        doomed_commit(&spec->checkpoint->doomed, &domain->checkpoints, txn);
}

static void delete_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    checkpoint_let_files(spec);
    if (done && domain)
        doomed_drop(&spec->checkpoint->doomed, &domain->checkpoints);
}

/* Removing again what is gone already is fine. */
static enum job_recovery delete_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    (void)checkpoint;
    if (!spec->checkpoint->live || is_metadata_only(spec) || spec->guest)
        return JOB_RECOVER_RUN;
    verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
    return JOB_RECOVER_UNDO;
}

const struct job_kind domain_job_checkpoint_delete = {
    .name = "domain-checkpoint-delete",
    .lane = LANE_CONTROL,
    .is_long = true,
    .locks = checkpoint_locks,
    .check = delete_check,
    .prepare = delete_prepare,
    .accepted = checkpoint_accepted,
    .publish = delete_publish,
    .commit = delete_commit,
    .ended = delete_ended,
    .unlimited = checkpoint_unlimited,
    .recover = delete_recover,
    CHECKPOINT_SPEC_FUNCTIONS,
};
