/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images below volumes; see vol_chain.h.  Loop thread, owns no state. */

#include "storage/vol_chain.h"

#include <string.h>

#include "util/alloc.h"

enum { CHAIN_MAX = 64 }; /* a header may name its own file */

/* In the directory of an active pool, under the name it was given or its true one. */
static const struct vol *find_volume(struct storage *storage, const char *path)
{
    const struct vol *vol = vol_find_path(storage, path);
    const char *name = strrchr(path, '/');
    _cleanup_free_ char *dir = NULL;
    struct pool *pool;

    if (vol || !name)
        return vol;
    dir = xstrndup(path, (size_t)(name - path));
    pool = pool_find_path(storage, dir);
    return pool && pool->active ? vol_find_name(pool, name + 1) : NULL;
}

static const struct vol *spec_source(const struct vol_spec *spec)
{
    return spec->source_path ? find_volume(spec->storage, spec->source_path) : NULL;
}

void vol_chain_note(struct vol_spec *spec, const struct vol *source)
{
    const char *path = source->info->backing_path;

    while (path && spec->nbelow < CHAIN_MAX) {
        const struct vol *vol = find_volume(spec->storage, path);

        if (!vol)
            return;
        spec->below = xrealloc(spec->below, spec->nbelow + 1, sizeof(*spec->below));
        spec->below[spec->nbelow++] =
            (struct file_identity){ .dev = vol->info->dev, .ino = vol->info->ino };
        path = vol->info->backing_path;
    }
}

static int refuse(const char *path, const char *what, struct verror *err)
{
    if (err)
        err->domain = VIR_FROM_ACCESS;
    return verror_set(err, VIR_ERR_ACCESS_DENIED,
                      "'%s' %s: it is reached only for who may change domains", path, what);
}

static int check_own_file(const struct vol_info *info, struct verror *err)
{
    return info->names_files ? refuse(info->path, "keeps its data in files that it names", err)
                             : 0;
}

static bool is_noted(const struct vol_spec *spec, size_t i, const struct vol_info *info)
{
    return i < spec->nbelow && spec->below[i].dev == info->dev && spec->below[i].ino == info->ino;
}

/*
 * path, read as format, and all below it; noted: by whom they are locked, or NULL.  Raw bytes name
 * nothing.  Of other formats an image must be what the one above says: what QEMU would find out by
 * looking, a guest may have written there since the daemon has looked.
 */
static int check_chain(struct storage *storage, const char *path, int format,
                       const struct vol_spec *noted, struct verror *err)
{
    for (size_t i = 0; path; i++) {
        const struct vol *vol = i < CHAIN_MAX ? find_volume(storage, path) : NULL;

        if (!vol)
            return refuse(path, "is no volume of an active pool", err);
        if (noted && !is_noted(noted, i, vol->info))
            return verror_set(err, VIR_ERR_OPERATION_FAILED,
                              "'%s', which lies below '%s', has changed", path,
                              noted->source_path);
        if (format == VOL_FORMAT_RAW || format == VOL_FORMAT_ISO)
            return 0;
        if (format != (int)vol->info->format)
            return refuse(path, "is not known to be of the format that it is read as", err);
        if (check_own_file(vol->info, err) < 0)
            return -1;
        path = vol->info->backing_path;
        format = vol->info->backing_format;
    }
    return 0;
}

int vol_chain_check_create(const struct vol_spec *spec, struct verror *err)
{
    const struct vol *source = spec_source(spec);

    if (!spec->only_volumes)
        return 0;
    if (source && (check_own_file(source->info, err) < 0 ||
                   check_chain(spec->storage, source->info->backing_path,
                               source->info->backing_format, spec, err) < 0))
        return -1;
    return check_chain(spec->storage, spec->def->backing_path, (int)spec->def->backing_format, NULL,
                       err);
}

int vol_chain_check_change(const struct vol_spec *spec, struct verror *err)
{
    const struct vol *vol = vol_find_path(spec->storage, spec->shown_path);

    return spec->only_volumes && vol ? check_own_file(vol->info, err) : 0;
}
