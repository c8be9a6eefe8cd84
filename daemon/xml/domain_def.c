/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plain view of a domain's document; see domain_def.h.  Any thread: a
 * definition does not change once it is made.
 */

#include "xml/domain_def.h"

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "util/alloc.h"
#include "util/uuid.h"
#include "xml/domain_view.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

DEFINE_CLEANUP(struct domain_def *, domain_def_unref);
#define _cleanup_domain_def_ _cleanup_(domain_def_unrefp)

struct domain_def *domain_def_ref(struct domain_def *def)
{
    __atomic_add_fetch(&def->refs, 1, __ATOMIC_RELAXED);
    return def;
}

void domain_def_unref(struct domain_def *def)
{
    if (!def || __atomic_sub_fetch(&def->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    domain_disks_clear(def);
    free(def->xml);
    free(def->name);
    free(def->title);
    free(def->description);
    free(def->os_type);
    free(def->arch);
    free(def->machine);
    free(def->emulator);
    free(def->kernel);
    free(def->initrd);
    free(def->dtb);
    free(def->loader);
    free(def->agent_alias);
    free(def->agent_path);
    free(def);
}

static int parse_virt(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(domain, "type");

    if (!type)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing domain type attribute");
    if (strcmp(type, "kvm") == 0)
        def->virt = DOMAIN_VIRT_KVM;
    else if (strcmp(type, "qemu") == 0)
        def->virt = DOMAIN_VIRT_QEMU;
    else
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "domain type '%s': only 'kvm' and 'qemu' are provided",
                          xml_quotable(type));
    return 0;
}

static int parse_id(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    _cleanup_free_ char *text = xml_attribute(domain, "id");
    uint64_t id;

    def->id = -1;
    if (!text || strcmp(text, "-1") == 0)
        return 0;
    if (!xml_parse_number(text, 10, &id) || id > INT_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed id '%s' of element domain",
                          xml_quotable(text));
    def->id = (int)id;
    return 0;
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

static int parse_name(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    def->name = xml_text(xml_child(domain, "name"));
    if (!def->name)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing domain name element");
    if (is_blank(def->name))
        return verror_set(err, VIR_ERR_XML_ERROR, "domain name is blank");
    return name_check(def->name, "domain name", VIR_ERR_XML_ERROR, err);
}

static int parse_uuid(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    _cleanup_free_ char *text = xml_text(xml_child(domain, "uuid"));

    if (!text)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing domain uuid element");
    if (!uuid_parse(text, def->uuid))
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed uuid element '%s'",
                          xml_quotable(text));
    return 0;
}

static int parse_title(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    def->title = xml_text(xml_child(domain, "title"));
    def->description = xml_text(xml_child(domain, "description"));
    if (def->title && strchr(def->title, '\n'))
        return verror_set(err, VIR_ERR_XML_ERROR, "domain title cannot contain newlines");
    return 0;
}

/* In whole KiB, rounded up; ret stays as it is where there is no such element. */
static int parse_kib(xmlNodePtr node, uint64_t *ret_kib, struct verror *err)
{
    uint64_t bytes;

    if (!node)
        return 0;
    if (xml_read_size_unit(node, "KiB", &bytes, err) < 0)
        return -1;
    *ret_kib = bytes / 1024 + (bytes % 1024 != 0);
    return 0;
}

static int parse_memory(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    if (parse_kib(xml_child(domain, "memory"), &def->memory_kib, err) < 0)
        return -1;
    if (def->memory_kib == 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing domain memory element");
    if (parse_kib(xml_child(domain, "currentMemory"), &def->current_kib, err) < 0)
        return -1;
    if (def->current_kib == 0 || def->current_kib > def->memory_kib)
        def->current_kib = def->memory_kib;
    return 0;
}

static int parse_count(const char *text, const char *what, unsigned int *ret_count,
                       struct verror *err)
{
    uint64_t count;

    if (!text)
        return 0;
    if (!xml_parse_number(text, 10, &count) || count == 0 || count > UINT16_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed %s '%s'", what, xml_quotable(text));
    *ret_count = (unsigned int)count;
    return 0;
}

static int parse_vcpus(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    xmlNodePtr node = xml_child(domain, "vcpu");
    _cleanup_free_ char *max = xml_text(node), *current = xml_attribute(node, "current");

    def->max_vcpus = 1;
    if (parse_count(max, "vcpu element", &def->max_vcpus, err) < 0)
        return -1;
    def->vcpus = def->max_vcpus;
    if (parse_count(current, "attribute current of element vcpu", &def->vcpus, err) < 0)
        return -1;
    if (def->vcpus > def->max_vcpus)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "maximum vCPU count must not be less than current vCPU count: %u < %u",
                          def->max_vcpus, def->vcpus);
    return 0;
}

static const char *const action_names[] = {
    [DOMAIN_ACTION_DESTROY] = "destroy",
    [DOMAIN_ACTION_RESTART] = "restart",
    [DOMAIN_ACTION_PRESERVE] = "preserve",
    [DOMAIN_ACTION_RENAME_RESTART] = "rename-restart",
    [DOMAIN_ACTION_COREDUMP_DESTROY] = "coredump-destroy",
    [DOMAIN_ACTION_COREDUMP_RESTART] = "coredump-restart",
};

/* The events: libvirt's default, and the last action of action_names that makes sense. */
static const struct {
    const char *element;
    size_t offset;
    enum domain_action fallback, last;
} events[] = {
    { "on_poweroff", offsetof(struct domain_def, on_poweroff), DOMAIN_ACTION_DESTROY,
      DOMAIN_ACTION_RENAME_RESTART },
    { "on_reboot", offsetof(struct domain_def, on_reboot), DOMAIN_ACTION_RESTART,
      DOMAIN_ACTION_RENAME_RESTART },
    { "on_crash", offsetof(struct domain_def, on_crash), DOMAIN_ACTION_DESTROY,
      DOMAIN_ACTION_COREDUMP_RESTART },
};

static int action_parse(const char *text, enum domain_action *ret_action)
{
    for (size_t i = 0; i < ARRAY_SIZE(action_names); i++)
        if (strcmp(text, action_names[i]) == 0) {
            *ret_action = (enum domain_action)i;
            return 0;
        }
    return -1;
}

static int parse_events(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        _cleanup_free_ char *text = xml_text(xml_child(domain, events[i].element));
        enum domain_action action = events[i].fallback;

        if (text && action_parse(text, &action) < 0)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "unknown %s action '%s'",
                              events[i].element, xml_quotable(text));
        if (action > events[i].last)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "element %s does not support the action '%s'", events[i].element,
                              text);
        *(enum domain_action *)((char *)def + events[i].offset) = action;
    }
    return 0;
}

/* libvirt's numbers of events are the places in the table. */
struct domain_def *domain_def_set_action(const struct domain_def *def, unsigned int event,
                                         unsigned int action, struct verror *err)
{
    static const char *const names[] = { "destroy",  "restart",          "rename-restart",
                                         "preserve", "coredump-destroy", "coredump-restart" };
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr domain = xmlDocGetRootElement(doc), node;

    if (event >= ARRAY_SIZE(events) || action >= ARRAY_SIZE(names)) {
        (void)verror_set(err, VIR_ERR_INVALID_ARG, "unknown lifecycle event %u or action %u", event,
                         action);
        return NULL;
    }
    node = xml_child(domain, events[event].element);
    if (!node)
        node = xml_child_add(domain, events[event].element, NULL);
    xml_text_set(node, names[action]);
    return domain_def_from_doc(doc, err);
}

static int parse_os(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    xmlNodePtr os = xml_child(domain, "os"), type = xml_child(os, "type");

    def->os_type = xml_text(type);
    if (!def->os_type)
        return verror_set(err, VIR_ERR_XML_ERROR, "an os <type> must be specified");
    def->arch = xml_attribute(type, "arch");
    def->machine = xml_attribute(type, "machine");
    if (!def->arch || !def->machine)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing %s attribute of element os/type",
                          def->arch ? "machine" : "arch");
    def->kernel = xml_text(xml_child(os, "kernel"));
    def->initrd = xml_text(xml_child(os, "initrd"));
    def->dtb = xml_text(xml_child(os, "dtb"));
    def->loader = xml_text(xml_child(os, "loader"));
    return 0;
}

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

static void parse_agent(xmlNodePtr devices, struct domain_def *def)
{
    for (xmlNodePtr node = xml_first(devices, "channel"); node; node = xml_next(node, "channel")) {
        if (!xml_attribute_is(xml_child(node, "target"), "name", AGENT_CHANNEL))
            continue;
        def->agent_alias = xml_attribute(xml_child(node, "alias"), "name");
        if (xml_attribute_is(node, "type", "unix") &&
            xml_attribute_is(xml_child(node, "source"), "mode", "bind"))
            def->agent_path = xml_attribute(xml_child(node, "source"), "path");
        return;
    }
}

static int parse_devices(xmlNodePtr domain, struct domain_def *def, struct verror *err)
{
    xmlNodePtr devices = xml_child(domain, "devices");

    def->emulator = xml_text(xml_child(devices, "emulator"));
    if (!def->emulator)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing emulator element");
    if (def->emulator[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR, "emulator '%s' is not an absolute path",
                          xml_quotable(def->emulator));
    parse_agent(devices, def);
    return domain_disks_parse(devices, def, err);
}

struct domain_def *domain_def_from_doc(xmlDocPtr doc, struct verror *err)
{
    static int (*const parts[])(xmlNodePtr, struct domain_def *, struct verror *) = {
        parse_virt,   parse_id,    parse_name,   parse_uuid, parse_title,
        parse_memory, parse_vcpus, parse_events, parse_os,   parse_devices,
    };
    _cleanup_domain_def_ struct domain_def *def = XNEW(struct domain_def);
    xmlNodePtr domain = xmlDocGetRootElement(doc);

    def->refs = 1;
    if (!xml_is_element(domain, "domain")) {
        verror_set(err, VIR_ERR_XML_ERROR, "unexpected root element, expecting <domain>");
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i](domain, def, err) < 0)
            return NULL;
    def->xml = domain_doc_format(doc);
    /* so that whatever is kept can be read again */
    if (strlen(def->xml) > XML_DOCUMENT_MAX) {
        verror_set(err, VIR_ERR_XML_ERROR, "domain definition is longer than %u bytes once it is "
                   "complete", XML_DOCUMENT_MAX);
        return NULL;
    }
    return STEAL_PTR(def);
}

xmlDocPtr domain_def_to_doc(const struct domain_def *def)
{
    xmlDocPtr doc = xml_read_document(def->xml, "domain definition", "domain", NULL);

    if (!doc)
        abort(); /* we wrote it */
    return doc;
}
