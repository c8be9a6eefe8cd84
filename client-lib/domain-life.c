/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting, stopping and ending domains.  Any thread.  An object's id follows
 * what its own calls have done; with ASYNC nothing has been done yet when the
 * call returns, and the id stays what it was.
 */

#include "internal.h"

virDomainPtr virDomainCreateXML(virConnectPtr conn, const char *xmlDesc, unsigned int flags)
{
    remote_xml_args args = { .xml = unconst(xmlDesc), .flags = flags };

    if (!conn_enter(conn))
        return NULL;
    if (!xmlDesc) {
        (void)error_raise_null("xmlDesc");
        return NULL;
    }
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_CREATE_XML, XDR_OF(remote_xml_args), &args);
}

/*
 * All ways to start a domain are the one call that answers with the domain, so
 * that its id is known without a second call, which could fail after the start.
 */
static int start(virDomainPtr dom, unsigned int flags)
{
    remote_domain_ret ret = { .domain = { .name = NULL } };

    if (domain_call_flags_ret(dom, REMOTE_PROC_DOMAIN_CREATE_WITH_FLAGS, flags,
                              XDR_OF(remote_domain_ret), &ret) < 0)
        return -1;
    atomic_store(&dom->id, ret.domain.id);
    xdr_free(XDR_OF(remote_domain_ret), &ret);
    return 0;
}

int virDomainCreate(virDomainPtr domain)
{
    return domain_enter(domain) ? start(domain, 0) : -1;
}

int virDomainCreateFlags(virDomainPtr domain, unsigned int flags)
{
    return domain_enter(domain) ? start(domain, flags) : -1;
}

int virDomainCreateWithFlags(virDomainPtr domain, unsigned int flags)
{
    return domain_enter(domain) ? start(domain, flags) : -1;
}

int virDomainSuspend(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call(domain, REMOTE_PROC_DOMAIN_SUSPEND) : -1;
}

int virDomainResume(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call(domain, REMOTE_PROC_DOMAIN_RESUME) : -1;
}

int virDomainShutdown(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call(domain, REMOTE_PROC_DOMAIN_SHUTDOWN) : -1;
}

int virDomainShutdownFlags(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_SHUTDOWN_FLAGS, flags);
}

int virDomainReboot(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_REBOOT, flags);
}

int virDomainReset(virDomainPtr domain, unsigned int flags)
{
    return domain_enter(domain) ? domain_call_flags(domain, REMOTE_PROC_DOMAIN_RESET, flags) : -1;
}

int virDomainInjectNMI(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_INJECT_NMI, flags);
}

int virDomainPMWakeup(virDomainPtr dom, unsigned int flags)
{
    if (!domain_enter(dom))
        return -1;
    return domain_call_flags(dom, REMOTE_PROC_DOMAIN_PM_WAKEUP, flags);
}

int virDomainDestroy(virDomainPtr domain)
{
    if (!domain_enter(domain) || domain_call(domain, REMOTE_PROC_DOMAIN_DESTROY) < 0)
        return -1;
    atomic_store(&domain->id, -1);
    return 0;
}

int virDomainDestroyFlags(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain) ||
        domain_call_flags(domain, REMOTE_PROC_DOMAIN_DESTROY_FLAGS, flags) < 0)
        return -1;
    atomic_store(&domain->id, -1);
    return 0;
}
