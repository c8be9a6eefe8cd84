/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headers of disk image formats.  All numbers in them were written by
 * whoever could write the file: each reader checks every one it uses, reads
 * by pread within bounds, and takes an image that QEMU itself would refuse
 * for what it then is: raw bytes.  Worker threads; no state.
 */
#ifndef VIRTJOBD_PROBE_IMAGE_H
#define VIRTJOBD_PROBE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xml/vol_xml.h"

enum { IMAGE_HEAD_SIZE = 4096 };

/* An open file or block device and its first bytes. */
struct image {
    int fd;
    uint64_t size;       /* of the file when it was looked at; it may change any time */
    size_t head_len;     /* bytes of head that are there; the rest is zero */
    unsigned char head[IMAGE_HEAD_SIZE];
};

/* What a header tells.  capacity in bytes. */
struct image_facts {
    enum vol_format format;
    uint64_t capacity;
    const char *compat;    /* static, or NULL */
    uint64_t cluster_size; /* of qcow2, else 0 */
    bool lazy_refcounts, extended_l2, encrypted;
    char *backing;         /* as stored, or NULL */
    int backing_format;    /* enum vol_format, -1 = the file does not say */
    bool names_files;      /* it may name more files, for its own data */
};

/* Fills facts, which own nothing yet: raw where nothing else fits.  Free facts->backing. */
void image_probe(int fd, uint64_t size, struct image_facts *facts);

/* Reads exactly len bytes; false where the file has not that many. */
bool image_read(const struct image *image, uint64_t offset, void *bytes, size_t len);
/* len bytes (1 to BACKING_PATH_MAX) as a string, up to a NUL; a new one, NULL if that cannot be. */
char *image_read_name(const struct image *image, uint64_t offset, uint64_t len);

/*
 * One row a format, in probe_image.c.  true when the image is whole enough to
 * be one; what was set in facts before a false is thrown away by the caller.
 */
typedef bool image_reader(const struct image *image, struct image_facts *facts);

/* probe_qcow.c */
image_reader image_read_qcow2, image_read_qcow, image_read_qed;
/* probe_vmdk.c */
image_reader image_read_vmdk_sparse, image_read_vmdk_cowd, image_read_vmdk_descriptor;
/* probe_vhd.c */
image_reader image_read_vpc, image_read_vhdx;
/* probe_image.c */
image_reader image_read_vdi, image_read_luks, image_read_iso;

/* Numbers in headers; never aligned. */
static inline uint16_t be16(const unsigned char *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t be32(const unsigned char *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}
static inline uint64_t be64(const unsigned char *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}
static inline uint16_t le16(const unsigned char *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}
static inline uint32_t le32(const unsigned char *p)
{
    return (uint32_t)le16(p + 2) << 16 | le16(p);
}
static inline uint64_t le64(const unsigned char *p)
{
    return (uint64_t)le32(p + 4) << 32 | le32(p);
}

#endif
