/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The <cpu> element: a model always, what is left open by libvirt's rules.  Workers. */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

/* What libvirt compares the guest's CPU with at its start; we hand it on. */
static const char *default_check(const struct completion *c, xmlNodePtr cpu, bool given_model)
{
    if (xml_attribute_is(cpu, "mode", "host-model"))
        return "partial";
    if (xml_attribute_is(cpu, "mode", "custom") && given_model && c->is_kvm)
        return "partial";
    return "none";
}

static int complete_model(struct completion *c, xmlNodePtr cpu, struct verror *err)
{
    xmlNodePtr type = xml_child_of_child(c->domain, "os", "type");
    _cleanup_free_ char *machine = xml_attribute(type, "machine");
    xmlNodePtr model = xml_child(cpu, "model");
    _cleanup_free_ char *name = xml_text(model);

    tree_default(cpu, "match", "exact");
    tree_default(cpu, "check", default_check(c, cpu, name != NULL));
    if (name) {
        tree_default(model, "fallback", "allow");
        if (!qemu_caps_has_cpu(c->caps, name, c->is_kvm))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "CPU model '%s' is not supported by emulator '%s'",
                              xml_quotable(name), qemu_caps_emulator(c->caps));
        return 0;
    }
    if (!qemu_caps_machine_default_cpu(c->caps, machine))
        return 0;
    model = tree_need(cpu, "model");
    xml_text_set(model, qemu_caps_machine_default_cpu(c->caps, machine));
    xml_attribute_set(model, "fallback", "forbid");
    return 0;
}

/* dies='1' is written out as libvirt does; the product is the number of vCPUs. */
static int complete_topology(struct completion *c, xmlNodePtr topology, struct verror *err)
{
    static const char *const levels[] = { "sockets", "dies", "cores", "threads" };
    _cleanup_free_ char *vcpus = xml_text(xml_child(c->domain, "vcpu"));
    unsigned int product = 1;
    uint64_t count = 0;

    if (!topology)
        return 0;
    tree_default(topology, "dies", "1");
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        unsigned int number = 0;

        if (tree_number(topology, levels[i], UINT16_MAX, &number, err) < 0)
            return -1;
        if (number == 0)
            return verror_set(err, VIR_ERR_XML_ERROR, "missing or zero '%s' in CPU topology",
                              levels[i]);
        if (__builtin_mul_overflow(product, number, &product))
            return verror_set(err, VIR_ERR_XML_ERROR, "CPU topology is too large");
    }
    (void)xml_parse_number(vcpus, 10, &count); /* complete_vcpus() has read it */
    if (product != count)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "CPU topology doesn't match maximum vcpu count");
    return 0;
}

static int complete_features(xmlNodePtr cpu, struct verror *err)
{
    for (xmlNodePtr node = xml_first(cpu, "feature"); node; node = xml_next(node, "feature")) {
        _cleanup_free_ char *name = xml_attribute(node, "name"), *policy = NULL;

        if (!name)
            return verror_set(err, VIR_ERR_XML_ERROR, "missing name of a CPU feature");
        tree_default(node, "policy", "require");
        policy = xml_attribute(node, "policy");
        if (!policy || !tree_is_word(policy, "force require optional disable forbid"))
            return verror_set(err, VIR_ERR_XML_ERROR, "invalid policy of CPU feature '%s'",
                              xml_quotable(name));
    }
    return 0;
}

int complete_cpu(struct completion *c, struct verror *err)
{
    xmlNodePtr cpu = tree_need(c->domain, "cpu");

    tree_default(cpu, "mode", "custom");
    if (xml_attribute_is(cpu, "mode", "host-passthrough") && !c->is_kvm)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "CPU mode 'host-passthrough' is only supported with domain type 'kvm'");
    if (xml_attribute_is(cpu, "mode", "custom")) {
        if (complete_model(c, cpu, err) < 0)
            return -1;
    } else {
        tree_default(cpu, "check", default_check(c, cpu, false));
        if (xml_attribute_is(cpu, "mode", "host-passthrough"))
            tree_default(cpu, "migratable", "on");
    }
    if (complete_features(cpu, err) < 0)
        return -1;
    return complete_topology(c, xml_child(cpu, "topology"), err);
}
