/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The short job that believes a client what a snapshot is: one that was made
 * elsewhere or has been forgotten, or another text for one that is known.  No disk
 * is touched.  Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

/* What it can be gone back to for must stay what it is. */
static int check_same(const struct snapshot_def *old, const struct snapshot_def *new,
                      struct verror *err)
{
    bool was_disks = old->state == SNAPSHOT_STATE_DISKS, disks = new->state == SNAPSHOT_STATE_DISKS;

    if (was_disks != disks)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "cannot change between disk only and full system in snapshot %s",
                          new->name);
    if (snapshot_def_is_active(old) != snapshot_def_is_active(new))
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "cannot change between online and offline snapshot state in snapshot %s",
                          new->name);
    return 0;
}

static int redefine_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain = spec_domain(spec);
    const struct snapshot_def *def = spec->snapshot->def;
    const struct moment_key key = snapshot_moments.key(def);
    const struct moment *old;

    if (!domain)
        return spec_no_domain(spec, err);
    if (moments_check_parent(&domain->snapshots, &key, err) < 0)
        return -1;
    old = moment_find(&domain->snapshots, def->name);
    return old ? check_same(moment_snapshot(old), def, err)
               : moments_check_room(&domain->snapshots, err);
}

static int check_uuid(const struct domain_spec *spec, const char *xml, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml ? xml_read_document(xml, "domain definition", "domain", err) : NULL;
    _cleanup_free_ char *text = NULL;
    unsigned char uuid[16];
    char own[UUID_TEXT_SIZE];

    if (!xml)
        return 0; /* one without can be gone back to by force only */
    if (!doc)
        return -1;
    text = xml_text(xml_child(xmlDocGetRootElement(doc), "uuid"));
    if (text && uuid_parse(text, uuid)) {
        uuid_format(uuid, own);
        if (strcmp(own, spec->uuid) == 0)
            return 0;
    }
    return verror_set(err, VIR_ERR_INVALID_ARG, "definition for snapshot %s must use uuid %s",
                      spec->snapshot->def->name, spec->uuid);
}

static int redefine_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct snapshot_def *def = spec->snapshot->def;

    (void)job_id;
    (void)ctl;
    if (check_uuid(spec, def->domain, err) < 0 || check_uuid(spec, def->inactive, err) < 0)
        return -1;
    return snapshot_def_seal(def, err);
}

static bool becomes_current(const struct domain_spec *spec, const struct domain *domain)
{
    const struct moment *current = domain->snapshots.current;

    return spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT ||
           (current && strcmp(current->key.name, spec->snapshot->def->name) == 0);
}

static void redefine_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return; /* a transient one that has ended meanwhile */
    if (becomes_current(spec, domain))
        moments_put_current_row(&domain->snapshots, spec->snapshot->def, txn);
    else
        moment_put_row(&domain->snapshots, spec->snapshot->def, false, txn);
}

static void redefine_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    struct moment *snapshot;

    if (!done || !domain)
        return;
    snapshot = moment_put(&domain->snapshots, spec->snapshot->def);
    if (spec->flags & VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT)
        domain->snapshots.current = snapshot;
}

const struct job_kind domain_job_snapshot_redefine = {
    .name = "domain-snapshot-redefine",
    .lane = LANE_CONTROL,
    .locks = domain_locks,
    .check = redefine_check,
    .run = redefine_run,
    .commit = redefine_commit,
    .ended = redefine_ended,
    SNAPSHOT_SPEC_FUNCTIONS,
};
