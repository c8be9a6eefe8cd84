/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <serial>, <console> and <channel>: ports, targets, and the pair of first
 * serial and first console, which are one device that has two elements.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

/* A pty needs no source, a null has none, all others name a path. */
static int complete_source(xmlNodePtr chardev, bool path_optional, struct verror *err)
{
    const char *name = (const char *)chardev->name;
    xmlNodePtr source = xml_child(chardev, "source");
    bool is_unix = xml_attribute_is(chardev, "type", "unix");

    if (!is_unix && !xml_attribute_is(chardev, "type", "file"))
        return 0;
    if (tree_has(source, "path")) {
        if (is_unix)
            tree_default(source, "mode", "connect");
        return 0;
    }
    if (!path_optional)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing source path of element %s", name);
    if (source)
        xml_drop(source); /* a path is made up at start, and listened on */
    return 0;
}

static bool is_serial_console(xmlNodePtr console)
{
    xmlNodePtr target = xml_child(console, "target");

    return !tree_has(target, "type") || xml_attribute_is(target, "type", "serial");
}

/* --- serial ports --- */

static void complete_serial_target(xmlNodePtr serial)
{
    xmlNodePtr target = tree_need(serial, "target");

    tree_default(target, "type", "isa-serial");
    tree_default(tree_need(target, "model"), "name", "isa-serial");
}

/* Ports that are not given follow the highest that is. */
static int number_serials(struct completion *c, struct verror *err)
{
    static const unsigned int max = 255;
    unsigned int next = 0;

    for (xmlNodePtr node = xml_first(c->devices, "serial"); node;
         node = xml_next(node, "serial")) {
        unsigned int port = 0;
        int given = tree_number(xml_child(node, "target"), "port", max, &port, err);

        if (given < 0)
            return -1;
        if (given && port >= next)
            next = port + 1;
    }
    for (xmlNodePtr node = xml_first(c->devices, "serial"); node;
         node = xml_next(node, "serial")) {
        xmlNodePtr target = xml_child(node, "target");

        if (!tree_has(target, "port"))
            tree_setf(target, "port", "%u", next++);
    }
    return 0;
}

/* --- consoles --- */

/* All of the element but its target and what makes it a device of its own. */
static void copy_backend(xmlNodePtr from, xmlNodePtr to)
{
    _cleanup_free_ char *type = xml_attribute(from, "type");

    xml_attribute_set(to, "type", type ? type : "pty");
    for (xmlNodePtr node = xml_first(from, NULL); node; node = xml_next(node, NULL))
        if (!tree_is_word((const char *)node->name, "target alias address"))
            (void)tree_copy(node, to);
}

/* A console alone means a serial port. */
static void serial_from_console(struct completion *c, xmlNodePtr console)
{
    xmlNodePtr serial = xml_child_add(c->devices, "serial", NULL);
    xmlNodePtr alias = xml_child(console, "alias");

    copy_backend(console, serial);
    (void)xml_child_add(serial, "target", NULL);
    if (alias)
        (void)tree_copy(alias, serial);
}

/* The first serial port seen as a console, in front of all others. */
static void console_from_serial(struct completion *c, xmlNodePtr serial)
{
    _cleanup_free_ char *port = xml_attribute(xml_child(serial, "target"), "port");
    xmlNodePtr console = xml_child_add(c->devices, "console", NULL);
    xmlNodePtr first = xml_first(c->devices, "console"), target;

    copy_backend(serial, console);
    target = xml_child_add(console, "target", NULL);
    xml_attribute_set(target, "type", "serial");
    xml_attribute_set(target, "port", port);
    if (first != console)
        (void)xmlAddPrevSibling(first, console); /* moves it; fails only without arguments */
}

/* Of virtio consoles the port is the place in the list as it was written. */
static int number_consoles(struct completion *c, struct verror *err)
{
    unsigned int place = 0;

    for (xmlNodePtr node = xml_first(c->devices, "console"); node;
         node = xml_next(node, "console"), place++) {
        if (is_serial_console(node)) {
            if (place > 0)
                return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                                  "Only the first console can be a serial port");
            continue;
        }
        if (complete_source(node, false, err) < 0)
            return -1;
        tree_setf(xml_child(node, "target"), "port", "%u", place);
    }
    return 0;
}

static int pair_console(struct completion *c, struct verror *err)
{
    xmlNodePtr console = xml_first(c->devices, "console");
    bool is_serial = console && is_serial_console(console);

    if (number_consoles(c, err) < 0)
        return -1;
    if (is_serial && !xml_first(c->devices, "serial"))
        serial_from_console(c, console);
    if (is_serial)
        xml_drop(console); /* what it says is the serial port's to say */
    return 0;
}

/* --- all of them --- */

static int complete_channel(xmlNodePtr channel, struct verror *err)
{
    xmlNodePtr target = xml_child(channel, "target");
    _cleanup_free_ char *name = xml_attribute(target, "name");

    if (!target)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing target of element channel");
    /* it becomes part of a path */
    if (name && (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid channel name '%s'",
                          xml_quotable(name));
    if (!name && xml_attribute_is(channel, "type", "unix") &&
        !tree_has(xml_child(channel, "source"), "path"))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "a channel needs a target name or a source path");
    return complete_source(channel, true, err);
}

int complete_chardevs(struct completion *c, struct verror *err)
{
    xmlNodePtr node;

    if (pair_console(c, err) < 0)
        return -1;
    for (node = xml_first(c->devices, "serial"); node; node = xml_next(node, "serial")) {
        if (complete_source(node, false, err) < 0)
            return -1;
        complete_serial_target(node);
    }
    if (number_serials(c, err) < 0)
        return -1;
    node = xml_first(c->devices, "serial");
    if (node)
        console_from_serial(c, node);
    for (node = xml_first(c->devices, "channel"); node; node = xml_next(node, "channel"))
        if (complete_channel(node, err) < 0)
            return -1;
    return 0;
}
