/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in the machine a domain's disks are; see disk_place.h. */

#include "xml/disk_place.h"

#include <string.h>

#include "util/alloc.h"
#include "xml/xml_read.h"
#include "xml/xml_tree.h"

/* A number in C's notation, as libvirt writes addresses; 0 where there is none. */
static int number_of(xmlNodePtr node, const char *name)
{
    _cleanup_free_ char *text = xml_attribute(node, name);

    return text ? (int)strtoul(text, NULL, 0) : 0;
}

static bool pci_of(xmlNodePtr address, int ret_pci[4])
{
    static const char *const parts[] = { "domain", "bus", "slot", "function" };

    if (!xml_attribute_is(address, "type", "pci"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        ret_pci[i] = number_of(address, parts[i]);
    return true;
}

/* The controller of a disk of that bus. */
static bool controller_of(xmlNodePtr devices, const char *bus, int index, int ret_pci[4])
{
    for (xmlNodePtr node = xml_first(devices, "controller"); node;
         node = xml_next(node, "controller")) {
        if (xml_attribute_is(node, "type", bus) && number_of(node, "index") == index)
            return pci_of(xml_child(node, "address"), ret_pci);
    }
    return false;
}

static bool place_of(xmlNodePtr devices, xmlNodePtr disk, struct disk_place *place)
{
    static const char *const parts[] = { "bus", "target", "unit" };
    xmlNodePtr target = xml_child(disk, "target"), address = xml_child(disk, "address");
    _cleanup_free_ char *name = xml_attribute(target, "dev"), *bus = xml_attribute(target, "bus");

    if (!name || !bus || strlen(name) > DISK_TARGET_MAX)
        return false;
    strcpy(place->target, name);
    if (pci_of(address, place->pci))
        return true;
    if (!xml_attribute_is(address, "type", "drive"))
        return false;
    place->is_drive = true;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        place->drive[i] = number_of(address, parts[i]);
    return controller_of(devices, bus, number_of(address, "controller"), place->pci);
}

size_t disk_places(const struct domain_def *def, struct disk_place **ret)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    size_t n = 0;

    *ret = xcalloc(def->ndisks + 1, sizeof(**ret));
    for (xmlNodePtr node = xml_first(devices, "disk"); node && n < def->ndisks;
         node = xml_next(node, "disk")) {
        struct disk_place *place = &(*ret)[n];

        *place = (struct disk_place){ .is_drive = false };
        if (place_of(devices, node, place))
            n++;
    }
    return n;
}
