/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that changes a pool, as kinds of jobs.  Functions of a kind run
 * where job.h says; those that touch pool objects run on the loop.
 */

#include "storage/pool_jobs.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "storage/probe.h"
#include "store/store.h"
#include "util/alloc.h"

/* --- the specification --- */

struct pool_spec *pool_spec_new(struct storage *storage, struct pool_def *def)
{
    struct pool_spec *spec = XNEW(struct pool_spec);

    spec->storage = storage;
    spec->def = pool_def_ref(def);
    uuid_format(def->uuid, spec->uuid);
    spec->trace = (struct pool_build_trace){ NULL, PERMS_UNSET, PERMS_UNSET, PERMS_UNSET };
    return spec;
}

static void drop_infos(struct pool_spec *spec)
{
    for (size_t i = 0; i < spec->ninfos; i++)
        vol_info_free(spec->infos[i]);
    free(STEAL_PTR(spec->infos));
    spec->ninfos = 0;
}

void pool_spec_free(void *opaque)
{
    struct pool_spec *spec = opaque;

    drop_infos(spec);
    pool_def_unref(spec->def);
    free(spec->trace.created);
    free(spec->state.perms.label);
    free(spec->real_path);
    free(spec);
}

static char *pool_spec_save(const void *opaque)
{
    const struct pool_spec *spec = opaque;
    _cleanup_free_ char *xml = pool_def_format(spec->def, NULL);
    json_t *json = json_pack("{s:s, s:i, s:b, s:s*, s:I, s:I, s:I}", "xml", xml, "flags",
                             (int)spec->flags, "with_build", spec->with_build, "created",
                             spec->trace.created, "mode", (json_int_t)spec->trace.mode, "owner",
                             (json_int_t)spec->trace.owner, "group",
                             (json_int_t)spec->trace.group);
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return text;
}

static void *pool_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    json_t *json = json_loads(text, 0, NULL);
    struct pool_def *def = NULL;
    struct pool_spec *spec = NULL;
    const char *xml = "", *created = NULL;
    json_int_t mode = PERMS_UNSET, owner = PERMS_UNSET, group = PERMS_UNSET;
    int flags = 0, with_build = 0;

    if (json_unpack(json, "{s:s, s:i, s:b, s?s, s:I, s:I, s:I}", "xml", &xml, "flags", &flags,
                    "with_build", &with_build, "created", &created, "mode", &mode, "owner",
                    &owner, "group", &group) < 0)
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's pool specification is not readable");
    else if (pool_def_parse(xml, &def, err) == 0) {
        spec = pool_spec_new(daemon->storage, def);
        spec->flags = (unsigned int)flags;
        spec->with_build = with_build;
        spec->trace = (struct pool_build_trace){ xstrdup(created), (uint32_t)mode,
                                                 (uint32_t)owner, (uint32_t)group };
        pool_def_unref(def);
    }
    json_decref(json);
    return spec;
}

struct job_request pool_job_request(const struct job_kind *kind, struct pool_spec *spec,
                                    const char *started_by)
{
    return (struct job_request){
        .kind = kind,
        .spec = spec,
        .object_kind = JOB_OBJECT_POOL,
        .name = spec->def->name,
        .pool = "",
        .uuid = spec->uuid,
        .started_by = started_by,
    };
}

static struct pool *spec_pool(const struct pool_spec *spec)
{
    return pool_find_uuid(spec->storage, spec->uuid);
}

static int no_pool(const struct pool_spec *spec, struct verror *err)
{
    return verror_set(err, VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching uuid '%s' (%s)",
                      spec->uuid, spec->def->name);
}

/* --- locks and checks: loop --- */

static void change_locks(const void *opaque, struct lock_hold *hold)
{
    const struct pool_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("pool:%s", spec->uuid), LOCK_POOL_CHANGE);
}

/*
 * Two that are made at once may have different UUIDs and yet one name, or one
 * directory: the second waits, and then finds that the first is there.
 */
static void new_locks(const void *opaque, struct lock_hold *hold)
{
    const struct pool_spec *spec = opaque;

    change_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("pool name:%s", spec->def->name), LOCK_POOL_CHANGE);
    lock_hold_want(hold, xasprintf("pool path:%s", spec->def->target_path), LOCK_POOL_CHANGE);
}

static void refresh_locks(const void *opaque, struct lock_hold *hold)
{
    const struct pool_spec *spec = opaque;

    lock_hold_want(hold, xasprintf("pool:%s", spec->uuid), LOCK_POOL_REFRESH);
}

static int check_active(void *opaque, struct verror *err)
{
    struct pool *pool = spec_pool(opaque);

    return pool ? pool_check_active(pool, err) : no_pool(opaque, err);
}

static int check_inactive(void *opaque, struct verror *err)
{
    struct pool *pool = spec_pool(opaque);

    return pool ? pool_check_inactive(pool, err) : no_pool(opaque, err);
}

static int check_persistent_inactive(void *opaque, struct verror *err)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (check_inactive(opaque, err) < 0)
        return -1;
    if (pool->config_def)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID, "storage pool '%s' is not persistent",
                      spec->def->name);
}

/* Name, UUID and directory belong to one pool each. */
static int check_clash(struct pool_spec *spec, struct verror *err)
{
    struct pool *by_name = pool_find_name(spec->storage, spec->def->name);
    struct pool *by_uuid = spec_pool(spec);
    struct pool *by_path = pool_find_path(spec->storage, spec->def->target_path);

    if (by_name && by_name != by_uuid)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "pool '%s' already exists with uuid %s", spec->def->name,
                          by_name->uuid);
    if (by_uuid && strcmp(by_uuid->def->name, spec->def->name) != 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "pool '%s' is already defined with uuid %s", by_uuid->def->name,
                          by_uuid->uuid);
    if (by_path && by_path != by_uuid)
        return verror_set(err, VIR_ERR_OPERATION_FAILED,
                          "storage source conflict with pool: '%s' has the directory '%s'",
                          by_path->def->name, spec->def->target_path);
    return 0;
}

static int define_check(void *opaque, struct verror *err)
{
    return check_clash(opaque, err);
}

static int create_check(void *opaque, struct verror *err)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (check_clash(spec, err) < 0)
        return -1;
    return pool ? pool_check_inactive(pool, err) : 0;
}

/* --- define, undefine: only the store and memory change --- */

void pool_put_row(struct store_txn *txn, const char *uuid, struct pool_def *config_def,
                  struct pool_def *live_def, bool autostart, bool active)
{
    struct store_object row = {
        .kind = xstrdup("pool"),
        .uuid = xstrdup(uuid),
        .name = xstrdup(config_def ? config_def->name : live_def->name),
        .config_xml = config_def ? pool_def_format(config_def, NULL) : NULL,
        .live_xml = live_def ? pool_def_format(live_def, NULL) : NULL,
        .autostart = autostart,
        .active = active,
    };

    store_put_object(txn, &row);
    store_object_clear(&row);
}

static void define_commit(void *opaque, struct store_txn *txn)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);
    bool active = pool && pool->active;

    pool_put_row(txn, spec->uuid, spec->def, active ? pool->def : NULL,
                 pool && pool->autostart, active);
}

static void define_ended(void *opaque, bool done)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (!done)
        return;
    if (pool)
        pool_set_config(pool, spec->def);
    else
        pool = pool_add(spec->storage, spec->def, true);
    pool_tell(pool, POOL_DEFINED);
}

static void undefine_commit(void *opaque, struct store_txn *txn)
{
    struct pool_spec *spec = opaque;

    store_delete_object(txn, "pool", spec->uuid);
}

static void undefine_ended(void *opaque, bool done)
{
    if (!done)
        return;
    pool_tell(spec_pool(opaque), POOL_UNDEFINED);
    pool_remove(spec_pool(opaque));
}

/* --- build, delete: workers --- */

static int build_prepare(void *opaque, struct verror *err)
{
    struct pool_spec *spec = opaque;

    return pool_driver_find(spec->def->type)->survey(spec->def, &spec->trace, err);
}

static int build_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct pool_spec *spec = opaque;

    (void)job_id;
    job_ctl_step(ctl, "building the pool");
    job_ctl_waiting(ctl, spec->def->target_path);
    return pool_driver_find(spec->def->type)->build(spec->def, spec->flags, err);
}

static void build_undo(void *opaque, uint64_t job_id)
{
    struct pool_spec *spec = opaque;

    (void)job_id;
    pool_driver_find(spec->def->type)->unbuild(spec->def, &spec->trace);
}

static void build_ended(void *opaque, bool done)
{
    struct pool *pool = spec_pool(opaque);

    if (done && pool)
        pool_tell(pool, POOL_CREATED);
}

static void delete_ended(void *opaque, bool done)
{
    struct pool *pool = spec_pool(opaque);

    if (done && pool)
        pool_tell(pool, POOL_DELETED);
}

static int delete_publish(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct pool_spec *spec = opaque;

    (void)job_id;
    job_ctl_step(ctl, "removing the pool's storage");
    job_ctl_waiting(ctl, spec->def->target_path);
    return pool_driver_find(spec->def->type)->remove(spec->def, err);
}

static enum job_recovery delete_recover(void *opaque, uint64_t job_id, const char *checkpoint,
                                        struct verror *err)
{
    struct pool_spec *spec = opaque;

    (void)job_id;
    (void)checkpoint;
    (void)err;
    if (access(spec->def->target_path, F_OK) < 0 && errno == ENOENT)
        return JOB_RECOVER_DONE;
    return JOB_RECOVER_RUN;
}

/* --- refresh --- */

static int scan(struct pool_spec *spec, const char *path, struct job_ctl *ctl,
                struct verror *err)
{
    job_ctl_step(ctl, "looking at the pool's files");
    job_ctl_waiting(ctl, spec->def->target_path);
    if (probe_directory(path, ctl, &spec->infos, &spec->ninfos, err) < 0 ||
        probe_pool(path, &spec->state, err) < 0)
        return -1;
    job_ctl_waiting(ctl, NULL);
    return 0;
}

static int refresh_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct pool_spec *spec = opaque;

    (void)job_id;
    return scan(spec, spec->def->target_path, ctl, err);
}

static void refresh_accepted(void *opaque, uint64_t job_id)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    (void)job_id;
    if (!pool)
        return;
    spec->refreshing = true;
    pool_begin_refresh(pool);
}

static void merge(struct pool_spec *spec, struct pool *pool)
{
    pool_merge(pool, spec->infos, spec->ninfos);
    spec->ninfos = 0; /* the pool has them now */
    pool_set_state(pool, &spec->state);
}

static void refresh_ended(void *opaque, bool done)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (!pool)
        return;
    if (done && pool->active)
        merge(spec, pool);
    if (spec->refreshing)
        pool_end_refresh(pool);
    if (done && pool->active)
        pool_tell(pool, POOL_REFRESHED);
}

/* --- start, create, stop --- */

static int start_prepare(void *opaque, struct verror *err)
{
    struct pool_spec *spec = opaque;

    return spec->with_build ? build_prepare(opaque, err) : 0;
}

static int start_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct pool_spec *spec = opaque;
    const struct pool_driver *driver = pool_driver_find(spec->def->type);

    if (spec->with_build && build_run(opaque, job_id, ctl, err) < 0)
        return -1;
    job_ctl_step(ctl, "starting the pool");
    job_ctl_waiting(ctl, spec->def->target_path);
    free(STEAL_PTR(spec->real_path));
    drop_infos(spec);
    if (driver->start(spec->def, &spec->real_path, &spec->dev, &spec->ino, err) < 0)
        return -1;
    return scan(spec, spec->def->target_path, ctl, err);
}

static int start_decide(void *opaque, struct verror *err)
{
    struct pool_spec *spec = opaque;
    struct pool *other =
        pool_find_directory(spec->storage, spec->dev, spec->ino, spec_pool(spec));

    if (!other)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED,
                      "storage source conflict with pool: '%s' has the directory '%s'",
                      other->def->name, spec->def->target_path);
}

static void start_undo(void *opaque, uint64_t job_id)
{
    struct pool_spec *spec = opaque;

    if (spec->with_build)
        build_undo(opaque, job_id);
}

static void start_commit(void *opaque, struct store_txn *txn)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    pool_put_row(txn, spec->uuid, pool->config_def, spec->def, pool->autostart, true);
}

/* create: it is in lookups and lists from here on; after a restart it may be there already. */
static void create_accepted(void *opaque, uint64_t job_id)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    (void)job_id;
    if (pool)
        return;
    pool = pool_add(spec->storage, spec->def, false);
    pool->building = true;
    spec->visible = true;
}

static void start_ended(void *opaque, bool done)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (!done) {
        if (pool && spec->visible)
            pool_remove(pool); /* transient: it exists only while it runs */
        return;
    }
    pool_activate(pool, spec->def, STEAL_PTR(spec->real_path), spec->dev, spec->ino);
    merge(spec, pool);
    if (spec->with_build)
        pool_tell(pool, POOL_CREATED);
    pool_tell(pool, POOL_STARTED);
}

static void stop_commit(void *opaque, struct store_txn *txn)
{
    struct pool_spec *spec = opaque;
    struct pool *pool = spec_pool(spec);

    if (pool->config_def)
        pool_put_row(txn, spec->uuid, pool->config_def, NULL, pool->autostart, false);
    else
        store_delete_object(txn, "pool", spec->uuid);
}

static void stop_ended(void *opaque, bool done)
{
    if (!done)
        return;
    pool_tell(spec_pool(opaque), POOL_STOPPED);
    pool_set_inactive(spec_pool(opaque));
}

/* --- the kinds --- */

#define POOL_SPEC_FUNCTIONS \
    .spec_save = pool_spec_save, .spec_load = pool_spec_load, .spec_free = pool_spec_free

const struct job_kind pool_job_define = {
    .name = "pool-define",
    .locks = new_locks,
    .check = define_check,
    .commit = define_commit,
    .ended = define_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_undefine = {
    .name = "pool-undefine",
    .locks = change_locks,
    .check = check_persistent_inactive,
    .commit = undefine_commit,
    .ended = undefine_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_create = {
    .name = "pool-create",
    .counts_files = true,
    .locks = new_locks,
    .check = create_check,
    .prepare = start_prepare,
    .accepted = create_accepted,
    .run = start_run,
    .decide = start_decide,
    .undo = start_undo,
    .commit = start_commit,
    .ended = start_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_start = {
    .name = "pool-start",
    .counts_files = true,
    .locks = change_locks,
    .check = check_inactive,
    .prepare = start_prepare,
    .run = start_run,
    .decide = start_decide,
    .undo = start_undo,
    .commit = start_commit,
    .ended = start_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_stop = {
    .name = "pool-destroy",
    .locks = change_locks,
    .check = check_active,
    .commit = stop_commit,
    .ended = stop_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_build = {
    .name = "pool-build",
    .is_long = true,
    .locks = change_locks,
    .check = check_inactive,
    .prepare = build_prepare,
    .run = build_run,
    .undo = build_undo,
    .ended = build_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_delete = {
    .name = "pool-delete",
    .is_long = true,
    .locks = change_locks,
    .check = check_inactive,
    .publish = delete_publish,
    .recover = delete_recover,
    .ended = delete_ended,
    POOL_SPEC_FUNCTIONS,
};

const struct job_kind pool_job_refresh = {
    .name = "pool-refresh",
    .is_long = true,
    .joins_queue = true,
    .counts_files = true,
    .locks = refresh_locks,
    .check = check_active,
    .accepted = refresh_accepted,
    .run = refresh_run,
    .ended = refresh_ended,
    POOL_SPEC_FUNCTIONS,
};
