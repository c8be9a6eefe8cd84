/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that starts a guest from a snapshot: it goes the road of every start
 * (qemu/guest_start.c), and between its steps the disks go back, and the memory is
 * read.  Until its CPUs go on, and a daemon that was killed there would find them so, the
 * disks have a way back.  Functions of a kind run where
 * job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/snapshot_qmp.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

static int start_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;

    if (snapshot_check_target(spec, err) < 0 ||
        snapshot_check_managed_save(spec_domain(spec), err) < 0)
        return -1;
    work->to_active = snapshot_def_is_active(work->def);
    return guest_start_check(spec, err);
}

static int find_images(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    struct job_ctl ctl;
    int rc;

    if (snapshot_images_find(spec->def, spec->volumes, spec->nvolumes, false, &work->images, err) <
        0)
        return -1;
    job_ctl_init(&ctl);
    rc = snapshot_images_check(&work->images, work->def->name, true, &ctl, err);
    if (rc == 0)
        rc = snapshot_check_bitmaps(spec, &ctl, err);
    job_ctl_done(&ctl);
    return rc;
}

/* It starts as what its memory comes from; without memory, as what it is defined as again. */
static int start_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    struct domain_def *def;

    if (snapshot_complete_def(spec, err) < 0)
        return -1;
    def = work->to_active ? work->was : work->config;
    if (def) {
        domain_def_unref(spec->def);
        spec->def = domain_def_ref(def);
    }
    if (find_images(spec, err) < 0 || guest_start_prepare(spec, err) < 0)
        return -1;
    spec->was_running = snapshot_runs_then(work);
    return 0;
}

static struct snapshot_qmp qmp_of(const struct domain_spec *spec, enum snapshot_qmp_verb verb,
                                  const char *name, uint64_t job_id)
{
    return (struct snapshot_qmp){ .guest = spec->guest,
                                  .live = spec->new_live ? spec->new_live : spec->guest->def,
                                  .verb = verb,
                                  .name = name,
                                  .job_id = job_id };
}

/* A QEMU that the last daemon started is not gone on with: see start_recover(). */
static int start_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_work *work = spec->snapshot;
    struct snapshot_qmp load;

    if (job_ctl_checkpoint_durable(ctl, "[]", err) < 0 ||
        snapshot_keep_images(spec, job_id, ctl, err) < 0)
        return -1;
    if (!work->to_active && snapshot_apply_images(spec, ctl, err) < 0)
        return -1;
    if (guest_start_run(spec, job_id, ctl, err) < 0)
        return -1;
    if (!work->to_active)
        return 0;
    job_ctl_step(ctl, "reading the guest's memory");
    load = qmp_of(spec, SNAPSHOT_QMP_LOAD, work->def->name, job_id);
    return snapshot_qmp_run(&load, ctl, err);
}

/* In the journal beside what the start has put there: its disks may have no way back any more. */
static const char past_mark[] = "past";

static int journal_past(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    json_t *json = json_pack("{s:s*, s:s, s:b}", "owners", spec->guest->owner_memory, "live",
                             spec->guest->def->xml, past_mark, 1);
    _cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return job_ctl_checkpoint_durable(ctl, text, err);
}

static bool is_past(const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;
    bool past = json_is_true(json_object_get(json, past_mark));

    json_decref(json);
    return past;
}

static void drop_safety(struct domain_spec *spec, uint64_t job_id)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char safety[SNAPSHOT_SAFETY_MAX];
    struct snapshot_qmp drop;

    snapshot_safety_name(job_id, safety);
    drop = qmp_of(spec, SNAPSHOT_QMP_DELETE, safety, job_id);
    if (spec->taken_up && snapshot_qmp_is_known(&drop)) { /* of the last daemon's */
        (void)snapshot_qmp_wait(&drop, NULL, NULL);       /* done again below, if it has failed */
        snapshot_qmp_forget(&drop);
    }
    if (snapshot_qmp_run(&drop, NULL, &err) < 0)
        log_error("snapshot '%s' stays in the images of domain '%s': %s", safety, spec->name,
                  verror_text(&err)); /* it only takes up room */
}

/* One whose CPUs go on shows by that how far it has come; another one has it in the journal. */
static int start_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (guest_start_publish(spec, job_id, ctl, err) < 0 ||
        (!spec->was_running && journal_past(spec, ctl, err) < 0))
        return -1;
    job_ctl_step(ctl, "giving up the way back");
    drop_safety(spec, job_id);
    return 0;
}

static void start_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    char safety[SNAPSHOT_SAFETY_MAX];

    guest_start_undo(spec, job_id);
    snapshot_safety_name(job_id, safety);
    snapshot_images_restore(&spec->snapshot->images, safety);
}

static void start_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct domain_def *old;

    if (!domain)
        return;
    old = domain->config;
    if (old && spec->snapshot->config)
        domain->config = spec->snapshot->config;
    guest_start_commit(spec, txn);
    domain->config = old;
    moments_put_current_row(&domain->snapshots, spec->snapshot->def, txn);
}

static void start_ended(void *opaque, bool done)
{
    if (done)
        snapshot_revert_ended(opaque);
    guest_start_ended(opaque, done);
    if (done)
        snapshot_tell_reverted(opaque);
}

/* Only one that goes on already is what it was to be: of others nobody knows how far they came. */
static enum job_recovery start_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                       struct verror *err)
{
    struct domain_spec *spec = opaque;
    enum job_recovery recovery = guest_start_recover(opaque, job_id, checkpoint, err);
    bool goes_on = recovery == JOB_RECOVER_DONE && spec->was_running;

    if (!goes_on && !(is_past(checkpoint) && spec->guest->monitor))
        return JOB_RECOVER_UNDO;
    drop_safety(spec, job_id);
    return JOB_RECOVER_DONE;
}

static const char *start_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return "QEMU goes back to a snapshot as fast as it can";
}

static void *start_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = snapshot_spec_load(daemon, text, err);

    if (!spec || (spec->def && spec->live && spec->guest))
        return spec;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's domain specification is not whole");
    domain_spec_free(spec);
    return NULL;
}

const struct job_kind domain_job_snapshot_start = {
    .name = "domain-snapshot-start",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = domain_locks,
    .check = start_check,
    .prepare = start_prepare,
    .admit = guest_start_admit,
    .accepted = guest_start_accepted,
    .run = start_run,
    .decide = guest_start_decide,
    .publish = start_publish,
    .undo = start_undo,
    .commit = start_commit,
    .ended = start_ended,
    .unlimited = start_unlimited,
    .recover = start_recover,
    .spec_save = snapshot_spec_save,
    .spec_load = start_load,
    .spec_free = domain_spec_free,
};
