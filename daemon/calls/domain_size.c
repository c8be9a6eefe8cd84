/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that set how much memory and how many vCPUs a domain has: each
 * checks, makes a spec, starts a short job.  The old calls without flags mean
 * what libvirt's QEMU driver takes them for.  Loop thread.
 */

#include "calls/agent_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/cpuset.h"
#include "xml/xml_read.h"

enum {
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    MEMORY_FLAGS = AFFECT_FLAGS | VIR_DOMAIN_MEM_MAXIMUM,
    VCPU_FLAGS = AFFECT_FLAGS | VIR_DOMAIN_VCPU_MAXIMUM | VIR_DOMAIN_VCPU_GUEST |
                 VIR_DOMAIN_VCPU_HOTPLUGGABLE,
    VCPUS_MAX = UINT16_MAX, /* of a definition */
};

static int start_sizing(struct call *call, const struct wire_domain *wire,
                        const struct job_kind *kind, uint64_t number, unsigned int flags)
{
    struct domain *domain = call_domain(call, wire);
    struct domain_spec *spec;

    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->number = number;
    spec->flags = flags;
    return call_start_domain_job(call, kind, spec, false, NULL);
}

/* --- memory --- */

static int size_memory(struct call *call, const struct wire_domain *wire, uint64_t kib,
                       unsigned int flags)
{
    if (kib == 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "memory in function %s must be greater than zero", call->proc->api);
    if (kib > INT64_MAX / 1024)
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "memory of %llu KiB is too much",
                          (unsigned long long)kib);
    return start_sizing(call, wire, &domain_job_set_memory, kib, flags);
}

static int set_max_memory(struct call *call)
{
    const struct remote_domain_memory_args *args = call->args;

    return size_memory(call, &args->domain, args->memory, VIR_DOMAIN_MEM_MAXIMUM);
}

static int set_memory(struct call *call)
{
    const struct remote_domain_memory_args *args = call->args;

    return size_memory(call, &args->domain, args->memory, VIR_DOMAIN_AFFECT_LIVE);
}

static int set_memory_flags(struct call *call)
{
    const struct remote_domain_memory_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, MEMORY_FLAGS) < 0)
        return -1;
    return size_memory(call, &args->domain, args->memory, args->flags);
}

/* --- vCPUs --- */

static int size_vcpus(struct call *call, const struct wire_domain *wire, unsigned int count,
                      unsigned int flags)
{
    if (count == 0 || count > VCPUS_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "%u vCPUs in function %s: a domain has from 1 to %d", count,
                          call->proc->api, VCPUS_MAX);
    return start_sizing(call, wire, &domain_job_set_vcpus, count, flags);
}

static int set_vcpus(struct call *call)
{
    const struct remote_domain_vcpus_args *args = call->args;

    return size_vcpus(call, &args->domain, args->count, VIR_DOMAIN_AFFECT_LIVE);
}

static int set_vcpus_flags(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_VCPU_GUEST, VIR_DOMAIN_VCPU_MAXIMUM, "guest", "maximum" },
        { VIR_DOMAIN_VCPU_GUEST, VIR_DOMAIN_AFFECT_CONFIG, "guest", "config" },
        { VIR_DOMAIN_VCPU_GUEST, VIR_DOMAIN_VCPU_HOTPLUGGABLE, "guest", "hotpluggable" },
    };
    const struct remote_domain_vcpus_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, VCPU_FLAGS) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    if (args->flags & VIR_DOMAIN_VCPU_GUEST)
        return agent_set_vcpu_count(call, args->count);
    return size_vcpus(call, &args->domain, args->count, args->flags);
}

static int set_vcpu(struct call *call)
{
    const struct remote_agent_set_vcpus_args *args = call->args;
    struct domain_spec *spec;
    struct domain *domain;
    struct cpuset which;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)))
        return -1;
    if (args->online != 0 && args->online != 1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "unsupported state value");
    if (!cpuset_parse(args->cpumap, &which))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "Failed to parse bitmap '%s'",
                          xml_quotable(args->cpumap));
    spec = domain_spec_new(domain);
    spec->flags = args->flags;
    spec->number = (uint64_t)args->online;
    spec->cpus = cpuset_format(&which);
    return call_start_domain_job(call, &domain_job_set_vcpu, spec, false, NULL);
}

#define ROW(proc, function, changer, args)                                                \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        PROC_ON(DOMAIN, CHANGE),                                                          \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = changer,         \
        PROC_ARGS(args)                                                                   \
    }

static const struct proc procs[] = {
    ROW(SET_MAX_MEMORY, "virDomainSetMaxMemory", set_max_memory, remote_domain_memory_args),
    ROW(SET_MEMORY, "virDomainSetMemory", set_memory, remote_domain_memory_args),
    ROW(SET_MEMORY_FLAGS, "virDomainSetMemoryFlags", set_memory_flags,
        remote_domain_memory_flags_args),
    ROW(SET_VCPUS, "virDomainSetVcpus", set_vcpus, remote_domain_vcpus_args),
    ROW(SET_VCPUS_FLAGS, "virDomainSetVcpusFlags", set_vcpus_flags,
        remote_domain_vcpus_flags_args),
    ROW(SET_VCPU, "virDomainSetVcpu", set_vcpu, remote_agent_set_vcpus_args),
};

const struct proc_table calls_domain_size = { procs, ARRAY_SIZE(procs) };
