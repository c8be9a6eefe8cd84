/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the other devices leave open, and devices that are there although
 * nobody asked for them: mouse and keyboard, video below graphics, the balloon,
 * the audio backend.  Workers.
 */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "hypervisor/qemu/complete_internal.h"
#include "hypervisor/qemu/networks.h"
#include "util/alloc.h"

/* Attributes that have a constant default. */
static const struct {
    const char *device;
    const char *child; /* made where it is missing; NULL: the device's own attribute */
    const char *attribute, *value;
} constants[] = {
    { "rng", NULL, "model", "virtio" },
    { "rng", "backend", "model", "random" },
    { "memballoon", NULL, "model", "virtio" },
    { "panic", NULL, "model", "isa" },
    { "watchdog", NULL, "model", "i6300esb" },
    { "watchdog", NULL, "action", "reset" },
};

static void complete_constants(struct completion *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
        for (xmlNodePtr node = xml_first(c->devices, constants[i].device); node;
             node = xml_next(node, constants[i].device))
            tree_default(constants[i].child ? tree_need(node, constants[i].child) : node,
                         constants[i].attribute, constants[i].value);
}

static void complete_rngs(struct completion *c)
{
    for (xmlNodePtr node = xml_first(c->devices, "rng"); node; node = xml_next(node, "rng")) {
        xmlNodePtr backend = xml_child(node, "backend");
        _cleanup_free_ char *path = xml_text(backend);

        if (!path)
            xml_text_set(backend, "/dev/random");
    }
}

/* --- interfaces --- */

static void random_bytes(unsigned char *bytes, size_t n)
{
    while (getrandom(bytes, n, 0) != (ssize_t)n)
        if (errno != EINTR)
            abort(); /* the kernel has had getrandom for as long as we know it */
}

/* Six pairs of hexadecimal digits; an address of a group cannot be a card's own. */
static bool mac_is_valid(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    if (strlen(text) != 17 || strchr("13579bdfBDF", text[1]))
        return false;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != ':' : !strchr(digits, text[i]))
            return false;
    return true;
}

static int complete_mac(xmlNodePtr interface, struct verror *err)
{
    xmlNodePtr mac = tree_need(interface, "mac");
    _cleanup_free_ char *address = xml_attribute(mac, "address");
    unsigned char bytes[3];

    if (!address) {
        random_bytes(bytes, sizeof(bytes));
        tree_setf(mac, "address", "52:54:00:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2]);
    } else if (!mac_is_valid(address)) {
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid MAC address '%s'",
                          xml_quotable(address));
    }
    return 0;
}

/* A bridge or network must be named, and a network be in the config's map. */
static int check_source(const struct completion *c, xmlNodePtr interface, struct verror *err)
{
    xmlNodePtr source = xml_child(interface, "source");
    struct network_target target = { 0 };
    _cleanup_free_ char *network = NULL;

    if (xml_attribute_is(interface, "type", "bridge") && !tree_has(source, "bridge"))
        return verror_set(err, VIR_ERR_XML_ERROR, "missing source bridge of element interface");
    if (!xml_attribute_is(interface, "type", "network"))
        return 0;
    network = xml_attribute(source, "network");
    if (!network)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing source network of element interface");
    if (network_find(c->host->networks, network, &target, err) < 0)
        return -1;
    network_target_clear(&target);
    return 0;
}

static int complete_interfaces(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, "interface"); node;
         node = xml_next(node, "interface")) {
        if (!tree_has(node, "type"))
            return verror_set(err, VIR_ERR_XML_ERROR, "missing type of element interface");
        if (complete_mac(node, err) < 0 || check_source(c, node, err) < 0)
            return -1;
        tree_default(tree_need(node, "model"), "type", "rtl8139");
    }
    return 0;
}

/* --- input, graphics, video --- */

static bool has_input(struct completion *c, const char *type)
{
    for (xmlNodePtr node = xml_first(c->devices, "input"); node; node = xml_next(node, "input"))
        if (xml_attribute_is(node, "type", type) && xml_attribute_is(node, "bus", "ps2"))
            return true;
    return false;
}

/* A PC always has both. */
static void complete_inputs(struct completion *c)
{
    static const char *const implicit[] = { "mouse", "keyboard" };

    for (xmlNodePtr node = xml_first(c->devices, "input"); node; node = xml_next(node, "input"))
        tree_default(node, "bus", xml_attribute_is(node, "type", "tablet") ? "usb" : "ps2");
    for (size_t i = 0; i < ARRAY_SIZE(implicit); i++) {
        xmlNodePtr node;

        if (has_input(c, implicit[i]))
            continue;
        node = xml_child_add(c->devices, "input", NULL);
        xml_attribute_set(node, "type", implicit[i]);
        xml_attribute_set(node, "bus", "ps2");
    }
}

/* The attribute listen and the first <listen> say the same. */
static void complete_listen(xmlNodePtr graphics)
{
    _cleanup_free_ char *address = xml_attribute(graphics, "listen");
    xmlNodePtr listen = tree_need(graphics, "listen");

    if (address) { /* behind the others, wherever it stood */
        xml_attribute_drop(graphics, "listen");
        xml_attribute_set(graphics, "listen", address);
    }
    tree_default(listen, "type", "address");
    if (!xml_attribute_is(listen, "type", "address"))
        return;
    if (address) {
        tree_default(listen, "address", address);
    } else if (tree_has(listen, "address")) {
        address = xml_attribute(listen, "address");
        xml_attribute_set(graphics, "listen", address ? address : "");
    }
}

static int complete_graphics(struct completion *c, struct verror *err)
{
    xmlNodePtr node = xml_first(c->devices, "graphics");
    unsigned int port = 0;

    if (!node)
        return 0;
    if (xml_next(node, "graphics"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "only one element graphics is provided");
    if (xml_attribute_is(node, "autoport", "yes") || xml_attribute_is(node, "port", "-1"))
        xml_attribute_drop(node, "port");
    if (tree_number(node, "port", UINT16_MAX, &port, err) < 0)
        return -1;
    tree_default(node, "port", "-1");
    xml_attribute_drop(node, "autoport"); /* behind the port, wherever it stood */
    xml_attribute_set(node, "autoport", xml_attribute_is(node, "port", "-1") ? "yes" : "no");
    complete_listen(node);
    if (!xml_child(c->devices, "video"))
        (void)xml_child_add(c->devices, "video", NULL);
    return 0;
}

/* The card where none is named, and how much memory libvirt writes for each. */
static const char *const usual_cards[][2] = {
    { "cirrus-vga", "cirrus" }, { "VGA", "vga" }, { "virtio-gpu-pci", "virtio" },
};

static const struct {
    const char *type, *attribute, *kib;
} card_memory[] = {
    { "cirrus", "vram", "16384" },  { "vga", "vram", "16384" }, { "bochs", "vram", "16384" },
    { "qxl", "ram", "65536" },      { "qxl", "vram", "65536" }, { "qxl", "vgamem", "16384" },
};

static void complete_card(struct completion *c, xmlNodePtr video)
{
    xmlNodePtr model = tree_need(video, "model");

    for (size_t i = 0; i < ARRAY_SIZE(usual_cards); i++)
        if (qemu_caps_has_device(c->caps, usual_cards[i][0]))
            tree_default(model, "type", usual_cards[i][1]);
    for (size_t i = 0; i < ARRAY_SIZE(card_memory); i++)
        if (xml_attribute_is(model, "type", card_memory[i].type))
            tree_default(model, card_memory[i].attribute, card_memory[i].kib);
    if (!xml_attribute_is(model, "type", "none"))
        tree_default(model, "heads", "1");
}

static bool is_primary(xmlNodePtr video)
{
    return xml_attribute_is(xml_child(video, "model"), "primary", "yes");
}

/* The primary card stands first; it is the first unless another says so. */
static int choose_primary(struct completion *c, struct verror *err)
{
    xmlNodePtr first = xml_first(c->devices, "video"), primary = NULL;

    for (xmlNodePtr node = first; node; node = xml_next(node, "video")) {
        if (is_primary(node) && primary)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "Only one primary video device is supported");
        if (is_primary(node))
            primary = node;
    }
    if (!primary)
        primary = first;
    else if (primary != first)
        (void)xmlAddPrevSibling(first, primary); /* moves it; fails only without arguments */
    if (primary && !xml_attribute_is(xml_child(primary, "model"), "type", "none"))
        xml_attribute_set(xml_child(primary, "model"), "primary", "yes");
    return 0;
}

static int check_cards(struct completion *c, struct verror *err)
{
    xmlNodePtr first = xml_first(c->devices, "video");

    for (xmlNodePtr node = first; node; node = xml_next(node, "video")) {
        _cleanup_free_ char *type = xml_attribute(xml_child(node, "model"), "type");

        if (!type)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "emulator '%s' has no video device", qemu_caps_emulator(c->caps));
        if (strcmp(type, "none") == 0 && (node != first || xml_next(node, "video")))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "a 'none' video type must be the only video device");
        if (node != first && !tree_is_word(type, "qxl virtio bochs"))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "video type '%s' is only valid as primary video device", type);
    }
    return 0;
}

static int complete_videos(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, "video"); node; node = xml_next(node, "video"))
        complete_card(c, node);
    if (choose_primary(c, err) < 0)
        return -1;
    return check_cards(c, err);
}

/* --- those of which there is one --- */

static int check_single(struct completion *c, struct verror *err)
{
    static const char *const single[] = { "memballoon", "watchdog", "panic", "audio", "emulator" };

    for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
        xmlNodePtr first = xml_first(c->devices, single[i]);

        if (first && xml_next(first, single[i]))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "only a single element %s is provided", single[i]);
    }
    return 0;
}

static void complete_audio(struct completion *c)
{
    xmlNodePtr audio = tree_need(c->devices, "audio");

    tree_default(audio, "id", "1");
    tree_default(audio, "type", "none");
}

int complete_devices(struct completion *c, struct verror *err)
{
    (void)tree_need(c->devices, "memballoon");
    if (check_single(c, err) < 0 || complete_interfaces(c, err) < 0 ||
        complete_graphics(c, err) < 0 || complete_videos(c, err) < 0)
        return -1;
    complete_constants(c);
    complete_rngs(c);
    complete_inputs(c);
    complete_audio(c);
    return 0;
}
