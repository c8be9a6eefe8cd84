/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots of a domain in memory and their rows; see snapshots.h.  Loop thread. */

#include "hypervisor/snapshots.h"

#include <libvirtjob/types.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/domain.h"
#include "store/store.h"
#include "util/alloc.h"
#include "util/log.h"

#define ROW_KIND "snapshot"

/* --- the tree --- */

struct snapshot *snapshot_find(const struct domain *domain, const char *name)
{
    struct snapshot *snapshot;

    HASH_FIND(hh, domain->snapshots.by_name, name, strlen(name), snapshot);
    return snapshot;
}

size_t snapshots_count(const struct domain *domain)
{
    return HASH_COUNT(domain->snapshots.by_name);
}

bool snapshot_is_above(const struct snapshot *above, const struct snapshot *snapshot)
{
    for (snapshot = snapshot->parent; snapshot; snapshot = snapshot->parent)
        if (snapshot == above)
            return true;
    return false;
}

/* A circle, which only a store that was meddled with has, is cut where it is found. */
static void find_depth(struct snapshot *snapshot, size_t limit)
{
    struct snapshot *above = snapshot->parent;
    size_t steps = 1;

    for (; above && above->depth == SIZE_MAX && steps <= limit; above = above->parent)
        steps++;
    if (above && above->depth == SIZE_MAX) {
        snapshot->parent = NULL;
        snapshot->depth = 0;
        return;
    }
    steps += above ? above->depth : 0;
    for (; snapshot != above; snapshot = snapshot->parent)
        snapshot->depth = above ? steps-- : --steps;
}

/* All that one knows of the others, anew. */
static void link_all(struct domain *domain)
{
    struct snapshot *snapshot, *next;
    size_t count = snapshots_count(domain);

    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    {
        const char *parent = snapshot->def->parent;

        snapshot->parent = parent ? snapshot_find(domain, parent) : NULL;
        snapshot->nchildren = 0;
        snapshot->depth = SIZE_MAX;
    }
    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    {
        if (snapshot->depth == SIZE_MAX)
            find_depth(snapshot, count);
    }
    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    {
        if (snapshot->parent)
            snapshot->parent->nchildren++;
    }
}

/* --- listing --- */

static bool has_children(const struct snapshot *snapshot)
{
    return snapshot->nchildren > 0;
}

static bool is_leaf(const struct snapshot *snapshot)
{
    return snapshot->nchildren == 0;
}

static bool always(const struct snapshot *snapshot)
{
    (void)snapshot;
    return true;
}

static bool never(const struct snapshot *snapshot)
{
    (void)snapshot;
    return false;
}

static bool is_inactive(const struct snapshot *snapshot)
{
    return snapshot->def->state == VIR_DOMAIN_SHUTOFF;
}

static bool is_of_disks(const struct snapshot *snapshot)
{
    return snapshot->def->state == SNAPSHOT_STATE_DISKS;
}

static bool is_active(const struct snapshot *snapshot)
{
    return !is_inactive(snapshot) && !is_of_disks(snapshot);
}

static bool is_external(const struct snapshot *snapshot)
{
    return snapshot_def_is_external(snapshot->def);
}

static bool is_internal(const struct snapshot *snapshot)
{
    return !is_external(snapshot);
}

enum {
    LEAVES = VIR_DOMAIN_SNAPSHOT_LIST_LEAVES | VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES,
    METADATA = VIR_DOMAIN_SNAPSHOT_LIST_METADATA | VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA,
    STATES = VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE | VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE |
             VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY,
    PLACES = VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL | VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL,
};

/* No bit of a group = all of it.  Each that is known here is metadata. */
static const struct {
    unsigned int bit, group;
    bool (*matches)(const struct snapshot *snapshot);
} filters[] = {
    { VIR_DOMAIN_SNAPSHOT_LIST_LEAVES, LEAVES, is_leaf },
    { VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES, LEAVES, has_children },
    { VIR_DOMAIN_SNAPSHOT_LIST_METADATA, METADATA, always },
    { VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA, METADATA, never },
    { VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE, STATES, is_inactive },
    { VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE, STATES, is_active },
    { VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY, STATES, is_of_disks },
    { VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL, PLACES, is_internal },
    { VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL, PLACES, is_external },
};

static bool matches(const struct snapshot *snapshot, unsigned int flags)
{
    static const unsigned int groups[] = { LEAVES, METADATA, STATES, PLACES };

    for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
        bool found = !(flags & groups[g]);

        for (size_t i = 0; i < ARRAY_SIZE(filters) && !found; i++)
            found = filters[i].group == groups[g] && flags & filters[i].bit &&
                    filters[i].matches(snapshot);
        if (!found)
            return false;
    }
    return true;
}

/* One bit has two meanings: of a domain's the roots alone, of one's children all below these. */
static bool is_within(const struct snapshot *snapshot, const struct snapshot *below,
                      unsigned int flags)
{
    if (!below)
        return !(flags & VIR_DOMAIN_SNAPSHOT_LIST_ROOTS) || !snapshot->parent;
    if (flags & VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS)
        return snapshot_is_above(below, snapshot);
    return snapshot->parent == below;
}

static int compare_depths(const void *a, const void *b)
{
    const struct snapshot *left = *(struct snapshot *const *)a;
    const struct snapshot *right = *(struct snapshot *const *)b;

    if (left->depth != right->depth)
        return left->depth < right->depth ? -1 : 1;
    return strcmp(left->def->name, right->def->name);
}

struct snapshot **snapshots_list(const struct domain *domain, const struct snapshot *below,
                                 unsigned int flags, size_t *ret_n)
{
    struct snapshot **list = xcalloc(snapshots_count(domain) + 1, sizeof(*list));
    struct snapshot *snapshot, *next;
    size_t n = 0;

    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    {
        if (is_within(snapshot, below, flags) && matches(snapshot, flags))
            list[n++] = snapshot;
    }
    if (flags & VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL)
        qsort(list, n, sizeof(*list), compare_depths);
    *ret_n = n;
    return list;
}

/* --- changing --- */

static struct snapshot *put_unlinked(struct domain *domain, struct snapshot_def *def)
{
    struct snapshot *snapshot = snapshot_find(domain, def->name);
    struct snapshot_def *old = snapshot ? snapshot->def : NULL;

    if (snapshot) /* its key is the old one's text */
        HASH_DELETE(hh, domain->snapshots.by_name, snapshot);
    else
        snapshot = XNEW(struct snapshot);
    snapshot->def = snapshot_def_ref(def);
    HASH_ADD_KEYPTR(hh, domain->snapshots.by_name, def->name, strlen(def->name), snapshot);
    snapshot_def_unref(old);
    return snapshot;
}

struct snapshot *snapshot_put(struct domain *domain, struct snapshot_def *def)
{
    struct snapshot *snapshot = put_unlinked(domain, def);

    link_all(domain);
    return snapshot;
}

void snapshots_set_current(struct domain *domain, struct snapshot *snapshot)
{
    domain->snapshots.current = snapshot;
}

static void free_one(struct domain *domain, struct snapshot *snapshot)
{
    HASH_DELETE(hh, domain->snapshots.by_name, snapshot);
    if (domain->snapshots.current == snapshot)
        domain->snapshots.current = NULL;
    snapshot_def_unref(snapshot->def);
    free(snapshot);
}

void snapshot_drop(struct domain *domain, struct snapshot *snapshot)
{
    free_one(domain, snapshot);
    link_all(domain);
}

void snapshots_clear(struct domain *domain)
{
    struct snapshot *snapshot, *next;

    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    free_one(domain, snapshot);
}

/* --- rows --- */

/* Names are the domain's own: the key has both. */
static char *row_key(const struct domain *domain, const char *name)
{
    return xasprintf("%s/%s", domain->uuid, name);
}

void snapshot_put_row(const struct domain *domain, const struct snapshot_def *def, bool current,
                      struct store_txn *txn)
{
    struct store_object row = {
        .kind = xstrdup(ROW_KIND),
        .uuid = row_key(domain, def->name),
        .name = row_key(domain, def->name),
        .config_xml = xstrdup(def->xml),
        .runtime = xstrdup(def->parent),
        .active = current,
    };

    store_put_object(txn, &row);
    store_object_clear(&row);
}

void snapshot_delete_row(const struct domain *domain, const char *name, struct store_txn *txn)
{
    _cleanup_free_ char *key = row_key(domain, name);

    store_delete_object(txn, ROW_KIND, key);
}

void snapshots_delete_rows(const struct domain *domain, struct store_txn *txn)
{
    struct snapshot *snapshot, *next;

    HASH_ITER(hh, domain->snapshots.by_name, snapshot, next)
    snapshot_delete_row(domain, snapshot->def->name, txn);
}

static void load_one(void *opaque, const struct store_object *row)
{
    struct domains *domains = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char uuid[UUID_TEXT_SIZE];
    struct domain *domain;
    struct snapshot_def *def;
    struct snapshot *snapshot;

    (void)snprintf(uuid, sizeof(uuid), "%s", row->uuid); /* the rest of it is the name */
    domain = domain_find_uuid(domains, uuid);
    def = domain && row->config_xml ? snapshot_def_parse(row->config_xml, true, &err) : NULL;
    if (!def) {
        log_error("snapshot '%s' in the store is not readable: %s", row->uuid,
                  domain ? verror_text(&err) : "it has no domain");
        return;
    }
    free(def->parent);
    def->parent = xstrdup(row->runtime);
    def->xml = xstrdup(row->config_xml);
    snapshot = put_unlinked(domain, def);
    snapshot_def_unref(def);
    if (row->active)
        domain->snapshots.current = snapshot;
}

static void link_domain(void *opaque, struct domain *domain)
{
    (void)opaque;
    link_all(domain);
}

int snapshots_load(struct domains *domains, struct store *store, struct verror *err)
{
    if (store_load_objects(store, ROW_KIND, load_one, domains, err) < 0)
        return -1;
    domains_each(domains, link_domain, NULL);
    return 0;
}
