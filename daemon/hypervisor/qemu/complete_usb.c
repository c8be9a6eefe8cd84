/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * USB: ports of devices, and the hubs they take where a controller has too few.  A port is
 * a path, "1" on the controller itself, "1.4" on a hub there.  What is added and who gets
 * which port is libvirt's way, as the paths are part of what a guest saves.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"

enum {
    USB_PORTS_MAX = 15, /* of a controller, as of xhci */
    USB_HUB_PORTS = 8,
    USB_DEPTH_MAX = 4, /* numbers of a path: three hubs and the device */
};

struct usb_path {
    unsigned int ports[USB_DEPTH_MAX], n;
};

/* A controller's own ports (an empty path), or a hub's. */
struct usb_node {
    unsigned int bus, nports;
    struct usb_path path;
    uint32_t used; /* a bit for each port, port 1's is the second */
};

/* An array that grows: what is held across usb_add() is an index. */
struct usb {
    struct completion *c;
    struct usb_node *nodes;
    size_t n, size;
};

/* --- nodes --- */

static void usb_add(struct usb *usb, unsigned int bus, const struct usb_path *path,
                    unsigned int nports)
{
    if (usb->n == usb->size) {
        usb->size = usb->size * 2 + 8;
        usb->nodes = xrealloc(usb->nodes, usb->size, sizeof(*usb->nodes));
    }
    usb->nodes[usb->n++] = (struct usb_node){ .bus = bus, .nports = nports, .path = *path };
}

static bool same_path(const struct usb_path *a, const struct usb_path *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned int i = 0; i < a->n; i++)
        if (a->ports[i] != b->ports[i])
            return false;
    return true;
}

static struct usb_node *usb_find(struct usb *usb, unsigned int bus, const struct usb_path *path)
{
    for (size_t i = 0; i < usb->n; i++)
        if (usb->nodes[i].bus == bus && same_path(&usb->nodes[i].path, path))
            return &usb->nodes[i];
    return NULL;
}

/* How many ports a controller has; companions share their master's. */
static const struct {
    const char *model;
    unsigned int ports;
    bool is_adjustable;
} models[] = {
    { "piix3-uhci", 2, false },
    { "ich9-ehci1", 6, false },
    { "qemu-xhci", 4, true },
    { "nec-xhci", 4, true },
};

static int add_controller(struct usb *usb, xmlNodePtr node, struct verror *err)
{
    static const struct usb_path root = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
        unsigned int ports = models[i].ports;

        if (!xml_attribute_is(node, "model", models[i].model))
            continue;
        if (models[i].is_adjustable && tree_number(node, "ports", USB_PORTS_MAX, &ports, err) < 0)
            return -1;
        usb_add(usb, tree_number_or(node, "index", 0), &root, ports);
        return 0;
    }
    return 0;
}

static int add_controllers(struct usb *usb, struct verror *err)
{
    for (xmlNodePtr node = xml_first(usb->c->devices, "controller"); node;
         node = xml_next(node, "controller"))
        if (xml_attribute_is(node, "type", "usb") && add_controller(usb, node, err) < 0)
            return -1;
    return 0;
}

/* --- paths --- */

static char *path_text(const struct usb_path *path)
{
    char *text = xstrdup("");

    for (unsigned int i = 0; i < path->n; i++) {
        char *longer = xasprintf("%s%s%u", text, i > 0 ? "." : "", path->ports[i]);

        free(text);
        text = longer;
    }
    return text;
}

static bool path_parse(const char *text, struct usb_path *ret)
{
    static const uint64_t max = 31; /* bits that usb_node.used has */

    *ret = (struct usb_path){ 0 };
    for (;;) {
        size_t len = strcspn(text, ".");
        _cleanup_free_ char *number = xstrndup(text, len);
        uint64_t port;

        if (ret->n == USB_DEPTH_MAX || !xml_parse_number(number, 10, &port) || port > max)
            return false;
        ret->ports[ret->n++] = (unsigned int)port;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}

/* 1 = found, 0 = it has no port yet, -1 with err.  The bus may be given without a port. */
static int read_address(xmlNodePtr device, unsigned int *ret_bus, struct usb_path *ret_path,
                        struct verror *err)
{
    xmlNodePtr address = tree_address(device, "usb");
    _cleanup_free_ char *port = xml_attribute(address, "port");

    if (tree_number(address, "bus", COMPLETE_INDEX_MAX, ret_bus, err) < 0)
        return -1;
    if (!port || strcmp(port, "0") == 0)
        return 0;
    if (!path_parse(port, ret_path))
        return verror_set(err, VIR_ERR_XML_ERROR, "Cannot parse <address> 'port' attribute '%s'",
                          xml_quotable(port));
    return 1;
}

static void write_address(xmlNodePtr device, unsigned int bus, const struct usb_path *path)
{
    xmlNodePtr address = tree_address(device, "usb");
    _cleanup_free_ char *port = path_text(path);

    if (!address)
        address = tree_address_new(device, "usb");
    tree_setf(address, "bus", "%u", bus);
    xml_attribute_set(address, "port", port);
}

/* --- taking ports --- */

static int reserve(struct usb *usb, unsigned int bus, const struct usb_path *path,
                   struct verror *err)
{
    struct usb_path parent = { .n = path->n - 1 };
    unsigned int port = path->ports[parent.n];
    _cleanup_free_ char *text = path_text(path);
    struct usb_node *node;

    memcpy(parent.ports, path->ports, parent.n * sizeof(*parent.ports));
    node = usb_find(usb, bus, &parent);
    if (!node || port == 0 || port > node->nports)
        return verror_set(err, VIR_ERR_XML_ERROR, "there is no port '%s' on USB bus '%u'", text,
                          bus);
    if (node->used & 1u << port)
        return verror_set(err, VIR_ERR_XML_ERROR, "Duplicate USB address bus %u port %s", bus,
                          text);
    node->used |= 1u << port;
    return 0;
}

/* A free port of the node itself, else of the hubs on it.  *path is the node's, and grows. */
static bool find_free(struct usb *usb, unsigned int bus, struct usb_path *path)
{
    const struct usb_node *node = usb_find(usb, bus, path);
    unsigned int level = path->n;

    if (!node || level == USB_DEPTH_MAX)
        return false;
    path->n = level + 1;
    for (unsigned int port = 1; port <= node->nports; port++)
        if (!(node->used & 1u << port)) {
            path->ports[level] = port;
            return true;
        }
    for (unsigned int port = 1; port <= node->nports; port++) {
        path->ports[level] = port;
        if (find_free(usb, bus, path))
            return true;
        path->n = level + 1;
    }
    return false;
}

static int place_on(struct usb *usb, xmlNodePtr device, unsigned int bus, struct verror *err)
{
    struct usb_path path = { 0 };

    if (!find_free(usb, bus, &path))
        return 0;
    if (reserve(usb, bus, &path, err) < 0)
        return -1;
    write_address(device, bus, &path);
    return 1;
}

/* On the bus that it names, if any, else on the first that has room. */
static int place(struct usb *usb, xmlNodePtr device, struct verror *err)
{
    bool is_named = tree_has(tree_address(device, "usb"), "bus");
    unsigned int bus = tree_number_or(tree_address(device, "usb"), "bus", 0);
    unsigned int last = is_named ? bus : COMPLETE_INDEX_MAX;
    int r = 0;

    for (; r == 0 && bus <= last; bus++)
        r = place_on(usb, device, bus, err);
    if (r == 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "No free USB ports");
    return r < 0 ? -1 : 0;
}

/* --- hubs --- */

static unsigned int count_ports(const struct usb *usb, unsigned int nhubs)
{
    unsigned int ports = nhubs * USB_HUB_PORTS;

    for (size_t i = 0; i < usb->n; i++)
        ports += usb->nodes[i].nports;
    return ports;
}

static bool is_usb_input(xmlNodePtr device)
{
    return xml_is_element(device, "input") && xml_attribute_is(device, "bus", "usb");
}

static unsigned int count(struct completion *c, bool (*is_one)(xmlNodePtr device))
{
    unsigned int n = 0;

    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL))
        n += is_one(node);
    return n;
}

static bool is_hub(xmlNodePtr device)
{
    return xml_is_element(device, "hub");
}

/* Each hub takes a port and gives eight. */
static void add_hubs(struct usb *usb)
{
    unsigned int nhubs = count(usb->c, is_hub), needed = nhubs + count(usb->c, is_usb_input);
    unsigned int ports = count_ports(usb, nhubs), missing = 0;

    if (needed > ports)
        missing = (needed - ports + 1 + USB_HUB_PORTS - 2) / (USB_HUB_PORTS - 1);
    while (missing-- > 0)
        xml_attribute_set(xml_child_add(usb->c->devices, "hub", NULL), "type", "usb");
}

static int take_hub(struct usb *usb, xmlNodePtr hub, struct verror *err)
{
    struct usb_path path;
    unsigned int bus = 0;

    if (read_address(hub, &bus, &path, err) <= 0 || reserve(usb, bus, &path, err) < 0)
        return -1;
    usb_add(usb, bus, &path, USB_HUB_PORTS);
    return 0;
}

/* Those that hang on others come after them, whatever order they stand in. */
static int take_given_hubs(struct usb *usb, struct verror *err)
{
    for (unsigned int depth = 1; depth <= USB_DEPTH_MAX; depth++)
        for (xmlNodePtr hub = xml_first(usb->c->devices, "hub"); hub; hub = xml_next(hub, "hub")) {
            struct usb_path path;
            unsigned int bus = 0;
            int given = read_address(hub, &bus, &path, err);

            if (given < 0 || (given > 0 && path.n == depth && take_hub(usb, hub, err) < 0))
                return -1;
        }
    return 0;
}

static int place_hubs(struct usb *usb, struct verror *err)
{
    for (xmlNodePtr hub = xml_first(usb->c->devices, "hub"); hub; hub = xml_next(hub, "hub")) {
        struct usb_path path;
        unsigned int bus = 0;
        int given = read_address(hub, &bus, &path, err);

        if (given < 0)
            return -1;
        if (given > 0)
            continue;
        if (place(usb, hub, err) < 0 || read_address(hub, &bus, &path, err) < 0)
            return -1;
        usb_add(usb, bus, &path, USB_HUB_PORTS);
    }
    return 0;
}

/* --- devices --- */

/* First those that say where they are, then the others. */
static int place_inputs(struct usb *usb, bool given, struct verror *err)
{
    for (xmlNodePtr node = xml_first(usb->c->devices, "input"); node;
         node = xml_next(node, "input")) {
        struct usb_path path;
        unsigned int bus = 0;
        int r;

        if (!is_usb_input(node))
            continue;
        r = read_address(node, &bus, &path, err);
        if (r < 0 || (given && r > 0 && reserve(usb, bus, &path, err) < 0) ||
            (!given && r == 0 && place(usb, node, err) < 0))
            return -1;
    }
    return 0;
}

static int complete_all(struct usb *usb, struct verror *err)
{
    if (add_controllers(usb, err) < 0)
        return -1;
    add_hubs(usb);
    if (take_given_hubs(usb, err) < 0 || place_inputs(usb, true, err) < 0 ||
        place_hubs(usb, err) < 0)
        return -1;
    return place_inputs(usb, false, err);
}

int complete_usb(struct completion *c, struct verror *err)
{
    bool is_off = xml_attribute_is(controller_find(c->devices, "usb", 0), "model", "none");
    struct usb usb = { .c = c };
    int r;

    if (count(c, is_usb_input) + count(c, is_hub) == 0)
        return 0;
    if (is_off)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "USB is disabled for this domain, but "
                          "USB devices are present in the domain XML");
    r = complete_all(&usb, err);
    free(usb.nodes);
    return r;
}
