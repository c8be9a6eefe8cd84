/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The architectures QEMU is built for, under libvirt's names and its own.
 * Static data; qemu_find_emulator() (caps.h) looks for their programs.  Any thread.
 */
#ifndef VIRTJOBD_QEMU_EMULATORS_H
#define VIRTJOBD_QEMU_EMULATORS_H

#include <stddef.h>

struct qemu_arch {
    const char *name; /* libvirt's: "i686" */
    const char *qemu; /* in qemu-system-NAME: "i386" */
    int wordsize;
};

extern const struct qemu_arch qemu_arches[];
extern const size_t qemu_narches;

/* NULL: no such architecture. */
const struct qemu_arch *qemu_arch_find(const char *name);
/* By QEMU's name, as query-target gives it. */
const struct qemu_arch *qemu_arch_find_qemu(const char *qemu);
/* libvirt's name of what this machine is; static text. */
const char *qemu_host_arch(void);

#endif
