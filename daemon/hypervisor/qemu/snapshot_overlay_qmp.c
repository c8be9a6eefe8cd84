/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New images put on top of those of a guest that runs; see snapshot_overlay.h.  Workers. */

#include <string.h>

#include "hypervisor/qemu/bitmaps.h"
#include "hypervisor/qemu/command_internal.h"
#include "hypervisor/qemu/snapshot_overlay.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

enum { COMMAND_MS = 60000 };

static int call(struct guest *guest, const char *command, json_t *arguments, struct verror *err)
{
    return monitor_call(guest->monitor, command, arguments, -1, NULL, COMMAND_MS, NULL, err);
}

/*
 * The two nodes of a new image as the command line would have them, but alone: what is below
 * comes with the switch.
 */
static int find_nodes(xmlNodePtr disk, json_t **ret_storage, json_t **ret_format,
                      struct verror *err)
{
    static const struct command_host host = { .monitor_fd = -1, .dry = true };
    struct builder b = { .host = &host, .err = err };
    xmlNodePtr below = xml_child(disk, "backingStore");
    const char *node;
    int rc;

    if (below)
        xml_drop(below);
    (void)xml_child_add(disk, "backingStore", NULL);
    rc = command_blockdev(&b, disk, false, &node);
    if (rc == 0) {
        *ret_storage = json_loads(b.out.argv[1], 0, NULL);
        *ret_format = json_loads(b.out.argv[3], 0, NULL);
    }
    builder_done(&b);
    qemu_command_clear(&b.out);
    return rc;
}

static int add_nodes(struct guest *guest, xmlNodePtr disk, struct verror *err)
{
    json_t *storage = NULL, *format = NULL;
    int rc = find_nodes(disk, &storage, &format, err);

    if (rc == 0)
        rc = call(guest, "blockdev-add", STEAL_PTR(storage), err);
    if (rc == 0)
        rc = call(guest, "blockdev-add", STEAL_PTR(format), err);
    json_decref(storage);
    json_decref(format);
    return rc;
}

static void drop_nodes(const struct snapshot_overlays *overlays, struct guest *guest)
{
    static const char *const kinds[] = { "format", "storage" };

    for (size_t i = 0; i < overlays->n; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
            _cleanup_free_ char *node =
                xasprintf("libvirt-%u-%s", overlays->list[i].index, kinds[k]);

            (void)call(guest, "blockdev-del", json_pack("{s:s}", "node-name", node),
                       NULL); /* it may not have come as far as that */
        }
    }
}

/* The bitmaps of the old images go on in the new ones, so that no write falls between them. */
static int switch_all(const struct snapshot_overlays *overlays, struct guest *guest,
                      struct verror *err)
{
    json_t *actions = json_array();
    struct bitmaps bitmaps;
    int rc = bitmaps_find(guest, NULL, &bitmaps, err);

    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *overlay = &overlays->list[i];
        _cleanup_free_ char *below = xasprintf("libvirt-%s-format", overlay->base_index);
        _cleanup_free_ char *on_top = xasprintf("libvirt-%u-format", overlay->index);

        bitmaps_steps_above(&bitmaps, below, on_top, actions);
        json_array_append_new(actions, json_pack("{s:s, s:{s:s, s:s}}", "type", "blockdev-snapshot",
                                                 "data", "node", below, "overlay", on_top));
    }
    bitmaps_clear(&bitmaps);
    if (rc == 0)
        return call(guest, "transaction", json_pack("{s:o}", "actions", actions), err);
    json_decref(actions);
    return rc;
}

int snapshot_overlays_switch(const struct snapshot_overlays *overlays, struct guest *guest,
                             const struct domain_def *new_live, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(new_live);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    int rc = 0;

    for (size_t i = 0; i < overlays->n && rc == 0; i++) {
        xmlNodePtr disk = xml_first(devices, "disk");

        while (disk &&
               !xml_attribute_is(xml_child(disk, "target"), "dev", overlays->list[i].target))
            disk = xml_next(disk, "disk");
        rc = disk ? add_nodes(guest, disk, err) : 0;
    }
    if (rc == 0 && (rc = switch_all(overlays, guest, err)) < 0 &&
        snapshot_overlays_use(overlays, guest) != OVERLAYS_NOT_USED) {
        verror_clear(err); /* the answer came late, or QEMU ended: what it wrote is in them */
        return 0;
    }
    if (rc < 0)
        drop_nodes(overlays, guest);
    return rc;
}

static bool has_below(json_t *nodes, const char *name)
{
    json_t *node;
    size_t i;

    json_array_foreach(nodes, i, node)
    {
        const char *of = json_string_value(json_object_get(node, "node-name"));

        if (of && strcmp(of, name) == 0)
            return json_integer_value(json_object_get(node, "backing_file_depth")) > 0;
    }
    return false;
}

enum overlays_use snapshot_overlays_use(const struct snapshot_overlays *overlays,
                                        struct guest *guest)
{
    json_t *nodes = NULL;
    bool used = overlays->n > 0;

    if (!guest || !guest->monitor ||
        monitor_call(guest->monitor, "query-named-block-nodes", NULL, -1, NULL, -1, &nodes, NULL) <
            0)
        return OVERLAYS_USE_UNKNOWN;
    for (size_t i = 0; i < overlays->n && used; i++) {
        _cleanup_free_ char *name = xasprintf("libvirt-%u-format", overlays->list[i].index);

        used = has_below(nodes, name);
    }
    json_decref(nodes);
    return used ? OVERLAYS_USED : OVERLAYS_NOT_USED;
}
