/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The common pace of the engines; see io_pace.h.  Worker threads, no state of
 * its own.
 *
 * Write-back is started for every eight chunks, so the disk works while the
 * next bytes are copied, and the writer waits for the oldest batch once more
 * than the window is in flight.  That is as fast as leaving it all to the
 * kernel, and a final fdatasync has milliseconds instead of gigabytes left.
 */

#include "storage/io_pace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1024 * 1024ULL)

enum {
    CHUNK_MIN = 64 * 1024,
    CHUNK_MAX = 1024 * 1024,
    BATCH_CHUNKS = 8,  /* write-back is started for so many at a time */
    WAIT_PIECES = 16,  /* a batch is waited for in so many pieces, each cancellable */
    STEP_LONG_MS = 8,  /* a piece of work longer than this is halved */
    STEP_SHORT_MS = 2, /* one shorter than this is doubled */
    COUNT_MS = 500,
};
#define WINDOW (128 * MIB)

void io_pace_init(struct io_pace *pace, int fd, const char *path, struct job_ctl *ctl,
                  const struct io_checkpoint *checkpoint)
{
    *pace = (struct io_pace){
        .ctl = ctl,
        .checkpoint = checkpoint,
        .fd = fd,
        .path = path,
        .chunk = CHUNK_MAX,
        .chunk_max = CHUNK_MAX,
    };
}

int io_cancelled_error(struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_ABORTED, "canceled by client");
}

static int64_t elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

void io_pace_adapt(struct io_pace *pace)
{
    int64_t ms = elapsed_ms(&pace->started);

    if (ms >= STEP_LONG_MS && pace->chunk > CHUNK_MIN)
        pace->chunk /= 2;
    else if (ms < STEP_SHORT_MS && pace->chunk < pace->chunk_max)
        pace->chunk *= 2;
}

void io_progress_add(struct job_ctl *ctl, uint64_t amount)
{
    uint64_t total = atomic_load_explicit(&ctl->total, memory_order_relaxed);
    uint64_t done = atomic_load_explicit(&ctl->done, memory_order_relaxed);

    if (total && amount > total - done)
        amount = total - done;
    job_ctl_add(ctl, amount);
}

/*
 * sync_file_range reports and thereby uses up write-back errors: a later
 * fdatasync would not see them again.  A file it does not work on is left to
 * fdatasync alone.
 */
static int sync_range(struct io_pace *pace, uint64_t start, uint64_t end, unsigned int flags,
                      struct verror *err)
{
    while (sync_file_range(pace->fd, (off_t)start, (off_t)(end - start), flags) < 0) {
        if (errno == EINTR)
            continue;
        if (errno == EINVAL || errno == ESPIPE || errno == ENOSYS || errno == EOPNOTSUPP)
            return 0;
        return verror_errno(err, errno, "cannot write to '%s'", pace->path);
    }
    return 0;
}

/* Waits for the oldest batch, piece by piece: on a slow disk a whole one takes too long. */
static int batch_wait(struct io_pace *pace, struct verror *err)
{
    struct io_batch *batch = &pace->batches[pace->head];
    uint64_t piece = (batch->end - batch->start) / WAIT_PIECES + 1;
    uint64_t pos, end;

    for (pos = batch->start; pos < batch->end; pos = end) {
        end = batch->end - pos > piece ? pos + piece : batch->end;
        if (job_ctl_cancelled(pace->ctl))
            return io_cancelled_error(err);
        if (sync_range(pace, pos, end,
                       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                           SYNC_FILE_RANGE_WAIT_AFTER,
                       err) < 0)
            return -1;
    }
    if (pace->drop_cache) /* a hint; nothing is lost when it is not taken */
        (void)posix_fadvise(pace->fd, (off_t)batch->start, (off_t)(batch->end - batch->start),
                            POSIX_FADV_DONTNEED);
    pace->in_flight -= batch->bytes;
    pace->head = (pace->head + 1) % IO_PACE_BATCHES;
    pace->count--;
    return 0;
}

static int batch_start(struct io_pace *pace, struct verror *err)
{
    if (pace->now.bytes == 0)
        return 0;
    while (pace->count == IO_PACE_BATCHES || (pace->count && pace->in_flight >= WINDOW)) {
        if (batch_wait(pace, err) < 0)
            return -1;
    }
    if (sync_range(pace, pace->now.start, pace->now.end, SYNC_FILE_RANGE_WRITE, err) < 0)
        return -1;
    pace->batches[(pace->head + pace->count++) % IO_PACE_BATCHES] = pace->now;
    pace->in_flight += pace->now.bytes;
    pace->now = (struct io_batch){ 0 };
    return 0;
}

int io_pace_drain(struct io_pace *pace, struct verror *err)
{
    if (batch_start(pace, err) < 0)
        return -1;
    while (pace->count) {
        if (batch_wait(pace, err) < 0)
            return -1;
    }
    return 0;
}

int io_pace_sync(struct io_pace *pace, struct verror *err)
{
    if (io_pace_drain(pace, err) < 0)
        return -1;
    job_ctl_waiting(pace->ctl, pace->path);
    if (fdatasync(pace->fd) < 0)
        return verror_errno(err, errno, "cannot sync '%s'", pace->path);
    job_ctl_waiting(pace->ctl, NULL);
    return 0;
}

/* Unless everything that was written is covered by the last one. */
static int checkpoint_now(struct io_pace *pace, struct verror *err)
{
    const struct io_checkpoint *checkpoint = pace->checkpoint;

    if (!checkpoint || !checkpoint->every || !pace->since_checkpoint)
        return 0;
    if (io_pace_sync(pace, err) < 0)
        return -1;
    pace->since_checkpoint = 0;
    checkpoint->reached(checkpoint->opaque, pace->pass, pace->reached);
    return 0;
}

/* A pause may outlive the daemon: nothing that was done before it is done again. */
static int wait_for_turn(struct io_pace *pace, struct verror *err)
{
    int delay;

    while ((delay = job_pace_delay(&pace->limit, pace->ctl)) != 0) {
        if (delay < 0 && checkpoint_now(pace, err) < 0)
            return -1;
        if (job_pace_sleep(pace->ctl, delay, err) < 0)
            return -1;
    }
    return 0;
}

int io_pace_begin(struct io_pace *pace, struct verror *err)
{
    if (job_ctl_cancelled(pace->ctl))
        return io_cancelled_error(err);
    if (wait_for_turn(pace, err) < 0)
        return -1;
    (void)clock_gettime(CLOCK_MONOTONIC, &pace->started); /* cannot fail */
    return 0;
}

size_t io_pace_piece(const struct io_pace *pace, uint64_t left)
{
    size_t length = left < pace->chunk ? (size_t)left : pace->chunk;

    return pace->moves_nothing ? length : job_pace_piece(pace->ctl, length);
}

static int checkpoint_when_due(struct io_pace *pace, struct verror *err)
{
    if (!pace->checkpoint || pace->since_checkpoint < pace->checkpoint->every)
        return 0;
    return checkpoint_now(pace, err);
}

int io_pace_wrote(struct io_pace *pace, uint64_t offset, uint64_t length, struct verror *err)
{
    if (pace->now.bytes == 0)
        pace->now.start = offset;
    pace->now.end = offset + length;
    pace->now.bytes += length;
    pace->since_checkpoint += length;
    pace->reached = offset + length;
    if (!pace->moves_nothing)
        job_pace_moved(&pace->limit, length);
    io_progress_add(pace->ctl, length);
    if (pace->now.bytes >= BATCH_CHUNKS * pace->chunk && batch_start(pace, err) < 0)
        return -1;
    io_pace_adapt(pace);
    return checkpoint_when_due(pace, err);
}

int io_write_all(int fd, const void *buf, size_t length, uint64_t offset)
{
    const char *from = buf;

    while (length) {
        ssize_t n = pwrite(fd, from, length, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -ENOSPC; /* what the end of a device looks like to some drivers */
        from += n;
        offset += (uint64_t)n;
        length -= (size_t)n;
    }
    return 0;
}

static int zero_piece(int fd, uint64_t start, size_t length)
{
    static const char zeros[CHUNK_MAX];
    int r;

    do {
        r = fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                      (off_t)length);
    } while (r < 0 && errno == EINTR);
    return r == 0 ? 0 : io_write_all(fd, zeros, length, start);
}

int io_zero_range(struct io_pace *pace, uint64_t start, uint64_t end, struct verror *err)
{
    size_t length;

    for (; start < end; start += length) {
        int r;

        if (io_pace_begin(pace, err) < 0)
            return -1;
        length = io_pace_piece(pace, end - start);
        if (length > CHUNK_MAX)
            length = CHUNK_MAX;
        r = zero_piece(pace->fd, start, length);
        if (r < 0)
            return verror_errno(err, -r, "cannot write to '%s'", pace->path);
        job_pace_moved(&pace->limit, length);
        io_pace_adapt(pace);
    }
    return 0;
}

int io_extent_next(int fd, uint64_t pos, uint64_t size, struct io_extent *ret_extent)
{
    off_t start, end;

    if (pos >= size)
        return 0;
    start = lseek(fd, (off_t)pos, SEEK_DATA);
    if (start < 0) {
        if (errno == ENXIO)
            return 0;
        if (errno != EINVAL && errno != EOPNOTSUPP && errno != ENOTTY && errno != ENOSYS)
            return -errno;
        *ret_extent = (struct io_extent){ pos, size };
        return 1;
    }
    if ((uint64_t)start >= size)
        return 0;
    end = lseek(fd, start, SEEK_HOLE);
    if (end < 0 || (uint64_t)end > size)
        end = (off_t)size;
    if (end <= start) /* punched between the two calls: reads as zeros, and we move on */
        end = start + 1;
    *ret_extent = (struct io_extent){ (uint64_t)start, (uint64_t)end };
    return 1;
}

/* What a file of too many extents holds beyond pos, judged by its blocks. */
static uint64_t estimate_rest(int fd, uint64_t size, uint64_t pos, uint64_t counted)
{
    struct stat st;
    uint64_t blocks;

    if (fstat(fd, &st) < 0)
        return size - pos;
    blocks = (uint64_t)st.st_blocks * 512;
    if (blocks <= counted)
        return 0;
    return blocks - counted < size - pos ? blocks - counted : size - pos;
}

int io_extents_count(int fd, uint64_t size, uint64_t offset, struct job_ctl *ctl,
                     const char *path, uint64_t *ret_total, uint64_t *ret_below,
                     struct verror *err)
{
    uint64_t total = 0, below = 0;
    struct io_extent extent = { 0, 0 };
    struct timespec started;
    unsigned int n = 0;
    int r;

    (void)clock_gettime(CLOCK_MONOTONIC, &started);
    while ((r = io_extent_next(fd, extent.end, size, &extent)) > 0) {
        total += extent.end - extent.start;
        if (extent.start < offset)
            below += (extent.end < offset ? extent.end : offset) - extent.start;
        if (job_ctl_cancelled(ctl))
            return io_cancelled_error(err);
        if (++n % 256 == 0 && elapsed_ms(&started) > COUNT_MS) {
            total += estimate_rest(fd, size, extent.end, total);
            break;
        }
    }
    if (r < 0)
        return verror_errno(err, -r, "cannot find the data of '%s'", path);
    *ret_total = total;
    *ret_below = below < total ? below : total;
    return 0;
}
