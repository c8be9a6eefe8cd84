/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is a guest of one definition the same machine under another?  What a guest
 * can see is listed here, part by part; all else may differ.  See
 * domain_def.h.  Any thread.
 */

#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/uuid.h"
#include "xml/domain_def.h"
#include "xml/xml_tree.h"

/* What of an element is compared. */
enum part {
    PART_ATTRIBUTE = 0, /* the one that is named */
    PART_ANY_CASE,      /* the same, capital letters or not */
    PART_TEXT,
    PART_PRESENCE,
    PART_ALL, /* all attributes, text, and all elements below, in order */
};

/* One thing that a guest sees of a device. */
struct abi_row {
    const char *device; /* NULL: any */
    const char *child;  /* NULL: the device itself */
    const char *name;   /* of the attribute */
    enum part part;
    const char *fallback; /* what stands for a missing attribute; NULL: none does */
};

/* Kinds of device whose number a guest sees, in libvirt's order. */
static const char *const device_kinds[] = {
    "disk",      "controller", "filesystem", "interface", "input",    "sound",  "video",
    "hostdev",   "smartcard",  "serial",     "parallel",  "channel",  "console", "hub",
    "redirdev",  "watchdog",   "memballoon", "rng",       "tpm",      "nvram",  "panic",
    "shmem",     "memory",     "vsock",      "iommu",     "crypto",
};

static const struct abi_row device_rows[] = {
    { "disk", NULL, "device", PART_ATTRIBUTE, "disk" },
    { "disk", NULL, "model", PART_ATTRIBUTE, NULL },
    { "disk", "target", "bus", PART_ATTRIBUTE, NULL },
    { "disk", "target", "dev", PART_ATTRIBUTE, NULL },
    { "disk", "target", "removable", PART_ATTRIBUTE, "off" },
    { "disk", "target", "rotation_rate", PART_ATTRIBUTE, NULL },
    { "disk", "serial", NULL, PART_TEXT, NULL },
    { "disk", "wwn", NULL, PART_TEXT, NULL },
    { "disk", "vendor", NULL, PART_TEXT, NULL },
    { "disk", "product", NULL, PART_TEXT, NULL },
    { "disk", "readonly", NULL, PART_PRESENCE, NULL },
    { "disk", "geometry", NULL, PART_ALL, NULL },
    { "disk", "blockio", NULL, PART_ALL, NULL },
    { "disk", "driver", "queue_size", PART_ATTRIBUTE, NULL },
    { "disk", "driver", "event_idx", PART_ATTRIBUTE, NULL },

    { "controller", NULL, "type", PART_ATTRIBUTE, NULL },
    { "controller", NULL, "index", PART_ATTRIBUTE, NULL },
    { "controller", NULL, "model", PART_ATTRIBUTE, NULL },
    { "controller", NULL, "ports", PART_ATTRIBUTE, NULL },
    { "controller", NULL, "vectors", PART_ATTRIBUTE, NULL },
    { "controller", "model", "name", PART_ATTRIBUTE, NULL },
    { "controller", "target", NULL, PART_ALL, NULL },
    { "controller", "master", NULL, PART_ALL, NULL },
    { "controller", "pcihole64", NULL, PART_ALL, NULL },
    { "controller", "driver", "max_sectors", PART_ATTRIBUTE, NULL },

    { "filesystem", "target", "dir", PART_ATTRIBUTE, NULL },
    { "filesystem", NULL, "model", PART_ATTRIBUTE, NULL },

    { "interface", "mac", "address", PART_ANY_CASE, NULL },
    { "interface", "model", "type", PART_ATTRIBUTE, NULL },
    { "interface", "mtu", "size", PART_ATTRIBUTE, NULL },
    { "interface", "driver", "rx_queue_size", PART_ATTRIBUTE, NULL },
    { "interface", "driver", "tx_queue_size", PART_ATTRIBUTE, NULL },
    { "interface", "driver", "event_idx", PART_ATTRIBUTE, NULL },

    { "input", NULL, "type", PART_ATTRIBUTE, NULL },
    { "input", NULL, "bus", PART_ATTRIBUTE, NULL },
    { "input", NULL, "model", PART_ATTRIBUTE, NULL },

    { "sound", NULL, "model", PART_ATTRIBUTE, NULL },
    { "sound", "codec", NULL, PART_ALL, NULL },

    { "video", "model", "type", PART_ATTRIBUTE, NULL },
    { "video", "model", "ram", PART_ATTRIBUTE, NULL },
    { "video", "model", "vram", PART_ATTRIBUTE, NULL },
    { "video", "model", "vgamem", PART_ATTRIBUTE, NULL },
    { "video", "model", "vram64", PART_ATTRIBUTE, NULL },
    { "video", "model", "heads", PART_ATTRIBUTE, NULL },
    { "video", "model", "primary", PART_ATTRIBUTE, "no" },
    { "video", "model", "edid", PART_ATTRIBUTE, NULL },
    { "video", "model", "blob", PART_ATTRIBUTE, "off" },

    { "hostdev", NULL, "mode", PART_ATTRIBUTE, "subsystem" },
    { "hostdev", NULL, "type", PART_ATTRIBUTE, NULL },
    { "hostdev", NULL, "model", PART_ATTRIBUTE, NULL },
    { "smartcard", NULL, "mode", PART_ATTRIBUTE, NULL },

    { "serial", "target", NULL, PART_ALL, NULL },
    { "parallel", "target", NULL, PART_ALL, NULL },
    { "console", "target", NULL, PART_ALL, NULL },
    { "channel", "target", "type", PART_ATTRIBUTE, NULL },
    { "channel", "target", "name", PART_ATTRIBUTE, NULL },
    { "channel", "target", "address", PART_ATTRIBUTE, NULL },
    { "channel", "target", "port", PART_ATTRIBUTE, NULL },

    { "hub", NULL, "type", PART_ATTRIBUTE, NULL },
    { "redirdev", NULL, "bus", PART_ATTRIBUTE, NULL },
    { "watchdog", NULL, "model", PART_ATTRIBUTE, NULL },
    { "memballoon", NULL, "model", PART_ATTRIBUTE, NULL },
    { "memballoon", NULL, "autodeflate", PART_ATTRIBUTE, "off" },
    { "memballoon", NULL, "freePageReporting", PART_ATTRIBUTE, "off" },
    { "rng", NULL, "model", PART_ATTRIBUTE, NULL },
    { "tpm", NULL, "model", PART_ATTRIBUTE, NULL },
    { "tpm", "backend", "version", PART_ATTRIBUTE, NULL },
    { "panic", NULL, "model", PART_ATTRIBUTE, NULL },
    { "shmem", NULL, "name", PART_ATTRIBUTE, NULL },
    { "shmem", "model", "type", PART_ATTRIBUTE, NULL },
    { "shmem", "size", NULL, PART_ALL, NULL },
    { "memory", NULL, "model", PART_ATTRIBUTE, NULL },
    { "memory", "target", NULL, PART_ALL, NULL },
    { "vsock", NULL, "model", PART_ATTRIBUTE, NULL },
    { "iommu", NULL, "model", PART_ATTRIBUTE, NULL },
    { "iommu", "driver", NULL, PART_ALL, NULL },
    { "crypto", NULL, "model", PART_ATTRIBUTE, NULL },

    { NULL, "address", NULL, PART_ALL, NULL },
    { NULL, "acpi", "index", PART_ATTRIBUTE, NULL },
    { NULL, "rom", "bar", PART_ATTRIBUTE, "on" },
    { NULL, "rom", "enabled", PART_ATTRIBUTE, "yes" },
    { NULL, "driver", "queues", PART_ATTRIBUTE, NULL },
    { NULL, "driver", "iommu", PART_ATTRIBUTE, "off" },
    { NULL, "driver", "ats", PART_ATTRIBUTE, "off" },
    { NULL, "driver", "packed", PART_ATTRIBUTE, "off" },
    { NULL, "driver", "page_per_vq", PART_ATTRIBUTE, "off" },
};

/* Of <domain> itself. */
static const struct abi_row domain_rows[] = {
    { NULL, "genid", NULL, PART_TEXT, NULL },
    { NULL, "maxMemory", NULL, PART_ALL, NULL },
    { NULL, "sysinfo", NULL, PART_ALL, NULL },
    { NULL, "features", NULL, PART_ALL, NULL },
    { NULL, "cpu", NULL, PART_ALL, NULL },
    { NULL, "clock", NULL, PART_ALL, NULL },
    { NULL, "iommu", NULL, PART_ALL, NULL },
};

static const struct abi_row os_rows[] = {
    { NULL, "loader", "type", PART_ATTRIBUTE, "rom" },
    { NULL, "loader", NULL, PART_PRESENCE, NULL },
    { NULL, "smbios", "mode", PART_ATTRIBUTE, "emulate" },
};

/* Attributes that tell the host what to do, within elements of which all is compared. */
static const char *const host_attributes[] = {
    "check", "fallback", "migratable", "adjustment", "basis", "track", "tickpolicy",
};

/* --- values --- */

static bool is_off(const char *value)
{
    return !value || strcmp(value, "off") == 0 || strcmp(value, "no") == 0;
}

/* "0x0a" and "10" are one number. */
static bool number_of(const char *text, uint64_t *ret_number)
{
    if (strncasecmp(text, "0x", 2) == 0)
        return xml_parse_number(text + 2, 16, ret_number);
    return xml_parse_number(text, 10, ret_number);
}

static bool same_value(const char *a, const char *b)
{
    uint64_t left, right;

    if (!a || !b)
        return is_off(a) && is_off(b);
    return strcmp(a, b) == 0 ||
           (number_of(a, &left) && number_of(b, &right) && left == right);
}

/* Where two definitions differ: the words between "Target" and the values. */
struct difference {
    char *what;
    char *old_value, *new_value; /* or NULL: missing */
};

static void difference_clear(struct difference *difference)
{
    free(difference->what);
    free(difference->old_value);
    free(difference->new_value);
}

/* Takes both values; always true, "they differ". */
static bool differ(struct difference *ret, char *what, char *old_value, char *new_value)
{
    *ret = (struct difference){ what, old_value, new_value };
    return true;
}

/* --- whole elements --- */

static bool is_host_attribute(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(host_attributes); i++)
        if (strcmp(name, host_attributes[i]) == 0)
            return true;
    return false;
}

static bool attribute_differs(xmlNodePtr old, xmlNodePtr new, const char *name,
                              struct difference *ret)
{
    _cleanup_free_ char *left = xml_attribute(old, name), *right = xml_attribute(new, name);

    if (is_host_attribute(name) || same_value(left, right))
        return false;
    return differ(ret, xasprintf("%s %s", (const char *)(old ? old : new)->name, name),
                  STEAL_PTR(left), STEAL_PTR(right));
}

static bool attributes_differ(xmlNodePtr old, xmlNodePtr new, struct difference *ret)
{
    for (const xmlAttr *attribute = old->properties; attribute; attribute = attribute->next)
        if (attribute_differs(old, new, (const char *)attribute->name, ret))
            return true;
    for (const xmlAttr *attribute = new->properties; attribute; attribute = attribute->next)
        if (attribute_differs(old, new, (const char *)attribute->name, ret))
            return true;
    return false;
}

static bool text_differs(xmlNodePtr old, xmlNodePtr new, struct difference *ret)
{
    _cleanup_free_ char *left = xml_text(old), *right = xml_text(new);

    if (!left && !right)
        return false;
    if (left && right && strcmp(left, right) == 0)
        return false;
    return differ(ret, xstrdup((const char *)(old ? old : new)->name), STEAL_PTR(left),
                  STEAL_PTR(right));
}

static char *element_name(const xmlNode *node)
{
    return node ? xstrdup((const char *)node->name) : NULL;
}

/* As deep as the document is, which the parser limits. */
static bool tree_differs(xmlNodePtr old, xmlNodePtr new, struct difference *ret)
{
    xmlNodePtr left, right;

    if (attributes_differ(old, new, ret))
        return true;
    left = xml_first(old, NULL);
    right = xml_first(new, NULL);
    if (!left && !right)
        return text_differs(old, new, ret);
    for (; left && right; left = xml_next(left, NULL), right = xml_next(right, NULL)) {
        if (strcmp((const char *)left->name, (const char *)right->name) != 0)
            break;
        if (tree_differs(left, right, ret))
            return true;
    }
    if (!left && !right)
        return false;
    return differ(ret, xasprintf("%s element", (const char *)old->name), element_name(left),
                  element_name(right));
}

static bool all_differs(xmlNodePtr old, xmlNodePtr new, const char *name, struct difference *ret)
{
    if (!old && !new)
        return false;
    if (old && new)
        return tree_differs(old, new, ret);
    return differ(ret, xasprintf("element %s", name), element_name(old), element_name(new));
}

/* --- rows --- */

static bool named_differs(xmlNodePtr old, xmlNodePtr new, const struct abi_row *row,
                          struct difference *ret)
{
    _cleanup_free_ char *left = xml_attribute(old, row->name);
    _cleanup_free_ char *right = xml_attribute(new, row->name);
    const char *a = left ? left : row->fallback, *b = right ? right : row->fallback;

    if (same_value(a, b) || (row->part == PART_ANY_CASE && a && b && strcasecmp(a, b) == 0))
        return false;
    return differ(ret, row->child ? xasprintf("%s %s", row->child, row->name) : xstrdup(row->name),
                  xstrdup(a), xstrdup(b));
}

static bool row_differs(xmlNodePtr old, xmlNodePtr new, const struct abi_row *row,
                        struct difference *ret)
{
    if (row->child) {
        old = xml_child(old, row->child);
        new = xml_child(new, row->child);
    }
    switch (row->part) {
    case PART_ATTRIBUTE:
    case PART_ANY_CASE:
        return named_differs(old, new, row, ret);
    case PART_TEXT:
        return text_differs(old, new, ret);
    case PART_PRESENCE:
        return !old != !new && differ(ret, xasprintf("element %s", row->child), element_name(old),
                                      element_name(new));
    case PART_ALL:
        return all_differs(old, new, row->child, ret);
    }
    return false;
}

static int refuse(const char *of, struct difference *difference, struct verror *err)
{
    (void)verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                     "Target %s %s '%s' does not match source '%s'", of, difference->what,
                     difference->new_value ? difference->new_value : "",
                     difference->old_value ? difference->old_value : "");
    difference_clear(difference);
    return -1;
}

static int check_rows(xmlNodePtr old, xmlNodePtr new, const struct abi_row *rows, size_t n,
                      const char *of, struct verror *err)
{
    struct difference difference;

    for (size_t i = 0; i < n; i++)
        if ((!rows[i].device || xml_is_element(old, rows[i].device)) &&
            row_differs(old, new, &rows[i], &difference))
            return refuse(of, &difference, err);
    return 0;
}

/* --- devices --- */

static size_t count(xmlNodePtr devices, const char *kind)
{
    size_t n = 0;

    for (xmlNodePtr node = xml_first(devices, kind); node; node = xml_next(node, kind))
        n++;
    return n;
}

static int check_kind(xmlNodePtr old, xmlNodePtr new, const char *kind, struct verror *err)
{
    size_t nold = count(old, kind), nnew = count(new, kind), i = 1;
    xmlNodePtr left = xml_first(old, kind), right = xml_first(new, kind);

    if (nold != nnew)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "Target domain %s device count %zu does not match source %zu", kind,
                          nnew, nold);
    for (; left; left = xml_next(left, kind), right = xml_next(right, kind), i++) {
        _cleanup_free_ char *of = xasprintf("%s device %zu", kind, i);

        if (check_rows(left, right, device_rows, ARRAY_SIZE(device_rows), of, err) < 0)
            return -1;
    }
    return 0;
}

static int check_devices(xmlNodePtr old, xmlNodePtr new, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
        if (check_kind(xml_child(old, "devices"), xml_child(new, "devices"), device_kinds[i],
                       err) < 0)
            return -1;
    return 0;
}

/* --- the whole --- */

static int check_uuid(const struct domain_def *old, const struct domain_def *new,
                      struct verror *err)
{
    char left[UUID_TEXT_SIZE], right[UUID_TEXT_SIZE];

    if (memcmp(old->uuid, new->uuid, sizeof(old->uuid)) == 0)
        return 0;
    uuid_format(old->uuid, left);
    uuid_format(new->uuid, right);
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "Target domain uuid %s does not match source %s", right, left);
}

static int check_number(const char *what, uint64_t old, uint64_t new, struct verror *err)
{
    if (old == new)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "Target domain %s %llu does not match source %llu", what,
                      (unsigned long long)new, (unsigned long long)old);
}

static int check_name(const char *what, const char *old, const char *new, struct verror *err)
{
    if (strcmp(old, new) == 0)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "Target domain %s '%s' does not match source '%s'", what, new, old);
}

static const char *virt_name(enum domain_virt virt)
{
    return virt == DOMAIN_VIRT_KVM ? "kvm" : "qemu";
}

static int check_view(const struct domain_def *old, const struct domain_def *new,
                      struct verror *err)
{
    if (check_name("virt type", virt_name(old->virt), virt_name(new->virt), err) < 0 ||
        check_uuid(old, new, err) < 0 ||
        check_number("max memory", old->memory_kib, new->memory_kib, err) < 0 ||
        check_number("vCPU max", old->max_vcpus, new->max_vcpus, err) < 0 ||
        check_number("vCPU count", old->vcpus, new->vcpus, err) < 0 ||
        check_name("OS type", old->os_type, new->os_type, err) < 0 ||
        check_name("architecture", old->arch, new->arch, err) < 0)
        return -1;
    return check_name("machine type", old->machine, new->machine, err);
}

int domain_def_check_abi(const struct domain_def *old, const struct domain_def *new,
                         struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr old_doc = NULL, new_doc = NULL;
    xmlNodePtr left, right;

    if (check_view(old, new, err) < 0)
        return -1;
    old_doc = domain_def_to_doc(old);
    new_doc = domain_def_to_doc(new);
    left = xmlDocGetRootElement(old_doc);
    right = xmlDocGetRootElement(new_doc);
    if (check_rows(xml_child(left, "os"), xml_child(right, "os"), os_rows, ARRAY_SIZE(os_rows),
                   "domain", err) < 0 ||
        check_rows(left, right, domain_rows, ARRAY_SIZE(domain_rows), "domain", err) < 0)
        return -1;
    return check_devices(left, right, err);
}
