/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much memory and how many vCPUs a definition says, changed in a copy of
 * its document; see domain_def.h.  Any thread.
 */

#include "util/alloc.h"
#include "xml/domain_def.h"
#include "xml/domain_vcpus.h"
#include "xml/xml_tree.h"

static void set_number(xmlNodePtr node, uint64_t number)
{
    _cleanup_free_ char *text = xasprintf("%llu", (unsigned long long)number);

    xml_text_set(node, text);
}

static void set_kib(xmlNodePtr node, uint64_t kib)
{
    xml_attribute_set(node, "unit", "KiB");
    set_number(node, kib);
}

/* Sizes that stand a second time, cell by cell, would no longer fit. */
struct domain_def *domain_def_set_memory(const struct domain_def *def, uint64_t memory_kib,
                                         uint64_t current_kib, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc), memory = xml_child(domain, "memory");
    xmlNodePtr current = xml_child(domain, "currentMemory");

    if (memory_kib != def->memory_kib && xml_child_of_child(domain, "cpu", "numa")) {
        verror_set(err, VIR_ERR_OPERATION_INVALID,
                   "initial memory size of a domain with NUMA nodes cannot be modified with this "
                   "API");
        return NULL;
    }
    if (!current)
        current = xml_child_add_after(domain, memory, "currentMemory");
    set_kib(memory, memory_kib);
    set_kib(current, current_kib);
    return domain_def_from_doc(doc, err);
}

struct domain_def *domain_def_set_vcpus(const struct domain_def *def, unsigned int max,
                                        unsigned int current, bool hotpluggable,
                                        struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc);
    struct vcpus vcpus;

    if (vcpus_read(domain, &vcpus, err) < 0)
        return NULL;
    vcpus_set_count(&vcpus, current < vcpus.n ? current : vcpus.n, hotpluggable);
    vcpus.items = xrealloc(vcpus.items, max + 1, sizeof(*vcpus.items));
    for (; vcpus.n < max; vcpus.n++)
        vcpus.items[vcpus.n] = (struct vcpu){ .hotpluggable = true };
    vcpus.n = max;
    vcpus_set_count(&vcpus, current, hotpluggable);
    vcpus_write(domain, &vcpus);
    vcpus_clear(&vcpus);
    return domain_def_from_doc(doc, err);
}
