/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a volume's file from and to a client: upload, download.  The
 * client's side is a pipe that the calls feed and empty on the loop; here is
 * the worker, that waits for it in a lane of its own.  An upload writes in
 * place, so what has come stays if the rest does not; without its client
 * neither goes on, so after a restart both have failed.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "jobs/pace.h"
#include "storage/io_pace.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"

/* Bytes with one packet of a download: what libvirt sends, which suits its clients. */
enum { PIECE_MAX = 262120 };

/* --- both --- */

static bool is_sparse(const struct vol_spec *spec)
{
    return spec->flags & VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM;
}

/* The file of a format grows as it is written; the size of a raw one is the volume's. */
static bool has_fixed_size(const struct vol_spec *spec)
{
    return spec->format == VOL_FORMAT_RAW || spec->format == VOL_FORMAT_ISO;
}

static int check_directory(const struct vol_spec *spec, struct verror *err)
{
    if (spec->format != VOL_FORMAT_DIR)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "volume '%s' is a directory and has no bytes of its own", spec->name);
}

static int check_range(const struct vol_spec *spec, uint64_t size, struct verror *err)
{
    if (spec->offset <= size && spec->length <= size - spec->offset)
        return 0;
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "%llu bytes from %llu on are beyond the end of volume '%s' at %llu",
                      (unsigned long long)spec->length, (unsigned long long)spec->offset,
                      spec->name, (unsigned long long)size);
}

/* What the wait for the client has come to, as an error. */
static int stopped(enum pipe_state state, struct verror *err)
{
    if (state == PIPE_CANCELLED)
        return io_cancelled_error(err);
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "the client has left its stream");
}

static int check_pipe(const struct vol_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    if (!spec->pipe)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "interrupted: the client's stream ended with the daemon");
    if (job_ctl_cancel_fd(ctl) < 0)
        return verror_errno(err, errno, "cannot wait for the client");
    return 0;
}

/* --- upload --- */

static int upload_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;

    if (check_directory(spec, err) < 0 || vol_change_prepare(opaque, err) < 0)
        return -1;
    return has_fixed_size(spec) ? check_range(spec, spec->target.size, err) : 0;
}

struct upload {
    struct vol_spec *spec;
    struct job_ctl *ctl;
    struct io_pace pace;
    uint64_t pos, end; /* the next byte, and where no more may come */
    uint64_t size;     /* of the file now */
};

static int check_room(const struct upload *upload, uint64_t length, struct verror *err)
{
    if (length <= upload->end - upload->pos)
        return 0;
    return verror_errno(
        err, ENOSPC, "the client has sent more than fits in volume '%s': %llu bytes",
        upload->spec->shown_path, (unsigned long long)(upload->end - upload->spec->offset));
}

static int write_data(struct upload *upload, const char *data, size_t len, struct verror *err)
{
    while (len > 0) {
        size_t n = len < upload->pace.chunk ? len : upload->pace.chunk;
        int r;

        if (io_pace_begin(&upload->pace, err) < 0)
            return -1;
        r = io_write_all(upload->spec->fd, data, n, upload->pos);
        if (r < 0)
            return verror_errno(err, -r, "cannot write to '%s'", upload->spec->shown_path);
        if (io_pace_wrote(&upload->pace, upload->pos, n, err) < 0)
            return -1;
        upload->pos += n;
        data += n;
        len -= n;
    }
    return 0;
}

/* Zeros: without blocks where the file system can, behind the end as a longer file. */
static int write_hole(struct upload *upload, uint64_t len, struct verror *err)
{
    uint64_t pos = upload->pos, end = pos + len;
    uint64_t there = end < upload->size ? end : upload->size;

    if (pos < there &&
        fallocate(upload->spec->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)pos,
                  (off_t)(there - pos)) < 0 &&
        io_zero_range(&upload->pace, pos, there, err) < 0)
        return -1;
    if (end > upload->size && ftruncate(upload->spec->fd, (off_t)end) < 0)
        return verror_errno(err, errno, "cannot make '%s' %llu bytes long",
                            upload->spec->shown_path, (unsigned long long)end);
    if (upload->spec->length) /* holes are no part of what is counted */
        job_ctl_set_total(upload->ctl, upload->ctl->total - len);
    upload->pos = end;
    return 0;
}

static int write_piece(struct upload *upload, const struct pipe_piece *piece, struct verror *err)
{
    int rc = check_room(upload, piece->len, err);

    if (rc == 0)
        rc = piece->block ? write_data(upload, pipe_piece_data(piece), (size_t)piece->len, err)
                          : write_hole(upload, piece->len, err);
    if (upload->pos > upload->size)
        upload->size = upload->pos;
    return rc;
}

static int write_all(struct upload *upload, struct verror *err)
{
    struct pipe *pipe = upload->spec->pipe;
    enum pipe_state state;

    while ((state = pipe_wait_piece(pipe, job_ctl_cancel_fd(upload->ctl))) == PIPE_OPEN) {
        struct pipe_piece *piece = pipe_take(pipe, PIPE_WORKER);
        int rc = piece ? write_piece(upload, piece, err) : 0; /* none: it has just been broken */

        pipe_piece_free(piece);
        if (rc < 0)
            return -1;
    }
    return state == PIPE_ENDED ? io_pace_sync(&upload->pace, err) : stopped(state, err);
}

static int upload_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct upload upload = { .spec = spec, .ctl = ctl, .pos = spec->offset, .end = INT64_MAX };
    struct file_identity now;

    if (check_pipe(spec, ctl, err) < 0 || vol_open_same(spec, ctl, err) < 0 ||
        file_identity_of(spec->fd, spec->shown_path, &now, err) < 0)
        return -1;
    upload.size = now.size;
    if (has_fixed_size(spec)) {
        if (check_range(spec, upload.size, err) < 0)
            return -1;
        upload.end = upload.size;
    }
    if (spec->length) {
        upload.end = spec->offset + spec->length;
        job_ctl_set_total(ctl, spec->length);
    }
    io_pace_init(&upload.pace, spec->fd, spec->shown_path, ctl, NULL);
    job_ctl_step(ctl, "writing what the client sends");
    if (write_all(&upload, err) < 0)
        return -1;
    vol_look_again(opaque, job_id);
    return 0;
}

/* --- download --- */

static void download_locks(const void *opaque, struct lock_hold *hold)
{
    const struct vol_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("pool:%s", spec->source_pool_uuid), LOCK_POOL_USE);
    lock_hold_want(hold, xasprintf("path:%s", spec->source_path), LOCK_FILE_READ);
    if (spec->source.dev)
        lock_hold_want(hold, lock_file_key(spec->source.dev, spec->source.ino), LOCK_FILE_READ);
}

static int open_download(struct vol_spec *spec, struct file_identity *ret, struct verror *err)
{
    spec->fd = vol_open_source(spec, err);
    if (spec->fd < 0 || file_identity_of(spec->fd, spec->shown_path, ret, err) < 0)
        return -1;
    return check_range(spec, ret->size, err);
}

static int download_prepare(void *opaque, struct verror *err)
{
    struct vol_spec *spec = opaque;
    int rc = check_directory(spec, err);

    if (rc == 0)
        rc = open_download(spec, &spec->source, err);
    vol_spec_close(spec); /* it may stay queued for long */
    return rc;
}

static int put_piece(struct vol_spec *spec, struct job_ctl *ctl, struct pipe_piece *piece,
                     struct verror *err)
{
    enum pipe_state state = pipe_wait_room(spec->pipe, job_ctl_cancel_fd(ctl));

    if (state != PIPE_OPEN) {
        pipe_piece_free(piece);
        return stopped(state, err);
    }
    if (piece->block)
        io_progress_add(ctl, piece->len);
    pipe_put(spec->pipe, PIPE_WORKER, piece);
    return 0;
}

static int read_piece(struct vol_spec *spec, uint64_t pos, struct pipe_piece *piece,
                      struct verror *err)
{
    size_t have = 0;

    while (have < piece->len) {
        ssize_t n = pread(spec->fd, pipe_piece_data(piece) + have, (size_t)piece->len - have,
                          (off_t)(pos + have));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return verror_errno(err, errno, "cannot read '%s'", spec->shown_path);
        if (n == 0)
            return verror_set(err, VIR_ERR_OPERATION_FAILED,
                              "volume '%s' has become shorter while it was read",
                              spec->shown_path);
        have += (size_t)n;
    }
    return 0;
}

static int send_data(struct vol_spec *spec, uint64_t pos, uint64_t end, struct job_ctl *ctl,
                     struct job_pace *pace, struct verror *err)
{
    while (pos < end) {
        uint64_t len = job_pace_piece(ctl, end - pos < PIECE_MAX ? end - pos : PIECE_MAX);
        struct pipe_piece *piece;

        if (job_ctl_cancelled(ctl))
            return io_cancelled_error(err);
        if (job_pace_wait(pace, ctl, err) < 0)
            return -1;
        piece = pipe_piece_new(len, false);
        if (read_piece(spec, pos, piece, err) < 0) {
            pipe_piece_free(piece);
            return -1;
        }
        if (put_piece(spec, ctl, piece, err) < 0)
            return -1;
        job_pace_moved(pace, len);
        pos += len;
    }
    return 0;
}

static int send_hole(struct vol_spec *spec, uint64_t len, struct job_ctl *ctl, struct verror *err)
{
    return len > 0 ? put_piece(spec, ctl, pipe_piece_new(len, true), err) : 0;
}

static int send_sparse(struct vol_spec *spec, uint64_t pos, uint64_t end, struct job_ctl *ctl,
                       struct job_pace *pace, struct verror *err)
{
    struct io_extent extent;
    int r;

    while ((r = io_extent_next(spec->fd, pos, end, &extent)) > 0) {
        if (send_hole(spec, extent.start - pos, ctl, err) < 0 ||
            send_data(spec, extent.start, extent.end, ctl, pace, err) < 0)
            return -1;
        pos = extent.end;
    }
    if (r < 0)
        return verror_errno(err, -r, "cannot find the data of '%s'", spec->shown_path);
    return send_hole(spec, end - pos, ctl, err);
}

static int count_total(struct vol_spec *spec, uint64_t end, struct job_ctl *ctl,
                       struct verror *err)
{
    uint64_t total = end - spec->offset, data, below;

    if (is_sparse(spec)) {
        if (io_extents_count(spec->fd, end, spec->offset, ctl, spec->shown_path, &data, &below,
                             err) < 0)
            return -1;
        total = data - below;
    }
    job_ctl_set_total(ctl, total);
    return 0;
}

static int download_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct vol_spec *spec = opaque;
    struct job_pace pace = { 0 };
    struct file_identity now;
    uint64_t end;

    (void)job_id;
    job_ctl_step(ctl, "reading the volume");
    if (check_pipe(spec, ctl, err) < 0 || open_download(spec, &now, err) < 0)
        return -1;
    if (now.dev != spec->source.dev || now.ino != spec->source.ino)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "volume '%s' is another file than when the job was accepted",
                          spec->shown_path);
    end = spec->length ? spec->offset + spec->length : now.size;
    if (count_total(spec, end, ctl, err) < 0)
        return -1;
    return is_sparse(spec) ? send_sparse(spec, spec->offset, end, ctl, &pace, err)
                           : send_data(spec, spec->offset, end, ctl, &pace, err);
}

/* --- the kinds --- */

const struct job_kind vol_job_upload = {
    .name = "vol-upload",
    .lane = LANE_STREAM,
    .is_long = true,
    .locks = vol_locks,
    .check = vol_change_check,
    .prepare = upload_prepare,
    .run = upload_run,
    .undo = vol_look_again,
    .ended = vol_change_ended,
    .unlimited = vol_unlimited,
    .spec_save = vol_spec_save,
    .spec_load = vol_spec_load,
    .spec_free = vol_spec_free,
};

const struct job_kind vol_job_download = {
    .name = "vol-download",
    .lane = LANE_STREAM,
    .is_long = true,
    .locks = download_locks,
    .check = vol_change_check,
    .prepare = download_prepare,
    .run = download_run,
    .unlimited = vol_unlimited,
    .spec_save = vol_spec_save,
    .spec_load = vol_spec_load,
    .spec_free = vol_spec_free,
};
