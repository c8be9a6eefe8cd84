/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network interfaces: QEMU's user mode, or a tap device of the daemon's, in a bridge or by itself.
 * A libvirt network is what the configuration says it is (networks.h).  Worker.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "hypervisor/qemu/networks.h"
#include "xml/xml_read.h"

static const char interface_known[] =
    "@type mac@address mac@type source@bridge source@network source@portid source@portgroup "
    "target@dev target@managed model@type mtu@size boot@order rom@enabled rom@bar rom@file "
    "link@state ip@family ip@address ip@prefix driver@name driver@txmode driver@ioeventfd "
    "driver@event_idx driver@queues driver@rx_queue_size driver@tx_queue_size " VIRTIO_KNOWN " "
    "driver/host@csum driver/host@gso driver/host@tso4 driver/host@tso6 driver/host@ecn "
    "driver/host@ufo driver/host@mrg_rxbuf driver/guest@csum driver/guest@tso4 "
    "driver/guest@tso6 driver/guest@ecn driver/guest@ufo " DEVICE_KNOWN;

static const struct rule virtio_net_rules[] = {
    { "driver", "ioeventfd", RULE_SWITCH, "ioeventfd" },
    { "driver", "event_idx", RULE_SWITCH, "event_idx" },
    { "driver/host", "csum", RULE_SWITCH, "csum" },
    { "driver/host", "gso", RULE_SWITCH, "gso" },
    { "driver/host", "tso4", RULE_SWITCH, "host_tso4" },
    { "driver/host", "tso6", RULE_SWITCH, "host_tso6" },
    { "driver/host", "ecn", RULE_SWITCH, "host_ecn" },
    { "driver/host", "ufo", RULE_SWITCH, "host_ufo" },
    { "driver/host", "mrg_rxbuf", RULE_SWITCH, "mrg_rxbuf" },
    { "driver/guest", "csum", RULE_SWITCH, "guest_csum" },
    { "driver/guest", "tso4", RULE_SWITCH, "guest_tso4" },
    { "driver/guest", "tso6", RULE_SWITCH, "guest_tso6" },
    { "driver/guest", "ecn", RULE_SWITCH, "guest_ecn" },
    { "driver/guest", "ufo", RULE_SWITCH, "guest_ufo" },
    { "driver", "rx_queue_size", RULE_NUMBER, "rx_queue_size" },
    { "driver", "tx_queue_size", RULE_NUMBER, "tx_queue_size" },
    { "mtu", "size", RULE_NUMBER, "host_mtu" },
};

static const struct name_map plain_models[] = {
    { NULL, "rtl8139" },      { "rtl8139", "rtl8139" },   { "e1000", "e1000" },
    { "e1000e", "e1000e" },   { "ne2k_pci", "ne2k_pci" }, { "pcnet", "pcnet" },
    { "i82551", "i82551" },   { "i82557b", "i82557b" },   { "i82559er", "i82559er" },
    { "vmxnet3", "vmxnet3" }, { "usb-net", "usb-net" },
};

struct interface {
    xmlNodePtr node;
    const char *driver;
    bool is_virtio;
    uint64_t queues;
    const char *bridge; /* of a tap device, or NULL */
    bool is_user;
};

/* What the guest's packets go through on this side. */
static int find_backend(struct builder *b, struct interface *net)
{
    const char *type = node_attr(b, net->node, NULL, "type") ?: "";
    const char *network = node_attr(b, net->node, "source", "network");
    struct network_target target = { 0 };

    if (strcmp(type, "network") == 0) {
        if (network_find(b->host->networks, network ? network : "", &target, b->err) < 0)
            return -1;
        net->is_user = target.bridge == NULL;
        if (target.bridge)
            net->bridge = cmd_keepf(b, "%s", target.bridge);
        network_target_clear(&target);
        return 0;
    }
    net->is_user = strcmp(type, "user") == 0;
    if (net->is_user || strcmp(type, "ethernet") == 0)
        return 0;
    if (strcmp(type, "bridge") != 0)
        return refuse(b, net->node, "type '%s'", xml_quotable(type));
    net->bridge = node_attr(b, net->node, "source", "bridge");
    if (!net->bridge)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s names no bridge",
                          node_describe(b, net->node));
    return 0;
}

static int read_interface(struct builder *b, struct interface *net)
{
    const char *model_name = node_attr(b, net->node, "model", "type");
    const struct name_map *model = map_find(plain_models, ARRAY_SIZE(plain_models), model_name);

    if (node_check_known(b, net->node, interface_known) < 0)
        return -1;
    net->driver = model ? model->value : virtio_driver(b, "virtio-net-pci", model_name);
    net->is_virtio = !model;
    if (!net->driver)
        return refuse(b, net->node, "model '%s'", xml_quotable(model_name));
    net->queues = 1;
    if (find_backend(b, net) < 0 ||
        node_number(b, net->node, "driver", "queues", &net->queues) < 0)
        return -1;
    if (net->queues == 0)
        net->queues = 1;
    if (net->queues > TAP_QUEUES_MAX || (net->queues > 1 && (net->is_user || !net->is_virtio)))
        return refuse(b, net->node, "%llu queues", (unsigned long long)net->queues);
    if (node_attr_is(b, net->node, "link", "state", "down"))
        return refuse(b, net->node, "a link that is down from the start");
    if (net->is_user && xml_child(net->node, "mtu"))
        return refuse(b, net->node, "an MTU in user mode");
    if (!node_attr(b, net->node, "mac", "address"))
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no MAC address",
                          node_describe(b, net->node));
    return 0;
}

/* The addresses QEMU's own network has. */
static int user_addresses(struct builder *b, xmlNodePtr interface, json_t *netdev)
{
    for (xmlNodePtr node = xml_child(interface, "ip"); node; node = xmlNextElementSibling(node)) {
        const char *family = node_attr(b, node, NULL, "family") ?: "ipv4";
        const char *address = node_attr(b, node, NULL, "address");
        uint64_t prefix = 0;

        if (!xml_is_element(node, "ip"))
            continue;
        if (node_number(b, node, NULL, "prefix", &prefix) < 0)
            return -1;
        if (!address)
            return refuse(b, interface, "<ip> without an address");
        if (strcmp(family, "ipv6") == 0) {
            props_string(netdev, "ipv6-prefix", address);
            if (prefix > 0)
                props_number(netdev, "ipv6-prefixlen", prefix);
        } else {
            props_string(netdev, "net",
                         prefix > 0 ? cmd_keepf(b, "%s/%llu", address, (unsigned long long)prefix)
                                    : address);
        }
    }
    return 0;
}

/* "fd":"5", or "fds":"5:6" of several queues; from here on the command owns them. */
static void props_fds(struct builder *b, json_t *netdev, const char *key, const int *fds, size_t n)
{
    const char *text = "";

    for (size_t i = 0; i < n; i++)
        text = cmd_keepf(b, "%s%s%d", text, i > 0 ? ":" : "", cmd_fd(b, fds[i]));
    props_string(netdev, n > 1 ? cmd_keepf(b, "%ss", key) : key, text);
}

/* The kernel's virtio for the packets, where there is one; KVM alone profits, as in libvirt. */
static int add_vhost(struct builder *b, const struct interface *net, json_t *netdev)
{
    const char *wish = node_attr(b, net->node, "driver", "name");
    bool must = wish && strcmp(wish, "vhost") == 0;
    int fds[TAP_QUEUES_MAX];
    size_t n;

    if (wish && !must && strcmp(wish, "qemu") != 0)
        return refuse(b, net->node, "driver '%s'", xml_quotable(wish));
    if (!net->is_virtio || (wish && !must) || (!must && !b->is_kvm))
        return 0;
    if (b->host->dry) {
        props_bool(netdev, "vhost", true);
        return 0;
    }
    for (n = 0; n < net->queues; n++) {
        fds[n] = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
        if (fds[n] < 0)
            break;
    }
    if (n < net->queues) {
        int errnum = errno;

        while (n-- > 0)
            (void)close(fds[n]);
        return must ? verror_errno(b->err, errnum, "cannot open /dev/vhost-net") : 0;
    }
    props_bool(netdev, "vhost", true);
    props_fds(b, netdev, "vhostfd", fds, n);
    return 0;
}

/* The name the kernel chose is part of the live XML. */
static void note_name(xmlNodePtr node, const char *name)
{
    xmlNodePtr target = xml_child(node, "target");

    if (!target)
        target = xmlNewChild(node, NULL, (const xmlChar *)"target", NULL);
    if (!target || !xmlSetProp(target, (const xmlChar *)"dev", (const xmlChar *)name))
        abort(); /* out of memory, as in alloc.h */
}

/* What QEMU would do by itself, or by its helper. */
static int dry_backend(struct builder *b, const struct interface *net, json_t *netdev)
{
    const char *name = node_attr(b, net->node, "target", "dev");

    props_string(netdev, "type", net->bridge ? "bridge" : "tap");
    if (net->bridge) { /* by QEMU's helper, which opens no vhost */
        props_string(netdev, "br", net->bridge);
        return 0;
    }
    if (name)
        props_string(netdev, "ifname", name);
    props_string(netdev, "script", "no");
    props_string(netdev, "downscript", "no");
    return add_vhost(b, net, netdev);
}

static int tap_backend(struct builder *b, const struct interface *net, json_t *netdev)
{
    const char *name = node_attr(b, net->node, "target", "dev");
    struct tap_spec spec = {
        .name = name,
        .bridge = net->bridge,
        .mac = node_attr(b, net->node, "mac", "address"),
        .vnet_hdr = net->is_virtio,
        .existing = node_attr_is(b, net->node, "target", "managed", "no"),
    };
    char made[TAP_NAME_SIZE];
    int fds[TAP_QUEUES_MAX];
    uint64_t mtu = 0;

    if (node_number(b, net->node, "mtu", "size", &mtu) < 0)
        return -1;
    if (mtu > UINT16_MAX)
        return refuse(b, net->node, "an MTU of %llu", (unsigned long long)mtu);
    if (spec.existing && !name)
        return refuse(b, net->node, "an unmanaged device without a name");
    if (b->host->dry)
        return dry_backend(b, net, netdev);
    spec.mtu = (unsigned int)mtu;
    if (tap_open(&spec, fds, net->queues, made, b->err) < 0)
        return -1;
    props_string(netdev, "type", "tap");
    props_fds(b, netdev, "fd", fds, net->queues);
    note_name(net->node, made);
    return add_vhost(b, net, netdev);
}

static int add_netdev(struct builder *b, const struct interface *net, const char *id)
{
    _cleanup_json_ json_t *netdev = json_object();

    if (net->is_user) {
        props_string(netdev, "type", "user");
        if (user_addresses(b, net->node, netdev) < 0)
            return -1;
    } else if (tap_backend(b, net, netdev) < 0) {
        return -1;
    }
    props_string(netdev, "id", id);
    cmd_arg_json(b, "-netdev", STEAL_PTR(netdev));
    return 0;
}

static int virtio_net(struct builder *b, const struct interface *net, json_t *device)
{
    static const struct name_map modes[] = {
        { NULL, NULL },
        { "iothread", "bh" },
        { "timer", "timer" },
    };
    const char *mode_name = node_attr(b, net->node, "driver", "txmode");
    const struct name_map *mode = map_find(modes, ARRAY_SIZE(modes), mode_name);

    if (!mode)
        return refuse(b, net->node, "txmode '%s'", xml_quotable(mode_name));
    props_string(device, "tx", mode->value);
    if (net->queues > 1) {
        props_bool(device, "mq", true);
        props_number(device, "vectors", 2 * net->queues + 2);
    }
    if (rules_apply(b, net->node, virtio_net_rules, ARRAY_SIZE(virtio_net_rules), device) < 0)
        return -1;
    return virtio_rules(b, net->node, device);
}

/* The boot ROM. */
static int option_rom(struct builder *b, xmlNodePtr node, json_t *device)
{
    bool enabled = true, bar = true;

    if (node_switch(b, node, "rom", "enabled", &enabled) < 0 ||
        node_switch(b, node, "rom", "bar", &bar) < 0)
        return -1;
    if (!enabled) {
        props_string(device, "romfile", "");
        return 0;
    }
    if (node_attr(b, node, "rom", "bar"))
        props_number(device, "rombar", bar);
    props_string(device, "romfile", node_attr(b, node, "rom", "file"));
    return 0;
}

int command_interface(struct builder *b, xmlNodePtr node)
{
    struct interface net = { .node = node };
    _cleanup_json_ json_t *device = NULL;
    const char *alias = node_alias(b, node), *id;

    if (read_interface(b, &net) < 0)
        return -1;
    if (!alias)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no alias", node_describe(b, node));
    id = cmd_keepf(b, "host%s", alias);
    if (add_netdev(b, &net, id) < 0)
        return -1;
    device = props_new("driver", net.driver);
    if (net.is_virtio && virtio_net(b, &net, device) < 0)
        return -1;
    props_string(device, "netdev", id);
    props_string(device, "mac", node_attr(b, node, "mac", "address"));
    if (device_place(b, node, device) < 0 || device_boot(b, node, &b->boot_net, device) < 0 ||
        option_rom(b, node, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}
