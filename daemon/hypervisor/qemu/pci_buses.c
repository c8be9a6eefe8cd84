/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI buses and their slots; see pci_buses.h.  Where a device goes is where libvirt 9.0 puts it. */

#include "hypervisor/qemu/pci_buses.h"

#include <string.h>

#include "protocol/macros.h"

#define BIT(n) (1u << (n))

static const struct {
    const char *name;
    unsigned int first, last; /* slots */
    unsigned int takes;       /* plugs, a bit each */
    enum pci_plug plug;
} models[PCI_MODEL_MAX] = {
    [PCI_MODEL_NONE] = { "", 1, 0, 0, PCI_PLUG_PCI },
    [PCI_MODEL_ROOT] = { "pci-root", 1, 31, BIT(PCI_PLUG_PCI), PCI_PLUG_PCI },
    [PCI_MODEL_BRIDGE] = { "pci-bridge", 1, 31, BIT(PCI_PLUG_PCI), PCI_PLUG_PCI },
    [PCI_MODEL_PCIE_ROOT] = { "pcie-root", 1, 31, BIT(PCI_PLUG_ROOT_PORT), PCI_PLUG_PCI },
    [PCI_MODEL_ROOT_PORT] = { "pcie-root-port", 0, 0, BIT(PCI_PLUG_PCIE), PCI_PLUG_ROOT_PORT },
    [PCI_MODEL_PCIE_TO_BRIDGE] = { "pcie-to-pci-bridge", 1, 31, BIT(PCI_PLUG_PCI),
                                   PCI_PLUG_PCIE },
};

const char *pci_model_name(enum pci_model model)
{
    return models[model].name;
}

enum pci_model pci_model_find(const char *name)
{
    for (size_t i = PCI_MODEL_NONE + 1; i < ARRAY_SIZE(models); i++)
        if (strcmp(models[i].name, name) == 0)
            return (enum pci_model)i;
    return PCI_MODEL_NONE;
}

enum pci_plug pci_model_plug(enum pci_model model)
{
    return models[model].plug;
}

void pci_buses_init(struct pci_buses *buses, bool is_pcie)
{
    *buses = (struct pci_buses){ .n = 1, .is_pcie = is_pcie };
    buses->buses[0].model = is_pcie ? PCI_MODEL_PCIE_ROOT : PCI_MODEL_ROOT;
}

/* New buses up to that one, of the usual model. */
static void fill(struct pci_buses *buses, unsigned int bus)
{
    while (buses->n <= bus)
        buses->buses[buses->n++].model = buses->is_pcie ? PCI_MODEL_ROOT_PORT : PCI_MODEL_BRIDGE;
}

void pci_buses_set(struct pci_buses *buses, unsigned int bus, enum pci_model model)
{
    fill(buses, bus);
    buses->buses[bus].model = model;
}

int pci_buses_reserve(struct pci_buses *buses, const struct pci_address *address,
                      enum pci_plug plug, struct verror *err)
{
    unsigned int slot = address->slot;
    struct pci_bus *bus;

    fill(buses, address->bus);
    bus = &buses->buses[address->bus];
    if (slot < models[bus->model].first || slot > models[bus->model].last)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "Invalid PCI address 0000:%02x:%02x.%x: bus '%u' (%s) has slots %u to %u",
                          address->bus, slot, address->function, address->bus,
                          models[bus->model].name, models[bus->model].first,
                          models[bus->model].last);
    if (bus->used[slot] & BIT(address->function))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "Attempted double use of PCI Address 0000:%02x:%02x.%x", address->bus,
                          slot, address->function);
    if (bus->used[slot] == 0)
        bus->shared[slot] = plug == PCI_PLUG_ROOT_PORT;
    bus->used[slot] |= (uint8_t)BIT(address->function);
    return 0;
}

static bool find_function(const struct pci_bus *bus, unsigned int slot, enum pci_plug plug,
                          unsigned int *ret_function)
{
    unsigned int function = 0;

    if (bus->used[slot] != 0 && !(plug == PCI_PLUG_ROOT_PORT && bus->shared[slot]))
        return false;
    while (function < 8 && bus->used[slot] & BIT(function))
        function++;
    *ret_function = function;
    return function < 8;
}

static bool find_place(const struct pci_buses *buses, unsigned int first_bus, enum pci_plug plug,
                       struct pci_address *ret)
{
    for (unsigned int i = first_bus; i < buses->n; i++) {
        const struct pci_bus *bus = &buses->buses[i];

        if (!(models[bus->model].takes & BIT(plug)))
            continue;
        for (unsigned int slot = models[bus->model].first; slot <= models[bus->model].last; slot++)
            if (find_function(bus, slot, plug, &ret->function)) {
                ret->bus = i;
                ret->slot = slot;
                return true;
            }
    }
    return false;
}

static bool takes(const struct pci_buses *buses, enum pci_plug plug)
{
    for (unsigned int i = 0; i < buses->n; i++)
        if (models[buses->buses[i].model].takes & BIT(plug))
            return true;
    return false;
}

int pci_buses_grow(struct pci_buses *buses, enum pci_plug plug, struct verror *err)
{
    enum pci_model added[2] = { PCI_MODEL_ROOT_PORT, PCI_MODEL_PCIE_TO_BRIDGE };
    unsigned int n = 1;

    if (plug == PCI_PLUG_ROOT_PORT)
        return verror_set(err, VIR_ERR_XML_ERROR, "no more room for PCIe root ports");
    if (plug == PCI_PLUG_PCI && takes(buses, plug))
        added[0] = PCI_MODEL_BRIDGE;
    else if (plug == PCI_PLUG_PCI)
        n = 2;
    if (buses->n + n > PCI_BUSES_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "No more available PCI slots");
    for (unsigned int i = 0; i < n; i++)
        buses->buses[buses->n++].model = added[i];
    return 0;
}

int pci_buses_next(struct pci_buses *buses, enum pci_plug plug, struct pci_address *ret,
                   struct verror *err)
{
    struct pci_address found = { 0 };

    if (!find_place(buses, 0, plug, &found)) {
        unsigned int n = buses->n;

        if (pci_buses_grow(buses, plug, err) < 0)
            return -1;
        (void)find_place(buses, n, plug, &found); /* what has grown takes it */
    }
    *ret = found;
    return pci_buses_reserve(buses, &found, plug, err);
}

bool pci_buses_slot_is_free(const struct pci_buses *buses, unsigned int bus, unsigned int slot)
{
    return buses->buses[bus].used[slot] == 0;
}

bool pci_buses_have_room(const struct pci_buses *buses)
{
    for (unsigned int i = 0; i < buses->n; i++)
        for (unsigned int slot = models[buses->buses[i].model].first;
             slot <= models[buses->buses[i].model].last; slot++)
            if (buses->buses[i].used[slot] == 0)
                return true;
    return false;
}
