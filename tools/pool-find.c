/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a user calls a pool to the pool. */

#include "tools/pool.h"
#include "tools/text.h"

virStoragePoolPtr pool_lookup(struct cli *cli, const char *name_or_uuid)
{
    virStoragePoolPtr pool = NULL;

    if (text_is_uuid(name_or_uuid))
        pool = virStoragePoolLookupByUUIDString(cli->conn, name_or_uuid);
    return pool ? pool : virStoragePoolLookupByName(cli->conn, name_or_uuid);
}

virStoragePoolPtr pool_find(struct cli *cli, const char *name_or_uuid)
{
    virStoragePoolPtr pool = pool_lookup(cli, name_or_uuid);

    if (!pool)
        (void)cli_fail("cannot find pool '%s'", name_or_uuid);
    return pool;
}

virStoragePoolPtr pool_of(struct cli *cli, const struct args *args)
{
    return pool_find(cli, args_text(args, "pool"));
}

const char *pool_state_name(int state)
{
    static const char *const names[] = {
        [VIR_STORAGE_POOL_INACTIVE] = "inactive",
        [VIR_STORAGE_POOL_BUILDING] = "building",
        [VIR_STORAGE_POOL_RUNNING] = "running",
        [VIR_STORAGE_POOL_DEGRADED] = "degraded",
        [VIR_STORAGE_POOL_INACCESSIBLE] = "inaccessible",
    };

    return state >= 0 && (size_t)state < ARRAY_SIZE(names) ? names[state] : "unknown";
}
