/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aliases; see live_aliases.h. */

#include "hypervisor/qemu/live_aliases.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

static void set_alias(xmlNodePtr device, const char *name)
{
    xmlNodePtr address = xml_child(device, "address"), alias;

    alias = xml_child_add(device, "alias", NULL);
    xml_attribute_set(alias, "name", name);
    if (address) /* libvirt writes it before the address */
        (void)xmlAddPrevSibling(address, alias); /* moves it; fails only without arguments */
}

static void set_aliasf(xmlNodePtr device, const char *fmt, ...) _printf_(2, 3);
static void set_aliasf(xmlNodePtr device, const char *fmt, ...)
{
    char name[64];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(name, sizeof(name), fmt, args); /* a short word and numbers: it fits */
    va_end(args);
    set_alias(device, name);
}

/* --- those that are counted --- */

static const struct {
    const char *element, *prefix;
    const char *not_model; /* one that is no device of its own */
} counted[] = {
    { "interface", "net", NULL },      { "serial", "serial", NULL },
    { "channel", "channel", NULL },    { "input", "input", NULL },
    { "hub", "hub", NULL },            { "watchdog", "watchdog", NULL },
    { "memballoon", "balloon", "none" }, { "rng", "rng", NULL },
};

/* "net3" with prefix "net" -> 3, -1 = another name. */
static int alias_number(xmlNodePtr device, const char *prefix)
{
    _cleanup_free_ char *name = xml_attribute(xml_child(device, "alias"), "name");
    size_t len = strlen(prefix);
    uint64_t number;

    if (!name || strncmp(name, prefix, len) != 0 ||
        !xml_parse_number(name + len, 10, &number) || number > UINT16_MAX)
        return -1;
    return (int)number;
}

/* From behind the highest number that is taken. */
static void name_counted(xmlNodePtr devices, const char *element, const char *prefix,
                         const char *not_model)
{
    int next = 0;

    for (xmlNodePtr node = xml_first(devices, element); node; node = xml_next(node, element)) {
        int number = alias_number(node, prefix);

        if (number >= next)
            next = number + 1;
    }
    for (xmlNodePtr node = xml_first(devices, element); node; node = xml_next(node, element))
        if (!xml_child(node, "alias") &&
            !(not_model && xml_attribute_is(node, "model", not_model)))
            set_aliasf(node, "%s%d", prefix, next++);
}

/* --- those that have a rule of their own --- */

static void name_videos(xmlNodePtr devices)
{
    unsigned int place = 0;

    for (xmlNodePtr node = xml_first(devices, "video"); node;
         node = xml_next(node, "video"), place++)
        if (!xml_child(node, "alias"))
            set_aliasf(node, "video%u", place);
}

/* The first console is the first serial port, and has its name. */
static void name_consoles(xmlNodePtr devices)
{
    unsigned int place = 0;

    for (xmlNodePtr node = xml_first(devices, "console"); node;
         node = xml_next(node, "console"), place++) {
        xmlNodePtr alias = xml_child(node, "alias");
        _cleanup_free_ char *serial = NULL;

        if (!xml_attribute_is(xml_child(node, "target"), "type", "serial")) {
            if (!alias)
                set_aliasf(node, "console%u", place);
            continue;
        }
        serial = xml_attribute(xml_child(xml_first(devices, "serial"), "alias"), "name");
        if (alias)
            xml_drop(alias);
        if (serial)
            set_alias(node, serial);
    }
}

static void name_controller(xmlNodePtr node)
{
    static const struct {
        const char *type, *model, *alias;
    } first[] = {
        { "pci", "pcie-root", "pcie.0" },
        { "usb", NULL, "usb" },
        { "ide", NULL, "ide" },
    };
    unsigned int index = tree_number_or(node, "index", 0);
    _cleanup_free_ char *type = xml_attribute(node, "type");

    for (size_t i = 0; index == 0 && i < ARRAY_SIZE(first); i++)
        if (strcmp(type, first[i].type) == 0 &&
            (!first[i].model || xml_attribute_is(node, "model", first[i].model))) {
            set_alias(node, first[i].alias);
            return;
        }
    set_aliasf(node, strcmp(type, "pci") == 0 ? "%.16s.%u" : "%.16s%u", type, index);
}

/* q35's own AHCI is part of the machine, under this name. */
static bool is_built_in_sata(xmlNodePtr devices, xmlNodePtr node)
{
    return xml_attribute_is(node, "type", "sata") && tree_number_or(node, "index", 0) == 0 &&
           xml_attribute_is(controller_find(devices, "pci", 0), "model", "pcie-root");
}

static void name_controllers(xmlNodePtr devices)
{
    for (xmlNodePtr node = xml_first(devices, "controller"); node;
         node = xml_next(node, "controller")) {
        if (xml_child(node, "alias"))
            continue;
        if (is_built_in_sata(devices, node))
            set_alias(node, "ide");
        else
            name_controller(node);
    }
}

static void name_drive(xmlNodePtr devices, xmlNodePtr disk, const char *bus)
{
    xmlNodePtr address = tree_address(disk, "drive");
    unsigned int controller = tree_number_or(address, "controller", 0);
    unsigned int channel = tree_number_or(address, "bus", 0);
    unsigned int unit = tree_number_or(address, "unit", 0);
    xmlNodePtr owner = controller_find(devices, bus, controller);

    if (strcmp(bus, "scsi") == 0 && !xml_attribute_is(owner, "model", "lsilogic"))
        set_aliasf(disk, "scsi%u-%u-%u-%u", controller, channel,
                   tree_number_or(address, "target", 0), unit);
    else
        set_aliasf(disk, "%.8s%u-%u-%u", bus, controller, channel, unit);
}

static void name_disks(xmlNodePtr devices)
{
    for (xmlNodePtr node = xml_first(devices, "disk"); node; node = xml_next(node, "disk")) {
        xmlNodePtr target = xml_child(node, "target");
        _cleanup_free_ char *bus = xml_attribute(target, "bus");
        _cleanup_free_ char *name = xml_attribute(target, "dev");

        if (xml_child(node, "alias") || !bus || !name)
            continue;
        if (strcmp(bus, "virtio") == 0)
            set_aliasf(node, "virtio-disk%d", disk_target_index(name));
        else
            name_drive(devices, node, bus);
    }
}

void live_aliases(xmlNodePtr devices)
{
    for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
        name_counted(devices, counted[i].element, counted[i].prefix, counted[i].not_model);
    name_disks(devices);
    name_controllers(devices);
    name_videos(devices);
    name_consoles(devices);
}
