/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that data of a guest's disk is written to, by a copy or a backup: looked
 * at, made, opened by QEMU, and taken back where nothing comes of it.  Workers.
 */
#ifndef VIRTJOBD_QEMU_TARGET_FILE_H
#define VIRTJOBD_QEMU_TARGET_FILE_H

#include "hypervisor/qemu/guest.h"
#include "xml/disk_images.h"

/* What of it goes into a checkpoint. */
struct target_state {
    bool made;         /* by us */
    uint64_t dev, ino; /* 0 = not known yet */
};

/* All of it is borrowed. */
struct target_file {
    const struct disk_xml_image *image; /* path, format, index */
    struct target_state *state;
    const char *disk; /* whose data: "vda" */
    bool is_backup;   /* as errors call it */
    bool reuse;       /* it is there, and is written over as it is */
    bool has_backing; /* reuse: the image may name a backing file */
    /* What the image names as its backing file, which the guest has open; NULL: none. */
    const char *backing_path, *backing_format;
    const char *backing_index;         /* what QEMU has below it; NULL: nothing */
    const char *cache, *aio, *discard; /* static; or NULL */
};

/* Before anything is done: -1 with err where it cannot be that. */
int target_file_check(const struct target_file *file, struct verror *err);
/* What the guest sees of the disk whose topmost image has that index; QEMU knows.  -1 with err. */
int target_disk_size(struct guest *guest, const char *disk, const char *index, struct job_ctl *ctl,
                     uint64_t *ret, struct verror *err);
/* Whether it is for us to make; what is known of it then is forgotten. */
bool target_file_is_new(const struct target_file *file);
/* Opened, made where it is; or -1 with err.  state is known then. */
int target_file_open(const struct target_file *file, struct verror *err);
/* It becomes an empty image of so many bytes. */
int target_file_fill(const struct target_file *file, int fd, uint64_t size, struct job_ctl *ctl,
                     struct verror *err);
/* Only what was made. */
void target_file_remove(const struct target_file *file);
int target_file_add_nodes(const struct target_file *file, struct guest *guest, struct job_ctl *ctl,
                          struct verror *err);
/* Format and storage of an image that QEMU has no more use for. */
void block_nodes_delete(struct guest *guest, const char *index);

#endif
