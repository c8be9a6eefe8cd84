/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls on snapshots and checkpoints alike; see domain_moment.h.  Loop thread. */

#include "calls/domain_moment.h"

#include "hypervisor/domain.h"
#include "util/alloc.h"

/* --- one --- */

struct moment *call_moment(struct call *call, const struct moment_type *type,
                           const struct remote_domain_snapshot *wire, struct domain **ret_domain)
{
    struct domain *domain = call_domain(call, &wire->domain);
    struct moment *moment =
        domain ? moment_must_find(type->of(domain), wire->name, &call->err) : NULL;

    if (moment)
        *ret_domain = domain;
    return moment;
}

static void to_wire(const struct domain *domain, const char *name,
                    struct remote_domain_snapshot *ret)
{
    ret->name = xstrdup(name);
    domain_to_wire(domain, &ret->domain);
}

int reply_moment(struct call *call, const struct domain *domain, const struct moment *moment)
{
    struct remote_domain_snapshot_ret *ret = call->ret;

    to_wire(domain, moment->key.name, &ret->snapshot);
    return 0;
}

/* The domain and the name of what was made; how far it has got is another question. */
void call_fill_moment(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    struct remote_domain_snapshot_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    ret->snapshot.name = xstrdup(call->opaque);
    if (domain)
        domain_to_wire(domain, &ret->snapshot.domain);
    else /* it was, and has ended by now */
        ret->snapshot.domain.name = xstrdup(args->domain.name);
    verror_clear(&call->err);
}

int moment_lookup_by_name(struct call *call, const struct moment_type *type)
{
    const struct remote_domain_text_flags_args *args = call->args;
    const struct remote_domain_snapshot wire = { args->value, args->domain };
    struct moment *moment;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(moment = call_moment(call, type, &wire, &domain)))
        return -1;
    return reply_moment(call, domain, moment);
}

int moment_get_parent(struct call *call, const struct moment_type *type)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct moment *moment;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(moment = call_moment(call, type, &args->snapshot, &domain)))
        return -1;
    if (!moment->parent)
        return verror_set(&call->err, type->no_such, "%s '%s' does not have a parent", type->name,
                          moment->key.name);
    return reply_moment(call, domain, moment->parent);
}

/* --- lists --- */

static int find_all(struct call *call, const struct moment_type *type, unsigned int flags,
                    struct moment_listing *ret)
{
    ret->found = moments_list(type->of(ret->domain), ret->below, flags, &ret->n);
    if (ret->n <= REMOTE_SNAPSHOT_LIST_MAX)
        return 0;
    free(ret->found);
    return verror_set(&call->err, VIR_ERR_RPC, "%zu %ss are more than the %d that fit in a reply",
                      ret->n, type->name, REMOTE_SNAPSHOT_LIST_MAX);
}

int call_list_moments(struct call *call, const struct moment_type *type,
                      const struct wire_domain *wire, unsigned int flags, unsigned int allowed,
                      struct moment_listing *ret)
{
    *ret = (struct moment_listing){ 0 };
    if (call_check_flags(call, flags, allowed) < 0 || !(ret->domain = call_domain(call, wire)))
        return -1;
    return find_all(call, type, flags, ret);
}

int call_list_below(struct call *call, const struct moment_type *type,
                    const struct remote_domain_snapshot *wire, unsigned int flags,
                    unsigned int allowed, struct moment_listing *ret)
{
    *ret = (struct moment_listing){ 0 };
    if (call_check_flags(call, flags, allowed) < 0 ||
        !(ret->below = call_moment(call, type, wire, &ret->domain)))
        return -1;
    return find_all(call, type, flags, ret);
}

static int reply_list(struct call *call, struct moment_listing *listing, bool need_results)
{
    struct remote_domain_snapshot_list_ret *ret = call->ret;
    _cleanup_free_ struct moment **found = listing->found;

    ret->ret = (int)listing->n;
    if (!need_results)
        return 0;
    ret->snapshots.snapshots_val = xcalloc(listing->n + 1, sizeof(*ret->snapshots.snapshots_val));
    ret->snapshots.snapshots_len = (u_int)listing->n;
    for (size_t i = 0; i < listing->n; i++)
        to_wire(listing->domain, found[i]->key.name, &ret->snapshots.snapshots_val[i]);
    return 0;
}

int moment_list_all(struct call *call, const struct moment_type *type, unsigned int allowed)
{
    const struct remote_domain_list_args *args = call->args;
    struct moment_listing listing;

    if (call_list_moments(call, type, &args->domain, args->flags, allowed, &listing) < 0)
        return -1;
    return reply_list(call, &listing, args->most);
}

int moment_list_all_children(struct call *call, const struct moment_type *type,
                             unsigned int allowed)
{
    const struct remote_domain_snapshot_list_args *args = call->args;
    struct moment_listing listing;

    if (call_list_below(call, type, &args->snapshot, args->flags, allowed, &listing) < 0)
        return -1;
    return reply_list(call, &listing, args->most);
}
