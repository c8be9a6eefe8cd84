/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watchdog, balloon, random numbers, panic device, and what the namespace of QEMU's own arguments
 * asks to be passed on.  Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "xml/xml_read.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

int command_watchdog(struct builder *b, xmlNodePtr node)
{
    /* itco is part of q35, which only has to be told to heed it */
    static const struct name_map models[] = {
        { "i6300esb", "i6300esb" },
        { "ib700", "ib700" },
        { "itco", NULL },
    };
    static const struct name_map actions[] = {
        { NULL, "reset" },
        { "reset", "reset" },
        { "shutdown", "shutdown" },
        { "poweroff", "poweroff" },
        { "pause", "pause" },
        { "dump", "pause" }, /* whoever hears QEMU's event dumps it */
        { "none", "none" },
        { "inject-nmi", "inject-nmi" },
    };
    const char *model_name = node_attr(b, node, NULL, "model");
    const char *action_name = node_attr(b, node, NULL, "action");
    const struct name_map *model = map_find(models, ARRAY_SIZE(models), model_name);
    const struct name_map *action = map_find(actions, ARRAY_SIZE(actions), action_name);
    _cleanup_json_ json_t *device = NULL;

    if (node_check_known(b, node, "@model @action " DEVICE_KNOWN) < 0)
        return -1;
    if (!model || (!model->value && !b->is_q35))
        return refuse(b, node, "model '%s' with machine type '%s'",
                      model_name ? xml_quotable(model_name) : "", b->machine);
    if (!action)
        return refuse(b, node, "action '%s'", xml_quotable(action_name));
    if (model->value) {
        device = props_new("driver", model->value);
        if (device_place(b, node, device) < 0 || device_add(b, node, STEAL_PTR(device)) < 0)
            return -1;
    } else {
        cmd_arg(b, "-global");
        cmd_arg(b, "ICH9-LPC.noreboot=off");
    }
    cmd_arg(b, "-watchdog-action");
    cmd_arg(b, action->value);
    return 0;
}

int command_memballoon(struct builder *b, xmlNodePtr node)
{
    static const struct rule rules[] = {
        { NULL, "autodeflate", RULE_SWITCH, "deflate-on-oom" },
        { NULL, "freePageReporting", RULE_SWITCH, "free-page-reporting" },
    };
    const char *model = node_attr(b, node, NULL, "model") ?: "virtio", *driver;
    _cleanup_json_ json_t *device = NULL;

    if (strcmp(model, "none") == 0)
        return 0;
    /* how often statistics are asked for is set over QMP */
    if (node_check_known(b, node, "@model @autodeflate @freePageReporting stats@period "
                         VIRTIO_KNOWN " " DEVICE_KNOWN) < 0)
        return -1;
    driver = virtio_driver(b, "virtio-balloon-pci", model);
    if (!driver)
        return refuse(b, node, "model '%s'", xml_quotable(model));
    device = props_new("driver", driver);
    if (device_place(b, node, device) < 0 ||
        rules_apply(b, node, rules, ARRAY_SIZE(rules), device) < 0 ||
        virtio_rules(b, node, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

/* Where the numbers come from; *ret_id is the object's. */
static int rng_backend(struct builder *b, xmlNodePtr node, const char **ret_id)
{
    const char *model = node_attr(b, node, "backend", "model") ?: "";
    const char *alias = node_alias(b, node);
    bool is_random = strcmp(model, "random") == 0;
    json_t *object;

    if (!is_random && strcmp(model, "builtin") != 0)
        return refuse(b, node, "backend '%s'", xml_quotable(model));
    if (!alias)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "%s has no alias", node_describe(b, node));
    *ret_id = cmd_keepf(b, "obj%s", alias);
    object = props_new("qom-type", is_random ? "rng-random" : "rng-builtin");
    props_string(object, "id", *ret_id);
    if (is_random)
        props_string(object, "filename", node_text(b, node, "backend") ?: "/dev/random");
    cmd_arg_json(b, "-object", object);
    return 0;
}

/* QEMU's period is in ms too; libvirt's default is one second. */
static int rng_rate(struct builder *b, xmlNodePtr node, json_t *device)
{
    uint64_t bytes = 0, period = 0;

    if (node_number(b, node, "rate", "bytes", &bytes) < 0 ||
        node_number(b, node, "rate", "period", &period) < 0)
        return -1;
    if (bytes == 0)
        return 0;
    props_number(device, "max-bytes", bytes);
    props_number(device, "period", period > 0 ? period : 1000);
    return 0;
}

int command_rng(struct builder *b, xmlNodePtr node)
{
    const char *model = node_attr(b, node, NULL, "model") ?: "virtio", *id = NULL;
    const char *driver = virtio_driver(b, "virtio-rng-pci", model);
    _cleanup_json_ json_t *device = NULL;

    if (node_check_known(b, node, "@model backend@model rate@bytes rate@period "
                         VIRTIO_KNOWN " " DEVICE_KNOWN) < 0)
        return -1;
    if (!driver)
        return refuse(b, node, "model '%s'", xml_quotable(model));
    if (rng_backend(b, node, &id) < 0)
        return -1;
    device = props_new("driver", driver);
    props_string(device, "rng", id);
    if (device_place(b, node, device) < 0 || rng_rate(b, node, device) < 0 ||
        virtio_rules(b, node, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

int command_panic(struct builder *b, xmlNodePtr node)
{
    static const struct name_map models[] = {
        { NULL, "pvpanic" },
        { "isa", "pvpanic" },
        { "hyperv", NULL }, /* a feature of the CPU, see command_cpu.c */
    };
    static const struct rule port = { "address", "iobase", RULE_NUMBER, "ioport" };
    const char *name = node_attr(b, node, NULL, "model");
    const struct name_map *model = map_find(models, ARRAY_SIZE(models), name);
    _cleanup_json_ json_t *device = NULL;

    if (node_check_known(b, node, "@model " DEVICE_KNOWN) < 0)
        return -1;
    if (!model)
        return refuse(b, node, "model '%s'", xml_quotable(name));
    if (!model->value)
        return 0;
    device = props_new("driver", model->value);
    props_string(device, "id", node_alias(b, node));
    if (rules_apply(b, node, &port, 1, device) < 0)
        return -1;
    return device_add(b, node, STEAL_PTR(device));
}

static bool is_qemu(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           strcmp((const char *)node->ns->href, QEMU_NAMESPACE) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

static int pass_commandline(struct builder *b, xmlNodePtr commandline)
{
    for (xmlNodePtr node = commandline->children; node; node = node->next) {
        if (is_qemu(node, "arg")) {
            cmd_arg(b, node_attr(b, node, NULL, "value") ?: "");
        } else if (is_qemu(node, "env")) {
            const char *name = node_attr(b, node, NULL, "name");

            if (!name || strchr(name, '='))
                return refuse(b, commandline, "an environment variable named '%s'",
                              name ? xml_quotable(name) : "");
            cmd_env(b, name, node_attr(b, node, NULL, "value"));
        }
    }
    return 0;
}

int command_passthrough(struct builder *b)
{
    for (xmlNodePtr node = b->domain->children; node; node = node->next) {
        if (is_qemu(node, "capabilities") || is_qemu(node, "override"))
            return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "<qemu:%s> of a domain",
                              (const char *)node->name);
        if (is_qemu(node, "commandline") && pass_commandline(b, node) < 0)
            return -1;
    }
    return 0;
}
