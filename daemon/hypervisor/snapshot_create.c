/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that makes a snapshot: inside the images of a guest that is shut off,
 * with its memory of one that runs, or by new images (snapshot_external.c).  Nothing of
 * it is known until it is whole.
 * Functions of a kind run where job.h says.
 */

#include <ctype.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <time.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/snapshot_qmp.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    END_GRACE_MS = 5000, /* for a QEMU whose state is on disk */
};

/* --- loop: may it be made? --- */

static int check_name_is_free(const struct domain *domain, const struct domain_spec *spec,
                              struct verror *err)
{
    if (spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
        return 0;
    if (moment_find(&domain->snapshots, spec->snapshot->def->name))
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "domain snapshot %s already exists",
                          spec->snapshot->def->name);
    return moments_check_room(&domain->snapshots, err);
}

/* The definition whose disks it is about, and what the snapshot says of the domain's state. */
static int take_domain(struct domain_spec *spec, struct domain *domain, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    if (domain->guest && snapshot_take_guest(spec, err) < 0)
        return -1;
    if (domain->guest && !domain->config && spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "cannot halt after transient domain snapshot");
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    if (domain->guest && domain->config)
        work->config = domain_def_ref(domain->config);
    work->def->state = domain->guest ? domain->state : VIR_DOMAIN_SHUTOFF;
    work->has_image = domain->managed_save;
    return spec_find_volumes(spec, spec->def, err);
}

static int create_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct snapshot_work *work = spec->snapshot;

    if (!domain)
        return spec_no_domain(spec, err);
    if (check_name_is_free(domain, spec, err) < 0 || take_domain(spec, domain, err) < 0)
        return -1;
    if (domain->snapshots.current)
        work->def->parent = xstrdup(domain->snapshots.current->key.name);
    return 0;
}

/* --- worker: what it is to be --- */

static int check_places(const struct snapshot_def *def, struct verror *err)
{
    size_t inside = 0, outside = 0;

    for (size_t i = 0; i < def->ndisks; i++) {
        inside += def->disks[i].place == SNAPSHOT_PLACE_INTERNAL;
        outside += def->disks[i].place == SNAPSHOT_PLACE_EXTERNAL;
    }
    outside += def->memory == SNAPSHOT_PLACE_EXTERNAL;
    if (inside && outside)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "mixing internal and external targets for a snapshot is not yet "
                          "supported");
    if (!inside && !outside)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "nothing selected for snapshot");
    return 0;
}

/* What a snapshot does to an image it does by the path, which is no more than a name here. */
static int check_passed(const struct snapshot_def *def, const struct domain_def *domain,
                        struct verror *err)
{
    for (size_t i = 0; i < domain->ndisks; i++)
        if (domain->disks[i].fdgroup && def->disks[i].place != SNAPSHOT_PLACE_NO)
            return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                              "snapshots are not supported for FD passed images: disk '%s' of "
                              "file descriptor group '%s'",
                              domain->disks[i].target, domain->disks[i].fdgroup);
    return 0;
}

/* All that is written to is in it, else the guest would find disks of another time. */
static int check_whole(const struct snapshot_def *def, const struct domain_def *domain,
                       struct verror *err)
{
    for (size_t i = 0; i < domain->ndisks; i++) {
        const struct domain_disk *disk = &domain->disks[i];

        if ((disk->path || disk->pool) && !disk->readonly &&
            def->disks[i].place != SNAPSHOT_PLACE_INTERNAL)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "internal and full system snapshots require all disks to be "
                              "selected for snapshot; disk '%s' is not",
                              disk->target);
    }
    return 0;
}

/* How the domain was, as XML. */
static void keep_domain(struct domain_spec *spec)
{
    struct snapshot_work *work = spec->snapshot;
    const unsigned int flags = VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE;

    free(work->def->domain);
    work->def->domain = domain_def_format(spec->def, flags, NULL);
    if (work->config)
        work->def->inactive = domain_def_format(work->config, flags, NULL);
}

static int prepare_inside(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    const char *name = work->def->name;
    struct job_ctl ctl;
    int rc;

    if (snapshot_check_own(name, err) < 0 || snapshot_check_number(name, err) < 0 ||
        check_whole(work->def, spec->def, err) < 0)
        return -1;
    if (snapshot_images_find(spec->def, spec->volumes, spec->nvolumes, true, &work->images, err) <
        0)
        return -1;
    job_ctl_init(&ctl);
    if (work->live)
        rc = snapshot_qmp_check(spec->guest, spec->def, name, false, &ctl, err);
    else
        rc = snapshot_images_check(&work->images, name, false, &ctl, err);
    job_ctl_done(&ctl);
    return rc;
}

static int check_memory(const struct domain_spec *spec, struct verror *err)
{
    const struct snapshot_work *work = spec->snapshot;

    bool external = work->def->memory == SNAPSHOT_PLACE_EXTERNAL;

    if (spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_LIVE && !external)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "live snapshot creation is supported only with external memory");
    if ((external || work->def->memory == SNAPSHOT_PLACE_INTERNAL) &&
        (!work->live || spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "memory state cannot be saved with offline or disk-only snapshot");
    return 0;
}

/* Of one that runs memory goes with what is inside the images, and nothing else does. */
static int check_kind(const struct domain_spec *spec, struct verror *err)
{
    const struct snapshot_work *work = spec->snapshot;
    bool disks_only = spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY ||
                      work->def->memory == SNAPSHOT_PLACE_NO;

    if (work->def->memory == SNAPSHOT_PLACE_EXTERNAL) /* and so are the disks */
        return 0;
    if (!work->live || work->external == disks_only) {
        spec->snapshot->def->memory = work->live && !work->external ? SNAPSHOT_PLACE_INTERNAL
                                                                    : SNAPSHOT_PLACE_NO;
        return 0;
    }
    if (work->external)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "external disks of a running domain need the disk-only flag");
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "internal disk snapshots of a running domain are made with its memory");
}

static int create_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    work->def->created = (int64_t)time(NULL);
    if (check_memory(spec, err) < 0 ||
        snapshot_def_align(work->def, spec->def,
                           spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY ||
                                   work->def->memory == SNAPSHOT_PLACE_EXTERNAL
                               ? SNAPSHOT_PLACE_EXTERNAL
                               : SNAPSHOT_PLACE_INTERNAL,
                           err) < 0 ||
        check_places(work->def, err) < 0 || check_passed(work->def, spec->def, err) < 0)
        return -1;
    work->external = snapshot_def_is_external(work->def);
    if (check_kind(spec, err) < 0)
        return -1;
    keep_domain(spec);
    if ((work->external ? external_prepare(spec, err) : prepare_inside(spec, err)) < 0)
        return -1;
    return snapshot_def_seal(work->def, err);
}

/* --- worker: the work --- */

static struct snapshot_qmp qmp_of(const struct domain_spec *spec, enum snapshot_qmp_verb verb,
                                  uint64_t job_id)
{
    return (struct snapshot_qmp){ .guest = spec->guest,
                                  .live = spec->def,
                                  .verb = verb,
                                  .name = spec->snapshot->def->name,
                                  .job_id = job_id };
}

/* QEMU stops and resumes the guest by itself; one that is to end after it must not run on. */
static int stop_guest(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (!spec->was_running)
        return 0;
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_SNAPSHOT);
    if (!(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT))
        return 0;
    job_ctl_step(ctl, "pausing the guest");
    return monitor_call(spec->guest->monitor, "stop", NULL, -1, ctl, -1, NULL, err);
}

static int save_live(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err)
{
    const struct snapshot_qmp qmp = qmp_of(spec, SNAPSHOT_QMP_SAVE, job_id);

    /* one of the last daemon's is only waited for */
    if (!spec->taken_up || !snapshot_qmp_is_known(&qmp)) {
        if (stop_guest(spec, ctl, err) < 0 || job_ctl_checkpoint_durable(ctl, "{}", err) < 0)
            return -1;
        job_ctl_step(ctl, "writing the guest's memory");
        if (snapshot_qmp_start(&qmp, ctl, err) < 0)
            return -1;
    }
    job_ctl_step(ctl, "writing the guest's memory");
    return snapshot_qmp_wait(&qmp, ctl, err);
}

static int create_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    spec->number = job_id;
    if (work->external)
        return external_run(spec, job_id, ctl, err);
    if (work->live)
        return save_live(spec, job_id, ctl, err);
    /* from here on what the images have inside may be this job's */
    if (job_ctl_checkpoint_durable(ctl, "{}", err) < 0)
        return -1;
    job_ctl_step(ctl, "making snapshots inside the images");
    return snapshot_images_create(&work->images, work->def->name, ctl, err);
}

/* --- the point of no return --- */

static int create_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (!spec->snapshot->live)
        return 0;
    if (spec->guest->exited)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "the guest has ended while its snapshot was made");
    if (spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT)
        spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT;
    return 0;
}

/* Where it is to end with its snapshot, which is whole. */
static void end_guest(const struct domain_spec *spec)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (!spec->guest || !(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT))
        return;
    if (process_end(&spec->guest->process, END_GRACE_MS, false, &err) < 0)
        log_error("%s", verror_text(&err));
}

static int create_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec->snapshot->external && external_publish(spec, job_id, ctl, err) < 0)
        return -1;
    if (spec->snapshot->live)
        end_guest(spec);
    return 0;
}

/* --- undone --- */

static bool guest_answers(const struct domain_spec *spec)
{
    return spec->guest && spec->guest->monitor && process_is_alive(&spec->guest->process);
}

/* QEMU cannot be stopped in the middle, so its job is waited for. */
static void undo_live(struct domain_spec *spec, uint64_t job_id)
{
    const struct snapshot_qmp save = qmp_of(spec, SNAPSHOT_QMP_SAVE, job_id);
    const struct snapshot_qmp drop = qmp_of(spec, SNAPSHOT_QMP_DELETE, job_id);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (snapshot_qmp_is_known(&save)) {
        bool made = snapshot_qmp_wait(&save, NULL, NULL) == 0;

        snapshot_qmp_forget(&save);
        if (made && snapshot_qmp_run(&drop, NULL, &err) < 0)
            log_error("snapshot '%s' stays in the images of domain '%s': %s", save.name,
                      spec->name, verror_text(&err));
    }
    if (!spec->was_running || !(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT))
        return;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    if (monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, -1, NULL, &err) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&err));
}

static void create_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_ctl ctl;

    if (work->external) {
        external_undo(spec, job_id);
        return;
    }
    if (work->live && guest_answers(spec)) {
        undo_live(spec, job_id);
        return;
    }
    job_ctl_init(&ctl);
    if (snapshot_images_delete(&work->images, work->def->name, &ctl, &err) < 0)
        log_error("snapshot '%s' stays in the images of domain '%s': %s", work->def->name,
                  spec->name, verror_text(&err));
    job_ctl_done(&ctl);
}

/* --- the outcome --- */

static bool is_kept(const struct domain_spec *spec)
{
    return !(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA);
}

static void create_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (spec->snapshot->external)
        external_commit(spec, txn);
    if (domain && is_kept(spec))
        moments_put_current_row(&domain->snapshots, spec->snapshot->def, txn);
}

static void create_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct guest *guest = spec->guest;

    snapshot_let_files(spec);
    if (spec->snapshot->external)
        spec_change_ended(spec, done);
    else if (done && guest && guest->monitor)
        snapshot_qmp_forget_later(guest, SNAPSHOT_QMP_SAVE, spec->number);
    if (done && domain && is_kept(spec))
        domain->snapshots.current = moment_put(&domain->snapshots, spec->snapshot->def);
    if (!guest || !(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT))
        return;
    if (done)
        guest->end_reason = VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT;
    else if (guest->end_reason == VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT)
        guest->end_reason = VIR_DOMAIN_SHUTOFF_CRASHED;
    if (done && !process_is_alive(&guest->process))
        guest_gone(guest); /* its end is known here before the loop hears of it */
}

/* --- taken up by the next daemon --- */

/* The guest was to end with its snapshot, and that is there. */
static bool has_halted(const struct domain_spec *spec)
{
    const struct snapshot_work *work = spec->snapshot;
    struct job_ctl ctl;
    int rc;

    if (!(spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_HALT))
        return false;
    job_ctl_init(&ctl);
    rc = snapshot_images_check(&work->images, work->def->name, true, &ctl, NULL);
    job_ctl_done(&ctl);
    return rc == 0;
}

static enum job_recovery recover_external(struct domain_spec *spec, uint64_t job_id,
                                          const char *checkpoint, struct verror *err)
{
    enum job_recovery found = external_recover(spec, job_id, checkpoint, err);

    if (found == JOB_RECOVER_DONE)
        end_guest(spec);
    return found;
}

static enum job_recovery create_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct snapshot_qmp qmp = qmp_of(spec, SNAPSHOT_QMP_SAVE, job_id);

    spec->number = job_id;
    if (spec->snapshot->external)
        return recover_external(spec, job_id, checkpoint, err);
    if (!spec->snapshot->live)
        return checkpoint ? JOB_RECOVER_UNDO : JOB_RECOVER_RUN;
    if (!spec->guest && has_halted(spec))
        return JOB_RECOVER_DONE;
    if (!guest_answers(spec)) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
        return JOB_RECOVER_UNDO;
    }
    return snapshot_qmp_is_known(&qmp) ? JOB_RECOVER_RUN : JOB_RECOVER_UNDO;
}

/* Memory in a file of its own is written like that of a saved guest. */
static const char *create_unlimited(const void *opaque, enum job_limit limit)
{
    const struct domain_spec *spec = opaque;

    if (spec->snapshot->def->memory == SNAPSHOT_PLACE_EXTERNAL && limit == JOB_LIMIT_SPEED)
        return NULL;
    return "QEMU makes a snapshot as fast as it can";
}

const struct job_kind domain_job_snapshot_create = {
    .name = "domain-snapshot-create",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = snapshot_locks,
    .check = create_check,
    .prepare = create_prepare,
    .accepted = snapshot_accepted,
    .run = create_run,
    .decide = create_decide,
    .publish = create_publish,
    .undo = create_undo,
    .commit = create_commit,
    .ended = create_ended,
    .unlimited = create_unlimited,
    .recover = create_recover,
    SNAPSHOT_SPEC_FUNCTIONS,
};
