/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks and CD drives: the device in front of command_blockdev.c's nodes.
 * Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

static const char disk_known[] =
    "@type @device @model @snapshot driver@name driver@type driver@cache driver@io driver@discard "
    "driver@detect_zeroes driver@error_policy driver@rerror_policy driver@queues driver@queue_size "
    "driver@ioeventfd driver@event_idx driver@iothread " VIRTIO_KNOWN " "
    "source@file source@fdgroup source@dev source@pool source@volume source@index "
    "source@startupPolicy backingStore* target@dev target@bus target@tray target@removable "
    "target@rotation_rate iotune* boot@order readonly shareable serial wwn vendor product "
    "blockio@logical_block_size blockio@physical_block_size " DEVICE_KNOWN;

struct disk_bus {
    const char *bus;
    const char *disk_driver, *cdrom_driver; /* NULL: there is none */
    int (*place)(struct builder *b, xmlNodePtr node, json_t *device);
    const struct rule *rules;
    size_t nrules;
};

static const struct rule common_rules[] = {
    { "blockio", "logical_block_size", RULE_NUMBER, "logical_block_size" },
    { "blockio", "physical_block_size", RULE_NUMBER, "physical_block_size" },
    { "shareable", NULL, RULE_PRESENT, "share-rw" },
    { "serial", NULL, RULE_STRING, "serial" },
};
static const struct rule virtio_disk_rules[] = {
    { "driver", "ioeventfd", RULE_SWITCH, "ioeventfd" },
    { "driver", "event_idx", RULE_SWITCH, "event_idx" },
    { "driver", "queues", RULE_NUMBER, "num-queues" },
    { "driver", "queue_size", RULE_NUMBER, "queue-size" },
};
static const struct rule scsi_disk_rules[] = {
    { "vendor", NULL, RULE_STRING, "vendor" },
    { "product", NULL, RULE_STRING, "product" },
    { "target", "rotation_rate", RULE_NUMBER, "rotation_rate" },
};
static const struct rule ide_disk_rules[] = {
    { "target", "rotation_rate", RULE_NUMBER, "rotation_rate" },
};
static const struct rule usb_disk_rules[] = {
    { "target", "removable", RULE_SWITCH, "removable" },
};

/* <address type='drive'> */
struct drive_address {
    uint64_t controller, bus, target, unit;
};

static int read_drive(struct builder *b, xmlNodePtr node, struct drive_address *at)
{
    *at = (struct drive_address){ 0 };
    if (!node_attr_is(b, node, "address", "type", "drive"))
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no drive address",
                          node_describe(b, node));
    if (node_number(b, node, "address", "controller", &at->controller) < 0 ||
        node_number(b, node, "address", "bus", &at->bus) < 0 ||
        node_number(b, node, "address", "target", &at->target) < 0 ||
        node_number(b, node, "address", "unit", &at->unit) < 0)
        return -1;
    return 0;
}

static int place_virtio(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *model = node_attr(b, node, NULL, "model") ?: "virtio";
    const char *driver = virtio_driver(b, "virtio-blk-pci", model);

    if (!driver)
        return refuse(b, node, "model '%s'", xml_quotable(model));
    props_string(device, "driver", driver);
    device_iothread(b, node, device);
    return virtio_rules(b, node, device);
}

static int place_ide(struct builder *b, xmlNodePtr node, json_t *device)
{
    struct drive_address at;
    const char *alias;

    if (read_drive(b, node, &at) < 0)
        return -1;
    alias = controller_alias(b, node, "ide", at.controller);
    if (!alias)
        return -1;
    props_string(device, "bus", cmd_keepf(b, "%s.%llu", alias, (unsigned long long)at.bus));
    props_number(device, "unit", at.unit);
    return 0;
}

static int place_sata(struct builder *b, xmlNodePtr node, json_t *device)
{
    struct drive_address at;
    const char *alias;

    if (read_drive(b, node, &at) < 0)
        return -1;
    alias = controller_alias(b, node, "sata", at.controller);
    if (!alias)
        return -1;
    props_string(device, "bus", cmd_keepf(b, "%s.%llu", alias, (unsigned long long)at.unit));
    return 0;
}

/* The guest sees it on the page of device identifiers, so it must stay what it was. */
static int scsi_identity(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *serial = node_text(b, node, "serial"), *wwn = node_text(b, node, "wwn");
    uint64_t number;

    props_string(device, "device_id",
                 serial ? serial : cmd_keepf(b, "drive-%s", node_alias(b, node) ?: ""));
    if (!wwn)
        return 0;
    if (!xml_parse_number(cmd_keepf(b, "0%s", wwn), 16, &number) || number > INT64_MAX)
        return refuse(b, node, "wwn '%s'", xml_quotable(wwn));
    props_number(device, "wwn", number);
    return 0;
}

/* lsilogic's bus has one channel and one unit a target. */
static int place_scsi(struct builder *b, xmlNodePtr node, json_t *device)
{
    struct drive_address at;
    const char *alias;
    xmlNodePtr controller;

    if (read_drive(b, node, &at) < 0)
        return -1;
    alias = controller_alias(b, node, "scsi", at.controller);
    if (!alias)
        return -1;
    props_string(device, "bus", cmd_keepf(b, "%s.0", alias));
    controller = command_controller_find(b, "scsi", at.controller);
    if (node_attr_is(b, controller, NULL, "model", "lsilogic")) {
        if (at.bus != 0 || at.target != 0)
            return refuse(b, node, "a bus or target other than 0 of an lsilogic controller");
        props_number(device, "scsi-id", at.unit);
    } else {
        props_number(device, "channel", at.bus);
        props_number(device, "scsi-id", at.target);
        props_number(device, "lun", at.unit);
    }
    return scsi_identity(b, node, device);
}

static const struct disk_bus buses[] = {
    { "virtio", "virtio-blk-pci", NULL, place_virtio, virtio_disk_rules,
      ARRAY_SIZE(virtio_disk_rules) },
    { "scsi", "scsi-hd", "scsi-cd", place_scsi, scsi_disk_rules, ARRAY_SIZE(scsi_disk_rules) },
    { "sata", "ide-hd", "ide-cd", place_sata, ide_disk_rules, ARRAY_SIZE(ide_disk_rules) },
    { "ide", "ide-hd", "ide-cd", place_ide, ide_disk_rules, ARRAY_SIZE(ide_disk_rules) },
    { "usb", "usb-storage", NULL, NULL, usb_disk_rules, ARRAY_SIZE(usb_disk_rules) },
};

/* What happens in the guest after an I/O error; libvirt applies error_policy to reads too. */
static int disk_errors(struct builder *b, xmlNodePtr node, json_t *device)
{
    static const struct name_map policies[] = {
        { NULL, NULL },         { "default", NULL },     { "stop", "stop" },
        { "report", "report" }, { "ignore", "ignore" },  { "enospace", "enospc" },
    };
    const char *write_name = node_attr(b, node, "driver", "error_policy");
    const char *read_name = node_attr(b, node, "driver", "rerror_policy");
    const struct name_map *on_write = map_find(policies, ARRAY_SIZE(policies), write_name);
    const struct name_map *on_read = map_find(policies, ARRAY_SIZE(policies), read_name);
    const char *read_value = on_read ? on_read->value : NULL;

    if (!on_write || !on_read || (read_value && strcmp(read_value, "enospc") == 0))
        return refuse(b, node, "error policies '%s' and '%s'",
                      write_name ? xml_quotable(write_name) : "",
                      read_name ? xml_quotable(read_name) : "");
    if (!read_value && on_write->value && strcmp(on_write->value, "enospc") != 0)
        read_value = on_write->value;
    props_string(device, "werror", on_write->value);
    props_string(device, "rerror", read_value);
    return 0;
}

static const struct disk_bus *find_bus(struct builder *b, xmlNodePtr node)
{
    const char *name = node_attr(b, node, "target", "bus");

    for (size_t i = 0; name && i < ARRAY_SIZE(buses); i++)
        if (strcmp(buses[i].bus, name) == 0)
            return &buses[i];
    (void)refuse(b, node, "bus '%s'", name ? xml_quotable(name) : "");
    return NULL;
}

/* Combinations that QEMU takes and a guest would suffer from. */
static int check_sharing(struct builder *b, xmlNodePtr node, bool is_cdrom)
{
    const char *bus = node_attr(b, node, "target", "bus");
    const char *format = node_attr(b, node, "driver", "type");

    if (!is_cdrom && xml_child(node, "readonly") &&
        (strcmp(bus, "ide") == 0 || strcmp(bus, "sata") == 0))
        return refuse(b, node, "bus '%s' has no read-only disks", bus);
    if (xml_child(node, "shareable") && format && strcmp(format, "raw") != 0)
        return refuse(b, node, "images of format '%s' cannot be shared", xml_quotable(format));
    return 0;
}

static int disk_device(struct builder *b, xmlNodePtr node, const struct disk_bus *bus,
                       bool is_cdrom, const char *drive)
{
    _cleanup_json_ json_t *device =
        props_new("driver", is_cdrom ? bus->cdrom_driver : bus->disk_driver);
    const char *write_cache;

    if ((bus->place && bus->place(b, node, device) < 0) || device_place(b, node, device) < 0 ||
        rules_apply(b, node, bus->rules, bus->nrules, device) < 0)
        return -1;
    props_string(device, "drive", drive);
    if (device_boot(b, node, is_cdrom ? &b->boot_cdrom : &b->boot_disk, device) < 0 ||
        rules_apply(b, node, common_rules, ARRAY_SIZE(common_rules), device) < 0 ||
        disk_write_cache(b, node, &write_cache) < 0)
        return -1;
    if (drive)
        props_string(device, "write-cache", write_cache);
    if (disk_errors(b, node, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

int command_disk(struct builder *b, xmlNodePtr node)
{
    const char *kind = node_attr(b, node, NULL, "device") ?: "disk";
    bool is_cdrom = strcmp(kind, "cdrom") == 0;
    const struct disk_bus *bus;
    const char *drive;

    if (!is_cdrom && strcmp(kind, "disk") != 0)
        return refuse(b, node, "device '%s'", xml_quotable(kind));
    if (node_check_known(b, node, disk_known) < 0)
        return -1;
    bus = find_bus(b, node);
    if (!bus)
        return -1;
    if (!(is_cdrom ? bus->cdrom_driver : bus->disk_driver))
        return refuse(b, node, "device '%s' on bus '%s'", kind, bus->bus);
    if (check_sharing(b, node, is_cdrom) < 0 ||
        command_blockdev(b, node, is_cdrom || xml_child(node, "readonly"), &drive) < 0)
        return -1;
    if (!drive && !is_cdrom)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no source", node_describe(b, node));
    return disk_device(b, node, bus, is_cdrom, drive);
}
