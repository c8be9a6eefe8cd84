/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a user says of a job to its record. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/job-text.h"
#include "tools/jobs.h"
#include "tools/pool.h"

static int by_id(const void *a, const void *b)
{
    const virJobRecordPtr *left = a, *right = b;

    return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

/* Oldest first, so that the newest stand right above the prompt. */
int job_list_read(struct cli *cli, struct job_list *list, unsigned int flags)
{
    list->count = virConnectListAllJobs(cli->conn, &list->all, flags);
    if (list->count < 0)
        return cli_fail("cannot list jobs");
    if (list->count > 0)
        qsort(list->all, (size_t)list->count, sizeof(*list->all), by_id);
    return CLI_DONE;
}

void job_list_done(struct job_list *list)
{
    int i;

    for (i = 0; i < list->count; i++)
        virJobRecordFree(list->all[i]);
    free(list->all);
}

bool job_is_on(const virJobRecord *job, const char *pool, const char *vol)
{
    bool is_vol = job->objectKind == VIR_JOB_OBJECT_STORAGE_VOL;
    const char *pool_name = is_vol ? job->pool : job->name;
    _cleanup_free_ char *uuid = job_uuid_text(job);

    if (vol && (!is_vol || strcmp(job->name, vol) != 0))
        return false;
    if (!pool)
        return true;
    if (job->objectKind == VIR_JOB_OBJECT_DOMAIN)
        return false;
    return (pool_name && !strcmp(pool_name, pool)) || !strcasecmp(uuid, pool);
}

/* The last job on an object that is gone is still in the history. */
static virJobRecordPtr history_find(struct cli *cli, const char *pool, const char *vol)
{
    unsigned int kind =
        vol ? VIR_CONNECT_LIST_JOBS_STORAGE_VOL : VIR_CONNECT_LIST_JOBS_STORAGE_POOL;
    _cleanup_jobs_ struct job_list list = { 0 };
    int i;

    if (job_list_read(cli, &list, kind) != CLI_DONE)
        return NULL;
    for (i = list.count; i-- > 0;)
        if (job_is_on(list.all[i], pool, vol))
            return STEAL_PTR(list.all[i]);
    if (vol)
        cli_error("no job has run on volume '%s' in pool '%s'", vol, pool);
    else
        cli_error("no job has run on pool '%s'", pool);
    return NULL;
}

/*
 * The last job of an object that exists; NULL and the error's code, which must be
 * kept here: freeing the objects resets the library's.
 */
static virJobRecordPtr object_job(struct cli *cli, const char *pool_name, const char *vol_name,
                                  int *ret_code)
{
    _cleanup_pool_ virStoragePoolPtr pool = pool_lookup(cli, pool_name);
    _cleanup_vol_ virStorageVolPtr vol = NULL;
    virJobRecordPtr job = NULL;

    if (pool && !vol_name)
        job = virStoragePoolGetJobRecord(pool, 0);
    if (pool && vol_name)
        vol = virStorageVolLookupByName(pool, vol_name);
    if (vol)
        job = virStorageVolGetJobRecord(vol, 0);
    *ret_code = job ? VIR_ERR_OK : virGetLastErrorCode();
    return job;
}

int job_check(const struct args *args)
{
    bool by_number = args_text(args, "job") != NULL, by_pool = args_text(args, "pool") != NULL;

    if (by_number && (by_pool || args_text(args, "vol")))
        return cli_usage("a job's id and --pool or --vol exclude each other");
    if (!by_number && !by_pool)
        return cli_usage("command '%s' needs a job's id, or --pool and perhaps --vol",
                         args->command->name);
    return CLI_DONE;
}

virJobRecordPtr job_of(struct cli *cli, const struct args *args)
{
    const char *pool = args_text(args, "pool"), *vol = args_text(args, "vol");
    virJobRecordPtr job;
    int code;

    if (args_text(args, "job")) {
        job = virConnectGetJobRecord(cli->conn, args_number(args, "job", 0), 0);
        if (!job)
            (void)cli_fail("cannot find job %s", args_text(args, "job"));
        return job;
    }
    job = object_job(cli, pool, vol, &code);
    if (job)
        return job;
    if (code == VIR_ERR_NO_STORAGE_POOL || code == VIR_ERR_NO_STORAGE_VOL)
        return history_find(cli, pool, vol);
    if (vol)
        (void)cli_fail("cannot find the job of volume '%s' in pool '%s'", vol, pool);
    else
        (void)cli_fail("cannot find the job of pool '%s'", pool);
    return NULL;
}
