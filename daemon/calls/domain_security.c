/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Labels of security models and memory that the host cannot read: guests here
 * have neither, and that is said as libvirt says it of such a guest.  Loop thread.
 */

#include "calls/domain_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { TYPED_STRINGS = 1 << 2 /* the client takes texts among parameters; here are none */ };

static int get_security_label(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return call_domain(call, &args->domain) ? 0 : -1;
}

/* Of the one model that there is, "none": a label for a process that there is. */
static int get_security_label_list(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_security_labels_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    if (!domain)
        return -1;
    ret->ret = domain_is_active(domain);
    ret->labels.labels_len = (u_int)ret->ret;
    ret->labels.labels_val = xcalloc(1, sizeof(*ret->labels.labels_val));
    return 0;
}

static int get_launch_security(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, TYPED_STRINGS) < 0)
        return -1;
    return call_domain(call, &args->domain) ? 0 : -1;
}

static int set_launch_security(struct call *call)
{
    const struct remote_domain_save_params_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0 || !call_domain(call, &args->domain))
        return -1;
    return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "setting a launch secret is only supported in SEV-enabled domains");
}

/* Of processors that encrypt guests' memory, in libvirt's words on a host that has none of it. */
static int get_sev_info(struct call *call)
{
    const struct remote_int_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, TYPED_STRINGS) < 0)
        return -1;
    return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "QEMU does not support SEV guest");
}

#define ROW(what, proc, function, who, handle, ...)                                       \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,     \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                \
    }

static const struct proc procs[] = {
    ROW(READ, GET_SECURITY_LABEL, "virDomainGetSecurityLabel", READ, get_security_label,
        PROC_ARGS(remote_domain_args), PROC_RET(remote_security_label_ret)),
    ROW(READ, GET_SECURITY_LABEL_LIST, "virDomainGetSecurityLabelList", READ,
        get_security_label_list, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_security_labels_ret)),
    ROW(DATA, GET_LAUNCH_SECURITY_INFO, "virDomainGetLaunchSecurityInfo", WRITE,
        get_launch_security, PROC_ARGS(remote_domain_flags_args),
        PROC_RET(remote_domain_typed_params_ret)),
    ROW(CHANGE, SET_LAUNCH_SECURITY_STATE, "virDomainSetLaunchSecurityState", WRITE,
        set_launch_security, PROC_ARGS(remote_domain_save_params_args)),
    { .number = REMOTE_PROC_NODE_GET_SEV_INFO, .api = "virNodeGetSEVInfo", .access = ACCESS_WRITE,
      .class = CLASS_MEMORY, PROC_ON(CONNECT, READ), .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_int_flags_args), PROC_RET(remote_params_ret), .handler = get_sev_info },
};

const struct proc_table calls_domain_security = { procs, ARRAY_SIZE(procs) };
