/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dirty bitmaps of the images of a guest that runs: which of its clusters were
 * written since a checkpoint was made.  They lie inside qcow2 images, and QEMU keeps
 * them up to date.  What is changed of several goes as one transaction: all of it or
 * nothing.  Workers.
 */
#ifndef VIRTJOBD_QEMU_BITMAPS_H
#define VIRTJOBD_QEMU_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "util/verror.h"

struct guest;
struct job_ctl;

struct bitmap {
    char *node; /* QEMU's name of the image: "libvirt-1-format" */
    char *name;
    uint64_t granularity;
    uint64_t count; /* bytes that it says were written */
    bool recording, busy, persistent;
    bool inconsistent; /* QEMU was killed while it had it: it says nothing any more */
};

struct bitmaps {
    struct bitmap *list;
    size_t n;
};

/* All of the guest's images as they are now.  -1 with err. */
int bitmaps_find(struct guest *guest, struct job_ctl *ctl, struct bitmaps *ret, struct verror *err);
void bitmaps_clear(struct bitmaps *bitmaps);
/* That of a node, or NULL. */
const struct bitmap *bitmaps_get(const struct bitmaps *bitmaps, const char *node,
                                 const char *name);

/*
 * Steps of a transaction, for bitmaps_transact() or among those of another.  granularity 0: QEMU's own.
 * A persistent one is kept inside the image when QEMU lets go of it.
 */
json_t *bitmap_step_add(const char *node, const char *name, bool persistent, uint64_t granularity);
json_t *bitmap_step_remove(const char *node, const char *name);
/* What `from` says on its node was written, `into` says, too. */
json_t *bitmap_step_merge(const char *node, const char *into, const char *from_node,
                          const char *from);
/* steps: an array, taken over; an empty one is done.  -1 with err: nothing of it has been done. */
int bitmaps_transact(struct guest *guest, json_t *steps, struct job_ctl *ctl, struct verror *err);

#endif
