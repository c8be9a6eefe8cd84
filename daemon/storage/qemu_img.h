/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything with a format goes through qemu-img children: create, convert,
 * resize, info.  Chosen over qemu-storage-daemon because convert is about
 * twice as fast from the page cache.  Files are passed as inherited
 * descriptors or absolute paths with explicit formats: nothing is probed from
 * guest-written data.  Worker threads.
 */
#ifndef VIRTJOBD_QEMU_IMG_H
#define VIRTJOBD_QEMU_IMG_H

#include <jansson.h>

#include "jobs/ctl.h"
#include "util/verror.h"
#include "xml/vol_xml.h"

struct qemu_img_target {
    const char *path; /* an existing empty file (temporary name) */
    int fd;           /* of path, inherited; as below */
    enum vol_format format;
    uint64_t capacity; /* bytes */
    const char *compat;
    bool lazy_refcounts, extended_l2, nocow;
    bool preallocate_metadata;
    bool preallocate_full; /* real blocks for all of it */
    uint64_t cluster_size;
    const char *backing_path;
    int backing_format; /* enum vol_format, -1 = none */
    bool backing_in_use; /* by a guest: it is named, not opened */
};

/*
 * fd: where it is more than 0, qemu-img opens that file, whatever path has come to lead to
 * meanwhile; path is then only what its errors call it.
 */

/* "qemu-img create" into target. */
int qemu_img_create(const struct qemu_img_target *target, struct job_ctl *ctl, struct verror *err);

/*
 * "qemu-img convert" of source into target, with byte progress from -p (total
 * is set to the source's allocated bytes).  A target larger than the source is
 * grown afterwards.
 */
int qemu_img_convert(const char *source, enum vol_format source_format,
                     const struct qemu_img_target *target, struct job_ctl *ctl,
                     struct verror *err);

/* "qemu-img resize"; shrink allows a smaller size; allocate makes the new part real blocks. */
int qemu_img_resize(const char *path, int fd, enum vol_format format, uint64_t capacity,
                    bool shrink, bool allocate, struct job_ctl *ctl, struct verror *err);

/* What can be done with a snapshot inside an image; the values are qemu-img's options. */
enum qemu_img_verb {
    QEMU_IMG_SNAPSHOT_CREATE = 'c',
    QEMU_IMG_SNAPSHOT_APPLY = 'a', /* back to what it holds */
    QEMU_IMG_SNAPSHOT_DELETE = 'd',
};

/* "qemu-img snapshot" of a qcow2 image that nobody uses; is_block: it is on a device. */
int qemu_img_snapshot(const char *path, bool is_block, enum qemu_img_verb verb, const char *name,
                      struct job_ctl *ctl, struct verror *err);
/* 1: a qcow2 image has a snapshot of that name inside, 0: it has not, -1 with err. */
int qemu_img_has_snapshot(const char *path, const char *name, struct job_ctl *ctl,
                          struct verror *err);
/* "qemu-img info" as it is, also of an image that a guest uses: an object, or NULL with err. */
json_t *qemu_img_info(const char *path, const char *format, struct job_ctl *ctl,
                      struct verror *err);
/* "qemu-img commit": what an image holds goes into the one below it, and stays in it, too. */
int qemu_img_commit(const char *path, const char *format, struct job_ctl *ctl, struct verror *err);
/* A qcow2 image says that it lies on that one, which has the same contents as what it lay on. */
int qemu_img_relink(const char *path, const char *base, const char *base_format,
                    struct job_ctl *ctl, struct verror *err);
/*
 * "qemu-img bitmap --add": a dirty bitmap that is kept in a qcow2 image which nobody uses, and
 * records what is written from then on.
 */
int qemu_img_bitmap_add(const char *path, int fd, const char *name, uint64_t granularity,
                        struct job_ctl *ctl, struct verror *err);
/*
 * Those of an image that record, as an array of {name, granularity}, as they were before a guest
 * used it; and the size that a guest sees of it.
 */
int qemu_img_bitmaps(const char *path, const char *format, struct job_ctl *ctl,
                     uint64_t *ret_size, json_t **ret_bitmaps, struct verror *err);
/*
 * "qemu-img bitmap --remove" of a qcow2 image that nobody uses; is_block: it is on a device.  Cut
 * off in its middle it would spoil the image's other bitmaps: it outlives the daemon, and inherits
 * lock.
 */
int qemu_img_bitmap_remove(const char *path, bool is_block, const char *name, int lock,
                           struct job_ctl *ctl, struct verror *err);
/* 1: a qcow2 image has a bitmap of that name (NULL: any), even a useless one; 0: not, -1 with err. */
int qemu_img_has_bitmap(const char *path, const char *name, struct job_ctl *ctl,
                        struct verror *err);
/* The size that a guest sees of an image, also while one uses it. */
int qemu_img_virtual_size(const char *path, const char *format, struct job_ctl *ctl,
                          uint64_t *ret_size, struct verror *err);

#endif
