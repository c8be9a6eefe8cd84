/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How dirty bitmaps follow a disk whose chain of images changes; see bitmaps.h.  No
 * state, nothing is asked: steps are worked out from what there is.
 */

#include <string.h>

#include "hypervisor/qemu/bitmaps.h"
#include "util/alloc.h"

bool bitmap_is_good(const struct bitmap *bitmap)
{
    return bitmap && bitmap->persistent && bitmap->recording && !bitmap->inconsistent;
}

bool bitmaps_are_whole(const struct bitmaps *bitmaps, const char *const *nodes, size_t n,
                       const char *name)
{
    size_t good = 0;

    while (good < n && bitmap_is_good(bitmaps_get(bitmaps, nodes[good], name)))
        good++;
    for (size_t i = good; i < n; i++)
        if (bitmaps_get(bitmaps, nodes[i], name))
            return false;
    return good > 0;
}

/* --- a new image --- */

void bitmaps_steps_above(const struct bitmaps *bitmaps, const char *below, const char *above,
                         json_t *steps)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        const struct bitmap *bitmap = &bitmaps->list[i];

        if (strcmp(bitmap->node, below) != 0 || !bitmap_is_good(bitmap) ||
            bitmap_is_good(bitmaps_get(bitmaps, above, bitmap->name)))
            continue;
        json_array_append_new(steps,
                              bitmap_step_add(above, bitmap->name, true, bitmap->granularity));
    }
}

/* --- images that leave --- */

static bool is_of_chain(const struct bitmaps_move *move, const char *node)
{
    for (size_t i = 0; i < move->n; i++)
        if (strcmp(move->nodes[i], node) == 0)
            return true;
    return strcmp(move->into, node) == 0;
}

static const struct bitmap *first_leaving(const struct bitmaps *bitmaps,
                                          const struct bitmaps_move *move, const char *name)
{
    const struct bitmap *bitmap = NULL;

    for (size_t i = move->first; i < move->end && !bitmap; i++)
        bitmap = bitmaps_get(bitmaps, move->nodes[i], name);
    return bitmap;
}

/* Would an X seem whole if nothing were done about it? */
static bool seems_whole_after(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                              const char *name)
{
    const char **left = xcalloc(move->n + 1, sizeof(*left));
    bool is_new = true, whole;
    size_t n = 0;

    for (size_t i = 0; i < move->n; i++)
        is_new &= strcmp(move->nodes[i], move->into) != 0;
    for (size_t i = 0; i < move->n; i++) {
        if (i == move->first && is_new)
            left[n++] = move->into;
        if (i < move->first || i >= move->end)
            left[n++] = move->nodes[i];
    }
    whole = bitmaps_are_whole(bitmaps, left, n, name);
    free(left);
    return whole;
}

/* QEMU makes the image that a commit goes into as large as the one that is committed. */
static uint64_t size_after(const struct bitmaps *bitmaps, const struct bitmaps_move *move)
{
    const struct bitmap_image *into = bitmaps_image(bitmaps, move->into);
    const struct bitmap_image *from = bitmaps_image(bitmaps, move->nodes[move->first]);
    uint64_t size = into ? into->size : 0;

    return move->is_recorded && from && from->size > size ? from->size : size;
}

static uint64_t size_of(const struct bitmaps *bitmaps, const char *node)
{
    const struct bitmap_image *image = bitmaps_image(bitmaps, node);

    return image ? image->size : 0;
}

/* QEMU merges only what is of one size. */
static int check_sizes(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                       const char *name, struct verror *err)
{
    for (size_t i = move->first; i < move->end; i++) {
        if (bitmaps_get(bitmaps, move->nodes[i], name) &&
            size_of(bitmaps, move->nodes[i]) != size_after(bitmaps, move))
            return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                              "dirty bitmap '%s' is of an image of another size than '%s', which "
                              "could not take it over; delete its checkpoint first",
                              name, move->into_name);
    }
    return 0;
}

/* One that is whole, and that an image has which leaves. */
static int check_whole(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                       const char *name, struct verror *err)
{
    const struct bitmap_image *into = bitmaps_image(bitmaps, move->into);
    const struct bitmap *there = bitmaps_get(bitmaps, move->into, name);

    if (move->is_recorded && bitmap_is_good(there))
        return 0;
    if (!into || !into->holds)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "'%s' is no qcow2 image that could take over dirty bitmap '%s'; delete "
                          "its checkpoint first",
                          move->into_name, name);
    if (there && (there->inconsistent || !there->persistent))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "'%s' has a dirty bitmap '%s' already, which cannot be used",
                          move->into_name, name);
    return check_sizes(bitmaps, move, name, err);
}

static int check_name(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                      const char *name, struct verror *err)
{
    bool is_recorded = move->is_recorded && bitmap_is_good(bitmaps_get(bitmaps, move->into, name));

    if (bitmaps_are_whole(bitmaps, move->nodes, move->n, name))
        return first_leaving(bitmaps, move, name) ? check_whole(bitmaps, move, name, err) : 0;
    if (is_recorded || !seems_whole_after(bitmaps, move, name))
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "dirty bitmap '%s' does not say all that was written to the disk, and would "
                      "seem to afterwards; delete its checkpoint first",
                      name);
}

int bitmaps_check_move(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                       struct verror *err)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        const struct bitmap *bitmap = &bitmaps->list[i];

        if (bitmap->persistent && is_of_chain(move, bitmap->node) &&
            check_name(bitmaps, move, bitmap->name, err) < 0)
            return -1;
    }
    return 0;
}

/* It records before anything is merged into it. */
static void prepare_into(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                         const struct bitmap *first, json_t *steps)
{
    const struct bitmap *there = bitmaps_get(bitmaps, move->into, first->name);

    if (!there)
        json_array_append_new(steps,
                              bitmap_step_add(move->into, first->name, true, first->granularity));
    else if (!there->recording)
        json_array_append_new(steps, bitmap_step_enable(move->into, first->name));
}

static void merge_into(const struct bitmaps *bitmaps, const struct bitmaps_move *move,
                       const struct bitmap *from, json_t *steps)
{
    const struct bitmap *there = bitmaps_get(bitmaps, move->into, from->name);

    if (!bitmaps_are_whole(bitmaps, move->nodes, move->n, from->name))
        return;
    if (first_leaving(bitmaps, move, from->name) == from)
        prepare_into(bitmaps, move, from, steps);
    /* where the sizes differ it has recorded all of it: else the job would have been refused */
    if (!there || size_of(bitmaps, from->node) == size_of(bitmaps, move->into))
        json_array_append_new(steps,
                              bitmap_step_merge(move->into, from->name, from->node, from->name));
}

json_t *bitmaps_steps_move(const struct bitmaps *bitmaps, const struct bitmaps_move *move)
{
    json_t *steps = json_array();

    for (size_t at = move->first; at < move->end; at++)
        for (size_t i = 0; i < bitmaps->n; i++)
            if (strcmp(bitmaps->list[i].node, move->nodes[at]) == 0)
                merge_into(bitmaps, move, &bitmaps->list[i], steps);
    return steps;
}
