/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shapes that most calls on domains have.  Any thread. */

#include "internal.h"

int domain_call_ret(virDomainPtr dom, int procedure, xdrproc_t ret_xdr, void *ret)
{
    remote_domain_args args = { .domain = domain_wire(dom) };

    return conn_call(dom->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                     XDR_OF(remote_domain_args), &args, ret_xdr, ret);
}

int domain_call_flags_ret(virDomainPtr dom, int procedure, unsigned int flags, xdrproc_t ret_xdr,
                          void *ret)
{
    remote_domain_flags_args args = { .domain = domain_wire(dom), .flags = flags };

    return conn_call(dom->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                     XDR_OF(remote_domain_flags_args), &args, ret_xdr, ret);
}

int domain_call(virDomainPtr dom, int procedure)
{
    return domain_call_ret(dom, procedure, NULL, NULL);
}

int domain_call_flags(virDomainPtr dom, int procedure, unsigned int flags)
{
    return domain_call_flags_ret(dom, procedure, flags, NULL, NULL);
}

int domain_call_int(virDomainPtr dom, int procedure)
{
    remote_int_ret ret = { .value = 0 };

    if (domain_call_ret(dom, procedure, XDR_OF(remote_int_ret), &ret) < 0)
        return -1;
    return ret.value;
}

int domain_call_flags_int(virDomainPtr dom, int procedure, unsigned int flags)
{
    remote_int_ret ret = { .value = 0 };

    if (domain_call_flags_ret(dom, procedure, flags, XDR_OF(remote_int_ret), &ret) < 0)
        return -1;
    return ret.value;
}

char *domain_call_flags_text(virDomainPtr dom, int procedure, unsigned int flags)
{
    remote_text_ret ret = { .value = NULL };

    if (domain_call_flags_ret(dom, procedure, flags, XDR_OF(remote_text_ret), &ret) < 0)
        return NULL;
    return ret.value;
}

virDomainPtr conn_call_domain(virConnectPtr conn, int procedure, xdrproc_t args_xdr,
                              const void *args)
{
    remote_domain_ret ret = { .domain = { .name = NULL } };
    virDomainPtr dom;

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args,
                  XDR_OF(remote_domain_ret), &ret) < 0)
        return NULL;
    dom = domain_new(conn, &ret.domain);
    xdr_free(XDR_OF(remote_domain_ret), &ret);
    return dom;
}
