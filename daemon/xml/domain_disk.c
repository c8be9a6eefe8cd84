/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The <disk> elements of a domain as files; see domain_def.h.  Any thread. */

#include <limits.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/domain_view.h"
#include "xml/name_check.h"
#include "xml/xml_tree.h"

enum { DISKS_MAX = 2048 }; /* more than any machine takes; each is compared with all others */

/* Where a disk's data is: the type attribute, and the attribute of <source> that holds a path. */
static const struct {
    const char *type, *attribute;
} source_types[] = {
    { "file", "file" },
    { "block", "dev" },
    { "volume", NULL },
};

/* Types that exist elsewhere: an honest "not here" instead of "no such thing". */
static const char *const foreign_types[] = {
    "dir", "network", "nvme", "vhostuser", "vhostvdpa",
};

static const char *const device_kinds[] = { "disk", "lun", "cdrom", "floppy" };

static void backing_forget(struct domain_disk *disk)
{
    for (size_t i = 0; i < disk->nbacking; i++) {
        free(disk->backing[i]);
        free(disk->backing_formats[i]);
        free(disk->backing_fdgroups[i]);
    }
    free(disk->backing);
    free(disk->backing_formats);
    free(disk->backing_fdgroups);
    disk->backing = disk->backing_formats = disk->backing_fdgroups = NULL;
    disk->nbacking = 0;
}

static void disk_clear(struct domain_disk *disk)
{
    backing_forget(disk);
    free(disk->target);
    free(disk->alias);
    free(disk->index);
    free(disk->path);
    free(disk->pool);
    free(disk->volume);
    free(disk->fdgroup);
    free(disk->format);
    free(disk->snapshot);
}

void domain_disks_clear(struct domain_def *def)
{
    for (size_t i = 0; i < def->ndisks; i++)
        disk_clear(&def->disks[i]);
    free(def->disks);
}

/* A row of source_types, or -1 with err; what ("disk", "backingStore") stands in the message. */
static int find_source_type(xmlNodePtr node, struct verror *err)
{
    const char *what = (const char *)node->name;
    _cleanup_free_ char *type = xml_attribute(node, "type");

    if (!type)
        return 0; /* libvirt's default is a file */
    for (size_t i = 0; i < ARRAY_SIZE(source_types); i++)
        if (strcmp(type, source_types[i].type) == 0)
            return (int)i;
    for (size_t i = 0; i < ARRAY_SIZE(foreign_types); i++)
        if (strcmp(type, foreign_types[i]) == 0)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "element %s of type '%s'", what,
                              type);
    return verror_set(err, VIR_ERR_XML_ERROR, "invalid type '%s' of element %s",
                      xml_quotable(type), what);
}

static int path_check(const char *path, const char *what, struct verror *err)
{
    if (strnlen(path, PATH_MAX) >= PATH_MAX)
        return verror_set(err, VIR_ERR_XML_ERROR, "%s is longer than %d bytes", what,
                          PATH_MAX - 1);
    if (text_check(path, what, err) < 0)
        return -1;
    if (path[0] != '/')
        return verror_set(err, VIR_ERR_XML_ERROR, "%s '%s' is not absolute", what,
                          xml_quotable(path));
    return 0;
}

/* Its names only: where a volume is, is looked up when it is needed. */
static int parse_volume(xmlNodePtr source, struct domain_disk *disk, struct verror *err)
{
    disk->pool = xml_attribute(source, "pool");
    disk->volume = xml_attribute(source, "volume");
    if (!disk->pool != !disk->volume)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "'pool' and 'volume' of disk '%s' must be given together",
                          disk->target);
    return 0;
}

static int parse_policy(xmlNodePtr source, struct domain_disk *disk, struct verror *err)
{
    static const char *const words[] = {
        [DISK_MANDATORY] = "mandatory", [DISK_REQUISITE] = "requisite", [DISK_OPTIONAL] = "optional"
    };
    _cleanup_free_ char *word = xml_attribute(source, "startupPolicy");
    size_t policy = 0;

    while (word && policy < ARRAY_SIZE(words) && strcmp(word, words[policy]) != 0)
        policy++;
    if (policy == ARRAY_SIZE(words))
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "Invalid value for attribute 'startupPolicy' in element 'source': '%s'",
                          xml_quotable(word));
    if (policy == DISK_REQUISITE && !disk->is_cdrom)
        return verror_set(err, VIR_ERR_XML_ERROR,
                          "disk startupPolicy 'requisite' is allowed only for cdrom or floppy");
    disk->policy = (enum disk_policy)policy;
    return 0;
}

/* Only of a file, as libvirt has it; the path says what it is called. */
static int parse_fdgroup(xmlNodePtr source, int row, const char *target, char **ret_group,
                         struct verror *err)
{
    _cleanup_free_ char *group = xml_attribute(source, "fdgroup"), *path = NULL;

    if (!group)
        return 0;
    path = xml_attribute(source, "file");
    if (strcmp(source_types[row].type, "file") != 0 || !path)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "fdgroup='%s' of disk '%s': only a source with a file has one",
                          xml_quotable(group), target);
    *ret_group = STEAL_PTR(group);
    return 0;
}

static int parse_source(xmlNodePtr node, struct domain_disk *disk, struct verror *err)
{
    xmlNodePtr source = xml_child(node, "source");
    int row = find_source_type(node, err);

    if (row < 0)
        return -1;
    if (source_types[row].attribute) {
        disk->is_block = strcmp(source_types[row].type, "block") == 0;
        disk->path = xml_attribute(source, source_types[row].attribute);
    } else if (parse_volume(source, disk, err) < 0) {
        return -1;
    }
    if (disk->path && path_check(disk->path, "disk source path", err) < 0)
        return -1;
    if (parse_policy(source, disk, err) < 0 ||
        parse_fdgroup(source, row, disk->target, &disk->fdgroup, err) < 0)
        return -1;
    if (!disk->path && !disk->pool && !disk->is_cdrom)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing source of disk '%s'", disk->target);
    return 0;
}

static int parse_device(xmlNodePtr node, struct domain_disk *disk, struct verror *err)
{
    _cleanup_free_ char *device = xml_attribute(node, "device");
    size_t kind = 0;

    while (device && kind < ARRAY_SIZE(device_kinds) && strcmp(device, device_kinds[kind]) != 0)
        kind++;
    if (kind == ARRAY_SIZE(device_kinds))
        return verror_set(err, VIR_ERR_XML_ERROR, "invalid device '%s' of element disk",
                          xml_quotable(device));
    disk->is_cdrom = device && (strcmp(device, "cdrom") == 0 || strcmp(device, "floppy") == 0);
    disk->readonly = xml_child(node, "readonly") || (device && strcmp(device, "cdrom") == 0);
    disk->shareable = xml_child(node, "shareable") != NULL;
    disk->target = xml_attribute(xml_child(node, "target"), "dev");
    disk->alias = xml_attribute(xml_child(node, "alias"), "name");
    disk->snapshot = xml_attribute(node, "snapshot");
    disk->index = xml_attribute(xml_child(node, "source"), "index");
    if (!disk->target)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing target dev of element disk");
    return 0;
}

/* The text is the caller's before and ours after; NULL format: raw. */
static void backing_add(struct domain_disk *disk, char *path, char *format, char *fdgroup)
{
    size_t n = disk->nbacking + 1;

    disk->backing = xrealloc(disk->backing, n, sizeof(*disk->backing));
    disk->backing_formats = xrealloc(disk->backing_formats, n, sizeof(*disk->backing_formats));
    disk->backing_fdgroups = xrealloc(disk->backing_fdgroups, n, sizeof(*disk->backing_fdgroups));
    disk->backing[n - 1] = path;
    disk->backing_fdgroups[n - 1] = fdgroup;
    disk->backing_formats[n - 1] = format ? format : xstrdup("raw");
    disk->nbacking = n;
}

/* The chain is whole when its last <backingStore> is empty. */
static int parse_backing(xmlNodePtr node, struct domain_disk *disk, struct verror *err)
{
    xmlNodePtr backing = xml_child(node, "backingStore");

    for (; backing && xml_first(backing, NULL); backing = xml_child(backing, "backingStore")) {
        xmlNodePtr source = xml_child(backing, "source");
        int row = find_source_type(backing, err);
        char *path, *fdgroup = NULL;

        if (row < 0 || parse_fdgroup(source, row, disk->target, &fdgroup, err) < 0)
            return -1;
        if (!source_types[row].attribute)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "element backingStore of type 'volume'");
        path = xml_attribute(source, source_types[row].attribute);
        if (!path)
            return verror_set(err, VIR_ERR_XML_ERROR,
                              "missing source of element backingStore of disk '%s'",
                              disk->target);
        backing_add(disk, path, xml_attribute(xml_child(backing, "format"), "type"), fdgroup);
        if (path_check(path, "backingStore path", err) < 0)
            return -1;
    }
    if (!backing) {
        backing_forget(disk); /* only begun: found out as if nothing were said */
    } else if (!disk->backing) {
        disk->backing = xcalloc(1, sizeof(*disk->backing));
        disk->backing_formats = xcalloc(1, sizeof(*disk->backing_formats));
        disk->backing_fdgroups = xcalloc(1, sizeof(*disk->backing_fdgroups));
    }
    return 0;
}

static int parse_disk(xmlNodePtr node, struct domain_disk *disk, struct verror *err)
{
    if (parse_device(node, disk, err) < 0 || parse_source(node, disk, err) < 0 ||
        parse_backing(node, disk, err) < 0)
        return -1;
    disk->format = xml_attribute(xml_child(node, "driver"), "type");
    if (!disk->format && !disk->pool)
        disk->format = xstrdup("raw");
    return 0;
}

/* How a disk's data is called in a message. */
static const char *source_name(const struct domain_disk *disk)
{
    if (disk->path)
        return disk->path;
    return disk->volume ? disk->volume : "";
}

static int check_target(const struct domain_def *def, const struct domain_disk *disk,
                        struct verror *err)
{
    for (const struct domain_disk *other = def->disks; other != disk; other++)
        if (strcmp(other->target, disk->target) == 0)
            return verror_set(err, VIR_ERR_XML_ERROR,
                              "target '%s' duplicated for disk sources '%s' and '%s'",
                              disk->target, source_name(other), source_name(disk));
    return 0;
}

int domain_disks_parse(xmlNodePtr devices, struct domain_def *def, struct verror *err)
{
    for (xmlNodePtr node = xml_first(devices, "disk"); node; node = xml_next(node, "disk")) {
        struct domain_disk *disk;

        if (def->ndisks == DISKS_MAX)
            return verror_set(err, VIR_ERR_XML_ERROR, "more than %d disks", DISKS_MAX);
        def->disks = xrealloc(def->disks, def->ndisks + 1, sizeof(*def->disks));
        disk = &def->disks[def->ndisks++];
        *disk = (struct domain_disk){ 0 };
        if (parse_disk(node, disk, err) < 0 || check_target(def, disk, err) < 0)
            return -1;
    }
    return 0;
}
