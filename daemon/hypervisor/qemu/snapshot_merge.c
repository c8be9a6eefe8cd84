/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of external snapshots merged into those below them; see snapshot_merge.h.  Workers. */

#include "hypervisor/qemu/snapshot_merge.h"

#include <errno.h>
#include <libvirtjob/types.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/snapshot_images.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "xml/disk_images.h"

/* --- the struct --- */

static struct disk_image copy_image(const struct disk_image *image)
{
    struct disk_image copy = *image;

    copy.path = xstrdup(image->path);
    copy.named = NULL; /* as long as it is there */
    return copy;
}

void snapshot_merges_clear(struct snapshot_merges *merges)
{
    for (size_t i = 0; i < merges->n; i++) {
        free(merges->list[i].target);
        free(merges->list[i].image.path);
        free(merges->list[i].base.path);
        free(merges->list[i].above.path);
    }
    free(merges->list);
    *merges = (struct snapshot_merges){ NULL, 0 };
}

static json_t *image_to_json(const struct disk_image *image)
{
    return json_pack("{s:s*, s:s*, s:I, s:I, s:b}", "path", image->path, "format", image->format,
                     "dev", (json_int_t)image->dev, "ino", (json_int_t)image->ino, "block",
                     (int)image->is_block);
}

static struct disk_image image_from_json(const json_t *json)
{
    const char *format = json_string_value(json_object_get(json, "format"));

    return (struct disk_image){
        .path = xstrdup(json_string_value(json_object_get(json, "path"))),
        .format = disk_chain_format(format),
        .dev = (uint64_t)json_integer_value(json_object_get(json, "dev")),
        .ino = (uint64_t)json_integer_value(json_object_get(json, "ino")),
        .is_block = json_is_true(json_object_get(json, "block")),
    };
}

json_t *snapshot_merges_to_json(const struct snapshot_merges *merges)
{
    json_t *list = json_array();

    for (size_t i = 0; i < merges->n; i++) {
        const struct snapshot_merge *merge = &merges->list[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o}", "target", merge->target, "image",
                                        image_to_json(&merge->image), "base",
                                        image_to_json(&merge->base), "above",
                                        image_to_json(&merge->above)));
    }
    return list;
}

void snapshot_merges_from_json(json_t *json, struct snapshot_merges *ret)
{
    json_t *item;
    size_t i;

    ret->list = xcalloc(json_array_size(json) + 1, sizeof(*ret->list));
    json_array_foreach(json, i, item)
    {
        const char *target = json_string_value(json_object_get(item, "target"));

        ret->list[ret->n++] = (struct snapshot_merge){
            .target = xstrdup(target ? target : ""),
            .image = image_from_json(json_object_get(item, "image")),
            .base = image_from_json(json_object_get(item, "base")),
            .above = image_from_json(json_object_get(item, "above")),
        };
    }
}

/* --- what is to be done --- */

/* Where in the chain the file is; the chain's length: nowhere. */
static size_t position(const struct disk_chain *chain, const struct stat *file)
{
    size_t at = 0;

    while (at < chain->n && (chain->images[at].is_block || chain->images[at].dev != file->st_dev ||
                             chain->images[at].ino != file->st_ino))
        at++;
    return at;
}

static const char *name_of(const json_t *item)
{
    const char *name = json_string_value(json_object_get(item, "name"));

    return name ? name : "";
}

static bool has_name(json_t *list, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (strcmp(name_of(item), name) == 0)
            return true;
    }
    return false;
}

static int check_snapshots(const struct disk_image *image, const char *target, struct job_ctl *ctl,
                           struct verror *err)
{
    json_t *info = qemu_img_info(image->path, image->format, ctl, err);
    json_t *snapshots = json_object_get(info, "snapshots");
    int rc = info ? 0 : -1;

    if (json_array_size(snapshots) > 0)
        rc = verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                        "image '%s' of disk '%s' has snapshot '%s' inside, which would be gone "
                        "with it",
                        image->path, target, name_of(json_array_get(snapshots, 0)));
    json_decref(info);
    return rc;
}

/* A checkpoint's bitmap goes down where the image below has it, too: what is written there is in it. */
static int check_bitmaps(const struct disk_image *image, const struct disk_image *base,
                         const char *target, struct job_ctl *ctl, struct verror *err)
{
    json_t *ours = NULL, *theirs = NULL, *bitmap;
    uint64_t size;
    size_t i;
    int rc = qemu_img_bitmaps(image->path, image->format, ctl, &size, &ours, err);

    if (rc == 0 && json_array_size(ours) > 0)
        rc = qemu_img_bitmaps(base->path, base->format, ctl, &size, &theirs, err);
    json_array_foreach(ours, i, bitmap)
    {
        if (rc == 0 && !has_name(theirs, name_of(bitmap)))
            rc = verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                            "image '%s' of disk '%s' has the bitmap of checkpoint '%s' inside, "
                            "which would be gone with it",
                            image->path, target, name_of(bitmap));
    }
    json_decref(ours);
    json_decref(theirs);
    return rc;
}

static int take_merge(struct snapshot_merges *ret, const struct snapshot_disk *of,
                      const struct disk_chain *chain, size_t at, bool live, struct job_ctl *ctl,
                      struct verror *err)
{
    struct snapshot_merge *merge;

    if (at + 1 >= chain->n)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "image '%s' does not lie over another one of disk '%s' any more",
                          of->path, of->name);
    if (check_snapshots(&chain->images[at], of->name, ctl, err) < 0 ||
        (!live &&
         check_bitmaps(&chain->images[at], &chain->images[at + 1], of->name, ctl, err) < 0))
        return -1;
    ret->list = xrealloc(ret->list, ret->n + 1, sizeof(*ret->list));
    merge = &ret->list[ret->n++];
    *merge = (struct snapshot_merge){
        .target = xstrdup(of->name),
        .image = copy_image(&chain->images[at]),
        .base = copy_image(&chain->images[at + 1]),
    };
    if (at > 0)
        merge->above = copy_image(&chain->images[at - 1]);
    return 0;
}

static int find_merge(struct snapshot_merges *ret, const struct snapshot_disk *of, const char *path,
                      const char *format, bool live, struct job_ctl *ctl, struct verror *err)
{
    struct disk_chain chain = { NULL, 0 };
    struct stat st;
    size_t at;
    int rc;

    if (stat(of->path, &st) < 0) {
        if (errno == ENOENT)
            return 0;
        return verror_errno(err, errno, "cannot look at '%s'", of->path);
    }
    if (path && disk_chain_find(path, format, &chain, err) < 0)
        return -1;
    at = position(&chain, &st);
    if (at == chain.n)
        rc = verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                        "image '%s' of the snapshot is none that disk '%s' lies on", of->path,
                        of->name);
    else
        rc = take_merge(ret, of, &chain, at, live, ctl, err);
    disk_chain_clear(&chain);
    return rc;
}

static const struct domain_disk *find_disk(const struct domain_def *domain, const char *target)
{
    for (size_t i = 0; i < domain->ndisks; i++)
        if (strcmp(domain->disks[i].target, target) == 0)
            return &domain->disks[i];
    return NULL;
}

int snapshot_merges_find(const struct snapshot_def *snapshot, const struct domain_def *domain,
                         const struct volume_path *volumes, size_t nvolumes, bool live,
                         struct job_ctl *ctl, struct snapshot_merges *ret, struct verror *err)
{
    for (size_t i = 0; i < snapshot->ndisks; i++) {
        const struct snapshot_disk *of = &snapshot->disks[i];
        const struct domain_disk *disk = find_disk(domain, of->name);
        const char *format = NULL;
        const char *path = disk ? snapshot_disk_path(disk, volumes, nvolumes, &format) : NULL;

        if (of->place == SNAPSHOT_PLACE_EXTERNAL && of->path &&
            find_merge(ret, of, path, format, live, ctl, err) < 0)
            return -1;
    }
    return 0;
}

static bool has_image(const struct domain_def *live, const char *target, const char *path)
{
    struct disk_images images = { 0 };
    bool found = false;

    if (disk_images_find(live, target, &images, NULL) < 0)
        return false; /* it is gone, or empty */
    for (size_t i = 0; i < images.n; i++)
        found |= images.images[i].path && strcmp(images.images[i].path, path) == 0;
    disk_images_clear(&images);
    return found;
}

bool snapshot_merges_are_left(const struct snapshot_def *snapshot, const struct domain_def *live)
{
    for (size_t i = 0; i < snapshot->ndisks; i++) {
        const struct snapshot_disk *of = &snapshot->disks[i];

        if (of->place == SNAPSHOT_PLACE_EXTERNAL && of->path && has_image(live, of->name, of->path))
            return true;
    }
    return false;
}

/* --- the work --- */

int snapshot_merges_commit(const struct snapshot_merges *merges, struct job_ctl *ctl,
                           struct verror *err)
{
    for (size_t i = 0; i < merges->n; i++) {
        const struct snapshot_merge *merge = &merges->list[i];

        if (qemu_img_commit(merge->image.path, merge->image.format, ctl, err) < 0)
            return -1;
    }
    return 0;
}

int snapshot_merges_relink(const struct snapshot_merges *merges, bool back, struct job_ctl *ctl,
                           struct verror *err)
{
    for (size_t i = 0; i < merges->n; i++) {
        const struct snapshot_merge *merge = &merges->list[i];
        const struct disk_image *below = back ? &merge->image : &merge->base;

        if (merge->above.path &&
            qemu_img_relink(merge->above.path, below->path, below->format, ctl, err) < 0)
            return -1;
    }
    return 0;
}

static int put_one(const struct snapshot_merge *merge, const struct domain_def *domain,
                   struct domain_def **ret, struct verror *err)
{
    const struct disk_xml_image base = {
        .path = merge->base.path,
        .format = (char *)(uintptr_t)merge->base.format,
        .is_block = merge->base.is_block,
    };

    return domain_def_follow_image(domain, domain, merge->target, merge->above.path ? NULL : &base,
                                   ret, err);
}

int snapshot_merges_put(const struct snapshot_merges *merges, const struct domain_def *domain,
                        struct domain_def **ret, struct verror *err)
{
    struct domain_def *now = NULL;

    for (size_t i = 0; i < merges->n; i++) {
        struct domain_def *next = NULL;

        if (put_one(&merges->list[i], now ? now : domain, &next, err) < 0) {
            domain_def_unref(now);
            return -1;
        }
        if (!next)
            continue;
        domain_def_unref(now);
        now = next;
    }
    *ret = now;
    return 0;
}
