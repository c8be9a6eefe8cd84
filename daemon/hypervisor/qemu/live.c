/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a definition to the document of a domain that is about to run: see
 * domain_make_live() in complete.h.  What files it needs is looked at here, once,
 * so that a missing one is named before anything is started.  Workers.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/complete_internal.h"
#include "hypervisor/qemu/disk_chain.h"
#include "hypervisor/qemu/fd_groups.h"
#include "hypervisor/qemu/live_aliases.h"
#include "util/alloc.h"
#include "util/log.h"

struct live {
    const struct domain_def *def;
    xmlNodePtr domain, devices;
    const char *channel_dir;
    const struct live_sources *sources;
    unsigned int next_index; /* of an image */
};

/* --- files --- */

static int check_file(const char *path, const char *what, struct verror *err)
{
    struct stat st;

    if (!path || stat(path, &st) == 0)
        return 0;
    return verror_errno(err, errno, "%s '%s'", what, path);
}

static int check_files(const struct complete_host *host, const struct domain_def *def,
                       struct verror *err)
{
    struct qemu_caps *caps = qemu_caps_get(host->caps, def->emulator, NULL, err);
    const char *machine = caps ? qemu_caps_machine(caps, def->machine) : NULL;

    if (caps && !machine)
        verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                   "emulator '%s' does not support machine type '%s'", def->emulator,
                   def->machine);
    qemu_caps_unref(caps);
    if (!machine || check_file(def->kernel, "kernel", err) < 0 ||
        check_file(def->initrd, "initrd", err) < 0 || check_file(def->dtb, "dtb", err) < 0 ||
        check_file(def->loader, "loader", err) < 0)
        return -1;
    return 0;
}

/* --- disks --- */

static const struct volume_path *find_volume(const struct live *live,
                                             const struct domain_disk *disk)
{
    const struct volume_path *volumes = live->sources->volumes;

    for (size_t i = 0; i < live->sources->nvolumes; i++)
        if (strcmp(volumes[i].pool, disk->pool) == 0 &&
            strcmp(volumes[i].volume, disk->volume) == 0)
            return &volumes[i];
    return NULL;
}

/* Where a disk's data is, and as what it is read; path NULL: an empty drive. */
struct disk_source {
    const char *path, *format;
    int fd; /* a client's, open for reading; -1: the path is opened */
};

/* *ret_fd is one that can be read by. */
static int find_group(const struct live *live, const char *name, const char *target, bool readonly,
                      int *ret_fd, struct verror *err)
{
    const struct fd_group *group = fd_group_find(live->sources->fd_groups, name, err);
    uint64_t dev, ino;

    if (!group || fd_group_check(group, target, readonly, &dev, &ino, err) < 0)
        return -1;
    *ret_fd = fd_group_readable(group);
    return 0;
}

static int disk_source(const struct live *live, const struct domain_disk *disk,
                       struct disk_source *ret, struct verror *err)
{
    const struct volume_path *volume;

    *ret = (struct disk_source){ disk->path, disk->format, -1 };
    if (disk->fdgroup)
        return find_group(live, disk->fdgroup, disk->target, disk->readonly, &ret->fd, err);
    if (!disk->pool)
        return 0;
    volume = find_volume(live, disk);
    if (!volume)
        return verror_set(err, VIR_ERR_NO_STORAGE_VOL, "volume '%s' of pool '%s' of disk '%s'",
                          disk->volume, disk->pool, disk->target);
    ret->path = volume->path;
    if (!ret->format)
        ret->format = volume->format;
    return 0;
}

static void write_image(xmlNodePtr parent, const struct disk_image *image, unsigned int index)
{
    xmlNodePtr node = xml_child_add(parent, "backingStore", NULL), format, source;

    xml_attribute_set(node, "type", image->is_block ? "block" : "file");
    tree_setf(node, "index", "%u", index);
    format = xml_child_add(node, "format", NULL);
    xml_attribute_set(format, "type", image->format);
    source = xml_child_add(node, "source", NULL);
    xml_attribute_set(source, image->is_block ? "dev" : "file", image->path);
}

/* The images below the first, each inside the one above it; the last is empty. */
static void write_chain(struct live *live, xmlNodePtr disk, const struct disk_chain *chain)
{
    xmlNodePtr parent = disk;

    for (size_t i = 1; i < chain->n; i++) {
        write_image(parent, &chain->images[i], live->next_index++);
        parent = xml_child(parent, "backingStore");
    }
    (void)xml_child_add(parent, "backingStore", NULL);
}

static int check_backing(const struct live *live, const struct domain_disk *def, size_t i,
                         struct verror *err)
{
    int fd;

    if (!def->backing_fdgroups[i])
        return check_file(def->backing[i], "backing file", err);
    return find_group(live, def->backing_fdgroups[i], def->target, true, &fd, err);
}

/* A chain that the definition spells out is only numbered. */
static int number_chain(struct live *live, xmlNodePtr disk, const struct domain_disk *def,
                        struct verror *err)
{
    xmlNodePtr node = xml_child(disk, "backingStore");

    for (size_t i = 0; i < def->nbacking; i++) {
        if (check_backing(live, def, i, err) < 0)
            return -1;
        tree_setf(node, "index", "%u", live->next_index++);
        node = xml_child(node, "backingStore");
    }
    return 0;
}

static int find_chain(struct live *live, xmlNodePtr disk, const struct disk_source *source,
                      struct verror *err)
{
    xmlNodePtr begun = xml_child(disk, "backingStore");
    struct disk_chain chain;

    if (disk_chain_find_open(source->fd, source->path, source->format, &chain, err) < 0)
        return -1;
    if (begun)
        xml_drop(begun);
    write_chain(live, disk, &chain);
    disk_chain_clear(&chain);
    return 0;
}

/* Where a volume is stands beside its names. */
static int write_source(xmlNodePtr disk, const struct domain_disk *def,
                        const struct disk_source *source, struct verror *err)
{
    xmlNodePtr node = xml_child(disk, "source");
    struct stat st;

    if (source->fd < 0 && stat(source->path, &st) < 0)
        return verror_errno(err, errno, "disk '%s': '%s'", def->target, source->path);
    if (!def->pool)
        return 0;
    xml_attribute_set(node, S_ISBLK(st.st_mode) ? "dev" : "file", source->path);
    tree_default(tree_need(disk, "driver"), "type", source->format ? source->format : "raw");
    return 0;
}

/* The host's page cache is no other guest's, unless a user says that he wants it so. */
static void share_safely(xmlNodePtr disk)
{
    xmlNodePtr driver = xml_child(disk, "driver");

    if (xml_child(disk, "shareable") && !xml_child(disk, "readonly") &&
        (!tree_has(driver, "cache") || xml_attribute_is(driver, "cache", "default")))
        xml_attribute_set(driver, "cache", "none");
}

/* The image a guest sees, and those below it if the definition names them. */
static int make_source_live(struct live *live, xmlNodePtr disk, const struct domain_disk *def,
                            struct disk_source *ret, struct verror *err)
{
    unsigned int index = live->next_index++; /* an empty drive's too, as libvirt counts */

    if (disk_source(live, def, ret, err) < 0)
        return -1;
    if (!ret->path) {
        xml_attribute_drop(xml_child(disk, "driver"), "type"); /* there is no image to have one */
        return 0;
    }
    if (write_source(disk, def, ret, err) < 0)
        return -1;
    share_safely(disk);
    tree_setf(xml_child(disk, "source"), "index", "%u", index);
    return def->backing ? number_chain(live, disk, def, err) : 0;
}

/* --- those that it can start without --- */

void disk_drops_clear(struct disk_drops *drops)
{
    for (size_t i = 0; i < drops->n; i++) {
        free(drops->drops[i].path);
        free(drops->drops[i].alias);
    }
    free(drops->drops);
    *drops = (struct disk_drops){ NULL, 0 };
}

static void note_drop(struct disk_drops *drops, xmlNodePtr disk, const struct domain_disk *def)
{
    if (!drops)
        return;
    drops->drops = xrealloc(drops->drops, drops->n + 1, sizeof(*drops->drops));
    drops->drops[drops->n++] = (struct disk_drop){
        .path = xstrdup(def->path),
        .alias = xml_attribute(xml_child(disk, "alias"), "name"),
        .whole = !def->is_cdrom,
    };
}

/* A guest whose memory is read in has had the disk, but does not mind a medium. */
static bool may_be_missing(const struct live *live, const struct domain_disk *disk)
{
    if (disk->fdgroup)
        return false;
    if (live->sources->incoming)
        return disk->is_cdrom && disk->policy != DISK_MANDATORY;
    return disk->policy == DISK_OPTIONAL;
}

static bool is_missing(const struct verror *err)
{
    return err->code == VIR_ERR_SYSTEM_ERROR || err->code == VIR_ERR_NO_STORAGE_VOL;
}

/* -1: it must be there, and err stays; else the drive is empty, or (*disk NULL) the disk gone. */
static int leave_out(struct live *live, xmlNodePtr *disk, const struct domain_disk *def,
                     struct verror *err)
{
    static const char *const parts[] = { "source", "backingStore" };

    if (!is_missing(err) || !may_be_missing(live, def))
        return -1;
    log_info("domain '%s' starts without %s '%s': %s", live->def->name,
             def->is_cdrom ? "the medium of drive" : "disk", def->target, verror_text(err));
    verror_clear(err);
    note_drop(live->sources->drops, *disk, def);
    if (!def->is_cdrom) {
        xml_drop(*disk);
        *disk = NULL;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        xmlNodePtr part = xml_child(*disk, parts[i]);

        if (part)
            xml_drop(part);
    }
    xml_attribute_set(*disk, "type", "file");
    xml_attribute_drop(xml_child(*disk, "driver"), "type");
    return 0;
}

/*
 * From the last disk to the first, and first those that are named, as libvirt numbers images:
 * its clients know them by these numbers.
 */
static int make_disks_live(struct live *live, struct verror *err)
{
    const struct domain_disk *disks = live->def->disks;
    _cleanup_free_ xmlNodePtr *nodes = xcalloc(live->def->ndisks + 1, sizeof(*nodes));
    _cleanup_free_ struct disk_source *sources = xcalloc(live->def->ndisks + 1, sizeof(*sources));
    size_t n = 0;

    for (xmlNodePtr node = xml_first(live->devices, "disk"); node && n < live->def->ndisks;
         node = xml_next(node, "disk"))
        nodes[n++] = node;
    for (size_t i = n; i-- > 0;)
        if (make_source_live(live, nodes[i], &disks[i], &sources[i], err) < 0) {
            if (leave_out(live, &nodes[i], &disks[i], err) < 0)
                return -1;
            sources[i].path = NULL;
        }
    for (size_t i = n; i-- > 0;)
        if (sources[i].path && !disks[i].backing &&
            find_chain(live, nodes[i], &sources[i], err) < 0 &&
            leave_out(live, &nodes[i], &disks[i], err) < 0)
            return -1;
    return 0;
}

/* --- the rest --- */

/* QEMU's machines take whole MiB. */
static void round_memory(struct live *live)
{
    static const uint64_t mib = 1024;
    uint64_t rounded = (live->def->memory_kib + mib - 1) / mib * mib;
    _cleanup_free_ char *text = xasprintf("%llu", (unsigned long long)rounded);

    xml_text_set(xml_child(live->domain, "memory"), text);
    if (live->def->current_kib == live->def->memory_kib)
        xml_text_set(xml_child(live->domain, "currentMemory"), text);
}

static int make_channels_live(struct live *live, struct verror *err)
{
    for (xmlNodePtr node = xml_first(live->devices, "channel"); node;
         node = xml_next(node, "channel")) {
        xmlNodePtr target = xml_child(node, "target"), source = xml_child(node, "source");
        _cleanup_free_ char *name = xml_attribute(target, "name"), *path = NULL;

        if (xml_attribute_is(target, "type", "virtio"))
            xml_attribute_set(target, "state", "disconnected");
        if (!xml_attribute_is(node, "type", "unix") || tree_has(source, "path"))
            continue;
        if (!name)
            return verror_set(err, VIR_ERR_XML_ERROR,
                              "a channel needs a target name or a source path");
        path = xasprintf("%s/%s", live->channel_dir, name);
        if (!source)
            source = xml_child_add(node, "source", NULL);
        xml_attribute_set(source, "mode", "bind");
        xml_attribute_set(source, "path", path);
    }
    return 0;
}

static int live_run(struct live *live, int id, struct verror *err)
{
    struct completion order = { .domain = live->domain, .devices = live->devices };

    tree_setf(live->domain, "id", "%d", id);
    round_memory(live);
    live_aliases(live->devices); /* of all disks, those among them that are left out */
    if (make_disks_live(live, err) < 0 || make_channels_live(live, err) < 0)
        return -1;
    complete_order(&order);
    return 0;
}

xmlDocPtr domain_make_live(const struct complete_host *host, const struct domain_def *def, int id,
                           const char *channel_dir, const struct live_sources *sources,
                           struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;
    struct live live = {
        .def = def, .channel_dir = channel_dir, .sources = sources, .next_index = 1,
    };

    if (check_files(host, def, err) < 0)
        return NULL;
    doc = domain_def_to_doc(def);
    live.domain = xmlDocGetRootElement(doc);
    live.devices = xml_child(live.domain, "devices");
    return live_run(&live, id, err) < 0 ? NULL : STEAL_PTR(doc);
}
