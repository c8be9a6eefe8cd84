/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bitmaps of checkpoints in all images of their disks, whether a guest uses these
 * or not: looked at and removed.  Workers.
 */
#ifndef VIRTJOBD_QEMU_DISK_BITMAPS_H
#define VIRTJOBD_QEMU_DISK_BITMAPS_H

#include <jansson.h>

#include "hypervisor/qemu/complete.h"
#include "jobs/ctl.h"
#include "xml/checkpoint_xml.h"

struct guest;

/* Which of which disks. */
struct disk_bitmap {
    char *target; /* "vda" */
    char *name;
};

struct disk_bitmaps {
    struct disk_bitmap *list;
    size_t n;
};

void disk_bitmaps_add(struct disk_bitmaps *bitmaps, const char *target, const char *name);
/* Those of a checkpoint. */
void disk_bitmaps_add_all(struct disk_bitmaps *bitmaps, const struct checkpoint_def *def);
void disk_bitmaps_sort(struct disk_bitmaps *bitmaps); /* by disk */
void disk_bitmaps_clear(struct disk_bitmaps *bitmaps);
json_t *disk_bitmaps_to_json(const struct disk_bitmaps *bitmaps);
void disk_bitmaps_from_json(const json_t *json, struct disk_bitmaps *ret);

/* --- of a guest that runs --- */

/*
 * As live, its definition, has the images.  All go, or none: -1 with err.  What is not there is
 * gone already.
 */
int disk_bitmaps_remove(const struct disk_bitmaps *bitmaps, struct guest *guest,
                        const struct domain_def *live, struct job_ctl *ctl, struct verror *err);
/* Those of a checkpoint are in all images where they belong; -1: VIR_ERR_CHECKPOINT_INCONSISTENT. */
int disk_bitmaps_check(const struct checkpoint_def *def, struct guest *guest,
                       const struct domain_def *live, struct job_ctl *ctl, struct verror *err);
/*
 * How much was written to the disks of a checkpoint since it was made, into those of def, where
 * QEMU knows: at most that, as what was written to two images of a disk counts twice.  -1 with err.
 */
int disk_bitmaps_sizes(struct checkpoint_def *def, struct guest *guest,
                       const struct domain_def *live, struct verror *err);

/* --- of one that is shut off --- */

/* An image that has one of them. */
struct bitmap_place {
    char *path, *name;
    uint64_t dev, ino;
    bool is_block;
};

struct bitmap_places {
    struct bitmap_place *list;
    size_t n;
};

/* Where they are among the images of its disks; -1 with err. */
int bitmap_places_find(const struct disk_bitmaps *bitmaps, const struct domain_def *def,
                       const struct volume_path *volumes, size_t nvolumes, struct job_ctl *ctl,
                       struct bitmap_places *ret, struct verror *err);
void bitmap_places_clear(struct bitmap_places *places);
/* All of them are tried; -1 with err of the first that stays. */
int bitmap_places_remove(const struct bitmap_places *places, struct job_ctl *ctl,
                         struct verror *err);
json_t *bitmap_places_to_json(const struct bitmap_places *places);
void bitmap_places_from_json(const json_t *json, struct bitmap_places *ret);

#endif
