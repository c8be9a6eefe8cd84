/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: the object, and finding it.  Any thread. */

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
    atomic_init(&dom->id, wire->id);
    return dom;
}

wire_domain domain_wire(virDomainPtr dom)
{
    wire_domain wire = { .name = dom->name, .id = atomic_load(&dom->id) };

    memcpy(wire.uuid, dom->uuid, sizeof(wire.uuid));
    return wire;
}

/* --- finding domains --- */

int virConnectNumOfDomains(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_NUM_OF_DOMAINS, NULL, NULL);
}

int virConnectListDomains(virConnectPtr conn, int *ids, int maxids)
{
    remote_ids_ret ret = { .ids = { .ids_len = 0 } };
    remote_int_args args;
    int count;

    if (!conn_enter(conn) || check_room(ids, "ids", &maxids, WIRE_DOMAIN_LIST_MAX) < 0)
        return -1;
    args.value = maxids;
    if (conn_call(conn, REMOTE(CONNECT_LIST_DOMAINS), XDR_OF(remote_int_args), &args,
                  XDR_OF(remote_ids_ret), &ret) < 0)
        return -1;
    count = (int)ret.ids.ids_len;
    if (count > maxids)
        count = raise_too_many(ret.ids.ids_len, maxids, "ids");
    else if (count > 0)
        memcpy(ids, ret.ids.ids_val, (size_t)count * sizeof(*ids));
    xdr_free(XDR_OF(remote_ids_ret), &ret);
    return count;
}

int virConnectNumOfDefinedDomains(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_NUM_OF_DEFINED_DOMAINS, NULL, NULL);
}

int virConnectListDefinedDomains(virConnectPtr conn, char **const names, int maxnames)
{
    if (!conn_enter(conn))
        return -1;
    return conn_list_names(conn, REMOTE_PROC_CONNECT_LIST_DEFINED_DOMAINS, names, maxnames);
}

/* The domains of a reply as objects, NULL behind the last.  NULL: raised. */
static virDomainPtr *domains_of(virConnectPtr conn, remote_domain_list_ret *ret)
{
    unsigned int count = ret->domains.domains_len;
    virDomainPtr *domains = calloc((size_t)count + 1, sizeof(virDomainPtr));

    if (!domains) {
        (void)error_raise_no_memory();
        return NULL;
    }
    for (unsigned int i = 0; i < count; i++) {
        domains[i] = domain_new(conn, &ret->domains.domains_val[i]);
        if (domains[i])
            continue;
        while (i-- > 0)
            domain_unref(domains[i]);
        free(domains);
        return NULL;
    }
    return domains;
}

int virConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned int flags)
{
    remote_list_all_args args = { .need_results = domains != NULL, .flags = flags };
    remote_domain_list_ret ret = { .ret = 0 };
    int count;

    if (!conn_enter(conn))
        return -1;
    if (domains)
        *domains = NULL;
    if (conn_call(conn, REMOTE(CONNECT_LIST_ALL_DOMAINS), XDR_OF(remote_list_all_args), &args,
                  XDR_OF(remote_domain_list_ret), &ret) < 0)
        return -1;
    count = (int)(domains ? ret.domains.domains_len : ret.ret);
    if (domains) {
        *domains = domains_of(conn, &ret);
        if (!*domains)
            count = -1;
    }
    xdr_free(XDR_OF(remote_domain_list_ret), &ret);
    return count;
}

static virDomainPtr lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid)
{
    remote_uuid_args args;

    memcpy(args.uuid, uuid, sizeof(args.uuid));
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID, XDR_OF(remote_uuid_args),
                            &args);
}

virDomainPtr virDomainLookupByID(virConnectPtr conn, int id)
{
    remote_int_args args = { .value = id };

    if (!conn_enter(conn))
        return NULL;
    if (id < 0) {
        (void)error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                          "invalid argument: id in %s must not be negative", error_api());
        return NULL;
    }
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_LOOKUP_BY_ID, XDR_OF(remote_int_args), &args);
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
    return conn_call_domain(conn, REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME, XDR_OF(remote_text_args),
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

/* --- what it is --- */

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

unsigned int virDomainGetID(virDomainPtr dom)
{
    return domain_enter(dom) ? (unsigned int)atomic_load(&dom->id) : (unsigned int)-1;
}

/* --- its console and its screen --- */

int virDomainOpenConsole(virDomainPtr dom, const char *dev_name, virStreamPtr stream,
                         unsigned int flags)
{
    char *name = unconst(dev_name);
    remote_domain_text_opt_flags_args args = { .value = name ? &name : NULL, .flags = flags };

    if (!domain_enter(dom) || !stream_check(stream))
        return -1;
    args.domain = domain_wire(dom);
    return conn_call_stream(dom->object.conn, stream, REMOTE_PROC_DOMAIN_OPEN_CONSOLE,
                            XDR_OF(remote_domain_text_opt_flags_args), &args, NULL, NULL);
}

char *virDomainScreenshot(virDomainPtr dom, virStreamPtr stream, unsigned int screen,
                          unsigned int flags)
{
    remote_domain_screenshot_args args = { .screen = screen, .flags = flags };
    remote_text_opt_ret ret = { .value = NULL };
    char *type = NULL;

    if (!domain_enter(dom) || !stream_check(stream))
        return NULL;
    args.domain = domain_wire(dom);
    if (conn_call_stream(dom->object.conn, stream, REMOTE_PROC_DOMAIN_SCREENSHOT,
                         XDR_OF(remote_domain_screenshot_args), &args,
                         XDR_OF(remote_text_opt_ret), &ret) < 0)
        return NULL;
    if (ret.value)
        type = STEAL_PTR(*ret.value);
    else
        (void)error_raise(VIR_ERR_RPC, VIR_FROM_RPC, "the daemon's answer to %s has no type",
                          error_api());
    xdr_free(XDR_OF(remote_text_opt_ret), &ret);
    return type;
}

/* --- references --- */

virConnectPtr virDomainGetConnect(virDomainPtr dom)
{
    return domain_enter(dom) ? dom->object.conn : NULL;
}

int virDomainRef(virDomainPtr dom)
{
    return domain_enter(dom) ? object_ref(&dom->object) : -1;
}

void domain_unref(virDomainPtr dom)
{
    if (object_unref(&dom->object) > 0)
        return;
    (void)connect_unref(dom->object.conn);
    free(dom->name);
    free(dom);
}

int virDomainFree(virDomainPtr dom)
{
    if (!domain_enter(dom))
        return -1;
    domain_unref(dom);
    return 0;
}
