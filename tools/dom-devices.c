/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its devices, in few words; and how large its disks are. */

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
#include "tools/flags.h"
#include "tools/format.h"
#include "tools/table.h"
#include "tools/text.h"

enum { VNC_PORT_0 = 5900 };

/* --- the XML of a domain --- */

DEFINE_CLEANUP(xmlDocPtr, xmlFreeDoc);
#define _cleanup_doc_ _cleanup_(xmlFreeDocp)

/* NULL, and told. */
static xmlDocPtr read_domain(virDomainPtr dom, unsigned int flags)
{
    _cleanup_free_ char *xml = virDomainGetXMLDesc(dom, flags);
    xmlDocPtr doc;

    if (!xml) {
        (void)cli_fail("cannot get the XML of domain '%s'", virDomainGetName(dom));
        return NULL;
    }
    doc = xmlReadMemory(xml, (int)strlen(xml), "domain", NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        cli_error("the XML of domain '%s' is not readable", virDomainGetName(dom));
    return doc;
}

static bool is_element(xmlNodePtr node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* The first child of that name; NULL for one of NULL. */
static xmlNodePtr child_of(xmlNodePtr parent, const char *name)
{
    xmlNodePtr node = parent ? parent->children : NULL;

    while (node && !is_element(node, name))
        node = node->next;
    return node;
}

/* The next device of that name, or the first one. */
static xmlNodePtr next_device(xmlDocPtr doc, xmlNodePtr before, const char *name)
{
    xmlNodePtr devices = child_of(xmlDocGetRootElement(doc), "devices");
    xmlNodePtr node = before ? before->next : devices ? devices->children : NULL;

    while (node && !is_element(node, name))
        node = node->next;
    return node;
}

/* A new string; NULL when there is none, or no node. */
static char *attribute(xmlNodePtr node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    char *copy = xstrdup((const char *)value);

    xmlFree(value);
    return copy;
}

static void cell_take(struct table *table, char *text)
{
    if (text)
        text_make_printable(text);
    table_take(table, text ? text : xstrdup("-"));
}

/* --- disks --- */

/* Where its bytes are: what stands in <source> for its type. */
static char *disk_source(xmlNodePtr disk)
{
    xmlNodePtr source = child_of(disk, "source");
    _cleanup_free_ char *pool = attribute(source, "pool"), *volume = attribute(source, "volume");
    char *path = attribute(source, "file");

    if (!path)
        path = attribute(source, "dev");
    if (!path && pool && volume)
        path = xasprintf("%s/%s", pool, volume);
    return path;
}

int dom_blklist(struct cli *cli, const struct args *args)
{
    static const char *const heads[] = { "Type", "Device", "Target", "Source", NULL };
    bool details = args_flag(args, "details");
    _cleanup_table_ struct table *table = table_new(details ? heads : heads + 2);
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_doc_ xmlDocPtr doc = NULL;

    doc = dom ? read_domain(dom, args_flag(args, "inactive") ? VIR_DOMAIN_XML_INACTIVE : 0) : NULL;
    if (!doc)
        return CLI_FAILED;
    for (xmlNodePtr disk = next_device(doc, NULL, "disk"); disk;
         disk = next_device(doc, disk, "disk")) {
        if (details) {
            cell_take(table, attribute(disk, "type"));
            cell_take(table, attribute(disk, "device"));
        }
        cell_take(table, attribute(child_of(disk, "target"), "dev"));
        cell_take(table, disk_source(disk));
    }
    table_print(table, stdout);
    return CLI_DONE;
}

int dom_blkinfo_check(const struct args *args)
{
    if (!args_text(args, "device") && !args_flag(args, "all"))
        return cli_usage("name a disk, or say --all");
    return OPTIONS_EXCLUDE(args, "device", "all");
}

static char *size_text(unsigned long long bytes, bool human)
{
    return human ? format_size(bytes) : xasprintf("%llu", bytes);
}

static void size_print(const char *key, unsigned long long bytes, bool human)
{
    _cleanup_free_ char *text = size_text(bytes, human);

    printf("%-15s %s\n", key, text);
}

static int blkinfo_one(virDomainPtr dom, const char *disk, bool human)
{
    virDomainBlockInfo info;

    if (virDomainGetBlockInfo(dom, disk, &info, 0) < 0)
        return cli_fail("cannot measure disk '%s' of domain '%s'", disk, virDomainGetName(dom));
    size_print("Capacity:", info.capacity, human);
    size_print("Allocation:", info.allocation, human);
    size_print("Physical:", info.physical, human);
    return CLI_DONE;
}

/* An empty drive has no sizes. */
static int blkinfo_all(virDomainPtr dom, bool human)
{
    static const char *const heads[] = { "Target", "Capacity", "Allocation", "Physical", NULL };
    _cleanup_table_ struct table *table = table_new(heads);
    _cleanup_doc_ xmlDocPtr doc = read_domain(dom, 0);

    if (!doc)
        return CLI_FAILED;
    for (xmlNodePtr disk = next_device(doc, NULL, "disk"); disk;
         disk = next_device(doc, disk, "disk")) {
        _cleanup_free_ char *target = attribute(child_of(disk, "target"), "dev");
        _cleanup_free_ char *source = disk_source(disk);
        virDomainBlockInfo info;

        if (source && virDomainGetBlockInfo(dom, target, &info, 0) < 0)
            return cli_fail("cannot measure disk '%s' of domain '%s'", target,
                            virDomainGetName(dom));
        cell_take(table, STEAL_PTR(target));
        cell_take(table, source ? size_text(info.capacity, human) : NULL);
        cell_take(table, source ? size_text(info.allocation, human) : NULL);
        cell_take(table, source ? size_text(info.physical, human) : NULL);
    }
    table_print(table, stdout);
    return CLI_DONE;
}

int dom_blkinfo(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    bool human = args_flag(args, "human");

    if (!dom)
        return CLI_FAILED;
    if (args_flag(args, "all"))
        return blkinfo_all(dom, human);
    return blkinfo_one(dom, args_text(args, "device"), human);
}

/* --- the others --- */

static char *net_source(xmlNodePtr net)
{
    static const char *const attributes[] = { "network", "bridge", "dev", "path" };
    xmlNodePtr source = child_of(net, "source");
    char *text = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(attributes) && !text; i++)
        text = attribute(source, attributes[i]);
    return text;
}

int dom_iflist(struct cli *cli, const struct args *args)
{
    static const char *const heads[] = { "Interface", "Type", "Source", "Model", "MAC", NULL };
    _cleanup_table_ struct table *table = table_new(heads);
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_doc_ xmlDocPtr doc = NULL;

    doc = dom ? read_domain(dom, args_flag(args, "inactive") ? VIR_DOMAIN_XML_INACTIVE : 0) : NULL;
    if (!doc)
        return CLI_FAILED;
    for (xmlNodePtr net = next_device(doc, NULL, "interface"); net;
         net = next_device(doc, net, "interface")) {
        cell_take(table, attribute(child_of(net, "target"), "dev"));
        cell_take(table, attribute(net, "type"));
        cell_take(table, net_source(net));
        cell_take(table, attribute(child_of(net, "model"), "type"));
        cell_take(table, attribute(child_of(net, "mac"), "address"));
    }
    table_print(table, stdout);
    return CLI_DONE;
}

/* The XML of one that runs; NULL, and told. */
static xmlDocPtr read_running(virDomainPtr dom)
{
    int active = virDomainIsActive(dom);

    if (active > 0)
        return read_domain(dom, 0);
    if (active < 0)
        (void)cli_fail("cannot ask for domain '%s'", virDomainGetName(dom));
    else
        cli_error("domain '%s' is not running", virDomainGetName(dom));
    return NULL;
}

int dom_vncdisplay(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_doc_ xmlDocPtr doc = dom ? read_running(dom) : NULL;

    if (!doc)
        return CLI_FAILED;
    for (xmlNodePtr node = next_device(doc, NULL, "graphics"); node;
         node = next_device(doc, node, "graphics")) {
        _cleanup_free_ char *type = attribute(node, "type"), *port = attribute(node, "port");
        _cleanup_free_ char *listen = attribute(node, "listen");

        if (!type || strcmp(type, "vnc") != 0 || !port || atoi(port) < VNC_PORT_0)
            continue;
        if (listen && strcmp(listen, "0.0.0.0") == 0)
            listen[0] = '\0';
        printf("%s:%d\n", listen ? listen : "", atoi(port) - VNC_PORT_0);
        return CLI_DONE;
    }
    cli_error("domain '%s' has no VNC display with a port", virDomainGetName(dom));
    return CLI_FAILED;
}

int dom_ttyconsole(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    _cleanup_doc_ xmlDocPtr doc = dom ? read_running(dom) : NULL;
    _cleanup_free_ char *tty = NULL;

    if (!doc)
        return CLI_FAILED;
    tty = attribute(next_device(doc, NULL, "console"), "tty");
    if (!tty) {
        cli_error("domain '%s' has no console on a terminal", virDomainGetName(dom));
        return CLI_FAILED;
    }
    cli_print(tty);
    return CLI_DONE;
}
