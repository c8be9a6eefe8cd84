/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * External snapshots, as a part of the job that makes snapshots: new images over
 * those of the disks, into which the guest writes from then on.  Which definitions and
 * files the domain has changes with them.  Functions run where those of a kind do, see
 * job.h.
 */

#include <errno.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/agent_ask.h"
#include "hypervisor/qemu/block_hold.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

static bool has_memory(const struct domain_spec *spec)
{
    return spec->snapshot->def->memory == SNAPSHOT_PLACE_EXTERNAL;
}

/* --- worker: what it is to be --- */

int external_prepare(struct domain_spec *spec, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    /* what it names would be written to below the new images */
    if (!work->live && work->has_image)
        return snapshot_refuse_managed_save(spec->name, err);
    if (has_memory(spec) && snapshot_memory_check(spec, err) < 0)
        return -1;
    if (work->live && !has_memory(spec))
        work->def->state = SNAPSHOT_STATE_DISKS;
    return snapshot_overlays_plan(work->def, spec->def, spec->volumes, spec->nvolumes, work->live,
                                  spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
                                  &work->overlays, err);
}

/* --- worker: the work --- */

/* Which files are this job's, and whose they were (NULL: still are); on disk when this is back. */
static int journal_files(const struct domain_spec *spec, const char *owners, struct job_ctl *ctl,
                         struct verror *err)
{
    json_t *json = spec->file ? image_file_to_json(spec->file) : json_object();
    _cleanup_free_ char *text = NULL;

    json_object_set_new(json, "overlays", snapshot_overlays_to_json(&spec->snapshot->overlays));
    if (owners)
        json_object_set_new(json, "owners", json_string(owners));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return job_ctl_checkpoint_durable(ctl, text, err);
}

/* The memory comes last: from then on the guest stands still. */
int external_run(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                 struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    if (snapshot_overlays_make(&work->overlays, work->live, job_id, ctl, err) < 0)
        return -1;
    if (!has_memory(spec))
        return 0;
    if (snapshot_memory_write(spec, job_id, ctl, err) < 0)
        return -1;
    return journal_files(spec, NULL, ctl, err);
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
        journal_files(spec, plan, ctl, err) < 0)
        return -1;
    return owners_take(owners, policy, files, n, &work->owners, err);
}

/* --- worker: the guest's file systems stand still meanwhile --- */

static bool is_quiesced(const struct domain_spec *spec)
{
    return spec->snapshot->live && spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE;
}

static void thaw(struct domain_spec *spec)
{
    agent_thaw(spec->domains->agents, spec->guest, spec->name);
}

static int switch_quiesced(struct domain_spec *spec, struct verror *err)
{
    int rc = agent_freeze(spec->domains->agents, spec->guest, err);

    if (rc == 0)
        rc = snapshot_overlays_switch(&spec->snapshot->overlays, spec->guest, spec->new_live, err);
    thaw(spec);
    return rc;
}

static int switch_images(struct domain_spec *spec, struct verror *err)
{
    const struct snapshot_overlays *overlays = &spec->snapshot->overlays;

    if (overlays->n == 0) /* its memory is all that is wanted */
        return 0;
    if (is_quiesced(spec))
        return switch_quiesced(spec, err);
    return snapshot_overlays_switch(overlays, spec->guest, spec->new_live, err);
}

int external_publish(struct domain_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;

    job_ctl_step(ctl, "putting the new images in place");
    if (find_defs(spec, err) < 0 ||
        (has_memory(spec) && image_file_publish_new(spec->file, err) < 0) ||
        snapshot_overlays_publish(&work->overlays, job_id, err) < 0)
        return -1;
    if (!work->live)
        return 0;
    if (take_owners(spec, ctl, err) < 0 || switch_images(spec, err) < 0)
        return -1;
    if (has_memory(spec))
        snapshot_memory_done(spec);
    return 0;
}

void external_undo(struct domain_spec *spec, uint64_t job_id)
{
    struct snapshot_work *work = spec->snapshot;

    if (work->owners)
        owners_give_back(spec->domains->owners, work->owners);
    free(STEAL_PTR(work->owners));
    snapshot_overlays_remove(&work->overlays, job_id);
    if (has_memory(spec))
        snapshot_memory_undo(spec, job_id);
}

/* --- loop: the outcome --- */

/* What QEMU has open from now on, and whose it was.  Of one that has ended a worker clears up. */
static void take_files(struct domain_spec *spec)
{
    struct snapshot_work *work = spec->snapshot;
    struct guest *guest = spec->guest;

    if (!work->live || !guest || work->files_taken)
        return;
    work->files_taken = true;
    if (!block_hold_is_running(guest)) {
        block_hold_give_back(spec->domains, STEAL_PTR(work->owners));
        return;
    }
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

/* Memory that got its name goes again where the new images did not get into use. */
static enum job_recovery recover_undone(struct domain_spec *spec, bool named)
{
    const char *path = spec->snapshot->def->memory_file;

    if (named && unlink(path) < 0 && errno != ENOENT)
        log_error("cannot remove '%s', a snapshot that came to nothing: %s", path,
                  strerror(errno));
    return JOB_RECOVER_UNDO;
}

static bool is_in_use(const struct domain_spec *spec, bool named)
{
    const struct snapshot_work *work = spec->snapshot;

    if (work->overlays.n == 0)
        return named;
    return !work->live ||
           snapshot_overlays_use(&work->overlays, spec->guest) != OVERLAYS_NOT_USED;
}

enum job_recovery external_recover(struct domain_spec *spec, uint64_t job_id,
                                   const char *checkpoint, struct verror *err)
{
    struct snapshot_work *work = spec->snapshot;
    bool named = has_memory(spec) && snapshot_memory_is_there(spec, job_id, checkpoint);

    if (!snapshot_overlays_recall(&work->overlays, checkpoint))
        return JOB_RECOVER_UNDO;
    recall_owners(spec, checkpoint);
    if (is_quiesced(spec) && spec->guest)
        thaw(spec);
    if (!snapshot_overlays_are_there(&work->overlays) || !is_in_use(spec, named) ||
        find_defs(spec, err) < 0)
        return recover_undone(spec, named);
    if (has_memory(spec))
        snapshot_memory_done(spec);
    return JOB_RECOVER_DONE;
}
