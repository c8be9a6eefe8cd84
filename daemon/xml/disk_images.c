/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images of a disk in a domain's XML; see disk_images.h.  Workers. */

#include "xml/disk_images.h"

#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "xml/xml_tree.h"

static xmlNodePtr find_disk(xmlDocPtr doc, const char *target)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (xmlNodePtr disk = xml_first(devices, "disk"); disk; disk = xml_next(disk, "disk"))
        if (xml_attribute_is(xml_child(disk, "target"), "dev", target))
            return disk;
    return NULL;
}

static int no_disk(const char *target, struct verror *err)
{
    return verror_set(err, VIR_ERR_INVALID_ARG, "disk '%s' not found in the domain", target);
}

/* The element of an image: the disk itself, then each <backingStore>; NULL: there are fewer. */
static xmlNodePtr image_node(xmlNodePtr disk, size_t position)
{
    xmlNodePtr node = disk;

    while (node && position-- > 0)
        node = xml_child(node, "backingStore");
    return node;
}

/* --- reading --- */

static void add_image(struct disk_images *images, xmlNodePtr node, bool is_top)
{
    xmlNodePtr source = xml_child(node, "source");
    struct disk_xml_image *image;

    images->images = xrealloc(images->images, images->n + 1, sizeof(*images->images));
    image = &images->images[images->n++];
    *image = (struct disk_xml_image){
        .is_block = xml_attribute_is(node, "type", "block"),
        .format = xml_attribute(xml_child(node, is_top ? "driver" : "format"), "type"),
        .index = xml_attribute(is_top ? source : node, "index"),
    };
    image->path = xml_attribute(source, image->is_block ? "dev" : "file");
    if (!image->format)
        image->format = xstrdup("raw");
}

static void note_index(xmlNodePtr node, unsigned int *highest)
{
    _cleanup_free_ char *text = xml_attribute(node, "index");
    unsigned long index = text ? strtoul(text, NULL, 10) : 0;

    if (index > *highest && index < 1000000000)
        *highest = (unsigned int)index;
}

static unsigned int next_index(xmlDocPtr doc)
{
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    unsigned int highest = 0;

    for (xmlNodePtr disk = xml_first(devices, "disk"); disk; disk = xml_next(disk, "disk")) {
        note_index(xml_child(disk, "source"), &highest);
        for (xmlNodePtr node = xml_child(disk, "backingStore"); node;
             node = xml_child(node, "backingStore"))
            note_index(node, &highest);
    }
    return highest + 1;
}

int disk_images_find(const struct domain_def *live, const char *target, struct disk_images *ret,
                     struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(live);
    xmlNodePtr disk = find_disk(doc, target);
    struct disk_images images = { .next_index = next_index(doc) };

    if (!disk)
        return no_disk(target, err);
    for (xmlNodePtr node = disk; node; node = xml_child(node, "backingStore")) {
        _cleanup_free_ char *type = xml_attribute(node, "type");

        if (node != disk && !type)
            break; /* <backingStore/>: the end */
        add_image(&images, node, node == disk);
    }
    if (images.images[0].index) {
        *ret = images;
        return 0;
    }
    disk_images_clear(&images);
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "disk '%s' does not currently have a source assigned", target);
}

void disk_images_clear(struct disk_images *images)
{
    for (size_t i = 0; i < images->n; i++) {
        free(images->images[i].path);
        free(images->images[i].format);
        free(images->images[i].index);
    }
    free(images->images);
    *images = (struct disk_images){ 0 };
}

/* "vda[2]": 2; -1: it is no such name, -2 with err: of another disk. */
static long parse_index(const char *target, const char *name, struct verror *err)
{
    const char *open = strchr(name, '[');
    char *end;
    long index;

    if (name[0] == '/' || !open)
        return -1;
    index = strtol(open + 1, &end, 10);
    if (index < 0 || end == open + 1 || strcmp(end, "]") != 0)
        return -1;
    if (strlen(target) == (size_t)(open - name) && strncmp(name, target, strlen(target)) == 0)
        return index;
    (void)verror_set(err, VIR_ERR_INVALID_ARG, "requested target '%.*s' does not match target '%s'",
                     (int)(open - name), name, target);
    return -2;
}

int disk_images_pick(const struct disk_images *images, const char *target, const char *top,
                     const char *name, struct verror *err)
{
    long index = parse_index(target, name, err);

    if (index == -2)
        return -1;
    if (strcmp(name, target) == 0 || index == 0)
        return 0;
    for (size_t i = 0; i < images->n; i++) {
        const char *path = images->images[i].path ? images->images[i].path : i == 0 ? top : NULL;

        if (index < 0 ? path && strcmp(path, name) == 0
                      : strtol(images->images[i].index, NULL, 10) == index)
            return (int)i;
    }
    if (index < 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "could not find image '%s' in chain for '%s'",
                          xml_quotable(name), top ? top : target);
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "could not find backing store index '%ld' in chain for '%s'", index,
                      top ? top : target);
}

/* --- changing --- */

/* What lies below `node` from now on is taken from where it was; NULL: nothing does. */
static void put_below(xmlNodePtr node, xmlNodePtr below)
{
    xmlNodePtr old = xml_child(node, "backingStore"), fresh = below;

    if (!fresh)
        fresh = xml_child_add_after(node, old ? old : node->last, "backingStore");
    else if (fresh == old)
        return;
    xmlUnlinkNode(fresh);
    if (old) {
        xmlAddNextSibling(old, fresh);
        xml_drop(old);
    } else {
        xmlAddChild(node, fresh);
    }
}

struct domain_def *domain_def_drop_images(const struct domain_def *live, const char *target,
                                          size_t above, size_t below, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(live);
    xmlNodePtr disk = find_disk(doc, target);
    xmlNodePtr node = disk ? image_node(disk, above) : NULL;

    if (!node) {
        (void)no_disk(target, err);
        return NULL;
    }
    put_below(node, image_node(disk, below));
    return domain_def_from_doc(doc, err);
}

static void set_source(xmlNodePtr disk, const struct disk_xml_image *image)
{
    static const char *const places[] = { "file",   "dev",  "pool",  "volume",
                                          "mode",   "index", "fdgroup" };
    xmlNodePtr source = xml_child(disk, "source"), driver = xml_child(disk, "driver");

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        xml_attribute_drop(source, places[i]);
    xml_attribute_set(disk, "type", image->is_block ? "block" : "file");
    xml_attribute_set(source, image->is_block ? "dev" : "file", image->path);
    if (image->index)
        xml_attribute_set(source, "index", image->index);
    if (!driver) {
        driver = xml_child_add_after(disk, NULL, "driver");
        xml_attribute_set(driver, "name", "qemu");
    }
    xml_attribute_set(driver, "type", image->format);
}

struct domain_def *domain_def_set_image(const struct domain_def *live, const char *target,
                                        const struct disk_xml_image *image, size_t below,
                                        struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(live);
    xmlNodePtr disk = find_disk(doc, target);

    if (!disk || !xml_child(disk, "source")) {
        (void)no_disk(target, err);
        return NULL;
    }
    put_below(disk, image_node(disk, below));
    set_source(disk, image);
    return domain_def_from_doc(doc, err);
}

static const struct domain_disk *disk_of(const struct domain_def *def, const char *target)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (strcmp(def->disks[i].target, target) == 0)
            return &def->disks[i];
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return !a ? !b : b && strcmp(a, b) == 0;
}

int domain_def_follow_image(const struct domain_def *config, const struct domain_def *live,
                            const char *target, const struct disk_xml_image *image,
                            struct domain_def **ret, struct verror *err)
{
    const struct domain_disk *ours = disk_of(config, target), *theirs = disk_of(live, target);
    struct disk_xml_image bare;
    xmlNodePtr disk, below;

    *ret = NULL;
    if (!ours || !theirs || !is_same(ours->path, theirs->path) ||
        !is_same(ours->pool, theirs->pool) || !is_same(ours->volume, theirs->volume))
        return 0;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(config);
    disk = find_disk(doc, target);
    below = xml_child(disk, "backingStore");
    if (!image && !below)
        return 0; /* it says nothing that has changed */
    if (below)
        xml_drop(below);
    if (image) {
        bare = *image;
        bare.index = NULL;
        set_source(disk, &bare);
    }
    *ret = domain_def_from_doc(doc, err);
    return *ret ? 0 : -1;
}

/* --- mirrors --- */

static void add_mirror(xmlNodePtr disk, const struct disk_mirror *mirror)
{
    const struct disk_xml_image *image = &mirror->image;
    const char *type = image->is_block ? "block" : "file",
               *where = image->is_block ? "dev" : "file";
    xmlNodePtr after = xml_child(disk, "backingStore"), node, source;

    node = xml_child_add_after(disk, after ? after : xml_child(disk, "source"), "mirror");
    xml_attribute_set(node, "type", type);
    if (!image->is_block && strcmp(mirror->job, "copy") == 0) { /* as older clients look for it */
        xml_attribute_set(node, "file", image->path);
        xml_attribute_set(node, "format", image->format);
    }
    xml_attribute_set(node, "job", mirror->job);
    if (mirror->ready)
        xml_attribute_set(node, "ready", mirror->ready);
    xml_attribute_set(xml_child_add(node, "format", NULL), "type", image->format);
    source = xml_child_add(node, "source", NULL);
    xml_attribute_set(source, where, image->path);
    xml_attribute_set(source, "index", image->index);
}

struct domain_def *domain_def_add_mirrors(const struct domain_def *live,
                                          const struct disk_mirror *mirrors, size_t nmirrors,
                                          struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(live);

    for (size_t i = 0; i < nmirrors; i++) {
        xmlNodePtr disk = find_disk(doc, mirrors[i].target);

        if (disk)
            add_mirror(disk, &mirrors[i]);
    }
    return domain_def_from_doc(doc, err);
}
