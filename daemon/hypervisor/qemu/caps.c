/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers from what a probe has found; see caps.h.  Immutable data, any thread. */

#include <string.h>

#include "hypervisor/qemu/caps_data.h"
#include "util/alloc.h"

struct qemu_caps *caps_new(const char *emulator, const char *identity)
{
    struct qemu_caps *caps = XNEW(struct qemu_caps);

    atomic_init(&caps->refs, 1);
    atomic_init(&caps->models[0], NULL);
    atomic_init(&caps->models[1], NULL);
    caps->emulator = xstrdup(emulator);
    caps->identity = xstrdup(identity);
    return caps;
}

struct qemu_caps *qemu_caps_ref(struct qemu_caps *caps)
{
    atomic_fetch_add_explicit(&caps->refs, 1, memory_order_relaxed);
    return caps;
}

static void free_cpus(struct caps_cpus *cpus)
{
    for (size_t i = 0; i < cpus->count; i++)
        free(cpus->items[i].name);
    free(cpus->items);
}

static void free_machine(struct caps_machine *machine)
{
    free(machine->name);
    free(machine->alias);
    free(machine->default_cpu);
    free(machine->ram_id);
}

void qemu_caps_unref(struct qemu_caps *caps)
{
    if (!caps || atomic_fetch_sub_explicit(&caps->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < caps->nmachines; i++)
        free_machine(&caps->machines[i]);
    for (size_t i = 0; i < caps->ntypes; i++)
        free(caps->types[i]);
    free_cpus(&caps->tcg_cpus);
    free_cpus(&caps->kvm_cpus);
    caps_models_free(atomic_load(&caps->models[0]));
    caps_models_free(atomic_load(&caps->models[1]));
    free(caps->machines);
    free(caps->types);
    free(caps->emulator);
    free(caps->identity);
    free(caps);
}

/* Everything is looked up by name, and listed in an order that stays the same. */

static int compare_machines(const void *a, const void *b)
{
    return strcmp(((const struct caps_machine *)a)->name, ((const struct caps_machine *)b)->name);
}

static int compare_cpus(const void *a, const void *b)
{
    return strcmp(((const struct caps_cpu *)a)->name, ((const struct caps_cpu *)b)->name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* qsort() and bsearch() must not be handed NULL, not even for nothing. */
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

void caps_sort(struct qemu_caps *caps)
{
    sort(caps->machines, caps->nmachines, sizeof(*caps->machines), compare_machines);
    sort(caps->types, caps->ntypes, sizeof(*caps->types), compare_texts);
    sort(caps->tcg_cpus.items, caps->tcg_cpus.count, sizeof(struct caps_cpu), compare_cpus);
    sort(caps->kvm_cpus.items, caps->kvm_cpus.count, sizeof(struct caps_cpu), compare_cpus);
}

/* QEMU's own default, else the one that guests of architectures without one are meant to have. */
static const struct caps_machine *default_machine(const struct qemu_caps *caps)
{
    for (size_t i = 0; i < caps->nmachines; i++) {
        if (caps->machines[i].is_default)
            return &caps->machines[i];
    }
    return caps_find_machine(caps, "virt");
}

const struct caps_machine *caps_find_machine(const struct qemu_caps *caps, const char *machine)
{
    if (!machine)
        return default_machine(caps);
    for (size_t i = 0; i < caps->nmachines; i++) {
        const struct caps_machine *candidate = &caps->machines[i];

        if (strcmp(candidate->name, machine) == 0 ||
            (candidate->alias && strcmp(candidate->alias, machine) == 0))
            return candidate;
    }
    return NULL;
}

const struct caps_cpu *caps_find_cpu(const struct caps_cpus *cpus, const char *model)
{
    struct caps_cpu key = { .name = (char *)model }; /* only read */

    if (!cpus->count)
        return NULL;
    return bsearch(&key, cpus->items, cpus->count, sizeof(key), compare_cpus);
}

static bool is_named_model(const char *name)
{
    static const char *const not[] = { "base", "host", "max" };

    for (size_t i = 0; i < ARRAY_SIZE(not); i++) {
        if (strcmp(name, not[i]) == 0)
            return false;
    }
    return true;
}

char **qemu_caps_cpu_models(const struct qemu_caps *caps)
{
    const struct caps_cpus *cpus = caps->tcg_cpus.count ? &caps->tcg_cpus : &caps->kvm_cpus;
    char **names = xcalloc(cpus->count + 1, sizeof(*names));
    size_t n = 0;

    for (size_t i = 0; i < cpus->count; i++) {
        if (is_named_model(cpus->items[i].name))
            names[n++] = xstrdup(cpus->items[i].name);
    }
    return names;
}

const char *qemu_caps_emulator(const struct qemu_caps *caps)
{
    return caps->emulator;
}

const char *qemu_caps_arch(const struct qemu_caps *caps)
{
    return caps->arch;
}

uint64_t qemu_caps_version(const struct qemu_caps *caps)
{
    return caps->version;
}

const char *qemu_caps_machine(const struct qemu_caps *caps, const char *machine)
{
    const struct caps_machine *found = caps_find_machine(caps, machine);

    return found ? found->name : NULL;
}

unsigned int qemu_caps_machine_max_vcpus(const struct qemu_caps *caps, const char *machine)
{
    const struct caps_machine *found = caps_find_machine(caps, machine);

    return found ? found->max_vcpus : 0;
}

const char *qemu_caps_machine_default_cpu(const struct qemu_caps *caps, const char *machine)
{
    const struct caps_machine *found = caps_find_machine(caps, machine);

    return found ? found->default_cpu : NULL;
}

const char *qemu_caps_machine_ram_id(const struct qemu_caps *caps, const char *machine)
{
    const struct caps_machine *found = caps_find_machine(caps, machine);

    return found ? found->ram_id : NULL;
}

bool qemu_caps_has_device(const struct qemu_caps *caps, const char *device)
{
    if (!caps->ntypes)
        return false;
    return bsearch(&device, caps->types, caps->ntypes, sizeof(*caps->types), compare_texts) != NULL;
}

bool qemu_caps_has_cpu(const struct qemu_caps *caps, const char *model, bool kvm)
{
    /* without a /dev/kvm to ask, the models are the same, but that not all may be usable */
    const struct caps_cpus *cpus = kvm && caps->kvm_cpus.count ? &caps->kvm_cpus : &caps->tcg_cpus;

    return caps_find_cpu(cpus, model) != NULL;
}

bool qemu_caps_has_kvm(const struct qemu_caps *caps)
{
    return caps->has_kvm;
}

bool qemu_caps_has_tcg(const struct qemu_caps *caps)
{
    return caps->has_tcg;
}

bool qemu_caps_has_vnc(const struct qemu_caps *caps)
{
    return caps->has_vnc;
}

bool qemu_caps_has_sandbox(const struct qemu_caps *caps)
{
    return caps->has_sandbox;
}
