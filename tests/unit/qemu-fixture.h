/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An emulator that can all of it without being asked, texts, and results that are compared with
 * stored ones.  For tests of qemu/complete*.c and qemu/command*.c that include scratch.h.
 */
#ifndef VIRTJOBD_TEST_QEMU_FIXTURE_H
#define VIRTJOBD_TEST_QEMU_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/qemu/caps_data.h"
#include "scratch.h"
#include "util/alloc.h"

static const char *const fixture_types[] = {
    "bochs-display", "cirrus-vga", "e1000e", "i6300esb", "i82801b11-bridge", "ib700",
    "ich9-usb-ehci1", "ich9-usb-uhci1", "ich9-usb-uhci2", "ich9-usb-uhci3", "ich9-ahci", "ide-cd",
    "ide-hd",
    "ioh3420", "isa-parallel", "isa-serial", "lsi53c895a", "pci-bridge", "pci-serial",
    "pcie-pci-bridge", "pcie-root-port", "piix3-usb-uhci", "pvpanic", "qemu-xhci", "qxl-vga",
    "rtl8139", "scsi-cd", "scsi-hd", "usb-hub", "usb-kbd", "usb-storage", "usb-tablet", "VGA",
    "virtconsole", "virtio-balloon-pci", "virtio-blk-pci", "virtio-gpu-pci",
    "virtio-keyboard-pci", "virtio-net-pci", "virtio-net-pci-non-transitional", "virtio-rng-pci",
    "virtio-scsi-pci", "virtio-serial-pci", "virtio-vga", "virtserialport",
};

/* --- the emulator --- */

static inline void fixture_machine(struct caps_machine *machine, const char *name,
                                   const char *alias)
{
    *machine = (struct caps_machine){
        .name = xstrdup(name),
        .alias = xstrdup(alias),
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

static inline struct qemu_caps *fixture_caps(const char *emulator, const char *identity)
{
    struct qemu_caps *caps = caps_new(emulator, identity);

    caps->arch = "x86_64";
    caps->version = 7002000;
    caps->has_tcg = caps->has_kvm = caps->has_vnc = caps->has_sandbox = true;
    caps->nmachines = 2;
    caps->machines = xcalloc(caps->nmachines, sizeof(*caps->machines));
    fixture_machine(&caps->machines[0], "pc-q35-7.2", "q35");
    fixture_machine(&caps->machines[1], "pc-i440fx-7.2", "pc");
    caps->machines[1].is_default = true;
    caps->ntypes = ARRAY_SIZE(fixture_types);
    caps->types = xcalloc(caps->ntypes, sizeof(*caps->types));
    for (size_t i = 0; i < caps->ntypes; i++)
        caps->types[i] = xstrdup(fixture_types[i]);
    fixture_cpus(&caps->tcg_cpus);
    fixture_cpus(&caps->kvm_cpus);
    caps_sort(caps);
    return caps;
}

/* --- texts --- */

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

/* Longer than check's messages may be: the first line that differs is shown. */
static inline void fixture_same(const char *got, const char *wish)
{
    size_t same = 0, line;

    while (got[same] && got[same] == wish[same])
        same++;
    for (line = same; line > 0 && got[line - 1] != '\n'; line--)
        ;
    ck_assert_msg(got[same] == wish[same], "'%.*s', not '%.*s', behind %.200s",
                  (int)strcspn(got + line, "\n"), got + line, (int)strcspn(wish + line, "\n"),
                  wish + line, line > 200 ? got + line - 200 : got);
}

/* A result beside the one that is stored; VIRTJOBD_TEST_REGENERATE=1 stores it. */
static inline void fixture_compare(const char *file, const char *text)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", TEST_DATA, file);
    _cleanup_free_ char *stored = NULL;

    if (getenv("VIRTJOBD_TEST_REGENERATE")) {
        FILE *out = fopen(path, "we");

        ck_assert_ptr_nonnull(out);
        ck_assert_int_ge(fputs(text, out), 0);
        ck_assert_int_eq(fclose(out), 0);
    }
    stored = fixture_read(path);
    fixture_same(text, stored);
}

#endif
