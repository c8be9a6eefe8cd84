/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a volume larger or smaller: raw bytes by ourselves, what has a format
 * by qemu-img.  What the pool's list says of its size may be old, so the file is
 * looked at before the job is accepted, and again before it is changed; an undo
 * takes back only what this job has grown.
 */

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/probe_image.h"
#include "storage/qemu_img.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

static bool is_raw_format(enum vol_format format)
{
    return format == VOL_FORMAT_RAW || format == VOL_FORMAT_ISO;
}

static bool is_raw(const struct vol_spec *spec)
{
    return is_raw_format((enum vol_format)spec->format);
}

/* What "allocate" takes: a raw volume's holes too, of a format only what is new. */
static int check_grow_space(struct vol_spec *spec, struct verror *err)
{
    struct statvfs fs;
    uint64_t there = is_raw(spec) ? spec->old_allocation : spec->old_capacity;
    uint64_t needed = spec->capacity > there ? spec->capacity - there : 0;

    if (!(spec->flags & VIR_STORAGE_VOL_RESIZE_ALLOCATE) ||
        file_identity_is_block(&spec->target) || fstatvfs(spec->dirfd, &fs) < 0 ||
        needed <= (uint64_t)fs.f_bavail * fs.f_frsize)
        return 0;
    return verror_errno(err, ENOSPC,
                        "volume '%s' needs %llu bytes more, pool '%s' has %llu available",
                        spec->name, (unsigned long long)needed, spec->pool_name,
                        (unsigned long long)fs.f_bavail * fs.f_frsize);
}

/* What was known may be old, and undoing a growth must not cut what others have written. */
static int check_size(struct vol_spec *spec, uint64_t size, struct verror *err)
{
    if (size == spec->old_capacity)
        return 0;
    if ((spec->flags & VIR_STORAGE_VOL_RESIZE_DELTA) ||
        (spec->capacity < size && !(spec->flags & VIR_STORAGE_VOL_RESIZE_SHRINK)))
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "volume '%s' has changed its size from %llu to %llu bytes: refresh "
                          "pool '%s' first",
                          spec->name, (unsigned long long)spec->old_capacity,
                          (unsigned long long)size, spec->pool_name);
    spec->old_capacity = size;
    return 0;
}

/*
 * The capacity that the open file has now; its format must be what it was.  A raw volume that is
 * the file it was known to be is not looked into: a guest may have written anything.
 */
static int read_capacity(const struct vol_spec *spec, const struct file_identity *now, bool known,
                         uint64_t *ret, struct verror *err)
{
    struct image_facts facts = { .format = VOL_FORMAT_RAW, .capacity = now->size };

    if (!is_raw(spec) || !known) {
        image_probe(spec->fd, now->size, &facts);
        free(facts.backing);
    }
    if (facts.format != (enum vol_format)spec->format &&
        !(is_raw(spec) && is_raw_format(facts.format)))
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "volume '%s' has become '%s' from '%s': refresh pool '%s' first",
                          spec->name, vol_format_name(facts.format),
                          vol_format_name((enum vol_format)spec->format), spec->pool_name);
    *ret = facts.capacity;
    return 0;
}

static int resize_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct file_identity listed = spec->target;
    uint64_t capacity = 0;
    int rc;

    if (spec->format == VOL_FORMAT_DIR)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "volume '%s' is a directory and cannot be resized", spec->name);
    rc = vol_open_file(spec, &spec->target, err);
    if (rc == 0 && is_raw(spec) && file_identity_is_block(&spec->target))
        rc = verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                        "volume '%s' is a block device and keeps its size", spec->name);
    if (rc == 0)
        rc = read_capacity(spec, &spec->target, vol_is_target(spec, &listed), &capacity, err);
    if (rc == 0)
        rc = check_size(spec, capacity, err);
    if (rc == 0 && spec->capacity >= spec->old_capacity)
        rc = check_grow_space(spec, err);
    vol_spec_close(spec);
    return rc;
}

static int set_size(struct vol_spec *spec, struct verror *err)
{
    if (ftruncate(spec->fd, (off_t)spec->capacity) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long", spec->shown_path,
                            (unsigned long long)spec->capacity);
    if (fsync(spec->fd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", spec->shown_path);
    return 0;
}

/* libvirt's meaning: all of the volume gets real blocks, also where it had holes before. */
static int grow_raw(struct vol_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct io_checkpoint checkpoint = vol_spec_checkpoint(spec);

    if (set_size(spec, err) < 0)
        return -1;
    if (!(spec->flags & VIR_STORAGE_VOL_RESIZE_ALLOCATE))
        return 0;
    vol_spec_journal(spec);
    job_ctl_step(ctl, "allocating");
    if (io_allocate(spec->fd, spec->resume_offset, spec->capacity, spec->shown_path, ctl,
                    &checkpoint, err) < 0)
        return -1;
    if (fsync(spec->fd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", spec->shown_path);
    return 0;
}

/* One that waited for a worker or a restart must not cut off what others wrote meanwhile. */
static int check_unchanged(const struct vol_spec *spec, uint64_t *ret, struct verror *err)
{
    struct file_identity now;

    if (file_identity_of(spec->fd, spec->shown_path, &now, err) < 0 ||
        read_capacity(spec, &now, true, ret, err) < 0)
        return -1;
    if (*ret == spec->old_capacity || *ret == spec->capacity)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "volume '%s' has another size than when the job was accepted",
                      spec->shown_path);
}

/* From here on a volume that has the new size has it from us: undo takes back no other growth. */
static int begin_growth(struct vol_spec *spec, uint64_t now, struct verror *err)
{
    if (spec->growing || now != spec->old_capacity || spec->capacity <= now)
        return 0;
    if (vol_spec_journal_durable(spec, err) < 0)
        return -1;
    spec->growing = true;
    return 0;
}

static int resize_image(struct vol_spec *spec, uint64_t capacity, unsigned int flags,
                        struct job_ctl *ctl, struct verror *err)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", spec->pool_path, spec->name);

    return qemu_img_resize(path, spec->fd, (enum vol_format)spec->format, capacity,
                           flags & VIR_STORAGE_VOL_RESIZE_SHRINK,
                           flags & VIR_STORAGE_VOL_RESIZE_ALLOCATE, ctl, err);
}

static int resize_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    uint64_t now = 0;

    (void)job_id;
    if (vol_open_same(spec, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "resizing");
    if (check_unchanged(spec, &now, err) < 0 || begin_growth(spec, now, err) < 0)
        return -1;
    if (!is_raw(spec))
        return resize_image(spec, spec->capacity, (unsigned int)spec->flags, ctl, err);
    /* what is to be cut off is for resize_publish */
    return spec->capacity < spec->old_capacity ? 0 : grow_raw(spec, ctl, err);
}

/* What is cut off a raw volume cannot be given back, so it is not before no cancel can come. */
static int resize_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;

    job_ctl_step(ctl, "cutting off the end");
    job_ctl_waiting(ctl, spec->shown_path);
    if (is_raw(spec) && spec->capacity < spec->old_capacity && set_size(spec, err) < 0)
        return -1;
    vol_look_again(opaque, job_id);
    return 0;
}

static int cut_image(struct vol_spec *spec, struct verror *err)
{
    struct job_ctl ctl; /* of its own: that of the job is cancelled */
    int rc;

    job_ctl_init(&ctl);
    rc = resize_image(spec, spec->old_capacity, VIR_STORAGE_VOL_RESIZE_SHRINK, &ctl, err);
    job_ctl_done(&ctl);
    return rc;
}

/* What has grown gets its old size back: qemu-img may have been through before a cancel. */
static int ungrow(struct vol_spec *spec, struct verror *err)
{
    struct file_identity now;
    uint64_t capacity = 0;

    if (vol_open_file(spec, &now, err) < 0)
        return -1;
    if (!vol_is_target(spec, &now))
        return 0; /* what has grown has been replaced */
    if (read_capacity(spec, &now, true, &capacity, err) < 0)
        return -1;
    if (capacity != spec->capacity)
        return 0;
    if (!is_raw(spec))
        return cut_image(spec, err);
    if (ftruncate(spec->fd, (off_t)spec->old_capacity) < 0 || fsync(spec->fd) < 0)
        return verror_errno(err, errno, "cannot truncate '%s'", spec->shown_path);
    return 0;
}

static void resize_undo(void *opaque, uint64_t job_id)
{
    struct vol_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (spec->growing && ungrow(spec, &err) < 0)
        log_warn("cannot give '%s' its old size back: %s", spec->shown_path, verror_text(&err));
    vol_look_again(opaque, job_id);
}

static bool resize_resumable(const void *spec)
{
    return is_raw(spec);
}

/* qemu-img writes the new size last: an image that has it is done. */
static enum job_recovery resize_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct vol_spec *spec = opaque;

    (void)job_id;
    spec->growing = vol_spec_set_resume(spec, checkpoint) && spec->capacity > spec->old_capacity;
    if (is_raw(spec))
        return JOB_RECOVER_RUN;
    if (vol_spec_look(spec, err) == 0 && spec->info && spec->info->dev == spec->target.dev &&
        spec->info->ino == spec->target.ino && spec->info->capacity == spec->capacity)
        return JOB_RECOVER_DONE;
    return JOB_RECOVER_UNDO;
}

const struct job_kind vol_job_resize = {
    .name = "vol-resize",
    .lane = LANE_BULK,
    .is_long = true,
    .locks = vol_locks,
    .check = vol_change_check,
    .prepare = resize_prepare,
    .resumable = resize_resumable,
    .run = resize_run,
    .publish = resize_publish,
    .undo = resize_undo,
    .ended = vol_change_ended,
    .unlimited = vol_unlimited,
    .recover = resize_recover,
    .spec_save = vol_spec_save,
    .spec_load = vol_spec_load,
    .spec_free = vol_spec_free,
};
