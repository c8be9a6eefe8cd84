/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the completion share: the document being completed, the
 * steps on the road, and helpers on trees.  Private to complete*.c and live*.c.
 * Workers; a completion belongs to one.
 */
#ifndef VIRTJOBD_QEMU_COMPLETE_INTERNAL_H
#define VIRTJOBD_QEMU_COMPLETE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/qemu/complete.h"
#include "hypervisor/qemu/pci_buses.h"
#include "xml/xml_tree.h"

enum {
    /* More than any machine takes; some checks compare each with all others. */
    COMPLETE_DEVICES_MAX = 1024,
    /* QEMU's buses are numbered by a byte, and each controller named here may be made up. */
    COMPLETE_INDEX_MAX = 255,
};

struct completion {
    const struct complete_host *host;
    xmlNodePtr domain, devices;
    struct qemu_caps *caps; /* of the emulator; a reference */
    bool is_kvm, is_q35;
    bool validate;
};

/*
 * The steps, in their order.  Each works on the tree and leaves it complete in
 * its own matter; -1 with err.
 */
int complete_check(struct completion *c, struct verror *err);       /* complete_rules.c */
int complete_basics(struct completion *c, struct verror *err);      /* complete_basics.c */
int complete_cpu(struct completion *c, struct verror *err);         /* complete_cpu.c */
int complete_disks(struct completion *c, struct verror *err);       /* complete_disks.c */
int complete_chardevs(struct completion *c, struct verror *err);    /* complete_chardevs.c */
int complete_devices(struct completion *c, struct verror *err);     /* complete_devices.c */
int complete_controllers(struct completion *c, struct verror *err); /* complete_controllers.c */
int complete_addresses(struct completion *c, struct verror *err);   /* complete_addresses.c */
int complete_usb(struct completion *c, struct verror *err);         /* complete_usb.c */
int complete_pci(struct completion *c, struct verror *err);         /* complete_pci.c */
int complete_one_address(struct completion *c, struct verror *err); /* complete_rules.c */
int complete_iothread_users(struct completion *c, struct verror *err); /* complete_basics.c */
void complete_order(struct completion *c);                          /* complete_order.c */

/* complete_controllers.c: adds the controller unless there is one; 1 = added. */
int controller_need(struct completion *c, const char *type, unsigned int index,
                    const char *model);
/* The controller of that type and index, or NULL. */
xmlNodePtr controller_find(xmlNodePtr devices, const char *type, unsigned int index);

/* By number among those of the type. */
void sort_controllers(struct completion *c);

/* complete_disks.c: "vdb" -> 1; -1: no such name. */
int disk_target_index(const char *target);
/* By name among those of the bus. */
void sort_disks(struct completion *c);

/* complete_tree.c */

/* 1 = *ret_number is set, 0 = there is no such attribute, -1 with err.  0x.. is hexadecimal. */
int tree_number(xmlNodePtr node, const char *attribute, unsigned int max,
                unsigned int *ret_number, struct verror *err);
/* The same where a bad number cannot be any more, or a fallback will do. */
unsigned int tree_number_or(xmlNodePtr node, const char *attribute, unsigned int fallback);
bool tree_has(xmlNodePtr node, const char *attribute);
void tree_setf(xmlNodePtr node, const char *attribute, const char *fmt, ...) _printf_(3, 4);
/* Sets what is not set. */
void tree_default(xmlNodePtr node, const char *attribute, const char *value);
xmlNodePtr tree_need(xmlNodePtr parent, const char *child);
/* A copy of the element with all below it, the last child of parent. */
xmlNodePtr tree_copy(xmlNodePtr node, xmlNodePtr parent);
/* Is the text one of the words, which are separated by blanks? */
bool tree_is_word(const char *text, const char *words);
/* Puts the children in the order of these names, the others behind; equal ones stay in order. */
void tree_sort(xmlNodePtr parent, const char *const *names, size_t n);

/* What decides an element's place among those of its name; group: free()d; NULL = one too. */
struct tree_place {
    xmlNodePtr node;
    char *group;
    int index;
    bool is_second; /* of two with one index */
};

/*
 * Puts all elements of that name in order as libvirt inserts them, one by one, into those before:
 * behind the last of its group that sorts before it, at the end if there is none of its group.
 */
void tree_place_all(xmlNodePtr parent, const char *element,
                    void (*place_of)(xmlNodePtr node, struct tree_place *ret));

/* 1, 0 = the device has none, -1 with err. */
int tree_pci_address(xmlNodePtr device, struct pci_address *ret, struct verror *err);
/* <address type='...'> of a device, or NULL. */
xmlNodePtr tree_address(xmlNodePtr device, const char *type);
xmlNodePtr tree_address_new(xmlNodePtr device, const char *type);

#endif
