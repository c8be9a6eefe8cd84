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

/* For the worker, which finds out what goes: there may be many, of many disks. */
static void take_defs(struct checkpoint_work *work, const struct domain *domain)
{
    size_t count = moments_count(&domain->checkpoints);
    struct moment *checkpoint, *next;

    work->going.defs = xcalloc(count, sizeof(*work->going.defs));
    work->staying.defs = xcalloc(count, sizeof(*work->staying.defs));
    HASH_ITER(hh, domain->checkpoints.by_name, checkpoint, next)
    {
        struct checkpoint_defs *to =
            doomed_has(&work->doomed, checkpoint->key.name) ? &work->going : &work->staying;

        to->defs[to->n++] = checkpoint_def_ref(checkpoint->def);
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
    take_defs(work, domain);
    if (domain->guest && checkpoint_take_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    return spec_find_volumes(spec, spec->def, err);
}

/* --- worker: which bitmaps go --- */

struct seen {
    char *key;
    UT_hash_handle hh;
};

static bool is_seen(const struct seen *set, const char *key)
{
    struct seen *seen;

    HASH_FIND_STR(set, key, seen);
    return seen;
}

/* key is taken over.  False: it is there already. */
static bool see(struct seen **set, char *key)
{
    struct seen *seen;

    if (is_seen(*set, key)) {
        free(key);
        return false;
    }
    seen = XNEW(struct seen);
    seen->key = key;
    HASH_ADD_KEYPTR(hh, *set, seen->key, strlen(seen->key), seen);
    return true;
}

static void forget_seen(struct seen *set)
{
    struct seen *seen, *next;

    HASH_ITER(hh, set, seen, next)
    {
        HASH_DELETE(hh, set, seen);
        free(seen->key);
        free(seen);
    }
}

/* A bitmap's name has no '/'. */
static char *bitmap_key(const struct checkpoint_disk *disk)
{
    return xasprintf("%s/%s", disk->bitmap, disk->name);
}

/*
 * Those of the domain's disks, each once, and none that a checkpoint has that stays: one that was
 * redefined may have named another's.
 */
static void find_bitmaps(struct checkpoint_work *work, const struct domain_def *def)
{
    struct seen *targets = NULL, *bitmaps = NULL;

    for (size_t i = 0; i < def->ndisks; i++)
        (void)see(&targets, xstrdup(def->disks[i].target));
    for (size_t i = 0; i < work->staying.n; i++)
        for (size_t k = 0; k < work->staying.defs[i]->ndisks; k++)
            if (work->staying.defs[i]->disks[k].bitmap)
                (void)see(&bitmaps, bitmap_key(&work->staying.defs[i]->disks[k]));
    for (size_t i = 0; i < work->going.n; i++)
        for (size_t k = 0; k < work->going.defs[i]->ndisks; k++) {
            const struct checkpoint_disk *disk = &work->going.defs[i]->disks[k];

            if (disk->bitmap && is_seen(targets, disk->name) && see(&bitmaps, bitmap_key(disk)))
                disk_bitmaps_add(&work->bitmaps, disk->name, disk->bitmap);
        }
    forget_seen(targets);
    forget_seen(bitmaps);
    disk_bitmaps_sort(&work->bitmaps);
}

static int delete_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_work *work = spec->checkpoint;
    struct job_ctl ctl;
    int rc;

    if (is_metadata_only(spec))
        return 0;
    find_bitmaps(work, spec->def);
    if (work->live)
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
