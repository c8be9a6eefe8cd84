/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that changes a pool, as kinds of jobs, and the specification they
 * share.
 */
#ifndef VIRTJOBD_POOL_JOBS_H
#define VIRTJOBD_POOL_JOBS_H

#include "jobs/job.h"
#include "storage/pool.h"
#include "storage/pool_driver.h"

struct pool_spec {
    /* fixed before the job starts */
    struct storage *storage;
    struct pool_def *def;      /* of the pool, or the new one of define and create */
    char uuid[UUID_TEXT_SIZE];
    unsigned int flags;        /* virStoragePoolBuildFlags, already translated for start */
    bool with_build;           /* start and create: build first */
    /* what the workers find out */
    struct pool_build_trace trace;
    struct vol_info **infos;
    size_t ninfos;
    struct pool_xml_state state;
    char *real_path;
    uint64_t dev, ino;
    /* the loop's */
    bool visible;    /* create: the object was made by this job */
    bool refreshing; /* counted in pool->refreshing */
};

/* def: a reference is taken. */
struct pool_spec *pool_spec_new(struct storage *storage, struct pool_def *def);
void pool_spec_free(void *spec);

extern const struct job_kind pool_job_define, pool_job_undefine, pool_job_create, pool_job_start,
    pool_job_stop, pool_job_build, pool_job_delete, pool_job_refresh;

/* A request for a job on that pool, callbacks still to be filled in; it owns spec. */
struct job_request pool_job_request(const struct job_kind *kind, struct pool_spec *spec,
                                    const char *started_by);

/* The pool's row as it is or is to be. */
void pool_put_row(struct store_txn *txn, const char *uuid, struct pool_def *config_def,
                  struct pool_def *live_def, bool autostart, bool active);

#endif
