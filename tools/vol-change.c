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

int vol_wipe(struct cli *cli, const struct args *args)
{
    const char *name = args_text(args, "algorithm");
    unsigned int algorithm = VIR_STORAGE_VOL_WIPE_ALG_ZERO;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    while (name && vol_wipe_algorithms[algorithm] &&
           strcmp(vol_wipe_algorithms[algorithm], name) != 0)
        algorithm++;
    if (!vol_wipe_algorithms[algorithm])
        return cli_usage("'%s' is no wiping algorithm", name);
    vol = vol_of(cli, args);
    if (!vol || long_job_prepare(args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolWipePattern(vol, algorithm, VIR_STORAGE_VOL_WIPE_ASYNC) < 0)
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

/* As virsh, "-1G" is taken for what --delta --shrink take away. */
int vol_resize(struct cli *cli, const struct args *args)
{
    const char *text = args_text(args, "capacity");
    const char *size = text[0] == '-' ? text + 1 : text;
    unsigned int flags = resize_flags(args);
    unsigned long long capacity;
    _cleanup_vol_ virStorageVolPtr vol = NULL;

    if (size_parse(size, &capacity) < 0)
        return cli_usage("size '%s' for --capacity is malformed or too large", text);
    if (size != text && (!args_flag(args, "delta") || !args_flag(args, "shrink")))
        return cli_usage("a negative size needs --delta and --shrink");
    vol = vol_of(cli, args);
    if (!vol || long_job_prepare(args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolResize(vol, capacity, flags) < 0)
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

    if (!vol || long_job_prepare(args) != CLI_DONE)
        return CLI_FAILED;
    if (virStorageVolDelete(vol, VIR_STORAGE_VOL_DELETE_ASYNC) < 0)
        return cli_fail("cannot delete volume '%s'", virStorageVolGetName(vol));
    return long_job_finish(cli, args, virStorageVolGetJobRecord(vol, 0), "Vol %s deleted",
                           virStorageVolGetName(vol));
}
