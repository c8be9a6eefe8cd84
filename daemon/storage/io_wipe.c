/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overwrites a file or device in place, pass after pass.  Worker threads; owns
 * nothing but its buffer.
 *
 * Only stretches that hold data are overwritten: a hole has no blocks, so there
 * is nothing to destroy, and filling it would make a sparse volume grow to its
 * capacity.  The total is therefore data bytes x passes.  On a file system that
 * never writes in place (btrfs, snapshots) old blocks stay on the disk whatever
 * the pattern; that is in the manual.
 */

#include "storage/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/io_pace.h"
#include "storage/io_random.h"
#include "storage/io_wipe_patterns.h"

enum {
    BUFFER_ALIGN = 4096,
    BUFFER_SIZE = 1024 * 1024,
    /* a pattern goes on from any offset: the write starts up to a pattern into the buffer */
    BUFFER_SLACK = 64,
};
#define TRIM_STEP_FIRST (64ULL * 1024 * 1024)
#define TRIM_STEP_MAX (4096ULL * 1024 * 1024)

struct wiper {
    const struct io_wipe *wipe;
    struct io_pace pace;
    const struct wipe_pass *row;     /* of this pass */
    const struct wipe_pass *written; /* what a verifying pass compares with */
    unsigned char *buf, *read_buf;
    struct io_random random;
};

unsigned int io_wipe_passes(unsigned int algorithm)
{
    unsigned int passes = 0;

    if (algorithm == VIR_STORAGE_VOL_WIPE_ALG_TRIM)
        return 1;
    while (wipe_pass_find(algorithm, passes))
        passes++;
    return passes;
}

static void fill_pattern(unsigned char *buf, size_t length, const struct wipe_pass *row)
{
    size_t i;

    if (row->length == 1) {
        memset(buf, row->bytes[0], length);
        return;
    }
    for (i = 0; i < length; i++)
        buf[i] = row->bytes[i % row->length];
}

/* What the pass puts (or expects) at pos. */
static const unsigned char *bytes_for(struct wiper *w, uint64_t pos, size_t length)
{
    if (w->row->kind == WIPE_RANDOM) {
        io_random_fill(&w->random, w->buf, length);
        return w->buf;
    }
    return w->buf + pos % w->written->length;
}

static int chunk_verify(struct wiper *w, uint64_t pos, size_t length, struct verror *err)
{
    const unsigned char *expected = bytes_for(w, pos, length);
    size_t have = 0;

    while (have < length) {
        ssize_t n = pread(w->wipe->fd, w->read_buf + have, length - have, (off_t)(pos + have));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return verror_errno(err, errno, "cannot read '%s'", w->wipe->path);
        if (n == 0)
            break;
        have += (size_t)n;
    }
    if (have < length || memcmp(w->read_buf, expected, length) != 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "'%s' does not read back what was written to it", w->wipe->path);
    return 0;
}

static int chunk_wipe(struct wiper *w, uint64_t pos, size_t length, struct verror *err)
{
    int r;

    if (w->row->kind == WIPE_VERIFY)
        return chunk_verify(w, pos, length, err);
    r = io_write_all(w->wipe->fd, bytes_for(w, pos, length), length, pos);
    return r < 0 ? verror_errno(err, -r, "cannot write to '%s'", w->wipe->path) : 0;
}

static int wipe_extent(struct wiper *w, uint64_t pos, uint64_t end, struct verror *err)
{
    while (pos < end) {
        size_t length;

        if (io_pace_begin(&w->pace, err) < 0)
            return -1;
        length = io_pace_piece(&w->pace, end - pos);
        if (chunk_wipe(w, pos, length, err) < 0 ||
            io_pace_wrote(&w->pace, pos, length, err) < 0)
            return -1;
        pos += length;
    }
    return 0;
}

static void pass_prepare(struct wiper *w, unsigned int pass)
{
    const struct io_wipe *wipe = w->wipe;

    w->pace.pass = pass;
    w->row = wipe_pass_find(wipe->algorithm, pass);
    w->written = w->row;
    if (w->row->kind == WIPE_VERIFY) {
        w->written = wipe_pass_find(wipe->algorithm, pass - 1);
        /* else the cache would be asked, not the disk; it has just been synced */
        (void)posix_fadvise(wipe->fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    if (w->row->kind != WIPE_RANDOM)
        fill_pattern(w->buf, BUFFER_SIZE + BUFFER_SLACK, w->written);
}

static int wipe_pass(struct wiper *w, unsigned int pass, uint64_t offset, struct verror *err)
{
    const struct io_wipe *wipe = w->wipe;
    struct io_extent extent = { offset, offset };
    int r;

    pass_prepare(w, pass);
    while ((r = io_extent_next(wipe->fd, extent.end, wipe->size, &extent)) > 0) {
        if (wipe_extent(w, extent.start, extent.end, err) < 0)
            return -1;
    }
    if (r < 0)
        return verror_errno(err, -r, "cannot find the data of '%s'", wipe->path);
    return io_pace_sync(&w->pace, err);
}

static int wipe_passes(struct wiper *w, unsigned int passes, struct verror *err)
{
    const struct io_checkpoint *checkpoint = w->pace.checkpoint;
    uint64_t offset = w->wipe->offset;
    unsigned int pass;

    for (pass = w->wipe->pass; pass < passes; pass++) {
        if (wipe_pass(w, pass, offset, err) < 0)
            return -1;
        offset = 0;
        w->pace.since_checkpoint = 0;
        if (checkpoint && checkpoint->every && pass + 1 < passes)
            checkpoint->reached(checkpoint->opaque, pass + 1, 0);
    }
    return 0;
}

static int wipe_by_writing(const struct io_wipe *wipe, unsigned int passes, struct job_ctl *ctl,
                           const struct io_checkpoint *checkpoint, struct verror *err)
{
    struct wiper w = { .wipe = wipe };
    uint64_t total, below;
    int r = -1;

    if (io_extents_count(wipe->fd, wipe->size, wipe->offset, ctl, wipe->path, &total, &below,
                         err) < 0)
        return -1;
    job_ctl_set_total(ctl, total * passes);
    job_ctl_set_done(ctl, total * wipe->pass + below);
    io_pace_init(&w.pace, wipe->fd, wipe->path, ctl, checkpoint);
    io_random_seed(&w.random);
    if (posix_memalign((void **)&w.buf, BUFFER_ALIGN, BUFFER_SIZE + BUFFER_SLACK) != 0 ||
        posix_memalign((void **)&w.read_buf, BUFFER_ALIGN, BUFFER_SIZE) != 0)
        (void)verror_errno(err, ENOMEM, "cannot wipe '%s'", wipe->path);
    else
        r = wipe_passes(&w, passes, err);
    if (r == 0)
        job_ctl_set_done(ctl, total * passes);
    free(w.buf);
    free(w.read_buf);
    return r;
}

/* Gives the blocks back to the file system or the device. */

static int trim_piece(int fd, const struct stat *st, uint64_t start, uint64_t length)
{
    uint64_t range[2] = { start, length };
    uint64_t part = length % (uint64_t)st->st_blksize;

    if (S_ISBLK(st->st_mode))
        return ioctl(fd, BLKDISCARD, range);
    if (part) /* a block is only given back as a whole, also the one with the file's end */
        length += (uint64_t)st->st_blksize - part;
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                     (off_t)length);
}

static int trim_error(const struct io_wipe *wipe, int errnum, struct verror *err)
{
    if (errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == ENOTTY)
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED, "'%s' cannot be trimmed",
                          wipe->path);
    return verror_errno(err, errnum, "cannot trim '%s'", wipe->path);
}

static int wipe_by_trim(const struct io_wipe *wipe, struct job_ctl *ctl,
                        const struct io_checkpoint *checkpoint, struct verror *err)
{
    struct io_pace pace;
    struct stat st;
    uint64_t pos = wipe->offset;

    if (fstat(wipe->fd, &st) < 0)
        return verror_errno(err, errno, "cannot examine '%s'", wipe->path);
    job_ctl_set_total(ctl, wipe->size);
    job_ctl_set_done(ctl, pos);
    io_pace_init(&pace, wipe->fd, wipe->path, ctl, checkpoint);
    pace.chunk = TRIM_STEP_FIRST;
    pace.chunk_max = TRIM_STEP_MAX;
    while (pos < wipe->size) {
        size_t length;

        if (io_pace_begin(&pace, err) < 0)
            return -1;
        length = io_pace_piece(&pace, wipe->size - pos);
        if (trim_piece(wipe->fd, &st, pos, length) < 0) {
            if (errno == EINTR)
                continue;
            return trim_error(wipe, errno, err);
        }
        if (io_pace_wrote(&pace, pos, length, err) < 0)
            return -1;
        pos += length;
    }
    return io_pace_sync(&pace, err);
}

int io_wipe(const struct io_wipe *wipe, struct job_ctl *ctl,
            const struct io_checkpoint *checkpoint, struct verror *err)
{
    unsigned int passes = io_wipe_passes(wipe->algorithm);
    int r;

    if (passes == 0)
        return verror_set(err, VIR_ERR_INVALID_ARG, "unknown wipe algorithm %u",
                          wipe->algorithm);
    job_ctl_waiting(ctl, wipe->path);
    if (wipe->algorithm == VIR_STORAGE_VOL_WIPE_ALG_TRIM)
        r = wipe_by_trim(wipe, ctl, checkpoint, err);
    else
        r = wipe_by_writing(wipe, passes, ctl, checkpoint, err);
    job_ctl_waiting(ctl, NULL);
    return r;
}
