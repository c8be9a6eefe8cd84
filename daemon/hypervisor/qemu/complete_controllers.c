/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controllers: numbers and models of those that are given, and those every
 * machine of that kind has.  Controllers that a device's address asks for come
 * later (complete_addresses.c, complete_pci.c); a made-up one is always the
 * last of all, which is the order libvirt gives addresses in.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

xmlNodePtr controller_find(xmlNodePtr devices, const char *type, unsigned int index)
{
    for (xmlNodePtr node = xml_first(devices, "controller"); node;
         node = xml_next(node, "controller"))
        if (xml_attribute_is(node, "type", type) &&
            tree_number_or(node, "index", UINT32_MAX) == index)
            return node;
    return NULL;
}

static void controller_add(struct completion *c, const char *type, unsigned int index,
                           const char *model)
{
    xmlNodePtr node = xml_child_add(c->devices, "controller", NULL);

    xml_attribute_set(node, "type", type);
    tree_setf(node, "index", "%u", index);
    if (model)
        xml_attribute_set(node, "model", model);
}

int controller_need(struct completion *c, const char *type, unsigned int index,
                    const char *model)
{
    if (controller_find(c->devices, type, index))
        return 0;
    controller_add(c, type, index, model);
    return 1;
}

static bool same_type(xmlNodePtr a, xmlNodePtr b)
{
    _cleanup_free_ char *type = xml_attribute(a, "type");

    return type && xml_attribute_is(b, "type", type);
}

/* The lowest number that no controller of that type has; COMPLETE_INDEX_MAX + 1: none. */
static unsigned int free_index(struct completion *c, const char *type)
{
    bool used[COMPLETE_INDEX_MAX + 1] = { false };
    unsigned int index = 0;

    for (xmlNodePtr node = xml_first(c->devices, "controller"); node;
         node = xml_next(node, "controller"))
        if (xml_attribute_is(node, "type", type) && tree_has(node, "index"))
            used[tree_number_or(node, "index", 0) % ARRAY_SIZE(used)] = true;
    while (index < ARRAY_SIZE(used) && used[index])
        index++;
    return index;
}

static int number_controller(struct completion *c, xmlNodePtr node, struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(node, "type");
    unsigned int index;

    if (tree_has(node, "index"))
        return 0;
    index = free_index(c, type);
    if (index > COMPLETE_INDEX_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "more than %d controllers of type '%s'",
                          COMPLETE_INDEX_MAX + 1, type);
    tree_setf(node, "index", "%u", index);
    return 0;
}

static int number_controllers(struct completion *c, struct verror *err)
{
    xmlNodePtr first = xml_first(c->devices, "controller");
    unsigned int index = 0;

    for (xmlNodePtr node = first; node; node = xml_next(node, "controller")) {
        if (!tree_has(node, "type"))
            return verror_set(err, VIR_ERR_XML_ERROR, "missing type of element controller");
        if (tree_number(node, "index", COMPLETE_INDEX_MAX, &index, err) < 0)
            return -1;
    }
    for (xmlNodePtr node = first; node; node = xml_next(node, "controller"))
        if (number_controller(c, node, err) < 0)
            return -1;
    return 0;
}

static bool is_companion(xmlNodePtr controller)
{
    return xml_child(controller, "master") != NULL;
}

static void place_of(xmlNodePtr controller, struct tree_place *ret)
{
    ret->group = xml_attribute(controller, "type");
    ret->index = (int)tree_number_or(controller, "index", 0);
    ret->is_second = is_companion(controller);
}

void sort_controllers(struct completion *c)
{
    tree_place_all(c->devices, "controller", place_of);
}

static int check_duplicates(struct completion *c, struct verror *err)
{
    xmlNodePtr first = xml_first(c->devices, "controller");

    for (xmlNodePtr node = first; node; node = xml_next(node, "controller"))
        for (xmlNodePtr other = first; other != node; other = xml_next(other, "controller")) {
            unsigned int index = tree_number_or(node, "index", 0);
            _cleanup_free_ char *type = NULL;

            if (index != tree_number_or(other, "index", 0) || !same_type(node, other) ||
                is_companion(node) || is_companion(other))
                continue;
            type = xml_attribute(node, "type");
            return verror_set(err, VIR_ERR_XML_ERROR, "Multiple '%s' controllers with index '%u'",
                              type, index);
        }
    return 0;
}

/* --- models --- */

static int complete_pci_model(struct completion *c, xmlNodePtr node, struct verror *err)
{
    const char *root = c->is_q35 ? "pcie-root" : "pci-root";
    unsigned int index = tree_number_or(node, "index", 0);
    _cleanup_free_ char *model = NULL;

    if (index == 0)
        tree_default(node, "model", root);
    model = xml_attribute(node, "model");
    if (!model)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing model of PCI controller '%u'", index);
    if (index == 0 && strcmp(model, root) != 0)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "The PCI controller with index='0' must be model='%s' for this machine "
                          "type, but model='%s' was found instead", root, model);
    if (index > 0 && tree_is_word(model, "pci-root pcie-root"))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "only the PCI controller with index='0' can be model='%s'", model);
    if (!c->is_q35 && tree_is_word(model, "pcie-root-port pcie-to-pci-bridge"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "PCI controller model '%s' needs machine type 'q35'", model);
    return 0;
}

static int check_ide(struct completion *c, xmlNodePtr node, struct verror *err)
{
    if (c->is_q35)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "IDE controllers are unsupported for this machine type");
    if (tree_number_or(node, "index", 0) > 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "only a single IDE controller is supported for this machine type");
    return 0;
}

static int complete_models(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, "controller"); node;
         node = xml_next(node, "controller")) {
        if (xml_attribute_is(node, "type", "usb"))
            tree_default(node, "model", "piix3-uhci");
        else if (xml_attribute_is(node, "type", "scsi"))
            tree_default(node, "model", "lsilogic");
        else if (xml_attribute_is(node, "type", "pci") && complete_pci_model(c, node, err) < 0)
            return -1;
        else if (xml_attribute_is(node, "type", "ide") && check_ide(c, node, err) < 0)
            return -1;
    }
    return 0;
}

int complete_controllers(struct completion *c, struct verror *err)
{
    if (number_controllers(c, err) < 0)
        return -1;
    sort_controllers(c);
    if (complete_models(c, err) < 0 || check_duplicates(c, err) < 0)
        return -1;
    controller_need(c, "usb", 0, c->is_q35 ? "qemu-xhci" : "piix3-uhci");
    if (c->is_q35)
        controller_need(c, "sata", 0, NULL);
    controller_need(c, "pci", 0, c->is_q35 ? "pcie-root" : "pci-root");
    return 0;
}
