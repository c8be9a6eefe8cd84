/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes listed and described. */

#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/pool.h"
#include "tools/table.h"
#include "tools/vol.h"

/* The volumes that were listed; ours to free. */
struct vols {
    virStorageVolPtr *all;
    int count;
};

static void vols_done(struct vols *vols)
{
    int i;

    for (i = 0; i < vols->count; i++)
        (void)virStorageVolFree(vols->all[i]);
    free(vols->all);
}
#define _cleanup_vols_ _cleanup_(vols_done)

static int by_name(const void *a, const void *b)
{
    const virStorageVolPtr *left = a, *right = b;

    return strcmp(virStorageVolGetName(*left), virStorageVolGetName(*right));
}

static const char *type_name(int type)
{
    static const char *const names[] = {
        [VIR_STORAGE_VOL_FILE] = "file",       [VIR_STORAGE_VOL_BLOCK] = "block",
        [VIR_STORAGE_VOL_DIR] = "dir",         [VIR_STORAGE_VOL_NETWORK] = "network",
        [VIR_STORAGE_VOL_NETDIR] = "net-dir",  [VIR_STORAGE_VOL_PLOOP] = "ploop",
    };

    return type >= 0 && (size_t)type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

/* Everything a row tells is asked for before it is added: a volume may go in between. */
static void row_add(struct table *table, virStorageVolPtr vol, bool details)
{
    _cleanup_free_ char *path = virStorageVolGetPath(vol);
    virStorageVolInfo info = { 0 };

    if (!path || (details && virStorageVolGetInfo(vol, &info) < 0))
        return;
    table_add(table, virStorageVolGetName(vol));
    table_add(table, path);
    if (!details)
        return;
    table_add(table, type_name(info.type));
    table_take(table, format_size(info.capacity));
    table_take(table, format_size(info.allocation));
}

int vol_list(struct cli *cli, const struct args *args)
{
    static const char *const brief_heads[] = { "Name", "Path", NULL };
    static const char *const detail_heads[] = { "Name",     "Path",       "Type",
                                                "Capacity", "Allocation", NULL };
    bool details = args_flag(args, "details");
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    _cleanup_table_ struct table *table = NULL;
    _cleanup_vols_ struct vols vols = { 0 };
    int i;

    if (!pool)
        return CLI_FAILED;
    vols.count = virStoragePoolListAllVolumes(pool, &vols.all, 0);
    if (vols.count < 0)
        return cli_fail("cannot list the volumes of pool '%s'", virStoragePoolGetName(pool));
    if (vols.count > 0)
        qsort(vols.all, (size_t)vols.count, sizeof(*vols.all), by_name);
    if (args_flag(args, "name")) {
        for (i = 0; i < vols.count; i++)
            printf("%s\n", virStorageVolGetName(vols.all[i]));
        return CLI_DONE;
    }
    table = table_new(details ? detail_heads : brief_heads);
    for (i = 0; i < vols.count; i++)
        row_add(table, vols.all[i], details);
    table_print(table, stdout);
    return CLI_DONE;
}

static void size_print(const char *key, unsigned long long bytes, bool exact)
{
    _cleanup_free_ char *size = exact ? xasprintf("%llu bytes", bytes) : format_size(bytes);

    printf("%-15s %s\n", key, size);
}

int vol_info(struct cli *cli, const struct args *args)
{
    bool exact = args_flag(args, "bytes"), physical = args_flag(args, "physical");
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    virStorageVolInfo info;
    int r;

    if (!vol)
        return CLI_FAILED;
    r = physical ? virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL)
                 : virStorageVolGetInfo(vol, &info);
    if (r < 0)
        return cli_fail("cannot ask for volume '%s'", virStorageVolGetName(vol));
    printf("%-15s %s\n", "Name:", virStorageVolGetName(vol));
    printf("%-15s %s\n", "Type:", type_name(info.type));
    size_print("Capacity:", info.capacity, exact);
    size_print(physical ? "Physical:" : "Allocation:", info.allocation, exact);
    return CLI_DONE;
}

int vol_dumpxml(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    _cleanup_free_ char *xml = vol ? virStorageVolGetXMLDesc(vol, 0) : NULL;

    if (!vol)
        return CLI_FAILED;
    if (!xml)
        return cli_fail("cannot get the XML of volume '%s'", virStorageVolGetName(vol));
    cli_print(xml);
    return CLI_DONE;
}

int vol_path(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    _cleanup_free_ char *path = vol ? virStorageVolGetPath(vol) : NULL;

    if (!vol)
        return CLI_FAILED;
    if (!path)
        return cli_fail("cannot get the path of volume '%s'", virStorageVolGetName(vol));
    printf("%s\n", path);
    return CLI_DONE;
}

int vol_key(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);

    if (!vol)
        return CLI_FAILED;
    printf("%s\n", virStorageVolGetKey(vol));
    return CLI_DONE;
}

int vol_name(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_find(cli, args_text(args, "vol"), NULL);

    if (!vol)
        return CLI_FAILED;
    printf("%s\n", virStorageVolGetName(vol));
    return CLI_DONE;
}

int vol_pool(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_find(cli, args_text(args, "vol"), NULL);
    _cleanup_pool_ virStoragePoolPtr pool = vol ? virStoragePoolLookupByVolume(vol) : NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (!vol)
        return CLI_FAILED;
    if (!pool || virStoragePoolGetUUIDString(pool, uuid) < 0)
        return cli_fail("cannot find the pool of volume '%s'", virStorageVolGetName(vol));
    printf("%s\n", args_flag(args, "uuid") ? uuid : virStoragePoolGetName(pool));
    return CLI_DONE;
}
