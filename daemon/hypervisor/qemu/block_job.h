/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Jobs of QEMU's that move the data of a disk while its guest runs: pull,
 * commit, copy.  Each is a long job of ours on that disk; a struct block_job is
 * what its spec, its guest and libvirt's calls share of it.  QEMU calls it by
 * the number of our job, so that the next daemon finds it again.
 */
#ifndef VIRTJOBD_QEMU_BLOCK_JOB_H
#define VIRTJOBD_QEMU_BLOCK_JOB_H

#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/leftovers.h"
#include "hypervisor/qemu/target_file.h"
#include "xml/disk_images.h"

/* virDomainBlockJobType */
enum block_job_type {
    BLOCK_JOB_PULL = 1,
    BLOCK_JOB_COPY = 2,
    BLOCK_JOB_COMMIT = 3,
    BLOCK_JOB_ACTIVE_COMMIT = 4,
};

/* virConnectDomainEventBlockJobStatus */
enum block_job_status {
    BLOCK_JOB_COMPLETED = 0,
    BLOCK_JOB_FAILED = 1,
    BLOCK_JOB_CANCELED = 2,
    BLOCK_JOB_READY = 3,
};

/* What is to be done with one that is ready. */
enum block_job_wish {
    BLOCK_JOB_GO_ON = 0,
    BLOCK_JOB_PIVOT,  /* the disk goes on with what it was copied to */
    BLOCK_JOB_FINISH, /* it does not, and the copy stays as it is now */
};

struct block_held {
    uint64_t dev, ino;
};

struct block_job {
    atomic_uint refs;

    /* Fixed before it is accepted. */
    uint64_t id; /* of our job */
    enum block_job_type type;
    char *target;     /* the disk: "vda" */
    char *source;     /* the image it has, as libvirt's events call it */
    char *base, *top; /* as the client named them, or NULL */
    bool relative;    /* the base is to be called relatively, as images call each other */
    bool only_below;  /* base: the image right below top */
    bool active;      /* commit: it is known to be of the topmost image */
    bool by_itself;   /* active commit: it pivots as soon as it is ready */
    bool deletes;     /* commit: files of images that leave the disk go */
    char *snapshot;   /* commit: the external snapshot that goes with the last of them, or NULL */
    bool shallow, reuse, sync_writes;
    uint64_t granularity, buf_size; /* 0 = QEMU's own */
    struct disk_xml_image dest;     /* copy: where to; active commit: the base */

    /* Its worker's: found out anew by each daemon. */
    struct domain_def *live, *config; /* references, the loop's until they are handed over */
    struct disk_images images;
    size_t top_at, base_at;            /* positions; base_at may be how many there are */
    char *base_name;                   /* as an image that comes to lie on the base is to call it */
    const char *cache, *aio, *discard; /* of the disk, static; or NULL */

    /* Its worker's, and kept in its checkpoint. */
    bool done;                /* QEMU has done it: there is no way back */
    bool told;                /* QEMU may have been told how to end it; in no checkpoint */
    struct target_state file; /* of dest */
    char *owner_memory;       /* see owner.h */

    /* Any thread. */
    atomic_ullong cur, end;
    atomic_bool ready;
    atomic_int wish; /* enum block_job_wish */

    /* Its worker's, once it is done. */
    struct leftovers *leftovers;
    bool forgets; /* nothing of that snapshot's is among the disks any more */

    /* The loop's. */
    bool begun;                /* QEMU has said so */
    struct block_held held[2]; /* files that it writes to and its guest did not */
    size_t nheld;
    /* What its guest has once the outcome is on disk: the worker's until then. */
    bool has_outcome;
    struct guest_file *files;
    size_t nfiles;
    char *guest_memory;
    struct block_job *next; /* guest->block_jobs */
};

/* block_job.c */
struct block_job *block_job_new(enum block_job_type type, const char *target, const char *source);
struct block_job *block_job_ref(struct block_job *block);
void block_job_unref(struct block_job *block); /* NULL is fine */
json_t *block_job_to_json(const struct block_job *block);
struct block_job *block_job_from_json(const json_t *json); /* NULL: it is none */
/* What QEMU calls it; a new string. */
char *block_job_name(const struct block_job *block);
/* Loop: that of a disk, or NULL. */
struct block_job *block_job_find(const struct guest *guest, const char *target);
void block_job_link(struct guest *guest, struct block_job *block);
bool block_job_unlink(struct guest *guest, struct block_job *block); /* false: it was not there */
/* Loop: an index for nodes that no image of the guest has, nor one that is being copied or
   backed up to. */
unsigned int block_job_next_index(const struct guest *guest, unsigned int next);
/* Loop: libvirt's <mirror> elements as they are now; an array for block_job_free_mirrors(). */
size_t block_job_mirrors(const struct guest *guest, struct disk_mirror **ret);
void block_job_free_mirrors(struct disk_mirror *mirrors, size_t n);
/* Loop: both events of it. */
void block_job_tell(const struct domain *domain, const struct block_job *block,
                    enum block_job_status status);
/* Loop: what QEMU's events say of it. */
void block_job_event(const struct domain *domain, const char *name, const json_t *data);

/* block_journal.c: of its kinds, and for their workers */
char *block_spec_save(const void *spec);
void *block_spec_load(struct daemon *daemon, const char *json, struct verror *err);
/* On disk when it is back; -1 with err. */
int block_job_keep(const struct block_job *block, struct job_ctl *ctl, struct verror *err);
void block_job_remember(struct block_job *block, const char *checkpoint);

/* block_plan.c, workers: which images it is about.  -1 with err. */
int block_job_plan(struct block_job *block, struct verror *err);
/* Before it begins, what the base is to be called.  -1 with err: it cannot be. */
int block_job_name_base(struct block_job *block, struct verror *err);
/* Positions of images that the disk has no more once it is done. */
void block_job_dropped(const struct block_job *block, size_t *ret_first, size_t *ret_end);
/* What the domain is once it is done: definitions, and those positions. */
int block_job_outcome(struct block_job *block, struct domain_def **ret_live,
                      struct domain_def **ret_config, size_t *ret_first, size_t *ret_end,
                      struct verror *err);
/*
 * The same of a copy or active commit whose guest has ended since: the persistent definition, or
 * NULL where it had another image.
 */
int block_job_outcome_alone(struct block_job *block, struct domain_def **ret, struct verror *err);

/* block_target.c, workers: the file that is copied to. */
int block_target_check(struct block_job *block, struct verror *err);
bool block_target_is_new(struct block_job *block); /* see target_file_is_new() */
int block_target_make(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                      struct verror *err);
void block_target_remove(struct block_job *block);
int block_target_add_nodes(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                           struct verror *err);

/*
 * block_bitmaps.c, workers: dirty bitmaps.  Checked before the job begins, and moved when it is all
 * but done: QEMU has only to be told so.  -1 with err: none of them has been touched.
 */
int block_bitmaps_check(const struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                        struct verror *err);
int block_bitmaps_move(const struct block_job *block, struct guest *guest, struct verror *err);

/* block_qmp.c, workers: one job of QEMU's. */
struct block_status {
    bool found;
    bool ready, pending, concluded;
    char error[256]; /* "": none */
};
int block_qmp_look(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                   struct block_status *ret, struct verror *err);
/* "job-finalize", "block-job-complete", …: a command with its name as that argument. */
int block_qmp_tell(const struct block_job *block, struct guest *guest, const char *command,
                   const char *argument, struct job_ctl *ctl, struct verror *err);
/* Until it has concluded; -1 with err, also where it has failed. */
int block_qmp_wait_end(struct block_job *block, struct guest *guest, int ms, struct verror *err);
int block_qmp_start(struct block_job *block, struct guest *guest, struct job_ctl *ctl,
                    struct verror *err);

extern const struct job_kind domain_job_block_pull, domain_job_block_commit, domain_job_block_copy;

#endif
