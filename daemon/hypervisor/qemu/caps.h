/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a QEMU binary can do, found out once by starting it without a guest and
 * asking over QMP, and kept (in memory, and in the state directory as JSON)
 * for as long as the file is the same (device, inode, size, times), its modules
 * are, and KVM is.  Immutable, reference-counted, any thread.
 */
#ifndef VIRTJOBD_QEMU_CAPS_H
#define VIRTJOBD_QEMU_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/verror.h"

struct job_ctl;
struct qemu_caps;
struct qemu_caps_cache;

/*
 * dir: where results are kept over restarts, or NULL.  Any thread uses the cache (a mutex
 * inside).
 */
struct qemu_caps_cache *qemu_caps_cache_new(const char *dir);
void qemu_caps_cache_free(struct qemu_caps_cache *cache);

/*
 * A reference to what that binary can do; probes it when it is new or has changed.
 * NULL with err: missing, not executable, no QEMU, exits at once (its stderr in err).
 * Worker; two that ask at once probe once.
 */
struct qemu_caps *qemu_caps_get(struct qemu_caps_cache *cache, const char *emulator,
                                struct job_ctl *ctl, struct verror *err);
struct qemu_caps *qemu_caps_ref(struct qemu_caps *caps);
void qemu_caps_unref(struct qemu_caps *caps);

/* The emulator for an architecture: qemu-system-ARCH in PATH, else libvirt's usual places.
   A new string, or NULL with err. */
char *qemu_find_emulator(const char *arch, struct verror *err);
/* 0 where qemu_find_emulator() finds it for some architecture; else -1 with
   VIR_ERR_ACCESS_DENIED, for clients that may not choose what is run.  Worker. */
int qemu_check_is_found(const char *emulator, struct verror *err);

const char *qemu_caps_emulator(const struct qemu_caps *caps);
const char *qemu_caps_arch(const struct qemu_caps *caps); /* libvirt's name: "i686" */
uint64_t qemu_caps_version(const struct qemu_caps *caps); /* major*1000000 + minor*1000 + micro */
/* "q35" -> "pc-q35-7.2"; NULL = no such machine.  machine NULL: the default one. */
const char *qemu_caps_machine(const struct qemu_caps *caps, const char *machine);
unsigned int qemu_caps_machine_max_vcpus(const struct qemu_caps *caps, const char *machine);
/* The CPU model when the XML names none: "qemu64", … */
const char *qemu_caps_machine_default_cpu(const struct qemu_caps *caps, const char *machine);
/* "pc.ram" */
const char *qemu_caps_machine_ram_id(const struct qemu_caps *caps, const char *machine);
/* A type for -device or -object: "virtio-blk-pci", "rng-random". */
bool qemu_caps_has_device(const struct qemu_caps *caps, const char *device);
/* It knows the model; on this host some of its features may be missing. */
bool qemu_caps_has_cpu(const struct qemu_caps *caps, const char *model, bool kvm);
/* The names of all models, "max" and its like left out: they are none.  A new array, NULL at its
   end, of new strings. */
char **qemu_caps_cpu_models(const struct qemu_caps *caps);
bool qemu_caps_has_kvm(const struct qemu_caps *caps); /* built in; see qemu_check_kvm() */
bool qemu_caps_has_tcg(const struct qemu_caps *caps); /* built in: type='qemu' works */
bool qemu_caps_has_vnc(const struct qemu_caps *caps);
bool qemu_caps_has_sandbox(const struct qemu_caps *caps); /* it takes -sandbox */

/* /dev/kvm opens: 0, or -1 with err that says why not.  Worker. */
int qemu_check_kvm(struct verror *err);

/* --- as XML; new strings; workers --- */

/* virConnectGetCapabilities: host CPU, topology, memory; guests for each emulator found. */
char *qemu_capabilities_xml(struct qemu_caps_cache *cache, struct verror *err);
/* virConnectGetDomainCapabilities: only what command.c provides.  Arguments may be NULL. */
char *qemu_domain_capabilities_xml(struct qemu_caps_cache *cache, const char *emulator,
                                   const char *arch, const char *machine, const char *virt_type,
                                   struct verror *err);

/* --- CPUs as XML: x86, by what QEMU's own models are made of; workers --- */

/* Which emulator, as of qemu_domain_capabilities_xml(). */
struct qemu_cpu_host {
    struct qemu_caps_cache *cache;
    const char *emulator, *arch, *machine, *virt_type;
};
enum {
    CPU_BASELINE_EXPAND_FEATURES = 1 << 0, /* libvirt's numbers, all of them */
    CPU_BASELINE_MIGRATABLE = 1 << 1,
    CPU_COMPARE_FAIL_INCOMPATIBLE = 1 << 0,
    CPU_COMPARE_VALIDATE_XML = 1 << 1,
};
enum cpu_comparison { CPU_INCOMPATIBLE = 0, CPU_IDENTICAL = 1, CPU_SUPERSET = 2 };

/*
 * A <cpu> that a guest can have wherever it could have each of these.  A new string, or NULL with
 * err.
 */
char *qemu_cpu_baseline(const struct qemu_cpu_host *host, char *const *xmls, size_t nxmls,
                        unsigned int flags, struct verror *err);
/* What a guest can have here, compared with that <cpu>: see above; -1 with err. */
int qemu_cpu_compare(const struct qemu_cpu_host *host, const char *xml, unsigned int flags,
                     struct verror *err);

#endif
