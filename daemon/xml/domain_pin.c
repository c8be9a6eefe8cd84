/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pins read from a definition, and changed in a copy of its document; see domain_pin.h. */

#include "xml/domain_pin.h"

#include <stdio.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/domain_iothreads.h"
#include "xml/xml_tree.h"

/* 0 without the attribute, 1 with it, -1 with err. */
static int read_cpus(xmlNodePtr node, struct cpuset *ret_cpus, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "cpuset");

    if (!text)
        return 0;
    if (cpuset_parse(text, ret_cpus))
        return 1;
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid value '%s' of cpuset of element %s",
                      xml_quotable(text), (const char *)node->name);
}

static int no_cpus(xmlNodePtr node, struct verror *err)
{
    return verror_set(err, VIR_ERR_XML_ERROR, "missing cpuset of element %s",
                      (const char *)node->name);
}

static const struct vcpu_pin *find_in(const struct vcpu_pin *pins, size_t npins, unsigned int id)
{
    for (size_t i = 0; i < npins; i++) {
        if (pins[i].vcpu == id)
            return &pins[i];
    }
    return NULL;
}

static const struct vcpu_pin *find_pin(const struct domain_pins *pins, unsigned int vcpu)
{
    return find_in(pins->vcpus, pins->nvcpus, vcpu);
}

static uint64_t vcpus_of(xmlNodePtr domain)
{
    _cleanup_free_ char *text = xml_text(xml_child(domain, "vcpu"));
    uint64_t count = 1;

    if (text)
        (void)xml_parse_number(text, 10, &count); /* completion has seen that it is one */
    return count;
}

static int read_vcpu_id(xmlNodePtr node, uint64_t *ret_vcpu, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "vcpu");

    if (text && xml_parse_number(text, 10, ret_vcpu))
        return 0;
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid value '%s' of vcpu of element vcpupin",
                      text ? xml_quotable(text) : "");
}

static int read_vcpu_pin(xmlNodePtr node, uint64_t nvcpus, struct domain_pins *pins,
                         struct verror *err)
{
    struct vcpu_pin *pin;
    struct cpuset cpus;
    uint64_t vcpu;
    int r;

    if (read_vcpu_id(node, &vcpu, err) < 0)
        return -1;
    r = read_cpus(node, &cpus, err);
    if (r <= 0)
        return r < 0 ? -1 : no_cpus(node, err);
    if (vcpu >= nvcpus)
        return 0;
    if (find_pin(pins, (unsigned int)vcpu))
        return verror_set(err, VIR_ERR_XML_ERROR, "duplicate vcpupin for vcpu '%u'",
                          (unsigned int)vcpu);
    pins->vcpus = xrealloc(pins->vcpus, pins->nvcpus + 1, sizeof(*pins->vcpus));
    pin = &pins->vcpus[pins->nvcpus++];
    *pin = (struct vcpu_pin){ .vcpu = (unsigned int)vcpu, .cpus = cpus };
    return 0;
}

static int read_iothread_pin(xmlNodePtr node, const struct iothreads *threads,
                             struct domain_pins *pins, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, "iothread");
    struct vcpu_pin pin = { 0 };
    uint64_t id;
    int r;

    if (!text || !xml_parse_number(text, 10, &id) || id > UINT32_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "invalid value '%s' of iothread of element iothreadpin",
                          text ? xml_quotable(text) : "");
    pin.vcpu = (unsigned int)id;
    if (!iothreads_find(threads, pin.vcpu))
        return verror_set(err, VIR_ERR_XML_ERROR, "Cannot find 'iothread' : %u", pin.vcpu);
    r = read_cpus(node, &pin.cpus, err);
    if (r <= 0)
        return r < 0 ? -1 : no_cpus(node, err);
    if (find_in(pins->iothreads, pins->niothreads, pin.vcpu))
        return verror_set(err, VIR_ERR_XML_ERROR, "duplicate iothreadpin for same iothread '%u'",
                          pin.vcpu);
    pins->iothreads = xrealloc(pins->iothreads, pins->niothreads + 1, sizeof(*pins->iothreads));
    pins->iothreads[pins->niothreads++] = pin;
    return 0;
}

static int read_iothread_pins(xmlNodePtr domain, xmlNodePtr cputune, struct domain_pins *pins,
                              struct verror *err)
{
    xmlNodePtr node = xml_first(cputune, "iothreadpin");
    struct iothreads threads;
    int r = 0;

    if (!node)
        return 0;
    if (iothreads_read(domain, &threads, err) < 0)
        return -1;
    for (; r == 0 && node; node = xml_next(node, "iothreadpin"))
        r = read_iothread_pin(node, &threads, pins, err);
    iothreads_clear(&threads);
    return r;
}

static int read_emulator_pin(xmlNodePtr cputune, struct domain_pins *pins, struct verror *err)
{
    xmlNodePtr node = xml_child(cputune, "emulatorpin");
    int r = node ? read_cpus(node, &pins->emulator, err) : 0;

    if (node && r == 0)
        return no_cpus(node, err);
    pins->has_emulator = r > 0;
    return r < 0 ? -1 : 0;
}

static int read_pins(xmlNodePtr domain, struct domain_pins *pins, struct verror *err)
{
    xmlNodePtr cputune = xml_child(domain, "cputune");
    uint64_t nvcpus = vcpus_of(domain);
    int r = read_cpus(xml_child(domain, "vcpu"), &pins->all, err);

    pins->has_all = r > 0;
    if (r < 0 || read_emulator_pin(cputune, pins, err) < 0)
        return -1;
    for (xmlNodePtr node = xml_first(cputune, "vcpupin"); node; node = xml_next(node, "vcpupin"))
        if (read_vcpu_pin(node, nvcpus, pins, err) < 0)
            return -1;
    return read_iothread_pins(domain, cputune, pins, err);
}

int domain_pins_read(xmlNodePtr domain, struct domain_pins *ret_pins, struct verror *err)
{
    struct domain_pins pins = { 0 };

    if (read_pins(domain, &pins, err) < 0) {
        domain_pins_clear(&pins);
        return -1;
    }
    *ret_pins = pins;
    return 0;
}

void domain_pins_clear(struct domain_pins *pins)
{
    free(pins->vcpus);
    free(pins->iothreads);
    *pins = (struct domain_pins){ 0 };
}

const struct cpuset *domain_pins_of_vcpu(const struct domain_pins *pins, unsigned int vcpu)
{
    const struct vcpu_pin *pin = find_pin(pins, vcpu);

    if (pin)
        return &pin->cpus;
    return pins->has_all ? &pins->all : NULL;
}

const struct cpuset *domain_pins_of_emulator(const struct domain_pins *pins)
{
    if (pins->has_emulator)
        return &pins->emulator;
    return pins->has_all ? &pins->all : NULL;
}

const struct cpuset *domain_pins_of_iothread(const struct domain_pins *pins, unsigned int id)
{
    const struct vcpu_pin *pin = find_in(pins->iothreads, pins->niothreads, id);

    if (pin)
        return &pin->cpus;
    return pins->has_all ? &pins->all : NULL;
}

/* --- changing --- */

/* In its place among its siblings: behind what libvirt writes before it. */
static xmlNodePtr need_cputune(xmlNodePtr domain)
{
    static const char *const before[] = { "iothreadids", "iothreads", "vcpus", "vcpu" };
    xmlNodePtr cputune = xml_child(domain, "cputune");

    for (size_t i = 0; !cputune && i < ARRAY_SIZE(before); i++) {
        xmlNodePtr node = xml_child(domain, before[i]);

        if (node)
            cputune = xml_child_add_after(domain, node, "cputune");
    }
    return cputune ? cputune : xml_child_add(domain, "cputune", NULL);
}

/* Pins of vCPUs come first, in their order. */
static xmlNodePtr need_vcpu_pin(xmlNodePtr cputune, unsigned int vcpu)
{
    xmlNodePtr after = NULL;
    char text[16];

    for (xmlNodePtr node = xml_first(cputune, "vcpupin"); node; node = xml_next(node, "vcpupin")) {
        _cleanup_free_ char *number = xml_attribute(node, "vcpu");
        uint64_t own = 0;

        (void)xml_parse_number(number ? number : "", 10, &own); /* it was checked when it came */
        if (own == vcpu)
            return node;
        if (own < vcpu)
            after = node;
    }
    after = xml_child_add_after(cputune, after, "vcpupin");
    (void)snprintf(text, sizeof(text), "%u", vcpu);
    xml_attribute_set(after, "vcpu", text);
    return after;
}

struct domain_def *domain_def_set_pin(const struct domain_def *def, int vcpu, const char *cpus,
                                      struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr cputune = need_cputune(xmlDocGetRootElement(doc)), node;

    if (vcpu != PIN_EMULATOR)
        node = need_vcpu_pin(cputune, (unsigned int)vcpu);
    else if (!(node = xml_child(cputune, "emulatorpin")))
        node = xml_child_add(cputune, "emulatorpin", NULL);
    xml_attribute_set(node, "cpuset", cpus);
    return domain_def_from_doc(doc, err);
}

struct domain_def *domain_def_set_iothread_pin(const struct domain_def *def, unsigned int id,
                                               const char *cpus, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc), cputune, node;
    struct iothreads threads;
    char text[16];
    bool found;

    if (iothreads_read(domain, &threads, err) < 0)
        return NULL;
    found = iothreads_find(&threads, id);
    iothreads_clear(&threads);
    if (!found) {
        verror_set(err, VIR_ERR_INVALID_ARG, "%s %u not found",
                   def->id < 0 ? "iothreadid" : "iothread", id);
        return NULL;
    }
    (void)snprintf(text, sizeof(text), "%u", id); /* it fits */
    cputune = need_cputune(domain);
    for (node = xml_first(cputune, "iothreadpin"); node; node = xml_next(node, "iothreadpin")) {
        if (xml_attribute_is(node, "iothread", text))
            break;
    }
    if (!node) {
        node = xml_child_add(cputune, "iothreadpin", NULL);
        xml_attribute_set(node, "iothread", text);
    }
    xml_attribute_set(node, "cpuset", cpus);
    return domain_def_from_doc(doc, err);
}
