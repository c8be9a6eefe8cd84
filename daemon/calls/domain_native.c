/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain as QEMU's command line.  The other way round nobody goes any more:
 * libvirt does not either.  Loop thread, but for making it.
 */

#include <string.h>

#include "calls/job_call.h"
#include "hypervisor/domains.h"
#include "hypervisor/qemu/native.h"
#include "protocol/remote.h"
#include "util/alloc.h"

#define FORMAT_ARGV "qemu-argv"

struct native {
    const struct domains *domains;
    bool any_emulator; /* else only one that is found without being named */
    char *xml, *line;
};

static void free_native(void *opaque)
{
    struct native *native = opaque;

    free(native->xml);
    free(native->line);
    free(native);
}

static int make_native(void *opaque, struct verror *err)
{
    struct native *native = opaque;

    native->line = qemu_native_from_xml(native->domains, native->xml, native->any_emulator, err);
    return native->line ? 0 : -1;
}

static void answer(struct call *call, void *opaque)
{
    struct native *native = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(native->line);
    call_reply(call);
}

static int to_native(struct call *call)
{
    const struct remote_native_args *args = call->args;
    struct native *native;
    struct offload offload = { .free_input = free_native, .work = make_native, .then = answer };

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (strcmp(args->format, FORMAT_ARGV) != 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "unsupported config type '%s': it is "
                          "'" FORMAT_ARGV "'", args->format);
    offload.input = native = XNEW(struct native);
    native->domains = call->daemon->domains;
    native->any_emulator = call_may_reach_host(call);
    native->xml = xstrdup(args->config);
    call_offload(call, &offload);
    return CALL_PENDING;
}

static int from_native(struct call *call)
{
    const struct remote_native_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return verror_set(&call->err, VIR_ERR_NO_SUPPORT, "%s", call->proc->api);
}

#define ROW(proc, function, kind, handle)                                                 \
    {                                                                                     \
        .number = REMOTE_PROC_CONNECT_##proc, .api = function, .access = ACCESS_WRITE,    \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        PROC_ON(DOMAIN, READ), PROC_ARGS(remote_native_args), PROC_RET(remote_text_ret)   \
    }

static const struct proc procs[] = {
    ROW(DOMAIN_XML_FROM_NATIVE, "virConnectDomainXMLFromNative", MEMORY, from_native),
    ROW(DOMAIN_XML_TO_NATIVE, "virConnectDomainXMLToNative", DISK, to_native),
};

const struct proc_table calls_domain_native = { procs, ARRAY_SIZE(procs) };
