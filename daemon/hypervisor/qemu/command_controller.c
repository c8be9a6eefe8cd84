/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buses: PCI bridges and ports, USB, SCSI, SATA, virtio-serial, USB hubs.  Those that are built
 * into the machine have no argument.  Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

#define CONTROLLER_KNOWN "@type @index @model " DEVICE_KNOWN

static const struct rule pci_rules[] = {
    { "target", "port", RULE_NUMBER, "port" },
    { "target", "chassis", RULE_NUMBER, "chassis" },
    { "target", "chassisNr", RULE_NUMBER, "chassis_nr" },
    { "target", "hotplug", RULE_SWITCH, "hotplug" },
};
static const struct rule usb_rules[] = {
    { NULL, "ports", RULE_NUMBER, "p2" },
    { NULL, "ports", RULE_NUMBER, "p3" },
};
static const struct rule scsi_rules[] = {
    { "driver", "queues", RULE_NUMBER, "num_queues" },
    { "driver", "cmd_per_lun", RULE_NUMBER, "cmd_per_lun" },
    { "driver", "max_sectors", RULE_NUMBER, "max_sectors" },
    { "driver", "ioeventfd", RULE_SWITCH, "ioeventfd" },
};
static const struct rule virtio_serial_rules[] = {
    { NULL, "ports", RULE_NUMBER, "max_ports" },
    { NULL, "vectors", RULE_NUMBER, "vectors" },
};

static const struct name_map pci_models[] = {
    { "pcie-root", NULL },
    { "pci-root", NULL },
    { "pcie-root-port", "pcie-root-port" },
    { "pcie-to-pci-bridge", "pcie-pci-bridge" },
    { "pci-bridge", "pci-bridge" },
    { "dmi-to-pci-bridge", "i82801b11-bridge" },
    { "pcie-switch-upstream-port", "x3130-upstream" },
    { "pcie-switch-downstream-port", "xio3130-downstream" },
};
static const struct name_map usb_models[] = {
    { "none", NULL },
    { NULL, "piix3-usb-uhci" },
    { "piix3-uhci", "piix3-usb-uhci" },
    { "piix4-uhci", "piix4-usb-uhci" },
    { "ehci", "usb-ehci" },
    { "ich9-ehci1", "ich9-usb-ehci1" },
    { "ich9-uhci1", "ich9-usb-uhci1" },
    { "ich9-uhci2", "ich9-usb-uhci2" },
    { "ich9-uhci3", "ich9-usb-uhci3" },
    { "pci-ohci", "pci-ohci" },
    { "nec-xhci", "nec-usb-xhci" },
    { "qemu-xhci", "qemu-xhci" },
};
static const struct name_map scsi_models[] = {
    { "virtio-scsi", "virtio-scsi-pci" },
    { "virtio-transitional", "virtio-scsi-pci-transitional" },
    { "virtio-non-transitional", "virtio-scsi-pci-non-transitional" },
    { "lsilogic", "lsi53c895a" },
    { "lsisas1068", "mptsas1068" },
    { "lsisas1078", "megasas" },
};
static const struct name_map virtio_serial_models[] = {
    { NULL, "virtio-serial-pci" },
    { "virtio", "virtio-serial-pci" },
    { "virtio-transitional", "virtio-serial-pci-transitional" },
    { "virtio-non-transitional", "virtio-serial-pci-non-transitional" },
};
static const struct name_map sata_models[] = { { NULL, "ich9-ahci" } };
static const struct name_map builtin_models[] = {
    { NULL, NULL },
    { "piix3", NULL },
    { "piix4", NULL },
};

struct controller_type {
    const char *type;
    const struct name_map *models;
    size_t nmodels;
    const struct rule *rules;
    size_t nrules;
    const char *known;
    int (*build)(struct builder *b, xmlNodePtr node, json_t *device); /* more than rules, or NULL */
    bool builtin_q35, builtin_pc; /* the one of index 0 is part of the machine */
    bool only_builtin;
};

/* <model name=> may be the older of two devices that do the same. */
static int build_pci(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *name = node_attr(b, node, "model", "name");
    const char *driver = json_string_value(json_object_get(device, "driver"));

    if (!name || strcmp(name, driver) == 0)
        return 0;
    if (strcmp(driver, "pcie-root-port") != 0 || strcmp(name, "ioh3420") != 0)
        return refuse(b, node, "model name '%s'", xml_quotable(name));
    props_string(device, "driver", name);
    return 0;
}

/* A companion has no bus of its own, it shares its master's. */
static int build_usb(struct builder *b, xmlNodePtr node, json_t *device)
{
    uint64_t port = 0, index = 0;
    const char *alias;

    if (!xml_child(node, "master"))
        return 0;
    if (node_number(b, node, "master", "startport", &port) < 0 ||
        node_number(b, node, NULL, "index", &index) < 0)
        return -1;
    alias = controller_alias(b, node, "usb", index);
    if (!alias)
        return -1;
    props_string(device, "masterbus", cmd_keepf(b, "%s.0", alias));
    props_number(device, "firstport", port);
    (void)json_object_del(device, "id"); /* there was one */
    return 0;
}

static int build_virtio(struct builder *b, xmlNodePtr node, json_t *device)
{
    device_iothread(b, node, device);
    return virtio_rules(b, node, device);
}

/* In the order of the arguments. */
static const struct controller_type types[] = {
    {
        .type = "pci",
        .models = pci_models,
        .nmodels = ARRAY_SIZE(pci_models),
        .rules = pci_rules,
        .nrules = ARRAY_SIZE(pci_rules),
        .known = CONTROLLER_KNOWN " model@name target@port target@chassis target@chassisNr "
                 "target@hotplug",
        .build = build_pci,
        .builtin_q35 = true,
        .builtin_pc = true,
    },
    {
        .type = "fdc",
        .models = builtin_models,
        .nmodels = ARRAY_SIZE(builtin_models),
        .known = CONTROLLER_KNOWN,
        .builtin_pc = true,
        .only_builtin = true,
    },
    {
        .type = "ide",
        .models = builtin_models,
        .nmodels = ARRAY_SIZE(builtin_models),
        .known = CONTROLLER_KNOWN,
        .builtin_pc = true,
        .only_builtin = true,
    },
    {
        .type = "usb",
        .models = usb_models,
        .nmodels = ARRAY_SIZE(usb_models),
        .rules = usb_rules,
        .nrules = ARRAY_SIZE(usb_rules),
        .known = CONTROLLER_KNOWN " @ports master@startport",
        .build = build_usb,
    },
    {
        .type = "scsi",
        .models = scsi_models,
        .nmodels = ARRAY_SIZE(scsi_models),
        .rules = scsi_rules,
        .nrules = ARRAY_SIZE(scsi_rules),
        .known = CONTROLLER_KNOWN " driver@queues driver@cmd_per_lun driver@max_sectors "
                 "driver@ioeventfd driver@iothread " VIRTIO_KNOWN,
        .build = build_virtio,
    },
    {
        .type = "sata",
        .models = sata_models,
        .nmodels = ARRAY_SIZE(sata_models),
        .known = CONTROLLER_KNOWN,
        .builtin_q35 = true,
    },
    {
        .type = "virtio-serial",
        .models = virtio_serial_models,
        .nmodels = ARRAY_SIZE(virtio_serial_models),
        .rules = virtio_serial_rules,
        .nrules = ARRAY_SIZE(virtio_serial_rules),
        .known = CONTROLLER_KNOWN " @ports @vectors " VIRTIO_KNOWN,
        .build = build_virtio,
    },
};

static int build_controller(struct builder *b, xmlNodePtr node, const struct controller_type *type)
{
    const char *model_name = node_attr(b, node, NULL, "model");
    const struct name_map *model = map_find(type->models, type->nmodels, model_name);
    bool is_builtin = b->is_q35 ? type->builtin_q35 : type->builtin_pc;
    _cleanup_json_ json_t *device = NULL;
    uint64_t index = 0;

    if (node_check_known(b, node, type->known) < 0 ||
        node_number(b, node, NULL, "index", &index) < 0)
        return -1;
    if (!model)
        return refuse(b, node, "model '%s'", model_name ? xml_quotable(model_name) : "");
    if (is_builtin && index == 0)
        return 0;
    if (type->only_builtin)
        return refuse(b, node, "there is no such controller %llu in machine type '%s'",
                      (unsigned long long)index, b->machine);
    if (!model->value)
        return 0;
    device = props_new("driver", model->value);
    if (device_place(b, node, device) < 0 ||
        rules_apply(b, node, type->rules, type->nrules, device) < 0 ||
        (type->build && type->build(b, node, device) < 0))
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

static int check_types(struct builder *b)
{
    for (xmlNodePtr node = xml_child(b->devices, "controller"); node;
         node = xmlNextElementSibling(node)) {
        const char *type = node_attr(b, node, NULL, "type") ?: "";
        bool is_known = !xml_is_element(node, "controller");

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
            is_known |= strcmp(types[i].type, type) == 0;
        if (!is_known)
            return refuse(b, node, "a controller of that type");
    }
    return 0;
}

int command_controllers(struct builder *b)
{
    if (check_types(b) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        for (xmlNodePtr node = xml_child(b->devices, "controller"); node;
             node = xmlNextElementSibling(node))
            if (xml_is_element(node, "controller") &&
                node_attr_is(b, node, NULL, "type", types[i].type) &&
                build_controller(b, node, &types[i]) < 0)
                return -1;
    return 0;
}

int command_hub(struct builder *b, xmlNodePtr node)
{
    _cleanup_json_ json_t *device = props_new("driver", "usb-hub");

    if (node_check_known(b, node, "@type " DEVICE_KNOWN) < 0)
        return -1;
    if (!node_attr_is(b, node, NULL, "type", "usb"))
        return refuse(b, node, "a hub that is not USB's");
    if (device_place(b, node, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}
