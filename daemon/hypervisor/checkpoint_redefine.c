/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The short job that believes a client what a checkpoint is: one that was made
 * elsewhere or has been forgotten, or another text for one that is known.  No disk
 * is changed; where it is asked for, it is looked whether the bitmaps are there.  Functions
 * of a kind run where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/internal.h"
#include "util/alloc.h"

static bool is_validated(const struct domain_spec *spec)
{
    return spec->flags & VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE;
}

static int redefine_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    const struct moment_key key = checkpoint_moments.key(spec->checkpoint->def);

    if (!domain)
        return spec_no_domain(spec, err);
    if (moments_check_parent(&domain->checkpoints, &key, err) < 0)
        return -1;
    if (!moment_find(&domain->checkpoints, key.name) &&
        moments_check_room(&domain->checkpoints, err) < 0)
        return -1;
    if (is_validated(spec) && spec_take_guest(spec, err) < 0)
        return -1;
    domain_def_unref(spec->def);
    spec->def = domain_def_ref(domain_def_now(domain));
    return 0;
}

/* Of one that has the domain as it was, its disks are those. */
static int align(const struct domain_spec *spec, struct verror *err)
{
    struct checkpoint_def *def = spec->checkpoint->def;
    struct domain_def *domain;
    char uuid[UUID_TEXT_SIZE];
    int rc;

    if (!def->domain)
        return 0;
    domain = spec_def_from_text(def->domain, err);
    if (!domain)
        return -1;
    uuid_format(domain->uuid, uuid);
    if (strcmp(uuid, spec->uuid) == 0)
        rc = checkpoint_def_align(def, domain, err);
    else
        rc = verror_set(err, VIR_ERR_INVALID_ARG, "definition for checkpoint %s must use uuid %s",
                        def->name, spec->uuid);
    domain_def_unref(domain);
    return rc;
}

static int redefine_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct checkpoint_def *def = spec->checkpoint->def;

    (void)job_id;
    if (align(spec, err) < 0 ||
        (is_validated(spec) && disk_bitmaps_check(def, spec->guest, spec->def, ctl, err) < 0))
        return -1;
    return checkpoint_def_seal(def, err);
}

/* As libvirt has it: also the next one after the current, and the first of all. */
static bool becomes_current(const struct domain_spec *spec, const struct domain *domain)
{
    const struct checkpoint_def *def = spec->checkpoint->def;
    const struct moment *current = domain->checkpoints.current;

    return !current || strcmp(current->key.name, def->name) == 0 ||
           (def->parent && strcmp(current->key.name, def->parent) == 0);
}

static void redefine_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!domain) /* a transient one that has ended meanwhile */
        return;
    if (becomes_current(spec, domain))
        moments_put_current_row(&domain->checkpoints, spec->checkpoint->def, txn);
    else
        moment_put_row(&domain->checkpoints, spec->checkpoint->def, false, txn);
}

static void redefine_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!done || !domain)
        return;
    if (becomes_current(spec, domain))
        checkpoint_made(domain, spec->checkpoint->def);
    else
        (void)moment_put(&domain->checkpoints, spec->checkpoint->def);
}

const struct job_kind domain_job_checkpoint_redefine = {
    .name = "domain-checkpoint-redefine",
    .lane = LANE_CONTROL,
    .locks = checkpoints_locks,
    .check = redefine_check,
    .run = redefine_run,
    .commit = redefine_commit,
    .ended = redefine_ended,
    CHECKPOINT_SPEC_FUNCTIONS,
};
