/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees of snapshots and checkpoints in memory and their rows; see moments.h.  Loop thread. */

#include "hypervisor/moments.h"

#include <libvirtjob/types.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/domain.h"
#include "store/store.h"
#include "util/alloc.h"
#include "util/log.h"

/* --- the tree --- */

struct moment *moment_find(const struct moments *moments, const char *name)
{
    struct moment *moment;

    HASH_FIND(hh, moments->by_name, name, strlen(name), moment);
    return moment;
}

struct moment *moment_must_find(const struct moments *moments, const char *name,
                                struct verror *err)
{
    struct moment *moment = moment_find(moments, name);

    if (!moment)
        verror_set(err, moments->type->no_such, "no domain %s with matching name '%s'",
                   moments->type->name, name);
    return moment;
}

size_t moments_count(const struct moments *moments)
{
    return HASH_COUNT(moments->by_name);
}

bool moment_is_above(const struct moment *above, const struct moment *moment)
{
    for (moment = moment->parent; moment; moment = moment->parent)
        if (moment == above)
            return true;
    return false;
}

/* A circle, which only a store that was meddled with has, is cut where it is found. */
static void find_depth(struct moment *moment, size_t limit)
{
    struct moment *above = moment->parent;
    size_t steps = 1;

    for (; above && above->depth == SIZE_MAX && steps <= limit; above = above->parent)
        steps++;
    if (above && above->depth == SIZE_MAX) {
        moment->parent = NULL;
        moment->depth = 0;
        return;
    }
    steps += above ? above->depth : 0;
    for (; moment != above; moment = moment->parent)
        moment->depth = above ? steps-- : --steps;
}

/* All that one knows of the others, anew. */
static void link_all(struct moments *moments)
{
    struct moment *moment, *next;
    size_t count = moments_count(moments);

    HASH_ITER(hh, moments->by_name, moment, next)
    {
        moment->parent = moment->key.parent ? moment_find(moments, moment->key.parent) : NULL;
        moment->nchildren = 0;
        moment->depth = SIZE_MAX;
    }
    HASH_ITER(hh, moments->by_name, moment, next)
    {
        if (moment->depth == SIZE_MAX)
            find_depth(moment, count);
    }
    HASH_ITER(hh, moments->by_name, moment, next)
    {
        if (moment->parent)
            moment->parent->nchildren++;
    }
}

int moments_check_parent(const struct moments *moments, const struct moment_key *key,
                         struct verror *err)
{
    const struct moment *own = moment_find(moments, key->name), *parent;
    const char *what = moments->type->name;

    if (!key->parent)
        return 0;
    if (strcmp(key->parent, key->name) == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "cannot set %s %s as its own parent", what,
                          key->name);
    parent = moment_find(moments, key->parent);
    if (!parent)
        return verror_set(err, VIR_ERR_INVALID_ARG, "parent %s for %s %s not found", key->parent,
                          what, key->name);
    if (own && moment_is_above(own, parent))
        return verror_set(err, VIR_ERR_INVALID_ARG, "parent %s would create cycle to %s",
                          key->parent, key->name);
    return 0;
}

int moments_check_room(const struct moments *moments, struct verror *err)
{
    if (moments_count(moments) < MOMENTS_MAX)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "domain '%s' has %d %ss already",
                      domain_name(moments->domain), MOMENTS_MAX, moments->type->name);
}

/* --- listing --- */

bool moment_has_children(const struct moment *moment)
{
    return moment->nchildren > 0;
}

bool moment_is_leaf(const struct moment *moment)
{
    return moment->nchildren == 0;
}

/* One of its group, or nobody has asked for one of that. */
static bool matches_group(const struct moment_type *type, const struct moment *moment,
                          unsigned int flags, unsigned int group)
{
    if (!(flags & group))
        return true;
    for (size_t i = 0; i < type->nfilters; i++) {
        const struct moment_filter *filter = &type->filters[i];

        if (filter->group == group && flags & filter->bit && filter->matches(moment))
            return true;
    }
    return false;
}

static bool matches(const struct moment_type *type, const struct moment *moment,
                    unsigned int flags)
{
    for (size_t i = 0; i < type->nfilters; i++)
        if (!matches_group(type, moment, flags, type->filters[i].group))
            return false;
    return true;
}

static bool is_within(const struct moment *moment, const struct moment *below, unsigned int flags)
{
    if (!below)
        return !(flags & MOMENTS_ROOTS) || !moment->parent;
    if (flags & MOMENTS_DESCENDANTS)
        return moment_is_above(below, moment);
    return moment->parent == below;
}

static int compare_depths(const void *a, const void *b)
{
    const struct moment *left = *(struct moment *const *)a;
    const struct moment *right = *(struct moment *const *)b;

    if (left->depth != right->depth)
        return left->depth < right->depth ? -1 : 1;
    return strcmp(left->key.name, right->key.name);
}

struct moment **moments_list(const struct moments *moments, const struct moment *below,
                             unsigned int flags, size_t *ret_n)
{
    struct moment **list = xcalloc(moments_count(moments) + 1, sizeof(*list));
    struct moment *moment, *next;
    size_t n = 0;

    HASH_ITER(hh, moments->by_name, moment, next)
    {
        if (is_within(moment, below, flags) && matches(moments->type, moment, flags))
            list[n++] = moment;
    }
    if (flags & moments->type->topological)
        qsort(list, n, sizeof(*list), compare_depths);
    *ret_n = n;
    return list;
}

/* --- changing --- */

static struct moment *put_unlinked(struct moments *moments, void *def)
{
    const struct moment_key key = moments->type->key(def);
    struct moment *moment = moment_find(moments, key.name);
    void *old = moment ? moment->def : NULL;

    if (moment) /* its key is the old one's text */
        HASH_DELETE(hh, moments->by_name, moment);
    else
        moment = XNEW(struct moment);
    moment->def = moments->type->ref(def);
    moment->key = key;
    HASH_ADD_KEYPTR(hh, moments->by_name, key.name, strlen(key.name), moment);
    moments->type->unref(old);
    return moment;
}

struct moment *moment_put(struct moments *moments, void *def)
{
    struct moment *moment = put_unlinked(moments, def);

    link_all(moments);
    return moment;
}

static void free_one(struct moments *moments, struct moment *moment)
{
    HASH_DELETE(hh, moments->by_name, moment);
    if (moments->current == moment)
        moments->current = NULL;
    moments->type->unref(moment->def);
    free(moment);
}

void moment_drop(struct moments *moments, struct moment *moment)
{
    free_one(moments, moment);
    link_all(moments);
}

void moments_clear(struct moments *moments)
{
    struct moment *moment, *next;

    HASH_ITER(hh, moments->by_name, moment, next)
    free_one(moments, moment);
}

/* --- rows --- */

/* Names are the domain's own: the key has both. */
static char *row_key(const struct moments *moments, const char *name)
{
    return xasprintf("%s/%s", moments->domain->uuid, name);
}

void moment_put_row(const struct moments *moments, const void *def, bool current,
                    struct store_txn *txn)
{
    const struct moment_key key = moments->type->key(def);
    struct store_object row = {
        .kind = xstrdup(moments->type->name),
        .uuid = row_key(moments, key.name),
        .name = row_key(moments, key.name),
        .config_xml = xstrdup(key.xml),
        .runtime = xstrdup(key.parent),
        .active = current,
    };

    store_put_object(txn, &row);
    store_object_clear(&row);
}

static void delete_row(const struct moments *moments, const char *name, struct store_txn *txn)
{
    _cleanup_free_ char *key = row_key(moments, name);

    store_delete_object(txn, moments->type->name, key);
}

void moments_put_current_row(const struct moments *moments, const void *def,
                             struct store_txn *txn)
{
    const struct moment *last = moments->current;

    if (last && (!def || strcmp(last->key.name, moments->type->key(def).name) != 0))
        moment_put_row(moments, last->def, false, txn);
    if (def)
        moment_put_row(moments, def, true, txn);
}

void moments_delete_rows(const struct moments *moments, struct store_txn *txn)
{
    struct moment *moment, *next;

    HASH_ITER(hh, moments->by_name, moment, next)
    delete_row(moments, moment->key.name, txn);
}

struct loading {
    const struct moment_type *type;
    struct domains *domains;
};

static void load_one(void *opaque, const struct store_object *row)
{
    const struct loading *loading = opaque;
    const struct moment_type *type = loading->type;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char uuid[UUID_TEXT_SIZE];
    struct domain *domain;
    struct moment *moment;
    void *read, *def;

    (void)snprintf(uuid, sizeof(uuid), "%s", row->uuid); /* the rest of it is the name */
    domain = domain_find_uuid(loading->domains, uuid);
    read = domain && row->config_xml ? type->parse(row->config_xml, &err) : NULL;
    if (!read) {
        log_error("%s '%s' in the store is not readable: %s", type->name, row->uuid,
                  domain ? verror_text(&err) : "it has no domain");
        return;
    }
    def = type->moved(read, row->runtime);
    moment = put_unlinked(type->of(domain), def);
    type->unref(read);
    type->unref(def);
    if (row->active)
        type->of(domain)->current = moment;
}

static void link_domain(void *opaque, struct domain *domain)
{
    const struct loading *loading = opaque;

    link_all(loading->type->of(domain));
}

int moments_load(const struct moment_type *type, struct domains *domains, struct store *store,
                 struct verror *err)
{
    struct loading loading = { type, domains };

    if (store_load_objects(store, type->name, load_one, &loading, err) < 0)
        return -1;
    domains_each(domains, link_domain, &loading);
    return 0;
}

/* --- several that go at once --- */

static void doom(struct doomed *doomed, const struct moment *moment)
{
    doomed->names = xrealloc(doomed->names, doomed->n + 1, sizeof(char *));
    doomed->names[doomed->n++] = xstrdup(moment->key.name);
}

/* Lower ones first, so that each that is left has its parent at any time. */
void doomed_find(struct doomed *doomed, const struct moments *moments, struct moment *moment,
                 bool below, bool below_only)
{
    _cleanup_free_ struct moment **list = NULL;
    size_t n = 0;

    if (below || below_only)
        list = moments_list(moments, moment, MOMENTS_DESCENDANTS | moments->type->topological, &n);
    for (size_t i = n; i-- > 0;)
        doom(doomed, list[i]);
    if (!below_only)
        doom(doomed, moment);
}

bool doomed_has(const struct doomed *doomed, const char *name)
{
    for (size_t i = 0; i < doomed->n; i++)
        if (strcmp(doomed->names[i], name) == 0)
            return true;
    return false;
}

void doomed_clear(struct doomed *doomed)
{
    for (size_t i = 0; i < doomed->n; i++)
        free(doomed->names[i]);
    free(doomed->names);
    *doomed = (struct doomed){ 0 };
}

json_t *doomed_to_json(const struct doomed *doomed)
{
    json_t *json = json_array();

    for (size_t i = 0; i < doomed->n; i++)
        json_array_append_new(json, json_string(doomed->names[i]));
    return json;
}

void doomed_from_json(const json_t *json, struct doomed *ret)
{
    json_t *item;
    size_t i;

    ret->names = xcalloc(json_array_size(json) + 1, sizeof(char *));
    json_array_foreach(json, i, item)
    ret->names[ret->n++] = xstrdup(json_string_value(item) ?: "");
}

/* The nearest above it that stays. */
static struct moment *heir_of(const struct doomed *doomed, struct moment *moment)
{
    while (moment && doomed_has(doomed, moment->key.name))
        moment = moment->parent;
    return moment;
}

/* A child of a doomed one that stays. */
static bool is_orphan(const struct doomed *doomed, const struct moment *moment)
{
    return moment->parent && doomed_has(doomed, moment->parent->key.name) &&
           !doomed_has(doomed, moment->key.name);
}

/* It goes on below another one. */
static void *adopted(const struct doomed *doomed, const struct moments *moments,
                     const struct moment *moment)
{
    const struct moment *heir = heir_of(doomed, moment->parent);

    return moments->type->moved(moment->def, heir ? heir->key.name : NULL);
}

void doomed_commit(const struct doomed *doomed, struct moments *moments, struct store_txn *txn)
{
    struct moment *current = heir_of(doomed, moments->current), *moment, *next;

    HASH_ITER(hh, moments->by_name, moment, next)
    {
        void *def;

        if (!is_orphan(doomed, moment))
            continue;
        def = adopted(doomed, moments, moment);
        moment_put_row(moments, def, moment == current, txn);
        moments->type->unref(def);
    }
    if (current && current != moments->current)
        moment_put_row(moments, current->def, true, txn);
    for (size_t i = 0; i < doomed->n; i++)
        delete_row(moments, doomed->names[i], txn);
}

void doomed_drop(const struct doomed *doomed, struct moments *moments)
{
    _cleanup_free_ struct moment **all = NULL;
    size_t n;

    moments->current = heir_of(doomed, moments->current);
    all = moments_list(moments, NULL, 0, &n);
    for (size_t i = 0; i < n; i++) {
        void *def;

        if (!is_orphan(doomed, all[i]))
            continue;
        def = adopted(doomed, moments, all[i]);
        (void)moment_put(moments, def); /* the same object goes on with it */
        moments->type->unref(def);
    }
    for (size_t i = 0; i < doomed->n; i++) {
        struct moment *moment = moment_find(moments, doomed->names[i]);

        if (moment)
            moment_drop(moments, moment);
    }
}
