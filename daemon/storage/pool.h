/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The storage objects in memory: all pools, the volumes of each.  Owned by the
 * loop thread; nothing else reads or changes them.  Workers are handed specs
 * (pool_jobs.h, vol_jobs.h), never these.
 */
#ifndef VIRTJOBD_POOL_H
#define VIRTJOBD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "daemon.h"
#include "storage/storage.h"
#include "util/uuid.h"
#include "util/verror.h"
#include "xml/pool_xml.h"
#include "xml/vol_xml.h"

struct vol {
    struct pool *pool;
    struct vol_info *info;
    uint64_t building; /* id of the job that makes it, 0 = it is whole */
    UT_hash_handle hh_name, hh_path; /* pool->vols, storage->vols_by_path */
};

/* A name that changed while a refresh was looking at the directory. */
struct touched_name {
    char *name;
    UT_hash_handle hh;
};

struct pool {
    struct storage *storage;
    char uuid[UUID_TEXT_SIZE];
    struct pool_def *def;        /* as it runs; the persistent one while inactive */
    struct pool_def *config_def; /* persistent definition, NULL = transient */
    bool active, autostart;
    bool building;               /* a pool-create that has not ended yet */
    char *real_path;             /* canonical directory, NULL = inactive */
    uint64_t dev, ino;           /* of that directory */
    struct pool_xml_state state;
    struct vol *vols;
    unsigned int refreshing;     /* refreshes under way */
    struct touched_name *touched;
    UT_hash_handle hh_uuid, hh_name;
};

/* What happens to pools; libvirt's virStoragePoolEventLifecycleType, and one that is its own
   event. */
enum pool_event {
    POOL_DEFINED = 0,
    POOL_UNDEFINED = 1,
    POOL_STARTED = 2,
    POOL_STOPPED = 3,
    POOL_CREATED = 4, /* built */
    POOL_DELETED = 5,
    POOL_REFRESHED,
};

/* VIR_STORAGE_POOL_EVENT_ID_* */
enum { POOL_EVENT_LIFECYCLE = 0, POOL_EVENT_REFRESH = 1, POOL_EVENT_ID_MAX };

typedef void pool_event_cb(void *opaque, const struct pool *pool, enum pool_event event);

struct storage {
    struct daemon *daemon;
    pool_event_cb *on_event;
    void *on_event_opaque;
    struct pool *by_uuid, *by_name;
    struct vol *vols_by_path;
    /* storage_start */
    unsigned int starting; /* pools whose start has not ended */
    struct event *start_timer;
    void (*ready)(void *opaque);
    void *ready_opaque;
};

/* The one who is told of all events, after the fact. */
void storage_on_event(struct storage *storage, pool_event_cb *cb, void *opaque);
void pool_tell(const struct pool *pool, enum pool_event event);

/* --- pools --- */

struct pool *pool_find_uuid(struct storage *storage, const char *uuid);
struct pool *pool_find_name(struct storage *storage, const char *name);
struct pool *pool_find_path(struct storage *storage, const char *path);
/* Adds an inactive pool; takes a reference of def.  persistent: def is its config too. */
struct pool *pool_add(struct storage *storage, struct pool_def *def, bool persistent);
/* Forgets it with all its volumes. */
void pool_remove(struct pool *pool);
/* The persistent definition becomes def; an inactive pool follows at once. */
void pool_set_config(struct pool *pool, struct pool_def *def);
/* It runs from now on, as def says.  real_path is taken over. */
void pool_activate(struct pool *pool, struct pool_def *def, char *real_path, uint64_t dev,
                   uint64_t ino);
/* It is inactive from now on; a transient one is gone. */
void pool_set_inactive(struct pool *pool);
void pool_set_state(struct pool *pool, const struct pool_xml_state *state);
/* Another pool whose running directory is that one, or NULL. */
struct pool *pool_find_directory(struct storage *storage, uint64_t dev, uint64_t ino,
                                 const struct pool *but);
/* -1 with VIR_ERR_OPERATION_INVALID. */
int pool_check_active(const struct pool *pool, struct verror *err);
int pool_check_inactive(const struct pool *pool, struct verror *err);
/* A new string: the XML with its job, if one is running. */
char *pool_xml(struct pool *pool, bool inactive);

/* What a refresh found replaces what was there, but for names that changed meanwhile. */
void pool_begin_refresh(struct pool *pool);
void pool_end_refresh(struct pool *pool);
/* Takes over the infos, not the array. */
void pool_merge(struct pool *pool, struct vol_info **infos, size_t count);

/* --- volumes --- */

struct vol *vol_find_name(struct pool *pool, const char *name);
struct vol *vol_find_path(struct storage *storage, const char *path);
/* Adds or replaces; info is taken over. */
struct vol *vol_put(struct pool *pool, struct vol_info *info);
void vol_remove(struct vol *vol);
/* Bytes that count as allocated: while it is being made, those done so far. */
uint64_t vol_allocation(struct vol *vol);
/* A new string: the XML of info, an up-to-date look at vol, with its job if one is running. */
char *vol_xml(struct vol *vol, const struct vol_info *info);

#endif
