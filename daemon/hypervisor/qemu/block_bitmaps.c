/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dirty bitmaps of a disk that a block job is about: what the images that leave
 * it say was written, the one says that has their data afterwards.  Workers.
 */

#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/block_job.h"
#include "util/alloc.h"

/* --- which images --- */

static const struct disk_xml_image *image_into(const struct block_job *block)
{
    if (block->type == BLOCK_JOB_PULL)
        return &block->images.images[0];
    return block->type == BLOCK_JOB_COPY ? &block->dest : &block->images.images[block->base_at];
}

static void move_clear(struct bitmaps_move *move)
{
    for (size_t i = 0; i < move->n; i++)
        free((char *)move->nodes[i]);
    free((void *)move->nodes);
    free((char *)move->into);
}

/* A pull's writes are seen by no bitmap: the guest finds what it would have found without them. */
static void move_init(const struct block_job *block, struct bitmaps_move *move)
{
    const struct disk_xml_image *into = image_into(block);
    const char **nodes = xcalloc(block->images.n, sizeof(*nodes));

    for (size_t i = 0; i < block->images.n; i++)
        nodes[i] = xasprintf("libvirt-%s-format", block->images.images[i].index);
    *move = (struct bitmaps_move){
        .nodes = nodes,
        .n = block->images.n,
        .into = xasprintf("libvirt-%s-format", into->index),
        .into_name = into->path ? into->path : block->source,
        .is_recorded = block->type == BLOCK_JOB_COMMIT || block->type == BLOCK_JOB_ACTIVE_COMMIT,
    };
    block_job_dropped(block, &move->first, &move->end);
}

/* --- before and at its end --- */

int block_bitmaps_check(const struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                        struct verror *err)
{
    struct bitmaps_move move;
    struct bitmaps bitmaps;
    int rc = bitmaps_find(guest, ctl, &bitmaps, err);

    if (rc == 0 && bitmaps.n > 0) {
        move_init(block, &move);
        rc = bitmaps_check_move(&bitmaps, &move, err);
        move_clear(&move);
    }
    bitmaps_clear(&bitmaps);
    return rc;
}

int block_bitmaps_move(const struct block_job *block, struct guest *guest, struct verror *err)
{
    struct bitmaps_move move;
    struct bitmaps bitmaps;
    int rc = bitmaps_find(guest, NULL, &bitmaps, err);

    if (rc == 0 && bitmaps.n > 0) {
        move_init(block, &move);
        rc = bitmaps_transact(guest, bitmaps_steps_move(&bitmaps, &move), NULL, err);
        move_clear(&move);
    }
    bitmaps_clear(&bitmaps);
    return rc;
}
