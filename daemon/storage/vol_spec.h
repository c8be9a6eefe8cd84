/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The specification that all volume jobs share: what to do with which file,
 * how it goes into the journal, and what its worker finds out.
 */
#ifndef VIRTJOBD_VOL_SPEC_H
#define VIRTJOBD_VOL_SPEC_H

#include "jobs/job.h"
#include "storage/io.h"
#include "storage/pool.h"
#include "util/pipe.h"

/*
 * A file as it was when the job was accepted: any difference later is another file.  A block
 * device is known by its own number and ino 0, whatever its nodes are called: so guests hold it.
 */
struct file_identity {
    uint64_t dev, ino, size;
    int64_t mtime_ns, ctime_ns; /* 0 = not compared */
};

struct vol_spec {
    struct storage *storage;
    /* fixed once the job is accepted; in the journal */
    char *pool_uuid, *pool_name;
    char *pool_path;      /* the directory, canonical */
    char *shown_path;     /* the volume's path as clients see it */
    char *name;
    uint64_t flags;
    char *xml;            /* create, clone: what the client asked for */
    char *source_pool_uuid, *source_path; /* clone */
    uint64_t source_format, source_capacity;
    uint64_t same_options; /* clone: every option of the format is the source's */
    struct file_identity source; /* clone: of source_path */
    struct file_identity target; /* wipe, resize, delete: of the volume; else dev 0 */
    uint64_t format;      /* wipe, resize, delete: enum vol_format of the volume */
    uint64_t algorithm;   /* wipe */
    uint64_t capacity;    /* resize: the new one, absolute */
    uint64_t old_capacity;
    uint64_t old_allocation;
    uint64_t offset, length; /* upload, download: bytes of the file; length 0 = to its end */
    /* from the above, on load and on creation */
    struct vol_def *def;
    /* not in the journal: what it is asked for on acceptance, and who reads them does not resume */
    bool only_volumes;           /* create, clone, resize: see vol_chain.h */
    struct file_identity *below; /* clone: the volumes below the source, dev and ino */
    size_t nbelow;
    /* where to go on after a restart: vol_spec_set_resume */
    uint64_t resume_pass, resume_offset;
    bool resuming;
    /* while it runs: the worker's */
    int dirfd, fd;
    bool deleting;
    bool growing; /* resize: it has begun to grow the file, in this life or an earlier one */
    struct pipe *pipe;    /* upload, download: to or from the client; not after a restart */
    struct job_ctl *ctl;
    struct file_identity temp; /* the file under its temporary name */
    /* what the worker found in the end: the loop's to take */
    struct vol_info *info;
    struct pool_xml_state pool_state;
    bool have_pool_state;
    /* the loop's */
    bool visible; /* the volume object was made by this job */
};

struct vol_spec *vol_spec_new(struct pool *pool, const char *name);
void vol_spec_free(void *spec);
char *vol_spec_save(const void *spec);
void *vol_spec_load(struct daemon *daemon, const char *json, struct verror *err);

/* A request for a job on that volume, callbacks still to be filled in; it owns spec. */
struct job_request vol_job_request(const struct job_kind *kind, struct vol_spec *spec,
                                   const char *started_by);

/* --- worker --- */

/* Of a regular file or block device; by an O_PATH fd of anything, without a device's size. */
int file_identity_of(int fd, const char *path, struct file_identity *ret, struct verror *err);
bool file_identity_is_block(const struct file_identity *identity);
bool file_identity_same(const struct file_identity *a, const struct file_identity *b);
/* For the engines: journals (pass, offset) with the temporary file's identity. */
struct io_checkpoint vol_spec_checkpoint(struct vol_spec *spec);
/* The same at once, with the point where it (re)starts. */
void vol_spec_journal(struct vol_spec *spec);
/* The same, and it is on disk when this returns 0: before a change that an undo must know of. */
int vol_spec_journal_durable(struct vol_spec *spec, struct verror *err);
/* Reads such a checkpoint back into resume_* and temp.  False: there is none. */
bool vol_spec_set_resume(struct vol_spec *spec, const char *checkpoint);
/* Looks at the finished volume and its pool, for the objects in memory. */
int vol_spec_look(struct vol_spec *spec, struct verror *err);
/* Closes what the worker has open; the last close of a large file is left to the reaper. */
void vol_spec_close(struct vol_spec *spec);

/* --- loop: members of the kinds --- */

void vol_locks(const void *spec, struct lock_hold *hold);
int vol_check_pool_active(void *spec, struct verror *err);
/* The volume's object follows what the worker found; its pool's numbers too. */
void vol_take_result(struct vol_spec *spec);

#endif
