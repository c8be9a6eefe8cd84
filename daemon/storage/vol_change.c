/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing volumes that are there: wipe, delete, and what these share with
 * vol_resize.c and vol_transfer.c.  The file is opened without following
 * symlinks and must be the one that was there when the job was accepted.  What
 * goes on after a restart and what cannot be undone is in virtjobd-jobs(7).
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/publish.h"
#include "storage/vol_chain.h"
#include "storage/vol_jobs.h"
#include "util/log.h"

/* --- before it is accepted: worker --- */

static bool is_directory(const struct vol_spec *spec)
{
    return spec->format == VOL_FORMAT_DIR;
}

static bool is_zeroed_first(const struct vol_spec *spec)
{
    return spec->flags & VIR_STORAGE_VOL_DELETE_ZEROED;
}

/* A plain delete takes away a name: of a symlink, or of a file nobody may write to, too. */
static bool only_name(const struct vol_spec *spec)
{
    return spec->deleting && !is_zeroed_first(spec);
}

static int open_flags(const struct vol_spec *spec)
{
    if (only_name(spec))
        return O_PATH;
    return O_RDWR | O_NONBLOCK | O_NOCTTY;
}

int vol_open_file(struct vol_spec *spec, struct file_identity *ret, struct verror *err)
{
    if (spec->dirfd < 0)
        spec->dirfd = publish_open_dir(spec->pool_path, err);
    if (spec->dirfd < 0)
        return -1;
    if (spec->fd < 0)
        spec->fd = openat(spec->dirfd, spec->name, open_flags(spec) | O_NOFOLLOW | O_CLOEXEC);
    if (spec->fd >= 0)
        return file_identity_of(spec->fd, spec->shown_path, ret, err);
    if (errno == ENOENT && only_name(spec)) {
        *ret = (struct file_identity){ 0 };
        return 0;
    }
    if (errno == ELOOP)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "volume '%s' is a symbolic link: it can be cloned or deleted, what it "
                          "leads to is not changed",
                          spec->shown_path);
    return verror_errno(err, errno, "cannot open volume '%s'", spec->shown_path);
}

bool vol_is_target(const struct vol_spec *spec, const struct file_identity *now)
{
    return now->dev == spec->target.dev && now->ino == spec->target.ino;
}

static int another_file(const struct vol_spec *spec, struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "volume '%s' is another file than when the job was accepted",
                      spec->shown_path);
}

int vol_open_same(struct vol_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    struct file_identity now;

    spec->ctl = ctl;
    job_ctl_step(ctl, "opening the volume");
    job_ctl_waiting(ctl, spec->shown_path);
    if (vol_open_file(spec, &now, err) < 0)
        return -1;
    job_ctl_waiting(ctl, NULL);
    return vol_is_target(spec, &now) ? 0 : another_file(spec, err);
}

int vol_change_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    int rc = vol_open_file(spec, &spec->target, err);

    vol_spec_close(spec); /* it may stay queued for long */
    return rc;
}

/* --- wipe --- */

static int wipe_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;

    if (is_directory(spec))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "volume '%s' is a directory and cannot be wiped", spec->name);
    return vol_change_prepare(opaque, err);
}

static int wipe(struct vol_spec *spec, unsigned int algorithm, struct job_ctl *ctl,
                struct verror *err)
{
    struct io_checkpoint checkpoint = vol_spec_checkpoint(spec);
    struct io_wipe wipe = {
        .fd = spec->fd,
        .size = spec->target.size,
        .algorithm = algorithm,
        .pass = (unsigned int)spec->resume_pass,
        .offset = spec->resume_offset,
        .path = spec->shown_path,
    };

    vol_spec_journal(spec);
    job_ctl_step(ctl, "wiping");
    return io_wipe(&wipe, ctl, &checkpoint, err);
}

/* In place there is nothing to take back: see what the file is now. */
void vol_look_again(void *opaque, uint64_t job_id)
{
    struct vol_spec *spec = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    (void)job_id;
    vol_spec_close(spec);
    if (vol_spec_look(spec, &err) < 0)
        log_warn("cannot look at volume '%s': %s", spec->shown_path, verror_text(&err));
}

static int wipe_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;

    if (vol_open_same(spec, ctl, err) < 0 ||
        wipe(spec, (unsigned int)spec->algorithm, ctl, err) < 0)
        return -1;
    vol_look_again(opaque, job_id);
    return 0;
}

static bool always_resumable(const void *spec)
{
    (void)spec;
    return true;
}

static enum job_recovery wipe_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                      struct verror *err)
{
    (void)job_id;
    (void)err;
    vol_spec_set_resume(opaque, checkpoint);
    return JOB_RECOVER_RUN; /* vol_open_same() sees to it that it is the same file */
}

/* --- delete --- */

static int delete_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;

    spec->deleting = true;
    if (is_directory(spec) && is_zeroed_first(spec))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "volume '%s' is a directory and cannot be zeroed", spec->name);
    return vol_change_prepare(opaque, err);
}

static int delete_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;

    (void)job_id;
    spec->deleting = true; /* after a restart nothing was prepared */
    if (vol_open_same(spec, ctl, err) < 0)
        return -1;
    if (is_zeroed_first(spec))
        return wipe(spec, VIR_STORAGE_VOL_WIPE_ALG_ZERO, ctl, err);
    return 0;
}

/* Zeroing takes its time: what has come in the volume's place meanwhile is not ours to remove. */
static int check_name(const struct vol_spec *spec, struct verror *err)
{
    _cleanup_close_ int fd = openat(spec->dirfd, spec->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct file_identity now;

    if (fd < 0)
        return 0; /* it is gone, or unlinkat() will say what is wrong */
    if (file_identity_of(fd, spec->shown_path, &now, err) < 0)
        return -1;
    return vol_is_target(spec, &now) ? 0 : another_file(spec, err);
}

static int delete_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;

    job_ctl_step(ctl, "removing the file");
    job_ctl_waiting(ctl, spec->shown_path);
    if (check_name(spec, err) < 0)
        return -1;
    if (unlinkat(spec->dirfd, spec->name, is_directory(spec) ? AT_REMOVEDIR : 0) < 0 &&
        errno != ENOENT)
        return verror_errno(err, errno, "cannot remove volume '%s'", spec->shown_path);
    if (fsync(spec->dirfd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", spec->pool_path);
    vol_look_again(opaque, job_id);
    return 0;
}

/* It goes on, unless the file is gone: then that was us. */
static enum job_recovery delete_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct vol_spec *spec = opaque;
    _cleanup_close_ int dirfd = publish_open_dir(spec->pool_path, err);
    struct stat st;

    if (dirfd < 0)
        return JOB_RECOVER_UNDO;
    if (fstatat(dirfd, spec->name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
        vol_look_again(opaque, job_id);
        return JOB_RECOVER_DONE;
    }
    vol_spec_set_resume(spec, checkpoint);
    return JOB_RECOVER_RUN;
}

/* --- objects: loop --- */

int vol_change_check(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = pool_find_uuid(spec->storage, spec->pool_uuid);

    if (vol_check_pool_active(opaque, err) < 0)
        return -1;
    if (vol_find_name(pool, spec->name))
        return vol_chain_check_change(spec, err);
    return verror_set(err, VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name '%s'",
                      spec->name);
}

void vol_change_ended(void *opaque, bool done)
{
    (void)done; /* what the worker saw in the end is true either way */
    vol_take_result(opaque);
}

static void delete_ended(void *opaque, bool done)
{
    struct vol_spec *spec = opaque;
    struct pool *pool = pool_find_uuid(spec->storage, spec->pool_uuid);
    struct vol *vol = pool ? vol_find_name(pool, spec->name) : NULL;

    if (done && vol)
        vol_remove(vol);
    vol_take_result(spec);
}

/* --- the kinds --- */

const char *vol_unlimited(const void *spec, enum job_limit limit)
{
    (void)spec;
    (void)limit;
    return NULL;
}

static const char *delete_unlimited(const void *opaque, enum job_limit limit)
{
    const struct vol_spec *spec = opaque;

    (void)limit;
    return spec->flags & VIR_STORAGE_VOL_DELETE_ZEROED ? NULL : "it moves no bytes";
}

const struct job_kind vol_job_wipe = {
    .name = "vol-wipe",
    .lane = LANE_BULK,
    .is_long = true,
    .resumable = always_resumable,
    .locks = vol_locks,
    .check = vol_change_check,
    .prepare = wipe_prepare,
    .run = wipe_run,
    .undo = vol_look_again,
    .ended = vol_change_ended,
    .unlimited = vol_unlimited,
    .recover = wipe_recover,
    .spec_save = vol_spec_save,
    .spec_load = vol_spec_load,
    .spec_free = vol_spec_free,
};

const struct job_kind vol_job_delete = {
    .name = "vol-delete",
    .lane = LANE_BULK,
    .is_long = true,
    .ends_soon = true, /* a new file may be given its inode at once */
    .resumable = always_resumable,
    .locks = vol_locks,
    .check = vol_change_check,
    .prepare = delete_prepare,
    .run = delete_run,
    .publish = delete_publish,
    .undo = vol_look_again,
    .ended = delete_ended,
    .unlimited = delete_unlimited,
    .recover = delete_recover,
    .spec_save = vol_spec_save,
    .spec_load = vol_spec_load,
    .spec_free = vol_spec_free,
};
