/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain is before it has devices: its emulator and machine, UUID,
 * memory, vCPUs, boot order, clock, what happens at its end.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "hypervisor/qemu/emulators.h"
#include "util/alloc.h"
#include "util/uuid.h"
#include "xml/domain_iothreads.h"
#include "xml/domain_vcpus.h"

static int complete_type(struct completion *c, struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(c->domain, "type");

    if (!type)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing domain type attribute");
    if (!tree_is_word(type, "kvm qemu"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "domain type '%s': only 'kvm' and 'qemu' are provided",
                          xml_quotable(type));
    c->is_kvm = strcmp(type, "kvm") == 0;
    return 0;
}

/* The emulator that was named, or the one for the architecture; what it can do is asked. */
static int complete_emulator(struct completion *c, const char *arch, struct verror *err)
{
    _cleanup_free_ char *path = xml_text(xml_child(c->devices, "emulator"));

    if (path && path[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR, "emulator '%s' is not an absolute path",
                          xml_quotable(path));
    if (path && c->host->found_emulators && qemu_check_is_found(path, err) < 0)
        return -1;
    if (!path) {
        path = qemu_find_emulator(arch, err);
        if (!path)
            return -1;
        xml_text_set(tree_need(c->devices, "emulator"), path);
    }
    c->caps = qemu_caps_get(c->host->caps, path, NULL, err);
    if (!c->caps)
        return -1;
    if (strcmp(qemu_caps_arch(c->caps), arch) != 0 &&
        !(strcmp(arch, "i686") == 0 && strcmp(qemu_caps_arch(c->caps), "x86_64") == 0))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "emulator '%s' is for architecture '%s', not '%s'", path,
                          qemu_caps_arch(c->caps), arch);
    if (c->is_kvm ? !qemu_caps_has_kvm(c->caps) : !qemu_caps_has_tcg(c->caps))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "emulator '%s' does not support domain type '%s'", path,
                          c->is_kvm ? "kvm" : "qemu");
    return 0;
}

/* "q35" becomes "pc-q35-7.2": a guest keeps its machine when the emulator gets newer. */
static int complete_machine(struct completion *c, xmlNodePtr type, struct verror *err)
{
    _cleanup_free_ char *asked = xml_attribute(type, "machine");
    const char *machine = qemu_caps_machine(c->caps, asked);

    if (!machine)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "emulator '%s' does not support machine type '%s'",
                          qemu_caps_emulator(c->caps), asked ? xml_quotable(asked) : "");
    c->is_q35 = strncmp(machine, "pc-q35-", 7) == 0;
    if (!c->is_q35 && strncmp(machine, "pc-i440fx-", 10) != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "machine type '%s': only 'pc' and 'q35' and their versions are provided",
                          machine);
    xml_attribute_set(type, "machine", machine);
    return 0;
}

static int complete_os(struct completion *c, struct verror *err)
{
    xmlNodePtr type = xml_child_of_child(c->domain, "os", "type");
    _cleanup_free_ char *os_type = xml_text(type), *arch = NULL;

    if (!os_type)
        return verror_set(err, VIR_ERR_XML_ERROR, "an os <type> must be specified");
    if (strcmp(os_type, "hvm") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "os type '%s': only 'hvm' is provided",
                          xml_quotable(os_type));
    tree_default(type, "arch", qemu_host_arch());
    arch = xml_attribute(type, "arch");
    if (!arch || !tree_is_word(arch, "x86_64 i686"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "architecture '%s': only 'x86_64' and 'i686' are provided",
                          arch ? xml_quotable(arch) : "");
    if (complete_emulator(c, arch, err) < 0)
        return -1;
    return complete_machine(c, type, err);
}

static int complete_uuid(struct completion *c, struct verror *err)
{
    xmlNodePtr node = xml_child(c->domain, "uuid");
    _cleanup_free_ char *given = xml_text(node);
    char text[UUID_TEXT_SIZE];
    unsigned char uuid[16];

    if (!given)
        uuid_make(uuid);
    else if (!uuid_parse(given, uuid))
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed uuid element '%s'",
                          xml_quotable(given));
    uuid_format(uuid, text);
    xml_text_set(tree_need(c->domain, "uuid"), text);
    return 0;
}

static void put_kib(xmlNodePtr node, uint64_t kib)
{
    _cleanup_free_ char *text = xasprintf("%llu", (unsigned long long)kib);

    xml_attribute_set(node, "unit", "KiB");
    xml_text_set(node, text);
}

/* *ret_kib stays as it is where there is no such element. */
static int read_kib(xmlNodePtr node, uint64_t *ret_kib, struct verror *err)
{
    uint64_t bytes;

    if (!node)
        return 0;
    if (xml_read_size_unit(node, "KiB", &bytes, err) < 0)
        return -1;
    *ret_kib = bytes / 1024 + (bytes % 1024 != 0);
    return 0;
}

static int complete_memory(struct completion *c, struct verror *err)
{
    uint64_t memory = 0, current;

    if (read_kib(xml_child(c->domain, "memory"), &memory, err) < 0)
        return -1;
    if (memory == 0)
        return verror_set(err, VIR_ERR_XML_ERROR, "Memory size must be specified via <memory>");
    current = memory;
    if (read_kib(xml_child(c->domain, "currentMemory"), &current, err) < 0)
        return -1;
    if (current == 0 || current > memory)
        current = memory;
    put_kib(xml_child(c->domain, "memory"), memory);
    put_kib(tree_need(c->domain, "currentMemory"), current);
    return 0;
}

static int complete_vcpus(struct completion *c, struct verror *err)
{
    xmlNodePtr vcpu = tree_need(c->domain, "vcpu");
    xmlNodePtr type = xml_child_of_child(c->domain, "os", "type");
    _cleanup_free_ char *text = xml_text(vcpu), *machine = xml_attribute(type, "machine");
    unsigned int max = qemu_caps_machine_max_vcpus(c->caps, machine);
    uint64_t count = 1;

    if (text && (!xml_parse_number(text, 10, &count) || count == 0))
        return verror_set(err, VIR_ERR_XML_ERROR, "malformed vcpu element '%s'",
                          xml_quotable(text));
    if (max && count > max)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "maximum vCPUs of machine type '%s' is %u, not %llu", machine, max,
                          (unsigned long long)count);
    if (!text)
        xml_text_set(vcpu, "1");
    tree_default(vcpu, "placement", "static");
    if (vcpus_complete(c->domain, err) < 0)
        return -1;
    return iothreads_complete(c->domain, err);
}

/* A boot order belongs to one device, and goes not with <os><boot>. */
static int check_boot_order(struct completion *c, bool *ret_any, struct verror *err)
{
    _cleanup_free_ bool *seen = xcalloc(COMPLETE_DEVICES_MAX + 1, sizeof(*seen));

    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL)) {
        xmlNodePtr boot = xml_child(node, "boot");
        unsigned int order = 0;

        if (!boot)
            continue;
        if (tree_number(boot, "order", COMPLETE_DEVICES_MAX, &order, err) < 0)
            return -1;
        if (order == 0)
            return verror_set(err, VIR_ERR_XML_ERROR, "missing or zero boot order of element %s",
                              (const char *)node->name);
        if (seen[order])
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "boot order '%u' used for more than one device", order);
        seen[order] = *ret_any = true;
    }
    return 0;
}

static int check_boot_devices(xmlNodePtr os, struct verror *err)
{
    for (xmlNodePtr node = xml_first(os, "boot"); node; node = xml_next(node, "boot")) {
        _cleanup_free_ char *dev = xml_attribute(node, "dev");

        if (!dev)
            return verror_set(err, VIR_ERR_XML_ERROR, "missing dev of element boot");
        if (!tree_is_word(dev, "hd cdrom network"))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "boot device '%s': only 'hd', 'cdrom' and 'network' are provided",
                              xml_quotable(dev));
    }
    return 0;
}

static int complete_boot(struct completion *c, struct verror *err)
{
    xmlNodePtr os = xml_child(c->domain, "os");
    bool per_device = false;

    if (check_boot_devices(os, err) < 0 || check_boot_order(c, &per_device, err) < 0)
        return -1;
    if (per_device && xml_child(os, "boot"))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "per-device boot elements cannot be "
                          "used together with os/boot elements");
    if (!per_device && !xml_child(os, "boot"))
        xml_attribute_set(xml_child_add(os, "boot", NULL), "dev", "hd");
    return 0;
}

static int complete_features(struct completion *c, _unused_ struct verror *err)
{
    xmlNodePtr hyperv = xml_child_of_child(c->domain, "features", "hyperv");

    if (hyperv)
        tree_default(hyperv, "mode", "custom");
    return 0;
}

static int complete_clock(struct completion *c, _unused_ struct verror *err)
{
    xmlNodePtr clock = tree_need(c->domain, "clock");

    tree_default(clock, "offset", "utc");
    if (xml_attribute_is(clock, "offset", "variable")) {
        tree_default(clock, "adjustment", "0");
        tree_default(clock, "basis", "utc");
    }
    return 0;
}

static int complete_events(struct completion *c, _unused_ struct verror *err)
{
    static const struct {
        const char *element, *action;
    } defaults[] = {
        { "on_poweroff", "destroy" },
        { "on_reboot", "restart" },
        { "on_crash", "destroy" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        if (!xml_child(c->domain, defaults[i].element))
            xml_child_add(c->domain, defaults[i].element, defaults[i].action);
    return 0;
}

int complete_basics(struct completion *c, struct verror *err)
{
    static int (*const parts[])(struct completion *, struct verror *) = {
        complete_type, complete_os,       complete_uuid,  complete_memory, complete_vcpus,
        complete_boot, complete_features, complete_clock, complete_events,
    };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i](c, err) < 0)
            return -1;
    return 0;
}

/* Last, as what uses one must have its bus. */
int complete_iothread_users(struct completion *c, struct verror *err)
{
    return iothreads_check_users(c->domain, err);
}
