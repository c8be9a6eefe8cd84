/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots as moments of a domain: what lists of them may ask for; see moments.h.  Loop thread. */

#include "hypervisor/snapshots.h"

#include <libvirtjob/types.h>

#include "hypervisor/domain.h"
#include "util/alloc.h"

/* --- for lists --- */

static bool always(const struct moment *moment)
{
    (void)moment;
    return true;
}

static bool never(const struct moment *moment)
{
    (void)moment;
    return false;
}

static bool is_inactive(const struct moment *moment)
{
    return moment_snapshot(moment)->state == VIR_DOMAIN_SHUTOFF;
}

static bool is_of_disks(const struct moment *moment)
{
    return moment_snapshot(moment)->state == SNAPSHOT_STATE_DISKS;
}

static bool is_active(const struct moment *moment)
{
    return !is_inactive(moment) && !is_of_disks(moment);
}

static bool is_external(const struct moment *moment)
{
    return snapshot_def_is_external(moment->def);
}

static bool is_internal(const struct moment *moment)
{
    return !is_external(moment);
}

enum {
    LEAVES = VIR_DOMAIN_SNAPSHOT_LIST_LEAVES | VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES,
    METADATA = VIR_DOMAIN_SNAPSHOT_LIST_METADATA | VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA,
    STATES = VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE | VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE |
             VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY,
    PLACES = VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL | VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL,
};

/* No bit of a group = all of it.  Each that is known here is metadata. */
static const struct moment_filter filters[] = {
    { VIR_DOMAIN_SNAPSHOT_LIST_LEAVES, LEAVES, moment_is_leaf },
    { VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES, LEAVES, moment_has_children },
    { VIR_DOMAIN_SNAPSHOT_LIST_METADATA, METADATA, always },
    { VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA, METADATA, never },
    { VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE, STATES, is_inactive },
    { VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE, STATES, is_active },
    { VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY, STATES, is_of_disks },
    { VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL, PLACES, is_internal },
    { VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL, PLACES, is_external },
};

/* --- as a moment --- */

static struct moment_key key_of(const void *opaque)
{
    const struct snapshot_def *def = opaque;

    return (struct moment_key){ def->name, def->parent, def->xml };
}

static void *parse(const char *xml, struct verror *err)
{
    struct snapshot_def *def = snapshot_def_parse(xml, true, err);

    if (def)
        def->xml = xstrdup(xml);
    return def;
}

static void *ref(void *def)
{
    return snapshot_def_ref(def);
}

static void unref(void *def)
{
    snapshot_def_unref(def);
}

static void *moved(const void *opaque, const char *parent)
{
    struct snapshot_def *def = snapshot_def_copy(opaque);

    free(def->parent);
    def->parent = xstrdup(parent);
    return def;
}

static struct moments *of_domain(struct domain *domain)
{
    return &domain->snapshots;
}

const struct moment_type snapshot_moments = {
    .name = "snapshot",
    .no_such = VIR_ERR_NO_DOMAIN_SNAPSHOT,
    .key = key_of,
    .parse = parse,
    .ref = ref,
    .unref = unref,
    .moved = moved,
    .of = of_domain,
    .filters = filters,
    .nfilters = ARRAY_SIZE(filters),
    .topological = VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL,
};
