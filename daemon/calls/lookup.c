/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage objects to and from the wire; see lookup.h.  Loop thread. */

#include "calls/lookup.h"

#include <string.h>

#include "util/alloc.h"

struct pool *call_pool(struct call *call, const struct wire_pool *wire)
{
    char uuid[UUID_TEXT_SIZE];
    struct pool *pool;

    uuid_format((const unsigned char *)wire->uuid, uuid);
    pool = pool_find_uuid(call->daemon->storage, uuid);
    if (!pool)
        verror_set(&call->err, VIR_ERR_NO_STORAGE_POOL,
                   "no storage pool with matching uuid '%s' (%s)", uuid, wire->name);
    return pool;
}

struct pool *call_active_pool(struct call *call, const struct wire_pool *wire)
{
    struct pool *pool = call_pool(call, wire);

    return pool && pool_check_active(pool, &call->err) == 0 ? pool : NULL;
}

struct pool *call_pool_by_name(struct call *call, const char *name)
{
    struct pool *pool = pool_find_name(call->daemon->storage, name);

    if (!pool)
        verror_set(&call->err, VIR_ERR_NO_STORAGE_POOL,
                   "no storage pool with matching name '%s'", name);
    return pool;
}

struct vol *call_vol(struct call *call, const struct wire_vol *wire)
{
    struct pool *pool = call_pool_by_name(call, wire->pool);
    struct vol *vol;

    if (!pool || pool_check_active(pool, &call->err) < 0)
        return NULL;
    vol = vol_find_name(pool, wire->name);
    if (!vol)
        verror_set(&call->err, VIR_ERR_NO_STORAGE_VOL,
                   "no storage vol with matching name '%s' in pool '%s'", wire->name, wire->pool);
    return vol;
}

void pool_to_wire(const struct pool *pool, struct wire_pool *ret)
{
    ret->name = xstrdup(pool->def->name);
    memcpy(ret->uuid, pool->def->uuid, sizeof(ret->uuid));
}

void vol_to_wire(const struct vol *vol, struct wire_vol *ret)
{
    ret->pool = xstrdup(vol->pool->def->name);
    ret->name = xstrdup(vol->info->name);
    ret->key = xstrdup(vol->info->path);
}
