/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies a file or block device: one FICLONE where the file system can share
 * blocks, else stretch of data by stretch of data, by copy_file_range or by read
 * and write.  Worker threads; owns nothing but its buffer.
 *
 * A regular destination must read as zeros where the source has holes: it is new,
 * or holds what an earlier try of the same copy wrote.  A device may hold
 * anything, so holes are written to it as zeros.
 */

#include "storage/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/io_pace.h"

enum {
    BUFFER_ALIGN = 4096,
    BUFFER_SIZE = 1024 * 1024,
    ZERO_BLOCK = 32 * 1024, /* finer holes than this cost more than they save */
    KERNEL_CHUNK_MAX = 8 * 1024 * 1024,
};
/* A copy larger than this does not keep its pages: they would push out what others use. */
#define KEEP_CACHE_MAX (4ULL * 1024 * 1024 * 1024)

struct copier {
    const struct io_copy *copy;
    struct io_pace pace;
    unsigned char *buf;
    bool kernel_copies; /* copy_file_range has not failed yet */
    bool dst_is_device;
};

static int source_changed(const struct io_copy *copy, struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "source '%s' changed size while it was read", copy->src_path);
}

/* lseek tells the size of a block device too, which fstat does not. */
static int source_check_size(const struct io_copy *copy, struct verror *err)
{
    off_t end = lseek(copy->src_fd, 0, SEEK_END);

    if (end < 0)
        return verror_errno(err, errno, "cannot find the size of '%s'", copy->src_path);
    return (uint64_t)end < copy->size ? source_changed(copy, err) : 0;
}

static int destination_set_size(const struct io_copy *copy, struct verror *err)
{
    int r;

    do {
        r = ftruncate(copy->dst_fd, (off_t)copy->size);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return verror_errno(err, errno, "cannot set the size of '%s'", copy->dst_path);
    return 0;
}

static bool reflink_unsupported(int errnum)
{
    return errnum == EOPNOTSUPP || errnum == EXDEV || errnum == EINVAL || errnum == ENOTTY ||
           errnum == ENOSYS || errnum == EBADF;
}

/* 1 done, 0 not possible, -1 with err where it was needed. */
static int copy_reflink(const struct io_copy *copy, struct job_ctl *ctl, struct verror *err)
{
    struct stat st;
    int r;

    /* it may have to write out the source's dirty pages first, and cannot be interrupted */
    job_ctl_waiting(ctl, copy->dst_path);
    do {
        r = ioctl(copy->dst_fd, FICLONE, copy->src_fd);
    } while (r < 0 && errno == EINTR && !job_ctl_cancelled(ctl));
    job_ctl_waiting(ctl, NULL);
    if (r < 0) {
        if (job_ctl_cancelled(ctl))
            return io_cancelled_error(err);
        if (!copy->need_reflink)
            return 0;
        if (reflink_unsupported(errno))
            return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                              "the file system cannot share blocks of '%s' with '%s'",
                              copy->src_path, copy->dst_path);
        return verror_errno(err, errno, "cannot share blocks of '%s' with '%s'", copy->src_path,
                            copy->dst_path);
    }
    if (destination_set_size(copy, err) < 0)
        return -1;
    if (fstat(copy->dst_fd, &st) == 0) {
        job_ctl_set_total(ctl, (uint64_t)st.st_blocks * 512);
        job_ctl_set_done(ctl, (uint64_t)st.st_blocks * 512);
    }
    return 1;
}

/* Bytes copied, or 0: read and write shall try, and tell what is wrong and on which side. */
static size_t chunk_by_kernel(struct copier *c, uint64_t pos, size_t length)
{
    loff_t from = (loff_t)pos, to = (loff_t)pos;
    ssize_t n;

    do {
        n = copy_file_range(c->copy->src_fd, &from, c->copy->dst_fd, &to, length, 0);
    } while (n < 0 && errno == EINTR && !job_ctl_cancelled(c->pace.ctl));
    if (n > 0)
        return (size_t)n;
    c->kernel_copies = false;
    c->pace.chunk_max = BUFFER_SIZE;
    if (c->pace.chunk > BUFFER_SIZE)
        c->pace.chunk = BUFFER_SIZE;
    return 0;
}

/* Bytes read, at least one, or -1 with err. */
static ssize_t chunk_read(struct copier *c, uint64_t pos, size_t length, struct verror *err)
{
    ssize_t n;

    job_ctl_waiting(c->pace.ctl, c->copy->src_path);
    do {
        n = pread(c->copy->src_fd, c->buf, length, (off_t)pos);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return verror_errno(err, errno, "cannot read '%s'", c->copy->src_path);
    return n == 0 ? source_changed(c->copy, err) : n;
}

static bool is_zero(const unsigned char *p, size_t length)
{
    return p[0] == 0 && memcmp(p, p + 1, length - 1) == 0;
}

/* The first stretch of buf that is all zeros or has none: its length in whole blocks. */
static size_t zero_run(const unsigned char *buf, size_t length, bool *ret_zero)
{
    size_t run = 0;

    while (run < length) {
        size_t block = length - run < ZERO_BLOCK ? length - run : ZERO_BLOCK;
        bool zero = is_zero(buf + run, block);

        if (run == 0)
            *ret_zero = zero;
        else if (zero != *ret_zero)
            break;
        run += block;
    }
    return run;
}

static int chunk_write(struct copier *c, uint64_t pos, size_t length, struct verror *err)
{
    const unsigned char *from = c->buf;

    job_ctl_waiting(c->pace.ctl, c->copy->dst_path);
    while (length) {
        size_t run = length;
        bool zero = false;
        int r = 0;

        if (c->copy->zero_detect)
            run = zero_run(from, length, &zero);
        if (!zero)
            r = io_write_all(c->copy->dst_fd, from, run, pos);
        else if (c->dst_is_device && io_zero_range(&c->pace, pos, pos + run, err) < 0)
            return -1;
        if (r < 0)
            return verror_errno(err, -r, "cannot write to '%s'", c->copy->dst_path);
        from += run;
        pos += run;
        length -= run;
    }
    return 0;
}

static int copy_extent(struct copier *c, uint64_t pos, uint64_t end, struct verror *err)
{
    while (pos < end) {
        size_t length, moved = 0;

        if (io_pace_begin(&c->pace, err) < 0)
            return -1;
        length = io_pace_piece(&c->pace, end - pos);
        if (c->kernel_copies)
            moved = chunk_by_kernel(c, pos, length);
        if (!moved) {
            ssize_t n;

            n = chunk_read(c, pos, length < BUFFER_SIZE ? length : BUFFER_SIZE, err);
            if (n < 0 || chunk_write(c, pos, (size_t)n, err) < 0)
                return -1;
            moved = (size_t)n;
        }
        if (io_pace_wrote(&c->pace, pos, moved, err) < 0)
            return -1;
        pos += moved;
    }
    return 0;
}

static int copy_extents(struct copier *c, struct verror *err)
{
    const struct io_copy *copy = c->copy;
    uint64_t pos = copy->offset;
    struct io_extent extent;
    int r;

    while ((r = io_extent_next(copy->src_fd, pos, copy->size, &extent)) > 0) {
        if (c->dst_is_device && io_zero_range(&c->pace, pos, extent.start, err) < 0)
            return -1;
        if (copy_extent(c, extent.start, extent.end, err) < 0)
            return -1;
        pos = extent.end;
    }
    if (r < 0)
        return verror_errno(err, -r, "cannot find the data of '%s'", copy->src_path);
    if (c->dst_is_device && io_zero_range(&c->pace, pos, copy->size, err) < 0)
        return -1;
    return io_pace_drain(&c->pace, err);
}

static int copier_init(struct copier *c, struct job_ctl *ctl,
                       const struct io_checkpoint *checkpoint, struct verror *err)
{
    const struct io_copy *copy = c->copy;
    struct stat st;

    if (fstat(copy->dst_fd, &st) < 0)
        return verror_errno(err, errno, "cannot examine '%s'", copy->dst_path);
    c->dst_is_device = S_ISBLK(st.st_mode);
    if (!c->dst_is_device && destination_set_size(copy, err) < 0)
        return -1;
    io_pace_init(&c->pace, copy->dst_fd, copy->dst_path, ctl, checkpoint);
    /* it may share blocks too, which is not wanted where a reflink is not, and it sees no zeros */
    c->kernel_copies = copy->try_reflink && !copy->zero_detect;
    if (c->kernel_copies)
        c->pace.chunk_max = KERNEL_CHUNK_MAX;
    if (posix_memalign((void **)&c->buf, BUFFER_ALIGN, BUFFER_SIZE) != 0)
        return verror_errno(err, ENOMEM, "cannot copy '%s'", copy->src_path);
    (void)posix_fadvise(copy->src_fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
    return 0;
}

static int copy_data(struct copier *c, struct job_ctl *ctl,
                     const struct io_checkpoint *checkpoint, struct verror *err)
{
    const struct io_copy *copy = c->copy;
    uint64_t total, below;

    if (io_extents_count(copy->src_fd, copy->size, copy->offset, ctl, copy->src_path, &total,
                         &below, err) < 0)
        return -1;
    job_ctl_set_total(ctl, total);
    job_ctl_set_done(ctl, below);
    if (copier_init(c, ctl, checkpoint, err) < 0)
        return -1;
    c->pace.drop_cache = total > KEEP_CACHE_MAX;
    if (copy_extents(c, err) < 0 || source_check_size(copy, err) < 0)
        return -1;
    /* where the total was an estimate, or stretches vanished while we copied */
    job_ctl_set_done(ctl, total);
    return 0;
}

int io_copy(const struct io_copy *copy, struct job_ctl *ctl, const struct io_checkpoint *checkpoint,
            struct verror *err)
{
    struct copier c = { .copy = copy };
    int r = 0;

    if (job_ctl_cancelled(ctl))
        return io_cancelled_error(err);
    if (source_check_size(copy, err) < 0)
        return -1;
    if (copy->offset == 0 && (copy->try_reflink || copy->need_reflink))
        r = copy_reflink(copy, ctl, err);
    if (r == 0)
        r = copy_data(&c, ctl, checkpoint, err);
    job_ctl_waiting(ctl, NULL);
    free(c.buf);
    return r < 0 ? -1 : 0;
}
