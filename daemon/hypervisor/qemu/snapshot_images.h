/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots inside the qcow2 images of a guest that is shut off, of all of them
 * or of none.  Workers.
 */
#ifndef VIRTJOBD_SNAPSHOT_IMAGES_H
#define VIRTJOBD_SNAPSHOT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/qemu/complete.h"
#include "jobs/ctl.h"
#include "util/verror.h"

struct snapshot_image {
    char *target; /* "vda" */
    char *path;
    char *format;
    uint64_t dev, ino;
    bool is_block;
};

struct snapshot_images {
    struct snapshot_image *images;
    size_t n;
};

/*
 * The images of all disks that are written to, with what is known of them; strict: one that is
 * not qcow2 is refused, else left out.  -1 with err.
 */
int snapshot_images_find(const struct domain_def *def, const struct volume_path *volumes,
                         size_t nvolumes, bool strict, struct snapshot_images *ret,
                         struct verror *err);
void snapshot_images_clear(struct snapshot_images *images);

/* -1 with err naming the disk: one has it already, or (there) has it not. */
int snapshot_images_check(const struct snapshot_images *images, const char *name, bool there,
                          struct job_ctl *ctl, struct verror *err);
/* On an error none has it. */
int snapshot_images_create(const struct snapshot_images *images, const char *name,
                           struct job_ctl *ctl, struct verror *err);
int snapshot_images_apply(const struct snapshot_images *images, const char *name,
                          struct job_ctl *ctl, struct verror *err);
/* One that does not have it is fine. */
int snapshot_images_delete(const struct snapshot_images *images, const char *name,
                           struct job_ctl *ctl, struct verror *err);
/* Those that have it go back to it, and it goes: for an undo, which logs what it cannot do. */
void snapshot_images_restore(const struct snapshot_images *images, const char *name);

/* The image of a disk, volumes looked up; NULL: it has none. */
const char *snapshot_disk_path(const struct domain_disk *disk, const struct volume_path *volumes,
                               size_t nvolumes, const char **ret_format);

#endif
