/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live definitions from tests/data/command/, an emulator that can all of it without being asked, and
 * what a start would know.  For tests that include scratch.h; one thread.
 */
#ifndef VIRTJOBD_TEST_COMMAND_FIXTURE_H
#define VIRTJOBD_TEST_COMMAND_FIXTURE_H

#include <libxml/parser.h>
#include <sys/socket.h>

#include "hypervisor/qemu/caps_data.h"
#include "hypervisor/qemu/command.h"
#include "scratch.h"
#include "util/alloc.h"
#include "xml/xml_read.h"

#define FIXTURE_EMULATOR "/usr/bin/qemu-system-x86_64"

static const char *const fixture_types[] = {
    "ahci", "bochs-display", "cirrus-vga", "e1000e", "i6300esb", "i82801b11-bridge", "ib700",
    "ich9-usb-ehci1", "ich9-usb-uhci1", "ich9-usb-uhci2", "ich9-usb-uhci3", "ide-cd", "ide-hd",
    "ioh3420", "isa-parallel", "isa-serial", "lsi53c895a", "pci-bridge", "pci-serial",
    "pcie-pci-bridge", "pcie-root-port", "piix3-usb-uhci", "pvpanic", "qemu-xhci", "qxl-vga",
    "rtl8139", "scsi-cd", "scsi-hd", "usb-hub", "usb-kbd", "usb-storage", "usb-tablet", "VGA",
    "virtconsole", "virtio-balloon-pci", "virtio-blk-pci", "virtio-gpu-pci",
    "virtio-keyboard-pci", "virtio-net-pci", "virtio-net-pci-non-transitional", "virtio-rng-pci",
    "virtio-scsi-pci", "virtio-serial-pci", "virtio-vga", "virtserialport",
};

/* --- the emulator --- */

static inline void fixture_machine(struct caps_machine *machine, const char *name)
{
    *machine = (struct caps_machine){
        .name = xstrdup(name),
        .default_cpu = xstrdup("qemu64"),
        .ram_id = xstrdup("pc.ram"),
        .max_vcpus = 255,
    };
}

static inline void fixture_cpus(struct caps_cpus *cpus)
{
    cpus->items = xcalloc(2, sizeof(*cpus->items));
    cpus->count = 2;
    cpus->items[0] = (struct caps_cpu){ .name = xstrdup("kvm64"), .usable = true };
    cpus->items[1] = (struct caps_cpu){ .name = xstrdup("qemu64"), .usable = true };
}

static inline struct qemu_caps *fixture_caps(void)
{
    struct qemu_caps *caps = caps_new(FIXTURE_EMULATOR, "fixture");

    caps->arch = "x86_64";
    caps->version = 7002000;
    caps->has_tcg = caps->has_kvm = caps->has_vnc = caps->has_sandbox = true;
    caps->nmachines = 2;
    caps->machines = xcalloc(caps->nmachines, sizeof(*caps->machines));
    fixture_machine(&caps->machines[0], "pc-q35-7.2");
    fixture_machine(&caps->machines[1], "pc-i440fx-7.2");
    caps->ntypes = ARRAY_SIZE(fixture_types);
    caps->types = xcalloc(caps->ntypes, sizeof(*caps->types));
    for (size_t i = 0; i < caps->ntypes; i++)
        caps->types[i] = xstrdup(fixture_types[i]);
    fixture_cpus(&caps->tcg_cpus);
    fixture_cpus(&caps->kvm_cpus);
    caps_sort(caps);
    return caps;
}

/* --- what a start knows --- */

static struct command_host fixture_host;
static struct qemu_caps *fixture_own_caps;
static struct volume_path fixture_volume;
static struct verror err;

static inline void fixture_setup(void)
{
    scratch_make();
    fixture_own_caps = fixture_caps();
    fixture_volume = (struct volume_path){
        .pool = xstrdup("images"),
        .volume = xstrdup("kernel.qcow2"),
        .path = xasprintf("%s/kernel.qcow2", scratch_path),
        .format = "qcow2",
    };
    fixture_host = (struct command_host){
        .caps = fixture_own_caps,
        .guest_dir = scratch_path,
        .volumes = &fixture_volume,
        .nvolumes = 1,
        .networks = "default=user",
        .vnc_listen = "127.0.0.1",
        .vnc_port_min = 5900,
        .vnc_port_max = 6900,
        .monitor_fd = -1,
        .uid = (uid_t)-1,
        .gid = (gid_t)-1,
    };
}

static inline void fixture_teardown(void)
{
    free(fixture_volume.pool);
    free(fixture_volume.volume);
    free(fixture_volume.path);
    qemu_caps_unref(fixture_own_caps);
    verror_clear(&err);
    scratch_remove();
}

/* --- documents and texts --- */

static inline char *fixture_replace(const char *text, const char *from, const char *to)
{
    char *result = xcalloc(1, strlen(text) * (strlen(to) + 1) + 1), *out = result;
    size_t len = strlen(from);

    while (*text) {
        if (len > 0 && strncmp(text, from, len) == 0) {
            out = stpcpy(out, to);
            text += len;
        } else {
            *out++ = *text++;
        }
    }
    return result;
}

static inline char *fixture_read(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = xcalloc(1, 1 << 20);

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, file), (1 << 20) - 1);
    (void)fclose(file);
    return text;
}

static inline xmlDocPtr fixture_parse(const char *text)
{
    xmlDocPtr doc = xml_read_document(text, "a test's domain", "domain", &err);

    ck_assert_msg(doc != NULL, "%s", verror_text(&err));
    return doc;
}

/* name without .xml; from, if any, is replaced by to. */
static inline xmlDocPtr fixture_document(const char *name, const char *from, const char *to)
{
    _cleanup_free_ char *path = xasprintf("%s/command/%s.xml", TEST_DATA, name);
    _cleanup_free_ char *raw = fixture_read(path);
    _cleanup_free_ char *text = fixture_replace(raw, "@DIR@", scratch_path), *changed = NULL;

    if (!from)
        return fixture_parse(text);
    ck_assert_msg(strstr(text, from) != NULL, "%s has no %s", name, from);
    changed = fixture_replace(text, from, to);
    return fixture_parse(changed);
}

#endif
