/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs read, checked, and changed in a copy of a document; see domain_vcpus.h. */

#include "xml/domain_vcpus.h"

#include <stdio.h>
#include <string.h>

#include "util/alloc.h"

enum { VCPUS_MAX = 1 << 14 };

/* --- reading --- */

void vcpus_clear(struct vcpus *vcpus)
{
    free(vcpus->items);
    *vcpus = (struct vcpus){ 0 };
}

static int read_number(xmlNodePtr node, const char *attribute, unsigned int max,
                       unsigned int *number, struct verror *err)
{
    _cleanup_free_ char *text = attribute ? xml_attribute(node, attribute) : xml_text(node);
    uint64_t value;

    if (!text)
        return 0;
    if (!xml_parse_number(text, 10, &value) || value > max)
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid value '%s' of %s of element vcpu",
                          xml_quotable(text), attribute ? attribute : "the text");
    *number = (unsigned int)value;
    return 1;
}

static int read_switch(xmlNodePtr node, const char *attribute, bool *is_on, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(node, attribute);

    if (!text)
        return 0;
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid value '%s' of %s of element vcpu",
                          xml_quotable(text), attribute);
    *is_on = strcmp(text, "yes") == 0;
    return 0;
}

static int read_one(xmlNodePtr node, struct vcpus *vcpus, struct verror *err)
{
    struct vcpu vcpu = { 0 };
    unsigned int id = 0;
    int r = read_number(node, "id", VCPUS_MAX, &id, err);

    if (r <= 0)
        return r < 0 ? -1 : verror_set(err, VIR_ERR_XML_ERROR, "missing id of element vcpu");
    if (id >= vcpus->n)
        return verror_set(err, VIR_ERR_XML_ERROR, "vcpu id '%u' is not below the vCPU count %u", id,
                          vcpus->n);
    if (read_switch(node, "enabled", &vcpu.on, err) < 0)
        return -1;
    vcpu.hotpluggable = !vcpu.on;
    if (read_switch(node, "hotpluggable", &vcpu.hotpluggable, err) < 0 ||
        read_number(node, "order", VCPUS_MAX, &vcpu.order, err) < 0)
        return -1;
    vcpus->items[id] = vcpu;
    return 0;
}

/* QEMU starts with the first ones, and others are plugged in. */
static int check(const struct vcpus *vcpus, struct verror *err)
{
    unsigned int first = vcpus_at_start(vcpus);

    if (vcpus->n == 0 || !vcpus->items[0].on)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "vcpu 0 can't be offline");
    if (vcpus->items[0].hotpluggable)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "vcpu0 can't be hotpluggable");
    for (unsigned int i = 0; i < vcpus->n; i++) {
        const struct vcpu *vcpu = &vcpus->items[i];

        if (!vcpu->on && !vcpu->hotpluggable)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "vcpu '%u' is both offline and not hotpluggable", i);
        if (!vcpu->hotpluggable && i >= first)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "online non-hotpluggable vcpus need to be ordered from beginning");
    }
    return 0;
}

static int read_list(xmlNodePtr list, struct vcpus *vcpus, struct verror *err)
{
    for (unsigned int i = 0; i < vcpus->n; i++)
        vcpus->items[i] = (struct vcpu){ .hotpluggable = true };
    vcpus->listed = true;
    for (xmlNodePtr node = xml_first(list, "vcpu"); node; node = xml_next(node, "vcpu")) {
        if (read_one(node, vcpus, err) < 0)
            return -1;
    }
    return check(vcpus, err);
}

int vcpus_read(xmlNodePtr domain, struct vcpus *ret_vcpus, struct verror *err)
{
    xmlNodePtr node = xml_child(domain, "vcpu"), list = xml_child(domain, "vcpus");
    unsigned int max = 1, current;
    struct vcpus vcpus = { 0 };

    if (read_number(node, NULL, VCPUS_MAX, &max, err) < 0)
        return -1;
    current = max;
    if (read_number(node, "current", VCPUS_MAX, &current, err) < 0)
        return -1;
    if (current == 0 || current > max)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "maxvcpus must not be less than current vcpus (%u < %u)", max, current);
    vcpus.n = max;
    vcpus.items = xcalloc(max + 1, sizeof(*vcpus.items));
    for (unsigned int i = 0; i < max; i++)
        vcpus.items[i] = (struct vcpu){ .on = i < current, .hotpluggable = i >= current };
    if (xml_first(list, "vcpu") && read_list(list, &vcpus, err) < 0) {
        vcpus_clear(&vcpus);
        return -1;
    }
    *ret_vcpus = vcpus;
    return 0;
}

unsigned int vcpus_count(const struct vcpus *vcpus)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < vcpus->n; i++)
        count += vcpus->items[i].on;
    return count;
}

unsigned int vcpus_at_start(const struct vcpus *vcpus)
{
    unsigned int i = 0;

    while (i < vcpus->n && vcpus->items[i].on && !vcpus->items[i].hotpluggable)
        i++;
    return i;
}

/* --- writing --- */

static void set_number(xmlNodePtr node, const char *attribute, unsigned int number)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", number); /* it fits */
    if (attribute)
        xml_attribute_set(node, attribute, text);
    else
        xml_text_set(node, text);
}

static void write_list(xmlNodePtr domain, xmlNodePtr after, const struct vcpus *vcpus)
{
    xmlNodePtr list = xml_child_add_after(domain, after, "vcpus");

    for (unsigned int i = 0; i < vcpus->n; i++) {
        const struct vcpu *vcpu = &vcpus->items[i];
        xmlNodePtr node = xml_child_add(list, "vcpu", NULL);

        set_number(node, "id", i);
        xml_attribute_set(node, "enabled", vcpu->on ? "yes" : "no");
        xml_attribute_set(node, "hotpluggable", vcpu->hotpluggable ? "yes" : "no");
        if (vcpu->order)
            set_number(node, "order", vcpu->order);
    }
}

void vcpus_write(xmlNodePtr domain, const struct vcpus *vcpus)
{
    xmlNodePtr node = xml_child(domain, "vcpu"), list = xml_child(domain, "vcpus");
    unsigned int count = vcpus_count(vcpus);

    if (!node)
        node = xml_child_add(domain, "vcpu", NULL);
    set_number(node, NULL, vcpus->n);
    if (count < vcpus->n)
        set_number(node, "current", count);
    else
        xml_attribute_drop(node, "current");
    if (list)
        xml_drop(list);
    if (vcpus->listed)
        write_list(domain, node, vcpus);
}

int vcpus_complete(xmlNodePtr domain, struct verror *err)
{
    struct vcpus vcpus;

    if (!xml_child(domain, "vcpus"))
        return 0;
    if (vcpus_read(domain, &vcpus, err) < 0)
        return -1;
    vcpus_write(domain, &vcpus);
    vcpus_clear(&vcpus);
    return 0;
}

/* --- changing --- */

static void clear_orders(struct vcpus *vcpus)
{
    for (unsigned int i = 0; i < vcpus->n; i++)
        vcpus->items[i].order = 0;
}

void vcpus_set_count(struct vcpus *vcpus, unsigned int count, bool hotpluggable)
{
    unsigned int now = vcpus_count(vcpus);

    clear_orders(vcpus);
    for (unsigned int i = 0; now < count && i < vcpus->n; i++) {
        if (vcpus->items[i].on)
            continue;
        vcpus->items[i] = (struct vcpu){ .on = true, .hotpluggable = hotpluggable };
        vcpus->listed |= hotpluggable;
        now++;
    }
    for (unsigned int i = vcpus->n; now > count && i-- > 0;) {
        if (!vcpus->items[i].on)
            continue;
        vcpus->items[i] = (struct vcpu){ .hotpluggable = true };
        now--;
    }
}

static int check_change(const struct vcpus *vcpus, unsigned int id, bool on, const char *what,
                        struct verror *err)
{
    if (id >= vcpus->n)
        return verror_set(err, VIR_ERR_INVALID_ARG, "vcpu %u is not present in %s config", id,
                          what);
    if (vcpus->items[id].on && !vcpus->items[id].hotpluggable)
        return verror_set(err, VIR_ERR_INVALID_ARG, "vCPU '%u' can't be modified", id);
    if (vcpus->items[id].on == on)
        return verror_set(err, VIR_ERR_INVALID_ARG, "vcpu '%u' is already in requested state", id);
    return 0;
}

struct domain_def *domain_def_set_vcpu(const struct domain_def *def, const struct cpuset *which,
                                       bool on, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    struct vcpus vcpus;
    int r = 0;

    if (vcpus_read(xmlDocGetRootElement(doc), &vcpus, err) < 0)
        return NULL;
    clear_orders(&vcpus);
    vcpus.listed = true;
    for (unsigned int id = 0; r == 0 && id < CPUSET_MAX; id++) {
        if (!cpuset_has(which, id))
            continue;
        r = check_change(&vcpus, id, on, "persistent", err);
        if (r == 0)
            vcpus.items[id] = (struct vcpu){ .on = on, .hotpluggable = true };
    }
    if (r == 0)
        vcpus_write(xmlDocGetRootElement(doc), &vcpus);
    vcpus_clear(&vcpus);
    return r == 0 ? domain_def_from_doc(doc, err) : NULL;
}

/* Those of the start came first, in their order; one that nobody has counted yet among them. */
static void plug(struct vcpus *vcpus, unsigned int which)
{
    unsigned int last = 0;

    for (unsigned int i = 0; i < vcpus->n; i++) {
        struct vcpu *vcpu = &vcpus->items[i];

        if (vcpu->on && !vcpu->order)
            vcpu->order = last + 1;
        if (vcpu->order > last)
            last = vcpu->order;
    }
    vcpus->items[which] = (struct vcpu){ .on = true, .hotpluggable = true, .order = last + 1 };
    vcpus->listed = true;
}

struct domain_def *domain_def_plug_vcpu(const struct domain_def *def, unsigned int which,
                                        struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    struct vcpus vcpus;
    int r;

    if (vcpus_read(xmlDocGetRootElement(doc), &vcpus, err) < 0)
        return NULL;
    r = which < vcpus.n && vcpus.items[which].on
            ? verror_set(err, VIR_ERR_INVALID_ARG, "vcpu '%u' is already in requested state", which)
            : check_change(&vcpus, which, true, "live", err);
    if (r == 0) {
        plug(&vcpus, which);
        vcpus_write(xmlDocGetRootElement(doc), &vcpus);
    }
    vcpus_clear(&vcpus);
    return r == 0 ? domain_def_from_doc(doc, err) : NULL;
}
