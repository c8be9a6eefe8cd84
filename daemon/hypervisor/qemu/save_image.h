/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file a guest is saved to: libvirt's QEMU save image, version 2 - a header of 92 bytes, the
 * domain's XML, a cookie, QEMU's migration stream.  While it is written it carries the
 * "partial" magic.  Interchanges with libvirt both ways.  Workers.
 */
#ifndef VIRTJOBD_QEMU_SAVE_IMAGE_H
#define VIRTJOBD_QEMU_SAVE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/verror.h"

/* What stands before the stream. */
struct save_image {
    char *xml;         /* live, migratable */
    char *cookie;      /* XML, or NULL */
    bool was_running;
    int compression;   /* 0 = none, as libvirt numbers them: gzip, bzip2, xz, lzop, zstd */
    uint64_t stream;   /* offset of the stream */
    uint64_t size;     /* of the file */
};
void save_image_clear(struct save_image *image);

/* Writes header (partial), XML, cookie; fd is left where the stream begins. */
int save_image_begin(int fd, const char *path, const struct save_image *image, struct verror *err);
/* The true magic, after the stream is on disk; synced. */
int save_image_seal(int fd, const char *path, struct verror *err);
/* Partial again, where that had been done: its guest goes on; synced. */
int save_image_unseal(int fd, const char *path, struct verror *err);
/* Marks an image so that nobody restores it again (a managed one, before cont); synced. */
int save_image_spend(const char *path, struct verror *err);
/*
 * Opens and reads what stands before the stream; the descriptor is left at the stream.
 * -1 with err: no image ("not a save image"), partial ("only partly written"), truncated, an
 * unknown version or endianness, spent.  writable: open for save_image_rewrite.
 */
int save_image_open(const char *path, bool writable, struct save_image *ret, struct verror *err);
/*
 * Other XML, cookie and state in an existing image; stream and compression stay.  By a new file in
 * its place, so that a crash leaves the one or the other (the stream is shared where the file
 * system can, else copied: a bulk worker); in place for the state alone and on a block device.
 */
int save_image_rewrite(const char *path, const struct save_image *image, struct verror *err);

#endif
