/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that deletes an external snapshot of a domain that is shut off: what its
 * images hold goes into those below them, then they and its memory go.  Until the
 * data is down, the domain is as before, and the job can be cancelled; the
 * images below then hold some of it, which nobody sees.  Of a guest that runs, block jobs
 * do it.  Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/leftovers.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- loop: may it go? --- */

static bool is_external_beside(const struct moment *snapshot, const struct moment *other)
{
    return other != snapshot && other->parent == snapshot->parent &&
           snapshot_def_is_external(other->def);
}

/* Others that may lie on the same images would find them changed. */
int snapshot_check_alone(const struct domain *domain, const struct moment *snapshot,
                         struct verror *err)
{
    struct moment *other, *next;

    if (snapshot->nchildren > 1)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "deletion of external disk snapshot '%s', which has %zu children, not "
                          "supported",
                          snapshot->key.name, snapshot->nchildren);
    HASH_ITER(hh, domain->snapshots.by_name, other, next)
    {
        if (is_external_beside(snapshot, other))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "deletion of external disk snapshot '%s' beside '%s' not supported",
                              snapshot->key.name, other->key.name);
    }
    return 0;
}

static int merge_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct snapshot_work *work = spec->snapshot;
    struct moment *snapshot;

    if (!domain)
        return spec_no_domain(spec, err);
    snapshot = moment_must_find(&domain->snapshots, work->def->name, err);
    if (!snapshot)
        return -1;
    if (domain_check_inactive(domain, err) < 0 ||
        snapshot_check_managed_save(domain, err) < 0 ||
        snapshot_check_alone(domain, snapshot, err) < 0)
        return -1;
    doomed_find(&work->doomed, &domain->snapshots, snapshot, false, false);
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain->config);
    return spec_find_volumes(spec, spec->def, err);
}

static int merge_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    struct job_ctl ctl;
    int rc;

    job_ctl_init(&ctl);
    rc = snapshot_merges_find(work->def, spec->def, spec->volumes, spec->nvolumes, false,
                              &ctl, &work->merges, err);
    job_ctl_done(&ctl);
    return rc;
}

static void want_file(struct lock_hold *hold, const struct disk_image *image)
{
    if (image->path)
        lock_hold_want(hold, lock_file_key(image->dev, image->ino), LOCK_FILE_WRITE);
}

static void merge_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;
    const struct snapshot_merges *merges = &spec->snapshot->merges;

    domain_disks_locks(opaque, hold);
    for (size_t i = 0; i < merges->n; i++) {
        want_file(hold, &merges->list[i].image);
        want_file(hold, &merges->list[i].base);
        want_file(hold, &merges->list[i].above);
    }
}

/* --- worker --- */

static int merge_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    job_ctl_step(ctl, "writing what the images hold into those below");
    return snapshot_merges_commit(&spec->snapshot->merges, ctl, err);
}

static int merge_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct snapshot_merges *merges = &spec->snapshot->merges;

    (void)job_id;
    if (snapshot_merges_put(merges, spec->def, &spec->new_config, err) < 0)
        return -1;
    return snapshot_merges_relink(merges, false, ctl, err);
}

static void merge_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_ctl ctl;

    (void)job_id;
    job_ctl_init(&ctl);
    if (snapshot_merges_relink(&spec->snapshot->merges, true, &ctl, &err) < 0)
        log_error("domain '%s': %s", spec->name, verror_text(&err));
    job_ctl_done(&ctl);
}

/* --- the outcome --- */

static void merge_commit(void *opaque, struct store_txn *txn)
{
    spec_change_commit(opaque, txn);
    snapshot_delete_commit(opaque, txn);
}

static void merge_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    const struct snapshot_work *work = spec->snapshot;
    struct leftovers *leftovers;

    spec_change_ended(spec, done);
    snapshot_delete_ended(spec, done);
    if (!done)
        return;
    leftovers = leftovers_new();
    for (size_t i = 0; i < work->merges.n; i++) {
        const struct disk_image *image = &work->merges.list[i].image;

        leftovers_add(leftovers, image->path, image->dev, image->ino);
    }
    snapshot_memory_leaves(spec, leftovers);
    leftovers_remove(leftovers, spec->domains->daemon, spec->uuid);
}

/* What is down already goes down again. */
static enum job_recovery merge_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                       struct verror *err)
{
    (void)opaque;
    (void)job_id;
    (void)checkpoint;
    (void)err;
    return JOB_RECOVER_RUN;
}

static bool merge_resumable(const void *opaque)
{
    (void)opaque;
    return true;
}

static const char *merge_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return NULL;
}

const struct job_kind domain_job_snapshot_merge = {
    .name = "domain-snapshot-merge",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = merge_locks,
    .check = merge_check,
    .prepare = merge_prepare,
    .run = merge_run,
    .publish = merge_publish,
    .undo = merge_undo,
    .commit = merge_commit,
    .ended = merge_ended,
    .resumable = merge_resumable,
    .unlimited = merge_unlimited,
    .recover = merge_recover,
    SNAPSHOT_SPEC_FUNCTIONS,
};
