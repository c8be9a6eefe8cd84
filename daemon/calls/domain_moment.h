/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the calls on snapshots and on checkpoints share: one found, told of, and listed.
 * Both are the same on the wire.  Loop thread.
 */
#ifndef VIRTJOBD_DOMAIN_MOMENT_H
#define VIRTJOBD_DOMAIN_MOMENT_H

#include "calls/domain_call.h"
#include "hypervisor/moments.h"
#include "protocol/remote.h"

/* It and its domain; NULL with call->err: VIR_ERR_NO_DOMAIN, or the type's own. */
struct moment *call_moment(struct call *call, const struct moment_type *type,
                           const struct remote_domain_snapshot *wire, struct domain **ret_domain);
/* The answer that tells of it, or the refusal of one that is not there; 0 or -1. */
int reply_moment(struct call *call, const struct domain *domain, const struct moment *moment);
/* For a remote_domain_snapshot_ret that comes later, a fill function: call->opaque is the name. */
void call_fill_moment(struct call *call);

/* --- handlers, but for the type and the flags that it has --- */

int moment_lookup_by_name(struct call *call, const struct moment_type *type);
int moment_get_parent(struct call *call, const struct moment_type *type);
int moment_list_all(struct call *call, const struct moment_type *type, unsigned int allowed);
int moment_list_all_children(struct call *call, const struct moment_type *type,
                             unsigned int allowed);

/* --- lists in other forms --- */

struct moment_listing {
    struct domain *domain;
    struct moment *below; /* NULL: of the domain */
    struct moment **found;
    size_t n;
};

/* Those of a domain, or below one; -1 with call->err.  found is the caller's. */
int call_list_moments(struct call *call, const struct moment_type *type,
                      const struct wire_domain *wire, unsigned int flags, unsigned int allowed,
                      struct moment_listing *ret);
int call_list_below(struct call *call, const struct moment_type *type,
                    const struct remote_domain_snapshot *wire, unsigned int flags,
                    unsigned int allowed, struct moment_listing *ret);

#endif
