/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes uploaded and downloaded.  Each is a job of the daemon, that this
 * process is a part of: there is nothing to leave behind, so a signal ends it.
 * The file does not block, and is waited for together with the signal; the
 * daemon is waited for by the library, and then see interrupt.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/util/alloc.h"
#include "tools/follow.h"
#include "tools/interrupt.h"
#include "tools/jobs.h"
#include "tools/progress.h"
#include "tools/signals.h"
#include "tools/vol.h"

enum { DRAW_EVERY_MS = 200 };

#define _cleanup_stream_ _cleanup_(stream_freep)

static void stream_freep(virStreamPtr *stream)
{
    if (*stream)
        (void)virStreamFree(*stream);
}

struct transfer {
    virStreamPtr stream;
    const char *file;
    int fd;
    bool sparse;
    unsigned long long left;    /* upload: bytes still to be read from the file */
    unsigned long long earlier; /* the last job of the volume before this one */
    struct interrupt interrupt;
    struct progress progress;
    virJobRecord shown; /* what is drawn: our own counts, so that nothing has to be asked for */
    long long started_ms, drawn_ms;
    int result; /* what our own side of it has failed with, which is told then */
};

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The id of the volume's last job; 0: there was none, or it cannot be told. */
static unsigned long long last_job(virStorageVolPtr vol)
{
    _cleanup_record_ virJobRecordPtr record = virStorageVolGetJobRecord(vol, 0);

    return record ? record->id : 0;
}

/* Its signals are ours from here on. */
static int transfer_begin(struct transfer *transfer, struct cli *cli, const struct args *args,
                          virStorageVolPtr vol)
{
    int r;

    if (job_speed_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    transfer->earlier = last_job(vol);
    r = signals_catch("the upload or download does not go on");
    if (r < 0) {
        cli_error("cannot catch signals: %s", strerror(-r));
        return CLI_FAILED;
    }
    transfer->sparse = args_flag(args, "sparse");
    transfer->started_ms = now_ms();
    transfer->shown = (virJobRecord){
        .operation = (char *)(uintptr_t)args->command->name,
        .objectKind = VIR_JOB_OBJECT_STORAGE_VOL,
        .name = (char *)(uintptr_t)virStorageVolGetName(vol),
        .phase = VIR_JOB_PHASE_RUNNING,
        .info = { .type = VIR_JOB_UNBOUNDED },
    };
    progress_open(&transfer->progress, !cli->no_progress && !cli->quiet);
    return CLI_DONE;
}

/* Bytes have moved.  -1: a signal has come. */
static int transfer_count(struct transfer *transfer, unsigned long long bytes)
{
    virJobRecord *shown = &transfer->shown;
    long long now = now_ms(), gone = now - transfer->started_ms;

    shown->bytesDone += bytes;
    if (shown->bytesTotal > 0 && shown->bytesTotal < shown->bytesDone)
        shown->bytesTotal = shown->bytesDone; /* the file grows while it is read */
    if (interrupt_seen(&transfer->interrupt))
        return -1;
    if (!transfer->progress.out || now - transfer->drawn_ms < DRAW_EVERY_MS)
        return 0;
    transfer->drawn_ms = now;
    shown->info.runningTime = (unsigned int)(gone / 1000);
    shown->rate = gone > 0 ? shown->bytesDone * 1000 / (unsigned long long)gone : 0;
    if (shown->bytesTotal > 0)
        shown->info.percentComplete = (int)(shown->bytesDone * 100 / shown->bytesTotal);
    progress_draw(&transfer->progress, shown);
    return 0;
}

/* Why it has ended early; what is told is the first thing that went wrong. */
static int tell_errno(struct transfer *transfer, const char *what)
{
    int failed = errno;

    progress_clear(&transfer->progress);
    cli_error("cannot %s '%s': %s", what, transfer->file, strerror(failed));
    return CLI_FAILED;
}

static int tell_stream(struct transfer *transfer)
{
    progress_clear(&transfer->progress);
    return cli_fail("%s of volume '%s' failed", transfer->shown.operation, transfer->shown.name);
}

static int tell_signal(struct transfer *transfer)
{
    transfer->progress.drawn += strlen("^C"); /* the terminal's echo, to be wiped too */
    progress_clear(&transfer->progress);
    cli_error("%s of volume '%s' was cancelled", transfer->shown.operation, transfer->shown.name);
    return CLI_CANCELLED;
}

/* Waits until the file has one of the events; false: a signal has come, which is told. */
static bool wait_for_file(struct transfer *transfer, short events)
{
    if (interrupt_wait(&transfer->interrupt, transfer->fd, events))
        return true;
    transfer->result = tell_signal(transfer);
    return false;
}

/* The file just opened, which may be a pipe or a terminal. */
static void unblock_file(const struct transfer *transfer)
{
    (void)fcntl(transfer->fd, F_SETFL, O_NONBLOCK); /* it works without, but for a signal */
}

/*
 * The job of the transfer that has just been opened.  Others may download the same volume: if
 * another one has begun at this moment it cannot be told which is which, and it is 0.
 */
static unsigned long long own_job(const struct transfer *transfer, struct cli *cli,
                                  virStorageVolPtr vol)
{
    _cleanup_record_ virJobRecordPtr last = virStorageVolGetJobRecord(vol, 0);
    _cleanup_jobs_ struct job_list list = { 0 };
    unsigned long long own = 0;
    int found = 0;

    if (last)
        list.count = virConnectListAllJobs(cli->conn, &list.all, VIR_CONNECT_LIST_JOBS_ACTIVE);
    for (int i = 0; i < list.count; i++) {
        const virJobRecord *job = list.all[i];

        if (job->id <= transfer->earlier || strcmp(job->operation, transfer->shown.operation) ||
            strcmp(job->name, last->name) || memcmp(job->uuid, last->uuid, sizeof(job->uuid)))
            continue;
        own = job->id;
        found++;
    }
    return found == 1 ? own : 0;
}

/* The stream has failed, perhaps because a signal has had its job cancelled. */
static int tell_failure(struct transfer *transfer)
{
    if (virGetLastErrorCode() == VIR_ERR_OPERATION_ABORTED && interrupt_seen(&transfer->interrupt))
        return tell_signal(transfer);
    return tell_stream(transfer);
}

/* After the last byte, or, rc -1, the first failure, which has aborted it. */
static void transfer_end(struct transfer *transfer, int rc)
{
    if (rc == 0)
        rc = virStreamFinish(transfer->stream);
    if (rc < 0 && transfer->result == CLI_DONE)
        transfer->result = tell_failure(transfer);
    progress_clear(&transfer->progress);
}

/* Moves the bytes of the open stream; the exit code. */
static int transfer_run(struct transfer *transfer, struct cli *cli, virStorageVolPtr vol,
                        int (*move)(struct transfer *transfer))
{
    int r = interrupt_start(&transfer->interrupt, cli, own_job(transfer, cli, vol));

    if (r < 0) {
        cli_error("cannot wait for signals: %s", strerror(-r));
        (void)virStreamAbort(transfer->stream); /* the reason is told already */
        return CLI_FAILED;
    }
    transfer_end(transfer, move(transfer));
    interrupt_stop(&transfer->interrupt);
    return transfer->result;
}

static unsigned int sparse_flag(const struct args *args)
{
    return args_flag(args, "sparse") ? VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM : 0;
}

/* --- upload --- */

/* As virStreamSourceFunc has it; what goes wrong is told, and kept in the result. */
static int source_read(virStreamPtr stream, char *data, size_t nbytes, void *opaque)
{
    struct transfer *transfer = opaque;
    size_t most = transfer->left < nbytes ? (size_t)transfer->left : nbytes;
    ssize_t n;

    (void)stream;
    while ((n = read(transfer->fd, data, most)) < 0 && (errno == EINTR || errno == EAGAIN))
        if (errno == EAGAIN && !wait_for_file(transfer, POLLIN))
            return -1;
    if (n < 0)
        transfer->result = tell_errno(transfer, "read");
    else if (transfer_count(transfer, (size_t)n) < 0)
        transfer->result = tell_signal(transfer);
    if (transfer->result != CLI_DONE)
        return -1;
    transfer->left -= (unsigned long long)n;
    return (int)n;
}

/* How far it is to the next hole or the next data, and which of them lies between. */
static int look_ahead(const struct transfer *transfer, off_t *ret_len, bool *ret_data)
{
    off_t pos = lseek(transfer->fd, 0, SEEK_CUR), end, next;

    end = lseek(transfer->fd, 0, SEEK_END);
    next = lseek(transfer->fd, pos, SEEK_DATA);
    *ret_data = next == pos && pos < end;
    if (*ret_data)
        next = lseek(transfer->fd, pos, SEEK_HOLE);
    else if (next < 0 && errno == ENXIO)
        next = end;
    if (pos < 0 || end < 0 || next < 0 || lseek(transfer->fd, pos, SEEK_SET) < 0)
        return -1;
    *ret_len = next > pos ? next - pos : 0;
    return 0;
}

static int source_look(virStreamPtr stream, int *ret_data, long long *ret_len, void *opaque)
{
    struct transfer *transfer = opaque;
    bool in_data;
    off_t len;

    (void)stream;
    if (look_ahead(transfer, &len, &in_data) < 0) {
        transfer->result = tell_errno(transfer, "find the data of");
        return -1;
    }
    *ret_data = in_data;
    *ret_len = (unsigned long long)len < transfer->left ? len : (long long)transfer->left;
    return 0;
}

static int source_skip(virStreamPtr stream, long long len, void *opaque)
{
    struct transfer *transfer = opaque;

    (void)stream;
    transfer->left -= (unsigned long long)len;
    if (lseek(transfer->fd, len, SEEK_CUR) >= 0)
        return 0;
    transfer->result = tell_errno(transfer, "find the data of");
    return -1;
}

static int send_file(struct transfer *transfer)
{
    return transfer->sparse ? virStreamSparseSendAll(transfer->stream, source_read, source_look,
                                                     source_skip, transfer)
                            : virStreamSendAll(transfer->stream, source_read, transfer);
}

int vol_upload(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    _cleanup_stream_ virStreamPtr stream = NULL;
    _cleanup_close_ int fd = -1;
    struct transfer transfer = { .file = args_text(args, "file"),
                                 .left = args_size(args, "length", 0) };
    unsigned long long length = transfer.left;
    struct stat st;
    int result;

    if (!vol)
        return CLI_FAILED;
    transfer.fd = fd = open(transfer.file, O_RDONLY | O_CLOEXEC); /* may wait: nothing is begun */
    if (fd < 0 || fstat(fd, &st) < 0)
        return tell_errno(&transfer, "open");
    unblock_file(&transfer);
    if (transfer_begin(&transfer, cli, args, vol) != CLI_DONE)
        return CLI_FAILED;
    if (S_ISREG(st.st_mode)) {
        transfer.shown.info.type = VIR_JOB_BOUNDED;
        transfer.shown.bytesTotal = (unsigned long long)st.st_size;
        if (length > 0 && length < transfer.shown.bytesTotal)
            transfer.shown.bytesTotal = length;
    }
    if (length == 0)
        transfer.left = ~0ULL;
    transfer.stream = stream = virStreamNew(cli->conn, 0);
    if (!stream || virStorageVolUpload(vol, stream, args_size(args, "offset", 0), length,
                                       sparse_flag(args)) < 0)
        return cli_fail("cannot upload to volume '%s'", virStorageVolGetName(vol));
    result = transfer_run(&transfer, cli, vol, send_file);
    if (result == CLI_DONE)
        cli_say(cli, "Vol %s uploaded", virStorageVolGetName(vol));
    return result;
}

/* --- download --- */

static int sink_write(virStreamPtr stream, const char *data, size_t nbytes, void *opaque)
{
    struct transfer *transfer = opaque;
    ssize_t n;

    (void)stream;
    while ((n = write(transfer->fd, data, nbytes)) < 0 && (errno == EINTR || errno == EAGAIN))
        if (errno == EAGAIN && !wait_for_file(transfer, POLLOUT))
            return -1;
    if (n < 0)
        transfer->result = tell_errno(transfer, "write to");
    else if (transfer_count(transfer, (size_t)n) < 0)
        transfer->result = tell_signal(transfer);
    return transfer->result == CLI_DONE ? (int)n : -1;
}

/* The file is new, so what is skipped reads as zeros. */
static int sink_skip(virStreamPtr stream, long long len, void *opaque)
{
    struct transfer *transfer = opaque;
    off_t end = lseek(transfer->fd, len, SEEK_CUR);

    (void)stream;
    if (end >= 0 && ftruncate(transfer->fd, end) == 0)
        return 0;
    transfer->result = tell_errno(transfer, "make a hole in");
    return -1;
}

static int receive_file(struct transfer *transfer)
{
    return transfer->sparse
               ? virStreamSparseRecvAll(transfer->stream, sink_write, sink_skip, transfer)
               : virStreamRecvAll(transfer->stream, sink_write, transfer);
}

/* A pipe may wait for who reads it, so it is opened before anything has begun. */
static int open_special_target(struct transfer *transfer)
{
    struct stat st;

    if (stat(transfer->file, &st) < 0 || S_ISREG(st.st_mode))
        return CLI_DONE;
    transfer->fd = open(transfer->file, O_WRONLY | O_CLOEXEC);
    if (transfer->fd < 0)
        return tell_errno(transfer, "open");
    unblock_file(transfer);
    return CLI_DONE;
}

/* Written to where it will stay; a failed one is removed if it was made here. */
static int open_target(struct transfer *transfer, bool *ret_made)
{
    if (transfer->fd >= 0)
        return CLI_DONE;
    *ret_made = true;
    transfer->fd = open(transfer->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (transfer->fd < 0 && errno == EEXIST) {
        *ret_made = false;
        transfer->fd = open(transfer->file, O_WRONLY | O_TRUNC | O_CLOEXEC);
    }
    return transfer->fd < 0 ? tell_errno(transfer, "open") : CLI_DONE;
}

int vol_download(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    _cleanup_stream_ virStreamPtr stream = NULL;
    unsigned long long length = args_size(args, "length", 0);
    struct transfer transfer = { .file = args_text(args, "file"), .fd = -1 };
    bool made = false;
    int result;

    if (!vol || open_special_target(&transfer) != CLI_DONE ||
        transfer_begin(&transfer, cli, args, vol) != CLI_DONE)
        return CLI_FAILED;
    if (length > 0) {
        transfer.shown.info.type = VIR_JOB_BOUNDED;
        transfer.shown.bytesTotal = length;
    }
    transfer.stream = stream = virStreamNew(cli->conn, 0);
    if (!stream || virStorageVolDownload(vol, stream, args_size(args, "offset", 0), length,
                                         sparse_flag(args)) < 0) {
        (void)close(transfer.fd); /* of a pipe; else it is none yet */
        return cli_fail("cannot download volume '%s'", virStorageVolGetName(vol));
    }
    result = open_target(&transfer, &made);
    if (result == CLI_DONE)
        result = transfer_run(&transfer, cli, vol, receive_file);
    else
        (void)virStreamAbort(stream); /* the reason is told already */
    if (transfer.fd >= 0 && close(transfer.fd) < 0 && result == CLI_DONE)
        result = tell_errno(&transfer, "write to");
    if (result != CLI_DONE && made && transfer.fd >= 0)
        (void)unlink(transfer.file); /* half of it is of no use */
    if (result == CLI_DONE)
        cli_say(cli, "Vol %s downloaded", virStorageVolGetName(vol));
    return result;
}
