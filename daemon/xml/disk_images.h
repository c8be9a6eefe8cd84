/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The images of a disk in a domain's XML, from the one that is written to down
 * to the last, and what becomes of them when a block job has moved the data:
 * images leave the chain, or the disk goes on with another.  Workers; no state.
 */
#ifndef VIRTJOBD_DISK_IMAGES_H
#define VIRTJOBD_DISK_IMAGES_H

#include "xml/domain_def.h"

struct disk_xml_image {
    char *path;   /* NULL: a volume, or an empty drive */
    char *format; /* "raw", "qcow2" */
    char *index;  /* of QEMU's nodes "libvirt-INDEX-format" and "-storage" */
    bool is_block;
};

struct disk_images {
    struct disk_xml_image *images; /* the topmost first */
    size_t n;
    unsigned int next_index; /* above all indexes of the domain */
};

/* Of a live definition's disk.  -1 with err: there is no such disk, or it is empty. */
int disk_images_find(const struct domain_def *live, const char *target, struct disk_images *ret,
                     struct verror *err);
void disk_images_clear(struct disk_images *images);
/*
 * Which of them a client means: "vda[2]" by its index, "vda" the topmost, or by its path.  top: how
 * the disk's own image is called where the XML has no path for it.  -1 with err,
 * VIR_ERR_INVALID_ARG.
 */
int disk_images_pick(const struct disk_images *images, const char *target, const char *top,
                     const char *name, struct verror *err);

/* A new definition without the images between these two; below may be how many there are. */
struct domain_def *domain_def_drop_images(const struct domain_def *live, const char *target,
                                          size_t above, size_t below, struct verror *err);
/* A new definition whose disk has that image, and below it what began at `below` before. */
struct domain_def *domain_def_set_image(const struct domain_def *live, const char *target,
                                        const struct disk_xml_image *image, size_t below,
                                        struct verror *err);
/*
 * The persistent definition after one of these: where its disk has the image that the live one had,
 * it gets the new one (NULL: it keeps it), and what it said of those below is left out.  *ret NULL:
 * it has another.  -1 with err.
 */
int domain_def_follow_image(const struct domain_def *config, const struct domain_def *live,
                            const char *target, const struct disk_xml_image *image,
                            struct domain_def **ret, struct verror *err);

/* What a live disk is mirrored to, for a client's eyes: libvirt's <mirror>. */
struct disk_mirror {
    char *target;
    struct disk_xml_image image;
    const char *job;   /* "copy", "active-commit" */
    const char *ready; /* "yes", "pivot", "abort", or NULL */
};
struct domain_def *domain_def_add_mirrors(const struct domain_def *live,
                                          const struct disk_mirror *mirrors, size_t nmirrors,
                                          struct verror *err);

#endif
