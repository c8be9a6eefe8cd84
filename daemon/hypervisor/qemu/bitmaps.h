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

struct bitmap_image {
    char *node;
    uint64_t size; /* that a guest sees */
    bool holds;    /* what is persistent can be kept in it */
};

struct bitmaps {
    struct bitmap *list;
    size_t n;
    struct bitmap_image *images; /* all there are, also those without bitmaps */
    size_t nimages;
};

/* All of the guest's images as they are now.  -1 with err. */
int bitmaps_find(struct guest *guest, struct job_ctl *ctl, struct bitmaps *ret, struct verror *err);
void bitmaps_clear(struct bitmaps *bitmaps);
/* That of a node, or NULL. */
const struct bitmap *bitmaps_get(const struct bitmaps *bitmaps, const char *node,
                                 const char *name);
const struct bitmap_image *bitmaps_image(const struct bitmaps *bitmaps, const char *node);

/*
 * Steps of a transaction, for bitmaps_transact() or among those of another.  granularity 0: QEMU's
 * own.  A persistent one is kept inside the image when QEMU lets go of it.
 */
json_t *bitmap_step_add(const char *node, const char *name, bool persistent, uint64_t granularity);
json_t *bitmap_step_remove(const char *node, const char *name);
/* It records from now on. */
json_t *bitmap_step_enable(const char *node, const char *name);
/* What `from` says on its node was written, `into` says, too. */
json_t *bitmap_step_merge(const char *node, const char *into, const char *from_node,
                          const char *from);
/* steps: an array, taken over; an empty one is done.  -1 with err: nothing of it has been done. */
int bitmaps_transact(struct guest *guest, json_t *steps, struct job_ctl *ctl, struct verror *err);

/*
 * bitmaps_follow.c: they follow their disk.  What was written to it since X was made is what the
 * bitmaps X of its images say together, of which the topmost has one.
 */

/* Kept in its image, recording, and to be believed. */
bool bitmap_is_good(const struct bitmap *bitmap); /* NULL is not */
/* All of the disk's images, from the topmost down to the last that has an X, have a good one. */
bool bitmaps_are_whole(const struct bitmaps *bitmaps, const char *const *nodes, size_t n,
                       const char *name);
/* Adds steps to an array: those of `below` go on in the node `above`, which is to come over it. */
void bitmaps_steps_above(const struct bitmaps *bitmaps, const char *below, const char *above,
                         json_t *steps);

/* Images of a disk leave it, their data being in another. */
struct bitmaps_move {
    const char *const *nodes; /* all there are so far, from the topmost */
    size_t n;
    size_t first, end;      /* the first that leaves, and the first after it that stays */
    const char *into;       /* node that has their data: one that stays, or is new in their place */
    const char *into_name;  /* what a client calls it */
    bool is_recorded;       /* as QEMU writes their data, the bitmaps of `into` mark it */
};

/* Before it begins: no whole bitmap is to be lost by it, and none to seem whole that is not. */
int bitmaps_check_move(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                       struct verror *err);
/*
 * Steps, a new array, after which the bitmaps of `into` record and say all that those of the images
 * say that leave.  More than once is fine.  Nothing may be lost between this and their leaving, as
 * what is written meanwhile goes to `into`, too.
 */
json_t *bitmaps_steps_move(const struct bitmaps *bitmaps, const struct bitmaps_move *move);

#endif
