/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps of checkpoints in images that no guest uses; see disk_bitmaps.h.  Workers. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hypervisor/qemu/disk_bitmaps.h"
#include "hypervisor/qemu/disk_chain.h"
#include "hypervisor/qemu/snapshot_images.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"

enum { LOCK_WAIT_MS = 5000, LOCK_LOOK_MS = 20 };

static void add_place(struct bitmap_places *places, const struct disk_image *image,
                      const char *name)
{
    places->list = xrealloc(places->list, places->n + 1, sizeof(*places->list));
    places->list[places->n++] = (struct bitmap_place){ xstrdup(image->path), xstrdup(name),
                                                       image->dev, image->ino, image->is_block };
}

static int find_in_image(const struct disk_bitmaps *bitmaps, const char *target,
                         const struct disk_image *image, struct job_ctl *ctl,
                         struct bitmap_places *ret, struct verror *err)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        const struct disk_bitmap *bitmap = &bitmaps->list[i];
        int has;

        if (strcmp(bitmap->target, target) != 0)
            continue;
        has = qemu_img_has_bitmap(image->path, bitmap->name, ctl, err);
        if (has < 0)
            return -1;
        if (has)
            add_place(ret, image, bitmap->name);
    }
    return 0;
}

static bool is_wanted(const struct disk_bitmaps *bitmaps, const char *target)
{
    for (size_t i = 0; i < bitmaps->n; i++)
        if (strcmp(bitmaps->list[i].target, target) == 0)
            return true;
    return false;
}

static bool is_passed(const struct domain_disk *disk)
{
    bool passed = disk->fdgroup;

    for (size_t i = 0; i < disk->nbacking; i++)
        passed = passed || disk->backing_fdgroups[i];
    return passed;
}

static int find_in_disk(const struct disk_bitmaps *bitmaps, const struct domain_disk *disk,
                        const struct volume_path *volumes, size_t nvolumes, struct job_ctl *ctl,
                        struct bitmap_places *ret, struct verror *err)
{
    const char *format, *path = snapshot_disk_path(disk, volumes, nvolumes, &format);
    struct disk_chain chain;
    int rc = 0;

    if (!path || !is_wanted(bitmaps, disk->target))
        return 0;
    if (is_passed(disk)) /* what has the path is another file */
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "an image of disk '%s' comes by descriptor, and its bitmaps are only "
                          "removed while the guest runs",
                          disk->target);
    if (disk_chain_find(path, format, &chain, err) < 0)
        return -1;
    for (size_t i = 0; i < chain.n && rc == 0; i++)
        if (strcmp(chain.images[i].format, "qcow2") == 0)
            rc = find_in_image(bitmaps, disk->target, &chain.images[i], ctl, ret, err);
    disk_chain_clear(&chain);
    return rc;
}

int bitmap_places_find(const struct disk_bitmaps *bitmaps, const struct domain_def *def,
                       const struct volume_path *volumes, size_t nvolumes, struct job_ctl *ctl,
                       struct bitmap_places *ret, struct verror *err)
{
    *ret = (struct bitmap_places){ 0 };
    for (size_t i = 0; i < def->ndisks; i++) {
        if (find_in_disk(bitmaps, &def->disks[i], volumes, nvolumes, ctl, ret, err) < 0) {
            bitmap_places_clear(ret);
            return -1;
        }
    }
    return 0;
}

void bitmap_places_clear(struct bitmap_places *places)
{
    for (size_t i = 0; i < places->n; i++) {
        free(places->list[i].path);
        free(places->list[i].name);
    }
    free(places->list);
    *places = (struct bitmap_places){ 0 };
}

/* Another's lock, which anybody who may read the image can take, holds nobody up for ever. */
static int wait_for_lock(int fd, const char *path, struct verror *err)
{
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_LOOK_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return verror_errno(err, errno, "cannot lock '%s'", path);
        if (waited >= LOCK_WAIT_MS)
            return verror_set(err, VIR_ERR_OPERATION_TIMEOUT,
                              "'%s' is locked by another process", path);
        (void)poll(NULL, 0, LOCK_LOOK_MS);
    }
    return 0;
}

/* Held until the last of those has ended who have the descriptor; -1 with err. */
static int lock_image(const char *path, struct verror *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return verror_errno(err, errno, "cannot open '%s'", path);
    if (wait_for_lock(fd, path, err) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* One that a dead daemon has begun is waited for; what is gone then has been removed by it. */
static int remove_one(const struct bitmap_place *place, struct job_ctl *ctl, struct verror *err)
{
    int lock = lock_image(place->path, err), r;

    if (lock < 0)
        return -1;
    r = qemu_img_has_bitmap(place->path, place->name, ctl, err);
    if (r > 0)
        r = qemu_img_bitmap_remove(place->path, place->is_block, place->name, lock, ctl, err);
    (void)close(lock);
    return r;
}

int bitmap_places_remove(const struct bitmap_places *places, struct job_ctl *ctl,
                         struct verror *err)
{
    int rc = 0;

    for (size_t i = 0; i < places->n; i++) {
        if (remove_one(&places->list[i], ctl, err) < 0)
            rc = -1;
    }
    return rc;
}

json_t *bitmap_places_to_json(const struct bitmap_places *places)
{
    json_t *json = json_array();

    for (size_t i = 0; i < places->n; i++) {
        const struct bitmap_place *place = &places->list[i];

        json_array_append_new(json, json_pack("{s:s, s:s, s:I, s:I, s:b}", "path", place->path,
                                              "name", place->name, "dev", (json_int_t)place->dev,
                                              "ino", (json_int_t)place->ino, "block",
                                              (int)place->is_block));
    }
    return json;
}

void bitmap_places_from_json(const json_t *json, struct bitmap_places *ret)
{
    json_t *item;
    size_t i;

    json_array_foreach(json, i, item)
    {
        struct disk_image image = { 0 };
        json_int_t dev = 0, ino = 0;
        const char *name;
        int is_block = 0;

        if (json_unpack(item, "{s:s, s:s, s:I, s:I, s:b}", "path", &image.path, "name", &name,
                        "dev", &dev, "ino", &ino, "block", &is_block) < 0)
            continue;
        image.dev = (uint64_t)dev;
        image.ino = (uint64_t)ino;
        image.is_block = is_block;
        add_place(ret, &image, name);
    }
}
