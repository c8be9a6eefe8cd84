/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job that makes a checkpoint of a guest that runs: from one moment on bitmaps in
 * the images of its disks record what is written.  QEMU makes all of them or none, so
 * that a daemon that was killed has its next one look whether they are there.  Functions
 * of a kind run where job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent_ask.h"
#include "hypervisor/qemu/bitmaps.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- loop: may it be made? --- */

static int create_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (!domain_is_active(domain))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "cannot create checkpoint for inactive domain");
    if (checkpoint_take_guest(spec, err) < 0 ||
        checkpoint_check_new(domain, spec->checkpoint->def, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    return 0;
}

/* --- worker: what it is to be --- */

/* What makes its bitmaps, a new array; NULL with err: it cannot be. */
static json_t *find_steps(const struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    json_t *steps = json_array();
    struct bitmaps bitmaps;
    int rc = bitmaps_find(spec->guest, ctl, &bitmaps, err);

    if (rc == 0)
        rc = checkpoint_steps_create(spec->checkpoint->def, spec->def, &bitmaps, steps, err);
    bitmaps_clear(&bitmaps);
    if (rc == 0)
        return steps;
    json_decref(steps);
    return NULL;
}

static int create_prepare(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_work *work = spec->checkpoint;
    struct job_ctl ctl;
    json_t *steps;

    if (checkpoint_complete(work->def, spec->def, err) < 0)
        return -1;
    disk_bitmaps_add_all(&work->bitmaps, work->def);
    job_ctl_init(&ctl);
    steps = find_steps(spec, &ctl, err);
    job_ctl_done(&ctl);
    json_decref(steps);
    return steps ? 0 : -1;
}

/* --- worker: the work --- */

static bool is_quiesced(const struct domain_spec *spec)
{
    return spec->flags & VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE;
}

static int make_quiesced(struct domain_spec *spec, json_t *steps, struct job_ctl *ctl,
                         struct verror *err)
{
    struct agent_desk *agents = spec->domains->agents;
    int rc = -1;

    if (agent_freeze(agents, spec->guest, err) == 0)
        rc = bitmaps_transact(spec->guest, json_incref(steps), ctl, err);
    agent_thaw(agents, spec->guest, spec->name);
    json_decref(steps);
    return rc;
}

static int create_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    json_t *steps;

    (void)job_id;
    job_ctl_step(ctl, "making bitmaps");
    steps = find_steps(spec, ctl, err);
    if (!steps)
        return -1;
    if (job_ctl_checkpoint_durable(ctl, "{}", err) < 0) { /* from here on they may be this job's */
        json_decref(steps);
        return -1;
    }
    if (is_quiesced(spec))
        return make_quiesced(spec, steps, ctl, err);
    return bitmaps_transact(spec->guest, steps, ctl, err);
}

static int create_decide(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (!spec->guest->exited)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "the guest has ended while its checkpoint was made");
}

/* --- undone --- */

static int remove_from_images(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct bitmap_places places;
    int rc = bitmap_places_find(&spec->checkpoint->bitmaps, spec->def, NULL, 0, ctl, &places, err);

    if (rc == 0)
        rc = bitmap_places_remove(&places, ctl, err);
    bitmap_places_clear(&places);
    return rc;
}

/* None of that name was there before. */
static void create_undo(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_work *work = spec->checkpoint;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_ctl ctl;
    int rc;

    (void)job_id;
    job_ctl_init(&ctl);
    rc = checkpoint_guest_answers(spec)
             ? disk_bitmaps_remove(&work->bitmaps, spec->guest, spec->def, &ctl, &err)
             : remove_from_images(spec, &ctl, &err);
    job_ctl_done(&ctl);
    if (rc < 0)
        log_error("bitmap '%s' may stay in the images of domain '%s': %s", work->def->name,
                  spec->name, verror_text(&err));
}

/* --- the outcome --- */

static void create_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (domain)
        moments_put_current_row(&domain->checkpoints, spec->checkpoint->def, txn);
}

static void create_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    checkpoint_let_files(spec);
    if (done && domain)
        checkpoint_made(domain, spec->checkpoint->def);
}

/* --- taken up by the next daemon --- */

static enum job_recovery create_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct job_ctl ctl;
    int rc;

    (void)job_id;
    if (!checkpoint_guest_answers(spec)) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the guest has ended");
        return JOB_RECOVER_UNDO;
    }
    if (!checkpoint)
        return JOB_RECOVER_RUN;
    if (is_quiesced(spec))
        agent_thaw(spec->domains->agents, spec->guest, spec->name);
    job_ctl_init(&ctl);
    rc = disk_bitmaps_check(spec->checkpoint->def, spec->guest, spec->def, &ctl, NULL);
    job_ctl_done(&ctl);
    return rc == 0 ? JOB_RECOVER_DONE : JOB_RECOVER_UNDO;
}

const struct job_kind domain_job_checkpoint_create = {
    .name = "domain-checkpoint-create",
    .lane = LANE_CONTROL,
    .is_long = true,
    .locks = checkpoint_locks,
    .check = create_check,
    .prepare = create_prepare,
    .accepted = checkpoint_accepted,
    .run = create_run,
    .decide = create_decide,
    .undo = create_undo,
    .commit = create_commit,
    .ended = create_ended,
    .unlimited = checkpoint_unlimited,
    .recover = create_recover,
    CHECKPOINT_SPEC_FUNCTIONS,
};
