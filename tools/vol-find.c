/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a user calls a volume to the volume. */

#include "tools/pool.h"
#include "tools/vol.h"

virStorageVolPtr vol_find(struct cli *cli, const char *vol, const char *pool)
{
    _cleanup_pool_ virStoragePoolPtr in = NULL;
    virStorageVolPtr found = NULL;

    if (pool) {
        in = pool_find(cli, pool);
        if (!in)
            return NULL;
        found = virStorageVolLookupByName(in, vol);
        if (!found)
            (void)cli_fail("cannot find volume '%s' in pool '%s'", vol, pool);
        return found;
    }
    found = virStorageVolLookupByKey(cli->conn, vol);
    if (!found)
        found = virStorageVolLookupByPath(cli->conn, vol);
    if (!found)
        (void)cli_fail("cannot find volume '%s' by its key or path (by its name: add --pool)",
                       vol);
    return found;
}

virStorageVolPtr vol_of(struct cli *cli, const struct args *args)
{
    return vol_find(cli, args_text(args, "vol"), args_text(args, "pool"));
}
