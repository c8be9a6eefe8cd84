/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The storage of this daemon from its start to its end: reads definitions from
 * the store and starts the pools that ran or are autostarted.  Loop thread.
 */

#include "storage/storage.h"

#include <event2/event.h>
#include <string.h>

#include "jobs/job.h"
#include "storage/pool_jobs.h"
#include "storage/vol_jobs.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/log.h"

/* So long a stuck disk holds up the start of the daemon; its pool goes on starting behind. */
enum { START_WAIT_SECONDS = 10 };

static const struct job_kind *const kinds[] = {
    &pool_job_define, &pool_job_undefine, &pool_job_create, &pool_job_start,
    &pool_job_stop,   &pool_job_build,    &pool_job_delete, &pool_job_refresh,
    &vol_job_create,  &vol_job_clone,     &vol_job_wipe,    &vol_job_resize,
    &vol_job_delete,  &vol_job_upload,    &vol_job_download, NULL,
};

struct storage *storage_new(struct daemon *daemon)
{
    struct storage *storage = XNEW(struct storage);

    storage->daemon = daemon;
    jobs_add_kinds(daemon->jobs, kinds);
    return storage;
}

void storage_free(struct storage *storage)
{
    struct pool *pool, *next;

    if (!storage)
        return;
    HASH_ITER(hh_uuid, storage->by_uuid, pool, next)
        pool_remove(pool);
    if (storage->start_timer)
        event_free(storage->start_timer);
    free(storage);
}

/* --- reading the store --- */

/* A transient pool of an earlier boot, still in the store. */
struct gone {
    char *uuid;
    struct gone *next;
};

struct boot {
    struct storage *storage;
    bool same; /* the last daemon ran in this boot of the host */
    struct gone *gone;
};

static void load_boot(void *opaque, const struct store_object *row)
{
    struct boot *boot = opaque;

    boot->same = strcmp(row->name, child_boot_id()) == 0;
}

/* Once all is read: this boot, and that the names of what went with the last are free again. */
static void save_boot(struct boot *boot)
{
    struct store_txn *txn = store_begin(boot->storage->daemon->store);
    struct store_object row = {
        .kind = xstrdup("host"), .uuid = xstrdup("boot"), .name = xstrdup(child_boot_id()),
    };

    store_put_object(txn, &row);
    for (struct gone *gone = boot->gone; gone; gone = gone->next)
        store_delete_object(txn, "pool", gone->uuid);
    store_commit(txn, NULL, NULL); /* lost, pools of this boot are not started by themselves */
    store_object_clear(&row);
}

static void boot_add_gone(struct boot *boot, const char *uuid)
{
    struct gone *gone = XNEW(struct gone);

    gone->uuid = xstrdup(uuid);
    gone->next = boot->gone;
    boot->gone = gone;
}

static void boot_clear(struct boot *boot)
{
    while (boot->gone) {
        struct gone *gone = boot->gone;

        boot->gone = gone->next;
        free(gone->uuid);
        free(gone);
    }
}

/* What ran goes on, unless the host was booted meanwhile: then only what is autostarted. */
static void load_pool(void *opaque, const struct store_object *row)
{
    struct boot *boot = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;
    bool active = row->active && boot->same;
    const char *xml = active && row->live_xml ? row->live_xml : row->config_xml;
    struct pool_def *def = NULL, *config = NULL;
    struct pool *pool;

    if (!xml) {
        boot_add_gone(boot, row->uuid);
        return;
    }
    if (pool_def_parse(xml, &def, &err) < 0 ||
        (row->config_xml && pool_def_parse(row->config_xml, &config, &err) < 0)) {
        log_error("pool '%s' in the store is not readable: %s", row->name, verror_text(&err));
        if (def)
            pool_def_unref(def);
        return;
    }
    pool = pool_add(boot->storage, def, false);
    pool->config_def = config;
    pool->autostart = row->autostart;
    pool->building = active || row->autostart; /* to be started below */
    pool_def_unref(def);
}


static int load(struct boot *boot, struct verror *err)
{
    struct store *store = boot->storage->daemon->store;

    if (store_load_objects(store, "host", load_boot, boot, err) < 0 ||
        store_load_objects(store, "pool", load_pool, boot, err) < 0)
        return -1;
    return 0;
}

/* --- starting --- */

static void start_over(struct storage *storage)
{
    void (*ready)(void *opaque) = storage->ready;

    if (!ready)
        return;
    storage->ready = NULL;
    event_del(storage->start_timer);
    ready(storage->ready_opaque);
}

static void start_timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct storage *storage = opaque;

    (void)fd;
    (void)what;
    log_warn("%u storage pools do not answer; going on without them", storage->starting);
    start_over(storage);
}

static void pool_start_over(struct storage *storage)
{
    if (--storage->starting == 0)
        start_over(storage);
}

/* One pool on its way up. */
struct pool_start {
    struct storage *storage;
    char uuid[UUID_TEXT_SIZE];
};

/* A transient pool exists only while it runs; its job has failed, so nobody holds it. */
static void drop_transient(struct storage *storage, const char *uuid)
{
    struct pool *pool = pool_find_uuid(storage, uuid);
    struct store_txn *txn;

    if (!pool || pool->config_def || pool->active || pool->building)
        return;
    txn = store_begin(storage->daemon->store);
    store_delete_object(txn, "pool", uuid);
    store_commit(txn, NULL, NULL); /* lost, its start is tried once more the next time */
    pool_remove(pool);
}

static void pool_refused(void *opaque, struct verror *err)
{
    struct pool_start *start = opaque;

    log_warn("cannot start a storage pool: %s", verror_text(err));
    drop_transient(start->storage, start->uuid);
    pool_start_over(start->storage);
    free(start);
}

static void pool_ended(void *opaque, struct job *job)
{
    struct pool_start *start = opaque;

    if (job_state(job) != JOB_COMPLETE)
        log_warn("%s failed: %s", job_title(job), verror_text(job_error(job)));
    if (job_state(job) == JOB_FAILED)
        drop_transient(start->storage, start->uuid);
    pool_start_over(start->storage);
    free(start);
}

static void start_pool(struct storage *storage, struct pool *pool)
{
    struct pool_spec *spec = pool_spec_new(storage, pool->def);
    struct job_request request = pool_job_request(&pool_job_start, spec, "virtjobd");
    struct pool_start *start = XNEW(struct pool_start);

    start->storage = storage;
    memcpy(start->uuid, pool->uuid, sizeof(start->uuid));
    request.refused = pool_refused;
    request.ended = pool_ended;
    request.opaque = start;
    job_start(storage->daemon->jobs, &request);
}

int storage_start(struct storage *storage, void (*ready)(void *opaque), void *opaque,
                  struct verror *err)
{
    static const struct timeval wait = { .tv_sec = START_WAIT_SECONDS };
    _cleanup_(boot_clear) struct boot boot = { .storage = storage };
    struct pool *pool, *next;

    if (load(&boot, err) < 0)
        return -1;
    save_boot(&boot);
    storage->ready = ready;
    storage->ready_opaque = opaque;
    storage->start_timer = evtimer_new(storage->daemon->base, start_timer_cb, storage);
    evtimer_add(storage->start_timer, &wait);
    storage->starting = 1; /* ourselves, until all are on their way */
    HASH_ITER(hh_uuid, storage->by_uuid, pool, next) {
        if (!pool->building)
            continue;
        pool->building = false;
        storage->starting++;
        start_pool(storage, pool);
    }
    pool_start_over(storage);
    return 0;
}
