/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Jobs: the last one of an object, or one by its id.  Every call comes in four
 * forms, for the three kinds of object and for an id, that differ in nothing
 * but the target sent.  Any thread.
 */

#include "internal.h"

#include <string.h>

/* --- whose job --- */

static job_target domain_target(virDomainPtr dom)
{
    return (job_target){ .kind = JOB_TARGET_DOMAIN, .job_target_u.domain = domain_wire(dom) };
}

static job_target pool_target(virStoragePoolPtr pool)
{
    return (job_target){ .kind = JOB_TARGET_POOL, .job_target_u.pool = pool_wire(pool) };
}

static job_target vol_target(virStorageVolPtr vol)
{
    return (job_target){ .kind = JOB_TARGET_VOL, .job_target_u.vol = vol_wire(vol) };
}

static job_target id_target(unsigned long long id)
{
    return (job_target){ .kind = JOB_TARGET_ID, .job_target_u.id = id };
}

/* --- the calls --- */

static void info_from_wire(virJobInfoPtr info, const job_info *wire)
{
    *info = (virJobInfo){
        .type = wire->type,
        .state = wire->state,
        .runningTime = wire->running_time,
        .remainingTime = wire->remaining_time,
        .percentComplete = wire->percent_complete,
    };
}

static int get_info(virConnectPtr conn, job_target target, virJobInfoPtr info)
{
    job_target_args args = { .target = target };
    job_info_ret ret = { .info = { .type = 0 } };

    if (!info)
        return error_raise_null("info");
    if (conn_call(conn, JOB(GET_INFO), XDR_OF(job_target_args), &args, XDR_OF(job_info_ret),
                  &ret) < 0)
        return -1;
    info_from_wire(info, &ret.info);
    return 0;
}

static int cancel(virConnectPtr conn, job_target target, unsigned int flags)
{
    job_target_args args = { .target = target, .flags = flags };

    return conn_call(conn, JOB(CANCEL), XDR_OF(job_target_args), &args, NULL, NULL);
}

static int set_speed(virConnectPtr conn, job_target target, unsigned long long speed,
                     unsigned int flags)
{
    job_set_speed_args args = { .target = target, .speed = speed, .flags = flags };

    return conn_call(conn, JOB(SET_SPEED), XDR_OF(job_set_speed_args), &args, NULL, NULL);
}

static int get_error(virConnectPtr conn, job_target target, virErrorPtr error)
{
    job_target_args args = { .target = target };
    job_error_ret ret = { .error = NULL };

    if (!error)
        return error_raise_null("error");
    *error = (virError){ .code = VIR_ERR_OK };
    if (conn_call(conn, JOB(GET_ERROR), XDR_OF(job_target_args), &args, XDR_OF(job_error_ret),
                  &ret) < 0)
        return -1;
    if (ret.error)
        error_from_wire(error, ret.error);
    xdr_free(XDR_OF(job_error_ret), &ret);
    return 0;
}

static int wait_for(virConnectPtr conn, job_target target, virJobInfoPtr info, int timeout_ms)
{
    job_wait_args args = { .target = target, .timeout_ms = timeout_ms };
    job_wait_ret ret = { .ended = 0 };

    if (timeout_ms < -1)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: timeoutMs in %s is %d, below -1", error_api(),
                           timeout_ms);
    if (conn_call(conn, JOB(WAIT), XDR_OF(job_wait_args), &args, XDR_OF(job_wait_ret), &ret) < 0)
        return -1;
    if (info)
        info_from_wire(info, &ret.info);
    return ret.ended ? 0 : 1;
}

/* --- records --- */

/* Strings that may be missing are pointers to pointers on the wire; takes the inner one. */
static char *take_text(wire_text_opt text)
{
    return text ? STEAL_PTR(*text) : NULL;
}

/* NULL instead of "", for what an object of that kind does not have. */
static char *take_filled(wire_text *text)
{
    return *text && **text ? STEAL_PTR(*text) : NULL;
}

virJobRecordPtr job_record_new(job_record *wire)
{
    virJobRecordPtr record = calloc(1, sizeof(*record));

    if (!record) {
        (void)error_raise_no_memory();
        return NULL;
    }
    *record = (virJobRecord){
        .id = wire->id,
        .objectKind = wire->kind,
        .name = STEAL_PTR(wire->name),
        .pool = take_filled(&wire->pool),
        .operation = STEAL_PTR(wire->operation),
        .phase = wire->phase,
        .bytesDone = wire->done,
        .bytesTotal = wire->total,
        .rate = wire->rate,
        .queuedAt = wire->queued_at,
        .startedAt = wire->started_at,
        .endedAt = wire->ended_at,
        .startedBy = STEAL_PTR(wire->started_by),
        .note = take_text(wire->note),
        .errorCode = wire->error_code,
        .errorMessage = take_text(wire->error_message),
        .errorStep = take_text(wire->error_step),
        .errorOutput = take_text(wire->error_output),
        .speed = wire->speed,
    };
    memcpy(record->uuid, wire->uuid, sizeof(record->uuid));
    info_from_wire(&record->info, &wire->info);
    return record;
}

static virJobRecordPtr get_record(virConnectPtr conn, job_target target, unsigned int flags)
{
    job_target_args args = { .target = target, .flags = flags };
    job_record_ret ret = { .record = { .id = 0 } };
    virJobRecordPtr record;

    if (conn_call(conn, JOB(GET_RECORD), XDR_OF(job_target_args), &args, XDR_OF(job_record_ret),
                  &ret) < 0)
        return NULL;
    record = job_record_new(&ret.record);
    xdr_free(XDR_OF(job_record_ret), &ret);
    return record;
}

void virJobRecordFree(virJobRecordPtr record)
{
    if (!record)
        return;
    free(record->name);
    free(record->pool);
    free(record->operation);
    free(record->startedBy);
    free(record->note);
    free(record->errorMessage);
    free(record->errorStep);
    free(record->errorOutput);
    free(record);
}

/* --- the list, page by page --- */

struct record_list {
    virJobRecordPtr *records; /* NULL behind the last */
    size_t count;
};

static void record_list_done(struct record_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        virJobRecordFree(list->records[i]);
    free(list->records);
}

static int record_list_append(struct record_list *list, job_record *wire, size_t count)
{
    virJobRecordPtr *records =
        realloc(list->records, (list->count + count + 1) * sizeof(virJobRecordPtr));

    if (!records)
        return error_raise_no_memory();
    list->records = records;
    records[list->count] = NULL;
    for (size_t i = 0; i < count; i++) {
        virJobRecordPtr record = job_record_new(&wire[i]);

        if (!record)
            return -1;
        records[list->count++] = record;
        records[list->count] = NULL;
    }
    return 0;
}

/* Fetches the jobs older than *before, and moves it on; 0 when there are no more, else 1. */
static int fetch_page(virConnectPtr conn, unsigned int flags, u_quad_t *before,
                      struct record_list *list)
{
    job_list_args args = { .flags = flags, .before_id = *before, .max = JOB_LIST_MAX };
    job_list_ret ret = { .more = 0 };
    int more;

    if (conn_call(conn, JOB(LIST), XDR_OF(job_list_args), &args, XDR_OF(job_list_ret), &ret) < 0)
        return -1;
    more = ret.more != 0;
    if (ret.jobs.jobs_len > 0)
        args.before_id = ret.jobs.jobs_val[ret.jobs.jobs_len - 1].id;
    if (record_list_append(list, ret.jobs.jobs_val, ret.jobs.jobs_len) < 0)
        more = -1;
    else if (more && args.before_id - 1 >= *before - 1) /* 0, where it begins, is above all */
        more = error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's list of jobs does not come to an end");
    *before = args.before_id;
    xdr_free(XDR_OF(job_list_ret), &ret);
    return more;
}

int virConnectListAllJobs(virConnectPtr conn, virJobRecordPtr **jobs, unsigned int flags)
{
    _cleanup_(record_list_done) struct record_list list = { .records = NULL };
    u_quad_t before = 0;
    int more, count;

    if (!conn_enter(conn))
        return -1;
    if (jobs)
        *jobs = NULL;
    do {
        more = fetch_page(conn, flags, &before, &list);
    } while (more > 0);
    if (more < 0)
        return -1;
    count = (int)list.count;
    if (jobs) {
        *jobs = STEAL_PTR(list.records);
        list.count = 0;
    }
    return count;
}

/* --- by id --- */

virJobRecordPtr virConnectGetJobRecord(virConnectPtr conn, unsigned long long id,
                                       unsigned int flags)
{
    return conn_enter(conn) ? get_record(conn, id_target(id), flags) : NULL;
}

int virConnectCancelJob(virConnectPtr conn, unsigned long long id, unsigned int flags)
{
    return conn_enter(conn) ? cancel(conn, id_target(id), flags) : -1;
}

int virConnectSetJobSpeed(virConnectPtr conn, unsigned long long id, unsigned long long speed,
                          unsigned int flags)
{
    return conn_enter(conn) ? set_speed(conn, id_target(id), speed, flags) : -1;
}

int virConnectPauseJob(virConnectPtr conn, unsigned long long id, unsigned int flags)
{
    job_target_args args = { .target = id_target(id), .flags = flags };

    if (!conn_enter(conn))
        return -1;
    return conn_call(conn, JOB(PAUSE), XDR_OF(job_target_args), &args, NULL, NULL);
}

int virConnectResumeJob(virConnectPtr conn, unsigned long long id, unsigned int flags)
{
    job_target_args args = { .target = id_target(id), .flags = flags };

    if (!conn_enter(conn))
        return -1;
    return conn_call(conn, JOB(RESUME), XDR_OF(job_target_args), &args, NULL, NULL);
}

int virConnectGetJobError(virConnectPtr conn, unsigned long long id, virErrorPtr error)
{
    return conn_enter(conn) ? get_error(conn, id_target(id), error) : -1;
}

int virConnectWaitJob(virConnectPtr conn, unsigned long long id, virJobInfoPtr info, int timeoutMs)
{
    return conn_enter(conn) ? wait_for(conn, id_target(id), info, timeoutMs) : -1;
}

/* --- of domains --- */

int virDomainGetJobInfo(virDomainPtr dom, virJobInfoPtr info)
{
    if (!domain_enter(dom))
        return -1;
    return get_info(dom->object.conn, domain_target(dom), info);
}

int virDomainCancelJob(virDomainPtr dom)
{
    if (!domain_enter(dom))
        return -1;
    return cancel(dom->object.conn, domain_target(dom), 0);
}

int virDomainSetJobSpeed(virDomainPtr dom, unsigned long long speed, unsigned int flags)
{
    if (!domain_enter(dom))
        return -1;
    return set_speed(dom->object.conn, domain_target(dom), speed, flags);
}

int virDomainGetJobError(virDomainPtr dom, virErrorPtr error)
{
    if (!domain_enter(dom))
        return -1;
    return get_error(dom->object.conn, domain_target(dom), error);
}

virJobRecordPtr virDomainGetJobRecord(virDomainPtr dom, unsigned int flags)
{
    if (!domain_enter(dom))
        return NULL;
    return get_record(dom->object.conn, domain_target(dom), flags);
}

int virDomainWaitJob(virDomainPtr dom, virJobInfoPtr info, int timeoutMs)
{
    if (!domain_enter(dom))
        return -1;
    return wait_for(dom->object.conn, domain_target(dom), info, timeoutMs);
}

/* --- of storage pools --- */

int virStoragePoolGetJobInfo(virStoragePoolPtr pool, virJobInfoPtr info)
{
    if (!pool_enter(pool))
        return -1;
    return get_info(pool->object.conn, pool_target(pool), info);
}

int virStoragePoolCancelJob(virStoragePoolPtr pool)
{
    if (!pool_enter(pool))
        return -1;
    return cancel(pool->object.conn, pool_target(pool), 0);
}

int virStoragePoolSetJobSpeed(virStoragePoolPtr pool, unsigned long long speed, unsigned int flags)
{
    if (!pool_enter(pool))
        return -1;
    return set_speed(pool->object.conn, pool_target(pool), speed, flags);
}

int virStoragePoolGetJobError(virStoragePoolPtr pool, virErrorPtr error)
{
    if (!pool_enter(pool))
        return -1;
    return get_error(pool->object.conn, pool_target(pool), error);
}

virJobRecordPtr virStoragePoolGetJobRecord(virStoragePoolPtr pool, unsigned int flags)
{
    if (!pool_enter(pool))
        return NULL;
    return get_record(pool->object.conn, pool_target(pool), flags);
}

int virStoragePoolWaitJob(virStoragePoolPtr pool, virJobInfoPtr info, int timeoutMs)
{
    if (!pool_enter(pool))
        return -1;
    return wait_for(pool->object.conn, pool_target(pool), info, timeoutMs);
}

/* --- of storage volumes --- */

int virStorageVolGetJobInfo(virStorageVolPtr vol, virJobInfoPtr info)
{
    if (!vol_enter(vol))
        return -1;
    return get_info(vol->object.conn, vol_target(vol), info);
}

int virStorageVolCancelJob(virStorageVolPtr vol)
{
    if (!vol_enter(vol))
        return -1;
    return cancel(vol->object.conn, vol_target(vol), 0);
}

int virStorageVolSetJobSpeed(virStorageVolPtr vol, unsigned long long speed, unsigned int flags)
{
    if (!vol_enter(vol))
        return -1;
    return set_speed(vol->object.conn, vol_target(vol), speed, flags);
}

int virStorageVolGetJobError(virStorageVolPtr vol, virErrorPtr error)
{
    if (!vol_enter(vol))
        return -1;
    return get_error(vol->object.conn, vol_target(vol), error);
}

virJobRecordPtr virStorageVolGetJobRecord(virStorageVolPtr vol, unsigned int flags)
{
    if (!vol_enter(vol))
        return NULL;
    return get_record(vol->object.conn, vol_target(vol), flags);
}

int virStorageVolWaitJob(virStorageVolPtr vol, virJobInfoPtr info, int timeoutMs)
{
    if (!vol_enter(vol))
        return -1;
    return wait_for(vol->object.conn, vol_target(vol), info, timeoutMs);
}
