/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that deletes snapshots: what the images have inside of them, and what
 * is known of them.  Once it has begun it goes forward: what is gone is gone, and a
 * daemon that was killed has its next one delete the rest.  Functions of a kind run
 * where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/snapshot_qmp.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"

/* --- loop: which, and may they go? --- */

static size_t count_external(const struct snapshot_work *work, const struct domain *domain)
{
    size_t external = 0;

    for (size_t i = 0; i < work->doomed.n; i++) {
        const struct moment *snapshot = moment_find(&domain->snapshots, work->doomed.names[i]);

        external += snapshot_def_is_external(snapshot->def);
    }
    return external;
}

static bool is_metadata_only(const struct domain_spec *spec)
{
    return spec->flags & VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY;
}

static int delete_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct snapshot_work *work = spec->snapshot;
    struct moment *snapshot;
    size_t external;

    if (!domain)
        return spec_no_domain(spec, err);
    snapshot = moment_must_find(&domain->snapshots, work->def->name, err);
    if (!snapshot)
        return -1;
    doomed_find(&work->doomed, &domain->snapshots, snapshot,
                spec->flags & VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN,
                spec->flags & VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY);
    external = count_external(work, domain);
    if (is_metadata_only(spec))
        return 0;
    if (external > 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "deletion of %zu external disk snapshots not supported yet", external);
    if (domain->guest && snapshot_take_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    return spec_find_volumes(spec, spec->def, err);
}

/* Disks that have come since the snapshot was made have nothing of it. */
static int delete_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    if (is_metadata_only(spec) || work->live)
        return 0;
    return snapshot_images_find(spec->def, spec->volumes, spec->nvolumes, false, &work->images,
                                err);
}

/* --- worker: past the point of no return --- */

/* One disk that does not have it would have QEMU refuse all: then it is gone already. */
static int delete_live(struct domain_spec *spec, const char *name, uint64_t job_id,
                       struct job_ctl *ctl, struct verror *err)
{
    const struct snapshot_qmp qmp = { .guest = spec->guest,
                                      .live = spec->def,
                                      .verb = SNAPSHOT_QMP_DELETE,
                                      .name = name,
                                      .job_id = job_id };

    if (snapshot_qmp_check(spec->guest, spec->def, name, false, ctl, NULL) == 0)
        return 0;
    if (snapshot_qmp_is_known(&qmp)) /* of the last daemon's */
        snapshot_qmp_forget(&qmp);
    return snapshot_qmp_run(&qmp, NULL, err);
}

static int delete_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    if (is_metadata_only(spec))
        return 0;
    job_ctl_step(ctl, "deleting snapshots inside the images");
    for (size_t i = 0; i < work->doomed.n; i++) {
        const char *name = work->doomed.names[i];
        int rc = work->live ? delete_live(spec, name, job_id, ctl, err)
                            : snapshot_images_delete(&work->images, name, ctl, err);

        if (rc < 0)
            return -1;
    }
    return 0;
}

/* --- the outcome --- */

void snapshot_delete_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (domain)
        doomed_commit(&spec->snapshot->doomed, &domain->snapshots, txn);
}

void snapshot_delete_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    snapshot_let_files(spec);
    if (done && domain)
        doomed_drop(&spec->snapshot->doomed, &domain->snapshots);
}

static void delete_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct leftovers *leftovers;

    snapshot_delete_ended(spec, done);
    if (!done || !spec->snapshot->memory_goes)
        return;
    leftovers = leftovers_new();
    snapshot_memory_leaves(spec, leftovers);
    leftovers_remove(leftovers, spec->domains->daemon, spec->uuid);
}

/* Deleting again what is gone already is fine. */
static enum job_recovery delete_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    (void)job_id;
    (void)checkpoint;
    if (!work->live || is_metadata_only(spec) || spec->guest)
        return JOB_RECOVER_RUN;
    verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
    return JOB_RECOVER_UNDO;
}

static const char *delete_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return "QEMU deletes a snapshot as fast as it can";
}

const struct job_kind domain_job_snapshot_delete = {
    .name = "domain-snapshot-delete",
    .lane = LANE_CONTROL,
    .is_long = true,
    .locks = snapshot_locks,
    .check = delete_check,
    .prepare = delete_prepare,
    .accepted = snapshot_accepted,
    .publish = delete_publish,
    .commit = snapshot_delete_commit,
    .ended = delete_ended,
    .unlimited = delete_unlimited,
    .recover = delete_recover,
    SNAPSHOT_SPEC_FUNCTIONS,
};
