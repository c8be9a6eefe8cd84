/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a user says of a job to its record. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/util/alloc.h"
#include "tools/dom.h"
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

struct job_object job_object_of(const struct args *args)
{
    return (struct job_object){ .domain = args_text(args, "domain"),
                                .pool = args_text(args, "pool"),
                                .vol = args_text(args, "vol") };
}

int job_object_check(const struct args *args)
{
    if (args_text(args, "domain") && (args_text(args, "pool") || args_text(args, "vol")))
        return cli_usage("--domain excludes --pool and --vol");
    return CLI_DONE;
}

/* Is that its name or its UUID? */
static bool is_called(const virJobRecord *job, const char *name, const char *called)
{
    _cleanup_free_ char *uuid = job_uuid_text(job);

    return (name && !strcmp(name, called)) || !strcasecmp(uuid, called);
}

bool job_is_on(const virJobRecord *job, const struct job_object *object)
{
    bool is_domain = job->objectKind == VIR_JOB_OBJECT_DOMAIN;
    bool is_vol = job->objectKind == VIR_JOB_OBJECT_STORAGE_VOL;

    if (object->domain)
        return is_domain && is_called(job, job->name, object->domain);
    if (object->vol && (!is_vol || strcmp(job->name, object->vol) != 0))
        return false;
    if (object->pool)
        return !is_domain && is_called(job, is_vol ? job->pool : job->name, object->pool);
    return true;
}

/* The last job on an object that is gone is still in the history; NULL if not.  Tells nothing. */
static int history_find(struct cli *cli, const struct job_object *object, virJobRecordPtr *ret_job)
{
    unsigned int kind = object->domain ? VIR_CONNECT_LIST_JOBS_DOMAIN
                        : object->vol  ? VIR_CONNECT_LIST_JOBS_STORAGE_VOL
                                       : VIR_CONNECT_LIST_JOBS_STORAGE_POOL;
    _cleanup_jobs_ struct job_list list = { 0 };
    int i;

    list.count = virConnectListAllJobs(cli->conn, &list.all, kind);
    for (i = 0; i < list.count; i++) /* the newest first */
        if (job_is_on(list.all[i], object))
            break;
    *ret_job = i < list.count ? STEAL_PTR(list.all[i]) : NULL;
    return list.count < 0 ? -1 : 0;
}

/*
 * The last job of an object that exists; NULL and the error's code, which must be
 * kept here: freeing the objects resets the library's.
 */
static virJobRecordPtr object_job(struct cli *cli, const struct job_object *object, int *ret_code)
{
    _cleanup_domain_ virDomainPtr dom = object->domain ? dom_lookup(cli, object->domain) : NULL;
    _cleanup_pool_ virStoragePoolPtr pool = object->pool ? pool_lookup(cli, object->pool) : NULL;
    _cleanup_vol_ virStorageVolPtr vol = NULL;
    virJobRecordPtr job = NULL;

    if (dom)
        job = virDomainGetJobRecord(dom, 0);
    if (pool && !object->vol)
        job = virStoragePoolGetJobRecord(pool, 0);
    if (pool && object->vol)
        vol = virStorageVolLookupByName(pool, object->vol);
    if (vol)
        job = virStorageVolGetJobRecord(vol, 0);
    *ret_code = job ? VIR_ERR_OK : virGetLastErrorCode();
    return job;
}

static bool is_gone(int code)
{
    return code == VIR_ERR_NO_DOMAIN || code == VIR_ERR_NO_STORAGE_POOL ||
           code == VIR_ERR_NO_STORAGE_VOL;
}

/* "volume 'b' in pool 'p'", a new string. */
static char *object_text(const struct job_object *object)
{
    if (object->domain)
        return xasprintf("domain '%s'", object->domain);
    if (object->vol)
        return xasprintf("volume '%s' in pool '%s'", object->vol, object->pool);
    return xasprintf("pool '%s'", object->pool);
}

virJobRecordPtr job_of_domain(struct cli *cli, const char *uuid)
{
    struct job_object object = { .domain = uuid };
    int code;
    virJobRecordPtr job = object_job(cli, &object, &code);

    if (!job && is_gone(code))
        (void)history_find(cli, &object, &job); /* the caller tells that there is none */
    return job;
}

int job_check(const struct args *args)
{
    struct job_object object = job_object_of(args);
    bool by_number = args_text(args, "job") != NULL;

    if (by_number && (object.domain || object.pool || object.vol))
        return cli_usage("a job's id excludes --domain, --pool and --vol");
    if (!by_number && !object.domain && !object.pool)
        return cli_usage("command '%s' needs a job's id, or --domain, or --pool and perhaps --vol",
                         args->command->name);
    return job_object_check(args);
}

virJobRecordPtr job_of(struct cli *cli, const struct args *args)
{
    struct job_object object = job_object_of(args);
    _cleanup_free_ char *text = NULL;
    virJobRecordPtr job;
    int code;

    if (args_text(args, "job")) {
        job = virConnectGetJobRecord(cli->conn, args_number(args, "job", 0), 0);
        if (!job)
            (void)cli_fail("cannot find job %s", args_text(args, "job"));
        return job;
    }
    job = object_job(cli, &object, &code);
    if (job)
        return job;
    text = object_text(&object);
    if (!is_gone(code)) {
        (void)cli_fail("cannot find the job of %s", text);
        return NULL;
    }
    if (history_find(cli, &object, &job) < 0)
        (void)cli_fail("cannot list jobs");
    else if (!job)
        cli_error("no job has run on %s", text);
    return job;
}
