/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints as moments of a domain, and their bitmaps; see checkpoints.h. */

#include "hypervisor/checkpoints.h"

#include <libvirtjob/types.h>
#include <string.h>
#include <time.h>

#include "hypervisor/domain.h"
#include "hypervisor/qemu/bitmaps.h"
#include "util/alloc.h"
#include "xml/disk_images.h"
#include "xml/domain_def.h"

/* --- as a moment --- */

enum { LEAVES = VIR_DOMAIN_CHECKPOINT_LIST_LEAVES | VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES };

static const struct moment_filter filters[] = {
    { VIR_DOMAIN_CHECKPOINT_LIST_LEAVES, LEAVES, moment_is_leaf },
    { VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES, LEAVES, moment_has_children },
};

static struct moment_key key_of(const void *opaque)
{
    const struct checkpoint_def *def = opaque;

    return (struct moment_key){ def->name, def->parent, def->xml };
}

static void *parse(const char *xml, struct verror *err)
{
    struct checkpoint_def *def = checkpoint_def_parse(xml, true, err);

    if (def)
        def->xml = xstrdup(xml);
    return def;
}

static void *ref(void *def)
{
    return checkpoint_def_ref(def);
}

static void unref(void *def)
{
    checkpoint_def_unref(def);
}

static void *moved(const void *opaque, const char *parent)
{
    struct checkpoint_def *def = checkpoint_def_copy(opaque);

    free(def->parent);
    def->parent = xstrdup(parent);
    return def;
}

static struct moments *of_domain(struct domain *domain)
{
    return &domain->checkpoints;
}

const struct moment_type checkpoint_moments = {
    .name = "checkpoint",
    .no_such = VIR_ERR_NO_DOMAIN_CHECKPOINT,
    .key = key_of,
    .parse = parse,
    .ref = ref,
    .unref = unref,
    .moved = moved,
    .of = of_domain,
    .filters = filters,
    .nfilters = ARRAY_SIZE(filters),
    .topological = VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL,
};

/* --- one that is made --- */

int checkpoint_check_new(struct domain *domain, struct checkpoint_def *def, struct verror *err)
{
    const struct moment *current = domain->checkpoints.current;

    if (moment_find(&domain->checkpoints, def->name))
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "domain checkpoint %s already exists",
                          def->name);
    if (moments_check_room(&domain->checkpoints, err) < 0)
        return -1;
    free(def->parent);
    def->parent = current ? xstrdup(current->key.name) : NULL;
    return 0;
}

void checkpoint_made(struct domain *domain, struct checkpoint_def *def)
{
    domain->checkpoints.current = moment_put(&domain->checkpoints, def);
}

/* A backup asks for what is recorded since a checkpoint by the name of that. */
static int check_bitmap_names(const struct checkpoint_def *def, struct verror *err)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct checkpoint_disk *disk = &def->disks[i];

        if (disk->bitmap && strcmp(disk->bitmap, def->name) != 0)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "bitmap for disk '%s' must match checkpoint name '%s'", disk->name,
                              def->name);
    }
    return 0;
}

int checkpoint_complete(struct checkpoint_def *def, const struct domain_def *live,
                        struct verror *err)
{
    const unsigned int flags = VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE;

    if (checkpoint_def_align(def, live, err) < 0 || check_bitmap_names(def, err) < 0)
        return -1;
    def->created = (int64_t)time(NULL);
    free(def->domain);
    def->domain = domain_def_format(live, flags, NULL);
    return checkpoint_def_seal(def, err);
}

char *checkpoint_node(const struct domain_disk *disk)
{
    return xasprintf("libvirt-%s-format", disk->index ? disk->index : "");
}

/* One in a lower image would count as this checkpoint's, and go with it, though it is another's. */
static int check_free(const struct domain_def *live, const char *target, const char *name,
                      const struct bitmaps *bitmaps, struct verror *err)
{
    struct disk_images images;
    int rc = disk_images_find(live, target, &images, err);

    if (rc < 0)
        return -1;
    for (size_t i = 0; i < images.n && rc == 0; i++) {
        _cleanup_free_ char *node = xasprintf("libvirt-%s-format", images.images[i].index);

        if (bitmaps_get(bitmaps, node, name))
            rc = verror_set(err, VIR_ERR_OPERATION_INVALID,
                            "%s image of disk '%s' has a bitmap '%s' already",
                            i == 0 ? "the" : "a lower", target, name);
    }
    disk_images_clear(&images);
    return rc;
}

static int step_create(const struct domain_def *live, const struct domain_disk *disk,
                       const char *name, const struct bitmaps *bitmaps, json_t *steps,
                       struct verror *err)
{
    _cleanup_free_ char *node = checkpoint_node(disk);
    const struct bitmap_image *image = bitmaps_image(bitmaps, node);

    if (disk->format && strcmp(disk->format, "qcow2") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "checkpoint for disk %s unsupported for storage type %s", disk->target,
                          disk->format);
    if (!image || !image->holds)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "checkpoint for disk %s unsupported: its image cannot hold bitmaps",
                          disk->target);
    if (check_free(live, disk->target, name, bitmaps, err) < 0)
        return -1;
    json_array_append_new(steps, bitmap_step_add(node, name, true, 0));
    return 0;
}

int checkpoint_steps_create(const struct checkpoint_def *def, const struct domain_def *live,
                            const struct bitmaps *bitmaps, json_t *steps, struct verror *err)
{
    for (size_t i = 0; i < live->ndisks; i++) {
        const struct domain_disk *disk = &live->disks[i];
        const struct checkpoint_disk *mine = checkpoint_def_disk(def, disk->target);

        if (mine && mine->bitmap &&
            step_create(live, disk, mine->bitmap, bitmaps, steps, err) < 0)
            return -1;
    }
    return 0;
}
