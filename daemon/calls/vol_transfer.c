/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volume upload and download: the stream of a client on one side, the pipe of
 * a job on the other.  Either may end first; what is left of a transfer lives
 * until both have.
 *
 *   upload    stream ── data, holes ──► pipe ──► worker     holds the client while it is full
 *   download  stream ◄── while it has room ── pipe ◄── worker     which waits while it is full
 *
 * Loop thread.
 */

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "calls/job_call.h"
#include "calls/lookup.h"
#include "calls/stream_call.h"
#include "protocol/remote.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"

_Static_assert((int)VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM ==
                   (int)VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM,
               "one flag for both");

struct transfer {
    struct call *call;     /* until it is answered */
    struct stream *stream; /* until it is over */
    struct pipe *pipe;
    struct event *wake;    /* the worker has done something with the pipe */
    struct job *job;       /* while it is under way */
    bool upload, sparse;
    bool job_over;
    bool closing; /* the client has aborted, or needs no more: OK once the job is over */
    bool ending;  /* download: the end of the data has been sent */
};

static void transfer_check_over(struct transfer *transfer)
{
    if (transfer->stream || !transfer->job_over)
        return;
    event_free(transfer->wake);
    pipe_unref(transfer->pipe);
    free(transfer);
}

/* --- the end of the stream --- */

static void end_ok(struct transfer *transfer)
{
    struct stream *stream = STEAL_PTR(transfer->stream);

    stream_send_empty(stream, FRAME_OK);
    stream_close(stream);
}

static void end_error(struct transfer *transfer, const struct verror *err)
{
    stream_end_error(STEAL_PTR(transfer->stream), err, VIR_FROM_STORAGE);
}

/* Nothing goes through any more: the job finds that out, also where it is paused. */
static void break_pipe(struct transfer *transfer)
{
    pipe_break(transfer->pipe, PIPE_LOOP);
    if (transfer->job)
        job_abandon(transfer->job);
}

/* The client is told, and the job that has lost it fails. */
static void break_off(struct transfer *transfer, int code, const char *why)
{
    stream_end_because(STEAL_PTR(transfer->stream), code, why, VIR_FROM_STORAGE);
    break_pipe(transfer);
    transfer_check_over(transfer);
}

/* --- between stream and pipe --- */

/* Download: as much as the client takes now. */
static void pump_out(struct transfer *transfer)
{
    stream_send_pieces(transfer->stream, transfer->pipe);
    if (transfer->job_over && !transfer->ending && pipe_is_empty(transfer->pipe) &&
        stream_has_room(transfer->stream)) {
        transfer->ending = true;
        stream_send_empty(transfer->stream, FRAME_CONTINUE);
    }
}

static void pump(struct transfer *transfer)
{
    if (!transfer->stream || transfer->closing)
        return;
    if (transfer->upload)
        stream_hold(transfer->stream, pipe_is_full(transfer->pipe));
    else
        pump_out(transfer);
}

static void wake_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct transfer *transfer = opaque;

    (void)fd;
    (void)what;
    pipe_seen(transfer->pipe);
    pump(transfer);
}

/* --- what the client sends --- */

static void take_piece(struct transfer *transfer, struct pipe_piece *piece)
{
    pipe_put(transfer->pipe, PIPE_LOOP, piece);
    pump(transfer);
}

static void stream_data(void *opaque, const void *data, size_t len)
{
    struct transfer *transfer = opaque;
    struct pipe_piece *piece;

    if (transfer->closing)
        return;
    if (!transfer->upload) {
        break_off(transfer, VIR_ERR_OPERATION_INVALID, "the stream of a download takes no data");
        return;
    }
    piece = pipe_piece_new(len, false);
    memcpy(pipe_piece_data(piece), data, len);
    take_piece(transfer, piece);
}

static void stream_hole(void *opaque, uint64_t len)
{
    struct transfer *transfer = opaque;

    if (transfer->closing)
        return;
    if (transfer->upload && transfer->sparse)
        take_piece(transfer, pipe_piece_new(len, true));
    else
        break_off(transfer, VIR_ERR_OPERATION_INVALID, "the stream takes no holes");
}

static void no_answer_needed(void *opaque, struct verror *err)
{
    (void)opaque;
    (void)err;
}

/* The client needs no more: what goes on for it is ended, and it hears when that is so. */
static void wind_up(struct transfer *transfer)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (transfer->closing)
        return;
    transfer->closing = true;
    stream_hold(transfer->stream, false);
    if (transfer->job_over) {
        end_ok(transfer);
        transfer_check_over(transfer);
        return;
    }
    /* refused, it is so near its end that this comes anyway */
    if (!transfer->job || job_cancel(transfer->job, no_answer_needed, NULL, &err) < 0)
        break_pipe(transfer);
}

static void stream_finish(void *opaque)
{
    struct transfer *transfer = opaque;

    if (transfer->upload && !transfer->closing)
        pipe_end(transfer->pipe, PIPE_LOOP); /* the answer is the outcome of the job */
    else
        wind_up(transfer);
}

static void stream_abort(void *opaque)
{
    wind_up(opaque);
}

static void stream_broken(void *opaque, const char *why)
{
    break_off(opaque, VIR_ERR_RPC, why);
}

static void stream_gone(void *opaque)
{
    struct transfer *transfer = opaque;

    if (!transfer->stream)
        return; /* it is just being ended */
    stream_close(STEAL_PTR(transfer->stream));
    break_pipe(transfer);
    transfer_check_over(transfer);
}

static void stream_writable(void *opaque)
{
    pump(opaque);
}

static const struct stream_ops stream_ops = {
    .data = stream_data,
    .hole = stream_hole,
    .finish = stream_finish,
    .abort = stream_abort,
    .broken = stream_broken,
    .gone = stream_gone,
    .writable = stream_writable,
};

/* --- what becomes of the job --- */

static void job_accepted_cb(void *opaque, struct job *job)
{
    struct transfer *transfer = opaque;

    transfer->job = job;
    if (!transfer->stream || transfer->closing)
        job_abandon(job); /* the client was faster */
    call_reply(STEAL_PTR(transfer->call));
}

static void job_refused_cb(void *opaque, struct verror *err)
{
    struct transfer *transfer = opaque;

    verror_copy(&transfer->call->err, err);
    call_fail(transfer->call);
    stream_close(STEAL_PTR(transfer->stream));
    transfer->job_over = true;
    transfer_check_over(transfer);
}

/* Ended well: an upload is answered, a download goes on with what the worker has left. */
static void job_completed(struct transfer *transfer)
{
    if (transfer->upload || transfer->closing)
        end_ok(transfer);
    else
        pump(transfer);
}

static void job_failed(struct transfer *transfer, const struct job *job)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (job_state(job) == JOB_CANCELLED)
        verror_set(&err, VIR_ERR_OPERATION_ABORTED, "job %llu (%s) was cancelled",
                   (unsigned long long)job_id(job), job_title(job));
    else
        verror_copy(&err, job_error(job));
    end_error(transfer, &err);
}

static void job_ended_cb(void *opaque, struct job *job)
{
    struct transfer *transfer = opaque;

    transfer->job = NULL;
    transfer->job_over = true;
    if (transfer->stream && job_state(job) != JOB_COMPLETE && !transfer->closing)
        job_failed(transfer, job);
    else if (transfer->stream && job_state(job) != JOB_COMPLETE)
        end_ok(transfer);
    else if (transfer->stream)
        job_completed(transfer);
    transfer_check_over(transfer);
}

/* --- the calls --- */

static struct transfer *transfer_new(struct call *call, bool upload, bool sparse)
{
    struct pipe *pipe = pipe_new();
    struct transfer *transfer;

    if (!pipe) {
        verror_errno(&call->err, errno, "cannot make the pipe of a stream");
        return NULL;
    }
    transfer = XNEW(struct transfer);
    transfer->call = call;
    transfer->upload = upload;
    transfer->sparse = sparse;
    transfer->pipe = pipe;
    transfer->wake = event_new(call->daemon->base, pipe_loop_fd(pipe), EV_READ | EV_PERSIST,
                               wake_cb, transfer);
    event_add(transfer->wake, NULL);
    transfer->stream = stream_open(call->client, &call->header, &stream_ops, transfer);
    if (transfer->stream)
        return transfer;
    verror_set(&call->err, VIR_ERR_OPERATION_FAILED, "the connection has too many open streams");
    transfer->job_over = true;
    transfer_check_over(transfer);
    return NULL;
}

static struct vol_spec *transfer_spec(const struct vol *vol,
                                      const struct remote_vol_transfer_args *args, bool upload)
{
    struct vol_spec *spec = vol_spec_new(vol->pool, vol->info->name);
    struct file_identity *file = upload ? &spec->target : &spec->source;

    spec->format = vol->info->format;
    spec->flags = args->flags;
    spec->offset = args->offset;
    spec->length = args->length;
    file->dev = vol->info->dev;
    file->ino = vol->info->ino;
    if (!upload) {
        spec->source_pool_uuid = xstrdup(vol->pool->uuid);
        spec->source_path = xasprintf("%s/%s", vol->pool->real_path, vol->info->name);
    }
    return spec;
}

static int start_transfer(struct call *call, const struct job_kind *kind, bool upload)
{
    const struct remote_vol_transfer_args *args = call->args;
    struct vol *vol = call_vol(call, &args->vol);
    _cleanup_free_ char *share = NULL;
    struct job_request request;
    struct transfer *transfer;
    struct vol_spec *spec;
    uint64_t end;

    if (!vol || call_check_flags(call, args->flags, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) < 0)
        return -1;
    if (__builtin_add_overflow(args->offset, args->length, &end) || end > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_OVERFLOW, "no volume has bytes at %llu",
                          (unsigned long long)args->offset);
    transfer = transfer_new(call, upload, args->flags & VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM);
    if (!transfer)
        return -1;
    spec = transfer_spec(vol, args, upload);
    spec->pipe = pipe_ref(transfer->pipe);
    request = vol_job_request(kind, spec, client_identity(call->client));
    /* one that does not read, or a stuck pool, holds up neither other clients nor other pools */
    share = xasprintf("%llu %s", (unsigned long long)client_id(call->client), vol->pool->uuid);
    request.share = share;
    request.speed = client_job_speed(call->client);
    request.accepted = job_accepted_cb;
    request.refused = job_refused_cb;
    request.ended = job_ended_cb;
    request.opaque = transfer;
    job_start(call->daemon->jobs, &request);
    return CALL_PENDING;
}

static int upload(struct call *call)
{
    return start_transfer(call, &vol_job_upload, true);
}

static int download(struct call *call)
{
    return start_transfer(call, &vol_job_download, false);
}

#define ROW(proc, function, mover)                                                        \
    {                                                                                     \
        .number = REMOTE_PROC_STORAGE_VOL_##proc, .api = function,                        \
        PROC_ON(VOLUME, DATA),                                                            \
        .access = ACCESS_WRITE, .class = CLASS_CHANGE, .error_domain = VIR_FROM_STORAGE,  \
        .handler = mover, PROC_ARGS(remote_vol_transfer_args)                             \
    }

static const struct proc procs[] = {
    ROW(UPLOAD, "virStorageVolUpload", upload),
    ROW(DOWNLOAD, "virStorageVolDownload", download),
};

const struct proc_table calls_vol_transfer = { procs, ARRAY_SIZE(procs) };
