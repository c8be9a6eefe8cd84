/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities in libvirt's form: this host, and the guests it can run by the
 * emulators it has.  Only what can be told truly: no CPU model, as none is
 * the host's; no migration, as there is none.  Workers, owns no state.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hypervisor/host.h"
#include "hypervisor/qemu/caps_data.h"
#include "hypervisor/qemu/emulators.h"
#include "hypervisor/qemu/provides.h"
#include "util/log.h"
#include "xml/xml_write.h"

/* A number as an attribute, for the length of one call. */
struct number {
    char text[24];
};

static const char *number(struct number *number, unsigned long long value)
{
    (void)snprintf(number->text, sizeof(number->text), "%llu", value);
    return number->text;
}

#define NUMBER(value) number(&(struct number){ "" }, (value))

/* The host. */

static void write_cpu(struct xml_writer *writer, const struct host_topology *topology)
{
    struct host_cpu_info cpu;
    struct host_info shape;

    host_cpu_info_read("", &cpu);
    host_topology_count(topology, &shape);
    xml_open(writer, "cpu", NULL);
    xml_element(writer, "arch", qemu_host_arch());
    xml_element(writer, "vendor", cpu.vendor);
    if (cpu.microcode)
        xml_empty(writer, "microcode", "version", NUMBER(cpu.microcode), NULL);
    if (cpu.family)
        xml_empty(writer, "signature", "family", NUMBER(cpu.family), "model", NUMBER(cpu.model),
                  "stepping", NUMBER(cpu.stepping), NULL);
    xml_empty(writer, "topology", "sockets", NUMBER(shape.sockets), "dies", "1", "cores",
              NUMBER(shape.cores), "threads", NUMBER(shape.threads), NULL);
    for (size_t i = 0; cpu.features && cpu.features[i]; i++)
        xml_empty(writer, "feature", "name", cpu.features[i], NULL);
    xml_empty(writer, "pages", "unit", "KiB", "size",
              NUMBER((unsigned long long)sysconf(_SC_PAGESIZE) / 1024), NULL);
    xml_close(writer, "cpu");
    host_cpu_info_clear(&cpu);
}

static void write_distances(struct xml_writer *writer, const struct host_topology *topology,
                            const struct host_cell *cell)
{
    if (!cell->ndistances)
        return;
    xml_open(writer, "distances", NULL);
    for (size_t i = 0; i < cell->ndistances; i++)
        xml_empty(writer, "sibling", "id", NUMBER(topology->cells[i].id), "value",
                  NUMBER(cell->distances[i]), NULL);
    xml_close(writer, "distances");
}

static void write_cell(struct xml_writer *writer, const struct host_topology *topology,
                       const struct host_cell *cell)
{
    xml_open(writer, "cell", "id", NUMBER(cell->id), NULL);
    xml_element_size(writer, "memory", "KiB", cell->memory / 1024);
    write_distances(writer, topology, cell);
    xml_open(writer, "cpus", "num", NUMBER(cell->ncpus), NULL);
    for (size_t i = 0; i < cell->ncpus; i++) {
        const struct host_cpu *cpu = &cell->cpus[i];

        xml_empty(writer, "cpu", "id", NUMBER(cpu->id), "socket_id", NUMBER(cpu->socket), "die_id",
                  NUMBER(cpu->die), "core_id", NUMBER(cpu->core), "siblings", cpu->siblings, NULL);
    }
    xml_close(writer, "cpus");
    xml_close(writer, "cell");
}

static void write_host(struct xml_writer *writer, const struct host_topology *topology)
{
    _cleanup_free_ char *uuid = host_get_uuid("");

    xml_open(writer, "host", NULL);
    xml_element(writer, "uuid", uuid);
    write_cpu(writer, topology);
    xml_open(writer, "topology", NULL);
    xml_open(writer, "cells", "num", NUMBER(topology->ncells), NULL);
    for (size_t i = 0; i < topology->ncells; i++)
        write_cell(writer, topology, &topology->cells[i]);
    xml_close(writer, "cells");
    xml_close(writer, "topology");
    xml_open(writer, "secmodel", NULL);
    xml_element(writer, "model", "none");
    xml_element(writer, "doi", "0");
    xml_close(writer, "secmodel");
    xml_close(writer, "host");
}

/* Guests. */

static void write_machine(struct xml_writer *writer, const struct caps_machine *machine)
{
    struct number vcpus;

    (void)number(&vcpus, machine->max_vcpus);
    xml_element_attrs(writer, "machine", machine->name, "maxCpus", vcpus.text,
                      "deprecated", machine->deprecated ? "yes" : NULL, NULL);
    if (machine->alias)
        xml_element_attrs(writer, "machine", machine->alias, "canonical", machine->name, "maxCpus",
                          vcpus.text, NULL);
}

/* The default machine comes first: clients take it for that. */
static void write_machines(struct xml_writer *writer, const struct qemu_caps *caps)
{
    const struct caps_machine *first = caps_find_machine(caps, NULL);

    if (first && qemu_provides_machine(first->name))
        write_machine(writer, first);
    for (size_t i = 0; i < caps->nmachines; i++) {
        if (&caps->machines[i] != first && qemu_provides_machine(caps->machines[i].name))
            write_machine(writer, &caps->machines[i]);
    }
}

static void write_features(struct xml_writer *writer, const char *arch)
{
    xml_open(writer, "features", NULL);
    if (strcmp(arch, "i686") == 0) {
        xml_empty(writer, "pae", NULL);
        xml_empty(writer, "nonpae", NULL);
    }
    xml_empty(writer, "acpi", "default", "on", "toggle", "yes", NULL);
    xml_empty(writer, "apic", "default", "on", "toggle", "no", NULL);
    xml_empty(writer, "cpuselection", NULL);
    xml_empty(writer, "deviceboot", NULL);
    xml_empty(writer, "disksnapshot", "default", "off", "toggle", "no", NULL);
    xml_close(writer, "features");
}

static void write_guest(struct xml_writer *writer, const struct qemu_arch *arch,
                        const struct qemu_caps *caps)
{
    xml_open(writer, "guest", NULL);
    xml_element(writer, "os_type", "hvm");
    xml_open(writer, "arch", "name", arch->name, NULL);
    xml_elementf(writer, "wordsize", "%d", arch->wordsize);
    xml_element(writer, "emulator", caps->emulator);
    write_machines(writer, caps);
    if (caps->has_tcg)
        xml_empty(writer, "domain", "type", "qemu", NULL);
    if (caps->has_kvm && qemu_check_kvm(NULL) == 0)
        xml_empty(writer, "domain", "type", "kvm", NULL);
    xml_close(writer, "arch");
    write_features(writer, arch->name);
    xml_close(writer, "guest");
}

/* An emulator that cannot be asked is one the host does not have. */
static void write_guest_of(struct xml_writer *writer, struct qemu_caps_cache *cache,
                           const struct qemu_arch *arch)
{
    _cleanup_free_ char *emulator = qemu_find_emulator(arch->name, NULL);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct qemu_caps *caps;

    if (!emulator)
        return;
    caps = qemu_caps_get(cache, emulator, NULL, &err);
    if (caps)
        write_guest(writer, arch, caps);
    else
        log_warn("emulator '%s' is left out of the capabilities: %s", emulator, verror_text(&err));
    qemu_caps_unref(caps);
}

char *qemu_capabilities_xml(struct qemu_caps_cache *cache, struct verror *err)
{
    struct xml_writer writer = XML_WRITER_INIT;
    struct host_topology topology;

    if (host_topology_read("", &topology, err) < 0)
        return NULL;
    xml_open(&writer, "capabilities", NULL);
    write_host(&writer, &topology);
    host_topology_clear(&topology);
    for (size_t i = 0; i < qemu_narches; i++) {
        if (qemu_provides_arch(qemu_arches[i].name))
            write_guest_of(&writer, cache, &qemu_arches[i]);
    }
    xml_close(&writer, "capabilities");
    return xml_writer_take(&writer);
}
