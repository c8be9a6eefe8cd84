/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of images that a client passes for a later start.  Loop thread. */

#include "calls/domain_call.h"
#include "hypervisor/qemu/fd_groups.h"
#include "protocol/remote.h"

enum {
    /* About labels of security models, and there are none; owners of such files do not change. */
    SECLABEL_RESTORE = 1 << 0,
    SECLABEL_WRITABLE = 1 << 1,
};

static int fd_associate(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    struct domain *domain;

    if (call_check_flags(call, args->flags, SECLABEL_RESTORE | SECLABEL_WRITABLE) < 0)
        return -1;
    if (call->nfds == 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "nfds in %s must not be zero",
                          call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    return fd_groups_associate(domain, client_id(call->client), args->value, call->fds, call->nfds,
                               &call->err);
}

static const struct proc procs[] = {
    DOMAIN_ROW(CHANGE, FD_ASSOCIATE, "virDomainFDAssociate", WRITE, CHANGE,
               fd_associate, PROC_ARGS(remote_domain_text_flags_args), .max_fds = FDS_MAX),
};

const struct proc_table calls_domain_fds = { procs, ARRAY_SIZE(procs) };
