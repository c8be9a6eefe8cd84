/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between command.c and the files that each turn one kind of element into
 * arguments: what is being built, access to the document, tables from XML to
 * QEMU's properties.  One worker has one builder; nothing here is shared.
 */
#ifndef VIRTJOBD_QEMU_COMMAND_INTERNAL_H
#define VIRTJOBD_QEMU_COMMAND_INTERNAL_H

#include <jansson.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/qemu/command.h"
#include "protocol/macros.h"

struct builder {
    const struct command_host *host;
    xmlNodePtr domain, devices; /* of the caller's document */
    const char *machine;        /* versioned */
    bool is_kvm, is_q35, has_vnc;
    struct qemu_command out;
    /* bootindex by <os><boot>, given to the first device of a kind; 0 = none (any more) */
    unsigned int boot_disk, boot_cdrom, boot_net;
    unsigned int nfdsets;
    int vnc_port; /* reserved so far, 0 = none */
    char **kept; /* texts of the document, as long as the builder */
    size_t nkept;
    struct verror *err;
};

/* --- arguments (command_builder.c) --- */

void cmd_arg(struct builder *b, const char *text);
void cmd_argf(struct builder *b, const char *fmt, ...) _printf_(2, 3);
/* -option '{json}'; object is taken over */
void cmd_arg_json(struct builder *b, const char *option, json_t *object);
/* Hands a descriptor to QEMU under the number it has here; it is closed with the command. */
int cmd_fd(struct builder *b, int fd);
void cmd_env(struct builder *b, const char *name, const char *value);
/* A text that stands in an option list: its commas doubled; kept by the builder. */
const char *cmd_escape(struct builder *b, const char *text);
const char *cmd_keepf(struct builder *b, const char *fmt, ...) _printf_(2, 3);
void builder_done(struct builder *b);

/* --- properties of JSON objects; out of memory ends the daemon --- */

json_t *props_new(const char *key, const char *value);
void props_string(json_t *props, const char *key, const char *value); /* NULL: nothing */
void props_number(json_t *props, const char *key, uint64_t value);
void props_bool(json_t *props, const char *key, bool value);
void props_object(json_t *props, const char *key, json_t *value);

#define _cleanup_json_ _cleanup_(json_decrefp)

/* --- the document: texts are kept by the builder, NULL = missing or empty --- */

/* path: "driver", "source/reconnect", NULL = node itself. */
xmlNodePtr node_find(xmlNodePtr node, const char *path);
const char *node_attr(struct builder *b, xmlNodePtr node, const char *path, const char *name);
const char *node_text(struct builder *b, xmlNodePtr node, const char *path);
bool node_attr_is(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                  const char *value);
/* Decimal or 0x…; missing: value stays as it is.  -1 with err: no number. */
int node_number(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                uint64_t *value);
/* "on"/"yes" and "off"/"no"; missing: value stays.  -1 with err. */
int node_switch(struct builder *b, xmlNodePtr node, const char *path, const char *name,
                bool *value);
const char *node_alias(struct builder *b, xmlNodePtr node);
/* The element's name and what tells it from its like: "disk 'vda'"; kept by the builder. */
const char *node_describe(struct builder *b, xmlNodePtr node);

/* VIR_ERR_CONFIG_UNSUPPORTED: "disk 'vda': " and the text.  Returns -1. */
int refuse(struct builder *b, xmlNodePtr node, const char *fmt, ...) _printf_(3, 4);

/*
 * Refuses what is not in known: a list, parted by blanks, of "@attribute",
 * "element", "element/below@attribute"; "element*" takes all that is below it.  Elements of other
 * namespaces are not looked at.
 */
int node_check_known(struct builder *b, xmlNodePtr node, const char *known);

/* --- tables --- */

struct name_map {
    const char *name; /* in the XML; NULL in a row = where the XML has nothing */
    const char *value; /* QEMU's; NULL = nothing to do for it */
};

/* The row of that name, or NULL. */
const struct name_map *map_find(const struct name_map *map, size_t n, const char *name);

enum rule_kind {
    RULE_STRING = 0,
    RULE_NUMBER,
    RULE_SWITCH, /* on, off, yes, no: to a boolean */
    RULE_ON_OFF, /* the same to "on", "off" */
    RULE_PRESENT, /* true when the element is there */
};

/* From one attribute (NULL: the element's text) to one property. */
struct rule {
    const char *path, *attribute;
    enum rule_kind kind;
    const char *property;
};

int rules_apply(struct builder *b, xmlNodePtr node, const struct rule *rules, size_t n,
                json_t *props);

/* <driver iommu= ats= packed= page_per_vq=> of every virtio device. */
#define VIRTIO_KNOWN "driver@iommu driver@ats driver@packed driver@page_per_vq"
int virtio_rules(struct builder *b, xmlNodePtr node, json_t *props);
/* "virtio-net-pci" for a model that starts with "virtio", with -transitional and so on; NULL =
   unknown. */
const char *virtio_driver(struct builder *b, const char *base, const char *model);

/* --- devices (command_device.c) --- */

#define DEVICE_KNOWN "alias@name address* acpi@index"

/* id, bus and addr, acpi-index. */
int device_place(struct builder *b, xmlNodePtr node, json_t *device);
/* Its own <boot order=>, else what *by_os gives to the first of its kind. */
int device_boot(struct builder *b, xmlNodePtr node, unsigned int *by_os, json_t *device);
/* -device, once the binary has been found to have its driver; device is taken over. */
int device_add(struct builder *b, xmlNodePtr node, json_t *device);
/* command_machine.c: <driver iothread=>, which command_iothreads() has checked. */
void device_iothread(struct builder *b, xmlNodePtr node, json_t *device);
/* The <controller> of that type and index, or NULL. */
xmlNodePtr command_controller_find(struct builder *b, const char *type, uint64_t index);
/* Its alias.  NULL with err. */
const char *controller_alias(struct builder *b, xmlNodePtr node, const char *type, uint64_t index);

/* --- the parts, in the order of their arguments --- */

int command_machine(struct builder *b);
int command_cpu(struct builder *b);
int command_memory(struct builder *b);
int command_iothreads(struct builder *b);
int command_clock(struct builder *b);
int command_boot(struct builder *b);

int command_controllers(struct builder *b);
int command_hub(struct builder *b, xmlNodePtr node);
int command_disk(struct builder *b, xmlNodePtr node);
int command_interface(struct builder *b, xmlNodePtr node);
int command_serial(struct builder *b, xmlNodePtr node);
int command_parallel(struct builder *b, xmlNodePtr node);
int command_channel(struct builder *b, xmlNodePtr node);
int command_console(struct builder *b, xmlNodePtr node);
int command_input(struct builder *b, xmlNodePtr node);
int command_audio(struct builder *b, xmlNodePtr node);
int command_graphics(struct builder *b, xmlNodePtr node);
int command_video(struct builder *b, xmlNodePtr node);
int command_watchdog(struct builder *b, xmlNodePtr node);
int command_memballoon(struct builder *b, xmlNodePtr node);
int command_rng(struct builder *b, xmlNodePtr node);
int command_panic(struct builder *b, xmlNodePtr node);
int command_passthrough(struct builder *b);

/* How many images come by descriptor: the sets of these have the first numbers. */
unsigned int command_passed_images(struct builder *b);
/* The nodes of a disk's image and of all below it; *ret_node is the topmost format node, kept by the
   builder, NULL = an empty drive. */
int command_blockdev(struct builder *b, xmlNodePtr disk, bool readonly, const char **ret_node);
/* "on", "off" for the device, or NULL; -1 with err: an unknown cache mode. */
int disk_write_cache(struct builder *b, xmlNodePtr disk, const char **ret_write_cache);

/* A tap device (queues descriptors, all or none) that is up and in the bridge.  -1 with err. */
struct tap_spec {
    const char *name;   /* NULL = the kernel numbers it */
    const char *bridge; /* NULL = none */
    const char *mac;    /* of the guest */
    unsigned int mtu;   /* 0 = the bridge's, or the kernel's */
    bool vnet_hdr;
    bool existing; /* made by someone else: only opened */
};
enum { TAP_QUEUES_MAX = 8, TAP_NAME_SIZE = 16 };
int tap_open(const struct tap_spec *spec, int *fds, size_t nfds, char ret_name[TAP_NAME_SIZE],
             struct verror *err);

#endif
