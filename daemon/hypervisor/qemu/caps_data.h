/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What caps.h hides: the results of a probe, how they are had and how they are
 * kept.  Private to daemon/hypervisor/qemu/caps*.c and their tests.
 */
#ifndef VIRTJOBD_QEMU_CAPS_DATA_H
#define VIRTJOBD_QEMU_CAPS_DATA_H

#include <jansson.h>
#include <stdatomic.h>

#include "hypervisor/qemu/caps.h"

struct caps_machine {
    char *name;
    char *alias;       /* "q35", or NULL */
    char *default_cpu; /* model, or NULL: the machine has none */
    char *ram_id;      /* or NULL */
    unsigned int max_vcpus;
    bool is_default, deprecated;
};

struct caps_cpu {
    char *name;
    bool usable; /* on this host; a guest of a model that is not loses features */
    bool deprecated;
};

struct caps_cpus {
    struct caps_cpu *items; /* by name */
    size_t count;
};

/* Immutable once probed or loaded. */
struct qemu_caps {
    atomic_uint refs;
    char *emulator;
    char *identity; /* of the file at the time of the probe, see caps_identity() */
    const char *arch; /* libvirt's name, static */
    uint64_t version;
    bool has_tcg, has_kvm; /* built in */
    bool has_vnc, has_sandbox;
    struct caps_machine *machines; /* by name */
    size_t nmachines;
    char **types; /* devices and objects, by name */
    size_t ntypes;
    struct caps_cpus tcg_cpus, kvm_cpus; /* kvm: empty unless /dev/kvm opened */
};

/* caps.c */
struct qemu_caps *caps_new(const char *emulator, const char *identity);
void caps_sort(struct qemu_caps *caps); /* at the end of making one */
const struct caps_machine *caps_find_machine(const struct qemu_caps *caps, const char *machine);
const struct caps_cpu *caps_find_cpu(const struct caps_cpus *cpus, const char *model);

/* caps_probe.c */

/*
 * A text that changes when answers may: the file (device, inode, size, times), the directories its
 * modules are in, and KVM (it opens, since which boot and module load).  NULL with err: it is
 * missing or cannot be executed.  A few system calls.
 */
char *caps_identity(const char *emulator, struct verror *err);
enum { CAPS_PROBE_MS = 30000 }; /* a third of a second, but on a machine that is overrun */
/* Starts the emulator and asks it.  Worker. */
struct qemu_caps *caps_probe(const char *emulator, const char *identity, int timeout_ms,
                             struct job_ctl *ctl, struct verror *err);

/* caps_store.c */

/* NULL: there is none that is whole and fits. */
struct qemu_caps *caps_load(const char *dir, const char *emulator, const char *identity);
/* What cannot be written is asked for again after a restart: logged only. */
void caps_save(const char *dir, const struct qemu_caps *caps);

#endif
