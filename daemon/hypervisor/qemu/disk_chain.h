/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files below a disk image: what its header names, what that one's names,
 * and so on.  Bounded in depth; a loop, a missing file or a backing file whose
 * format the image does not say is an error that names both.  Workers.
 */
#ifndef VIRTJOBD_DISK_CHAIN_H
#define VIRTJOBD_DISK_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

enum { DISK_CHAIN_MAX = 64 };

/* One image; the first is the disk itself, the rest lie below it. */
struct disk_image {
    char *path;         /* as it is opened: absolute, not canonical */
    char *named;        /* what the image above it calls it; NULL: the disk itself */
    const char *format; /* QEMU's name, static: "raw", "qcow2" */
    uint64_t dev, ino;  /* of a block device: its st_rdev and 0 */
    bool is_block;
};

struct disk_chain {
    struct disk_image *images;
    size_t n;
};

/*
 * format: "raw", "qcow2", as the XML says; NULL = raw.  -1 with err; VIR_ERR_SYSTEM_ERROR
 * naming the path where it cannot be opened.
 */
int disk_chain_find(const char *path, const char *format, struct disk_chain *ret_chain,
                    struct verror *err);
/* What the uppermost would call that one, if each names the one below it relatively; else NULL. */
char *disk_chain_relative(const struct disk_chain *chain, size_t at);
/* The same of an image that is open for reading; path is what it is called. */
int disk_chain_find_open(int fd, const char *path, const char *format,
                         struct disk_chain *ret_chain, struct verror *err);
void disk_chain_clear(struct disk_chain *chain);
/* The static name of a format that an image may have, by any string of it; else NULL. */
const char *disk_chain_format(const char *name);

#endif
