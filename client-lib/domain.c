/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: the object, and the calls on it.  Any thread. */

#include "internal.h"

#include <string.h>

virDomainPtr domain_new(virConnectPtr conn, wire_domain *wire)
{
    virDomainPtr dom = calloc(1, sizeof(*dom));

    if (!dom) {
        (void)error_raise_no_memory();
        return NULL;
    }
    dom->object.magic = MAGIC_DOMAIN;
    dom->object.refs = 1;
    dom->object.conn = conn;
    (void)object_ref(&conn->object);
    dom->name = STEAL_PTR(wire->name);
    memcpy(dom->uuid, wire->uuid, sizeof(dom->uuid));
    dom->id = wire->id;
    return dom;
}

wire_domain domain_wire(virDomainPtr dom)
{
    wire_domain wire = { .name = dom->name, .id = dom->id };

    memcpy(wire.uuid, dom->uuid, sizeof(wire.uuid));
    return wire;
}

static virDomainPtr call_for_domain(virConnectPtr conn, int procedure, xdrproc_t args_xdr,
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

static virDomainPtr lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid)
{
    remote_uuid_args args;

    memcpy(args.uuid, uuid, sizeof(args.uuid));
    return call_for_domain(conn, REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID, XDR_OF(remote_uuid_args),
                           &args);
}

virDomainPtr virDomainLookupByName(virConnectPtr conn, const char *name)
{
    remote_text_args args = { .value = unconst(name) };

    if (!conn_enter(conn))
        return NULL;
    if (!name) {
        (void)error_raise_null("name");
        return NULL;
    }
    return call_for_domain(conn, REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME, XDR_OF(remote_text_args),
                           &args);
}

virDomainPtr virDomainLookupByUUID(virConnectPtr conn, const unsigned char *uuid)
{
    if (!conn_enter(conn))
        return NULL;
    if (!uuid) {
        (void)error_raise_null("uuid");
        return NULL;
    }
    return lookup_by_uuid(conn, uuid);
}

virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn, const char *uuidstr)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (!conn_enter(conn) || uuid_from_argument(uuidstr, uuid) < 0)
        return NULL;
    return lookup_by_uuid(conn, uuid);
}

const char *virDomainGetName(virDomainPtr dom)
{
    return domain_enter(dom) ? dom->name : NULL;
}

int virDomainGetUUID(virDomainPtr dom, unsigned char *uuid)
{
    if (!domain_enter(dom))
        return -1;
    if (!uuid)
        return error_raise_null("uuid");
    memcpy(uuid, dom->uuid, sizeof(dom->uuid));
    return 0;
}

int virDomainGetUUIDString(virDomainPtr dom, char *buf)
{
    if (!domain_enter(dom))
        return -1;
    if (!buf)
        return error_raise_null("buf");
    uuid_format(dom->uuid, buf);
    return 0;
}

virConnectPtr virDomainGetConnect(virDomainPtr dom)
{
    return domain_enter(dom) ? dom->object.conn : NULL;
}

int virDomainRef(virDomainPtr dom)
{
    return domain_enter(dom) ? object_ref(&dom->object) : -1;
}

int virDomainFree(virDomainPtr dom)
{
    if (!domain_enter(dom))
        return -1;
    if (object_unref(&dom->object) > 0)
        return 0;
    (void)connect_unref(dom->object.conn);
    free(dom->name);
    free(dom);
    return 0;
}
