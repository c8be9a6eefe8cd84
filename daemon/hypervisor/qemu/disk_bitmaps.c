/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps of checkpoints in a guest that runs; see disk_bitmaps.h.  Workers. */

#include "hypervisor/qemu/disk_bitmaps.h"

#include <stdlib.h>
#include <string.h>

#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/monitor.h"
#include "util/alloc.h"
#include "util/log.h"
#include "xml/disk_images.h"

enum { COMMAND_MS = 60000 };

/* --- which --- */

void disk_bitmaps_add(struct disk_bitmaps *bitmaps, const char *target, const char *name)
{
    bitmaps->list = xrealloc(bitmaps->list, bitmaps->n + 1, sizeof(*bitmaps->list));
    bitmaps->list[bitmaps->n++] = (struct disk_bitmap){ xstrdup(target), xstrdup(name) };
}

void disk_bitmaps_add_all(struct disk_bitmaps *bitmaps, const struct checkpoint_def *def)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (def->disks[i].bitmap)
            disk_bitmaps_add(bitmaps, def->disks[i].name, def->disks[i].bitmap);
}

static int compare_targets(const void *a, const void *b)
{
    const struct disk_bitmap *left = a, *right = b;

    return strcmp(left->target, right->target);
}

void disk_bitmaps_sort(struct disk_bitmaps *bitmaps)
{
    if (bitmaps->n > 0)
        qsort(bitmaps->list, bitmaps->n, sizeof(*bitmaps->list), compare_targets);
}

void disk_bitmaps_clear(struct disk_bitmaps *bitmaps)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        free(bitmaps->list[i].target);
        free(bitmaps->list[i].name);
    }
    free(bitmaps->list);
    *bitmaps = (struct disk_bitmaps){ 0 };
}

json_t *disk_bitmaps_to_json(const struct disk_bitmaps *bitmaps)
{
    json_t *json = json_array();

    for (size_t i = 0; i < bitmaps->n; i++)
        json_array_append_new(json, json_pack("[s, s]", bitmaps->list[i].target,
                                              bitmaps->list[i].name));
    return json;
}

void disk_bitmaps_from_json(const json_t *json, struct disk_bitmaps *ret)
{
    json_t *item;
    size_t i;

    json_array_foreach(json, i, item)
    {
        const char *target, *name;

        if (json_unpack(item, "[s, s]", &target, &name) == 0)
            disk_bitmaps_add(ret, target, name);
    }
}

/* --- the nodes of a disk --- */

/* QEMU's names of its images, from the topmost. */
struct chain {
    const char **nodes;
    size_t n;
};

static void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        free((char *)chain->nodes[i]);
    free(chain->nodes);
    *chain = (struct chain){ 0 };
}

/* -1 with err: there is no such disk, or it is empty. */
static int chain_find(const struct domain_def *live, const char *target, struct chain *ret,
                      struct verror *err)
{
    struct disk_images images;

    *ret = (struct chain){ 0 };
    if (disk_images_find(live, target, &images, err) < 0)
        return -1;
    ret->nodes = xcalloc(images.n + 1, sizeof(*ret->nodes));
    for (size_t i = 0; i < images.n; i++)
        ret->nodes[ret->n++] = xasprintf("libvirt-%s-format", images.images[i].index);
    disk_images_clear(&images);
    return 0;
}

/* --- removed --- */

/* An image below others is only read: QEMU opens it again to change what is in it. */
struct reopening {
    struct guest *guest;
    json_t *nodes; /* as QEMU tells of them */
    json_t *done;  /* options of those that are to be closed again */
};

static json_t *find_node(const json_t *nodes, const char *name)
{
    json_t *node;
    size_t i;

    json_array_foreach(nodes, i, node)
    {
        const char *own = json_string_value(json_object_get(node, "node-name"));

        if (own && strcmp(own, name) == 0)
            return node;
    }
    return NULL;
}

static bool flag_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* What it was made with, but for what is told of it here. */
static json_t *options_of(const json_t *node, const char *name, const char *below)
{
    const json_t *cache = json_object_get(node, "cache");
    int index_length = (int)(strrchr(name, '-') - name);
    json_t *options =
        json_pack("{s:s, s:s, s:o, s:{s:b, s:b}}", "driver", "qcow2", "node-name", name, "file",
                  json_sprintf("%.*s-storage", index_length, name), "cache", "direct",
                  (int)flag_of(cache, "direct"), "no-flush", (int)flag_of(cache, "no-flush"));

    json_object_set_new(options, "backing", below ? json_string(below) : json_null());
    return options;
}

static int reopen(struct guest *guest, const json_t *options, bool readonly, struct job_ctl *ctl,
                  struct verror *err)
{
    json_t *again = json_deep_copy(options);

    json_object_set_new(again, "read-only", json_boolean(readonly));
    return monitor_call(guest->monitor, "blockdev-reopen", json_pack("{s:[o]}", "options", again),
                        -1, ctl, COMMAND_MS, NULL, err);
}

/* node: of chain, at that place. */
static int open_node(struct reopening *reopening, const struct chain *chain, size_t at,
                     struct job_ctl *ctl, struct verror *err)
{
    const char *name = chain->nodes[at];
    json_t *node = find_node(reopening->nodes, name), *options;

    if (!flag_of(node, "ro"))
        return 0;
    json_object_set_new(node, "ro", json_false()); /* of two bitmaps the second finds it open */
    options = options_of(node, name, at + 1 < chain->n ? chain->nodes[at + 1] : NULL);
    if (reopen(reopening->guest, options, false, ctl, err) < 0) {
        json_decref(options);
        return -1;
    }
    json_array_append_new(reopening->done, options);
    return 0;
}

static void close_nodes(struct reopening *reopening)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *options;
    size_t i;

    json_array_foreach(reopening->done, i, options)
    {
        if (reopen(reopening->guest, options, true, NULL, &err) < 0)
            log_error("an image stays open for writing: %s", verror_text(&err));
        verror_clear(&err);
    }
    json_decref(reopening->done);
    json_decref(reopening->nodes);
}

static int add_steps(const struct disk_bitmap *bitmap, const struct bitmaps *found,
                     const struct domain_def *live, struct reopening *reopening, json_t *steps,
                     struct job_ctl *ctl, struct verror *err)
{
    struct chain chain;
    int rc = 0;

    if (chain_find(live, bitmap->target, &chain, NULL) < 0)
        return 0; /* the disk has gone, and its images with it */
    for (size_t i = 0; i < chain.n && rc == 0; i++) {
        if (!bitmaps_get(found, chain.nodes[i], bitmap->name))
            continue;
        rc = open_node(reopening, &chain, i, ctl, err);
        json_array_append_new(steps, bitmap_step_remove(chain.nodes[i], bitmap->name));
    }
    chain_clear(&chain);
    return rc;
}

int disk_bitmaps_remove(const struct disk_bitmaps *bitmaps, struct guest *guest,
                        const struct domain_def *live, struct job_ctl *ctl, struct verror *err)
{
    struct reopening reopening = { guest, NULL, NULL };
    struct bitmaps found;
    json_t *steps;
    int rc = 0;

    if (bitmaps_find(guest, ctl, &found, err) < 0)
        return -1;
    if (monitor_call(guest->monitor, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), -1,
                     ctl, COMMAND_MS, &reopening.nodes, err) < 0) {
        bitmaps_clear(&found);
        return -1;
    }
    reopening.done = json_array();
    steps = json_array();
    for (size_t i = 0; i < bitmaps->n && rc == 0; i++)
        rc = add_steps(&bitmaps->list[i], &found, live, &reopening, steps, ctl, err);
    if (rc == 0)
        rc = bitmaps_transact(guest, steps, ctl, err);
    else
        json_decref(steps);
    close_nodes(&reopening);
    bitmaps_clear(&found);
    return rc;
}

/* --- looked at --- */

int disk_bitmaps_check(const struct checkpoint_def *def, struct guest *guest,
                       const struct domain_def *live, struct job_ctl *ctl, struct verror *err)
{
    struct bitmaps found;
    int rc = bitmaps_find(guest, ctl, &found, err);

    for (size_t i = 0; i < def->ndisks && rc == 0; i++) {
        const struct checkpoint_disk *disk = &def->disks[i];
        struct chain chain;

        if (!disk->bitmap)
            continue;
        if (chain_find(live, disk->name, &chain, NULL) < 0 ||
            !bitmaps_are_whole(&found, chain.nodes, chain.n, disk->bitmap))
            rc = verror_set(err, VIR_ERR_CHECKPOINT_INCONSISTENT,
                            "missing or broken bitmap '%s' for disk '%s'", disk->bitmap,
                            disk->name);
        chain_clear(&chain);
    }
    bitmaps_clear(&found);
    return rc;
}

static void take_size(struct checkpoint_disk *disk, const struct bitmaps *found,
                      const struct chain *chain)
{
    const struct bitmap_image *image = bitmaps_image(found, chain->nodes[0]);
    uint64_t size = 0;

    for (size_t i = 0; i < chain->n; i++) {
        const struct bitmap *bitmap = bitmaps_get(found, chain->nodes[i], disk->bitmap);

        size += bitmap ? bitmap->count : 0;
    }
    disk->has_size = true;
    disk->size = image && size > image->size ? image->size : size;
}

int disk_bitmaps_sizes(struct checkpoint_def *def, struct guest *guest,
                       const struct domain_def *live, struct verror *err)
{
    struct bitmaps found;

    if (bitmaps_find(guest, NULL, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < def->ndisks; i++) {
        struct checkpoint_disk *disk = &def->disks[i];
        struct chain chain;

        if (!disk->bitmap || chain_find(live, disk->name, &chain, NULL) < 0)
            continue;
        if (bitmaps_are_whole(&found, chain.nodes, chain.n, disk->bitmap))
            take_size(disk, &found, &chain);
        chain_clear(&chain);
    }
    bitmaps_clear(&found);
    return 0;
}
