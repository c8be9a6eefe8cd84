/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI addresses, and the controllers they take.  Done twice, as libvirt does:
 * first to see how many buses there must be, then, with their controllers in
 * the document, for good - controllers come before the devices on them.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

struct pci_device {
    xmlNodePtr node;
    enum pci_plug plug;
    int function; /* of a group of USB controllers in one slot, -1 = alone */
    bool placed;
    struct pci_address address;
};

struct pci_plan {
    struct completion *c;
    struct pci_buses buses;
    struct pci_device *devices;
    size_t n;
    bool had_room; /* before anything was given a place */
};

/* --- which devices are on PCI --- */

/* Where an element says what it is. */
static const struct {
    const char *element, *child, *attribute;
} model_places[] = {
    { "controller", NULL, "model" }, { "interface", "model", "type" },
    { "disk", "target", "bus" },     { "video", "model", "type" },
    { "input", NULL, "bus" },        { "memballoon", NULL, "model" },
    { "rng", NULL, "model" },        { "watchdog", NULL, "model" },
};

static char *device_model(xmlNodePtr node)
{
    for (size_t i = 0; i < ARRAY_SIZE(model_places); i++)
        if (xml_is_element(node, model_places[i].element))
            return xml_attribute(model_places[i].child ? xml_child(node, model_places[i].child)
                                                       : node,
                                 model_places[i].attribute);
    return NULL;
}

/* The first row that fits; on a machine without PCIe everything is PCI. */
static const struct pci_kind {
    const char *element, *type; /* of a controller */
    const char *models;         /* NULL: any */
    enum pci_plug plug;
    int function;
} kinds[] = {
    { "controller", "pci", "pcie-root-port", PCI_PLUG_ROOT_PORT, -1 },
    { "controller", "pci", "pcie-to-pci-bridge", PCI_PLUG_PCIE, -1 },
    { "controller", "pci", "pci-bridge", PCI_PLUG_PCI, -1 },
    { "controller", "usb", "qemu-xhci nec-xhci", PCI_PLUG_PCIE, -1 },
    { "controller", "usb", "piix3-uhci", PCI_PLUG_PCI, -1 },
    { "controller", "usb", "ich9-uhci1", PCI_PLUG_PCI, 0 },
    { "controller", "usb", "ich9-uhci2", PCI_PLUG_PCI, 1 },
    { "controller", "usb", "ich9-uhci3", PCI_PLUG_PCI, 2 },
    { "controller", "usb", "ich9-ehci1", PCI_PLUG_PCI, 7 },
    { "controller", "scsi", "virtio-scsi", PCI_PLUG_PCIE, -1 },
    { "controller", "scsi", NULL, PCI_PLUG_PCI, -1 },
    { "controller", "virtio-serial", NULL, PCI_PLUG_PCIE, -1 },
    { "controller", "sata", NULL, PCI_PLUG_PCI, -1 },
    { "controller", "ide", NULL, PCI_PLUG_PCI, -1 },
    { "interface", NULL, "virtio e1000e", PCI_PLUG_PCIE, -1 },
    { "interface", NULL, NULL, PCI_PLUG_PCI, -1 },
    { "disk", NULL, "virtio", PCI_PLUG_PCIE, -1 },
    { "memballoon", NULL, "virtio", PCI_PLUG_PCIE, -1 },
    { "rng", NULL, "virtio", PCI_PLUG_PCIE, -1 },
    { "watchdog", NULL, "i6300esb", PCI_PLUG_PCI, -1 },
    { "video", NULL, "virtio bochs", PCI_PLUG_PCIE, -1 },
    { "video", NULL, "vga cirrus qxl", PCI_PLUG_PCI, -1 },
    { "input", NULL, "virtio", PCI_PLUG_PCIE, -1 },
};

static const struct pci_kind *kind_of(xmlNodePtr node)
{
    _cleanup_free_ char *model = device_model(node);

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (xml_is_element(node, kinds[i].element) &&
            (!kinds[i].type || xml_attribute_is(node, "type", kinds[i].type)) &&
            (!kinds[i].models || (model && tree_is_word(model, kinds[i].models))))
            return &kinds[i];
    return NULL;
}

static void plan_add(struct pci_plan *plan, xmlNodePtr node)
{
    const struct pci_kind *kind = kind_of(node);
    enum pci_plug plug;

    if (!kind)
        return;
    plug = plan->c->is_q35 ? kind->plug : PCI_PLUG_PCI;
    plan->devices[plan->n++] =
        (struct pci_device){ .node = node, .plug = plug, .function = kind->function };
}

/* In the order in which they are given places. */
static void plan_collect(struct pci_plan *plan)
{
    static const struct {
        const char *element;
        int is_bridge; /* of controllers: only those that make buses, only others */
    } passes[] = {
        { "controller", true }, { "interface", -1 }, { "controller", false },
        { "disk", -1 },         { "memballoon", -1 }, { "rng", -1 },
        { "watchdog", -1 },     { "video", -1 },      { "input", -1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(passes); i++)
        for (xmlNodePtr node = xml_first(plan->c->devices, passes[i].element); node;
             node = xml_next(node, passes[i].element))
            if (passes[i].is_bridge < 0 ||
                passes[i].is_bridge == (int)xml_attribute_is(node, "type", "pci"))
                plan_add(plan, node);
}

/* --- places that are fixed --- */

static void place(struct pci_device *device, unsigned int slot, unsigned int function)
{
    device->address = (struct pci_address){ 0, slot, function };
    device->placed = true;
}

/* Parts of the chipset: where they are is not ours to choose. */
static const struct fixed_place {
    bool is_q35;
    const char *type, *models; /* of controller 0 */
    unsigned int slot, function;
} fixed_places[] = {
    { false, "ide", NULL, 1, 1 },
    { false, "usb", "piix3-uhci", 1, 2 },
    { true, "sata", NULL, 0x1f, 2 },
};

static const struct fixed_place *fixed_place_of(const struct completion *c, xmlNodePtr node)
{
    _cleanup_free_ char *model = device_model(node);

    if (!xml_is_element(node, "controller") || tree_number_or(node, "index", 0) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(fixed_places); i++)
        if (fixed_places[i].is_q35 == c->is_q35 &&
            xml_attribute_is(node, "type", fixed_places[i].type) &&
            (!fixed_places[i].models || (model && tree_is_word(model, fixed_places[i].models))))
            return &fixed_places[i];
    return NULL;
}

static int place_fixed(struct pci_plan *plan, struct pci_device *device, struct verror *err)
{
    const struct fixed_place *fixed = fixed_place_of(plan->c, device->node);

    if (!fixed)
        return 0;
    if (device->placed && (device->address.bus != 0 || device->address.slot != fixed->slot ||
                           device->address.function != fixed->function))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "Primary %s controller must have PCI address 0000:00:%02x.%x",
                          fixed->type, fixed->slot, fixed->function);
    place(device, fixed->slot, fixed->function);
    return 0;
}

/* An ich9 with its companions, on q35: where the real one has them, numbers 0 and 1. */
static void place_ich9(struct pci_plan *plan, struct pci_device *device)
{
    static const unsigned int slots[] = { 0x1d, 0x1a };
    unsigned int index = tree_number_or(device->node, "index", 0);

    if (!plan->c->is_q35 || device->function < 0 || device->placed || index >= ARRAY_SIZE(slots))
        return;
    for (size_t i = 0; i < plan->n; i++) {
        xmlNodePtr node = plan->devices[i].node;

        if (xml_attribute_is(node, "model", "ich9-uhci1") &&
            tree_number_or(node, "index", 0) == index) {
            place(device, slots[index], (unsigned int)device->function);
            return;
        }
    }
}

/* What the chipset has and no element says. */
static void reserve_chipset(struct pci_plan *plan)
{
    static const struct pci_address pc[] = { { 0, 1, 0 }, { 0, 1, 3 } };
    static const struct pci_address q35[] = { { 0, 0x1f, 0 }, { 0, 0x1f, 3 } };

    for (size_t i = 0; i < ARRAY_SIZE(pc); i++)
        (void)pci_buses_reserve(&plan->buses, plan->c->is_q35 ? &q35[i] : &pc[i], PCI_PLUG_PCI,
                                NULL); /* nothing else is reserved yet */
}

static int reserve_given(struct pci_plan *plan, struct verror *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct pci_device *device = &plan->devices[i];
        int given = tree_pci_address(device->node, &device->address, err);

        if (given < 0)
            return -1;
        device->placed = given > 0;
        if (place_fixed(plan, device, err) < 0)
            return -1;
        place_ich9(plan, device);
        if (device->placed &&
            pci_buses_reserve(&plan->buses, &device->address, device->plug, err) < 0)
            return -1;
    }
    return 0;
}

/* --- places that are found --- */

/* The primary card is where firmware of old expects it, if nobody is there. */
static int place_primary(struct pci_plan *plan, struct verror *err)
{
    struct pci_address usual = { 0, plan->c->is_q35 ? 1 : 2, 0 };
    xmlNodePtr primary = xml_first(plan->c->devices, "video");

    for (size_t i = 0; i < plan->n; i++) {
        struct pci_device *device = &plan->devices[i];

        if (device->node != primary || device->placed)
            continue;
        device->placed = true;
        if (!pci_buses_slot_is_free(&plan->buses, usual.bus, usual.slot))
            return pci_buses_next(&plan->buses, device->plug, &device->address, err);
        device->address = usual;
        return pci_buses_reserve(&plan->buses, &usual, device->plug, err);
    }
    return 0;
}

/* The slot that others of the group have, or NULL. */
static const struct pci_device *group_of(const struct pci_plan *plan,
                                         const struct pci_device *device)
{
    unsigned int index = tree_number_or(device->node, "index", 0);

    for (size_t i = 0; i < plan->n; i++) {
        const struct pci_device *other = &plan->devices[i];

        if (other->placed && other->function >= 0 &&
            tree_number_or(other->node, "index", 0) == index)
            return other;
    }
    return NULL;
}

static int place_in_group(struct pci_plan *plan, struct pci_device *device, struct verror *err)
{
    const struct pci_device *other = group_of(plan, device);
    struct pci_buses *buses = &plan->buses;
    struct pci_address first;

    if (other) {
        device->address = other->address;
        device->address.function = (unsigned int)device->function;
        return pci_buses_reserve(buses, &device->address, device->plug, err);
    }
    if (pci_buses_next(buses, device->plug, &first, err) < 0)
        return -1;
    device->address = first;
    device->address.function = (unsigned int)device->function;
    buses->buses[first.bus].used[first.slot] = (uint8_t)(1u << device->function);
    return 0;
}

static int place_rest(struct pci_plan *plan, struct verror *err)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct pci_device *device = &plan->devices[i];

        if (device->placed)
            continue;
        if (device->function >= 0 ? place_in_group(plan, device, err) < 0
                                  : pci_buses_next(&plan->buses, device->plug, &device->address,
                                                   err) < 0)
            return -1;
        device->placed = true;
    }
    return 0;
}

static unsigned int read_buses(struct pci_plan *plan)
{
    unsigned int highest = 0;

    pci_buses_init(&plan->buses, plan->c->is_q35);
    for (xmlNodePtr node = xml_first(plan->c->devices, "controller"); node;
         node = xml_next(node, "controller")) {
        unsigned int index = tree_number_or(node, "index", 0);
        _cleanup_free_ char *model = xml_attribute(node, "model");

        if (!xml_attribute_is(node, "type", "pci"))
            continue;
        pci_buses_set(&plan->buses, index, pci_model_find(model));
        if (index > highest)
            highest = index;
    }
    return highest;
}

static void plan_clear(struct pci_plan *plan)
{
    free(plan->devices);
    plan->devices = NULL;
    plan->n = 0;
}

/* Everything in its place, in the plan only. */
static int plan_make(struct pci_plan *plan, struct verror *err)
{
    plan_clear(plan);
    plan->devices = xcalloc(xmlChildElementCount(plan->c->devices) + 1, sizeof(*plan->devices));
    plan_collect(plan);
    (void)read_buses(plan);
    reserve_chipset(plan);
    if (reserve_given(plan, err) < 0)
        return -1;
    plan->had_room = pci_buses_have_room(&plan->buses);
    if (place_primary(plan, err) < 0)
        return -1;
    return place_rest(plan, err);
}

/* --- controllers --- */

/*
 * Room that libvirt leaves: on a conventional bus for the bridge that a next device may need; on
 * PCIe one root port, where all of them were made up.
 */
static int leave_slot(struct pci_plan *plan, struct verror *err)
{
    struct pci_address address;

    if (plan->c->is_q35 || !plan->had_room)
        return 0;
    return pci_buses_next(&plan->buses, PCI_PLUG_PCI, &address, err);
}

static int leave_port(struct pci_plan *plan, unsigned int highest_given, struct verror *err)
{
    if (!plan->c->is_q35 || highest_given > 0 || plan->buses.n == 1)
        return 0;
    return pci_buses_grow(&plan->buses, PCI_PLUG_PCIE, err);
}

static bool is_missing(struct pci_plan *plan, unsigned int bus)
{
    return !controller_find(plan->c->devices, "pci", bus);
}

/* Bridges that are made up need a place too, which may take more of them. */
static int place_bridges(struct pci_plan *plan, struct verror *err)
{
    for (unsigned int i = 1; i < plan->buses.n; i++) {
        struct pci_address address;

        if (is_missing(plan, i) &&
            pci_buses_next(&plan->buses, pci_model_plug(plan->buses.buses[i].model), &address,
                           err) < 0)
            return -1;
    }
    return 0;
}

static unsigned int add_controllers(struct pci_plan *plan)
{
    unsigned int added = 0;

    for (unsigned int i = 1; i < plan->buses.n; i++)
        added += (unsigned int)controller_need(plan->c, "pci", i,
                                               pci_model_name(plan->buses.buses[i].model));
    return added;
}

/* --- into the document --- */

static void write_address(xmlNodePtr device, const struct pci_address *pci, bool is_shared)
{
    static const char *const names[] = { "domain", "bus", "slot", "function", "multifunction" };
    xmlNodePtr address = tree_address(device, "pci");
    _cleanup_free_ char *multifunction = xml_attribute(address, "multifunction");

    if (!address)
        address = tree_address_new(device, "pci");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        xml_attribute_drop(address, names[i]); /* so that they come in libvirt's order */
    tree_setf(address, "domain", "0x0000");
    tree_setf(address, "bus", "0x%02x", pci->bus);
    tree_setf(address, "slot", "0x%02x", pci->slot);
    tree_setf(address, "function", "0x%x", pci->function);
    if (multifunction)
        xml_attribute_set(address, "multifunction", multifunction);
    else if (is_shared && pci->function == 0)
        xml_attribute_set(address, "multifunction", "on");
}

/* What the guest sees of a bridge: where it hangs says its number. */
static void write_bridge(xmlNodePtr node, const struct pci_address *pci)
{
    unsigned int index = tree_number_or(node, "index", 0);
    xmlNodePtr target;

    if (xml_attribute_is(node, "model", "pcie-root-port")) {
        tree_default(tree_need(node, "model"), "name", "pcie-root-port");
        target = tree_need(node, "target");
        if (!tree_has(target, "chassis"))
            tree_setf(target, "chassis", "%u", index);
        if (!tree_has(target, "port"))
            tree_setf(target, "port", "0x%x", pci->slot << 3 | pci->function);
    } else if (xml_attribute_is(node, "model", "pcie-to-pci-bridge")) {
        tree_default(tree_need(node, "model"), "name", "pcie-pci-bridge");
    } else if (xml_attribute_is(node, "model", "pci-bridge")) {
        tree_default(tree_need(node, "model"), "name", "pci-bridge");
        target = tree_need(node, "target");
        if (!tree_has(target, "chassisNr"))
            tree_setf(target, "chassisNr", "%u", index);
    }
}

static void plan_write(struct pci_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct pci_device *device = &plan->devices[i];
        const struct pci_address *pci = &device->address;
        uint8_t used = plan->buses.buses[pci->bus].used[pci->slot];

        if (xml_is_element(device->node, "controller") &&
            xml_attribute_is(device->node, "type", "pci"))
            write_bridge(device->node, pci);
        write_address(device->node, pci, (used & (used - 1)) != 0);
    }
}

static int plan_run(struct pci_plan *plan, struct verror *err)
{
    unsigned int highest_given = read_buses(plan);

    if (plan_make(plan, err) < 0 || leave_slot(plan, err) < 0 ||
        place_bridges(plan, err) < 0 || leave_port(plan, highest_given, err) < 0)
        return -1;
    (void)add_controllers(plan);
    do {
        if (plan_make(plan, err) < 0)
            return -1;
    } while (add_controllers(plan) > 0); /* each round adds a bus, of which there are not many */
    plan_write(plan);
    return 0;
}

int complete_pci(struct completion *c, struct verror *err)
{
    struct pci_plan *plan = XNEW(struct pci_plan);
    int r;

    plan->c = c;
    r = plan_run(plan, err);
    plan_clear(plan);
    free(plan);
    return r;
}
