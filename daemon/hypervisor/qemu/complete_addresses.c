/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses on buses other than PCI - drive, virtio-serial; USB: complete_usb.c - and
 * the controllers they ask for.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

/* --- drives --- */

/* A disk's place follows from its name: sda is the first of the first controller. */
static const struct drive_bus {
    const char *name;
    unsigned int buses, units; /* of a controller, of a bus */
    const char *model;         /* of a controller that is made up */
} drive_buses[] = {
    /* the order in which missing controllers are added */
    { "scsi", 1, 7, "lsilogic" },
    { "ide", 2, 2, NULL },
    { "sata", 1, 6, NULL },
};

enum { LSILOGIC_UNIT_MAX = 7 };

static bool is_on(xmlNodePtr disk, const struct drive_bus *bus)
{
    return xml_attribute_is(xml_child(disk, "target"), "bus", bus->name);
}

struct drive_address {
    unsigned int controller, bus, target, unit;
};

static int read_drive(xmlNodePtr disk, struct drive_address *ret, struct verror *err)
{
    xmlNodePtr address = tree_address(disk, "drive");

    if (tree_number(address, "controller", COMPLETE_INDEX_MAX, &ret->controller, err) < 0 ||
        tree_number(address, "bus", 7, &ret->bus, err) < 0 ||
        tree_number(address, "target", 255, &ret->target, err) < 0 ||
        tree_number(address, "unit", 16383, &ret->unit, err) < 0)
        return -1;
    return 0;
}

static int place_drive(xmlNodePtr disk, const struct drive_bus *bus, struct drive_address *ret,
                       struct verror *err)
{
    _cleanup_free_ char *target = xml_attribute(xml_child(disk, "target"), "dev");
    unsigned int index = (unsigned int)disk_target_index(target); /* complete_disks.c: >= 0 */

    ret->controller = index / (bus->units * bus->buses);
    ret->bus = index / bus->units % bus->buses;
    ret->target = 0;
    ret->unit = index % bus->units;
    if (ret->controller > COMPLETE_INDEX_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "target '%s' asks for more than %d controllers",
                          target, COMPLETE_INDEX_MAX + 1);
    return 0;
}

/* The machine has one, and no other is made up, be it for a name or an address. */
static int check_ide(xmlNodePtr disk, const struct drive_address *drive, struct verror *err)
{
    _cleanup_free_ char *target = xml_attribute(xml_child(disk, "target"), "dev");

    if (drive->controller == 0)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "target '%s': an IDE controller has four drives, and there is only one",
                      target);
}

static void write_drive(xmlNodePtr disk, const struct drive_address *drive)
{
    xmlNodePtr address = tree_address(disk, "drive");

    if (!address)
        address = tree_address_new(disk, "drive");
    tree_setf(address, "controller", "%u", drive->controller);
    tree_setf(address, "bus", "%u", drive->bus);
    tree_setf(address, "target", "%u", drive->target);
    tree_setf(address, "unit", "%u", drive->unit);
}

/* What disks of one bus have taken so far. */
struct drives {
    struct drive_address *used;
    size_t n;
    unsigned int max_controller;
};

static int take_drive(struct drives *drives, xmlNodePtr disk, const struct drive_address *drive,
                      struct verror *err)
{
    for (size_t i = 0; i < drives->n; i++)
        if (memcmp(&drives->used[i], drive, sizeof(*drive)) == 0) {
            _cleanup_free_ char *target = xml_attribute(xml_child(disk, "target"), "dev");

            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "Found duplicate drive address for disk with target name '%s' "
                              "controller='%u' bus='%u' target='%u' unit='%u'", target,
                              drive->controller, drive->bus, drive->target, drive->unit);
        }
    drives->used[drives->n++] = *drive;
    if (drive->controller > drives->max_controller)
        drives->max_controller = drive->controller;
    return 0;
}

static int place_drives(struct completion *c, const struct drive_bus *bus, struct drives *drives,
                        struct verror *err)
{
    for (xmlNodePtr disk = xml_first(c->devices, "disk"); disk; disk = xml_next(disk, "disk")) {
        struct drive_address drive = { 0 };

        if (!is_on(disk, bus))
            continue;
        if (tree_address(disk, "drive") ? read_drive(disk, &drive, err) < 0
                                        : place_drive(disk, bus, &drive, err) < 0)
            return -1;
        if (strcmp(bus->name, "ide") == 0 && check_ide(disk, &drive, err) < 0)
            return -1;
        if (take_drive(drives, disk, &drive, err) < 0)
            return -1;
        write_drive(disk, &drive);
    }
    return 0;
}

/* It addresses its disks by a number alone, the unit. */
static int check_lsilogic(struct completion *c, struct verror *err)
{
    for (xmlNodePtr disk = xml_first(c->devices, "disk"); disk; disk = xml_next(disk, "disk")) {
        struct drive_address drive = { 0 };

        if (!xml_attribute_is(xml_child(disk, "target"), "bus", "scsi"))
            continue;
        if (read_drive(disk, &drive, err) < 0)
            return -1;
        if (!xml_attribute_is(controller_find(c->devices, "scsi", drive.controller), "model",
                              "lsilogic"))
            continue;
        if (drive.bus != 0 || drive.target != 0 || drive.unit > LSILOGIC_UNIT_MAX)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "bus and target must be 0, unit at most %d for controller model "
                              "'lsilogic'", LSILOGIC_UNIT_MAX);
    }
    return 0;
}

static int complete_drives(struct completion *c, const struct drive_bus *bus, struct verror *err)
{
    struct drives drives = {
        .used = xcalloc(xmlChildElementCount(c->devices) + 1, sizeof(*drives.used)),
    };
    int r = place_drives(c, bus, &drives, err);

    for (unsigned int i = 0; r == 0 && drives.n > 0 && i <= drives.max_controller; i++)
        controller_need(c, bus->name, i, bus->model);
    if (r == 0 && strcmp(bus->name, "scsi") == 0)
        r = check_lsilogic(c, err);
    free(drives.used);
    return r;
}

/* --- virtio-serial --- */

enum { VIRTIO_SERIAL_PORTS = 31 };

/* The ports of each controller that are taken, a bit each. */
struct serial_ports {
    uint32_t used[COMPLETE_INDEX_MAX + 1];
    unsigned int max_controller;
};

/* Port 0 is a console's. */
static unsigned int free_port(struct completion *c, const struct serial_ports *ports,
                              unsigned int controller)
{
    xmlNodePtr node = controller_find(c->devices, "virtio-serial", controller);
    unsigned int n = tree_number_or(node, "ports", VIRTIO_SERIAL_PORTS);

    for (unsigned int port = 1; port < n && port < VIRTIO_SERIAL_PORTS; port++)
        if (!(ports->used[controller] & 1u << port))
            return port;
    return 0;
}

static int place_channel(struct completion *c, xmlNodePtr channel, struct serial_ports *ports,
                         struct verror *err)
{
    xmlNodePtr address = tree_address(channel, "virtio-serial");
    unsigned int port = 0, controller = 0;

    while ((port = free_port(c, ports, controller)) == 0)
        if (++controller > COMPLETE_INDEX_MAX)
            return verror_set(err, VIR_ERR_XML_ERROR, "too many channels");
    controller_need(c, "virtio-serial", controller, NULL);
    ports->used[controller] |= 1u << port;
    if (!address)
        address = tree_address_new(channel, "virtio-serial");
    tree_setf(address, "controller", "%u", controller);
    tree_setf(address, "bus", "0");
    tree_setf(address, "port", "%u", port);
    return 0;
}

static int read_channel(xmlNodePtr channel, struct serial_ports *ports, struct verror *err)
{
    xmlNodePtr address = tree_address(channel, "virtio-serial");
    unsigned int controller = 0, port = 0;

    if (tree_number(address, "controller", COMPLETE_INDEX_MAX, &controller, err) < 0 ||
        tree_number(address, "port", VIRTIO_SERIAL_PORTS - 1, &port, err) < 0)
        return -1;
    if (controller > ports->max_controller)
        ports->max_controller = controller;
    if (port == 0)
        return 0;
    if (ports->used[controller] & 1u << port)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "virtio serial port %u on controller %u is already occupied", port,
                          controller);
    ports->used[controller] |= 1u << port;
    return 0;
}

static bool has_virtio_console(struct completion *c)
{
    for (xmlNodePtr node = xml_first(c->devices, "console"); node;
         node = xml_next(node, "console"))
        if (xml_attribute_is(xml_child(node, "target"), "type", "virtio"))
            return true;
    return false;
}

static int complete_channels(struct completion *c, struct verror *err)
{
    xmlNodePtr first = xml_first(c->devices, "channel");
    struct serial_ports ports = { 0 };

    if (!first && !has_virtio_console(c))
        return 0;
    for (xmlNodePtr node = first; node; node = xml_next(node, "channel"))
        if (read_channel(node, &ports, err) < 0)
            return -1;
    for (unsigned int i = 0; i <= ports.max_controller; i++)
        controller_need(c, "virtio-serial", i, NULL);
    for (xmlNodePtr node = first; node; node = xml_next(node, "channel"))
        if (tree_number_or(tree_address(node, "virtio-serial"), "port", 0) == 0 &&
            place_channel(c, node, &ports, err) < 0)
            return -1;
    return 0;
}

int complete_addresses(struct completion *c, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(drive_buses); i++)
        if (complete_drives(c, &drive_buses[i], err) < 0)
            return -1;
    return complete_channels(c, err);
}
