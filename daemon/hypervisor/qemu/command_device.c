/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every emulated device has: an id, a place on a bus, perhaps a place in
 * the boot order.  Buses are called after the aliases of their controllers, as
 * libvirt calls them: a saved stream names devices by where they sit.  Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

xmlNodePtr command_controller_find(struct builder *b, const char *type, uint64_t index)
{
    for (xmlNodePtr node = xml_child(b->devices, "controller"); node;
         node = xmlNextElementSibling(node)) {
        uint64_t own = 0;

        /* a malformed index is reported where its controller is built */
        if (xml_is_element(node, "controller") && node_attr_is(b, node, NULL, "type", type) &&
            xml_parse_number(node_attr(b, node, NULL, "index") ?: "0", 10, &own) && own == index)
            return node;
    }
    return NULL;
}

const char *controller_alias(struct builder *b, xmlNodePtr node, const char *type, uint64_t index)
{
    xmlNodePtr controller = command_controller_find(b, type, index);
    const char *alias = controller ? node_alias(b, controller) : NULL;

    if (!alias)
        verror_set(b->err, VIR_ERR_XML_ERROR,
                   "%s is addressed to %s controller %llu, which %s", node_describe(b, node), type,
                   (unsigned long long)index, controller ? "has no alias" : "does not exist");
    return alias;
}

static int place_pci(struct builder *b, xmlNodePtr node, json_t *device)
{
    uint64_t domain = 0, bus = 0, slot = 0, function = 0;
    const char *name;
    bool multifunction = false;

    if (node_number(b, node, "address", "domain", &domain) < 0 ||
        node_number(b, node, "address", "bus", &bus) < 0 ||
        node_number(b, node, "address", "slot", &slot) < 0 ||
        node_number(b, node, "address", "function", &function) < 0 ||
        node_switch(b, node, "address", "multifunction", &multifunction) < 0)
        return -1;
    if (domain != 0)
        return refuse(b, node, "PCI domain %llu", (unsigned long long)domain);
    name = controller_alias(b, node, "pci", bus);
    if (!name)
        return -1;
    props_string(device, "bus", name);
    if (node_attr(b, node, "address", "multifunction"))
        props_bool(device, "multifunction", multifunction);
    if (function > 0)
        props_string(device, "addr",
                     cmd_keepf(b, "0x%llx.0x%llx", (unsigned long long)slot,
                               (unsigned long long)function));
    else
        props_string(device, "addr", cmd_keepf(b, "0x%llx", (unsigned long long)slot));
    return 0;
}

static int place_usb(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *name;
    uint64_t bus = 0;

    if (node_number(b, node, "address", "bus", &bus) < 0)
        return -1;
    name = controller_alias(b, node, "usb", bus);
    if (!name)
        return -1;
    props_string(device, "bus", cmd_keepf(b, "%s.0", name));
    props_string(device, "port", node_attr(b, node, "address", "port"));
    return 0;
}

static int place_virtio_serial(struct builder *b, xmlNodePtr node, json_t *device)
{
    uint64_t controller = 0, bus = 0, port = 0;
    const char *name;

    if (node_number(b, node, "address", "controller", &controller) < 0 ||
        node_number(b, node, "address", "bus", &bus) < 0 ||
        node_number(b, node, "address", "port", &port) < 0)
        return -1;
    name = controller_alias(b, node, "virtio-serial", controller);
    if (!name)
        return -1;
    props_string(device, "bus", cmd_keepf(b, "%s.%llu", name, (unsigned long long)bus));
    props_number(device, "nr", port);
    return 0;
}

static int place_isa(struct builder *b, xmlNodePtr node, json_t *device)
{
    static const struct rule rules[] = {
        { "address", "iobase", RULE_NUMBER, "iobase" },
        { "address", "irq", RULE_NUMBER, "irq" },
    };

    return rules_apply(b, node, rules, ARRAY_SIZE(rules), device);
}

/* A disk's bus is its own file's to name. */
static int place_drive(struct builder *b _unused_, xmlNodePtr node _unused_,
                       json_t *device _unused_)
{
    return 0;
}

static const struct {
    const char *type;
    int (*place)(struct builder *b, xmlNodePtr node, json_t *device);
} places[] = {
    { "pci", place_pci },
    { "usb", place_usb },
    { "virtio-serial", place_virtio_serial },
    { "isa", place_isa },
    { "drive", place_drive },
};

int device_place(struct builder *b, xmlNodePtr node, json_t *device)
{
    static const struct rule acpi = { "acpi", "index", RULE_NUMBER, "acpi-index" };
    const char *type = node_attr(b, node, "address", "type");

    props_string(device, "id", node_alias(b, node));
    if (rules_apply(b, node, &acpi, 1, device) < 0)
        return -1;
    if (!type)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (strcmp(places[i].type, type) == 0)
            return places[i].place(b, node, device);
    return refuse(b, node, "addresses of type '%s'", xml_quotable(type));
}

int device_boot(struct builder *b, xmlNodePtr node, unsigned int *by_os, json_t *device)
{
    uint64_t order = 0;

    if (node_number(b, node, "boot", "order", &order) < 0)
        return -1;
    if (order == 0) {
        order = *by_os;
        *by_os = 0;
    }
    if (order > 0)
        props_number(device, "bootindex", order);
    return 0;
}

int device_add(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *driver = json_string_value(json_object_get(device, "driver"));

    if (!qemu_caps_has_device(b->host->caps, driver)) {
        (void)refuse(b, node, "%s has no device '%s'", qemu_caps_emulator(b->host->caps), driver);
        json_decref(device);
        return -1;
    }
    cmd_arg_json(b, "-device", device);
    return 0;
}
