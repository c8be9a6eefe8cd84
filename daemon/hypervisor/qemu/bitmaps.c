/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty bitmaps as QEMU tells of them and is told; see bitmaps.h.  Workers. */

#include "hypervisor/qemu/bitmaps.h"

#include <stdlib.h>
#include <string.h>

#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/monitor.h"
#include "util/alloc.h"

enum { COMMAND_MS = 60000 };

/* --- looking --- */

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

static void take_bitmap(struct bitmaps *ret, const char *node, const json_t *bitmap)
{
    const char *name = json_string_value(json_object_get(bitmap, "name"));

    if (!name) /* some job's own, which goes with it */
        return;
    ret->list = xrealloc(ret->list, ret->n + 1, sizeof(*ret->list));
    ret->list[ret->n++] = (struct bitmap){
        .node = xstrdup(node),
        .name = xstrdup(name),
        .granularity = number_of(bitmap, "granularity"),
        .count = number_of(bitmap, "count"),
        .recording = json_is_true(json_object_get(bitmap, "recording")),
        .busy = json_is_true(json_object_get(bitmap, "busy")),
        .persistent = json_is_true(json_object_get(bitmap, "persistent")),
        .inconsistent = json_is_true(json_object_get(bitmap, "inconsistent")),
    };
}

static bool has_flag(const json_t *bitmap, const char *name)
{
    json_t *flag;
    size_t i;

    json_array_foreach(json_object_get(bitmap, "flags"), i, flag)
    {
        if (json_string_value(flag) && strcmp(json_string_value(flag), name) == 0)
            return true;
    }
    return false;
}

/*
 * While a guest stands still whose memory has been written, QEMU has let go of its bitmaps: until it
 * goes on they are in the image alone.
 */
static void take_stored(struct bitmaps *ret, const char *node, const json_t *image)
{
    json_t *list = NULL, *bitmap;
    size_t i;

    (void)json_unpack((json_t *)image, "{s:{s:{s:o}}}", "format-specific", "data", "bitmaps",
                      &list);
    json_array_foreach(list, i, bitmap)
    {
        const char *name = json_string_value(json_object_get(bitmap, "name"));

        if (!name || bitmaps_get(ret, node, name))
            continue;
        ret->list = xrealloc(ret->list, ret->n + 1, sizeof(*ret->list));
        ret->list[ret->n++] = (struct bitmap){
            .node = xstrdup(node),
            .name = xstrdup(name),
            .granularity = number_of(bitmap, "granularity"),
            .recording = has_flag(bitmap, "auto"),
            .persistent = true,
            .inconsistent = has_flag(bitmap, "in-use"),
        };
    }
}

/* An image of qcow2's first version has no room for them. */
static void take_image(struct bitmaps *ret, const char *name, const json_t *node)
{
    const char *driver = json_string_value(json_object_get(node, "drv")), *compat = NULL;
    json_t *image = json_object_get(node, "image");

    (void)json_unpack(image, "{s:{s:{s:s}}}", "format-specific", "data", "compat", &compat);
    ret->images = xrealloc(ret->images, ret->nimages + 1, sizeof(*ret->images));
    ret->images[ret->nimages++] = (struct bitmap_image){
        .node = xstrdup(name),
        .size = number_of(image, "virtual-size"),
        .holds = driver && strcmp(driver, "qcow2") == 0 && compat && strcmp(compat, "0.10") != 0,
    };
}

static void note_persistent(struct guest *guest, const struct bitmaps *bitmaps)
{
    for (size_t i = 0; i < bitmaps->n; i++)
        if (bitmaps->list[i].persistent)
            atomic_store(&guest->has_bitmaps, true);
}

int bitmaps_find(struct guest *guest, struct job_ctl *ctl, struct bitmaps *ret, struct verror *err)
{
    json_t *reply = NULL, *node, *bitmap;
    size_t i, k;

    *ret = (struct bitmaps){ 0 };
    if (monitor_call(guest->monitor, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), -1,
                     ctl, COMMAND_MS, &reply, err) < 0)
        return -1;
    json_array_foreach(reply, i, node)
    {
        const char *name = json_string_value(json_object_get(node, "node-name"));
        json_t *bitmaps = json_object_get(node, "dirty-bitmaps");

        if (!name)
            continue;
        take_image(ret, name, node);
        json_array_foreach(bitmaps, k, bitmap) take_bitmap(ret, name, bitmap);
        take_stored(ret, name, json_object_get(node, "image"));
    }
    json_decref(reply);
    note_persistent(guest, ret);
    return 0;
}

void bitmaps_clear(struct bitmaps *bitmaps)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        free(bitmaps->list[i].node);
        free(bitmaps->list[i].name);
    }
    for (size_t i = 0; i < bitmaps->nimages; i++)
        free(bitmaps->images[i].node);
    free(bitmaps->list);
    free(bitmaps->images);
    *bitmaps = (struct bitmaps){ 0 };
}

const struct bitmap *bitmaps_get(const struct bitmaps *bitmaps, const char *node,
                                 const char *name)
{
    for (size_t i = 0; i < bitmaps->n; i++) {
        const struct bitmap *bitmap = &bitmaps->list[i];

        if (strcmp(bitmap->node, node) == 0 && strcmp(bitmap->name, name) == 0)
            return bitmap;
    }
    return NULL;
}

const struct bitmap_image *bitmaps_image(const struct bitmaps *bitmaps, const char *node)
{
    for (size_t i = 0; i < bitmaps->nimages; i++)
        if (strcmp(bitmaps->images[i].node, node) == 0)
            return &bitmaps->images[i];
    return NULL;
}

/* --- changing --- */

static json_t *step(const char *type, json_t *data)
{
    return json_pack("{s:s, s:o}", "type", type, "data", data);
}

json_t *bitmap_step_add(const char *node, const char *name, bool persistent, uint64_t granularity)
{
    json_t *data = json_pack("{s:s, s:s, s:b}", "node", node, "name", name, "persistent",
                             (int)persistent);

    if (granularity)
        json_object_set_new(data, "granularity", json_integer((json_int_t)granularity));
    return step("block-dirty-bitmap-add", data);
}

json_t *bitmap_step_remove(const char *node, const char *name)
{
    return step("block-dirty-bitmap-remove", json_pack("{s:s, s:s}", "node", node, "name", name));
}

json_t *bitmap_step_enable(const char *node, const char *name)
{
    return step("block-dirty-bitmap-enable", json_pack("{s:s, s:s}", "node", node, "name", name));
}

json_t *bitmap_step_merge(const char *node, const char *into, const char *from_node,
                          const char *from)
{
    return step("block-dirty-bitmap-merge",
                json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "node", node, "target", into, "bitmaps",
                          "node", from_node, "name", from));
}

int bitmaps_transact(struct guest *guest, json_t *steps, struct job_ctl *ctl, struct verror *err)
{
    if (json_array_size(steps) == 0) {
        json_decref(steps);
        return 0;
    }
    atomic_store(&guest->has_bitmaps, true); /* if it had none, it may have some now */
    return monitor_call(guest->monitor, "transaction", json_pack("{s:o}", "actions", steps), -1,
                        ctl, COMMAND_MS, NULL, err);
}
