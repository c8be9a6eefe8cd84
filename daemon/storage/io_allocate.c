/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives a file real blocks: fallocate in steps, zeros into the holes where the
 * file system has no fallocate.  Worker threads; owns nothing.  Progress is
 * counted on the file: total is its size to be, done starts at offset.
 */

#include "storage/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/io_pace.h"

#define MIB (1024 * 1024ULL)

enum { ZEROS_SIZE = 1024 * 1024 };

/* fallocate only notes the blocks as unwritten: a gigabyte is a matter of milliseconds. */
#define STEP_FIRST (64 * MIB)
#define STEP_MAX (4096 * MIB)

static bool allocate_unsupported(int errnum)
{
    return errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == EINVAL;
}

/* 1 all allocated, 0 the file system cannot (ret_offset tells how far it did), -1. */
static int allocate_by_kernel(struct io_pace *pace, uint64_t offset, uint64_t size,
                              uint64_t *ret_offset, struct verror *err)
{
    pace->moves_nothing = true;
    pace->chunk = STEP_FIRST;
    pace->chunk_max = STEP_MAX;
    while (offset < size) {
        size_t length;

        if (io_pace_begin(pace, err) < 0)
            return -1;
        length = io_pace_piece(pace, size - offset);
        if (fallocate(pace->fd, 0, (off_t)offset, (off_t)length) < 0) {
            if (errno == EINTR)
                continue;
            *ret_offset = offset;
            if (allocate_unsupported(errno))
                return 0;
            return verror_errno(err, errno, "cannot allocate %llu bytes for '%s'",
                                (unsigned long long)size, pace->path);
        }
        if (io_pace_wrote(pace, offset, length, err) < 0)
            return -1;
        offset += length;
    }
    return 1;
}

static int fill_hole(struct io_pace *pace, uint64_t start, uint64_t end, struct verror *err)
{
    static const char zeros[ZEROS_SIZE];

    while (start < end) {
        size_t length;
        int r;

        if (io_pace_begin(pace, err) < 0)
            return -1;
        length = io_pace_piece(pace, end - start);
        r = io_write_all(pace->fd, zeros, length, start);
        if (r < 0)
            return verror_errno(err, -r, "cannot allocate blocks for '%s'", pace->path);
        if (io_pace_wrote(pace, start, length, err) < 0)
            return -1;
        start += length;
    }
    return 0;
}

static int allocate_by_writing(struct io_pace *pace, uint64_t offset, uint64_t size,
                               struct verror *err)
{
    struct io_extent data;
    int r;

    pace->moves_nothing = false;
    pace->chunk = pace->chunk_max = ZEROS_SIZE;
    while ((r = io_extent_next(pace->fd, offset, size, &data)) > 0) {
        struct stat st;

        /* without SEEK_DATA the rest of the file is one stretch, also past its end */
        if (fstat(pace->fd, &st) < 0)
            return verror_errno(err, errno, "cannot examine '%s'", pace->path);
        if (data.end > (uint64_t)st.st_size)
            data.end = (uint64_t)st.st_size;
        if (data.start >= data.end)
            break;
        if (fill_hole(pace, offset, data.start, err) < 0)
            return -1;
        io_progress_add(pace->ctl, data.end - data.start);
        offset = data.end;
    }
    if (r < 0)
        return verror_errno(err, -r, "cannot find the data of '%s'", pace->path);
    return fill_hole(pace, offset, size, err);
}

static int allocate_file(struct io_pace *pace, uint64_t offset, uint64_t size, struct verror *err)
{
    int r = allocate_by_kernel(pace, offset, size, &offset, err);

    if (r == 0)
        r = allocate_by_writing(pace, offset, size, err);
    return r < 0 ? -1 : io_pace_drain(pace, err);
}

int io_allocate(int fd, uint64_t offset, uint64_t size, const char *path, struct job_ctl *ctl,
                const struct io_checkpoint *checkpoint, struct verror *err)
{
    struct io_pace pace;
    struct stat st;
    int r = 0;

    io_pace_init(&pace, fd, path, ctl, checkpoint);
    if (fstat(fd, &st) < 0)
        return verror_errno(err, errno, "cannot examine '%s'", path);
    job_ctl_set_total(ctl, size);
    job_ctl_set_done(ctl, offset < size ? offset : size);
    job_ctl_waiting(ctl, path);
    if (!S_ISBLK(st.st_mode)) /* a device has all its blocks */
        r = allocate_file(&pace, offset, size, err);
    job_ctl_waiting(ctl, NULL);
    if (r == 0)
        job_ctl_set_done(ctl, size);
    return r;
}
