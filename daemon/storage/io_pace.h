/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pace all engines keep: pieces of work small enough to obey a cancel,
 * write-back started close behind the writer and waited for a little later (so
 * dirty data stay bounded and the last sync is short), checkpoints, progress, and
 * the speed and pause of the job.
 * Lives on the stack of the worker that runs the engine.
 */
#ifndef VIRTJOBD_IO_PACE_H
#define VIRTJOBD_IO_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "jobs/pace.h"
#include "storage/io.h"

enum { IO_PACE_BATCHES = 32 };

/* A stretch of the file whose write-back has been started. */
struct io_batch {
    uint64_t start, end; /* offsets */
    uint64_t bytes;      /* written in it; less than end - start where holes were skipped */
};

struct io_pace {
    struct job_ctl *ctl;
    const struct io_checkpoint *checkpoint; /* or NULL */
    int fd;
    const char *path;
    unsigned int pass;
    bool drop_cache;         /* forget pages once they are on disk */
    size_t chunk, chunk_max; /* bytes to do between two looks at the cancel token */
    struct timespec started; /* of this piece of work */
    struct job_pace limit;
    bool moves_nothing;      /* the file system only notes what is done: no speed holds for it */
    uint64_t since_checkpoint;
    uint64_t reached; /* end of what was last written */
    struct io_batch now; /* being filled */
    struct io_batch batches[IO_PACE_BATCHES]; /* a ring, oldest at head */
    unsigned int head, count;
    uint64_t in_flight; /* bytes in batches */
};

void io_pace_init(struct io_pace *pace, int fd, const char *path, struct job_ctl *ctl,
                  const struct io_checkpoint *checkpoint);

/* Before each piece of work: waits until it may be done; -1 with err when cancelled. */
int io_pace_begin(struct io_pace *pace, struct verror *err);
/* After that: how much of what is left this piece is. */
size_t io_pace_piece(const struct io_pace *pace, uint64_t left);
/* The piece took its time: makes the next one smaller or larger. */
void io_pace_adapt(struct io_pace *pace);

/*
 * [offset, offset + length) has been written, and with it all below: counts
 * it, keeps write-back going, adapts the chunk, takes a checkpoint when due.
 */
int io_pace_wrote(struct io_pace *pace, uint64_t offset, uint64_t length, struct verror *err);

/* Waits, cancellable, until all written data are on disk; a sync after it is short. */
int io_pace_drain(struct io_pace *pace, struct verror *err);
/* Drain, then fdatasync. */
int io_pace_sync(struct io_pace *pace, struct verror *err);

/* Progress that never passes its total. */
void io_progress_add(struct job_ctl *ctl, uint64_t amount);

int io_cancelled_error(struct verror *err);

/* All of buf, over short writes and signals; 0 or -errno. */
int io_write_all(int fd, const void *buf, size_t length, uint64_t offset);
/* Makes [start, end) of a file or device read as zeros, by the kernel where it can. */
int io_zero_range(struct io_pace *pace, uint64_t start, uint64_t end, struct verror *err);

/* The next stretch of data at or after pos, below size. */
struct io_extent {
    uint64_t start, end;
};
/* 1 found, 0 only a hole follows, or -errno. Without SEEK_DATA the rest is one stretch. */
int io_extent_next(int fd, uint64_t pos, uint64_t size, struct io_extent *ret_extent);
/*
 * Data bytes of [0, size) and of [0, offset).  Stops counting after half a second
 * (a file of very many extents) and estimates the rest from its blocks.
 */
int io_extents_count(int fd, uint64_t size, uint64_t offset, struct job_ctl *ctl,
                     const char *path, uint64_t *ret_total, uint64_t *ret_below,
                     struct verror *err);

#endif
