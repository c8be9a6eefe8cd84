/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools built, started, refreshed, stopped and removed. */

#include "tools/follow.h"
#include "tools/pool.h"
#include "tools/pool-flags.h"

int pool_build_check(const struct args *args)
{
    if (args_flag(args, "overwrite") && args_flag(args, "no-overwrite"))
        return cli_usage("options --overwrite and --no-overwrite exclude each other");
    return CLI_DONE;
}

unsigned int pool_create_flags(const struct args *args)
{
    unsigned int flags = VIR_STORAGE_POOL_CREATE_ASYNC;

    if (args_flag(args, "build"))
        flags |= VIR_STORAGE_POOL_CREATE_WITH_BUILD;
    if (args_flag(args, "overwrite"))
        flags |= VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE;
    if (args_flag(args, "no-overwrite"))
        flags |= VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE;
    return flags;
}

/* A long call on a pool: started, then followed. */
static int long_call(struct cli *cli, const struct args *args,
                     int (*call)(virStoragePoolPtr pool, unsigned int flags), unsigned int flags,
                     const char *verb, const char *done)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    const char *name;

    if (!pool || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    name = virStoragePoolGetName(pool);
    if (call(pool, flags) < 0)
        return cli_fail("cannot %s pool '%s'", verb, name);
    return long_job_finish(cli, args, virStoragePoolGetJobRecord(pool, 0), "Pool %s %s", name,
                           done);
}

int pool_build(struct cli *cli, const struct args *args)
{
    unsigned int flags = VIR_STORAGE_POOL_BUILD_ASYNC;

    if (args_flag(args, "overwrite"))
        flags |= VIR_STORAGE_POOL_BUILD_OVERWRITE;
    if (args_flag(args, "no-overwrite"))
        flags |= VIR_STORAGE_POOL_BUILD_NO_OVERWRITE;
    return long_call(cli, args, virStoragePoolBuild, flags, "build", "built");
}

int pool_start(struct cli *cli, const struct args *args)
{
    return long_call(cli, args, virStoragePoolCreate, pool_create_flags(args), "start", "started");
}

int pool_refresh(struct cli *cli, const struct args *args)
{
    return long_call(cli, args, virStoragePoolRefresh, VIR_STORAGE_POOL_REFRESH_ASYNC, "refresh",
                     "refreshed");
}

int pool_delete(struct cli *cli, const struct args *args)
{
    return long_call(cli, args, virStoragePoolDelete, VIR_STORAGE_POOL_DELETE_ASYNC, "delete",
                     "deleted");
}

/* A short call on a pool: done when it returns. */
static int short_call(struct cli *cli, const struct args *args,
                      int (*call)(virStoragePoolPtr pool), const char *verb, const char *done)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);

    if (!pool)
        return CLI_FAILED;
    if (call(pool) < 0)
        return cli_fail("cannot %s pool '%s'", verb, virStoragePoolGetName(pool));
    cli_say(cli, "Pool %s %s", virStoragePoolGetName(pool), done);
    return CLI_DONE;
}

int pool_destroy(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, virStoragePoolDestroy, "stop", "destroyed");
}

int pool_undefine(struct cli *cli, const struct args *args)
{
    return short_call(cli, args, virStoragePoolUndefine, "undefine", "has been undefined");
}

int pool_autostart(struct cli *cli, const struct args *args)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_of(cli, args);
    bool on = !args_flag(args, "disable");

    if (!pool)
        return CLI_FAILED;
    if (virStoragePoolSetAutostart(pool, on) < 0)
        return cli_fail("cannot %smark pool '%s' as autostarted", on ? "" : "un",
                        virStoragePoolGetName(pool));
    cli_say(cli, "Pool %s %smarked as autostarted", virStoragePoolGetName(pool), on ? "" : "un");
    return CLI_DONE;
}
