/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a disk is copied to: the file is made, given to QEMU's user, opened by
 * QEMU; and what was made is taken back where nothing comes of the copy.  Workers.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/qemu/block_job.h"
#include "hypervisor/qemu/disk_chain.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/log.h"

enum { COMMAND_MS = 20000 };

/* --- before anything is done --- */

static int check_reused(const struct block_job *block, struct verror *err)
{
    struct disk_chain chain;
    bool has_backing;

    if (disk_chain_find(block->dest.path, block->dest.format, &chain, err) < 0)
        return -1;
    has_backing = chain.n > 1;
    disk_chain_clear(&chain);
    if (has_backing && !block->shallow)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "'%s' has a backing file, and the copy is not shallow", block->dest.path);
    return 0;
}

int block_target_check(struct block_job *block, struct verror *err)
{
    const char *path = block->dest.path;
    struct stat st;

    if (strcmp(block->dest.format, "raw") != 0 && strcmp(block->dest.format, "qcow2") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "format '%s' of '%s' is not provided",
                          block->dest.format, path);
    if (block->shallow && strcmp(block->dest.format, "raw") == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "a shallow copy of disk '%s' into a raw file would lose its backing file",
                          block->target);
    if (stat(path, &st) < 0) {
        if (errno == ENOENT && !block->reuse && !block->dest.is_block)
            return 0;
        return verror_errno(err, errno, "unable to access '%s', the destination of disk '%s'", path,
                            block->target);
    }
    if (block->dest.is_block != S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "'%s', the destination of disk '%s', is %s block device", path,
                          block->target, block->dest.is_block ? "no" : "a");
    if (!block->reuse && !block->dest.is_block && st.st_size > 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "external destination file for disk '%s' already exists and is not a "
                          "block device: %s",
                          block->target, path);
    block->dev = block->dest.is_block ? st.st_rdev : st.st_dev;
    block->ino = block->dest.is_block ? 0 : st.st_ino;
    return block->reuse ? check_reused(block, err) : 0;
}

/* --- the file --- */

/* What the guest sees of the disk; QEMU knows. */
static int virtual_size(const struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                        uint64_t *ret, struct verror *err)
{
    _cleanup_free_ char *name = xasprintf("libvirt-%s-format", block->images.images[0].index);
    json_t *reply = NULL, *node;
    json_int_t size = 0;
    size_t i;

    if (monitor_call(guest->monitor, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), -1,
                     ctl, COMMAND_MS, &reply, err) < 0)
        return -1;
    json_array_foreach(reply, i, node)
    {
        const char *is = json_string_value(json_object_get(node, "node-name"));

        if (is && strcmp(is, name) == 0)
            size =
                json_integer_value(json_object_get(json_object_get(node, "image"), "virtual-size"));
    }
    json_decref(reply);
    if (size <= 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU does not tell the size of disk '%s'",
                          block->target);
    *ret = (uint64_t)size;
    return 0;
}

/* What was looked at when it was asked for, and is locked, is written to: or what is made here. */
static int check_opened(const struct block_job *block, const struct stat *st, struct verror *err)
{
    bool is_same = block->dest.is_block
                       ? S_ISBLK(st->st_mode) && st->st_rdev == block->dev
                       : S_ISREG(st->st_mode) && st->st_dev == block->dev &&
                             st->st_ino == block->ino && st->st_size == 0;

    if (block->made || is_same)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "'%s', the destination of disk '%s', has changed since it was looked at",
                      block->dest.path, block->target);
}

static int open_target(struct block_job *block, struct verror *err)
{
    const char *path = block->dest.path;
    int how = block->dest.is_block ? 0 : block->made ? O_NOFOLLOW | O_CREAT | O_EXCL : O_NOFOLLOW;
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | how, 0600);

    if (fd < 0) {
        (void)verror_errno(err, errno, "cannot make '%s'", path);
        block->made = false;
        return -1;
    }
    if (fstat(fd, &st) < 0 ? verror_errno(err, errno, "cannot make '%s'", path) < 0
                           : check_opened(block, &st, err) < 0) {
        (void)close(fd);
        return -1;
    }
    block->dev = block->dest.is_block ? st.st_rdev : st.st_dev;
    block->ino = block->dest.is_block ? 0 : st.st_ino;
    return fd;
}

/* The job's speed is that of the copy: the few bytes of an empty image are not held up by it. */
static int create_qcow2(const struct qemu_img_target *target, struct job_ctl *ctl,
                        struct verror *err)
{
    struct job_ctl quick;
    int rc;

    job_ctl_init(&quick);
    quick.journal = ctl->journal;
    quick.journal_opaque = ctl->journal_opaque;
    rc = qemu_img_create(target, &quick, err);
    job_ctl_done(&quick);
    return rc;
}

/* A block device has the size it has. */
static int fill_target(const struct block_job *block, int fd, uint64_t size, struct job_ctl *ctl,
                       struct verror *err)
{
    bool is_qcow2 = strcmp(block->dest.format, "qcow2") == 0;
    const struct disk_xml_image *below = block->shallow ? &block->images.images[1] : NULL;
    struct qemu_img_target target = {
        .path = block->dest.path,
        .fd = fd,
        .format = VOL_FORMAT_QCOW2,
        .capacity = size,
        .backing_path = below ? below->path : NULL,
        .backing_format = below ? vol_format_from_name(below->format) : -1,
    };

    if (is_qcow2)
        return create_qcow2(&target, ctl, err);
    if (!block->dest.is_block && ftruncate(fd, (off_t)size) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long", block->dest.path,
                            (unsigned long long)size);
    return 0;
}

int block_target_make(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                      struct verror *err)
{
    _cleanup_close_ int fd = -1;
    uint64_t size = 0;

    if (block->reuse)
        return 0;
    if (virtual_size(block, guest, ctl, &size, err) < 0)
        return -1;
    fd = open_target(block, err);
    return fd < 0 ? -1 : fill_target(block, fd, size, ctl, err);
}

/* Only the very file: somebody may have put another in its place. */
void block_target_remove(const struct block_job *block)
{
    struct stat st;

    if (!block->made || lstat(block->dest.path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if (block->ino ? st.st_dev != block->dev || st.st_ino != block->ino : st.st_size != 0)
        return;
    if (unlink(block->dest.path) < 0 && errno != ENOENT)
        log_error("cannot remove '%s', a copy that came to nothing: %s", block->dest.path,
                  strerror(errno));
}

/* --- its nodes --- */

static void add_cache(json_t *props, const char *cache)
{
    if (!cache)
        return;
    json_object_set_new(props, "cache",
                        json_pack("{s:b, s:b}", "direct",
                                  strcmp(cache, "none") == 0 || strcmp(cache, "directsync") == 0,
                                  "no-flush", strcmp(cache, "unsafe") == 0));
}

static int add_node(struct guest *guest, json_t *props, struct job_ctl *ctl, struct verror *err)
{
    return monitor_call(guest->monitor, "blockdev-add", props, -1, ctl, COMMAND_MS, NULL, err);
}

static json_t *storage_node(const struct block_job *block)
{
    json_t *props =
        json_pack("{s:s, s:s, s:o, s:b, s:s}", "driver",
                  block->dest.is_block ? "host_device" : "file", "filename", block->dest.path,
                  "node-name", json_sprintf("libvirt-%s-storage", block->dest.index),
                  "auto-read-only", 1, "discard", "unmap");

    if (block->aio)
        json_object_set_new(props, "aio", json_string(block->aio));
    add_cache(props, block->cache);
    return props;
}

/* What lies below it is said in any case: QEMU is not to open what the image names. */
static json_t *format_node(const struct block_job *block)
{
    json_t *props = json_pack("{s:o, s:b, s:s, s:o}", "node-name",
                              json_sprintf("libvirt-%s-format", block->dest.index), "read-only", 0,
                              "driver", block->dest.format, "file",
                              json_sprintf("libvirt-%s-storage", block->dest.index));

    if (block->discard)
        json_object_set_new(props, "discard", json_string(block->discard));
    add_cache(props, block->cache);
    if (block->shallow)
        json_object_set_new(props, "backing",
                            json_sprintf("libvirt-%s-format", block->images.images[1].index));
    else if (strcmp(block->dest.format, "raw") != 0)
        json_object_set_new(props, "backing", json_null());
    return props;
}

int block_target_add_nodes(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                           struct verror *err)
{
    if (add_node(guest, storage_node(block), ctl, err) < 0)
        return -1;
    return add_node(guest, format_node(block), ctl, err);
}

void block_nodes_delete(struct guest *guest, const char *index)
{
    static const char *const parts[] = { "format", "storage" };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        json_t *args =
            json_pack("{s:o}", "node-name", json_sprintf("libvirt-%s-%s", index, parts[i]));
        _cleanup_verror_ struct verror err = VERROR_INIT;

        if (monitor_call(guest->monitor, "blockdev-del", args, -1, NULL, COMMAND_MS, NULL, &err) <
            0)
            log_debug("domain '%s': node libvirt-%s-%s: %s", guest->uuid, index, parts[i],
                      verror_text(&err));
    }
}
