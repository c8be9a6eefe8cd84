/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making volumes: create and clone.  Both write a temporary file in the pool's
 * directory and publish it when it is whole.  Raw bytes go through our own
 * engines and resume after a restart; what has a format goes through qemu-img
 * and is undone.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "storage/probe.h"
#include "storage/publish.h"
#include "storage/qemu_img.h"
#include "storage/vol_backing.h"
#include "storage/vol_chain.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"
#include "util/log.h"

#ifndef BCACHEFS_STATFS_MAGIC
#define BCACHEFS_STATFS_MAGIC 0xca451a4e
#endif

/* An ISO image is raw bytes to every engine. */
static bool is_raw(enum vol_format format)
{
    return format == VOL_FORMAT_RAW || format == VOL_FORMAT_ISO;
}

static bool can_make(enum vol_format format)
{
    return is_raw(format) || format == VOL_FORMAT_QCOW2;
}

static bool wants_full(const struct vol_def *def)
{
    return !def->has_allocation || def->allocation >= def->capacity;
}

static uint64_t wanted_capacity(const struct vol_spec *spec)
{
    uint64_t capacity = spec->def->capacity;

    /* a clone is never smaller than its source (libvirt) */
    return capacity > spec->source_capacity ? capacity : spec->source_capacity;
}

static uint64_t wanted_allocation(const struct vol_spec *spec)
{
    uint64_t capacity = wanted_capacity(spec);

    if (wants_full(spec->def))
        return capacity;
    return spec->def->allocation < capacity ? spec->def->allocation : capacity;
}

int vol_check_def(const struct vol_def *def, unsigned int flags, bool clone, struct verror *err)
{
    if (!can_make(def->format))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "volumes of format '%s' cannot be made, only raw and qcow2",
                          vol_format_name(def->format));
    if (!clone && !def->has_capacity && !def->backing_path)
        return verror_set(err, VIR_ERR_XML_ERROR, "missing capacity element");
    if (is_raw(def->format) && (flags & VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "metadata preallocation is not supported for raw volumes");
    if (is_raw(def->format) && def->backing_path)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "backing storage is not supported for raw volumes");
    if (!clone && (flags & VIR_STORAGE_VOL_CREATE_REFLINK))
        return verror_set(err, VIR_ERR_INVALID_ARG, "a reflink needs a volume to be made from");
    return 0;
}

struct vol_info *vol_info_from_def(const struct vol_spec *spec)
{
    const struct vol_def *def = spec->def;
    struct vol_info *info = XNEW(struct vol_info);

    info->name = xstrdup(spec->name);
    info->path = xstrdup(spec->shown_path);
    info->format = def->format;
    info->capacity = wanted_capacity(spec);
    info->perms = def->perms;
    info->perms.label = xstrdup(def->perms.label);
    info->btime.tv_nsec = -1;
    info->compat = xstrdup(def->compat);
    info->lazy_refcounts = def->lazy_refcounts;
    info->extended_l2 = def->extended_l2;
    info->cluster_size = def->cluster_size;
    info->backing_path = xstrdup(def->backing_path);
    info->backing_format = (int)def->backing_format;
    return info;
}

/* --- before it is accepted: worker --- */

static int check_absent(int dirfd, const struct vol_spec *spec, struct verror *err)
{
    struct stat st;

    if (fstatat(dirfd, spec->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return verror_set(err, VIR_ERR_STORAGE_VOL_EXIST,
                          "storage volume '%s' exists already: there is a file of that name in "
                          "pool '%s'",
                          spec->name, spec->pool_name);
    if (errno == ENOENT)
        return 0;
    return verror_errno(err, errno, "cannot look at '%s'", spec->shown_path);
}

/* Could the bytes be shared with the source?  Only a hint: the copy finds out. */
static bool may_reflink(int dirfd, const struct vol_spec *spec)
{
    struct statfs fs;
    struct stat st;

    if (!spec->source_path || fstat(dirfd, &st) < 0 || st.st_dev != spec->source.dev ||
        fstatfs(dirfd, &fs) < 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case BTRFS_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BCACHEFS_STATFS_MAGIC:
        return true;
    default:
        return false;
    }
}

static int check_space(int dirfd, const struct vol_spec *spec, struct verror *err)
{
    struct statvfs fs;
    uint64_t needed = is_raw(spec->def->format) ? wanted_allocation(spec) : 0;

    if (needed == 0 || may_reflink(dirfd, spec) || fstatvfs(dirfd, &fs) < 0)
        return 0;
    if (needed <= (uint64_t)fs.f_bavail * fs.f_frsize)
        return 0;
    return verror_errno(err, ENOSPC,
                        "volume '%s' needs %llu bytes, pool '%s' has %llu available", spec->name,
                        (unsigned long long)needed, spec->pool_name,
                        (unsigned long long)fs.f_bavail * fs.f_frsize);
}

static int create_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_close_ int dirfd = publish_open_dir(spec->pool_path, err);

    if (dirfd < 0)
        return -1;
    if (check_absent(dirfd, spec, err) < 0 ||
        vol_backing_check(spec->def, !spec->source_path, err) < 0)
        return -1;
    return check_space(dirfd, spec, err);
}

static int open_source(const struct vol_spec *spec, struct verror *err)
{
    int fd = open(spec->source_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        verror_errno(err, errno, "cannot open volume '%s'", spec->source_path);
    return fd;
}

/* From here on the source is the file itself, should it be shown by a symlink. */
static int resolve_source(struct vol_spec *spec, struct verror *err)
{
    struct stat st;
    char *path;

    if (lstat(spec->source_path, &st) < 0)
        return verror_errno(err, errno, "cannot look at volume '%s'", spec->source_path);
    if (!S_ISLNK(st.st_mode))
        return 0;
    if (probe_follow(spec->source_path, &path, err) < 0)
        return -1;
    free(spec->source_path);
    spec->source_path = path;
    return 0;
}

int vol_open_source(struct vol_spec *spec, struct verror *err)
{
    return resolve_source(spec, err) < 0 ? -1 : open_source(spec, err);
}

/*
 * Is the clone to be the same bytes?  Then no format is looked at: the copy can be
 * a reflink, resumes, and keeps what a conversion would drop.
 */
static bool is_verbatim(const struct vol_spec *spec)
{
    const struct vol_def *def = spec->def;

    if (is_raw(def->format))
        return is_raw((enum vol_format)spec->source_format);
    return def->format == spec->source_format && wanted_capacity(spec) == spec->source_capacity &&
           spec->same_options;
}

static int clone_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_close_ int fd = vol_open_source(spec, err);

    if (fd < 0 || file_identity_of(fd, spec->source_path, &spec->source, err) < 0 ||
        (!is_verbatim(spec) && vol_backing_check_format(spec->def, spec->source_path, err) < 0))
        return -1;
    if (is_raw((enum vol_format)spec->source_format))
        spec->source_capacity = spec->source.size; /* what the pool's list says may be old */
    return create_prepare(opaque, err);
}

/* --- the work: worker --- */

/* Directory and temporary file, made anew or, on a resume, the one that is there. */
static int open_temp(struct vol_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                     struct verror *err)
{
    char temp[PUBLISH_TEMP_MAX];

    spec->ctl = ctl;
    job_ctl_step(ctl, "opening the new volume");
    job_ctl_waiting(ctl, spec->pool_path);
    publish_temp_name(temp, job_id);
    spec->dirfd = publish_open_dir(spec->pool_path, err);
    if (spec->dirfd < 0)
        return -1;
    if (spec->resuming)
        spec->fd = openat(spec->dirfd, temp, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    else
        spec->fd = publish_create(spec->dirfd, temp, err);
    if (spec->fd < 0)
        return verror_errno(err, errno, "cannot open '%s' in '%s'", temp, spec->pool_path);
    job_ctl_waiting(ctl, NULL);
    if (file_identity_of(spec->fd, temp, &spec->temp, err) < 0)
        return -1;
    vol_spec_journal(spec);
    return 0;
}

static int create_raw(struct vol_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct io_checkpoint checkpoint = vol_spec_checkpoint(spec);
    uint64_t allocation = wanted_allocation(spec);

    job_ctl_step(ctl, "allocating");
    if (ftruncate(spec->fd, (off_t)wanted_capacity(spec)) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long", spec->shown_path,
                            (unsigned long long)wanted_capacity(spec));
    if (allocation == 0)
        return 0;
    return io_allocate(spec->fd, spec->resume_offset, allocation, spec->shown_path, ctl,
                       &checkpoint, err);
}

static struct qemu_img_target qemu_target(const struct vol_spec *spec, const char *path)
{
    const struct vol_def *def = spec->def;

    return (struct qemu_img_target){
        .path = path,
        .fd = spec->fd,
        .format = is_raw(def->format) ? VOL_FORMAT_RAW : def->format,
        .capacity = wanted_capacity(spec),
        .compat = def->compat,
        .lazy_refcounts = def->lazy_refcounts,
        .extended_l2 = def->extended_l2,
        .nocow = def->nocow,
        .preallocate_metadata = spec->flags & VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA,
        .preallocate_full = !is_raw(def->format) && !def->backing_path && def->has_allocation &&
                            def->allocation >= def->capacity && def->capacity > 0 &&
                            !spec->source_path,
        .cluster_size = def->cluster_size,
        .backing_path = def->backing_path,
        .backing_format = (int)def->backing_format,
    };
}

static char *temp_path(const struct vol_spec *spec, uint64_t job_id)
{
    char temp[PUBLISH_TEMP_MAX];

    publish_temp_name(temp, job_id);
    return xasprintf("%s/%s", spec->pool_path, temp);
}

static int create_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_free_ char *path = temp_path(spec, job_id);
    struct qemu_img_target target;

    if (open_temp(spec, job_id, ctl, err) < 0)
        return -1;
    if (is_raw(spec->def->format))
        return create_raw(spec, ctl, err);
    job_ctl_step(ctl, "running qemu-img create");
    target = qemu_target(spec, path);
    return qemu_img_create(&target, ctl, err);
}

static int copy_bytes(struct vol_spec *spec, int src_fd, struct job_ctl *ctl, struct verror *err)
{
    bool raw = is_raw(spec->def->format);
    bool full = raw && wants_full(spec->def);
    bool need_reflink = spec->flags & VIR_STORAGE_VOL_CREATE_REFLINK;
    struct io_checkpoint checkpoint = vol_spec_checkpoint(spec);
    struct io_copy copy = {
        .src_fd = src_fd,
        .dst_fd = spec->fd,
        .size = raw ? spec->source_capacity : spec->source.size,
        .offset = spec->resume_offset,
        .try_reflink = true,
        .need_reflink = need_reflink,
        .zero_detect = raw && !full,
        .src_path = spec->source_path,
        .dst_path = spec->shown_path,
    };

    job_ctl_step(ctl, "copying");
    if (io_copy(&copy, ctl, &checkpoint, err) < 0)
        return -1;
    if (!raw)
        return 0;
    if (wanted_capacity(spec) > copy.size &&
        ftruncate(spec->fd, (off_t)wanted_capacity(spec)) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long", spec->shown_path,
                            (unsigned long long)wanted_capacity(spec));
    if (!full || need_reflink)
        return 0;
    job_ctl_step(ctl, "allocating");
    return io_allocate(spec->fd, 0, wanted_capacity(spec), spec->shown_path, ctl, NULL, err);
}

static int convert(struct vol_spec *spec, uint64_t job_id, struct job_ctl *ctl,
                   struct verror *err)
{
    _cleanup_free_ char *path = temp_path(spec, job_id);
    struct qemu_img_target target = qemu_target(spec, path);
    enum vol_format source_format = (enum vol_format)spec->source_format;

    job_ctl_step(ctl, "running qemu-img convert");
    return qemu_img_convert(spec->source_path,
                            is_raw(source_format) ? VOL_FORMAT_RAW : source_format, &target, ctl,
                            err);
}

static int check_source_same(const struct vol_spec *spec, int fd, struct verror *err)
{
    struct file_identity now;

    if (file_identity_of(fd, spec->source_path, &now, err) < 0)
        return -1;
    if (file_identity_same(&spec->source, &now))
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "source changed: '%s' is not what it was when the job was accepted",
                      spec->source_path);
}

static int clone_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_close_ int src_fd = open_source(spec, err);

    if (src_fd < 0 || check_source_same(spec, src_fd, err) < 0 ||
        open_temp(spec, job_id, ctl, err) < 0)
        return -1;
    if (is_verbatim(spec))
        return copy_bytes(spec, src_fd, ctl, err);
    return convert(spec, job_id, ctl, err);
}

/* --- the end: worker --- */

/* It is there, whatever a look at it says: then it is what was asked for until a refresh. */
static void look_at_published(struct vol_spec *spec)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (vol_spec_look(spec, &err) < 0)
        log_warn("cannot look at the new volume '%s': %s", spec->shown_path, verror_text(&err));
    if (!spec->info)
        spec->info = vol_info_from_def(spec);
}

static int create_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    char temp[PUBLISH_TEMP_MAX];
    struct perms perms = spec->def->perms;

    job_ctl_step(ctl, "publishing");
    job_ctl_waiting(ctl, spec->shown_path);
    publish_temp_name(temp, job_id);
    if (perms.mode == PERMS_UNSET)
        perms.mode = 0600;
    if (publish_commit(spec->dirfd, temp, spec->fd, spec->name, &perms, err) < 0)
        return -1;
    look_at_published(spec);
    vol_spec_close(spec);
    return 0;
}

static void create_undo(void *opaque, uint64_t job_id)
{
    struct vol_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    char temp[PUBLISH_TEMP_MAX];

    if (spec->dirfd < 0)
        spec->dirfd = publish_open_dir(spec->pool_path, &err);
    publish_temp_name(temp, job_id);
    if (spec->dirfd >= 0)
        publish_discard(spec->dirfd, temp);
    else
        log_warn("cannot remove '%s/%s': %s", spec->pool_path, temp, verror_text(&err));
    vol_spec_close(spec);
}

/* --- after a restart: worker --- */

static bool temp_is_ours(const struct vol_spec *spec, int dirfd, uint64_t job_id)
{
    char temp[PUBLISH_TEMP_MAX];
    struct stat st;

    publish_temp_name(temp, job_id);
    return fstatat(dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == spec->temp.dev &&
           st.st_ino == spec->temp.ino;
}

/* Raw bytes to raw bytes, and so by our own engines. */
static bool create_resumable(const void *opaque)
{
    const struct vol_spec *spec = opaque;

    return spec->source_path ? is_verbatim(spec) : is_raw(spec->def->format);
}

static enum job_recovery create_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_close_ int dirfd = publish_open_dir(spec->pool_path, err);

    if (dirfd < 0)
        return JOB_RECOVER_UNDO;
    if (!vol_spec_set_resume(spec, checkpoint)) /* it had hardly begun */
        return create_resumable(spec) ? JOB_RECOVER_RUN : JOB_RECOVER_UNDO;
    if (publish_is_done(dirfd, spec->name, spec->temp.dev, spec->temp.ino) == 1) {
        look_at_published(spec);
        return JOB_RECOVER_DONE;
    }
    if (!create_resumable(spec))
        return JOB_RECOVER_UNDO;
    if (temp_is_ours(spec, dirfd, job_id))
        return JOB_RECOVER_RUN;
    verror_set(err, VIR_ERR_OPERATION_FAILED, "interrupted: the unfinished file in '%s' is gone",
               spec->pool_path);
    return JOB_RECOVER_UNDO;
}

/* --- objects: loop --- */

static int create_check(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = pool_find_uuid(spec->storage, spec->pool_uuid);

    if (vol_check_pool_active(opaque, err) < 0)
        return -1;
    if (!vol_find_name(pool, spec->name))
        return vol_chain_check_create(spec, err);
    return verror_set(err, VIR_ERR_STORAGE_VOL_EXIST, "storage volume '%s' exists already",
                      spec->name);
}

static int clone_check(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct pool *source = pool_find_uuid(spec->storage, spec->source_pool_uuid);

    if (!source || pool_check_active(source, err) < 0)
        return verror_set(err, VIR_ERR_NO_STORAGE_POOL, "the pool of volume '%s' is gone",
                          spec->source_path);
    return create_check(opaque, err);
}

static void create_accepted(void *opaque, uint64_t job_id)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = pool_find_uuid(spec->storage, spec->pool_uuid);

    if (!pool)
        return;
    vol_put(pool, vol_info_from_def(spec))->building = job_id;
    spec->visible = true;
}

static void create_ended(void *opaque, bool done)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = pool_find_uuid(spec->storage, spec->pool_uuid);
    struct vol *vol = pool ? vol_find_name(pool, spec->name) : NULL;

    bool ours = vol && spec->visible && vol->building;

    if (ours && done && !spec->info)
        vol->building = 0; /* it could not be looked at: what was asked for is the best guess */
    else if (ours)
        vol_remove(vol);
    if (done)
        vol_take_result(spec);
}

/* --- from the journal: loop --- */

static void *check_loaded(struct vol_spec *spec, bool whole, struct verror *err)
{
    if (!spec || whole)
        return spec;
    verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's volume specification is not readable");
    vol_spec_free(spec);
    return NULL;
}

static void *create_load(struct daemon *daemon, const char *json, struct verror *err)
{
    struct vol_spec *spec = vol_spec_load(daemon, json, err);

    return check_loaded(spec, spec && spec->def, err);
}

static void *clone_load(struct daemon *daemon, const char *json, struct verror *err)
{
    struct vol_spec *spec = vol_spec_load(daemon, json, err);

    return check_loaded(spec, spec && spec->def && spec->source_path, err);
}

/* --- the kinds --- */

const struct job_kind vol_job_create = {
    .name = "vol-create",
    .lane = LANE_BULK,
    .is_long = true,
    .resumable = create_resumable,
    .locks = vol_locks,
    .check = create_check,
    .prepare = create_prepare,
    .accepted = create_accepted,
    .run = create_run,
    .publish = create_publish,
    .undo = create_undo,
    .ended = create_ended,
    .unlimited = vol_unlimited,
    .recover = create_recover,
    .spec_save = vol_spec_save,
    .spec_load = create_load,
    .spec_free = vol_spec_free,
};

const struct job_kind vol_job_clone = {
    .name = "vol-clone",
    .lane = LANE_BULK,
    .is_long = true,
    .resumable = create_resumable,
    .locks = vol_locks,
    .check = clone_check,
    .prepare = clone_prepare,
    .accepted = create_accepted,
    .run = clone_run,
    .publish = create_publish,
    .undo = create_undo,
    .ended = create_ended,
    .unlimited = vol_unlimited,
    .recover = create_recover,
    .spec_save = vol_spec_save,
    .spec_load = clone_load,
    .spec_free = vol_spec_free,
};
