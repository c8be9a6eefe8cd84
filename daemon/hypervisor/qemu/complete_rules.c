/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be provided, as a table: what kinds of each device there are, and
 * parts that would make it another one.  Anything else is refused by name, as a
 * device that is quietly left out is a guest that is not the one that was asked
 * for.  Smaller matters (a property QEMU must be told of) are refused where the
 * command line is made.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/complete_internal.h"
#include "util/alloc.h"
#include "xml/domain_iotune.h"
#include "xml/domain_pin.h"

/* Elements of <devices>; every other one is a device we do not have. */
static const char devices_provided[] =
    "emulator disk controller interface serial console channel input graphics audio video "
    "hub watchdog memballoon rng panic";

/* Where devices can be. */
static const char addresses_provided[] = "pci drive virtio-serial usb isa";

/*
 * A row is about an attribute, or (attribute NULL) an element, of that device or
 * at that path below it.  words: what it may be; NULL: it must not be there at all.
 */
static const struct rule {
    const char *element;
    const char *only; /* of controllers: this type */
    const char *path; /* "driver", "source/encryption"; NULL: the element itself */
    const char *attribute;
    const char *words;
} rules[] = {
    { "disk", NULL, NULL, "type", "file block volume" },
    { "disk", NULL, NULL, "device", "disk cdrom" },
    { "disk", NULL, NULL, "model", "virtio" },
    { "disk", NULL, NULL, "rawio", "no" },
    { "disk", NULL, NULL, "sgio", NULL },
    { "disk", NULL, "driver", "name", "qemu" },
    { "disk", NULL, "driver", "type", "raw qcow2" },
    { "disk", NULL, "driver", "cache",
      "default none writethrough writeback directsync unsafe" },
    { "disk", NULL, "driver", "io", "threads native io_uring" },
    { "disk", NULL, "driver", "discard", "ignore unmap" },
    { "disk", NULL, "driver", "detect_zeroes", "off on unmap" },
    { "disk", NULL, "driver", "copy_on_read", "off" },
    { "disk", NULL, "driver/metadata_cache", NULL, NULL },
    { "disk", NULL, "source", "mode", "host" },
    { "disk", NULL, "source/encryption", NULL, NULL },
    { "disk", NULL, "source/auth", NULL, NULL },
    { "disk", NULL, "source/reservations", NULL, NULL },
    { "disk", NULL, "source/slices", NULL, NULL },
    { "disk", NULL, "source/seclabel", NULL, NULL },
    { "disk", NULL, "target", "bus", "virtio scsi sata ide" },
    { "disk", NULL, "target", "tray", "closed" },
    { "disk", NULL, "auth", NULL, NULL },
    { "disk", NULL, "encryption", NULL, NULL },
    { "disk", NULL, "mirror", NULL, NULL },
    { "disk", NULL, "geometry", NULL, NULL },
    { "disk", NULL, "transient", NULL, NULL },

    { "controller", NULL, NULL, "type", "pci usb scsi sata ide virtio-serial" },
    { "controller", "pci", NULL, "model",
      "pci-root pci-bridge pcie-root pcie-root-port pcie-to-pci-bridge" },
    { "controller", "pci", "model", "name",
      "pcie-root-port ioh3420 pcie-pci-bridge pci-bridge" },
    { "controller", "pci", "target/node", NULL, NULL },
    { "controller", "pci", "pcihole64", NULL, NULL },
    { "controller", "usb", NULL, "model",
      "qemu-xhci nec-xhci piix3-uhci ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3 none" },
    { "controller", "scsi", NULL, "model", "virtio-scsi lsilogic" },
    { "controller", "sata", NULL, "model", NULL },
    { "controller", "ide", NULL, "model", "piix3" },
    { "controller", "virtio-serial", NULL, "model", "virtio" },

    { "interface", NULL, NULL, "type", "user bridge ethernet network" },
    { "interface", NULL, NULL, "trustGuestRxFilters", "no" },
    { "interface", NULL, "model", "type", "virtio e1000 e1000e rtl8139" },
    { "interface", NULL, "link", "state", "up" },
    { "interface", NULL, "backend", NULL, NULL },
    { "interface", NULL, "bandwidth", NULL, NULL },
    { "interface", NULL, "virtualport", NULL, NULL },
    { "interface", NULL, "vlan", NULL, NULL },
    { "interface", NULL, "filterref", NULL, NULL },
    { "interface", NULL, "script", NULL, NULL },
    { "interface", NULL, "downscript", NULL, NULL },
    { "interface", NULL, "tune", NULL, NULL },
    { "interface", NULL, "coalesce", NULL, NULL },
    { "interface", NULL, "port", NULL, NULL },
    { "interface", NULL, "teaming", NULL, NULL },
    { "interface", NULL, "guest", NULL, NULL },
    { "interface", NULL, "route", NULL, NULL },

    { "serial", NULL, NULL, "type", "pty file unix null dev" },
    { "serial", NULL, "target", "type", "isa-serial" },
    { "serial", NULL, "target/model", "name", "isa-serial" },
    { "console", NULL, NULL, "type", "pty file unix null dev" },
    { "console", NULL, "target", "type", "serial virtio" },
    { "channel", NULL, NULL, "type", "unix pty file null" },
    { "channel", NULL, "target", "type", "virtio" },

    { "graphics", NULL, NULL, "type", "vnc" },
    { "graphics", NULL, "listen", "type", "address none socket" },

    { "video", NULL, "model", "type", "vga virtio cirrus bochs qxl none" },
    { "video", NULL, "model", "blob", "off" },
    { "video", NULL, "model/acceleration", "accel3d", "no" },

    { "audio", NULL, NULL, "type", "none" },

    { "input", NULL, NULL, "type", "tablet mouse keyboard" },
    { "input", NULL, NULL, "bus", "usb ps2 virtio" },
    { "input", NULL, NULL, "model", "virtio" },

    { "hub", NULL, NULL, "type", "usb" },

    { "rng", NULL, NULL, "model", "virtio" },
    { "rng", NULL, "backend", "model", "random builtin" },

    { "memballoon", NULL, NULL, "model", "virtio none" },

    { "watchdog", NULL, NULL, "model", "i6300esb itco ib700" },
    { "watchdog", NULL, NULL, "action", "reset shutdown poweroff pause dump none inject-nmi" },

    { "panic", NULL, NULL, "model", "isa hyperv" },

    /* not devices */
    { "os", NULL, NULL, "firmware", NULL },
    { "os", NULL, "loader", "type", "rom" },
    { "os", NULL, "nvram", NULL, NULL },
    { "os", NULL, "acpi", NULL, NULL },
    { "os", NULL, "smbios", "mode", "emulate" },
    { "vcpu", NULL, NULL, "placement", "static" },
    { "cpu", NULL, NULL, "mode", "custom host-passthrough host-model maximum" },
    { "cpu", NULL, NULL, "match", "exact minimum strict" },
    { "cpu", NULL, "numa", NULL, NULL },
    { "clock", NULL, NULL, "offset", "utc localtime timezone variable absolute" },
    { "seclabel", NULL, NULL, "type", "none dynamic" },
    { "perf", NULL, NULL, NULL, NULL },
    { "launchSecurity", NULL, NULL, NULL, NULL },
    { "maxMemory", NULL, NULL, NULL, NULL },
    { "genid", NULL, NULL, NULL, NULL },
    { "bootloader", NULL, NULL, NULL, NULL },
};

/* The first element at a path, or NULL. */
static xmlNodePtr follow(xmlNodePtr node, const char *path)
{
    while (node && path && *path) {
        size_t len = strcspn(path, "/");
        _cleanup_free_ char *name = xstrndup(path, len);

        node = xml_child(node, name);
        path += len;
        path += *path == '/';
    }
    return node;
}

static int refuse(xmlNodePtr top, const struct rule *rule, const char *value, struct verror *err)
{
    const char *element = (const char *)top->name;
    const char *slash = rule->path ? "/" : "", *path = rule->path ? rule->path : "";

    if (!rule->attribute)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "element %s%s%s is not provided",
                          element, slash, path);
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "%s='%s' of element %s%s%s is not provided", rule->attribute,
                      xml_quotable(value), element, slash, path);
}

static int check_rule(xmlNodePtr top, const struct rule *rule, struct verror *err)
{
    xmlNodePtr node = follow(top, rule->path);
    _cleanup_free_ char *value = NULL;

    if (!node || (rule->only && !xml_attribute_is(top, "type", rule->only)))
        return 0;
    if (!rule->attribute)
        return refuse(top, rule, NULL, err);
    if (!tree_has(node, rule->attribute))
        return 0;
    value = xml_attribute(node, rule->attribute);
    if (rule->words && value && tree_is_word(value, rule->words))
        return 0;
    return refuse(top, rule, value ? value : "", err);
}

static int check_element(xmlNodePtr node, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (xml_is_element(node, rules[i].element) && check_rule(node, &rules[i], err) < 0)
            return -1;
    return 0;
}

static int check_children(xmlNodePtr parent, struct verror *err)
{
    for (xmlNodePtr node = xml_first(parent, NULL); node; node = xml_next(node, NULL))
        if (check_element(node, err) < 0)
            return -1;
    return 0;
}

/* One that nobody knows would stand beside the one that is made up. */
static int check_address(xmlNodePtr device, struct verror *err)
{
    xmlNodePtr node;

    for (node = xml_first(device, "address"); node; node = xml_next(node, "address")) {
        _cleanup_free_ char *type = xml_attribute(node, "type");

        if (!type)
            return verror_set(err, VIR_ERR_XML_ERROR, "No type specified for device address");
        if (!tree_is_word(type, addresses_provided))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "an address of type '%s' of element %s is not provided",
                              xml_quotable(type), (const char *)device->name);
    }
    return 0;
}

static int check_devices(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL)) {
        const char *name = (const char *)node->name;
        _cleanup_free_ char *type = xml_attribute(node, "type");

        if (tree_is_word(name, devices_provided)) {
            if (check_address(node, err) < 0)
                return -1;
            continue;
        }
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "device %s%s%s%s is not provided",
                          xml_quotable(name), type ? " of type '" : "",
                          type ? xml_quotable(type) : "", type ? "'" : "");
    }
    return check_children(c->devices, err);
}

/* --- VIR_DOMAIN_DEFINE_VALIDATE: elements that mean nothing --- */

static const struct {
    const char *element, *children;
} known[] = {
    { "domain",
      "name uuid genid title description metadata maxMemory memory currentMemory blkiotune memtune "
      "memoryBacking vcpu vcpus iothreads iothreadids defaultiothread cputune numatune resource "
      "sysinfo bootloader bootloader_args os idmap features cpu clock on_poweroff on_reboot "
      "on_crash on_lockfailure pm perf devices seclabel keywrap launchSecurity" },
    { "os", "type firmware init initarg initenv initdir inituser initgroup loader nvram kernel "
            "initrd cmdline dtb acpi boot bootmenu smbios bios" },
    { "cpu", "arch model vendor topology cache maxphysaddr feature numa counter microcode" },
    { "disk", "driver auth source backingStore backenddomain geometry blockio mirror target iotune "
              "readonly shareable transient serial wwn vendor product encryption boot alias "
              "address acpi" },
    { "interface", "mac source target model driver backend link boot alias address ip route guest "
                   "script downscript bandwidth vlan virtualport filterref tune coalesce mtu rom "
                   "port teaming acpi" },
    { "controller", "master model target driver pcihole64 alias address acpi" },
    { "serial", "source target protocol log alias address acpi" },
    { "console", "source target protocol log alias address acpi" },
    { "channel", "source target protocol log alias address acpi" },
    { "input", "driver source alias address acpi" },
    { "graphics", "listen channel image jpeg zlib playback streaming clipboard mouse filetransfer "
                  "gl" },
    { "video", "model driver alias address acpi" },
    { "watchdog", "alias address acpi" },
    { "memballoon", "stats driver alias address acpi" },
    { "rng", "rate backend driver alias address acpi" },
    { "panic", "alias address acpi" },
};

static int validate_element(xmlNodePtr parent, struct verror *err)
{
    const char *children = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (xml_is_element(parent, known[i].element))
            children = known[i].children;
    for (xmlNodePtr node = children ? xml_first(parent, NULL) : NULL; node;
         node = xml_next(node, NULL))
        if (!tree_is_word((const char *)node->name, children))
            return verror_set(err, VIR_ERR_XML_ERROR,
                              "Did not expect element %s in element %s",
                              xml_quotable((const char *)node->name), (const char *)parent->name);
    return 0;
}

static int validate(struct completion *c, struct verror *err)
{
    if (validate_element(c->domain, err) < 0)
        return -1;
    for (xmlNodePtr node = xml_first(c->domain, NULL); node; node = xml_next(node, NULL))
        if (validate_element(node, err) < 0)
            return -1;
    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL))
        if (validate_element(node, err) < 0)
            return -1;
    return 0;
}

static int check_pins(struct completion *c, struct verror *err)
{
    struct domain_pins pins;

    if (domain_pins_read(c->domain, &pins, err) < 0)
        return -1;
    domain_pins_clear(&pins);
    return 0;
}

int complete_check(struct completion *c, struct verror *err)
{
    if (c->validate && validate(c, err) < 0)
        return -1;
    if (check_children(c->domain, err) < 0 || check_pins(c, err) < 0 || check_devices(c, err) < 0)
        return -1;
    return iotune_check_domain(c->domain, err);
}

/* One that is of no use to a device stays the first, and gets another one beside it. */
int complete_one_address(struct completion *c, struct verror *err)
{
    for (xmlNodePtr node = xml_first(c->devices, NULL); node; node = xml_next(node, NULL)) {
        xmlNodePtr address = xml_first(node, "address");
        _cleanup_free_ char *type = xml_attribute(address, "type");

        if (address && xml_next(address, "address"))
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "an address of type '%s' is not the only one of element %s, or none "
                              "that it can have", xml_quotable(type), (const char *)node->name);
    }
    return 0;
}
