/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that goes back to a snapshot: of a guest that is shut off its disks,
 * with a way back until they are all there; of one that runs its disks and memory,
 * by QEMU itself, which has no way back; or from one that runs to one that is shut
 * off.  Functions of a kind run where job.h says; for one that has to be started see
 * qemu/guest_start.c.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/snapshot_qmp.h"
#include "hypervisor/snapshot_jobs.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/log.h"

enum { END_GRACE_MS = 0 }; /* nobody wants what it would still write */

/* In the journal: from here on it only goes forward, unless it is cancelled. */
static const char done_mark[] = "{\"done\":true}";

/* --- loop: may it be gone back to? --- */

/* QEMU takes no image back that records what is written, and finds that out disk by disk. */
static int check_no_checkpoint(const struct domain *domain, struct verror *err)
{
    struct moment *checkpoint, *next;

    HASH_ITER(hh, domain->checkpoints.by_name, checkpoint, next)
    {
        const struct checkpoint_def *def = moment_checkpoint(checkpoint);

        for (size_t i = 0; i < def->ndisks; i++)
            if (def->disks[i].bitmap)
                return verror_set(err, VIR_ERR_OPERATION_INVALID,
                                  "checkpoint '%s' records what is written to disk '%s', and no "
                                  "snapshot can be gone back to as long as it is there",
                                  def->name, def->disks[i].name);
    }
    return 0;
}

int snapshot_check_target(struct domain_spec *spec, struct verror *err)
{
    const struct domain *domain = spec_domain(spec);
    struct snapshot_work *work = spec->snapshot;
    const struct moment *snapshot;
    struct snapshot_def *def;

    if (!domain)
        return spec_no_domain(spec, err);
    snapshot = moment_must_find(&domain->snapshots, work->def->name, err);
    if (!snapshot)
        return -1;
    def = snapshot_def_ref(snapshot->def); /* it may have been defined anew */
    snapshot_def_unref(work->def);
    work->def = def;
    if (snapshot_def_is_external(def))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "revert to external snapshot not supported yet");
    if (snapshot_check_number(def->name, err) < 0) /* one that was made elsewhere */
        return -1;
    if (!snapshot_def_is_active(def) && def->state != VIR_DOMAIN_SHUTOFF)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "snapshot '%s' is of a state that cannot be gone back to", def->name);
    if (!def->domain && !(work->flags & VIR_DOMAIN_SNAPSHOT_REVERT_FORCE))
        return verror_set(err, VIR_ERR_SNAPSHOT_REVERT_RISKY,
                          "snapshot '%s' lacks domain '%s' rollback info", def->name,
                          domain->name);
    return check_no_checkpoint(domain, err);
}

/* An image that is resumed later would meet other disks than it left. */
int snapshot_refuse_managed_save(const char *domain, struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "domain '%s' has a managed save image that its disks would no longer fit; "
                      "remove it first",
                      domain);
}

int snapshot_check_managed_save(const struct domain *domain, struct verror *err)
{
    return domain->managed_save ? snapshot_refuse_managed_save(domain->name, err) : 0;
}

static int check_off(struct domain_spec *spec, const struct domain *domain, struct verror *err)
{
    if (domain->guest && !domain->config)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "transient domain needs to request run or pause to revert to inactive "
                          "snapshot");
    if (!domain->guest)
        return snapshot_check_managed_save(domain, err);
    return snapshot_take_guest(spec, err);
}

static int revert_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    struct domain *domain = spec_domain(spec);

    if (snapshot_check_target(spec, err) < 0)
        return -1;
    work->to_active = snapshot_def_is_active(work->def);
    if (work->to_active && domain_check_active(domain, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    if ((work->to_active ? snapshot_take_guest(spec, err) : check_off(spec, domain, err)) < 0)
        return -1;
    return spec_find_volumes(spec, spec->def, err);
}

/* --- worker: will it do? --- */

/* It may have another name by now, and keeps that. */
static struct domain_def *complete_one(const struct domain_spec *spec, const char *xml,
                                       struct verror *err)
{
    struct complete_host host = domains_complete_host(spec->domains);
    struct domain_def *def = domain_complete(&host, xml, false, err), *renamed;

    if (!def || strcmp(def->name, spec->name) == 0)
        return def;
    renamed = domain_def_renamed(def, spec->name, err);
    domain_def_unref(def);
    return renamed;
}

int snapshot_complete_def(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    const struct snapshot_def *def = work->def;

    if (def->domain && !(work->was = complete_one(spec, def->domain, err)))
        return -1;
    if (def->inactive)
        work->config = complete_one(spec, def->inactive, err);
    else if (work->was)
        work->config = domain_def_ref(work->was);
    return work->config || !def->domain ? 0 : -1;
}

/* Memory is loaded into the machine that it comes from, or not at all. */
static int check_machine(struct domain_spec *spec, struct verror *err)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    const struct snapshot_work *work = spec->snapshot;

    if (!work->was || domain_def_check_abi(work->was, spec->def, &why) == 0)
        return 0;
    return verror_set(err, VIR_ERR_SNAPSHOT_REVERT_RISKY,
                      "the guest is not what snapshot '%s' was made of, and would have to start "
                      "anew: %s",
                      work->def->name, verror_text(&why));
}

static int refuse_bitmap(const char *target, struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "the image of disk '%s' has a bitmap, and no snapshot can be gone back to as "
                      "long as it is there",
                      target);
}

static int check_live_bitmaps(const struct domain_spec *spec, struct job_ctl *ctl,
                              struct verror *err)
{
    struct bitmaps bitmaps;
    int rc = bitmaps_find(spec->guest, ctl, &bitmaps, err);

    for (size_t i = 0; i < spec->def->ndisks && rc == 0; i++) {
        const struct domain_disk *disk = &spec->def->disks[i];
        _cleanup_free_ char *node = checkpoint_node(disk);

        for (size_t k = 0; k < bitmaps.n && rc == 0; k++)
            if (strcmp(bitmaps.list[k].node, node) == 0)
                rc = refuse_bitmap(disk->target, err);
    }
    bitmaps_clear(&bitmaps);
    return rc;
}

int snapshot_check_bitmaps(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    const struct snapshot_images *images = &spec->snapshot->images;

    if (spec->snapshot->live)
        return check_live_bitmaps(spec, ctl, err);
    for (size_t i = 0; i < images->n; i++) {
        const struct snapshot_image *image = &images->images[i];
        int has = qemu_img_has_bitmap(image->path, NULL, ctl, err);

        if (has != 0)
            return has < 0 ? -1 : refuse_bitmap(image->target, err);
    }
    return 0;
}

static int check_images(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    struct job_ctl ctl;
    int rc;

    if (snapshot_images_find(spec->def, spec->volumes, spec->nvolumes, false, &work->images, err) <
        0)
        return -1;
    job_ctl_init(&ctl);
    rc = work->to_active
             ? snapshot_qmp_check(spec->guest, spec->def, work->def->name, true, &ctl, err)
             : snapshot_images_check(&work->images, work->def->name, true, &ctl, err);
    if (rc == 0)
        rc = snapshot_check_bitmaps(spec, &ctl, err);
    job_ctl_done(&ctl);
    return rc;
}

static int revert_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (snapshot_complete_def(spec, err) < 0 ||
        (spec->snapshot->to_active && check_machine(spec, err) < 0))
        return -1;
    return check_images(spec, err);
}

/* --- worker: the disks of one that is shut off --- */

/* A way back: what they hold now is kept inside them until all is done. */
int snapshot_keep_images(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                         struct verror *err)
{
    char safety[SNAPSHOT_SAFETY_MAX];

    snapshot_safety_name(job_id, safety);
    job_ctl_step(ctl, "keeping what the disks hold");
    return snapshot_images_create(&spec->snapshot->images, safety, ctl, err);
}

int snapshot_apply_images(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    job_ctl_step(ctl, "taking the disks back");
    return snapshot_images_apply(&work->images, work->def->name, ctl, err);
}

static int take_disks_back(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                           struct verror *err)
{
    if (spec->snapshot->disks_done)
        return 0; /* by the last daemon */
    if (job_ctl_checkpoint_durable(ctl, "{}", err) < 0 ||
        snapshot_keep_images(spec, job_id, ctl, err) < 0 ||
        snapshot_apply_images(spec, ctl, err) < 0)
        return -1;
    return job_ctl_checkpoint_durable(ctl, done_mark, err);
}

static void drop_safety(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char safety[SNAPSHOT_SAFETY_MAX];

    snapshot_safety_name(job_id, safety);
    if (snapshot_images_delete(&spec->snapshot->images, safety, ctl, &err) < 0)
        log_error("snapshot '%s' stays in the images of domain '%s': %s", safety, spec->name,
                  verror_text(&err)); /* it only takes up room */
}

static int revert_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec->snapshot->live)
        return 0; /* it has no way back: see publish */
    return take_disks_back(spec, job_id, ctl, err);
}

static int revert_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    if (!work->live)
        return 0;
    if (spec->guest->exited)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "the guest has ended before it went back to its snapshot");
    if (!work->to_active)
        spec->guest->end_reason = VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT;
    return 0;
}

/* --- worker: past the point of no return --- */

bool snapshot_runs_then(const struct snapshot_work *work)
{
    if (work->flags & (VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING | VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED))
        return work->flags & VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING;
    return work->def->state == VIR_DOMAIN_RUNNING;
}

static int load_live(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err)
{
    const struct snapshot_qmp qmp = { .guest = spec->guest,
                                      .live = spec->def,
                                      .verb = SNAPSHOT_QMP_LOAD,
                                      .name = spec->snapshot->def->name,
                                      .job_id = job_id };

    if (spec->taken_up && snapshot_qmp_is_known(&qmp))
        return snapshot_qmp_wait(&qmp, NULL, err);
    job_ctl_step(ctl, "reading the guest's memory");
    atomic_store(&spec->guest->pause_reason, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT);
    if (monitor_call(spec->guest->monitor, "stop", NULL, -1, NULL, -1, NULL, err) < 0 ||
        snapshot_qmp_start(&qmp, NULL, err) < 0)
        return -1;
    return snapshot_qmp_wait(&qmp, NULL, err);
}

static int publish_live(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                        struct verror *err)
{
    _cleanup_verror_ struct verror late = VERROR_INIT;

    if (load_live(spec, job_id, ctl, err) < 0 ||
        job_ctl_checkpoint_durable(ctl, done_mark, err) < 0)
        return -1;
    if (!snapshot_runs_then(spec->snapshot))
        return 0;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT);
    if (monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, -1, NULL, &late) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&late));
    return 0;
}

/* The guest first: QEMU has the images while it lives. */
static int publish_end(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                       struct verror *err)
{
    job_ctl_step(ctl, "ending the guest");
    if (process_end(&spec->guest->process, END_GRACE_MS, false, err) < 0)
        return -1;
    return take_disks_back(spec, job_id, ctl, err);
}

static int revert_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    spec->number = job_id;
    if (work->live && work->to_active)
        return publish_live(spec, job_id, ctl, err);
    if (work->live && publish_end(spec, job_id, ctl, err) < 0)
        return -1;
    drop_safety(spec, job_id, ctl);
    return 0;
}

/* One that QEMU has begun to load is of no time at all: it stands still. */
static void undo_live(struct domain_spec *spec, uint64_t job_id)
{
    const struct snapshot_qmp qmp = {
        .guest = spec->guest, .verb = SNAPSHOT_QMP_LOAD, .job_id = job_id
    };
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (!spec->guest || !spec->guest->monitor || !process_is_alive(&spec->guest->process))
        return;
    if (snapshot_qmp_is_known(&qmp)) {
        log_error("domain '%s' is left paused: QEMU could not load its snapshot", spec->name);
        return;
    }
    if (!spec->was_running)
        return;
    atomic_store(&spec->guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);
    if (monitor_call(spec->guest->monitor, "cont", NULL, -1, NULL, -1, NULL, &err) < 0)
        log_error("domain '%s' is left paused: %s", spec->name, verror_text(&err));
}

static void revert_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    char safety[SNAPSHOT_SAFETY_MAX];

    if (spec->snapshot->to_active) {
        undo_live(spec, job_id);
        return;
    }
    snapshot_safety_name(job_id, safety);
    snapshot_images_restore(&spec->snapshot->images, safety);
}

/* --- the outcome --- */

static void revert_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    const struct snapshot_work *work = spec->snapshot;

    if (!domain)
        return;
    if (domain->config && work->config)
        domain_put_row_with(domain, work->config, txn);
    moments_put_current_row(&domain->snapshots, work->def, txn);
}

void snapshot_revert_ended(struct domain_spec *spec)
{
    struct domain *domain = spec_domain(spec);
    struct snapshot_work *work = spec->snapshot;

    if (!domain)
        return;
    if (domain->config && work->config)
        domain_set_config(domain, work->config);
    domain->snapshots.current = moment_find(&domain->snapshots, work->def->name);
}

void snapshot_tell_reverted(const struct domain_spec *spec)
{
    const struct domain *domain = spec_domain(spec);

    if (domain && domain->config)
        domain_tell_lifecycle(domain, DOMAIN_DEFINED, DOMAIN_DEFINED_FROM_SNAPSHOT);
}

static void revert_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    struct guest *guest = spec->guest;

    snapshot_let_files(spec);
    if (done)
        snapshot_revert_ended(spec);
    if (guest && guest->monitor && work->to_active && spec->number)
        snapshot_qmp_forget_later(guest, SNAPSHOT_QMP_LOAD, spec->number);
    if (guest && !work->to_active && guest->end_reason == VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT &&
        !process_is_alive(&guest->process))
        guest_gone(guest); /* its end is known here before the loop hears of it */
    if (done)
        snapshot_tell_reverted(spec);
}

/* --- taken up by the next daemon --- */

static enum job_recovery recover_live(struct domain_spec *spec, uint64_t job_id,
                                      const char *checkpoint, struct verror *err)
{
    const struct snapshot_qmp qmp = {
        .guest = spec->guest, .verb = SNAPSHOT_QMP_LOAD, .job_id = job_id
    };

    if (!spec->guest || !spec->guest->monitor) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
        return JOB_RECOVER_UNDO;
    }
    if (!checkpoint && !snapshot_qmp_is_known(&qmp))
        return JOB_RECOVER_UNDO; /* it had not begun */
    return JOB_RECOVER_RUN;
}

static enum job_recovery revert_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    spec->number = job_id;
    if (work->to_active)
        return recover_live(spec, job_id, checkpoint, err);
    if (!checkpoint || strcmp(checkpoint, done_mark) != 0)
        return JOB_RECOVER_UNDO;
    work->disks_done = true;
    work->live = false; /* that guest has ended */
    return JOB_RECOVER_RUN;
}

static const char *revert_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return "QEMU goes back to a snapshot as fast as it can";
}

const struct job_kind domain_job_snapshot_revert = {
    .name = "domain-snapshot-revert",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = snapshot_locks,
    .check = revert_check,
    .prepare = revert_prepare,
    .accepted = snapshot_accepted,
    .run = revert_run,
    .decide = revert_decide,
    .publish = revert_publish,
    .undo = revert_undo,
    .commit = revert_commit,
    .ended = revert_ended,
    .unlimited = revert_unlimited,
    .recover = revert_recover,
    SNAPSHOT_SPEC_FUNCTIONS,
};
