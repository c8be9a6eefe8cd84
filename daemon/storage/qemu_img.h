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

#endif
