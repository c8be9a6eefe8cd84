/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Volumes wiped, resized and deleted.  Each is a job. */

#include <string.h>

#include "tools/follow.h"
#include "tools/size.h"
#include "tools/vol.h"

const char *const vol_wipe_algorithms[] = {
    [VIR_STORAGE_VOL_WIPE_ALG_ZERO] = "zero",
    [VIR_STORAGE_VOL_WIPE_ALG_NNSA] = "nnsa",
    [VIR_STORAGE_VOL_WIPE_ALG_DOD] = "dod",
    [VIR_STORAGE_VOL_WIPE_ALG_BSI] = "bsi",
    [VIR_STORAGE_VOL_WIPE_ALG_GUTMANN] = "gutmann",
    [VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER] = "schneier",
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7] = "pfitzner7",
    [VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33] = "pfitzner33",
    [VIR_STORAGE_VOL_WIPE_ALG_RANDOM] = "random",
    [VIR_STORAGE_VOL_WIPE_ALG_TRIM] = "trim",
    [VIR_STORAGE_VOL_WIPE_ALG_LAST] = NULL,
};

/* That of --algorithm, which is zero when not given; ..._LAST when there is none such. */
static unsigned int wipe_algorithm(const struct args *args)
{
    const char *name = args_text(args, "algorithm");
    unsigned int algorithm = VIR_STORAGE_VOL_WIPE_ALG_ZERO;

    while (name && vol_wipe_algorithms[algorithm] &&
           strcmp(vol_wipe_algorithms[algorithm], name) != 0)
        algorithm++;
    return algorithm;
}

int vol_wipe_check(const struct args *args)
{
    if (wipe_algorithm(args) == VIR_STORAGE_VOL_WIPE_ALG_LAST)
        return cli_usage("'%s' is no wiping algorithm", args_text(args, "algorithm"));
    return CLI_DONE;
}

int vol_wipe(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);

    if (!vol || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolWipePattern(vol, wipe_algorithm(args), VIR_STORAGE_VOL_WIPE_ASYNC) < 0)
        return cli_fail("cannot wipe volume '%s'", virStorageVolGetName(vol));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s wiped",
                           virStorageVolGetName(vol));
}

static unsigned int resize_flags(const struct args *args)
{
    unsigned int flags = VIR_STORAGE_VOL_RESIZE_ASYNC;

    if (args_flag(args, "allocate"))
        flags |= VIR_STORAGE_VOL_RESIZE_ALLOCATE;
    if (args_flag(args, "delta"))
        flags |= VIR_STORAGE_VOL_RESIZE_DELTA;
    if (args_flag(args, "shrink"))
        flags |= VIR_STORAGE_VOL_RESIZE_SHRINK;
    return flags;
}

/* As in virsh, "-1G" stands for what --delta --shrink take away. */
static int resize_capacity(const struct args *args, unsigned long long *ret_capacity)
{
    const char *text = args_text(args, "capacity");

    return size_parse(text[0] == '-' ? text + 1 : text, ret_capacity);
}

int vol_resize_check(const struct args *args)
{
    const char *text = args_text(args, "capacity");
    unsigned long long ignored;

    if (resize_capacity(args, &ignored) < 0)
        return cli_usage("size '%s' for --capacity is malformed or too large", text);
    if (text[0] == '-' && (!args_flag(args, "delta") || !args_flag(args, "shrink")))
        return cli_usage("a negative size needs --delta and --shrink");
    return CLI_DONE;
}

int vol_resize(struct cli *cli, const struct args *args)
{
    const char *text = args_text(args, "capacity");
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    unsigned long long capacity = 0;

    (void)resize_capacity(args, &capacity); /* vol_resize_check() has seen that it is one */
    if (!vol || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolResize(vol, capacity, resize_flags(args)) < 0)
        return cli_fail("cannot change the size of volume '%s' to '%s'", virStorageVolGetName(vol),
                        text);
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0),
                           "Size of volume '%s' successfully changed %s %s",
                           virStorageVolGetName(vol), args_flag(args, "delta") ? "by" : "to",
                           text);
}

int vol_delete(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);

    if (!vol || long_job_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolDelete(vol, VIR_STORAGE_VOL_DELETE_ASYNC) < 0)
        return cli_fail("cannot delete volume '%s'", virStorageVolGetName(vol));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s deleted",
                           virStorageVolGetName(vol));
}
