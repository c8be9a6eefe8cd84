/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of elements: libvirt's own, so that what is given back reads as
 * its users know it.  Elements nobody here knows come last.  Workers.
 */

#include "hypervisor/qemu/complete_internal.h"

static const char *const in_domain[] = {
    "name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory",
    "currentMemory", "blkiotune", "memtune", "memoryBacking", "vcpu", "vcpus", "iothreads",
    "iothreadids", "cputune", "numatune", "resource", "sysinfo", "bootloader", "bootloader_args",
    "os", "idmap", "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash",
    "on_lockfailure", "pm", "perf", "devices", "seclabel", "keywrap", "launchSecurity",
};

static const char *const in_os[] = {
    "type", "firmware", "init", "loader", "nvram", "kernel", "initrd", "cmdline", "dtb", "acpi",
    "boot", "bootmenu", "smbios", "bios",
};

static const char *const in_cpu[] = { "model", "vendor", "topology", "cache", "feature", "numa" };

static const char *const in_devices[] = {
    "emulator", "disk", "controller", "interface", "serial", "console", "channel", "input",
    "graphics", "audio", "video", "hub", "watchdog", "memballoon", "rng", "panic",
};

static const char *const in_disk[] = {
    "driver", "source", "backingStore", "target", "iotune", "readonly", "shareable", "serial",
    "boot", "alias", "address",
};

static const char *const in_interface[] = {
    "mac", "source", "target", "model", "link", "boot", "alias", "address",
};

static const char *const in_controller[] = { "master", "model", "target", "alias", "address" };
static const char *const in_chardev[] = { "source", "target", "alias", "address" };
static const char *const in_rng[] = { "rate", "backend", "alias", "address" };
static const char *const in_memballoon[] = { "stats", "alias", "address" };
static const char *const in_video[] = { "model", "alias", "address" };

#define NAMES(list) list, ARRAY_SIZE(list)

static const struct {
    const char *element;
    const char *const *names;
    size_t n;
} orders[] = {
    { "disk", NAMES(in_disk) },       { "interface", NAMES(in_interface) },
    { "serial", NAMES(in_chardev) },  { "console", NAMES(in_chardev) },
    { "channel", NAMES(in_chardev) }, { "controller", NAMES(in_controller) },
    { "rng", NAMES(in_rng) },         { "memballoon", NAMES(in_memballoon) },
    { "video", NAMES(in_video) },
};

static void order_device(xmlNodePtr device)
{
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        if (xml_is_element(device, orders[i].element))
            tree_sort(device, orders[i].names, orders[i].n);
}

void complete_order(struct completion *c)
{
    tree_sort(c->domain, NAMES(in_domain));
    tree_sort(xml_child(c->domain, "os"), NAMES(in_os));
    tree_sort(xml_child(c->domain, "cpu"), NAMES(in_cpu));
    tree_sort(c->devices, NAMES(in_devices));
    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL))
        order_device(node);
}
