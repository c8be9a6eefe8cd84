/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage volumes: the object, and the calls on it.  Any thread. */

#include "internal.h"

virStorageVolPtr vol_new(virConnectPtr conn, wire_vol *wire)
{
    virStorageVolPtr vol = calloc(1, sizeof(*vol));

    if (!vol) {
        (void)error_raise_no_memory();
        return NULL;
    }
    vol->object.magic = MAGIC_VOL;
    vol->object.refs = 1;
    vol->object.conn = conn;
    (void)object_ref(&conn->object);
    vol->pool = STEAL_PTR(wire->pool);
    vol->name = STEAL_PTR(wire->name);
    vol->key = STEAL_PTR(wire->key);
    return vol;
}

wire_vol vol_wire(virStorageVolPtr vol)
{
    return (wire_vol){ .pool = vol->pool, .name = vol->name, .key = vol->key };
}

/* --- the shapes of the calls --- */

/* Calls that answer with a volume. */
static virStorageVolPtr call_for_vol(virConnectPtr conn, int procedure, xdrproc_t args_xdr,
                                     const void *args)
{
    remote_vol_ret ret = { .vol = { .name = NULL } };
    virStorageVolPtr vol;

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args, XDR_OF(remote_vol_ret),
                  &ret) < 0)
        return NULL;
    vol = vol_new(conn, &ret.vol);
    xdr_free(XDR_OF(remote_vol_ret), &ret);
    return vol;
}

static virStorageVolPtr call_with_text(virConnectPtr conn, int procedure, const char *text,
                                       const char *argument)
{
    remote_text_args args = { .value = unconst(text) };

    if (!text) {
        (void)error_raise_null(argument);
        return NULL;
    }
    return call_for_vol(conn, procedure, XDR_OF(remote_text_args), &args);
}

static int call_vol_flags(virStorageVolPtr vol, int procedure, unsigned int flags)
{
    remote_vol_flags_args args = { .vol = vol_wire(vol), .flags = flags };

    return conn_call(vol->object.conn, REMOTE_PROGRAM_NUMBER, procedure,
                     XDR_OF(remote_vol_flags_args), &args, NULL, NULL);
}

static int call_for_info(virStorageVolPtr vol, int procedure, xdrproc_t args_xdr, const void *args,
                         virStorageVolInfoPtr info)
{
    remote_vol_info_ret ret = { .type = 0 };

    if (!info)
        return error_raise_null("info");
    if (conn_call(vol->object.conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args,
                  XDR_OF(remote_vol_info_ret), &ret) < 0)
        return -1;
    *info = (virStorageVolInfo){
        .type = ret.type,
        .capacity = ret.capacity,
        .allocation = ret.allocation,
    };
    return 0;
}

/* --- finding volumes --- */

/* The volumes of a reply as objects, NULL behind the last.  NULL: raised. */
static virStorageVolPtr *vols_of(virConnectPtr conn, remote_vol_list_ret *ret)
{
    unsigned int count = ret->vols.vols_len;
    virStorageVolPtr *vols = calloc((size_t)count + 1, sizeof(virStorageVolPtr));

    if (!vols) {
        (void)error_raise_no_memory();
        return NULL;
    }
    for (unsigned int i = 0; i < count; i++) {
        vols[i] = vol_new(conn, &ret->vols.vols_val[i]);
        if (vols[i])
            continue;
        while (i-- > 0)
            vol_unref(vols[i]);
        free(vols);
        return NULL;
    }
    return vols;
}

int virStoragePoolListAllVolumes(virStoragePoolPtr pool, virStorageVolPtr **vols,
                                 unsigned int flags)
{
    remote_pool_list_all_args args = { .need_results = vols != NULL, .flags = flags };
    remote_vol_list_ret ret = { .ret = 0 };
    int count;

    if (!pool_enter(pool))
        return -1;
    if (vols)
        *vols = NULL;
    args.pool = pool_wire(pool);
    if (conn_call(pool->object.conn, REMOTE(STORAGE_POOL_LIST_ALL_VOLUMES),
                  XDR_OF(remote_pool_list_all_args), &args, XDR_OF(remote_vol_list_ret), &ret) < 0)
        return -1;
    count = (int)(vols ? ret.vols.vols_len : ret.ret);
    if (vols) {
        *vols = vols_of(pool->object.conn, &ret);
        if (!*vols)
            count = -1;
    }
    xdr_free(XDR_OF(remote_vol_list_ret), &ret);
    return count;
}

virStorageVolPtr virStorageVolLookupByName(virStoragePoolPtr pool, const char *name)
{
    remote_pool_text_args args = { .value = unconst(name) };

    if (!pool_enter(pool))
        return NULL;
    if (!name) {
        (void)error_raise_null("name");
        return NULL;
    }
    args.pool = pool_wire(pool);
    return call_for_vol(pool->object.conn, REMOTE_PROC_STORAGE_VOL_LOOKUP_BY_NAME,
                        XDR_OF(remote_pool_text_args), &args);
}

virStorageVolPtr virStorageVolLookupByKey(virConnectPtr conn, const char *key)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_text(conn, REMOTE_PROC_STORAGE_VOL_LOOKUP_BY_KEY, key, "key");
}

virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn, const char *path)
{
    if (!conn_enter(conn))
        return NULL;
    return call_with_text(conn, REMOTE_PROC_STORAGE_VOL_LOOKUP_BY_PATH, path, "path");
}

/* --- their life --- */

virStorageVolPtr virStorageVolCreateXML(virStoragePoolPtr pool, const char *xmldesc,
                                        unsigned int flags)
{
    remote_pool_xml_args args = { .xml = unconst(xmldesc), .flags = flags };

    if (!pool_enter(pool))
        return NULL;
    if (!xmldesc) {
        (void)error_raise_null("xmldesc");
        return NULL;
    }
    args.pool = pool_wire(pool);
    return call_for_vol(pool->object.conn, REMOTE_PROC_STORAGE_VOL_CREATE_XML,
                        XDR_OF(remote_pool_xml_args), &args);
}

virStorageVolPtr virStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xmldesc,
                                            virStorageVolPtr clonevol, unsigned int flags)
{
    remote_pool_clone_args args = { .xml = unconst(xmldesc), .flags = flags };

    if (!pool_enter(pool) || !vol_check(clonevol))
        return NULL;
    if (!xmldesc) {
        (void)error_raise_null("xmldesc");
        return NULL;
    }
    if (clonevol->object.conn != pool->object.conn) {
        (void)error_raise(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE,
                          "volume '%s' and pool '%s' are of different connections in %s",
                          clonevol->name, pool->name, error_api());
        return NULL;
    }
    args.pool = pool_wire(pool);
    args.source = vol_wire(clonevol);
    return call_for_vol(pool->object.conn, REMOTE_PROC_STORAGE_VOL_CREATE_XML_FROM,
                        XDR_OF(remote_pool_clone_args), &args);
}

int virStorageVolDelete(virStorageVolPtr vol, unsigned int flags)
{
    if (!vol_enter(vol))
        return -1;
    return call_vol_flags(vol, REMOTE_PROC_STORAGE_VOL_DELETE, flags);
}

int virStorageVolWipe(virStorageVolPtr vol, unsigned int flags)
{
    if (!vol_enter(vol))
        return -1;
    return call_vol_flags(vol, REMOTE_PROC_STORAGE_VOL_WIPE, flags);
}

int virStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags)
{
    remote_vol_wipe_args args = { .algorithm = algorithm, .flags = flags };

    if (!vol_enter(vol))
        return -1;
    args.vol = vol_wire(vol);
    return conn_call(vol->object.conn, REMOTE(STORAGE_VOL_WIPE_PATTERN),
                     XDR_OF(remote_vol_wipe_args), &args, NULL, NULL);
}

int virStorageVolResize(virStorageVolPtr vol, unsigned long long capacity, unsigned int flags)
{
    remote_vol_resize_args args = { .capacity = capacity, .flags = flags };

    if (!vol_enter(vol))
        return -1;
    args.vol = vol_wire(vol);
    return conn_call(vol->object.conn, REMOTE(STORAGE_VOL_RESIZE), XDR_OF(remote_vol_resize_args),
                     &args, NULL, NULL);
}

/* --- its bytes --- */

static int transfer(virStorageVolPtr vol, virStreamPtr stream, int procedure,
                    remote_vol_transfer_args *args)
{
    args->vol = vol_wire(vol);
    return conn_call_stream(vol->object.conn, stream, procedure,
                            XDR_OF(remote_vol_transfer_args), args, NULL, NULL);
}

int virStorageVolUpload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                        unsigned long long length, unsigned int flags)
{
    remote_vol_transfer_args args = { .offset = offset, .length = length, .flags = flags };

    if (!vol_enter(vol) || !stream_check(stream))
        return -1;
    return transfer(vol, stream, REMOTE_PROC_STORAGE_VOL_UPLOAD, &args);
}

int virStorageVolDownload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                          unsigned long long length, unsigned int flags)
{
    remote_vol_transfer_args args = { .offset = offset, .length = length, .flags = flags };

    if (!vol_enter(vol) || !stream_check(stream))
        return -1;
    return transfer(vol, stream, REMOTE_PROC_STORAGE_VOL_DOWNLOAD, &args);
}

/* --- what is known of them --- */

const char *virStorageVolGetName(virStorageVolPtr vol)
{
    return vol_enter(vol) ? vol->name : NULL;
}

const char *virStorageVolGetKey(virStorageVolPtr vol)
{
    return vol_enter(vol) ? vol->key : NULL;
}

char *virStorageVolGetPath(virStorageVolPtr vol)
{
    remote_vol_args args;

    if (!vol_enter(vol))
        return NULL;
    args.vol = vol_wire(vol);
    return conn_call_text(vol->object.conn, REMOTE_PROC_STORAGE_VOL_GET_PATH,
                          XDR_OF(remote_vol_args), &args);
}

int virStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info)
{
    remote_vol_args args;

    if (!vol_enter(vol))
        return -1;
    args.vol = vol_wire(vol);
    return call_for_info(vol, REMOTE_PROC_STORAGE_VOL_GET_INFO, XDR_OF(remote_vol_args), &args,
                         info);
}

int virStorageVolGetInfoFlags(virStorageVolPtr vol, virStorageVolInfoPtr info, unsigned int flags)
{
    remote_vol_flags_args args = { .flags = flags };

    if (!vol_enter(vol))
        return -1;
    args.vol = vol_wire(vol);
    return call_for_info(vol, REMOTE_PROC_STORAGE_VOL_GET_INFO_FLAGS,
                         XDR_OF(remote_vol_flags_args), &args, info);
}

char *virStorageVolGetXMLDesc(virStorageVolPtr vol, unsigned int flags)
{
    remote_vol_flags_args args = { .flags = flags };

    if (!vol_enter(vol))
        return NULL;
    args.vol = vol_wire(vol);
    return conn_call_text(vol->object.conn, REMOTE_PROC_STORAGE_VOL_GET_XML_DESC,
                          XDR_OF(remote_vol_flags_args), &args);
}

/* --- references --- */

virConnectPtr virStorageVolGetConnect(virStorageVolPtr vol)
{
    return vol_enter(vol) ? vol->object.conn : NULL;
}

int virStorageVolRef(virStorageVolPtr vol)
{
    return vol_enter(vol) ? object_ref(&vol->object) : -1;
}

void vol_unref(virStorageVolPtr vol)
{
    if (object_unref(&vol->object) > 0)
        return;
    (void)connect_unref(vol->object.conn);
    free(vol->pool);
    free(vol->name);
    free(vol->key);
    free(vol);
}

int virStorageVolFree(virStorageVolPtr vol)
{
    if (!vol_enter(vol))
        return -1;
    vol_unref(vol);
    return 0;
}
