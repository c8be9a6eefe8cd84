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

struct caps_models;
struct child_spec;

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

/* What a caller asked about, after what was left out has been filled in. */
struct caps_subject {
    struct qemu_caps *caps; /* a reference */
    const struct caps_machine *machine;
    const char *arch;
    bool kvm;
};

/* Immutable once probed or loaded, but for the models. */
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
    /* What they are made of: found out when it is first asked for, then fixed; [1]: with KVM. */
    _Atomic(struct caps_models *) models[2];
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

/* Starts an emulator without a guest, on that machine; spec says what to write and who listens. */
int caps_run(const char *emulator, const char *machine, struct child_spec *spec,
             struct job_ctl *ctl, struct verror *err);

/* domcaps_xml.c */

/* Arguments as of qemu_domain_capabilities_xml().  0: ret_subject->caps is the caller's. */
int caps_choose(struct qemu_caps_cache *cache, const char *emulator, const char *arch,
                const char *machine, const char *virt_type, struct caps_subject *ret_subject,
                struct verror *err);
/* A model as people name it: no version of one ("EPYC-v2"), nothing that stands for the host. */
bool caps_is_named_model(const char *name);
/* Whose CPU it is: "Intel", …; "unknown": nobody's. */
const char *caps_model_vendor(const char *name);

/* caps_models.c */

/* Of what CPU models are made: bits, by the index of a name. */
struct caps_features {
    uint64_t bits[8];
};
enum { CAPS_FEATURES_MAX = 8 * 64 };

struct caps_model {
    char *name;
    bool usable;
    struct caps_features features;
};

struct caps_models {
    char **features; /* QEMU's names, sorted */
    size_t nfeatures;
    struct caps_model *models; /* by name */
    size_t nmodels;
};

/* Borrowed from caps; starts the emulator when it is asked first.  Worker; NULL with err. */
const struct caps_models *caps_models_get(struct qemu_caps *caps, bool kvm, struct verror *err);
void caps_models_free(struct caps_models *models);
const struct caps_model *caps_model_find(const struct caps_models *models, const char *name);
/* QEMU's or libvirt's name of it; -1: nobody's. */
int caps_feature_find(const struct caps_models *models, const char *name);
/* It is left out everywhere: hypervisors' own, paravirtualization, and the many parts of vmx. */
bool caps_feature_is_own(const char *name);
/* libvirt's name of it. */
const char *caps_feature_name(const struct caps_models *models, size_t feature);

static inline bool caps_feature_has(const struct caps_features *set, size_t feature)
{
    return set->bits[feature / 64] >> (feature % 64) & 1;
}

static inline void caps_feature_put(struct caps_features *set, size_t feature, bool on)
{
    uint64_t bit = (uint64_t)1 << (feature % 64);

    set->bits[feature / 64] = on ? set->bits[feature / 64] | bit : set->bits[feature / 64] & ~bit;
}

/* caps_store.c */

/* NULL: there is none that is whole and fits. */
struct qemu_caps *caps_load(const char *dir, const char *emulator, const char *identity);
/* What cannot be written is asked for again after a restart: logged only. */
void caps_save(const char *dir, const struct qemu_caps *caps);

#endif
