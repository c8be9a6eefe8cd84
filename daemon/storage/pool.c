/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools and volumes as objects in memory; see pool.h.  Loop thread. */

#include "storage/pool.h"

#include <string.h>

#include "jobs/job.h"
#include "util/alloc.h"
#include "xml/job_xml.h"

/* --- finding --- */

struct pool *pool_find_uuid(struct storage *storage, const char *uuid)
{
    struct pool *pool;

    HASH_FIND(hh_uuid, storage->by_uuid, uuid, strlen(uuid), pool);
    return pool;
}

struct pool *pool_find_name(struct storage *storage, const char *name)
{
    struct pool *pool;

    HASH_FIND(hh_name, storage->by_name, name, strlen(name), pool);
    return pool;
}

struct pool *pool_find_path(struct storage *storage, const char *path)
{
    struct pool *pool, *next;

    HASH_ITER(hh_uuid, storage->by_uuid, pool, next) {
        if (strcmp(pool->def->target_path, path) == 0 ||
            (pool->real_path && strcmp(pool->real_path, path) == 0))
            return pool;
    }
    return NULL;
}

struct pool *pool_find_directory(struct storage *storage, uint64_t dev, uint64_t ino,
                                 const struct pool *but)
{
    struct pool *pool, *next;

    HASH_ITER(hh_uuid, storage->by_uuid, pool, next) {
        if (pool != but && pool->real_path && pool->dev == dev && pool->ino == ino)
            return pool;
    }
    return NULL;
}

int pool_check_active(const struct pool *pool, struct verror *err)
{
    if (pool->active)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "storage pool '%s' is not active",
                      pool->def->name);
}

int pool_check_inactive(const struct pool *pool, struct verror *err)
{
    if (!pool->active)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "storage pool '%s' is active",
                      pool->def->name);
}

/* --- telling --- */

void storage_on_event(struct storage *storage, pool_event_cb *cb, void *opaque)
{
    storage->on_event = cb;
    storage->on_event_opaque = opaque;
}

void pool_tell(const struct pool *pool, enum pool_event event)
{
    const struct storage *storage = pool->storage;

    if (storage->on_event)
        storage->on_event(storage->on_event_opaque, pool, event);
}

/* --- adding, changing, removing --- */

struct pool *pool_add(struct storage *storage, struct pool_def *def, bool persistent)
{
    struct pool *pool = XNEW(struct pool);

    pool->storage = storage;
    uuid_format(def->uuid, pool->uuid);
    pool->def = pool_def_ref(def);
    pool->config_def = persistent ? pool_def_ref(def) : NULL;
    pool->state.perms = (struct perms){ PERMS_UNSET, PERMS_UNSET, PERMS_UNSET, NULL };
    HASH_ADD_KEYPTR(hh_uuid, storage->by_uuid, pool->uuid, strlen(pool->uuid), pool);
    HASH_ADD_KEYPTR(hh_name, storage->by_name, pool->def->name, strlen(pool->def->name), pool);
    return pool;
}

static void touched_clear(struct pool *pool)
{
    struct touched_name *touched, *next;

    HASH_ITER(hh, pool->touched, touched, next) {
        HASH_DEL(pool->touched, touched);
        free(touched->name);
        free(touched);
    }
}

static void pool_drop_vols(struct pool *pool)
{
    struct vol *vol, *next;

    HASH_ITER(hh_name, pool->vols, vol, next)
        vol_remove(vol);
}

void pool_remove(struct pool *pool)
{
    struct storage *storage = pool->storage;

    pool_drop_vols(pool);
    touched_clear(pool);
    HASH_DELETE(hh_uuid, storage->by_uuid, pool);
    HASH_DELETE(hh_name, storage->by_name, pool);
    pool_def_unref(pool->def);
    if (pool->config_def)
        pool_def_unref(pool->config_def);
    free(pool->state.perms.label);
    free(pool->real_path);
    free(pool);
}

/* The name in the hash points into def, so they change together; the name itself never does. */
static void pool_set_def(struct pool *pool, struct pool_def *def)
{
    struct storage *storage = pool->storage;
    struct pool_def *before = pool->def;

    HASH_DELETE(hh_name, storage->by_name, pool);
    pool->def = pool_def_ref(def);
    HASH_ADD_KEYPTR(hh_name, storage->by_name, pool->def->name, strlen(pool->def->name), pool);
    pool_def_unref(before);
}

void pool_set_config(struct pool *pool, struct pool_def *def)
{
    if (pool->config_def)
        pool_def_unref(pool->config_def);
    pool->config_def = pool_def_ref(def);
    if (!pool->active)
        pool_set_def(pool, def);
}

void pool_set_state(struct pool *pool, const struct pool_xml_state *state)
{
    free(pool->state.perms.label);
    pool->state = *state;
    pool->state.perms.label = xstrdup(state->perms.label);
    pool->state.job_xml = NULL;
}

void pool_activate(struct pool *pool, struct pool_def *def, char *real_path, uint64_t dev,
                   uint64_t ino)
{
    pool_set_def(pool, def);
    pool->active = true;
    pool->building = false;
    free(pool->real_path);
    pool->real_path = real_path;
    pool->dev = dev;
    pool->ino = ino;
}

void pool_set_inactive(struct pool *pool)
{
    if (!pool->config_def) {
        pool_remove(pool);
        return;
    }
    pool->active = false;
    pool->building = false;
    free(STEAL_PTR(pool->real_path));
    pool_drop_vols(pool);
    pool_set_def(pool, pool->config_def);
}

/* --- refresh --- */

void pool_begin_refresh(struct pool *pool)
{
    pool->refreshing++;
}

void pool_end_refresh(struct pool *pool)
{
    if (pool->refreshing > 0 && --pool->refreshing == 0) /* 0: of another pool of that UUID */
        touched_clear(pool);
}

static bool is_touched(struct pool *pool, const char *name)
{
    struct touched_name *touched;

    HASH_FIND_STR(pool->touched, name, touched);
    return touched != NULL;
}

static void touch(struct pool *pool, const char *name)
{
    struct touched_name *touched;

    if (!pool->refreshing || is_touched(pool, name))
        return;
    touched = XNEW(struct touched_name);
    touched->name = xstrdup(name);
    HASH_ADD_KEYPTR(hh, pool->touched, touched->name, strlen(touched->name), touched);
}

static void vol_unlink(struct vol *vol)
{
    HASH_DELETE(hh_name, vol->pool->vols, vol);
    HASH_DELETE(hh_path, vol->pool->storage->vols_by_path, vol);
    vol_info_free(vol->info);
    free(vol);
}

static struct vol *vol_link(struct pool *pool, struct vol_info *info)
{
    struct vol *vol = XNEW(struct vol);

    vol->pool = pool;
    vol->info = info;
    HASH_ADD_KEYPTR(hh_name, pool->vols, info->name, strlen(info->name), vol);
    HASH_ADD_KEYPTR(hh_path, pool->storage->vols_by_path, info->path, strlen(info->path), vol);
    return vol;
}

void pool_merge(struct pool *pool, struct vol_info **infos, size_t count)
{
    struct vol *vol, *next;

    HASH_ITER(hh_name, pool->vols, vol, next) {
        if (!vol->building && !is_touched(pool, vol->info->name))
            vol_unlink(vol);
    }
    for (size_t i = 0; i < count; i++) {
        if (vol_find_name(pool, infos[i]->name) || is_touched(pool, infos[i]->name))
            vol_info_free(infos[i]);
        else
            vol_link(pool, infos[i]);
    }
}

/* --- volumes --- */

struct vol *vol_find_name(struct pool *pool, const char *name)
{
    struct vol *vol;

    HASH_FIND(hh_name, pool->vols, name, strlen(name), vol);
    return vol;
}

struct vol *vol_find_path(struct storage *storage, const char *path)
{
    struct vol *vol;

    HASH_FIND(hh_path, storage->vols_by_path, path, strlen(path), vol);
    return vol;
}

struct vol *vol_put(struct pool *pool, struct vol_info *info)
{
    struct vol *vol = vol_find_name(pool, info->name);

    if (vol)
        vol_unlink(vol);
    touch(pool, info->name);
    return vol_link(pool, info);
}

void vol_remove(struct vol *vol)
{
    touch(vol->pool, vol->info->name);
    vol_unlink(vol);
}

static struct job *building_job(struct vol *vol)
{
    return vol->building ? jobs_find_id(vol->pool->storage->daemon->jobs, vol->building) : NULL;
}

uint64_t vol_allocation(struct vol *vol)
{
    struct job *job = building_job(vol);
    struct job_snapshot snapshot;

    if (!job)
        return vol->info->allocation;
    job_snapshot(job, &snapshot);
    return snapshot.done;
}

/* Our element for a job that has not ended, or NULL. */
static char *running_job_xml(struct job *job)
{
    struct job_snapshot snapshot;

    if (!job || job_state_is_ended(job_state(job)))
        return NULL;
    job_snapshot(job, &snapshot);
    return job_xml_format(job_id(job), job_kind_of(job)->name, job_state_name(job_state(job)),
                          snapshot.percent);
}

char *vol_xml(struct vol *vol, const struct vol_info *info)
{
    struct pool *pool = vol->pool;
    _cleanup_free_ char *job_xml =
        running_job_xml(jobs_find_object(pool->storage->daemon->jobs, JOB_OBJECT_VOL,
                                         vol->info->name, pool->def->name, pool->uuid));
    struct vol_info shown = *info;

    if (vol->building)
        shown.allocation = vol_allocation(vol);
    return vol_info_format(&shown, job_xml);
}

char *pool_xml(struct pool *pool, bool inactive)
{
    _cleanup_free_ char *job_xml = NULL;
    struct pool_xml_state state = pool->state;

    if (inactive && pool->config_def)
        return pool_def_format(pool->config_def, NULL);
    job_xml = running_job_xml(jobs_find_object(pool->storage->daemon->jobs, JOB_OBJECT_POOL,
                                               pool->def->name, "", pool->uuid));
    if (!pool->active && !job_xml)
        return pool_def_format(pool->def, NULL);
    state.job_xml = job_xml;
    return pool_def_format(pool->def, &state);
}
