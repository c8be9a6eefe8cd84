/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list; see provides.h. */

#include "hypervisor/qemu/provides.h"

#include <string.h>

#include "hypervisor/qemu/caps.h"
#include "protocol/macros.h"

#define VALUE(of, in, text) .group = of, .list = in, .value = text

const struct provide qemu_provides[] = {
    { VALUE("cpu", "mode", "host-passthrough") },
    { VALUE("cpu", "mode", "maximum"), .needs = { "max-x86_64-cpu", "max-i386-cpu" } },
    { VALUE("cpu", "mode", "custom") },
    { VALUE("cpu", "hostPassthroughMigratable", "on") },
    { VALUE("cpu", "hostPassthroughMigratable", "off") },
    { VALUE("cpu", "maximumMigratable", "on") },
    { VALUE("cpu", "maximumMigratable", "off") },
    { VALUE("memoryBacking", "sourceType", "anonymous") },
    { VALUE("memoryBacking", "sourceType", "memfd"), .needs = { "memory-backend-memfd" } },
    { VALUE("disk", "diskDevice", "disk") },
    { VALUE("disk", "diskDevice", "cdrom") },
    { VALUE("disk", "bus", "ide"), .needs = { "piix3-ide" }, .not_q35 = true },
    { VALUE("disk", "bus", "scsi"), .needs = { "scsi-hd" } },
    { VALUE("disk", "bus", "virtio"), .needs = { "virtio-blk-pci" } },
    { VALUE("disk", "bus", "usb"), .needs = { "usb-storage" } },
    { VALUE("disk", "bus", "sata"), .needs = { "ich9-ahci" } },
    { VALUE("disk", "model", "virtio"), .needs = { "virtio-blk-pci" } },
    { VALUE("disk", "model", "virtio-transitional"), .needs = { "virtio-blk-pci-transitional" } },
    { VALUE("disk", "model", "virtio-non-transitional"),
      .needs = { "virtio-blk-pci-non-transitional" } },
    { VALUE("graphics", "type", "vnc"), .check = qemu_caps_has_vnc },
    { VALUE("video", "modelType", "vga"), .needs = { "VGA" } },
    { VALUE("video", "modelType", "cirrus"), .needs = { "cirrus-vga" } },
    { VALUE("video", "modelType", "vmvga"), .needs = { "vmware-svga" } },
    { VALUE("video", "modelType", "qxl"), .needs = { "qxl-vga" } },
    { VALUE("video", "modelType", "virtio"), .needs = { "virtio-vga", "virtio-gpu-pci" } },
    { VALUE("video", "modelType", "none") },
    { VALUE("video", "modelType", "bochs"), .needs = { "bochs-display" } },
    { VALUE("video", "modelType", "ramfb"), .needs = { "ramfb" } },
    { VALUE("rng", "model", "virtio"), .needs = { "virtio-rng-pci" } },
    { VALUE("rng", "model", "virtio-transitional"), .needs = { "virtio-rng-pci-transitional" } },
    { VALUE("rng", "model", "virtio-non-transitional"),
      .needs = { "virtio-rng-pci-non-transitional" } },
    { VALUE("rng", "backendModel", "random"), .needs = { "rng-random" } },
    { VALUE("rng", "backendModel", "builtin"), .needs = { "rng-builtin" } },
    { VALUE("channel", "type", "pty") },
    { VALUE("channel", "type", "unix") },
};
const size_t qemu_nprovides = ARRAY_SIZE(qemu_provides);

const char *const qemu_provide_devices[] = {
    "disk", "graphics", "video", "hostdev", "rng", "filesystem", "tpm", "redirdev", "channel",
};
const size_t qemu_nprovide_devices = ARRAY_SIZE(qemu_provide_devices);

const struct provide_feature qemu_provide_features[] = {
    { "gic", false },    { "vmcoreinfo", false }, { "genid", false }, { "backingStoreInput", true },
    { "backup", false }, { "sev", false },        { "sgx", false },   { "hyperv", false },
};
const size_t qemu_nprovide_features = ARRAY_SIZE(qemu_provide_features);

bool qemu_provides_arch(const char *arch)
{
    return strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
}

/* "pc-i440fx-7.2", "pc-1.0", "pc-q35-7.2": those whose built-in devices are known */
bool qemu_provides_machine(const char *machine)
{
    return strcmp(machine, "pc") == 0 || strcmp(machine, "q35") == 0 ||
           strncmp(machine, "pc-", strlen("pc-")) == 0;
}

static bool is_q35(const char *machine)
{
    return strcmp(machine, "q35") == 0 || strncmp(machine, "pc-q35-", strlen("pc-q35-")) == 0;
}

bool qemu_provides_row(const struct provide *row, const struct qemu_caps *caps,
                       const char *machine)
{
    if (row->not_q35 && is_q35(machine))
        return false;
    if (row->check && !row->check(caps))
        return false;
    if (!row->needs[0])
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(row->needs) && row->needs[i]; i++) {
        if (qemu_caps_has_device(caps, row->needs[i]))
            return true;
    }
    return false;
}

bool qemu_provides_value(const struct qemu_caps *caps, const char *machine, const char *group,
                         const char *list, const char *value)
{
    for (size_t i = 0; i < qemu_nprovides; i++) {
        const struct provide *row = &qemu_provides[i];

        if (strcmp(row->group, group) == 0 && strcmp(row->list, list) == 0 &&
            strcmp(row->value, value) == 0)
            return qemu_provides_row(row, caps, machine);
    }
    return false;
}
