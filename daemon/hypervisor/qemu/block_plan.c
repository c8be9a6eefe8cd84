/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a block job is about: which images of the disk it works on, and what
 * the domain is once it is done.  The live XML says which images there are and
 * what QEMU calls their nodes.  Workers.
 */

#include <string.h>

#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/disk_chain.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

/* --- how the disk is opened --- */

static const char *known(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; word && i < n; i++)
        if (strcmp(words[i], word) == 0)
            return words[i];
    return NULL;
}

static int read_driver(struct block_job *block, struct verror *err)
{
    static const char *const caches[] = { "none", "writethrough", "writeback", "directsync",
                                          "unsafe" };
    static const char *const ios[] = { "native", "threads", "io_uring" };
    static const char *const discards[] = { "unmap", "ignore" };
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(block->live);
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");
    xmlNodePtr disk = xml_first(devices, "disk"), driver;
    _cleanup_free_ char *cache = NULL, *io = NULL, *discard = NULL;

    while (disk && !xml_attribute_is(xml_child(disk, "target"), "dev", block->target))
        disk = xml_next(disk, "disk");
    if (disk && (xml_child(disk, "readonly") || xml_attribute_is(disk, "device", "cdrom")))
        return verror_set(err, VIR_ERR_OPERATION_INVALID, "disk '%s' is read-only", block->target);
    driver = xml_child(disk, "driver");
    cache = xml_attribute(driver, "cache");
    io = xml_attribute(driver, "io");
    discard = xml_attribute(driver, "discard");
    block->cache = known(caches, ARRAY_SIZE(caches), cache);
    block->aio = known(ios, ARRAY_SIZE(ios), io);
    block->discard = known(discards, ARRAY_SIZE(discards), discard);
    return 0;
}

/* --- which images --- */

static int pick(struct block_job *block, const char *name, size_t *ret, struct verror *err)
{
    int at = disk_images_pick(&block->images, block->target, block->source, name, err);

    if (at < 0)
        return -1;
    *ret = (size_t)at;
    return 0;
}

static int plan_pull(struct block_job *block, struct verror *err)
{
    block->base_at = block->images.n;
    if (!block->base)
        return 0;
    if (pick(block, block->base, &block->base_at, err) < 0)
        return -1;
    if (block->base_at == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "base '%s' of disk '%s' is the image that is pulled into", block->base,
                          block->target);
    return 0;
}

static int find_base(struct block_job *block, struct verror *err)
{
    size_t below = block->top_at + 1;

    if (below >= block->images.n)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "top '%s' in chain for '%s' has no backing file",
                          block->top ? block->top : block->target, block->source);
    block->base_at = block->only_below ? below : block->images.n - 1;
    if (!block->base)
        return 0;
    if (pick(block, block->base, &block->base_at, err) < 0)
        return -1;
    if (block->base_at <= block->top_at || (block->only_below && block->base_at != below))
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "base '%s' is not %sbelow '%s' in chain for '%s'", block->base,
                          block->only_below ? "immediately " : "",
                          block->top ? block->top : block->target, block->source);
    return 0;
}

/* The base is what the disk goes on with: as a mirror it is shown, too. */
static void take_base(struct block_job *block)
{
    const struct disk_xml_image *base = &block->images.images[block->base_at];

    if (block->dest.path)
        return;
    block->dest = (struct disk_xml_image){ xstrdup(base->path), xstrdup(base->format),
                                           xstrdup(base->index), base->is_block };
}

static int plan_commit(struct block_job *block, struct verror *err)
{
    block->top_at = 0;
    if (block->top && pick(block, block->top, &block->top_at, err) < 0)
        return -1;
    if (block->top_at == 0 && !block->active)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "commit of '%s' active layer requires active flag", block->target);
    if (block->top_at > 0 && block->active)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "active commit requested but '%s' is not active", block->top);
    if (find_base(block, err) < 0)
        return -1;
    /* only the first time: once it is accepted the loop looks at these, too */
    if (block->active && block->type == BLOCK_JOB_COMMIT)
        block->type = BLOCK_JOB_ACTIVE_COMMIT;
    if (block->active)
        take_base(block);
    return 0;
}

static int plan_copy(struct block_job *block, struct verror *err)
{
    (void)err;
    if (!block->dest.format)
        block->dest.format = xstrdup(block->images.images[0].format);
    if (!block->dest.index)
        block->dest.index = xasprintf("%u", block->images.next_index);
    if (block->images.n < 2 && block->shallow)
        block->shallow = false; /* there is nothing that it could leave out */
    return 0;
}

int block_job_plan(struct block_job *block, struct verror *err)
{
    disk_images_clear(&block->images);
    if (disk_images_find(block->live, block->target, &block->images, err) < 0 ||
        read_driver(block, err) < 0)
        return -1;
    if (block->type == BLOCK_JOB_PULL)
        return plan_pull(block, err);
    if (block->type == BLOCK_JOB_COPY)
        return plan_copy(block, err);
    return plan_commit(block, err);
}

/* --- what the base is called --- */

/* Position of the image that comes to lie on it. */
static size_t above_base(const struct block_job *block)
{
    return block->type == BLOCK_JOB_COMMIT ? block->top_at - 1 : 0;
}

static char *relative_name(const struct block_job *block, struct verror *err)
{
    size_t above = above_base(block);
    const struct disk_xml_image *image = &block->images.images[above];
    const char *path = above == 0 ? block->source : image->path;
    struct disk_chain chain = { NULL, 0 };
    char *name;

    if (disk_chain_find(path, image->format, &chain, err) < 0)
        return NULL;
    name = disk_chain_relative(&chain, block->base_at - above);
    disk_chain_clear(&chain);
    if (!name)
        (void)verror_set(err, VIR_ERR_OPERATION_INVALID,
                         "can't keep relative backing relationship of disk '%s': an image names the "
                         "one below it absolutely",
                         block->target);
    return name;
}

int block_job_name_base(struct block_job *block, struct verror *err)
{
    bool has_base = block->base_at < block->images.n && block->type != BLOCK_JOB_COPY &&
                    block->type != BLOCK_JOB_ACTIVE_COMMIT;

    free(STEAL_PTR(block->base_name));
    if (!has_base)
        return 0;
    if (block->relative)
        return (block->base_name = relative_name(block, err)) ? 0 : -1;
    block->base_name = xstrdup(block->images.images[block->base_at].path);
    return 0;
}

/* --- what comes of it --- */

static struct domain_def *live_outcome(const struct block_job *block, struct verror *err)
{
    size_t n = block->images.n;

    switch (block->type) {
    case BLOCK_JOB_PULL:
        return domain_def_drop_images(block->live, block->target, 0, block->base_at, err);
    case BLOCK_JOB_COMMIT:
        return domain_def_drop_images(block->live, block->target, block->top_at - 1, block->base_at,
                                      err);
    case BLOCK_JOB_ACTIVE_COMMIT:
        return domain_def_set_image(block->live, block->target, &block->dest, block->base_at + 1,
                                    err);
    case BLOCK_JOB_COPY:
        break;
    }
    return domain_def_set_image(block->live, block->target, &block->dest, block->shallow ? 1 : n,
                                err);
}

void block_job_dropped(const struct block_job *block, size_t *ret_first, size_t *ret_end)
{
    *ret_first = 0;
    *ret_end = block->base_at;
    if (block->type == BLOCK_JOB_PULL)
        *ret_first = 1;
    else if (block->type == BLOCK_JOB_COMMIT)
        *ret_first = block->top_at;
    else if (block->type == BLOCK_JOB_COPY)
        *ret_end = block->shallow ? 1 : block->images.n;
}

int block_job_outcome(struct block_job *block, struct domain_def **ret_live,
                      struct domain_def **ret_config, size_t *ret_first, size_t *ret_end,
                      struct verror *err)
{
    bool moves = block->type == BLOCK_JOB_COPY || block->type == BLOCK_JOB_ACTIVE_COMMIT;

    block_job_dropped(block, ret_first, ret_end);
    if (block->config && domain_def_follow_image(block->config, block->live, block->target,
                                                 moves ? &block->dest : NULL, ret_config, err) < 0)
        return -1;
    *ret_live = live_outcome(block, err);
    return *ret_live ? 0 : -1;
}

static const struct domain_disk *disk_of(const struct domain_def *def, const char *target)
{
    for (size_t i = 0; def && i < def->ndisks; i++)
        if (strcmp(def->disks[i].target, target) == 0)
            return &def->disks[i];
    return NULL;
}

int block_job_outcome_alone(struct block_job *block, struct domain_def **ret, struct verror *err)
{
    const struct domain_disk *disk = disk_of(block->config, block->target);

    *ret = NULL;
    if (!disk || !disk->path || !block->source || strcmp(disk->path, block->source) != 0)
        return 0;
    return domain_def_follow_image(block->config, block->config, block->target, &block->dest, ret,
                                   err);
}
