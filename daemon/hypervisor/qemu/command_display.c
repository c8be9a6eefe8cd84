/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest shows and where it is looked at: video cards, VNC, input devices, the silent
 * audio backend that libvirt gives every guest.  Worker.
 */

#include <string.h>
#include <sys/un.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

enum { VNC_PORT_BASE = 5900 }; /* display 0 */

static const char vnc_known[] =
    "@type @port @autoport @websocket @listen @socket @passwd @passwdValidTo @connected @keymap "
    "@sharePolicy @powerControl listen@type listen@address listen@socket " DEVICE_KNOWN;
static const char video_known[] =
    "model@type model@heads model@primary model@ram model@vram model@vram64 model@vgamem "
    "model/resolution@x model/resolution@y model/acceleration@accel3d "
    "driver@name " VIRTIO_KNOWN " " DEVICE_KNOWN;
static const char input_known[] = "@type @bus @model " VIRTIO_KNOWN " " DEVICE_KNOWN;

static void set_attr(xmlNodePtr node, const char *name, const char *value)
{
    if (!xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value))
        abort(); /* out of memory, as in alloc.h */
}

/* The address goes into the live XML as libvirt writes it: in both places. */
static const char *vnc_address(struct builder *b, xmlNodePtr node)
{
    const char *address = node_attr(b, node, "listen", "address");
    xmlNodePtr listen = xml_child(node, "listen");

    if (!address)
        address = node_attr(b, node, NULL, "listen");
    if (!address)
        address = b->host->vnc_listen ? b->host->vnc_listen : "127.0.0.1";
    if (!listen) {
        listen = xmlNewChild(node, NULL, (const xmlChar *)"listen", NULL);
        if (!listen)
            abort();
        set_attr(listen, "type", "address");
    }
    set_attr(listen, "address", address);
    set_attr(node, "listen", address);
    return address;
}

/* Chosen here, or the one that is asked for, which is QEMU's to have or not. */
static int vnc_port(struct builder *b, xmlNodePtr node, const char *address, uint64_t *ret_port)
{
    bool autoport = !node_attr(b, node, NULL, "port") || node_attr_is(b, node, NULL, "port", "-1");

    if (node_switch(b, node, NULL, "autoport", &autoport) < 0)
        return -1;
    if (autoport && b->host->dry) {
        *ret_port = b->host->vnc_port_min;
    } else if (autoport) {
        int port = vnc_port_reserve(b->host->vnc_port_min, b->host->vnc_port_max, address, b->err);

        if (port < 0)
            return -1;
        b->vnc_port = port;
        *ret_port = (uint64_t)port;
        set_attr(node, "port", cmd_keepf(b, "%d", port));
        set_attr(node, "autoport", "yes");
    } else if (node_number(b, node, NULL, "port", ret_port) < 0) {
        return -1;
    }
    if (*ret_port < VNC_PORT_BASE || *ret_port > UINT16_MAX)
        return refuse(b, node, "port %llu", (unsigned long long)*ret_port);
    return 0;
}

/* "127.0.0.1:0", "[::1]:0", with a port for browsers; or a socket. */
static int vnc_place(struct builder *b, xmlNodePtr node, const char **ret_place)
{
    const char *kind = node_attr(b, node, "listen", "type");
    const char *path = node_attr(b, node, "listen", "socket") ?: node_attr(b, node, NULL, "socket");
    const char *address;
    uint64_t websocket = 0, port = 0;

    if (kind && strcmp(kind, "none") == 0) {
        *ret_place = "none";
        return 0;
    }
    if (path) {
        if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
            return refuse(b, node, "the socket's path is too long: '%s'", path);
        *ret_place = cmd_keepf(b, "unix:%s", cmd_escape(b, path));
        return 0;
    }
    if (kind && strcmp(kind, "address") != 0)
        return refuse(b, node, "listening on a '%s'", xml_quotable(kind));
    if (node_number(b, node, NULL, "websocket", &websocket) < 0)
        return -1;
    address = vnc_address(b, node);
    if (vnc_port(b, node, address, &port) < 0)
        return -1;
    *ret_place = cmd_keepf(b, strchr(address, ':') ? "[%s]:%llu" : "%s:%llu",
                           cmd_escape(b, address), (unsigned long long)port - VNC_PORT_BASE);
    if (websocket > 0)
        *ret_place = cmd_keepf(b, "%s,websocket=%llu", *ret_place, (unsigned long long)websocket);
    return 0;
}

static int vnc_sharing(struct builder *b, xmlNodePtr node, const char **options)
{
    static const struct name_map policies[] = {
        { NULL, NULL },
        { "allow-exclusive", "allow-exclusive" },
        { "force-shared", "force-shared" },
        { "ignore", "ignore" },
    };
    const char *name = node_attr(b, node, NULL, "sharePolicy");
    const struct name_map *policy = map_find(policies, ARRAY_SIZE(policies), name);
    bool power = false;

    if (!policy)
        return refuse(b, node, "sharePolicy '%s'", xml_quotable(name));
    if (node_switch(b, node, NULL, "powerControl", &power) < 0)
        return -1;
    if (policy->value)
        *options = cmd_keepf(b, "%s,share=%s", *options, policy->value);
    if (node_attr(b, node, NULL, "powerControl"))
        *options = cmd_keepf(b, "%s,power-control=%s", *options, power ? "on" : "off");
    return 0;
}

int command_graphics(struct builder *b, xmlNodePtr node)
{
    const char *type = node_attr(b, node, NULL, "type") ?: "";
    const char *keymap = node_attr(b, node, NULL, "keymap");
    const char *place = NULL, *options = "", *audio = node_attr(b, b->devices, "audio", "id");

    if (strcmp(type, "vnc") != 0)
        return refuse(b, node, "graphics of that type");
    if (b->has_vnc)
        return refuse(b, node, "more than one VNC server");
    b->has_vnc = true;
    if (node_check_known(b, node, vnc_known) < 0 || vnc_place(b, node, &place) < 0 ||
        vnc_sharing(b, node, &options) < 0)
        return -1;
    if (node_attr(b, node, NULL, "passwd")) /* itself it is set over QMP: everybody can read argv */
        options = cmd_keepf(b, "%s,password=on", options);
    if (audio)
        options = cmd_keepf(b, "%s,audiodev=audio%s", options, cmd_escape(b, audio));
    cmd_arg(b, "-vnc");
    cmd_argf(b, "%s%s", place, options);
    if (keymap) {
        cmd_arg(b, "-k");
        cmd_arg(b, keymap);
    }
    return 0;
}

int command_audio(struct builder *b, xmlNodePtr node)
{
    const char *id = node_attr(b, node, NULL, "id");
    json_t *props;

    if (node_check_known(b, node, "@id @type") < 0)
        return -1;
    if (!id || !node_attr_is(b, node, NULL, "type", "none"))
        return refuse(b, node, "an audio backend other than 'none'");
    props = props_new("id", cmd_keepf(b, "audio%s", id));
    props_string(props, "driver", "none");
    cmd_arg_json(b, "-audiodev", props);
    return 0;
}

/* Sizes in <model> are KiB. */
struct video_size {
    const char *attribute, *property;
    enum { UNIT_KIB, UNIT_BYTES, UNIT_MIB } unit;
};

static const struct video_size vga_sizes[] = { { "vram", "vgamem_mb", UNIT_MIB } };
static const struct video_size bochs_sizes[] = { { "vram", "vgamem", UNIT_BYTES } };
static const struct video_size qxl_sizes[] = {
    { "ram", "ram_size", UNIT_BYTES },
    { "vram", "vram_size", UNIT_BYTES },
    { "vram64", "vram64_size_mb", UNIT_MIB },
    { "vgamem", "vgamem_mb", UNIT_MIB },
};
static const struct rule heads_rules[] = {
    { "model", "heads", RULE_NUMBER, "max_outputs" },
    { "model/resolution", "x", RULE_NUMBER, "xres" },
    { "model/resolution", "y", RULE_NUMBER, "yres" },
};

static const struct video_model {
    const char *model;
    const char *primary, *secondary; /* NULL: it can only be the other */
    const struct video_size *sizes;
    size_t nsizes;
    bool has_heads, is_virtio;
} video_models[] = {
    { "vga", "VGA", NULL, vga_sizes, ARRAY_SIZE(vga_sizes), false, false },
    { "cirrus", "cirrus-vga", NULL, NULL, 0, false, false },
    { "vmvga", "vmware-svga", NULL, vga_sizes, ARRAY_SIZE(vga_sizes), false, false },
    { "qxl", "qxl-vga", "qxl", qxl_sizes, ARRAY_SIZE(qxl_sizes), true, false },
    { "virtio", "virtio-vga", "virtio-gpu-pci", NULL, 0, true, true },
    { "bochs", "bochs-display", NULL, bochs_sizes, ARRAY_SIZE(bochs_sizes), false, false },
    { "ramfb", "ramfb", NULL, NULL, 0, false, false },
};

static int video_sizes(struct builder *b, xmlNodePtr node, const struct video_model *model,
                       json_t *device)
{
    for (size_t i = 0; i < model->nsizes; i++) {
        const struct video_size *size = &model->sizes[i];
        uint64_t kib = 0;

        if (node_number(b, node, "model", size->attribute, &kib) < 0)
            return -1;
        if (kib > UINT32_MAX)
            return refuse(b, node, "%s of %llu KiB", size->attribute, (unsigned long long)kib);
        if (!node_attr(b, node, "model", size->attribute))
            continue;
        props_number(device, size->property, size->unit == UNIT_MIB     ? kib / 1024
                                             : size->unit == UNIT_BYTES ? kib * 1024
                                                                        : kib);
    }
    return 0;
}

static const struct video_model *video_find(struct builder *b, xmlNodePtr node)
{
    const char *name = node_attr(b, node, "model", "type") ?: "";

    for (size_t i = 0; i < ARRAY_SIZE(video_models); i++)
        if (strcmp(video_models[i].model, name) == 0)
            return &video_models[i];
    (void)refuse(b, node, "model '%s'", xml_quotable(name));
    return NULL;
}

int command_video(struct builder *b, xmlNodePtr node)
{
    bool is_primary = node == xml_child(b->devices, "video");
    const struct video_model *model;
    _cleanup_json_ json_t *device = NULL;
    const char *driver;

    if (node_check_known(b, node, video_known) < 0)
        return -1;
    if (node_attr(b, node, "driver", "name") && !node_attr_is(b, node, "driver", "name", "qemu"))
        return refuse(b, node, "driver '%s'", xml_quotable(node_attr(b, node, "driver", "name")));
    if (node_attr_is(b, node, "model/acceleration", "accel3d", "yes"))
        return refuse(b, node, "3D acceleration");
    if (node_attr_is(b, node, "model", "type", "none"))
        return 0;
    model = video_find(b, node);
    if (!model)
        return -1;
    if (node_attr(b, node, "model", "primary") &&
        node_switch(b, node, "model", "primary", &is_primary) < 0)
        return -1;
    driver = is_primary ? model->primary : model->secondary;
    if (!driver)
        return refuse(b, node, "model '%s' as a second video card", model->model);
    device = props_new("driver", driver);
    if (device_place(b, node, device) < 0 || video_sizes(b, node, model, device) < 0 ||
        (model->has_heads &&
         rules_apply(b, node, heads_rules, ARRAY_SIZE(heads_rules), device) < 0) ||
        (model->is_virtio && virtio_rules(b, node, device) < 0))
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

static const struct {
    const char *bus, *type, *driver; /* driver NULL: part of the machine */
    bool is_virtio;
} inputs[] = {
    { "ps2", "mouse", NULL, false },
    { "ps2", "keyboard", NULL, false },
    { "usb", "mouse", "usb-mouse", false },
    { "usb", "keyboard", "usb-kbd", false },
    { "usb", "tablet", "usb-tablet", false },
    { "virtio", "mouse", "virtio-mouse-pci", true },
    { "virtio", "keyboard", "virtio-keyboard-pci", true },
    { "virtio", "tablet", "virtio-tablet-pci", true },
};

int command_input(struct builder *b, xmlNodePtr node)
{
    const char *bus = node_attr(b, node, NULL, "bus") ?: "";
    const char *type = node_attr(b, node, NULL, "type") ?: "";
    const char *model = node_attr(b, node, NULL, "model") ?: "virtio";
    _cleanup_json_ json_t *device = NULL;

    if (node_check_known(b, node, input_known) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        const char *driver = inputs[i].driver;

        if (strcmp(inputs[i].bus, bus) != 0 || strcmp(inputs[i].type, type) != 0)
            continue;
        if (!driver)
            return 0;
        if (inputs[i].is_virtio)
            driver = virtio_driver(b, driver, model);
        if (!driver)
            return refuse(b, node, "model '%s'", xml_quotable(model));
        device = props_new("driver", driver);
        if (device_place(b, node, device) < 0 ||
            (inputs[i].is_virtio && virtio_rules(b, node, device) < 0))
            return -1;
        return device_add(b, node, STEAL_PTR(device));
    }
    return refuse(b, node, "type '%s' on bus '%s'", xml_quotable(type), xml_quotable(bus));
}
