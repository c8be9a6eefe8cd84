/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that data of a guest's disk is written to; see target_file.h.  Workers. */

#include "hypervisor/qemu/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/qemu/disk_chain.h"
#include "storage/qemu_img.h"
#include "util/alloc.h"
#include "util/log.h"

enum { COMMAND_MS = 20000 };

/* --- before anything is done --- */

static int check_reused(const struct target_file *file, struct verror *err)
{
    struct disk_chain chain;
    bool has_backing;

    if (disk_chain_find(file->image->path, file->image->format, &chain, err) < 0)
        return -1;
    has_backing = chain.n > 1;
    disk_chain_clear(&chain);
    if (has_backing && !file->has_backing)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "'%s' has a backing file, and the copy is not shallow",
                          file->image->path);
    return 0;
}

static int refuse_existing(const struct target_file *file, struct verror *err)
{
    if (file->is_backup)
        return verror_set(err, VIR_ERR_INVALID_ARG, "store '%s' for backup of '%s' exists",
                          file->image->path, file->disk);
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "external destination file for disk '%s' already exists and is not a "
                      "block device: %s",
                      file->disk, file->image->path);
}

static const char *kind_of(const struct target_file *file)
{
    return file->is_backup ? "store for backup" : "destination";
}

static int check_existing(const struct target_file *file, const struct stat *st, struct verror *err)
{
    bool is_block = file->image->is_block;

    if (is_block != S_ISBLK(st->st_mode))
        return verror_set(err, VIR_ERR_INVALID_ARG, "'%s', the %s of disk '%s', is %s block device",
                          file->image->path, kind_of(file), file->disk, is_block ? "no" : "a");
    if (!file->reuse && !is_block && st->st_size > 0)
        return refuse_existing(file, err);
    file->state->dev = is_block ? st->st_rdev : st->st_dev;
    file->state->ino = is_block ? 0 : st->st_ino;
    return file->reuse ? check_reused(file, err) : 0;
}

int target_file_check(const struct target_file *file, struct verror *err)
{
    const char *path = file->image->path, *format = file->image->format;
    struct stat st;

    if (strcmp(format, "raw") != 0 && strcmp(format, "qcow2") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "format '%s' of '%s' is not provided",
                          format, path);
    if (stat(path, &st) == 0)
        return check_existing(file, &st, err);
    if (errno == ENOENT && !file->reuse && !file->image->is_block)
        return 0;
    return verror_errno(err, errno, "unable to access '%s', the %s of disk '%s'", path,
                        kind_of(file), file->disk);
}

/* --- the file --- */

static json_int_t size_of(const json_t *nodes, const char *name)
{
    const json_t *node;
    size_t i;

    json_array_foreach(nodes, i, node)
    {
        const char *is = json_string_value(json_object_get(node, "node-name"));

        if (is && strcmp(is, name) == 0)
            return json_integer_value(
                json_object_get(json_object_get(node, "image"), "virtual-size"));
    }
    return 0;
}

int target_disk_size(struct guest *guest, const char *disk, const char *index, struct job_ctl *ctl,
                     uint64_t *ret, struct verror *err)
{
    _cleanup_free_ char *name = xasprintf("libvirt-%s-format", index);
    json_t *reply = NULL;
    json_int_t size;

    if (monitor_call(guest->monitor, "query-named-block-nodes", json_pack("{s:b}", "flat", 1), -1,
                     ctl, COMMAND_MS, &reply, err) < 0)
        return -1;
    size = size_of(reply, name);
    json_decref(reply);
    if (size <= 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "QEMU does not tell the size of disk '%s'",
                          disk);
    *ret = (uint64_t)size;
    return 0;
}

bool target_file_is_new(const struct target_file *file)
{
    bool is_new = !file->reuse && !file->image->is_block && access(file->image->path, F_OK) < 0;

    file->state->made = is_new;
    if (is_new)
        file->state->dev = file->state->ino = 0;
    return is_new;
}

/* What was looked at when it was asked for, and is locked, is written to: or what is made here. */
static int check_opened(const struct target_file *file, const struct stat *st, struct verror *err)
{
    bool is_same = file->image->is_block
                       ? S_ISBLK(st->st_mode) && st->st_rdev == file->state->dev
                       : S_ISREG(st->st_mode) && st->st_dev == file->state->dev &&
                             st->st_ino == file->state->ino && st->st_size == 0;

    if (file->state->made || is_same)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "'%s', the %s of disk '%s', has changed since it was looked at",
                      file->image->path, kind_of(file), file->disk);
}

int target_file_open(const struct target_file *file, struct verror *err)
{
    const char *path = file->image->path;
    int made = file->state->made ? O_NOFOLLOW | O_CREAT | O_EXCL : O_NOFOLLOW;
    int how = file->image->is_block ? 0 : made;
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC | how, 0600);

    if (fd < 0) {
        (void)verror_errno(err, errno, "cannot make '%s'", path);
        file->state->made = false;
        return -1;
    }
    if (fstat(fd, &st) < 0 ? verror_errno(err, errno, "cannot make '%s'", path) < 0
                           : check_opened(file, &st, err) < 0) {
        (void)close(fd);
        return -1;
    }
    file->state->dev = file->image->is_block ? st.st_rdev : st.st_dev;
    file->state->ino = file->image->is_block ? 0 : st.st_ino;
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
int target_file_fill(const struct target_file *file, int fd, uint64_t size, struct job_ctl *ctl,
                     struct verror *err)
{
    struct qemu_img_target target = {
        .path = file->image->path,
        .fd = fd,
        .format = VOL_FORMAT_QCOW2,
        .capacity = size,
        .backing_path = file->backing_path,
        .backing_format = file->backing_path ? vol_format_from_name(file->backing_format) : -1,
        .backing_in_use = file->is_backup,
    };

    if (strcmp(file->image->format, "qcow2") == 0)
        return create_qcow2(&target, ctl, err);
    if (!file->image->is_block && ftruncate(fd, (off_t)size) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long", file->image->path,
                            (unsigned long long)size);
    return 0;
}

/* Only the very file: somebody may have put another in its place. */
void target_file_remove(const struct target_file *file)
{
    const struct target_state *state = file->state;
    struct stat st;

    if (!state->made || lstat(file->image->path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if (state->ino ? st.st_dev != state->dev || st.st_ino != state->ino : st.st_size != 0)
        return;
    if (unlink(file->image->path) < 0 && errno != ENOENT)
        log_error("cannot remove '%s', which came to nothing: %s", file->image->path,
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

static json_t *storage_node(const struct target_file *file)
{
    json_t *props =
        json_pack("{s:s, s:s, s:o, s:b, s:s}", "driver",
                  file->image->is_block ? "host_device" : "file", "filename", file->image->path,
                  "node-name", json_sprintf("libvirt-%s-storage", file->image->index),
                  "auto-read-only", 1, "discard", "unmap");

    if (file->aio)
        json_object_set_new(props, "aio", json_string(file->aio));
    add_cache(props, file->cache);
    return props;
}

/* What lies below it is said in any case: QEMU is not to open what the image names. */
static json_t *format_node(const struct target_file *file)
{
    json_t *props = json_pack("{s:o, s:b, s:s, s:o}", "node-name",
                              json_sprintf("libvirt-%s-format", file->image->index), "read-only", 0,
                              "driver", file->image->format, "file",
                              json_sprintf("libvirt-%s-storage", file->image->index));

    if (file->discard)
        json_object_set_new(props, "discard", json_string(file->discard));
    add_cache(props, file->cache);
    if (file->backing_index)
        json_object_set_new(props, "backing",
                            json_sprintf("libvirt-%s-format", file->backing_index));
    else if (strcmp(file->image->format, "raw") != 0)
        json_object_set_new(props, "backing", json_null());
    return props;
}

int target_file_add_nodes(const struct target_file *file, struct guest *guest, struct job_ctl *ctl,
                          struct verror *err)
{
    if (add_node(guest, storage_node(file), ctl, err) < 0)
        return -1;
    return add_node(guest, format_node(file), ctl, err);
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
