/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road from a client's XML to a complete definition; see complete.h.  What
 * is filled in, and in which order, is what libvirt 9.0's QEMU driver does with
 * the same XML: a guest saved there must find the same devices here.  Workers.
 */

#include "hypervisor/qemu/complete.h"

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"
#include "xml/domain_strip.h"
#include "xml/job_xml.h"

static bool is_our_job(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           strcmp((const char *)node->ns->href, JOB_XML_NAMESPACE) == 0;
}

static void drop_job(xmlNodePtr domain)
{
    xmlNodePtr next;

    for (xmlNodePtr node = domain->children; node; node = next) {
        next = node->next;
        if (is_our_job(node))
            xml_drop(node);
    }
}

/* Aliases that a client chose begin with "ua-"; all others are the daemon's to give. */
static void drop_alias(xmlNodePtr device)
{
    xmlNodePtr alias = xml_child(device, "alias");
    _cleanup_free_ char *name = xml_attribute(alias, "name");

    if (alias && (!name || strncmp(name, "ua-", 3) != 0))
        xml_drop(alias);
}

static void drop_pty(xmlNodePtr device)
{
    xmlNodePtr source = xml_child(device, "source");

    if (!xml_attribute_is(device, "type", "pty"))
        return;
    xml_attribute_drop(device, "tty");
    if (source)
        xml_drop(source);
}

/* Of taps named like this, libvirt's clients know that the daemon named them. */
static void drop_tap(xmlNodePtr device)
{
    xmlNodePtr target = xml_child(device, "target");
    _cleanup_free_ char *name = xml_attribute(target, "dev");

    if (name && xml_is_element(device, "interface") && strncmp(name, "vnet", 4) == 0)
        xml_drop(target);
}

/*
 * What only a running domain has.  In a document without an id less is taken for made up: a path
 * that looks as if the daemon had chosen it was asked for.
 */
static void drop_live(xmlNodePtr domain)
{
    xmlNodePtr devices = xml_child(domain, "devices");

    drop_job(domain);
    if (tree_has(domain, "id"))
        domain_strip_live(domain);
    for (xmlNodePtr node = xml_first(devices, NULL); node; node = xml_next(node, NULL)) {
        drop_alias(node);
        drop_pty(node);
        drop_tap(node);
    }
}

static int complete_run(struct completion *c, struct verror *err)
{
    static int (*const steps[])(struct completion *, struct verror *) = {
        complete_check,    complete_basics,  complete_cpu,         complete_disks,
        complete_chardevs, complete_devices, complete_controllers, complete_addresses,
        complete_usb,      complete_pci,     complete_one_address, complete_iothread_users,
    };

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        if (steps[i](c, err) < 0)
            return -1;
    /* those made up find their places among the given, where a second reading would put them */
    sort_disks(c);
    sort_controllers(c);
    complete_order(c);
    return 0;
}

struct domain_def *domain_complete(const struct complete_host *host, const char *xml,
                                   bool validate, struct verror *err)
{
    struct completion c = { .host = host, .validate = validate };
    _cleanup_xml_doc_ xmlDocPtr doc =
        xml_read_document(xml, "domain definition", "domain", err);
    struct domain_def *def = NULL;

    if (!doc)
        return NULL;
    c.domain = xmlDocGetRootElement(doc);
    c.devices = tree_need(c.domain, "devices");
    if (xmlChildElementCount(c.devices) > COMPLETE_DEVICES_MAX) {
        verror_set(err, VIR_ERR_XML_ERROR, "more than %d devices", COMPLETE_DEVICES_MAX);
        return NULL;
    }
    drop_live(c.domain);
    if (complete_run(&c, err) == 0)
        def = domain_def_from_doc(doc, err);
    qemu_caps_unref(c.caps);
    return def;
}
