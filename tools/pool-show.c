/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools listed and described. */

#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/pool.h"
#include "tools/table.h"

/* The pools that were listed; ours to free. */
struct pools {
    virStoragePoolPtr *all;
    int count;
};

static void pools_done(struct pools *pools)
{
    int i;

    for (i = 0; i < pools->count; i++)
        (void)virStoragePoolFree(pools->all[i]);
    free(pools->all);
}
#define _cleanup_pools_ _cleanup_(pools_done)

static int by_name(const void *a, const void *b)
{
    const virStoragePoolPtr *left = a, *right = b;

    return strcmp(virStoragePoolGetName(*left), virStoragePoolGetName(*right));
}

/* The flags of --type dir,fs,...; -1 and told when one is unknown. */
static int type_flags(const char *types, unsigned int *flags)
{
    static const struct {
        const char *name;
        unsigned int flag;
    } rows[] = {
        { "dir", VIR_CONNECT_LIST_STORAGE_POOLS_DIR },
        { "fs", VIR_CONNECT_LIST_STORAGE_POOLS_FS },
        { "netfs", VIR_CONNECT_LIST_STORAGE_POOLS_NETFS },
        { "logical", VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL },
        { "disk", VIR_CONNECT_LIST_STORAGE_POOLS_DISK },
        { "iscsi", VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI },
        { "scsi", VIR_CONNECT_LIST_STORAGE_POOLS_SCSI },
        { "mpath", VIR_CONNECT_LIST_STORAGE_POOLS_MPATH },
        { "rbd", VIR_CONNECT_LIST_STORAGE_POOLS_RBD },
        { "sheepdog", VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG },
        { "gluster", VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER },
        { "zfs", VIR_CONNECT_LIST_STORAGE_POOLS_ZFS },
        { "vstorage", VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE },
        { "iscsi-direct", VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT },
    };
    _cleanup_free_ char *copy = xstrdup(types);
    char *rest = copy;
    char *type;

    while ((type = strsep(&rest, ","))) {
        size_t i = 0;

        while (i < ARRAY_SIZE(rows) && strcmp(rows[i].name, type) != 0)
            i++;
        if (i == ARRAY_SIZE(rows)) {
            (void)cli_usage("'%s' is no pool type", type);
            return -1;
        }
        *flags |= rows[i].flag;
    }
    return 0;
}

static int list_flags(const struct args *args, unsigned int *flags)
{
    static const struct {
        const char *option;
        unsigned int flag;
    } rows[] = {
        { "persistent", VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT },
        { "transient", VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT },
        { "autostart", VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART },
        { "no-autostart", VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART },
    };
    size_t i;

    *flags = 0;
    if (!args_flag(args, "all"))
        *flags |= args_flag(args, "inactive") ? VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE
                                              : VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE;
    for (i = 0; i < ARRAY_SIZE(rows); i++)
        if (args_flag(args, rows[i].option))
            *flags |= rows[i].flag;
    return args_text(args, "type") ? type_flags(args_text(args, "type"), flags) : 0;
}

/* One word a line: the names, the UUIDs, or both, for scripts. */
static void words_print(const struct pools *pools, bool uuids, bool names)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    int i;

    for (i = 0; i < pools->count; i++) {
        if (uuids && virStoragePoolGetUUIDString(pools->all[i], uuid) == 0)
            printf("%s%s", uuid, names ? " " : "\n");
        if (names)
            printf("%s\n", virStoragePoolGetName(pools->all[i]));
    }
}

/* Everything a row tells is asked for before it is added: a pool may go in between. */
static void row_add(struct table *table, virStoragePoolPtr pool, bool details)
{
    virStoragePoolInfo info = { 0 };
    int autostart = 0;
    int active = virStoragePoolIsActive(pool);
    int persistent = virStoragePoolIsPersistent(pool);

    if (active < 0 || persistent < 0 || virStoragePoolGetAutostart(pool, &autostart) < 0 ||
        (details && virStoragePoolGetInfo(pool, &info) < 0))
        return;
    table_add(table, virStoragePoolGetName(pool));
    table_add(table, details  ? pool_state_name(info.state)
                     : active ? "active"
                              : "inactive");
    table_add(table, autostart ? "yes" : "no");
    if (!details)
        return;
    table_add(table, persistent ? "yes" : "no");
    table_take(table, active ? format_size(info.capacity) : xstrdup("-"));
    table_take(table, active ? format_size(info.allocation) : xstrdup("-"));
    table_take(table, active ? format_size(info.available) : xstrdup("-"));
}

int pool_list_check(const struct args *args)
{
    unsigned int ignored;

    return list_flags(args, &ignored) < 0 ? CLI_USAGE : CLI_DONE;
}

int pool_list(struct cli *cli, const struct args *args)
{
    static const char *const brief_heads[] = { "Name", "State", "Autostart", NULL };
    static const char *const detail_heads[] = { "Name",     "State",      "Autostart", "Persistent",
                                                "Capacity", "Allocation", "Available", NULL };
    bool details = args_flag(args, "details");
    bool uuids = args_flag(args, "uuid"), names = args_flag(args, "name");
    _cleanup_pools_ struct pools pools = { 0 };
    _cleanup_table_ struct table *table = NULL;
    unsigned int flags;
    int i;

    if (list_flags(args, &flags) < 0)
        return CLI_USAGE;
    pools.count = virConnectListAllStoragePools(cli->conn, &pools.all, flags);
    if (pools.count < 0)
        return cli_fail("cannot list pools");
    if (pools.count > 0)
        qsort(pools.all, (size_t)pools.count, sizeof(*pools.all), by_name);
    if (uuids || names) {
        words_print(&pools, uuids, names);
        return CLI_DONE;
    }
    table = table_new(details ? detail_heads : brief_heads);
    for (i = 0; i < pools.count; i++)
        row_add(table, pools.all[i], details);
    table_print(table, stdout);
    return CLI_DONE;
}

static void size_print(const char *key, unsigned long long bytes, bool exact)
{
    _cleanup_free_ char *size = exact ? xasprintf("%llu bytes", bytes) : format_size(bytes);

    printf("%-15s %s\n", key, size);
}

int pool_info(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    char uuid[VIR_UUID_STRING_BUFLEN];
    bool exact = args_flag(args, "bytes");
    virStoragePoolInfo info;
    int autostart, persistent;

    if (!pool)
        return CLI_FAILED;
    persistent = virStoragePoolIsPersistent(pool);
    if (persistent < 0 || virStoragePoolGetInfo(pool, &info) < 0 ||
        virStoragePoolGetUUIDString(pool, uuid) < 0 ||
        virStoragePoolGetAutostart(pool, &autostart) < 0)
        return cli_fail("cannot ask for pool '%s'", virStoragePoolGetName(pool));
    printf("%-15s %s\n", "Name:", virStoragePoolGetName(pool));
    printf("%-15s %s\n", "UUID:", uuid);
    printf("%-15s %s\n", "State:", pool_state_name(info.state));
    printf("%-15s %s\n", "Persistent:", persistent ? "yes" : "no");
    printf("%-15s %s\n", "Autostart:", autostart ? "yes" : "no");
    if (info.state == VIR_STORAGE_POOL_RUNNING || info.state == VIR_STORAGE_POOL_DEGRADED) {
        size_print("Capacity:", info.capacity, exact);
        size_print("Allocation:", info.allocation, exact);
        size_print("Available:", info.available, exact);
    }
    return CLI_DONE;
}

int pool_dumpxml(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    _cleanup_free_ char *xml = NULL;

    if (!pool)
        return CLI_FAILED;
    xml = virStoragePoolGetXMLDesc(pool, args_flag(args, "inactive") ? VIR_STORAGE_XML_INACTIVE : 0);
    if (!xml)
        return cli_fail("cannot get the XML of pool '%s'", virStoragePoolGetName(pool));
    cli_print(xml);
    return CLI_DONE;
}

int pool_uuid(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (!pool)
        return CLI_FAILED;
    if (virStoragePoolGetUUIDString(pool, uuid) < 0)
        return cli_fail("cannot get the UUID of pool '%s'", virStoragePoolGetName(pool));
    printf("%s\n", uuid);
    return CLI_DONE;
}

int pool_name(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);

    if (!pool)
        return CLI_FAILED;
    printf("%s\n", virStoragePoolGetName(pool));
    return CLI_DONE;
}

int pool_capabilities(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *xml = virConnectGetStoragePoolCapabilities(cli->conn, 0);

    (void)args;
    if (!xml)
        return cli_fail("cannot get the pool capabilities");
    cli_print(xml);
    return CLI_DONE;
}
