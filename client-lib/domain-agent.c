/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent inside a domain's guest does and tells.  Any thread. */

#include "internal.h"

/* Freeze and thaw: how many file systems. */
static int call_filesystems(virDomainPtr dom, int procedure, const char **mountpoints,
                            unsigned int nmountpoints, unsigned int flags)
{
    remote_agent_mountpoints_args args = { .domain = domain_wire(dom), .flags = flags };
    remote_int_ret ret = { .value = 0 };

    if (nmountpoints > 0 && !mountpoints)
        return error_raise_null("mountpoints");
    if (nmountpoints > REMOTE_AGENT_MOUNTPOINTS_MAX)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "%u mount points are more than %d",
                           nmountpoints, REMOTE_AGENT_MOUNTPOINTS_MAX);
    for (unsigned int i = 0; i < nmountpoints; i++) {
        if (!mountpoints[i])
            return error_raise_null("mountpoints");
    }
    args.mountpoints.mountpoints_len = nmountpoints;
    args.mountpoints.mountpoints_val = (wire_text *)(uintptr_t)mountpoints; /* only read */
    if (conn_call(dom->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                  XDR_OF(remote_agent_mountpoints_args), &args, XDR_OF(remote_int_ret), &ret) < 0)
        return -1;
    return ret.value;
}

int virDomainFSFreeze(virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints,
                      unsigned int flags)
{
    if (!domain_enter(dom))
        return -1;
    return call_filesystems(dom, REMOTE_PROC_DOMAIN_FSFREEZE, mountpoints, nmountpoints, flags);
}

int virDomainFSThaw(virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints,
                    unsigned int flags)
{
    if (!domain_enter(dom))
        return -1;
    return call_filesystems(dom, REMOTE_PROC_DOMAIN_FSTHAW, mountpoints, nmountpoints, flags);
}

int virDomainGetTime(virDomainPtr dom, long long *seconds, unsigned int *nseconds,
                     unsigned int flags)
{
    remote_agent_time_ret ret = { .seconds = 0 };

    if (!domain_enter(dom) ||
        domain_call_flags_ret(dom, REMOTE_PROC_DOMAIN_GET_TIME, flags,
                              XDR_OF(remote_agent_time_ret), &ret) < 0)
        return -1;
    if (seconds)
        *seconds = ret.seconds;
    if (nseconds)
        *nseconds = ret.nseconds;
    return 0;
}

int virDomainSetTime(virDomainPtr dom, long long seconds, unsigned int nseconds,
                     unsigned int flags)
{
    remote_agent_set_time_args args = { .seconds = seconds, .nseconds = nseconds, .flags = flags };

    if (!domain_enter(dom))
        return -1;
    args.domain = domain_wire(dom);
    return conn_call(dom->object.conn, REMOTE(DOMAIN_SET_TIME), XDR_OF(remote_agent_set_time_args),
                     &args, NULL, NULL);
}

char *virDomainGetHostname(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return NULL;
    return domain_call_flags_text(domain, REMOTE_PROC_DOMAIN_GET_HOSTNAME, flags);
}

char *virDomainQemuAgentCommand(virDomainPtr domain, const char *cmd, int timeout,
                                unsigned int flags)
{
    qemu_agent_command_args args = { .command = unconst(cmd), .timeout = timeout, .flags = flags };
    qemu_agent_command_ret ret = { .result = NULL };
    char *result;

    if (!domain_enter(domain))
        return NULL;
    if (!cmd) {
        (void)error_raise_null("cmd");
        return NULL;
    }
    args.domain = domain_wire(domain);
    if (conn_call(domain->object.conn, QEMU(DOMAIN_AGENT_COMMAND), XDR_OF(qemu_agent_command_args),
                  &args, XDR_OF(qemu_agent_command_ret), &ret) < 0)
        return NULL;
    if (!ret.result) {
        (void)error_raise(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
                          "the daemon gives no answer of the guest agent");
        return NULL;
    }
    result = *ret.result;
    free(ret.result); /* its text is the caller's now */
    return result;
}
