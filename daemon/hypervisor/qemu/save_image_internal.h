/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a save image.  Between save_image.c, which has their picture, and its rewrite. */
#ifndef VIRTJOBD_QEMU_SAVE_IMAGE_INTERNAL_H
#define VIRTJOBD_QEMU_SAVE_IMAGE_INTERNAL_H

#include "hypervisor/qemu/save_image.h"

enum { IMAGE_MAGIC_SIZE = 16, IMAGE_WORDS = 19 };

enum image_magic { IMAGE_WHOLE = 0, IMAGE_PARTIAL, IMAGE_SPENT };

/* The words with a meaning; the others are kept as they are. */
enum image_word {
    IMAGE_VERSION_WORD = 0,
    IMAGE_DATA_LEN,
    IMAGE_WAS_RUNNING,
    IMAGE_COMPRESSION,
    IMAGE_COOKIE,
};

struct image_header {
    char magic[IMAGE_MAGIC_SIZE];
    uint32_t words[IMAGE_WORDS];
};

_Static_assert(sizeof(struct image_header) == 92, "the header of libvirt's save image");

/* save_image_open, with the header in our byte order. */
int save_image_load(const char *path, bool writable, struct image_header *ret_header,
               struct save_image *ret, struct verror *err);

/* Bytes of XML and cookie with their NULs. */
size_t save_image_data_size(const struct save_image *image);
/* Where the stream is to begin, with room left. */
uint64_t save_image_stream_for(const struct save_image *image);
/* -1 with err: the XML is too large. */
int save_image_check_size(const char *path, const struct save_image *image, struct verror *err);
/* All that stands before a stream which begins at stream; a new buffer of that size.  What image
   does not say is old's. */
char *save_image_head(const struct save_image *image, const struct image_header *old,
                 enum image_magic magic, uint64_t stream);
/* All of them at the file's beginning. */
int save_image_put(int fd, const char *path, const void *bytes, size_t len, struct verror *err);

#endif
