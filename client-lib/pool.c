/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage pools: the object, and the calls on it.  Any thread. */

#include "internal.h"

#include <string.h>

virStoragePoolPtr pool_new(virConnectPtr conn, wire_pool *wire)
{
    virStoragePoolPtr pool = calloc(1, sizeof(*pool));

    if (!pool) {
        (void)error_raise_no_memory();
        return NULL;
    }
    pool->object.magic = MAGIC_POOL;
    pool->object.refs = 1;
    pool->object.conn = conn;
    (void)object_ref(&conn->object);
    pool->name = STEAL_PTR(wire->name);
    memcpy(pool->uuid, wire->uuid, sizeof(pool->uuid));
    return pool;
}

wire_pool pool_wire(virStoragePoolPtr pool)
{
    wire_pool wire = { .name = pool->name };

    memcpy(wire.uuid, pool->uuid, sizeof(wire.uuid));
    return wire;
}

/* --- the shapes of the calls --- */

/* Calls that answer with a pool. */
static virStoragePoolPtr call_for_pool(virConnectPtr conn, int procedure, xdrproc_t args_xdr,
                                       const void *args)
{
    remote_pool_ret ret = { .pool = { .name = NULL } };
    virStoragePoolPtr pool;

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args, XDR_OF(remote_pool_ret),
                  &ret) < 0)
        return NULL;
    pool = pool_new(conn, &ret.pool);
    xdr_free(XDR_OF(remote_pool_ret), &ret);
    return pool;
}

static virStoragePoolPtr call_with_text(virConnectPtr conn, int procedure, const char *text,
                                        const char *argument)
{
    remote_text_args args = { .value = unconst(text) };

    if (!text) {
        (void)error_raise_null(argument);
        return NULL;
    }
    return call_for_pool(conn, procedure, XDR_OF(remote_text_args), &args);
}

static virStoragePoolPtr call_with_xml(virConnectPtr conn, int procedure, const char *xml,
                                       unsigned int flags)
{
    remote_xml_args args = { .xml = unconst(xml), .flags = flags };

    if (!xml) {
        (void)error_raise_null("XML");
        return NULL;
    }
    return call_for_pool(conn, procedure, XDR_OF(remote_xml_args), &args);
}

static virStoragePoolPtr lookup_by_uuid(virConnectPtr conn, const unsigned char *uuid)
{
    remote_uuid_args args;

    memcpy(args.uuid, uuid, sizeof(args.uuid));
    return call_for_pool(conn, REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_UUID, XDR_OF(remote_uuid_args),
                         &args);
}

/* Calls on a pool without further arguments or results. */
static int call_pool(virStoragePoolPtr pool, int procedure)
{
    remote_pool_args args = { .pool = pool_wire(pool) };

    return conn_call(pool->object.conn, REMOTE_PROGRAM_NUMBER, procedure, XDR_OF(remote_pool_args),
                     &args, NULL, NULL);
}

static int call_pool_flags(virStoragePoolPtr pool, int procedure, unsigned int flags)
{
    remote_pool_flags_args args = { .pool = pool_wire(pool), .flags = flags };

    return conn_call(pool->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                     XDR_OF(remote_pool_flags_args), &args, NULL, NULL);
}

static int call_pool_int(virStoragePoolPtr pool, int procedure)
{
    remote_pool_args args = { .pool = pool_wire(pool) };

    return conn_call_int(pool->object.conn, procedure, XDR_OF(remote_pool_args), &args);
}

/* --- finding pools --- */

int virConnectNumOfStoragePools(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_NUM_OF_STORAGE_POOLS, NULL, NULL);
}

int virConnectListStoragePools(virConnectPtr conn, char **const names, int maxnames)
{
    if (!conn_enter(conn))
        return -1;
    return conn_list_names(conn, REMOTE_PROC_CONNECT_LIST_STORAGE_POOLS, names, maxnames);
}

int virConnectNumOfDefinedStoragePools(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_NUM_OF_DEFINED_STORAGE_POOLS, NULL, NULL);
}

int virConnectListDefinedStoragePools(virConnectPtr conn, char **const names, int maxnames)
{
    if (!conn_enter(conn))
        return -1;
    return conn_list_names(conn, REMOTE_PROC_CONNECT_LIST_DEFINED_STORAGE_POOLS, names, maxnames);
}

/* The pools of a reply as objects, NULL behind the last.  NULL: raised. */
static virStoragePoolPtr *pools_of(virConnectPtr conn, remote_pool_list_ret *ret)
{
    unsigned int count = ret->pools.pools_len;
    virStoragePoolPtr *pools = calloc((size_t)count + 1, sizeof(virStoragePoolPtr));

    if (!pools) {
        (void)error_raise_no_memory();
        return NULL;
    }
    for (unsigned int i = 0; i < count; i++) {
        pools[i] = pool_new(conn, &ret->pools.pools_val[i]);
        if (pools[i])
            continue;
        while (i-- > 0)
            pool_unref(pools[i]);
        free(pools);
        return NULL;
    }
    return pools;
}

int virConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **pools,
                                  unsigned int flags)
{
    remote_list_all_args args = { .need_results = pools != NULL, .flags = flags };
    remote_pool_list_ret ret = { .ret = 0 };
    int count;

    if (!conn_enter(conn))
        return -1;
    if (pools)
        *pools = NULL;
    if (conn_call(conn, REMOTE(CONNECT_LIST_ALL_STORAGE_POOLS), XDR_OF(remote_list_all_args),
                  &args, XDR_OF(remote_pool_list_ret), &ret) < 0)
        return -1;
    count = (int)(pools ? ret.pools.pools_len : ret.ret);
    if (pools) {
        *pools = pools_of(conn, &ret);
        if (!*pools)
            count = -1;
    }
    xdr_free(XDR_OF(remote_pool_list_ret), &ret);
    return count;
}

char *virConnectFindStoragePoolSources(virConnectPtr conn, const char *type, const char *srcSpec,
                                       unsigned int flags)
{
    char *spec = unconst(srcSpec);
    remote_find_sources_args args = {
        .type = unconst(type),
        .spec = spec ? &spec : NULL,
        .flags = flags,
    };

    if (!conn_enter(conn))
        return NULL;
    if (!type) {
        (void)error_raise_null("type");
        return NULL;
    }
    return conn_call_text(conn, REMOTE_PROC_CONNECT_FIND_STORAGE_POOL_SOURCES,
                          XDR_OF(remote_find_sources_args), &args);
}

char *virConnectGetStoragePoolCapabilities(virConnectPtr conn, unsigned int flags)
{
    remote_flags_args args = { .flags = flags };

    if (!conn_enter(conn))
        return NULL;
    return conn_call_text(conn, REMOTE_PROC_CONNECT_GET_STORAGE_POOL_CAPABILITIES,
                          XDR_OF(remote_flags_args), &args);
}

virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn, const char *name)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_text(conn, REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_NAME, name, "name");
}

virStoragePoolPtr virStoragePoolLookupByUUID(virConnectPtr conn, const unsigned char *uuid)
{
    if (!conn_enter(conn))
        return NULL;
    if (!uuid) {
        (void)error_raise_null("uuid");
        return NULL;
    }
    return lookup_by_uuid(conn, uuid);
}

virStoragePoolPtr virStoragePoolLookupByUUIDString(virConnectPtr conn, const char *uuidstr)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (!conn_enter(conn) || uuid_from_argument(uuidstr, uuid) < 0)
        return NULL;
    return lookup_by_uuid(conn, uuid);
}

virStoragePoolPtr virStoragePoolLookupByVolume(virStorageVolPtr vol)
{
    remote_vol_args args;

    if (!vol_enter(vol))
        return NULL;
    args.vol = vol_wire(vol);
    return call_for_pool(vol->object.conn, REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_VOLUME,
                         XDR_OF(remote_vol_args), &args);
}

virStoragePoolPtr virStoragePoolLookupByTargetPath(virConnectPtr conn, const char *path)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_text(conn, REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_TARGET_PATH, path, "path");
}

/* --- their life --- */

virStoragePoolPtr virStoragePoolCreateXML(virConnectPtr conn, const char *xmlDesc,
                                          unsigned int flags)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_xml(conn, REMOTE_PROC_STORAGE_POOL_CREATE_XML, xmlDesc, flags);
}

virStoragePoolPtr virStoragePoolDefineXML(virConnectPtr conn, const char *xml, unsigned int flags)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_xml(conn, REMOTE_PROC_STORAGE_POOL_DEFINE_XML, xml, flags);
}

int virStoragePoolBuild(virStoragePoolPtr pool, unsigned int flags)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_flags(pool, REMOTE_PROC_STORAGE_POOL_BUILD, flags);
}

int virStoragePoolCreate(virStoragePoolPtr pool, unsigned int flags)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_flags(pool, REMOTE_PROC_STORAGE_POOL_CREATE, flags);
}

int virStoragePoolDestroy(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool(pool, REMOTE_PROC_STORAGE_POOL_DESTROY);
}

int virStoragePoolDelete(virStoragePoolPtr pool, unsigned int flags)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_flags(pool, REMOTE_PROC_STORAGE_POOL_DELETE, flags);
}

int virStoragePoolUndefine(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool(pool, REMOTE_PROC_STORAGE_POOL_UNDEFINE);
}

int virStoragePoolRefresh(virStoragePoolPtr pool, unsigned int flags)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_flags(pool, REMOTE_PROC_STORAGE_POOL_REFRESH, flags);
}

/* --- what is known of them --- */

const char *virStoragePoolGetName(virStoragePoolPtr pool)
{
    return pool_enter(pool) ? pool->name : NULL;
}

int virStoragePoolGetUUID(virStoragePoolPtr pool, unsigned char *uuid)
{
    if (!pool_enter(pool))
        return -1;
    if (!uuid)
        return error_raise_null("uuid");
    memcpy(uuid, pool->uuid, sizeof(pool->uuid));
    return 0;
}

int virStoragePoolGetUUIDString(virStoragePoolPtr pool, char *buf)
{
    if (!pool_enter(pool))
        return -1;
    if (!buf)
        return error_raise_null("buf");
    uuid_format(pool->uuid, buf);
    return 0;
}

int virStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info)
{
    remote_pool_info_ret ret = { .state = 0 };
    remote_pool_args args;

    if (!pool_enter(pool))
        return -1;
    if (!info)
        return error_raise_null("info");
    args.pool = pool_wire(pool);
    if (conn_call(pool->object.conn, REMOTE(STORAGE_POOL_GET_INFO), XDR_OF(remote_pool_args),
                  &args, XDR_OF(remote_pool_info_ret), &ret) < 0)
        return -1;
    *info = (virStoragePoolInfo){
        .state = ret.state,
        .capacity = ret.capacity,
        .allocation = ret.allocation,
        .available = ret.available,
    };
    return 0;
}

char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags)
{
    remote_pool_flags_args args = { .flags = flags };

    if (!pool_enter(pool))
        return NULL;
    args.pool = pool_wire(pool);
    return conn_call_text(pool->object.conn, REMOTE_PROC_STORAGE_POOL_GET_XML_DESC,
                          XDR_OF(remote_pool_flags_args), &args);
}

int virStoragePoolGetAutostart(virStoragePoolPtr pool, int *autostart)
{
    int value;

    if (!pool_enter(pool))
        return -1;
    if (!autostart)
        return error_raise_null("autostart");
    value = call_pool_int(pool, REMOTE_PROC_STORAGE_POOL_GET_AUTOSTART);
    if (value < 0)
        return -1;
    *autostart = value;
    return 0;
}

int virStoragePoolSetAutostart(virStoragePoolPtr pool, int autostart)
{
    remote_pool_int_args args = { .value = autostart != 0 };

    if (!pool_enter(pool))
        return -1;
    args.pool = pool_wire(pool);
    return conn_call(pool->object.conn, REMOTE(STORAGE_POOL_SET_AUTOSTART),
                     XDR_OF(remote_pool_int_args), &args, NULL, NULL);
}

int virStoragePoolIsActive(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_int(pool, REMOTE_PROC_STORAGE_POOL_IS_ACTIVE);
}

int virStoragePoolIsPersistent(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_int(pool, REMOTE_PROC_STORAGE_POOL_IS_PERSISTENT);
}

int virStoragePoolNumOfVolumes(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return call_pool_int(pool, REMOTE_PROC_STORAGE_POOL_NUM_OF_VOLUMES);
}

int virStoragePoolListVolumes(virStoragePoolPtr pool, char **const names, int maxnames)
{
    remote_pool_int_args args;

    if (!pool_enter(pool) || check_room(names, "names", &maxnames, WIRE_VOL_LIST_MAX) < 0)
        return -1;
    args = (remote_pool_int_args){ .pool = pool_wire(pool), .value = maxnames };
    return conn_call_names(pool->object.conn, REMOTE_PROC_STORAGE_POOL_LIST_VOLUMES,
                           XDR_OF(remote_pool_int_args), &args, names, maxnames);
}

/* --- references --- */

virConnectPtr virStoragePoolGetConnect(virStoragePoolPtr pool)
{
    return pool_enter(pool) ? pool->object.conn : NULL;
}

int virStoragePoolRef(virStoragePoolPtr pool)
{
    return pool_enter(pool) ? object_ref(&pool->object) : -1;
}

void pool_unref(virStoragePoolPtr pool)
{
    if (object_unref(&pool->object) > 0)
        return;
    (void)connect_unref(pool->object.conn);
    free(pool->name);
    free(pool);
}

int virStoragePoolFree(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    pool_unref(pool);
    return 0;
}
