/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engines that move bytes: copy, allocate, wipe, each on open descriptors
 * and a job_ctl, resumable from a byte offset.  Worker threads (bulk lane).
 * All of them return 0, or -1 with err; when cancelled, -1 with
 * VIR_ERR_OPERATION_ABORTED within 20 ms of the request.  They keep the page
 * cache and the amount of dirty data bounded, and call the checkpoint function
 * only after fdatasync of all bytes below the offset they give.
 */
#ifndef VIRTJOBD_IO_H
#define VIRTJOBD_IO_H

#include <stdint.h>

#include "jobs/ctl.h"
#include "util/verror.h"

/* How an engine reports a resume point: everything below offset (in this pass) is on disk. */
struct io_checkpoint {
    void (*reached)(void *opaque, unsigned int pass, uint64_t offset);
    void *opaque;
    uint64_t every; /* bytes between two, 0 = never */
};

/*
 * src to dst, both regular files or block devices, [offset, size) of src.
 * FICLONE first (only from offset 0, one instant), else copy_file_range over
 * SEEK_DATA/SEEK_HOLE extents, else read and write.  Holes stay holes; with
 * zero_detect, blocks of zeros become holes too.  dst is made size long.  A source that
 * shrinks meanwhile is an error.  total is set to the data bytes (holes not
 * counted), done advances by them; on a resume done starts at the data below
 * offset.  A regular dst must be new, preallocated, or left by an earlier try of this
 * copy; a device may hold anything.  Without try_reflink no block is shared by
 * copy_file_range either.  src_path only for messages.
 */
struct io_copy {
    int src_fd, dst_fd;
    uint64_t size;     /* bytes of src to copy */
    uint64_t offset;   /* resume point, 0 = from the start */
    bool try_reflink;
    bool need_reflink; /* fail where the file system cannot */
    bool zero_detect;
    const char *src_path, *dst_path;
};
int io_copy(const struct io_copy *copy, struct job_ctl *ctl, const struct io_checkpoint *checkpoint,
            struct verror *err);

/*
 * Gives [offset, size) of fd real blocks: fallocate in bounded steps, by
 * writing zeros where the file system cannot.  Never changes bytes that are
 * there; makes the file no longer than size.  total = size, done starts at offset.
 */
int io_allocate(int fd, uint64_t offset, uint64_t size, const char *path, struct job_ctl *ctl,
                const struct io_checkpoint *checkpoint, struct verror *err);

/*
 * Overwrites [0, size) of fd in place by a VIR_STORAGE_VOL_WIPE_ALG_*; all
 * passes of the named patterns, each synced before the next (and announced by
 * reached(next pass, 0)).  Holes stay holes: there is nothing in them to destroy.
 * Resumes at (pass, offset).  total = passes x data bytes; size for a trim.
 */
struct io_wipe {
    int fd;
    uint64_t size;
    unsigned int algorithm;
    unsigned int pass;
    uint64_t offset;
    const char *path;
};
int io_wipe(const struct io_wipe *wipe, struct job_ctl *ctl,
            const struct io_checkpoint *checkpoint, struct verror *err);
/* Passes of an algorithm, 0 = no such. */
unsigned int io_wipe_passes(unsigned int algorithm);

#endif
