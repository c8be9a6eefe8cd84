/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The storage pool calls that only read; those that change one are in pool_change.c.  Loop
   thread. */

#include <stdio.h>
#include <string.h>

#include "calls/lookup.h"
#include "protocol/remote.h"
#include "storage/pool_driver.h"
#include "util/alloc.h"

/* --- counting and listing --- */

/* The filters of virConnectListAllStoragePools, by group: no bit of a group = all of it. */
struct pool_filter {
    unsigned int bit, group;
    bool (*matches)(const struct pool *pool);
};

static bool is_active(const struct pool *pool)
{
    return pool->active;
}

static bool is_inactive(const struct pool *pool)
{
    return !pool->active;
}

static bool is_persistent(const struct pool *pool)
{
    return pool->config_def;
}

static bool is_transient(const struct pool *pool)
{
    return !pool->config_def;
}

static bool is_autostarted(const struct pool *pool)
{
    return pool->autostart;
}

static bool is_not_autostarted(const struct pool *pool)
{
    return !pool->autostart;
}

static bool is_dir(const struct pool *pool)
{
    return strcmp(pool->def->type, "dir") == 0;
}

enum {
    LIST_ACTIVE = VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE | VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE,
    LIST_PERSISTENT =
        VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT | VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT,
    LIST_AUTOSTART =
        VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART | VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART,
    LIST_TYPES = ((VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT << 1) - 1) &
                 ~(VIR_CONNECT_LIST_STORAGE_POOLS_DIR - 1),
    LIST_ALL = LIST_ACTIVE | LIST_PERSISTENT | LIST_AUTOSTART | LIST_TYPES,
};

static const struct pool_filter filters[] = {
    { VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE, LIST_ACTIVE, is_active },
    { VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE, LIST_ACTIVE, is_inactive },
    { VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT, LIST_PERSISTENT, is_persistent },
    { VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT, LIST_PERSISTENT, is_transient },
    { VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART, LIST_AUTOSTART, is_autostarted },
    { VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART, LIST_AUTOSTART, is_not_autostarted },
    { VIR_CONNECT_LIST_STORAGE_POOLS_DIR, LIST_TYPES, is_dir },
};

static const unsigned int filter_groups[] = { LIST_ACTIVE, LIST_PERSISTENT, LIST_AUTOSTART,
                                              LIST_TYPES };

static bool group_matches(const struct pool *pool, unsigned int group, unsigned int flags)
{
    if (!(flags & group))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        if (filters[i].group == group && (flags & filters[i].bit) && filters[i].matches(pool))
            return true;
    }
    return false;
}

static bool pool_matches(const struct pool *pool, unsigned int flags)
{
    for (size_t i = 0; i < ARRAY_SIZE(filter_groups); i++) {
        if (!group_matches(pool, filter_groups[i], flags))
            return false;
    }
    return true;
}

/* The matching pools, a new array; the pools stay the storage's. */
static struct pool **matching_pools(struct call *call, unsigned int flags, size_t *ret_count)
{
    struct storage *storage = call->daemon->storage;
    struct pool **pools = xcalloc(HASH_CNT(hh_uuid, storage->by_uuid) + 1, sizeof(*pools));
    struct pool *pool, *next;

    *ret_count = 0;
    HASH_ITER(hh_uuid, storage->by_uuid, pool, next) {
        if (pool_matches(pool, flags))
            pools[(*ret_count)++] = pool;
    }
    return pools;
}

static int count_pools(struct call *call, unsigned int flags)
{
    struct remote_int_ret *ret = call->ret;
    size_t count;

    free(matching_pools(call, flags, &count));
    ret->value = (int)count;
    return 0;
}

static int num_of_pools(struct call *call)
{
    return count_pools(call, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
}

static int num_of_defined_pools(struct call *call)
{
    return count_pools(call, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE);
}

/* How many names the caller takes, or -1. */
static int check_maxnames(struct call *call, int maxnames, size_t limit)
{
    if (maxnames < 0 || (size_t)maxnames > limit)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "maxnames %d is not between 0 and %zu in %s", maxnames, limit,
                          call->proc->api);
    return 0;
}

static int list_names(struct call *call, unsigned int flags)
{
    const struct remote_int_args *args = call->args;
    struct remote_names_ret *ret = call->ret;
    _cleanup_free_ struct pool **pools = NULL;
    size_t count;

    if (check_maxnames(call, args->value, WIRE_POOL_LIST_MAX) < 0)
        return -1;
    pools = matching_pools(call, flags, &count);
    if (count > (size_t)args->value)
        count = (size_t)args->value;
    ret->names.names_val = xcalloc(count, sizeof(wire_text));
    for (size_t i = 0; i < count; i++)
        ret->names.names_val[i] = xstrdup(pools[i]->def->name);
    ret->names.names_len = (u_int)count;
    return 0;
}

static int list_pools(struct call *call)
{
    return list_names(call, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
}

static int list_defined_pools(struct call *call)
{
    return list_names(call, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE);
}

static int check_list_size(struct call *call, size_t count, size_t limit)
{
    if (count <= limit)
        return 0;
    return verror_set(&call->err, VIR_ERR_RPC,
                      "%zu objects are more than the %zu that fit in a reply", count, limit);
}

static int list_all_pools(struct call *call)
{
    const struct remote_list_all_args *args = call->args;
    struct remote_pool_list_ret *ret = call->ret;
    _cleanup_free_ struct pool **pools = NULL;
    size_t count;

    if (call_check_flags(call, args->flags, LIST_ALL) < 0)
        return -1;
    pools = matching_pools(call, args->flags, &count);
    if (check_list_size(call, count, WIRE_POOL_LIST_MAX) < 0)
        return -1;
    ret->ret = (u_int)count;
    if (!args->need_results)
        return 0;
    ret->pools.pools_val = xcalloc(count, sizeof(struct wire_pool));
    ret->pools.pools_len = (u_int)count;
    for (size_t i = 0; i < count; i++)
        pool_to_wire(pools[i], &ret->pools.pools_val[i]);
    return 0;
}

/* --- lookups --- */

static int reply_pool(struct call *call, struct pool *pool)
{
    struct remote_pool_ret *ret = call->ret;

    if (!pool)
        return -1;
    pool_to_wire(pool, &ret->pool);
    return 0;
}

static int lookup_by_name(struct call *call)
{
    const struct remote_text_args *args = call->args;

    return reply_pool(call, call_pool_by_name(call, args->value));
}

static int lookup_by_uuid(struct call *call)
{
    const struct remote_uuid_args *args = call->args;
    char uuid[UUID_TEXT_SIZE];
    struct pool *pool;

    uuid_format((const unsigned char *)args->uuid, uuid);
    pool = pool_find_uuid(call->daemon->storage, uuid);
    if (!pool)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_POOL,
                          "no storage pool with matching uuid '%s'", uuid);
    return reply_pool(call, pool);
}

static int lookup_by_volume(struct call *call)
{
    const struct remote_vol_args *args = call->args;

    return reply_pool(call, call_pool_by_name(call, args->vol.pool));
}

static int lookup_by_target_path(struct call *call)
{
    const struct remote_text_args *args = call->args;
    struct pool *pool = pool_find_path(call->daemon->storage, args->value);

    if (!pool || !pool->active)
        return verror_set(&call->err, VIR_ERR_NO_STORAGE_POOL,
                          "no storage pool with matching target path '%s'", args->value);
    return reply_pool(call, pool);
}

/* --- what a pool is --- */

static int get_info(struct call *call)
{
    const struct remote_pool_args *args = call->args;
    struct remote_pool_info_ret *ret = call->ret;
    struct pool *pool = call_pool(call, &args->pool);

    if (!pool)
        return -1;
    ret->state = VIR_STORAGE_POOL_INACTIVE;
    if (pool->building)
        ret->state = VIR_STORAGE_POOL_BUILDING;
    if (pool->active)
        ret->state = VIR_STORAGE_POOL_RUNNING;
    ret->capacity = pool->state.capacity;
    ret->allocation = pool->state.allocation;
    ret->available = pool->state.available;
    return 0;
}

static int get_xml_desc(struct call *call)
{
    const struct remote_pool_flags_args *args = call->args;
    struct remote_text_ret *ret = call->ret;
    struct pool *pool = call_pool(call, &args->pool);

    if (!pool || call_check_flags(call, args->flags, VIR_STORAGE_XML_INACTIVE) < 0)
        return -1;
    ret->value = pool_xml(pool, args->flags & VIR_STORAGE_XML_INACTIVE);
    return 0;
}

static int get_bool(struct call *call, bool (*get)(const struct pool *pool))
{
    const struct remote_pool_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    struct pool *pool = call_pool(call, &args->pool);

    if (!pool)
        return -1;
    ret->value = get(pool);
    return 0;
}

static int get_autostart(struct call *call)
{
    return get_bool(call, is_autostarted);
}

static int get_is_active(struct call *call)
{
    return get_bool(call, is_active);
}

static int get_is_persistent(struct call *call)
{
    return get_bool(call, is_persistent);
}

/* --- its volumes --- */

static int num_of_volumes(struct call *call)
{
    const struct remote_pool_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    struct pool *pool = call_active_pool(call, &args->pool);

    if (!pool)
        return -1;
    ret->value = (int)HASH_CNT(hh_name, pool->vols);
    return 0;
}

static int list_volumes(struct call *call)
{
    const struct remote_pool_int_args *args = call->args;
    struct remote_names_ret *ret = call->ret;
    struct pool *pool = call_active_pool(call, &args->pool);
    struct vol *vol, *next;
    size_t room;

    if (!pool || check_maxnames(call, args->value, WIRE_VOL_LIST_MAX) < 0)
        return -1;
    room = HASH_CNT(hh_name, pool->vols);
    if (room > (size_t)args->value)
        room = (size_t)args->value;
    ret->names.names_val = xcalloc(room, sizeof(wire_text));
    HASH_ITER(hh_name, pool->vols, vol, next) {
        if (ret->names.names_len < room)
            ret->names.names_val[ret->names.names_len++] = xstrdup(vol->info->name);
    }
    return 0;
}

static int list_all_volumes(struct call *call)
{
    const struct remote_pool_list_all_args *args = call->args;
    struct remote_vol_list_ret *ret = call->ret;
    struct pool *pool = call_active_pool(call, &args->pool);
    struct vol *vol, *next;

    if (!pool || call_check_flags(call, args->flags, 0) < 0)
        return -1;
    ret->ret = HASH_CNT(hh_name, pool->vols);
    if (check_list_size(call, ret->ret, WIRE_VOL_LIST_MAX) < 0)
        return -1;
    if (!args->need_results)
        return 0;
    ret->vols.vols_val = xcalloc(ret->ret, sizeof(struct wire_vol));
    HASH_ITER(hh_name, pool->vols, vol, next)
        vol_to_wire(vol, &ret->vols.vols_val[ret->vols.vols_len++]);
    return 0;
}

/* --- what can be had --- */

static int find_sources(struct call *call)
{
    const struct remote_find_sources_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (!pool_driver_find(args->type))
        return verror_set(&call->err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "there are no storage pools of type '%s' here", args->type);
    return verror_set(&call->err, VIR_ERR_NO_SUPPORT,
                      "pool type '%s' does not support source discovery", args->type);
}

static int get_capabilities(struct call *call)
{
    const struct remote_flags_args *args = call->args;
    struct remote_text_ret *ret = call->ret;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    ret->value = xstrdup("<storagepoolCapabilities>\n"
                         "  <pool type='dir' supported='yes'>\n"
                         "    <volOptions>\n"
                         "      <defaultFormat type='raw'/>\n"
                         "      <enum name='targetFormatType'>\n"
                         "        <value>raw</value>\n"
                         "        <value>qcow2</value>\n"
                         "      </enum>\n"
                         "    </volOptions>\n"
                         "  </pool>\n"
                         "</storagepoolCapabilities>\n");
    return 0;
}

#define ROW(proc, function, reader, ...)                                                  \
    {                                                                                     \
        .number = REMOTE_PROC_##proc, .api = function, .access = ACCESS_READ,             \
        PROC_ON(POOL, READ),                                                              \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_STORAGE, .handler = reader,       \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(CONNECT_NUM_OF_STORAGE_POOLS, "virConnectNumOfStoragePools", num_of_pools,
        PROC_RET(remote_int_ret)),
    ROW(CONNECT_LIST_STORAGE_POOLS, "virConnectListStoragePools", list_pools,
        PROC_ARGS(remote_int_args), PROC_RET(remote_names_ret)),
    ROW(CONNECT_NUM_OF_DEFINED_STORAGE_POOLS, "virConnectNumOfDefinedStoragePools",
        num_of_defined_pools, PROC_RET(remote_int_ret)),
    ROW(CONNECT_LIST_DEFINED_STORAGE_POOLS, "virConnectListDefinedStoragePools",
        list_defined_pools, PROC_ARGS(remote_int_args), PROC_RET(remote_names_ret)),
    ROW(CONNECT_LIST_ALL_STORAGE_POOLS, "virConnectListAllStoragePools", list_all_pools,
        PROC_ARGS(remote_list_all_args), PROC_RET(remote_pool_list_ret)),
    ROW(STORAGE_POOL_LOOKUP_BY_NAME, "virStoragePoolLookupByName", lookup_by_name,
        PROC_ARGS(remote_text_args), PROC_RET(remote_pool_ret)),
    ROW(STORAGE_POOL_LOOKUP_BY_UUID, "virStoragePoolLookupByUUID", lookup_by_uuid,
        PROC_ARGS(remote_uuid_args), PROC_RET(remote_pool_ret)),
    ROW(STORAGE_POOL_LOOKUP_BY_VOLUME, "virStoragePoolLookupByVolume", lookup_by_volume,
        PROC_ARGS(remote_vol_args), PROC_RET(remote_pool_ret)),
    ROW(STORAGE_POOL_LOOKUP_BY_TARGET_PATH, "virStoragePoolLookupByTargetPath",
        lookup_by_target_path, PROC_ARGS(remote_text_args), PROC_RET(remote_pool_ret)),
    ROW(STORAGE_POOL_GET_INFO, "virStoragePoolGetInfo", get_info, PROC_ARGS(remote_pool_args),
        PROC_RET(remote_pool_info_ret)),
    ROW(STORAGE_POOL_GET_XML_DESC, "virStoragePoolGetXMLDesc", get_xml_desc,
        PROC_ARGS(remote_pool_flags_args), PROC_RET(remote_text_ret)),
    ROW(STORAGE_POOL_GET_AUTOSTART, "virStoragePoolGetAutostart", get_autostart,
        PROC_ARGS(remote_pool_args), PROC_RET(remote_int_ret)),
    ROW(STORAGE_POOL_IS_ACTIVE, "virStoragePoolIsActive", get_is_active,
        PROC_ARGS(remote_pool_args), PROC_RET(remote_int_ret)),
    ROW(STORAGE_POOL_IS_PERSISTENT, "virStoragePoolIsPersistent", get_is_persistent,
        PROC_ARGS(remote_pool_args), PROC_RET(remote_int_ret)),
    ROW(STORAGE_POOL_NUM_OF_VOLUMES, "virStoragePoolNumOfVolumes", num_of_volumes,
        PROC_ARGS(remote_pool_args), PROC_RET(remote_int_ret)),
    ROW(STORAGE_POOL_LIST_VOLUMES, "virStoragePoolListVolumes", list_volumes,
        PROC_ARGS(remote_pool_int_args), PROC_RET(remote_names_ret)),
    ROW(STORAGE_POOL_LIST_ALL_VOLUMES, "virStoragePoolListAllVolumes", list_all_volumes,
        PROC_ARGS(remote_pool_list_all_args), PROC_RET(remote_vol_list_ret)),
    ROW(CONNECT_GET_STORAGE_POOL_CAPABILITIES, "virConnectGetStoragePoolCapabilities",
        get_capabilities, PROC_ARGS(remote_flags_args), PROC_RET(remote_text_ret)),
    /* libvirt denies this one to readers: looking for sources may run commands */
    { .number = REMOTE_PROC_CONNECT_FIND_STORAGE_POOL_SOURCES,
      .api = "virConnectFindStoragePoolSources",
      PROC_ON(POOL, CONTROL),
      .access = ACCESS_WRITE,
      .class = CLASS_MEMORY,
      .error_domain = VIR_FROM_STORAGE,
      .handler = find_sources,
      PROC_ARGS(remote_find_sources_args),
      PROC_RET(remote_text_ret) },
};

const struct proc_table calls_pool = { procs, ARRAY_SIZE(procs) };
