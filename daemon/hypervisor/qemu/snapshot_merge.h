/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The images that an external snapshot has put over those of a guest's disks, and how they go
 * again while the guest is shut off: what an image holds is written into the one below it, and the one
 * above it, if any, lies on that from then on.  Done once or again it is the same.
 * Workers.
 */
#ifndef VIRTJOBD_SNAPSHOT_MERGE_H
#define VIRTJOBD_SNAPSHOT_MERGE_H

#include <jansson.h>

#include "hypervisor/qemu/complete.h"
#include "hypervisor/qemu/disk_chain.h"
#include "jobs/ctl.h"
#include "xml/snapshot_xml.h"

struct snapshot_merge {
    char *target;            /* the disk: "vda" */
    struct disk_image image; /* of the snapshot: it goes */
    struct disk_image base;  /* right below it */
    struct disk_image above; /* right above it; path NULL: it is the disk's own */
};

struct snapshot_merges {
    struct snapshot_merge *list;
    size_t n;
};

/*
 * For each disk of which the snapshot has an external image.  One that is gone is left out: it was
 * merged before.  live: the guest runs, and QEMU knows its bitmaps.  -1 with err: an image is none
 * of its disk's any more, or would take other snapshots with it.
 */
int snapshot_merges_find(const struct snapshot_def *snapshot, const struct domain_def *domain,
                         const struct volume_path *volumes, size_t nvolumes, bool live,
                         struct job_ctl *ctl, struct snapshot_merges *ret, struct verror *err);
void snapshot_merges_clear(struct snapshot_merges *merges);
json_t *snapshot_merges_to_json(const struct snapshot_merges *merges);
void snapshot_merges_from_json(json_t *json, struct snapshot_merges *ret);

/* The data of all of them goes down; nothing else is changed. */
int snapshot_merges_commit(const struct snapshot_merges *merges, struct job_ctl *ctl,
                           struct verror *err);
/* Images above lie on what is below from now on; or (back) on these again. */
int snapshot_merges_relink(const struct snapshot_merges *merges, bool back, struct job_ctl *ctl,
                           struct verror *err);
/* Has a disk of a live definition one of the snapshot's images? */
bool snapshot_merges_are_left(const struct snapshot_def *snapshot, const struct domain_def *live);
/* Definition without the images: *ret NULL where it needs no change.  -1 with err. */
int snapshot_merges_put(const struct snapshot_merges *merges, const struct domain_def *domain,
                        struct domain_def **ret, struct verror *err);
#endif
