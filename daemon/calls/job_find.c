/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose job a call of the JOB program means; see job_find.h.  Loop thread; the
 * history is read on a worker.
 */

#include "calls/job_find.h"

#include <string.h>

#include "calls/domain_call.h"
#include "calls/job_call.h"
#include "calls/lookup.h"
#include "hypervisor/qemu/block_job.h"
#include "util/alloc.h"

static int no_job(struct call *call, const char *object)
{
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "no job has run on %s", object);
}

/* A backup, or the last that was started on a disk of it, that has not ended; or NULL. */
static struct job *find_disk_job(struct call *call, const char *uuid)
{
    const struct domain *domain = domain_find_uuid(call->daemon->domains, uuid);
    const struct block_job *block = domain && domain->guest ? domain->guest->block_jobs : NULL;
    struct job *backup = call_running_backup(call, domain);

    if (backup)
        return backup;
    return block ? jobs_find_id(call->daemon->jobs, block->id) : NULL;
}

/* By its UUID: also of a domain that is gone, or was renamed. */
static struct job *find_domain_job(struct call *call, const struct wire_domain *wire)
{
    char uuid[UUID_TEXT_SIZE];
    struct job *job, *disk_job = NULL;

    uuid_format((const unsigned char *)wire->uuid, uuid);
    job = jobs_find_object(call->daemon->jobs, JOB_OBJECT_DOMAIN, wire->name, "", uuid);
    if (!job || job_state_is_ended(job_state(job)))
        disk_job = find_disk_job(call, uuid);
    if (disk_job)
        return disk_job;
    if (!job && call_domain(call, wire)) {
        _cleanup_free_ char *object = xasprintf("domain '%s'", wire->name);

        no_job(call, object);
    }
    return job;
}

static struct job *find_pool_job(struct call *call, const struct wire_pool *wire)
{
    char uuid[UUID_TEXT_SIZE];
    struct job *job;

    uuid_format((const unsigned char *)wire->uuid, uuid);
    job = jobs_find_object(call->daemon->jobs, JOB_OBJECT_POOL, wire->name, "", uuid);
    if (!job && call_pool(call, wire)) {
        _cleanup_free_ char *object = xasprintf("pool '%s'", wire->name);

        no_job(call, object);
    }
    return job;
}

static struct job *find_vol_job(struct call *call, const struct wire_vol *wire)
{
    struct job *job =
        jobs_find_object(call->daemon->jobs, JOB_OBJECT_VOL, wire->name, wire->pool, "");

    if (!job && call_vol(call, wire)) {
        _cleanup_free_ char *object =
            xasprintf("volume '%s' in pool '%s'", wire->name, wire->pool);

        no_job(call, object);
    }
    return job;
}

static int no_such_id(struct call *call, uint64_t id)
{
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "there is no job %llu",
                      (unsigned long long)id);
}

struct job *call_find_job(struct call *call, const struct job_target *target)
{
    switch (target->kind) {
    case JOB_TARGET_DOMAIN:
        return find_domain_job(call, &target->job_target_u.domain);
    case JOB_TARGET_POOL:
        return find_pool_job(call, &target->job_target_u.pool);
    case JOB_TARGET_VOL:
        return find_vol_job(call, &target->job_target_u.vol);
    case JOB_TARGET_ID:
        break;
    }
    return jobs_find_id(call->daemon->jobs, target->job_target_u.id);
}

/* --- one job from the history --- */

struct history_look {
    struct store *store;
    uint64_t id;
    struct store_job *rows;
    int count;
    /* NULL: an ended job is an error */
    job_fill_fn fill;
};

static void free_history_look(void *opaque)
{
    struct history_look *look = opaque;

    for (int i = 0; i < look->count; i++)
        store_job_clear(&look->rows[i]);
    free(look->rows);
    free(look);
}

static int read_one(void *opaque, struct verror *err)
{
    struct history_look *look = opaque;

    look->count = store_read_history(look->store, look->id + 1, 1, &look->rows, err);
    return look->count < 0 ? -1 : 0;
}

static void answer_history(struct call *call, void *opaque)
{
    struct history_look *look = opaque;
    struct job_snapshot snapshot;

    if (look->count < 1 || look->rows[0].id != look->id) {
        no_such_id(call, look->id);
        call_fail(call);
        return;
    }
    if (!look->fill) {
        verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "job %llu (%s of '%s') has already ended",
                   (unsigned long long)look->id, look->rows[0].operation, look->rows[0].name);
        call_fail(call);
        return;
    }
    job_row_snapshot(call->daemon->jobs, &look->rows[0], &snapshot);
    look->fill(call, &look->rows[0], &snapshot);
    call_reply(call);
}

int call_look_in_history(struct call *call, uint64_t id, job_fill_fn fill)
{
    struct history_look *look = XNEW(struct history_look);
    struct offload offload = {
        .key = (char *)(uintptr_t)"history-row", /* does not wait for lists */
        .input = look,
        .free_input = free_history_look,
        .work = read_one,
        .then = answer_history,
    };

    look->store = call->daemon->store;
    look->id = id;
    look->fill = fill;
    call_offload(call, &offload);
    return CALL_PENDING;
}
