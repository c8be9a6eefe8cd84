/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PCI buses of a guest and what is in their slots: what is where is
 * reserved, the next free place is found, and where there is none a bus is
 * added.  A plain value; knows no XML.  Any thread.
 */
#ifndef VIRTJOBD_QEMU_PCI_BUSES_H
#define VIRTJOBD_QEMU_PCI_BUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "util/verror.h"

enum { PCI_BUSES_MAX = 256, PCI_SLOTS = 32 };

/* What a bus is, named after the controller that makes it. */
enum pci_model {
    PCI_MODEL_NONE = 0,
    PCI_MODEL_ROOT,           /* pci-root */
    PCI_MODEL_BRIDGE,         /* pci-bridge */
    PCI_MODEL_PCIE_ROOT,      /* pcie-root */
    PCI_MODEL_ROOT_PORT,      /* pcie-root-port */
    PCI_MODEL_PCIE_TO_BRIDGE, /* pcie-to-pci-bridge */
    PCI_MODEL_MAX
};

/* What a device has to be plugged into. */
enum pci_plug {
    PCI_PLUG_PCI = 0,   /* a conventional bus */
    PCI_PLUG_PCIE,      /* a root port */
    PCI_PLUG_ROOT_PORT, /* is a root port itself: shares a slot of the root with seven others */
    PCI_PLUG_MAX
};

struct pci_address {
    unsigned int bus, slot, function;
};

struct pci_bus {
    enum pci_model model;
    uint8_t used[PCI_SLOTS];   /* functions of the slot, a bit each */
    bool shared[PCI_SLOTS];    /* root ports may join */
};

struct pci_buses {
    struct pci_bus buses[PCI_BUSES_MAX];
    unsigned int n;
    bool is_pcie; /* bus 0 is a pcie-root */
};

const char *pci_model_name(enum pci_model model); /* "pcie-root-port" */
enum pci_model pci_model_find(const char *name);  /* PCI_MODEL_NONE: none of that name */
/* What the controller that makes the bus has to be plugged into. */
enum pci_plug pci_model_plug(enum pci_model model);

/* Only the root. */
void pci_buses_init(struct pci_buses *buses, bool is_pcie);
/* That bus is of that model; buses before it that nobody names are of the usual model. */
void pci_buses_set(struct pci_buses *buses, unsigned int bus, enum pci_model model);

/* -1 with err: it is taken already, or that bus has no such slot. */
int pci_buses_reserve(struct pci_buses *buses, const struct pci_address *address,
                      enum pci_plug plug, struct verror *err);
/* Reserves the next free place. */
int pci_buses_next(struct pci_buses *buses, enum pci_plug plug, struct pci_address *ret,
                   struct verror *err);
/* Adds one more bus that takes such a plug, with what it needs to hang on. */
int pci_buses_grow(struct pci_buses *buses, enum pci_plug plug, struct verror *err);
bool pci_buses_slot_is_free(const struct pci_buses *buses, unsigned int bus, unsigned int slot);
/* Has any bus a slot that is free? */
bool pci_buses_have_room(const struct pci_buses *buses);

#endif
