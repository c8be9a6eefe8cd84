/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to know of a domain, and the way past the daemon to its QEMU.  Any thread. */

#include "internal.h"

#include <string.h>

int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info)
{
    remote_domain_info_ret ret = { .state = 0 };
    virDomainInfo got;

    if (!domain_enter(domain))
        return -1;
    if (!info)
        return error_raise_null("info");
    if (domain_call_ret(domain, REMOTE_PROC_DOMAIN_GET_INFO, XDR_OF(remote_domain_info_ret),
                        &ret) < 0)
        return -1;
    got = (virDomainInfo){
        .state = ret.state,
        .nrVirtCpu = ret.vcpus,
        .cpuTime = ret.cpu_time,
    };
    if (wire_to_ulong(ret.max_memory, &got.maxMem) < 0 ||
        wire_to_ulong(ret.memory, &got.memory) < 0)
        return -1;
    *info = got;
    return 0;
}

int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    remote_domain_state_ret ret = { .state = 0 };

    if (!domain_enter(domain))
        return -1;
    if (!state)
        return error_raise_null("state");
    if (domain_call_flags_ret(domain, REMOTE_PROC_DOMAIN_GET_STATE, flags,
                              XDR_OF(remote_domain_state_ret), &ret) < 0)
        return -1;
    *state = ret.state;
    if (reason)
        *reason = ret.reason;
    return 0;
}

char *virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return NULL;
    return domain_call_flags_text(domain, REMOTE_PROC_DOMAIN_GET_XML_DESC, flags);
}

char *virDomainGetOSType(virDomainPtr domain)
{
    remote_text_ret ret = { .value = NULL };

    if (!domain_enter(domain) ||
        domain_call_ret(domain, REMOTE_PROC_DOMAIN_GET_OS_TYPE, XDR_OF(remote_text_ret), &ret) < 0)
        return NULL;
    return ret.value;
}

unsigned long virDomainGetMaxMemory(virDomainPtr domain)
{
    remote_uhyper_ret ret = { .value = 0 };
    unsigned long memory = 0;

    if (!domain_enter(domain) ||
        domain_call_ret(domain, REMOTE_PROC_DOMAIN_GET_MAX_MEMORY, XDR_OF(remote_uhyper_ret),
                        &ret) < 0 ||
        wire_to_ulong(ret.value, &memory) < 0)
        return 0;
    return memory;
}

int virDomainGetMaxVcpus(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call_int(domain, REMOTE_PROC_DOMAIN_GET_MAX_VCPUS) : -1;
}

int virDomainGetVcpusFlags(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags_int(domain, REMOTE_PROC_DOMAIN_GET_VCPUS_FLAGS, flags);
}

int virDomainGetBlockInfo(virDomainPtr domain, const char *disk, virDomainBlockInfoPtr info,
                          unsigned int flags)
{
    remote_domain_text_flags_args args = { .value = unconst(disk), .flags = flags };
    remote_domain_block_info_ret ret = { .capacity = 0 };

    if (!domain_enter(domain))
        return -1;
    if (!disk || !info)
        return error_raise_null(!disk ? "disk" : "info");
    args.domain = domain_wire(domain);
    if (conn_call(domain->object.conn, REMOTE(DOMAIN_GET_BLOCK_INFO),
                  XDR_OF(remote_domain_text_flags_args), &args,
                  XDR_OF(remote_domain_block_info_ret), &ret) < 0)
        return -1;
    *info = (virDomainBlockInfo){
        .capacity = ret.capacity,
        .allocation = ret.allocation,
        .physical = ret.physical,
    };
    return 0;
}

int virDomainIsActive(virDomainPtr dom)
{
    return domain_enter(dom) ? domain_call_int(dom, REMOTE_PROC_DOMAIN_IS_ACTIVE) : -1;
}

int virDomainIsPersistent(virDomainPtr dom)
{
    return domain_enter(dom) ? domain_call_int(dom, REMOTE_PROC_DOMAIN_IS_PERSISTENT) : -1;
}

int virDomainIsUpdated(virDomainPtr dom)
{
    return domain_enter(dom) ? domain_call_int(dom, REMOTE_PROC_DOMAIN_IS_UPDATED) : -1;
}

int virDomainGetControlInfo(virDomainPtr domain, virDomainControlInfoPtr info, unsigned int flags)
{
    remote_domain_control_ret ret = { .state = 0 };

    if (!domain_enter(domain))
        return -1;
    if (!info)
        return error_raise_null("info");
    if (domain_call_flags_ret(domain, REMOTE_PROC_DOMAIN_GET_CONTROL_INFO, flags,
                              XDR_OF(remote_domain_control_ret), &ret) < 0)
        return -1;
    *info = (virDomainControlInfo){
        .state = ret.state,
        .details = ret.details,
        .stateTime = ret.state_time,
    };
    return 0;
}

int virDomainGetMessages(virDomainPtr domain, char ***msgs, unsigned int flags)
{
    remote_messages_ret ret = { .messages = { .messages_len = 0 } };
    int count;

    if (!domain_enter(domain))
        return -1;
    if (!msgs)
        return error_raise_null("msgs");
    *msgs = NULL;
    if (domain_call_flags_ret(domain, REMOTE_PROC_DOMAIN_GET_MESSAGES, flags,
                              XDR_OF(remote_messages_ret), &ret) < 0)
        return -1;
    count = (int)ret.messages.messages_len;
    *msgs = take_texts(ret.messages.messages_val, ret.messages.messages_len);
    xdr_free(XDR_OF(remote_messages_ret), &ret);
    return *msgs ? count : -1;
}

int virDomainGetSecurityLabel(virDomainPtr domain, virSecurityLabelPtr seclabel)
{
    remote_security_label_ret ret = { .enforcing = 0 };

    if (!domain_enter(domain))
        return -1;
    if (!seclabel)
        return error_raise_null("seclabel");
    if (domain_call_ret(domain, REMOTE_PROC_DOMAIN_GET_SECURITY_LABEL,
                        XDR_OF(remote_security_label_ret), &ret) < 0)
        return -1;
    copy_chars(seclabel->label, sizeof(seclabel->label), ret.label.label_val,
               ret.label.label_len);
    seclabel->enforcing = ret.enforcing;
    xdr_free(XDR_OF(remote_security_label_ret), &ret);
    return 0;
}

int virDomainQemuMonitorCommand(virDomainPtr domain, const char *cmd, char **result,
                                unsigned int flags)
{
    qemu_monitor_command_args args = { .command = unconst(cmd), .flags = flags };
    qemu_monitor_command_ret ret = { .result = NULL };

    if (!domain_enter(domain))
        return -1;
    if (!cmd)
        return error_raise_null("cmd");
    if (!result)
        return error_raise_null("result");
    args.domain = domain_wire(domain);
    if (conn_call(domain->object.conn, QEMU(DOMAIN_MONITOR_COMMAND),
                  XDR_OF(qemu_monitor_command_args), &args, XDR_OF(qemu_monitor_command_ret),
                  &ret) < 0)
        return -1;
    *result = ret.result;
    return 0;
}

/* --- its job, as libvirt's clients see it --- */

int virDomainGetJobStats(virDomainPtr domain, int *type, virTypedParameterPtr *params,
                         int *nparams, unsigned int flags)
{
    remote_domain_job_stats_ret ret = { .type = 0 };
    int failed;

    if (!domain_enter(domain))
        return -1;
    if (!type || !params || !nparams)
        return error_raise_null(!type ? "type" : !params ? "params" : "nparams");
    if (domain_call_flags_ret(domain, REMOTE_PROC_DOMAIN_GET_JOB_STATS, flags,
                              XDR_OF(remote_domain_job_stats_ret), &ret) < 0)
        return -1;
    failed = params_from_wire(ret.params.params_val, ret.params.params_len, params, nparams);
    if (failed == 0)
        *type = ret.type;
    xdr_free(XDR_OF(remote_domain_job_stats_ret), &ret);
    return failed;
}

int virDomainAbortJob(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call(domain, REMOTE_PROC_DOMAIN_ABORT_JOB) : -1;
}

int virDomainAbortJobFlags(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_ABORT_JOB_FLAGS, flags);
}
