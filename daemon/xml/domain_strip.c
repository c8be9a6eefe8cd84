/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left out of a domain's document, as rows of a table; see domain_strip.h. */

#include "xml/domain_strip.h"

#include <stdbool.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/xml_tree.h"

/* A whole number that stands alone, or -1. */
static int attribute_number(xmlNodePtr node, const char *name)
{
    _cleanup_free_ char *text = xml_attribute(node, name);
    uint64_t number;

    return text && xml_parse_number(text, 10, &number) && number <= 65535 ? (int)number : -1;
}

static bool attribute_begins(xmlNodePtr node, const char *name, const char *start)
{
    _cleanup_free_ char *text = xml_attribute(node, name);

    return text && strncmp(text, start, strlen(start)) == 0;
}

/* --- was it made up at start?  device: child of <devices>; node: the part in question --- */

static bool is_our_alias(_unused_ xmlNodePtr device, xmlNodePtr alias)
{
    return !attribute_begins(alias, "name", "ua-");
}

static bool is_pty(xmlNodePtr device, _unused_ xmlNodePtr source)
{
    return xml_attribute_is(device, "type", "pty");
}

static bool is_autoport(xmlNodePtr device, _unused_ xmlNodePtr node)
{
    return xml_attribute_is(device, "autoport", "yes");
}

/* QEMU's own choice of a port for websockets: 5700 and the display, as 5900 and the display. */
static bool is_auto_websocket(xmlNodePtr device, _unused_ xmlNodePtr node)
{
    return is_autoport(device, node) &&
           attribute_number(device, "websocket") == attribute_number(device, "port") - 200;
}

static bool is_auto_tap(_unused_ xmlNodePtr device, xmlNodePtr target)
{
    return attribute_begins(target, "dev", "vnet");
}

static bool is_network(xmlNodePtr device, _unused_ xmlNodePtr source)
{
    return xml_attribute_is(device, "type", "network");
}

/* Sockets of channels without a path are named after the channel. */
static bool is_auto_channel(xmlNodePtr device, xmlNodePtr source)
{
    _cleanup_free_ char *path = xml_attribute(source, "path");
    _cleanup_free_ char *name = xml_attribute(xml_child(device, "target"), "name");
    const char *base = path ? strrchr(path, '/') : NULL;

    return base && name && xml_attribute_is(device, "type", "unix") &&
           xml_attribute_is(source, "mode", "bind") && strcmp(base + 1, name) == 0;
}

/*
 * A part of a device: an attribute of it or of its child, or the child itself.
 * Rows go in order: what a later one looks at must still be there.
 */
static const struct live_part {
    const char *device;    /* NULL: any */
    const char *child;     /* NULL: the device itself */
    const char *attribute; /* NULL: the whole child */
    bool (*made_up)(xmlNodePtr device, xmlNodePtr node); /* NULL: always */
    const char *instead;   /* NULL: nothing */
} live_parts[] = {
    { NULL, "alias", NULL, is_our_alias, NULL },
    { "disk", "source", "index", NULL, NULL },
    { "disk", "mirror", NULL, NULL, NULL },
    { "interface", "target", "dev", is_auto_tap, NULL },
    { "interface", "source", "portid", is_network, NULL },
    { "interface", "source", "bridge", is_network, NULL },
    { "serial", "source", "path", is_pty, NULL },
    { "parallel", "source", "path", is_pty, NULL },
    { "console", "source", "path", is_pty, NULL },
    { "channel", "source", "path", is_pty, NULL },
    { "console", NULL, "tty", is_pty, NULL },
    { "channel", "source", "path", is_auto_channel, NULL },
    { "channel", "target", "state", NULL, NULL },
    { "graphics", NULL, "websocket", is_auto_websocket, "-1" },
    { "graphics", NULL, "port", is_autoport, "-1" },
    { "graphics", NULL, "tlsPort", is_autoport, "-1" },
};

static bool is_bare(xmlNodePtr node)
{
    return !node->properties && !xml_first(node, NULL);
}

static void drop_attribute(xmlNodePtr device, xmlNodePtr node, const struct live_part *part)
{
    _cleanup_free_ char *value = xml_attribute(node, part->attribute);

    if (!value)
        return;
    if (part->instead) {
        xml_attribute_set(node, part->attribute, part->instead);
        return;
    }
    xml_attribute_drop(node, part->attribute);
    if (node != device && is_bare(node))
        xml_drop(node);
}

static void drop_part(xmlNodePtr device, const struct live_part *part)
{
    xmlNodePtr node = part->child ? xml_child(device, part->child) : device;

    if (!node || (part->made_up && !part->made_up(device, node)))
        return;
    if (part->attribute)
        drop_attribute(device, node, part);
    else
        xml_drop(node);
}

/* From the first link that was found, the rest of the chain was found too. */
static void drop_found_backing(xmlNodePtr disk)
{
    xmlNodePtr backing = xml_child(disk, "backingStore");

    for (; backing; backing = xml_child(backing, "backingStore")) {
        _cleanup_free_ char *index = xml_attribute(backing, "index");

        if (index) {
            xml_drop(backing);
            return;
        }
    }
}

static void strip_device(xmlNodePtr device)
{
    for (size_t i = 0; i < ARRAY_SIZE(live_parts); i++)
        if (!live_parts[i].device || xml_is_element(device, live_parts[i].device))
            drop_part(device, &live_parts[i]);
    if (xml_is_element(device, "disk"))
        drop_found_backing(device);
}

/* A seclabel that says no more than what was made up was itself made up. */
static void strip_seclabels(xmlNodePtr domain)
{
    xmlNodePtr next;

    for (xmlNodePtr node = xml_first(domain, "seclabel"); node; node = next) {
        xmlNodePtr label = xml_child(node, "label"), imagelabel = xml_child(node, "imagelabel");

        next = xml_next(node, "seclabel");
        if (!xml_attribute_is(node, "type", "dynamic") || (!label && !imagelabel))
            continue;
        if (label)
            xml_drop(label);
        if (imagelabel)
            xml_drop(imagelabel);
        if (!xml_first(node, NULL))
            xml_drop(node);
    }
}

void domain_strip_live(xmlNodePtr domain)
{
    xmlNodePtr devices = xml_child(domain, "devices");

    xml_attribute_drop(domain, "id");
    for (xmlNodePtr node = xml_first(devices, NULL); node; node = xml_next(node, NULL))
        strip_device(node);
    strip_seclabels(domain);
}

/* --- implicit devices --- */

/* The only device of that element and type (NULL: of the element), or NULL. */
static xmlNodePtr only_one(xmlNodePtr devices, const char *name, const char *type)
{
    xmlNodePtr found = NULL;

    for (xmlNodePtr node = xml_first(devices, name); node; node = xml_next(node, name)) {
        if (type && !xml_attribute_is(node, "type", type))
            continue;
        if (found)
            return NULL;
        found = node;
    }
    return found;
}

static void strip_controller(xmlNodePtr devices, const char *type, const char *model)
{
    xmlNodePtr node = only_one(devices, "controller", type);

    if (node && xml_attribute_is(node, "index", "0") && xml_attribute_is(node, "model", model) &&
        !xml_child(node, "pcihole64"))
        xml_drop(node);
}

static void strip_keyboard(xmlNodePtr devices)
{
    xmlNodePtr node = only_one(devices, "input", "keyboard");

    if (node && xml_attribute_is(node, "bus", "ps2") && !xml_child(node, "alias"))
        xml_drop(node);
}

/* The audio backend that is there when nobody asked for one. */
static void strip_audio(xmlNodePtr devices)
{
    xmlNodePtr node = only_one(devices, "audio", NULL);

    if (node && xml_attribute_is(node, "id", "1") && !xml_first(node, NULL) &&
        (xml_attribute_is(node, "type", "none") || xml_attribute_is(node, "type", "spice")))
        xml_drop(node);
}

void domain_strip_implicit(xmlNodePtr domain)
{
    xmlNodePtr devices = xml_child(domain, "devices");

    strip_controller(devices, "usb", "piix3-uhci");
    strip_controller(devices, "pci", "pci-root");
    strip_keyboard(devices);
    strip_audio(devices);
}

/* --- secrets --- */

void domain_strip_secrets(xmlNodePtr domain)
{
    xmlNodePtr devices = xml_child(domain, "devices");

    for (xmlNodePtr node = xml_first(devices, "graphics"); node; node = xml_next(node, "graphics"))
        xml_attribute_drop(node, "passwd");
}
