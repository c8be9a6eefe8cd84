/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that a block job copies to, as target_file.h has such files.  Workers. */

#include <string.h>
#include <unistd.h>

#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/target_file.h"

static struct target_file target_of(struct block_job *block)
{
    bool has_below = block->shallow && block->images.n > 1; /* not known yet where it is undone */
    const struct disk_xml_image *below = has_below ? &block->images.images[1] : NULL;

    return (struct target_file){
        .image = &block->dest,
        .state = &block->file,
        .disk = block->target,
        .reuse = block->reuse,
        .has_backing = block->shallow,
        .backing_path = below ? below->path : NULL,
        .backing_format = below ? below->format : NULL,
        .backing_index = below ? below->index : NULL,
        .cache = block->cache,
        .aio = block->aio,
        .discard = block->discard,
    };
}

int block_target_check(struct block_job *block, struct verror *err)
{
    struct target_file file = target_of(block);

    if (block->shallow && strcmp(block->dest.format, "raw") == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "a shallow copy of disk '%s' into a raw file would lose its backing file",
                          block->target);
    return target_file_check(&file, err);
}

bool block_target_is_new(struct block_job *block)
{
    struct target_file file = target_of(block);

    return target_file_is_new(&file);
}

int block_target_make(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                      struct verror *err)
{
    struct target_file file = target_of(block);
    _cleanup_close_ int fd = -1;
    uint64_t size = 0;

    if (block->reuse)
        return 0;
    if (target_disk_size(guest, block->target, block->images.images[0].index, ctl, &size, err) < 0)
        return -1;
    fd = target_file_open(&file, err);
    return fd < 0 ? -1 : target_file_fill(&file, fd, size, ctl, err);
}

void block_target_remove(struct block_job *block)
{
    struct target_file file = target_of(block);

    target_file_remove(&file);
}

int block_target_add_nodes(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                           struct verror *err)
{
    struct target_file file = target_of(block);

    return target_file_add_nodes(&file, guest, ctl, err);
}
