/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <disk> elements: their order, driver, bus.  Their addresses: complete_addresses.c.  Workers. */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

/* A name's beginning says the bus, where nothing else does. */
static const struct {
    const char *prefix, *bus;
} target_buses[] = {
    { "vd", "virtio" }, { "sd", "scsi" }, { "hd", "ide" }, { "fd", "fdc" }, { "xvd", "xen" },
};

static const char *target_letters(const char *target, const char **ret_bus)
{
    for (size_t i = 0; i < ARRAY_SIZE(target_buses); i++) {
        size_t len = strlen(target_buses[i].prefix);

        if (strncmp(target, target_buses[i].prefix, len) != 0)
            continue;
        if (ret_bus)
            *ret_bus = target_buses[i].bus;
        return target + len;
    }
    return NULL;
}

int disk_target_index(const char *target)
{
    static const int longest = 3; /* "zzz": 18277 */
    const char *letters = target_letters(target, NULL);
    int index = 0, len = 0;

    if (!letters)
        return -1;
    for (; *letters >= 'a' && *letters <= 'z' && len < longest; letters++, len++)
        index = index * 26 + (*letters - 'a' + 1);
    return len > 0 && *letters == '\0' ? index - 1 : -1;
}

/* What decides a disk's place in the list. */
struct disk_place {
    xmlNodePtr node;
    char *bus; /* or NULL */
    int index;
};

static bool same_bus(const struct disk_place *a, const struct disk_place *b)
{
    if (!a->bus || !b->bus)
        return !a->bus && !b->bus;
    return strcmp(a->bus, b->bus) == 0;
}

/*
 * Where libvirt inserts a disk into those before it: among those of its bus by name,
 * but behind the last of them that sorts before it.  A bus that is not written is none yet.
 */
static size_t disk_position(const struct disk_place *places, size_t n,
                            const struct disk_place *disk)
{
    size_t position = n;
    bool found = false;

    for (size_t i = n; i-- > 0;) {
        if (!same_bus(&places[i], disk))
            continue;
        if (places[i].index > disk->index)
            position = i;
        else if (!found)
            position = i + 1;
        found = true;
    }
    return position;
}

static void sort_disks(struct completion *c)
{
    size_t n = 0;
    struct disk_place *places =
        xcalloc(xmlChildElementCount(c->devices) + 1, sizeof(*places));

    for (xmlNodePtr node = xml_first(c->devices, "disk"); node; node = xml_next(node, "disk")) {
        xmlNodePtr target = xml_child(node, "target");
        _cleanup_free_ char *name = xml_attribute(target, "dev");
        struct disk_place place = { node, xml_attribute(target, "bus"), disk_target_index(name) };
        size_t at = disk_position(places, n, &place);

        memmove(places + at + 1, places + at, (n - at) * sizeof(*places));
        places[at] = place;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        xmlUnlinkNode(places[i].node);
        (void)xmlAddChild(c->devices, places[i].node); /* fails only without arguments */
        free(places[i].bus);
    }
    free(places);
}

static int check_target(xmlNodePtr disk, struct verror *err)
{
    _cleanup_free_ char *name = xml_attribute(xml_child(disk, "target"), "dev");

    if (!name)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing target dev of element disk");
    if (disk_target_index(name) < 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid target dev '%s' of element disk",
                          xml_quotable(name));
    return 0;
}

static int check_bus(const struct completion *c, xmlNodePtr disk, const char *name,
                     const char *bus, struct verror *err)
{
    if (!tree_is_word(bus, "virtio scsi sata ide"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "disk '%s': bus '%s' is not provided",
                          name, xml_quotable(bus));
    if (strcmp(bus, "ide") == 0 && c->is_q35)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "disk '%s': IDE controllers are unsupported for this machine type", name);
    if (strcmp(bus, "virtio") == 0 && xml_attribute_is(disk, "device", "cdrom"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "disk '%s': device 'cdrom' on bus 'virtio' is not provided", name);
    return 0;
}

static int complete_target(const struct completion *c, xmlNodePtr disk, struct verror *err)
{
    xmlNodePtr target = xml_child(disk, "target");
    _cleanup_free_ char *name = xml_attribute(target, "dev"), *bus = NULL;
    const char *usual = NULL;

    (void)target_letters(name, &usual); /* check_target() has seen it */
    tree_default(target, "bus", usual);
    bus = xml_attribute(target, "bus");
    return check_bus(c, disk, name, bus ? bus : "", err);
}

/* A volume's format is the pool's to say. */
static void complete_driver(xmlNodePtr disk)
{
    xmlNodePtr driver = tree_need(disk, "driver");

    tree_default(driver, "name", "qemu");
    if (!xml_attribute_is(disk, "type", "volume"))
        tree_default(driver, "type", "raw");
}

/* <source/> of an empty drive says nothing. */
static void drop_empty_source(xmlNodePtr disk)
{
    xmlNodePtr source = xml_child(disk, "source");

    if (source && !tree_has(source, "file") && !tree_has(source, "dev") &&
        !tree_has(source, "volume"))
        xml_drop(source);
}

static int complete_disk(const struct completion *c, xmlNodePtr disk, struct verror *err)
{
    tree_default(disk, "type", "file");
    tree_default(disk, "device", "disk");
    drop_empty_source(disk);
    complete_driver(disk);
    if (xml_attribute_is(disk, "device", "cdrom"))
        tree_need(disk, "readonly");
    else if (!xml_child(disk, "source"))
        return verror_set(err, VIR_ERR_XML_ERROR, "missing source of a disk");
    return complete_target(c, disk, err);
}

int complete_disks(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, "disk"); node; node = xml_next(node, "disk"))
        if (check_target(node, err) < 0)
            return -1;
    sort_disks(c);
    for (xmlNodePtr node = xml_first(c->devices, "disk"); node; node = xml_next(node, "disk"))
        if (complete_disk(c, node, err) < 0)
            return -1;
    return 0;
}
