/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory and how many CPUs a domain has, set.  Any thread. */

#include "internal.h"

static int set_memory(virDomainPtr domain, int procedure, unsigned long memory)
{
    remote_domain_memory_args args = { .memory = memory };

    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                     XDR_OF(remote_domain_memory_args), &args, NULL, NULL);
}

int virDomainSetMaxMemory(virDomainPtr domain, unsigned long memory)
{
    if (!domain_enter(domain))
        return -1;
    return set_memory(domain, REMOTE_PROC_DOMAIN_SET_MAX_MEMORY, memory);
}

int virDomainSetMemory(virDomainPtr domain, unsigned long memory)
{
    if (!domain_enter(domain))
        return -1;
    return set_memory(domain, REMOTE_PROC_DOMAIN_SET_MEMORY, memory);
}

int virDomainSetMemoryFlags(virDomainPtr domain, unsigned long memory, unsigned int flags)
{
    remote_domain_memory_flags_args args = { .memory = memory, .flags = flags };

    if (!domain_enter(domain))
        return -1;
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_SET_MEMORY_FLAGS),
                     XDR_OF(remote_domain_memory_flags_args), &args, NULL, NULL);
}

int virDomainSetVcpus(virDomainPtr domain, unsigned int nvcpus)
{
    remote_domain_vcpus_args args = { .count = nvcpus };

    if (!domain_enter(domain))
        return -1;
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_SET_VCPUS),
                     XDR_OF(remote_domain_vcpus_args), &args, NULL, NULL);
}

int virDomainSetVcpusFlags(virDomainPtr domain, unsigned int nvcpus, unsigned int flags)
{
    remote_domain_vcpus_flags_args args = { .count = nvcpus, .flags = flags };

    if (!domain_enter(domain))
        return -1;
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_SET_VCPUS_FLAGS),
                     XDR_OF(remote_domain_vcpus_flags_args), &args, NULL, NULL);
}
