/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions of domains, and what stands in them.  Any thread. */

#include "internal.h"

virDomainPtr virDomainDefineXML(virConnectPtr conn, const char *xml)
{
    remote_text_args args = { .value = unconst(xml) };

    if (!conn_enter(conn))
        return NULL;
    if (!xml) {
        (void)error_raise_null("xml");
        return NULL;
    }
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_DEFINE_XML, XDR_OF(remote_text_args), &args);
}

virDomainPtr virDomainDefineXMLFlags(virConnectPtr conn, const char *xml, unsigned int flags)
{
    remote_xml_args args = { .xml = unconst(xml), .flags = flags };

    if (!conn_enter(conn))
        return NULL;
    if (!xml) {
        (void)error_raise_null("xml");
        return NULL;
    }
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS, XDR_OF(remote_xml_args),
                            &args);
}

int virDomainUndefine(virDomainPtr domain)
{
    return domain_enter(domain) ? domain_call(domain, REMOTE_PROC_DOMAIN_UNDEFINE) : -1;
}

int virDomainUndefineFlags(virDomainPtr domain, unsigned int flags)
{
    if (!domain_enter(domain))
        return -1;
    return domain_call_flags(domain, REMOTE_PROC_DOMAIN_UNDEFINE_FLAGS, flags);
}

int virDomainGetAutostart(virDomainPtr domain, int *autostart)
{
    remote_int_ret ret = { .value = 0 };

    if (!domain_enter(domain))
        return -1;
    if (!autostart)
        return error_raise_null("autostart");
    if (domain_call_ret(domain, REMOTE_PROC_DOMAIN_GET_AUTOSTART, XDR_OF(remote_int_ret), &ret) < 0)
        return -1;
    *autostart = ret.value;
    return 0;
}

int virDomainSetAutostart(virDomainPtr domain, int autostart)
{
    remote_domain_int_args args = { .value = autostart };

    if (!domain_enter(domain))
        return -1;
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_SET_AUTOSTART),
                     XDR_OF(remote_domain_int_args), &args, NULL, NULL);
}

int virDomainRename(virDomainPtr dom, const char *new_name, unsigned int flags)
{
    char *name = unconst(new_name);
    remote_domain_text_opt_flags_args args = { .value = &name, .flags = flags };

    if (!domain_enter(dom))
        return -1;
    if (!new_name)
        return error_raise_null("new_name");
    args.domain = domain_wire(dom);
    return conn_call_int(dom->object.conn, REMOTE_PROC_DOMAIN_RENAME,
                         XDR_OF(remote_domain_text_opt_flags_args), &args);
}

int virDomainSetMetadata(virDomainPtr domain, int type, const char *metadata, const char *key,
                         const char *uri, unsigned int flags)
{
    char *metadata_text = unconst(metadata), *key_text = unconst(key), *uri_text = unconst(uri);
    remote_domain_set_metadata_args args = {
        .type = type,
        .metadata = metadata ? &metadata_text : NULL,
        .key = key ? &key_text : NULL,
        .uri = uri ? &uri_text : NULL,
        .flags = flags,
    };

    if (!domain_enter(domain))
        return -1;
    args.domain = domain_wire(domain);
    return conn_call(domain->object.conn, REMOTE(DOMAIN_SET_METADATA),
                     XDR_OF(remote_domain_set_metadata_args), &args, NULL, NULL);
}

char *virDomainGetMetadata(virDomainPtr domain, int type, const char *uri, unsigned int flags)
{
    char *uri_text = unconst(uri);
    remote_domain_get_metadata_args args = {
        .type = type,
        .uri = uri ? &uri_text : NULL,
        .flags = flags,
    };

    if (!domain_enter(domain))
        return NULL;
    args.domain = domain_wire(domain);
    return conn_call_text(domain->object.conn, REMOTE_PROC_DOMAIN_GET_METADATA,
                          XDR_OF(remote_domain_get_metadata_args), &args);
}
