/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine around the devices: type, accelerator, memory, processors, what
 * it boots from.  Worker.
 */

#include <string.h>

#include "hypervisor/qemu/command_internal.h"
#include "util/alloc.h"
#include "xml/domain_iothreads.h"
#include "xml/xml_read.h"

/*
 * Children of <domain> and <os> that change what the guest is, or what the host promises it,
 * and that are not provided.  Others that are unknown here say nothing about the machine.
 */
static const char *const refused_elements[] = {
    "blkiotune", "bootloader", "defaultiothread", "genid", "idmap", "keywrap", "launchSecurity",
    "maxMemory", "memtune",    "numatune",        "perf",  "throttlegroups",
};

/* The features that are no property of the CPU; what else is refused is in command_cpu.c's list. */
static const char features_known[] =
    "acpi apic@eoi pae hap@state pmu@state vmport@state smm@state ioapic@driver "
    "pvspinlock@state hyperv* kvm*";

static const char os_known[] = "@firmware type* boot@dev bootmenu@enable bootmenu@timeout "
                               "bios@useserial bios@rebootTimeout kernel initrd cmdline dtb "
                               "loader@type loader@readonly smbios@mode";

/* Pins the scheduler is told of; the rest would need control groups. */
static int check_cputune(struct builder *b)
{
    xmlNodePtr cputune = xml_child(b->domain, "cputune");

    for (xmlNodePtr node = xmlFirstElementChild(cputune); node; node = xmlNextElementSibling(node))
        if (!xml_is_element(node, "vcpupin") && !xml_is_element(node, "emulatorpin") &&
            !xml_is_element(node, "iothreadpin"))
            return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "<%s> of <cputune>",
                              xml_quotable((const char *)node->name));
    return 0;
}

static int check_root(struct builder *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(refused_elements); i++)
        if (xml_child(b->domain, refused_elements[i]))
            return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "<%s> of a domain",
                              refused_elements[i]);
    return check_cputune(b);
}

/* "pc-q35-7.2", "pc-i440fx-7.2", "pc-1.0": those whose built-in devices we know. */
static int check_machine(struct builder *b)
{
    const char *arch = qemu_caps_arch(b->host->caps);
    bool is_x86 = strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0 ||
                  strcmp(arch, "i386") == 0;

    if (!b->machine)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain names no machine type");
    if (!is_x86)
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "guests of architecture '%s'", arch);
    b->is_q35 = strcmp(b->machine, "q35") == 0 || strncmp(b->machine, "pc-q35-", 7) == 0;
    if (!b->is_q35 && strcmp(b->machine, "pc") != 0 && strncmp(b->machine, "pc-", 3) != 0)
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "machine type '%s'",
                          xml_quotable(b->machine));
    if (!qemu_caps_machine(b->host->caps, b->machine))
        return verror_set(b->err, VIR_ERR_CONFIG_UNSUPPORTED, "%s has no machine type '%s'",
                          qemu_caps_emulator(b->host->caps), xml_quotable(b->machine));
    return 0;
}

/* ",name=on": what a feature's state is in -machine, or nothing. */
static int machine_switch(struct builder *b, xmlNodePtr features, const char *element,
                          const char **text)
{
    bool is_on = true;

    *text = "";
    if (!xml_child(features, element))
        return 0;
    if (node_switch(b, features, element, "state", &is_on) < 0)
        return -1;
    *text = cmd_keepf(b, ",%s=%s", element, is_on ? "on" : "off");
    return 0;
}

static int machine_irqchip(struct builder *b, xmlNodePtr features, const char **text)
{
    static const struct name_map drivers[] = {
        { NULL, "" },
        { "kvm", ",kernel_irqchip=on" },
        { "qemu", ",kernel_irqchip=split" },
    };
    const char *name = node_attr(b, features, "ioapic", "driver");
    const struct name_map *driver = map_find(drivers, ARRAY_SIZE(drivers), name);

    if (!driver)
        return refuse(b, features, "ioapic driver '%s'", xml_quotable(name));
    *text = driver->value;
    return 0;
}

static bool has_timer(struct builder *b, const char *name, const char *present)
{
    xmlNodePtr clock = xml_child(b->domain, "clock");

    for (xmlNodePtr node = xml_child(clock, "timer"); node; node = xmlNextElementSibling(node))
        if (node_attr_is(b, node, NULL, "name", name) &&
            node_attr_is(b, node, NULL, "present", present))
            return true;
    return false;
}

int command_machine(struct builder *b)
{
    xmlNodePtr features = xml_child(b->domain, "features"), os = xml_child(b->domain, "os");
    const char *vmport = "", *smm = "", *irqchip = "", *ram;
    bool dump_core = false;

    if (check_root(b) < 0 || check_machine(b) < 0 || node_check_known(b, os, os_known) < 0 ||
        (features && node_check_known(b, features, features_known) < 0))
        return -1;
    if (machine_switch(b, features, "vmport", &vmport) < 0 ||
        machine_switch(b, features, "smm", &smm) < 0 ||
        machine_irqchip(b, features, &irqchip) < 0 ||
        node_switch(b, b->domain, "memory", "dumpCore", &dump_core) < 0)
        return -1;
    ram = qemu_caps_machine_ram_id(b->host->caps, b->machine);
    cmd_arg(b, "-machine");
    cmd_argf(b, "%s,usb=off%s%s%s,dump-guest-core=%s%s%s%s%s%s%s", cmd_escape(b, b->machine),
             vmport, smm, irqchip, dump_core ? "on" : "off",
             node_find(b->domain, "memoryBacking/nosharepages") ? ",mem-merge=off" : "",
             ram ? ",memory-backend=" : "", ram ? ram : "",
             xml_child(features, "acpi") ? "" : ",acpi=off",
             has_timer(b, "hpet", "no") ? ",hpet=off" : "",
             node_attr_is(b, os, "bios", "useserial", "yes") ? ",graphics=off" : "");
    cmd_arg(b, "-accel");
    cmd_arg(b, b->is_kvm ? "kvm" : "tcg");
    return 0;
}

/* Memory, in KiB unless a unit says otherwise. */
static int read_memory(struct builder *b, const char *element, uint64_t *ret_bytes)
{
    xmlNodePtr node = xml_child(b->domain, element);

    if (!node)
        return verror_set(b->err, VIR_ERR_XML_ERROR, "the domain has no <%s>", element);
    if (xml_read_size(node, ret_bytes, b->err) < 0)
        return -1;
    if (!node_attr(b, node, NULL, "unit") && __builtin_mul_overflow(*ret_bytes, 1024, ret_bytes))
        return verror_set(b->err, VIR_ERR_OVERFLOW, "%s is too large", element);
    return 0;
}

static int memory_backend(struct builder *b, json_t *backend)
{
    static const struct name_map types[] = {
        { NULL, "memory-backend-ram" },
        { "anonymous", "memory-backend-ram" },
        { "memfd", "memory-backend-memfd" },
    };
    xmlNodePtr backing = xml_child(b->domain, "memoryBacking");
    const char *source = node_attr(b, backing, "source", "type");
    const struct name_map *type = map_find(types, ARRAY_SIZE(types), source);

    if (backing &&
        node_check_known(b, backing, "nosharepages locked source@type access@mode") < 0)
        return -1;
    if (!type)
        return refuse(b, backing, "source type '%s'", xml_quotable(source));
    props_string(backend, "qom-type", type->value);
    props_string(backend, "id", qemu_caps_machine_ram_id(b->host->caps, b->machine));
    if (node_attr_is(b, backing, "access", "mode", "shared"))
        props_bool(backend, "share", true);
    /* else the stream calls it by a path that libvirt's does not have */
    if (strcmp(type->value, "memory-backend-memfd") == 0)
        props_bool(backend, "x-use-canonical-path-for-ramblock-id", false);
    return 0;
}

int command_memory(struct builder *b)
{
    _cleanup_json_ json_t *backend = json_object();
    uint64_t bytes;

    if (read_memory(b, "memory", &bytes) < 0 || memory_backend(b, backend) < 0)
        return -1;
    cmd_arg(b, "-m");
    cmd_argf(b, "size=%lluk", (unsigned long long)bytes / 1024);
    if (qemu_caps_machine_ram_id(b->host->caps, b->machine)) {
        props_number(backend, "size", bytes / 1024 * 1024);
        cmd_arg_json(b, "-object", json_incref(backend));
    }
    cmd_arg(b, "-overcommit");
    cmd_argf(b, "mem-lock=%s", node_find(b->domain, "memoryBacking/locked") ? "on" : "off");
    return 0;
}

int command_iothreads(struct builder *b)
{
    struct iothreads threads;

    if (iothreads_check_users(b->domain, b->err) < 0 ||
        iothreads_read(b->domain, &threads, b->err) < 0)
        return -1;
    for (size_t i = 0; i < threads.n; i++) {
        const struct iothread *thread = &threads.items[i];
        json_t *object = props_new("qom-type", "iothread");

        props_string(object, "id", cmd_keepf(b, "iothread%u", thread->id));
        if (thread->pool_min >= 0)
            props_number(object, "thread-pool-min", (uint64_t)thread->pool_min);
        if (thread->pool_max >= 0)
            props_number(object, "thread-pool-max", (uint64_t)thread->pool_max);
        cmd_arg_json(b, "-object", object);
    }
    iothreads_clear(&threads);
    return 0;
}

/* The thread that a device's <driver> says, if any; checked with all of them. */
void device_iothread(struct builder *b, xmlNodePtr node, json_t *device)
{
    const char *id = node_attr(b, node, "driver", "iothread");

    if (id)
        props_string(device, "iothread", cmd_keepf(b, "iothread%s", id));
}

/* -boot, and the first device of each kind that <os><boot> lists. */
static int boot_order(struct builder *b, xmlNodePtr os)
{
    unsigned int order = 0;

    for (xmlNodePtr node = xml_child(os, "boot"); node; node = xmlNextElementSibling(node)) {
        const char *dev;

        if (!xml_is_element(node, "boot"))
            continue;
        dev = node_attr(b, node, NULL, "dev");
        order++;
        if (dev && strcmp(dev, "hd") == 0)
            b->boot_disk = order;
        else if (dev && strcmp(dev, "cdrom") == 0)
            b->boot_cdrom = order;
        else if (dev && strcmp(dev, "network") == 0)
            b->boot_net = order;
        else
            return refuse(b, os, "boot device '%s'", dev ? xml_quotable(dev) : "");
    }
    return 0;
}

static int boot_options(struct builder *b, xmlNodePtr os)
{
    const char *reboot = node_attr(b, os, "bios", "rebootTimeout");
    const char *options = "";
    uint64_t splash = 0;
    bool menu = false;

    if (node_switch(b, os, "bootmenu", "enable", &menu) < 0 ||
        node_number(b, os, "bootmenu", "timeout", &splash) < 0)
        return -1;
    if (node_attr(b, os, "bootmenu", "enable"))
        options = menu ? "menu=on," : "menu=off,";
    if (reboot && reboot[strspn(reboot, "-0123456789")])
        return refuse(b, os, "rebootTimeout '%s'", xml_quotable(reboot));
    if (reboot)
        options = cmd_keepf(b, "%sreboot-timeout=%s,", options, reboot);
    if (menu && splash > 0)
        options = cmd_keepf(b, "%ssplash-time=%llu,", options, (unsigned long long)splash);
    cmd_arg(b, "-boot");
    cmd_argf(b, "%sstrict=on", options);
    return 0;
}

static int boot_firmware(struct builder *b, xmlNodePtr os)
{
    const char *loader = node_text(b, os, "loader");

    if (node_attr(b, os, NULL, "firmware"))
        return refuse(b, os, "firmware that is chosen by the host");
    if (!node_attr_is(b, os, "smbios", "mode", "emulate") && xml_child(os, "smbios"))
        return refuse(b, os, "SMBIOS data of mode '%s'",
                      xml_quotable(node_attr(b, os, "smbios", "mode") ?: ""));
    if (!loader)
        return 0;
    if (!node_attr_is(b, os, "loader", "type", "rom"))
        return refuse(b, os, "a loader that is not of type 'rom'");
    cmd_arg(b, "-bios");
    cmd_arg(b, loader);
    return 0;
}

int command_boot(struct builder *b)
{
    static const struct {
        const char *element, *option;
    } files[] = {
        { "kernel", "-kernel" }, { "initrd", "-initrd" }, { "cmdline", "-append" },
        { "dtb", "-dtb" },
    };
    xmlNodePtr os = xml_child(b->domain, "os");

    if (boot_order(b, os) < 0 || boot_options(b, os) < 0 || boot_firmware(b, os) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        const char *text = node_text(b, os, files[i].element);

        if (!text)
            continue;
        cmd_arg(b, files[i].option);
        cmd_arg(b, text);
    }
    return 0;
}
