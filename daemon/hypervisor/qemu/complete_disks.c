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

static void place_of(xmlNodePtr disk, struct tree_place *ret)
{
    xmlNodePtr target = xml_child(disk, "target");
    _cleanup_free_ char *name = xml_attribute(target, "dev");

    ret->group = xml_attribute(target, "bus"); /* one that is not written is none yet */
    ret->index = disk_target_index(name);
}

void sort_disks(struct completion *c)
{
    tree_place_all(c->devices, "disk", place_of);
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
