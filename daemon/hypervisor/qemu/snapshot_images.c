/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshots inside images that no guest uses; see snapshot_images.h.  Workers. */

#include "hypervisor/qemu/snapshot_images.h"

#include <string.h>

#include "hypervisor/qemu/disk_chain.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/log.h"

const char *snapshot_disk_path(const struct domain_disk *disk, const struct volume_path *volumes,
                               size_t nvolumes, const char **ret_format)
{
    *ret_format = disk->format;
    if (!disk->pool)
        return disk->path;
    for (size_t i = 0; i < nvolumes; i++) {
        if (strcmp(volumes[i].pool, disk->pool) != 0 ||
            strcmp(volumes[i].volume, disk->volume) != 0)
            continue;
        if (!*ret_format)
            *ret_format = volumes[i].format;
        return volumes[i].path;
    }
    return NULL;
}

static int add_image(struct snapshot_images *images, const struct domain_disk *disk,
                     const char *path, const char *format, struct verror *err)
{
    struct disk_chain chain;

    if (disk_chain_find(path, format, &chain, err) < 0)
        return -1;
    images->images = xrealloc(images->images, images->n + 1, sizeof(*images->images));
    images->images[images->n++] = (struct snapshot_image){
        .target = xstrdup(disk->target),
        .path = xstrdup(path),
        .format = xstrdup(format),
        .dev = chain.images[0].dev,
        .ino = chain.images[0].ino,
        .is_block = chain.images[0].is_block,
    };
    disk_chain_clear(&chain);
    return 0;
}

static int find_image(struct snapshot_images *images, const struct domain_disk *disk,
                      const struct volume_path *volumes, size_t nvolumes, bool strict,
                      struct verror *err)
{
    const char *format, *path = snapshot_disk_path(disk, volumes, nvolumes, &format);

    if (!path || disk->readonly)
        return 0;
    if (format && strcmp(format, "qcow2") == 0)
        return add_image(images, disk, path, format, err);
    if (!strict)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "internal snapshot for disk %s unsupported for storage type %s",
                      disk->target, format ? format : "raw");
}

int snapshot_images_find(const struct domain_def *def, const struct volume_path *volumes,
                         size_t nvolumes, bool strict, struct snapshot_images *ret,
                         struct verror *err)
{
    struct snapshot_images images = { NULL, 0 };

    for (size_t i = 0; i < def->ndisks; i++) {
        if (find_image(&images, &def->disks[i], volumes, nvolumes, strict, err) < 0) {
            snapshot_images_clear(&images);
            return -1;
        }
    }
    *ret = images;
    return 0;
}

void snapshot_images_clear(struct snapshot_images *images)
{
    for (size_t i = 0; i < images->n; i++) {
        free(images->images[i].target);
        free(images->images[i].path);
        free(images->images[i].format);
    }
    free(images->images);
    *images = (struct snapshot_images){ NULL, 0 };
}

int snapshot_images_check(const struct snapshot_images *images, const char *name, bool there,
                          struct job_ctl *ctl, struct verror *err)
{
    for (size_t i = 0; i < images->n; i++) {
        const struct snapshot_image *image = &images->images[i];
        int has = qemu_img_has_snapshot(image->path, name, ctl, err);

        if (has < 0)
            return -1;
        if ((has != 0) != there)
            return verror_set(err, VIR_ERR_OPERATION_INVALID, "disk '%s' ('%s') has %s '%s' inside",
                              image->target, image->path,
                              there ? "no snapshot" : "a snapshot", name);
    }
    return 0;
}

static int run(const struct snapshot_image *image, enum qemu_img_verb verb, const char *name,
               struct job_ctl *ctl, struct verror *err)
{
    return qemu_img_snapshot(image->path, image->is_block, verb, name, ctl, err);
}

static int delete_one(const struct snapshot_image *image, const char *name, struct job_ctl *ctl,
                      struct verror *err)
{
    int has = qemu_img_has_snapshot(image->path, name, ctl, err);

    return has > 0 ? run(image, QEMU_IMG_SNAPSHOT_DELETE, name, ctl, err) : has;
}

/* What was made so far goes, whatever has cancelled the rest. */
static void drop_made(const struct snapshot_images *made, const char *name)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job_ctl ctl;

    job_ctl_init(&ctl);
    if (snapshot_images_delete(made, name, &ctl, &err) < 0)
        log_error("snapshot '%s' stays in an image: %s", name, verror_text(&err));
    job_ctl_done(&ctl);
}

int snapshot_images_create(const struct snapshot_images *images, const char *name,
                           struct job_ctl *ctl, struct verror *err)
{
    for (size_t i = 0; i < images->n; i++) {
        const struct snapshot_images made = { images->images, i + 1 };

        if (run(&images->images[i], QEMU_IMG_SNAPSHOT_CREATE, name, ctl, err) == 0)
            continue;
        drop_made(&made, name); /* the last one may have come as far as that */
        return -1;
    }
    return 0;
}

int snapshot_images_apply(const struct snapshot_images *images, const char *name,
                          struct job_ctl *ctl, struct verror *err)
{
    for (size_t i = 0; i < images->n; i++) {
        if (run(&images->images[i], QEMU_IMG_SNAPSHOT_APPLY, name, ctl, err) < 0)
            return -1;
    }
    return 0;
}

/* All of them are tried. */
int snapshot_images_delete(const struct snapshot_images *images, const char *name,
                           struct job_ctl *ctl, struct verror *err)
{
    int rc = 0;

    for (size_t i = 0; i < images->n; i++) {
        if (delete_one(&images->images[i], name, ctl, err) < 0)
            rc = -1;
    }
    return rc;
}

static int restore_one(const struct snapshot_image *image, const char *name, struct job_ctl *ctl,
                       struct verror *err)
{
    int has = qemu_img_has_snapshot(image->path, name, ctl, err);

    if (has <= 0)
        return has;
    if (run(image, QEMU_IMG_SNAPSHOT_APPLY, name, ctl, err) < 0)
        return -1;
    return run(image, QEMU_IMG_SNAPSHOT_DELETE, name, ctl, err);
}

void snapshot_images_restore(const struct snapshot_images *images, const char *name)
{
    struct job_ctl ctl;

    job_ctl_init(&ctl);
    for (size_t i = 0; i < images->n; i++) {
        const struct snapshot_image *image = &images->images[i];
        _cleanup_verror_ struct verror err = VERROR_INIT;

        if (restore_one(image, name, &ctl, &err) < 0)
            log_error("disk '%s' ('%s') could not be taken back to '%s': %s", image->target,
                      image->path, name, verror_text(&err));
    }
    job_ctl_done(&ctl);
}
