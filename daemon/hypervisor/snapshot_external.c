/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * External snapshots, as a part of the job that makes snapshots: new images over
 * those of the disks, into which the guest writes from then on.  Which definitions and
 * files the domain has changes with them.  Functions run where those of a kind do, see
 * job.h.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent_ask.h"
#include "hypervisor/qemu/block_hold.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- worker: what it is to be --- */

int external_prepare(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    /* what it names would be written to below the new images */
    if (!work->live && work->has_image)
        return snapshot_refuse_managed_save(spec->name, err);
    if (work->live)
        work->def->state = SNAPSHOT_STATE_DISKS;
    work->def->memory = SNAPSHOT_PLACE_NO;
    return snapshot_overlays_plan(work->def, spec->def, spec->volumes, spec->nvolumes, work->live,
                                  spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
                                  &work->overlays, err);
}

/* --- worker: the work --- */

int external_run(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                 struct verror *err)
{
    return snapshot_overlays_make(&spec->snapshot->overlays, spec->snapshot->live, job_id, ctl,
                                  err);
}

/* The definitions that come with them. */
static int find_defs(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    struct domain_def *config = work->live ? work->config : spec->def;

    if (work->live &&
        !(spec->new_live = snapshot_overlays_put(&work->overlays, spec->def, true, err)))
        return -1;
    if (config && !(spec->new_config = snapshot_overlays_put(&work->overlays, config, false, err)))
        return -1;
    return 0;
}

/* Whose they are is on disk before it changes. */
static int journal_owners(const struct snapshot_work *work, const char *plan, struct job_ctl *ctl,
                          struct verror *err)
{
    json_t *json = json_pack("{s:o, s:s}", "overlays", snapshot_overlays_to_json(&work->overlays),
                             "owners", plan);
    _cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return job_ctl_checkpoint_durable(ctl, text, err);
}

static int take_owners(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    const struct owner_policy *policy = &spec->domains->policy;
    struct owners *owners = spec->domains->owners;
    size_t n = work->overlays.n;
    _cleanup_free_ struct owner_file *files = xcalloc(n + 1, sizeof(*files));
    _cleanup_free_ char *plan = NULL;

    for (size_t i = 0; i < n; i++)
        files[i].path = work->overlays.list[i].path;
    if (owners_plan(owners, policy, files, n, &plan, err) < 0 ||
        journal_owners(work, plan, ctl, err) < 0)
        return -1;
    return owners_take(owners, policy, files, n, &work->owners, err);
}

/* --- worker: the guest's file systems stand still meanwhile --- */

static bool is_quiesced(const struct domain_spec *spec)
{
    return spec->snapshot->live && spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE;
}

/* Also where the freeze has failed: it may have come late. */
static void thaw(struct domain_spec *spec)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (agent_ask(spec->domains->agents, spec->guest, "guest-fsfreeze-thaw", &err) < 0)
        log_error("the file systems of domain '%s' may be left frozen: %s", spec->name,
                  verror_text(&err));
}

static int switch_quiesced(struct domain_spec *spec, struct verror *err)
{
    int rc = agent_ask(spec->domains->agents, spec->guest, "guest-fsfreeze-freeze", err);

    if (rc == 0)
        rc = snapshot_overlays_switch(&spec->snapshot->overlays, spec->guest, spec->new_live, err);
    thaw(spec);
    return rc;
}

int external_publish(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    job_ctl_step(ctl, "putting the new images in place");
    if (find_defs(spec, err) < 0 || snapshot_overlays_publish(&work->overlays, job_id, err) < 0)
        return -1;
    if (!work->live)
        return 0;
    if (take_owners(spec, ctl, err) < 0)
        return -1;
    if (is_quiesced(spec))
        return switch_quiesced(spec, err);
    return snapshot_overlays_switch(&work->overlays, spec->guest, spec->new_live, err);
}

void external_undo(struct domain_spec *spec, uint64_t job_id)
{
    struct snapshot_work *work = spec->snapshot;

    if (work->owners)
        owners_give_back(spec->domains->owners, work->owners);
    free(STEAL_PTR(work->owners));
    snapshot_overlays_remove(&work->overlays, job_id);
}

/* --- loop: the outcome --- */

/* What QEMU has open from now on, and whose it was. */
static void take_files(struct domain_spec *spec)
{
    struct snapshot_work *work = spec->snapshot;
    struct guest *guest = spec->guest;

    if (!work->live || !guest || work->files_taken)
        return;
    work->files_taken = true;
    for (size_t i = 0; i < work->overlays.n; i++) {
        const struct snapshot_overlay *overlay = &work->overlays.list[i];

        guest_put_overlay(guest, overlay->base, overlay->path, overlay->dev, overlay->ino);
    }
    guest_add_owners(guest, work->owners);
    block_hold_again(guest);
}

void external_commit(struct domain_spec *spec, struct store_txn *txn)
{
    take_files(spec);
    spec_change_commit(spec, txn);
}

/* --- taken up by the next daemon --- */

static void recall_owners(struct domain_spec *spec, const char *checkpoint)
{
    json_t *json = json_loads(checkpoint, 0, NULL);

    spec->snapshot->owners = xstrdup(json_string_value(json_object_get(json, "owners")));
    json_decref(json);
    if (spec->snapshot->owners)
        owners_remember(spec->domains->owners, spec->snapshot->owners);
}

enum job_recovery external_recover(struct domain_spec *spec, const char *checkpoint,
                                   struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    if (!snapshot_overlays_recall(&work->overlays, checkpoint))
        return JOB_RECOVER_UNDO;
    recall_owners(spec, checkpoint);
    if (is_quiesced(spec) && spec->guest)
        thaw(spec);
    if (!snapshot_overlays_are_there(&work->overlays))
        return JOB_RECOVER_UNDO;
    if (work->live && snapshot_overlays_use(&work->overlays, spec->guest) == OVERLAYS_NOT_USED)
        return JOB_RECOVER_UNDO;
    return find_defs(spec, err) < 0 ? JOB_RECOVER_UNDO : JOB_RECOVER_DONE;
}
