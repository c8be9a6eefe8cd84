/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The checkpoints of a domain, as moments of its past: from each on, bitmaps in the
 * images of its disks record what is written.  Loop thread, but for what a worker is
 * said to do.
 */
#ifndef VIRTJOBD_CHECKPOINTS_H
#define VIRTJOBD_CHECKPOINTS_H

#include <jansson.h>

#include "hypervisor/moments.h"
#include "xml/checkpoint_xml.h"

struct bitmaps;
struct domain_def;
struct domain_disk;

extern const struct moment_type checkpoint_moments; /* of domain->checkpoints */

static inline struct checkpoint_def *moment_checkpoint(const struct moment *checkpoint)
{
    return checkpoint->def;
}

/*
 * One that is made: its name is free, there is room for it, and its parent becomes the one the
 * domain goes on from.  -1 with err.  Its rows are then moments_put_current_row()'s.
 */
int checkpoint_check_new(struct domain *domain, struct checkpoint_def *def, struct verror *err);
/* It is durable: the domain goes on from it. */
void checkpoint_made(struct domain *domain, struct checkpoint_def *def);

/*
 * Worker: def, as a client has given it, is matched with the disks of what runs, gets the time,
 * the domain's XML, and is sealed.  -1 with err.
 */
int checkpoint_complete(struct checkpoint_def *def, const struct domain_def *live,
                        struct verror *err);
/* QEMU's node of a live disk, on top of its images: a new string. */
char *checkpoint_node(const struct domain_disk *disk);
/*
 * Worker: what makes its bitmaps is appended to the array steps, for bitmaps_transact().  bitmaps:
 * those that there are.  -1 with err: one is there already, or a disk's image cannot have any.
 */
int checkpoint_steps_create(const struct checkpoint_def *def, const struct domain_def *live,
                            const struct bitmaps *bitmaps, json_t *steps, struct verror *err);

#endif
