/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes uploaded and downloaded.  Each is a job of the daemon, that this
 * process is a part of: there is nothing to leave behind, so a signal ends it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/util/alloc.h"
#include "tools/progress.h"
#include "tools/signals.h"
#include "tools/vol.h"

enum { BUFFER_SIZE = 262120, DRAW_EVERY_MS = 200 };

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
    unsigned long long left; /* upload: bytes still to be read from the file */
    struct progress progress;
    virJobRecord shown; /* what is drawn: our own counts, so that nothing has to be asked for */
    long long started_ms, drawn_ms;
    char *buffer; /* BUFFER_SIZE bytes */
};

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Its signals are ours from here on. */
static int transfer_begin(struct transfer *transfer, struct cli *cli, const struct args *args,
                          virStorageVolPtr vol)
{
    int r = signals_catch();

    if (r < 0) {
        cli_error("cannot catch signals: %s", strerror(-r));
        return CLI_FAILED;
    }
    transfer->file = args_text(args, "file");
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
    if (signals_take() > 0)
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

/* After the last byte, or the first failure. */
static int transfer_end(struct transfer *transfer, int result)
{
    if (result == CLI_DONE && virStreamFinish(transfer->stream) < 0)
        result = tell_stream(transfer);
    else if (result != CLI_DONE)
        (void)virStreamAbort(transfer->stream); /* the reason is told already */
    progress_clear(&transfer->progress);
    return result;
}

static unsigned int sparse_flag(const struct args *args)
{
    return args_flag(args, "sparse") ? VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM : 0;
}

/* --- upload --- */

static int send_bytes(struct transfer *transfer, size_t len)
{
    size_t pos = 0;

    while (pos < len) {
        int n = virStreamSend(transfer->stream, transfer->buffer + pos, len - pos);

        if (n < 0)
            return tell_stream(transfer);
        pos += (size_t)n;
    }
    return transfer_count(transfer, len) < 0 ? tell_signal(transfer) : CLI_DONE;
}

/* Up to end of the file's data, or, end 0, of the file. */
static int send_data(struct transfer *transfer, off_t *pos, off_t end)
{
    int result = CLI_DONE;

    while (result == CLI_DONE && transfer->left > 0 && (end == 0 || *pos < end)) {
        size_t most = transfer->left < BUFFER_SIZE ? (size_t)transfer->left : BUFFER_SIZE;
        ssize_t n;

        if (end != 0 && (off_t)most > end - *pos)
            most = (size_t)(end - *pos);
        n = read(transfer->fd, transfer->buffer, most);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tell_errno(transfer, "read");
        if (n == 0)
            break;
        *pos += n;
        transfer->left -= (unsigned long long)n;
        result = send_bytes(transfer, (size_t)n);
    }
    return result;
}

static int send_hole(struct transfer *transfer, unsigned long long len)
{
    if (len > transfer->left)
        len = transfer->left;
    transfer->left -= len;
    if (len > 0 && virStreamSendHole(transfer->stream, (long long)len, 0) < 0)
        return tell_stream(transfer);
    return CLI_DONE;
}

static int send_sparse(struct transfer *transfer, off_t size)
{
    off_t pos = 0;

    while (transfer->left > 0 && pos < size) {
        off_t data = lseek(transfer->fd, pos, SEEK_DATA), hole;
        int result;

        if (data < 0 && errno != ENXIO)
            return tell_errno(transfer, "find the data of");
        if (data < 0)
            data = size;
        result = send_hole(transfer, (unsigned long long)(data - pos));
        hole = data < size ? lseek(transfer->fd, data, SEEK_HOLE) : size;
        if (hole < 0 || lseek(transfer->fd, data, SEEK_SET) < 0)
            return tell_errno(transfer, "find the data of");
        pos = data;
        if (result == CLI_DONE && data < size)
            result = send_data(transfer, &pos, hole);
        if (result != CLI_DONE)
            return result;
    }
    return CLI_DONE;
}

static int send_file(struct transfer *transfer, const struct stat *st)
{
    off_t pos = 0;

    return transfer->sparse ? send_sparse(transfer, st->st_size) : send_data(transfer, &pos, 0);
}

int vol_upload(struct cli *cli, const struct args *args)
{
    _cleanup_vol_ virStorageVolPtr vol = vol_of(cli, args);
    _cleanup_stream_ virStreamPtr stream = NULL;
    _cleanup_close_ int fd = -1;
    _cleanup_free_ char *buffer = xmalloc(BUFFER_SIZE);
    struct transfer transfer = { .buffer = buffer, .left = args_size(args, "length", 0) };
    unsigned long long length = transfer.left;
    struct stat st;
    int result;

    if (!vol || transfer_begin(&transfer, cli, args, vol) != CLI_DONE)
        return CLI_FAILED;
    transfer.fd = fd = open(transfer.file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return tell_errno(&transfer, "open");
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
    result = transfer_end(&transfer, send_file(&transfer, &st));
    if (result == CLI_DONE)
        cli_say(cli, "Vol %s uploaded", virStorageVolGetName(vol));
    return result;
}

/* --- download --- */

static int write_bytes(struct transfer *transfer, size_t len)
{
    size_t pos = 0;

    while (pos < len) {
        ssize_t n = write(transfer->fd, transfer->buffer + pos, len - pos);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tell_errno(transfer, "write to");
        pos += (size_t)n;
    }
    return transfer_count(transfer, len) < 0 ? tell_signal(transfer) : CLI_DONE;
}

/* The file is new, so what is skipped reads as zeros. */
static int skip_hole(struct transfer *transfer)
{
    long long len = 0;
    off_t end;

    if (virStreamRecvHole(transfer->stream, &len, 0) < 0)
        return tell_stream(transfer);
    end = lseek(transfer->fd, len, SEEK_CUR);
    if (end < 0 || ftruncate(transfer->fd, end) < 0)
        return tell_errno(transfer, "make a hole in");
    return CLI_DONE;
}

static int receive_file(struct transfer *transfer)
{
    unsigned int flags = transfer->sparse ? VIR_STREAM_RECV_STOP_AT_HOLE : 0;
    int result = CLI_DONE;

    while (result == CLI_DONE) {
        int n = virStreamRecvFlags(transfer->stream, transfer->buffer, BUFFER_SIZE, flags);

        if (n == 0)
            return CLI_DONE;
        if (n == -3)
            result = skip_hole(transfer);
        else
            result = n < 0 ? tell_stream(transfer) : write_bytes(transfer, (size_t)n);
    }
    return result;
}

/* Written to where it will stay; a failed one is removed if it was made here. */
static int open_target(struct transfer *transfer, bool *ret_made)
{
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
    _cleanup_free_ char *buffer = xmalloc(BUFFER_SIZE);
    struct transfer transfer = { .buffer = buffer, .fd = -1 };
    bool made = false;
    int result;

    if (!vol || transfer_begin(&transfer, cli, args, vol) != CLI_DONE)
        return CLI_FAILED;
    if (length > 0) {
        transfer.shown.info.type = VIR_JOB_BOUNDED;
        transfer.shown.bytesTotal = length;
    }
    transfer.stream = stream = virStreamNew(cli->conn, 0);
    if (!stream || virStorageVolDownload(vol, stream, args_size(args, "offset", 0), length,
                                         sparse_flag(args)) < 0)
        return cli_fail("cannot download volume '%s'", virStorageVolGetName(vol));
    result = open_target(&transfer, &made);
    if (result == CLI_DONE)
        result = receive_file(&transfer);
    result = transfer_end(&transfer, result);
    if (transfer.fd >= 0 && close(transfer.fd) < 0 && result == CLI_DONE)
        result = tell_errno(&transfer, "write to");
    if (result != CLI_DONE && made && transfer.fd >= 0)
        (void)unlink(transfer.file); /* half of it is of no use */
    if (result == CLI_DONE)
        cli_say(cli, "Vol %s downloaded", virStorageVolGetName(vol));
    return result;
}
