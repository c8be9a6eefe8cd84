/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The images of external snapshots, and definitions with them; see snapshot_overlay.h.  Workers. */

#include "hypervisor/qemu/snapshot_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/qemu/disk_chain.h"
#include "hypervisor/qemu/snapshot_images.h"
#include "storage/publish.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/closer.h"
#include "xml/perms_xml.h"
#include "xml/xml_tree.h"

/* --- the struct --- */

void snapshot_overlays_clear(struct snapshot_overlays *overlays)
{
    for (size_t i = 0; i < overlays->n; i++) {
        free(overlays->list[i].target);
        free(overlays->list[i].path);
        free(overlays->list[i].base);
        free(overlays->list[i].base_format);
        free(overlays->list[i].base_index);
    }
    free(overlays->list);
    *overlays = (struct snapshot_overlays){ NULL, 0 };
}

json_t *snapshot_overlays_to_json(const struct snapshot_overlays *overlays)
{
    json_t *list = json_array();

    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *o = &overlays->list[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:i, s:b, s:b, s:I, s:I}", "target",
                            o->target, "path", o->path, "base", o->base, "format", o->base_format,
                            "base_index", o->base_index, "index", (int)o->index, "block",
                            o->base_is_block, "reused", o->reused, "dev", (json_int_t)o->dev,
                            "ino", (json_int_t)o->ino));
    }
    return list;
}

void snapshot_overlays_from_json(json_t *json, struct snapshot_overlays *ret)
{
    json_t *item;
    size_t i;

    ret->list = xcalloc(json_array_size(json) + 1, sizeof(*ret->list));
    json_array_foreach(json, i, item)
    {
        const char *target = NULL, *path = NULL, *base = NULL, *format = NULL, *index = NULL;
        int number = 0, is_block = 0, reused = 0;
        json_int_t dev = 0, ino = 0;

        if (json_unpack(item, "{s:s, s:s, s:s, s:s, s?s, s:i, s:b, s:b, s:I, s:I}", "target",
                        &target, "path", &path, "base", &base, "format", &format, "base_index",
                        &index, "index", &number, "block", &is_block, "reused", &reused, "dev",
                        &dev, "ino", &ino) < 0)
            continue;
        ret->list[ret->n++] = (struct snapshot_overlay){
            xstrdup(target), xstrdup(path), xstrdup(base),  xstrdup(format), xstrdup(index),
            (unsigned int)number, is_block, reused, (uint64_t)dev, (uint64_t)ino
        };
    }
}

/* --- what is to be made --- */

/* The highest number of an image in a live document: none is used twice while a guest runs. */
static unsigned int last_index(const struct domain_def *domain)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(domain);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    unsigned int last = 0;

    for (xmlNodePtr disk = xml_first(devices, "disk"); disk; disk = xml_next(disk, "disk")) {
        for (xmlNodePtr node = disk; node; node = xml_child(node, "backingStore")) {
            _cleanup_free_ char *text =
                xml_attribute(node == disk ? xml_child(node, "source") : node, "index");
            uint64_t number;

            if (text && xml_parse_number(text, 10, &number) && number < INT32_MAX &&
                number > last)
                last = (unsigned int)number;
        }
    }
    return last;
}

static int check_format(const struct snapshot_disk *disk, struct verror *err)
{
    if (!disk->format || strcmp(disk->format, "qcow2") == 0)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "external snapshot format for disk %s is unsupported: %s", disk->name,
                      disk->format);
}

static int name_overlay(struct snapshot_disk *disk, const char *snapshot, const char *base,
                        bool is_block, struct verror *err)
{
    if (disk->path)
        return 0;
    if (is_block)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "cannot generate external snapshot name for disk '%s' on a 'block' device",
                          disk->name);
    disk->path = snapshot_overlay_path(base, snapshot);
    return 0;
}

/* One that is reused is looked at like a disk: it must be what it says it is. */
static int look_at_new(struct snapshot_overlay *overlay, struct verror *err)
{
    struct disk_chain chain;
    struct stat st;

    if (overlay->reused) {
        if (disk_chain_find(overlay->path, "qcow2", &chain, err) < 0)
            return -1;
        overlay->dev = chain.images[0].dev;
        overlay->ino = chain.images[0].ino;
        disk_chain_clear(&chain);
        return 0;
    }
    if (lstat(overlay->path, &st) == 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "external snapshot file for disk %s already exists and is not a block "
                          "device: %s",
                          overlay->target, overlay->path);
    if (errno == ENOENT)
        return 0;
    return verror_errno(err, errno, "cannot look at '%s'", overlay->path);
}

static int check_twice(const struct snapshot_overlays *overlays, const char *path,
                       struct verror *err)
{
    for (size_t i = 0; i < overlays->n; i++) {
        if (strcmp(overlays->list[i].path, path) == 0)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "the new image '%s' is that of two disks", path);
    }
    return 0;
}

static int plan_disk(struct snapshot_def *def, size_t i, const struct domain_disk *disk,
                     const char *base, const char *format, bool live, bool reuse,
                     struct snapshot_overlays *overlays, struct verror *err)
{
    struct snapshot_disk *said = &def->disks[i];
    struct snapshot_overlay *overlay;
    struct disk_chain chain;
    bool is_block;

    if (!base || disk->readonly)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "external snapshot of disk '%s', which is empty or only read",
                          disk->target);
    if (check_format(said, err) < 0 || disk_chain_find(base, format, &chain, err) < 0)
        return -1;
    is_block = chain.images[0].is_block;
    disk_chain_clear(&chain);
    if (name_overlay(said, def->name, base, is_block, err) < 0 ||
        check_twice(overlays, said->path, err) < 0)
        return -1;
    if (!said->format)
        said->format = xstrdup("qcow2");
    overlays->list = xrealloc(overlays->list, overlays->n + 1, sizeof(*overlays->list));
    overlay = &overlays->list[overlays->n++];
    *overlay = (struct snapshot_overlay){
        .target = xstrdup(disk->target),
        .path = xstrdup(said->path),
        .base = xstrdup(base),
        .base_format = xstrdup(format ? format : "raw"),
        .base_index = live ? xstrdup(disk->index) : NULL,
        .base_is_block = is_block,
        .reused = reuse,
    };
    return look_at_new(overlay, err);
}

int snapshot_overlays_plan(struct snapshot_def *def, const struct domain_def *domain,
                           const struct volume_path *volumes, size_t nvolumes, bool live,
                           bool reuse, struct snapshot_overlays *ret, struct verror *err)
{
    unsigned int index = live ? last_index(domain) : 0;

    for (size_t i = 0; i < domain->ndisks; i++) {
        const char *format;
        const char *base = snapshot_disk_path(&domain->disks[i], volumes, nvolumes, &format);

        if (def->disks[i].place != SNAPSHOT_PLACE_EXTERNAL)
            continue;
        if (plan_disk(def, i, &domain->disks[i], base, format, live, reuse, ret, err) < 0)
            return -1;
        if (live)
            ret->list[ret->n - 1].index = ++index;
    }
    return 0;
}

/* --- the files --- */

struct place {
    int dirfd;
    const char *name; /* in overlay->path */
    char temp[PUBLISH_TEMP_MAX + 8];
};

static int find_place(const struct snapshot_overlays *overlays, size_t i, uint64_t job_id,
                      struct place *ret, struct verror *err)
{
    const char *path = overlays->list[i].path;
    _cleanup_free_ char *copy = xstrdup(path);
    char temp[PUBLISH_TEMP_MAX];

    ret->dirfd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->dirfd < 0)
        return verror_errno(err, errno, "cannot open the directory of '%s'", path);
    ret->name = strrchr(path, '/') + 1;
    publish_temp_name(temp, job_id);
    (void)snprintf(ret->temp, sizeof(ret->temp), "%s-%zu", temp, i);
    return 0;
}

static bool has_bitmap(const json_t *bitmaps, const char *name)
{
    json_t *bitmap;
    size_t i;

    json_array_foreach(bitmaps, i, bitmap)
    {
        const char *other = json_string_value(json_object_get(bitmap, "name"));

        if (other && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* Of a running guest QEMU adds them, as it puts the image on top. */
static int add_bitmaps(const struct snapshot_overlay *overlay, int fd, const json_t *bitmaps,
                       const json_t *there, struct job_ctl *ctl, struct verror *err)
{
    json_t *bitmap;
    size_t i;

    json_array_foreach(bitmaps, i, bitmap)
    {
        const char *name = json_string_value(json_object_get(bitmap, "name"));
        json_int_t granularity = json_integer_value(json_object_get(bitmap, "granularity"));

        if (name && !has_bitmap(there, name) &&
            qemu_img_bitmap_add(overlay->path, fd, name, (uint64_t)granularity, ctl, err) < 0)
            return -1;
    }
    return 0;
}

/* One that comes to nothing keeps them, empty. */
static int follow_in_reused(const struct snapshot_overlay *overlay, struct job_ctl *ctl,
                            struct verror *err)
{
    json_t *bitmaps = NULL, *there = NULL;
    uint64_t size;
    int rc = qemu_img_bitmaps(overlay->base, overlay->base_format, ctl, &size, &bitmaps, err);

    if (rc == 0 && json_array_size(bitmaps) > 0)
        rc = qemu_img_bitmaps(overlay->path, "qcow2", ctl, &size, &there, err);
    if (rc == 0)
        rc = add_bitmaps(overlay, -1, bitmaps, there, ctl, err);
    json_decref(bitmaps);
    json_decref(there);
    return rc;
}

static int fill(const struct snapshot_overlay *overlay, int fd, bool live, struct job_ctl *ctl,
                struct verror *err)
{
    json_t *bitmaps = NULL;
    int rc;
    struct qemu_img_target target = {
        .path = overlay->path,
        .fd = fd,
        .format = VOL_FORMAT_QCOW2,
        .backing_path = overlay->base,
        .backing_format = vol_format_from_name(overlay->base_format),
        .backing_in_use = live,
    };

    if (qemu_img_bitmaps(overlay->base, overlay->base_format, ctl, &target.capacity, &bitmaps,
                         err) < 0)
        return -1;
    rc = qemu_img_create(&target, ctl, err);
    if (rc == 0 && !live)
        rc = add_bitmaps(overlay, fd, bitmaps, NULL, ctl, err);
    json_decref(bitmaps);
    return rc;
}

static int make_one(struct snapshot_overlays *overlays, size_t i, bool live, uint64_t job_id,
                    struct job_ctl *ctl, struct verror *err)
{
    struct snapshot_overlay *overlay = &overlays->list[i];
    struct place place;
    struct stat st;
    int fd, rc = -1;

    if (find_place(overlays, i, job_id, &place, err) < 0)
        return -1;
    fd = publish_create(place.dirfd, place.temp, err);
    if (fd >= 0 && fstat(fd, &st) < 0)
        verror_errno(err, errno, "cannot look at '%s'", overlay->path);
    else if (fd >= 0) {
        overlay->dev = st.st_dev;
        overlay->ino = st.st_ino;
        rc = fill(overlay, fd, live, ctl, err);
    }
    if (fd >= 0)
        close_later(fd);
    (void)close(place.dirfd); /* a directory */
    return rc;
}

int snapshot_overlays_make(struct snapshot_overlays *overlays, bool live, uint64_t job_id,
                           struct job_ctl *ctl, struct verror *err)
{
    json_t *json = json_object();
    _cleanup_free_ char *text = NULL;

    job_ctl_step(ctl, "making the new images");
    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *overlay = &overlays->list[i];
        int rc = 0;

        if (!overlay->reused)
            rc = make_one(overlays, i, live, job_id, ctl, err);
        else if (!live)
            rc = follow_in_reused(overlay, ctl, err);
        if (rc < 0) {
            json_decref(json);
            return -1;
        }
    }
    json_object_set_new(json, "overlays", snapshot_overlays_to_json(overlays));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    job_ctl_checkpoint(ctl, text); /* on disk with the point of no return at the latest */
    return 0;
}

static int publish_one(const struct snapshot_overlays *overlays, size_t i, uint64_t job_id,
                       struct verror *err)
{
    static const struct perms perms = PERMS_INIT;
    struct place place;
    int fd, rc = -1;

    if (find_place(overlays, i, job_id, &place, err) < 0)
        return -1;
    fd = openat(place.dirfd, place.temp, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        verror_errno(err, errno, "cannot open the new image for '%s'", overlays->list[i].path);
    else
        rc = publish_commit(place.dirfd, place.temp, fd, place.name, &perms, err);
    if (fd >= 0)
        close_later(fd);
    (void)close(place.dirfd); /* a directory */
    return rc;
}

int snapshot_overlays_publish(const struct snapshot_overlays *overlays, uint64_t job_id,
                              struct verror *err)
{
    for (size_t i = 0; i < overlays->n; i++) {
        if (!overlays->list[i].reused && publish_one(overlays, i, job_id, err) < 0)
            return -1;
    }
    return 0;
}

void snapshot_overlays_remove(const struct snapshot_overlays *overlays, uint64_t job_id)
{
    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *overlay = &overlays->list[i];
        struct place place;

        if (overlay->reused || find_place(overlays, i, job_id, &place, NULL) < 0)
            continue;
        publish_discard(place.dirfd, place.temp);
        if (overlay->ino &&
            publish_is_done(place.dirfd, place.name, overlay->dev, overlay->ino) > 0)
            publish_discard(place.dirfd, place.name);
        (void)close(place.dirfd); /* a directory */
    }
}

bool snapshot_overlays_recall(struct snapshot_overlays *overlays, const char *checkpoint)
{
    json_t *json = checkpoint ? json_loads(checkpoint, 0, NULL) : NULL;
    json_t *list = json_object_get(json, "overlays");
    bool made = list && json_array_size(list) == overlays->n;

    if (made) {
        snapshot_overlays_clear(overlays);
        snapshot_overlays_from_json(list, overlays);
    }
    json_decref(json);
    return made;
}

bool snapshot_overlays_are_there(const struct snapshot_overlays *overlays)
{
    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *overlay = &overlays->list[i];
        struct stat st;

        if (lstat(overlay->path, &st) < 0 || st.st_ino != overlay->ino)
            return false;
    }
    return true;
}

/* --- definitions --- */

static const struct domain_disk *find_disk(const struct domain_def *def, const char *target)
{
    for (size_t i = 0; i < def->ndisks; i++)
        if (strcmp(def->disks[i].target, target) == 0)
            return &def->disks[i];
    return NULL;
}

static xmlNodePtr find_node(xmlNodePtr devices, const char *target)
{
    xmlNodePtr node = xml_first(devices, "disk");

    while (node && !xml_attribute_is(xml_child(node, "target"), "dev", target))
        node = xml_next(node, "disk");
    return node;
}

/* The old image as what lies below, with all below it; a definition that names no chain needs none. */
static void push_down(xmlNodePtr disk, const struct snapshot_overlay *overlay)
{
    xmlNodePtr source = xml_child(disk, "source"), below = xml_child(disk, "backingStore");
    xmlNodePtr node = xml_child_add_after(disk, source, "backingStore"), format;

    xml_attribute_set(node, "type", overlay->base_is_block ? "block" : "file");
    if (overlay->base_index)
        xml_attribute_set(node, "index", overlay->base_index);
    format = xml_child_add(node, "format", NULL);
    xml_attribute_set(format, "type", overlay->base_format);
    source = xml_child_add(node, "source", NULL);
    xml_attribute_set(source, overlay->base_is_block ? "dev" : "file", overlay->base);
    if (below) {
        xmlUnlinkNode(below);
        xmlAddChild(node, below);
    } else {
        (void)xml_child_add(node, "backingStore", NULL);
    }
}

static void put_on_top(xmlNodePtr disk, const struct snapshot_overlay *overlay, bool live)
{
    static const char *const places[] = { "file", "dev", "pool", "volume", "index", "startupPolicy",
                                          "mode" };
    xmlNodePtr source = xml_child(disk, "source"), driver = xml_child(disk, "driver");
    _cleanup_free_ char *index = xasprintf("%u", overlay->index);

    if (live || xml_child(disk, "backingStore"))
        push_down(disk, overlay);
    xml_attribute_set(disk, "type", "file");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        xml_attribute_drop(source, places[i]);
    xml_attribute_set(source, "file", overlay->path);
    if (live)
        xml_attribute_set(source, "index", index);
    if (!driver) {
        driver = xml_child_add_after(disk, NULL, "driver");
        xml_attribute_set(driver, "name", "qemu");
    }
    xml_attribute_set(driver, "type", "qcow2");
}

/* Another disk may have taken that target in a definition that the guest does not run with. */
static bool is_base(const struct domain_disk *disk, const struct snapshot_overlay *overlay)
{
    return disk && ((disk->path && strcmp(disk->path, overlay->base) == 0) || disk->pool);
}

struct domain_def *snapshot_overlays_put(const struct snapshot_overlays *overlays,
                                         const struct domain_def *def, bool live,
                                         struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (size_t i = 0; i < overlays->n; i++) {
        const struct snapshot_overlay *overlay = &overlays->list[i];
        xmlNodePtr disk = find_node(devices, overlay->target);

        if (disk && is_base(find_disk(def, overlay->target), overlay))
            put_on_top(disk, overlay, live);
    }
    return domain_def_from_doc(doc, err);
}
