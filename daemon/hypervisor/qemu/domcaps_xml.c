/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities in libvirt's form: what a domain of one emulator, machine
 * and virtualization type may have.  Nothing is promised that provides.h does not list.
 * Workers, owns no state.
 */

#include <stdio.h>
#include <string.h>

#include "hypervisor/host.h"
#include "hypervisor/qemu/caps_data.h"
#include "hypervisor/qemu/emulators.h"
#include "hypervisor/qemu/provides.h"
#include "util/alloc.h"
#include "xml/xml_write.h"

/* The question. */

static struct qemu_caps *get_caps(struct qemu_caps_cache *cache, const char *emulator,
                                  const char *arch, struct verror *err)
{
    _cleanup_free_ char *found = NULL;

    if (arch && !qemu_arch_find(arch)) {
        (void)verror_set(err, VIR_ERR_INVALID_ARG, "unknown architecture '%s'", arch);
        return NULL;
    }
    if (emulator)
        return qemu_caps_get(cache, emulator, NULL, err);
    found = qemu_find_emulator(arch ? arch : qemu_host_arch(), err);
    return found ? qemu_caps_get(cache, found, NULL, err) : NULL;
}

/* An emulator serves all architectures that share it, and x86_64 its 32-bit kin. */
static bool serves_arch(const struct qemu_caps *caps, const char *arch)
{
    const char *own = qemu_arch_find(caps->arch)->qemu;

    return strcmp(qemu_arch_find(arch)->qemu, own) == 0 ||
           (strcmp(arch, "i686") == 0 && strcmp(own, "x86_64") == 0);
}

static int choose_arch(struct caps_subject *subject, const char *arch, struct verror *err)
{
    if (arch && !serves_arch(subject->caps, arch))
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "emulator '%s' is for architecture '%s', not '%s'",
                          subject->caps->emulator, subject->caps->arch, arch);
    subject->arch = arch ? arch : subject->caps->arch;
    if (!qemu_provides_arch(subject->arch))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "guests of architecture '%s'",
                          subject->arch);
    return 0;
}

static int choose_machine(struct caps_subject *subject, const char *machine, struct verror *err)
{
    subject->machine = caps_find_machine(subject->caps, machine);
    if (subject->machine && qemu_provides_machine(subject->machine->name))
        return 0;
    if (subject->machine)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "machine type '%s'",
                          subject->machine->name);
    if (!machine)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "emulator '%s' has no default machine: name one",
                          subject->caps->emulator);
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "the machine '%s' is not supported by emulator '%s'", machine,
                      subject->caps->emulator);
}

static int choose_type(struct caps_subject *subject, const char *type, struct verror *err)
{
    const struct qemu_caps *caps = subject->caps;
    bool kvm = type ? strcmp(type, "kvm") == 0
                    : caps->has_kvm && (!caps->has_tcg || qemu_check_kvm(NULL) == 0);

    if (type && !kvm && strcmp(type, "qemu") != 0)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "virtualization type '%s' is none of 'kvm', 'qemu'", type);
    if (kvm ? !caps->has_kvm : !caps->has_tcg)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "emulator '%s' does not support virtualization type '%s'",
                          caps->emulator, kvm ? "kvm" : "qemu");
    subject->kvm = kvm;
    return kvm ? qemu_check_kvm(err) : 0;
}

int caps_choose(struct qemu_caps_cache *cache, const char *emulator, const char *arch,
                const char *machine, const char *virt_type, struct caps_subject *ret_subject,
                struct verror *err)
{
    struct caps_subject subject = { .caps = get_caps(cache, emulator, arch, err) };

    if (subject.caps && choose_arch(&subject, arch, err) == 0 &&
        choose_machine(&subject, machine, err) == 0 &&
        choose_type(&subject, virt_type, err) == 0) {
        *ret_subject = subject;
        return 0;
    }
    qemu_caps_unref(subject.caps);
    return -1;
}

/* The answer. */

static bool provides_any(const struct caps_subject *subject, const char *group, const char *list)
{
    for (size_t i = 0; i < qemu_nprovides; i++) {
        const struct provide *row = &qemu_provides[i];

        if (strcmp(row->group, group) == 0 && (!list || strcmp(row->list, list) == 0) &&
            qemu_provides_row(row, subject->caps, subject->machine->name))
            return true;
    }
    return false;
}

/* The values of one list that hold.  None says something too: an empty element. */
static void write_list(struct xml_writer *writer, const struct caps_subject *subject,
                       const char *group, const char *list)
{
    if (!provides_any(subject, group, list)) {
        xml_empty(writer, "enum", "name", list, NULL);
        return;
    }
    xml_open(writer, "enum", "name", list, NULL);
    for (size_t i = 0; i < qemu_nprovides; i++) {
        const struct provide *row = &qemu_provides[i];

        if (strcmp(row->group, group) == 0 && strcmp(row->list, list) == 0 &&
            qemu_provides_row(row, subject->caps, subject->machine->name))
            xml_element(writer, "value", row->value);
    }
    xml_close(writer, "enum");
}

static void write_group(struct xml_writer *writer, const struct caps_subject *subject,
                        const char *group)
{
    const char *last = "";

    if (!provides_any(subject, group, NULL)) {
        xml_empty(writer, group, "supported", "no", NULL);
        return;
    }
    xml_open(writer, group, "supported", "yes", NULL);
    for (size_t i = 0; i < qemu_nprovides; i++) {
        const struct provide *row = &qemu_provides[i];

        /* rows of one list stand together */
        if (strcmp(row->group, group) == 0 && strcmp(row->list, last) != 0) {
            write_list(writer, subject, group, row->list);
            last = row->list;
        }
    }
    xml_close(writer, group);
}

/* "EPYC-v2": one version of a model, which is in the list by itself */
static bool is_version(const char *name)
{
    const char *at = strrchr(name, '-');

    return at && at[1] == 'v' && at[2] && at[2 + strspn(at + 2, "0123456789")] == '\0';
}

bool caps_is_named_model(const char *name)
{
    return !is_version(name) && strcmp(name, "host") != 0 && strcmp(name, "max") != 0 &&
           strcmp(name, "base") != 0;
}

/* Whose CPU a model is; what is not here is nobody's. */
static const struct {
    const char *start, *vendor;
} model_vendors[] = {
    { "Broadwell", "Intel" }, { "Cascadelake", "Intel" },    { "Conroe", "Intel" },
    { "Cooperlake", "Intel" }, { "Denverton", "Intel" },     { "Dhyana", "Hygon" },
    { "EPYC", "AMD" },        { "GraniteRapids", "Intel" },  { "Haswell", "Intel" },
    { "Icelake", "Intel" },   { "IvyBridge", "Intel" },      { "KnightsMill", "Intel" },
    { "Nehalem", "Intel" },   { "Opteron", "AMD" },          { "Penryn", "Intel" },
    { "SandyBridge", "Intel" }, { "SapphireRapids", "Intel" }, { "SierraForest", "Intel" },
    { "Skylake", "Intel" },   { "Snowridge", "Intel" },      { "Westmere", "Intel" },
    { "athlon", "AMD" },      { "core2duo", "Intel" },       { "coreduo", "Intel" },
    { "n270", "Intel" },      { "phenom", "AMD" },
};

const char *caps_model_vendor(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(model_vendors); i++) {
        if (strncmp(name, model_vendors[i].start, strlen(model_vendors[i].start)) == 0)
            return model_vendors[i].vendor;
    }
    return "unknown";
}

static void write_custom(struct xml_writer *writer, const struct caps_cpus *cpus)
{
    xml_open(writer, "mode", "name", "custom", "supported", "yes", NULL);
    for (size_t i = 0; i < cpus->count; i++) {
        const struct caps_cpu *cpu = &cpus->items[i];

        if (caps_is_named_model(cpu->name))
            xml_element_attrs(writer, "model", cpu->name, "usable", cpu->usable ? "yes" : "no",
                              "vendor", caps_model_vendor(cpu->name), "deprecated",
                              cpu->deprecated ? "yes" : NULL, NULL);
    }
    xml_close(writer, "mode");
}

static bool provides_mode(const struct caps_subject *subject, const char *mode)
{
    return qemu_provides_value(subject->caps, subject->machine->name, "cpu", "mode", mode);
}

/* A mode that needs no model. */
static void write_mode(struct xml_writer *writer, const struct caps_subject *subject,
                       const char *mode, const char *list, bool possible)
{
    if (!possible || !provides_mode(subject, mode)) {
        xml_empty(writer, "mode", "name", mode, "supported", "no", NULL);
        return;
    }
    xml_open(writer, "mode", "name", mode, "supported", "yes", NULL);
    write_list(writer, subject, "cpu", list);
    xml_close(writer, "mode");
}

static void write_cpu(struct xml_writer *writer, const struct caps_subject *subject)
{
    const struct caps_cpus *cpus =
        subject->kvm ? &subject->caps->kvm_cpus : &subject->caps->tcg_cpus;
    const struct caps_cpu *host = subject->kvm ? caps_find_cpu(cpus, "host") : NULL;

    xml_open(writer, "cpu", NULL);
    write_mode(writer, subject, "host-passthrough", "hostPassthroughMigratable",
               host && host->usable);
    write_mode(writer, subject, "maximum", "maximumMigratable", true);
    /* a definition may say so, but the model it stands for cannot be named here */
    xml_empty(writer, "mode", "name", "host-model", "supported", "no", NULL);
    if (cpus->count && provides_mode(subject, "custom"))
        write_custom(writer, cpus);
    else
        xml_empty(writer, "mode", "name", "custom", "supported", "no", NULL);
    xml_close(writer, "cpu");
}

static void write_vcpu(struct xml_writer *writer, const struct caps_subject *subject)
{
    unsigned int max = subject->machine->max_vcpus;
    int kvm_max = subject->kvm ? host_get_max_vcpus("kvm", NULL) : -1;
    char text[16];

    if (kvm_max > 0 && (unsigned int)kvm_max < max)
        max = (unsigned int)kvm_max;
    (void)snprintf(text, sizeof(text), "%u", max);
    xml_empty(writer, "vcpu", "max", text, NULL);
}

static void write_os(struct xml_writer *writer)
{
    xml_open(writer, "os", "supported", "yes", NULL);
    xml_empty(writer, "enum", "name", "firmware", NULL);
    xml_empty(writer, "loader", "supported", "no", NULL);
    xml_close(writer, "os");
}

static char *write_all(const struct caps_subject *subject)
{
    struct xml_writer writer = XML_WRITER_INIT;

    xml_open(&writer, "domainCapabilities", NULL);
    xml_element(&writer, "path", subject->caps->emulator);
    xml_element(&writer, "domain", subject->kvm ? "kvm" : "qemu");
    xml_element(&writer, "machine", subject->machine->name);
    xml_element(&writer, "arch", subject->arch);
    write_vcpu(&writer, subject);
    xml_empty(&writer, "iothreads", "supported", "yes", NULL);
    write_os(&writer);
    write_cpu(&writer, subject);
    write_group(&writer, subject, "memoryBacking");
    xml_open(&writer, "devices", NULL);
    for (size_t i = 0; i < qemu_nprovide_devices; i++)
        write_group(&writer, subject, qemu_provide_devices[i]);
    xml_close(&writer, "devices");
    xml_open(&writer, "features", NULL);
    for (size_t i = 0; i < qemu_nprovide_features; i++)
        xml_empty(&writer, qemu_provide_features[i].name, "supported",
                  qemu_provide_features[i].provided ? "yes" : "no", NULL);
    xml_close(&writer, "features");
    xml_close(&writer, "domainCapabilities");
    return xml_writer_take(&writer);
}

char *qemu_domain_capabilities_xml(struct qemu_caps_cache *cache, const char *emulator,
                                   const char *arch, const char *machine, const char *virt_type,
                                   struct verror *err)
{
    struct caps_subject subject;
    char *xml;

    if (caps_choose(cache, emulator, arch, machine, virt_type, &subject, err) < 0)
        return NULL;
    xml = write_all(&subject);
    qemu_caps_unref(subject.caps);
    return xml;
}
