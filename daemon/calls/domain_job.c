/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's own job calls, answered by our jobs: what it lacks is in the JOB
 * program.  Loop thread, from memory.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/backup.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    STATS_FLAGS = VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED,
};

/* Which of libvirt's operations a kind is. */
static int job_operation(const struct job *job)
{
    static const struct {
        const struct job_kind *kind;
        int operation;
    } operations[] = {
        { &domain_job_create, VIR_DOMAIN_JOB_OPERATION_START },
        { &domain_job_start, VIR_DOMAIN_JOB_OPERATION_START },
        { &domain_job_save, VIR_DOMAIN_JOB_OPERATION_SAVE },
        { &domain_job_managed_save, VIR_DOMAIN_JOB_OPERATION_SAVE },
        { &domain_job_restore, VIR_DOMAIN_JOB_OPERATION_RESTORE },
        { &domain_job_dump, VIR_DOMAIN_JOB_OPERATION_DUMP },
        { &domain_job_backup, VIR_DOMAIN_JOB_OPERATION_BACKUP },
        { &domain_job_backup_pull, VIR_DOMAIN_JOB_OPERATION_BACKUP },
        { &domain_job_snapshot_create, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT },
        { &domain_job_snapshot_revert, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT },
        { &domain_job_snapshot_start, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT },
        { &domain_job_snapshot_delete, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE },
        { &domain_job_snapshot_merge, VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
        if (operations[i].kind == job_kind_of(job))
            return operations[i].operation;
    return VIR_DOMAIN_JOB_OPERATION_UNKNOWN;
}

static bool is_push(const struct job *job)
{
    return job_kind_of(job) == &domain_job_backup;
}

static bool is_pull(const struct job *job)
{
    return job_kind_of(job) == &domain_job_backup_pull;
}

/* That is how it ends: to libvirt it is complete. */
static bool is_fetched(const struct job *job)
{
    return is_pull(job) && job_state(job) == JOB_CANCELLED;
}

static int job_type(const struct job *job, const struct job_snapshot *snapshot)
{
    static const int ended[] = {
        [VIR_JOB_COMPLETE] = VIR_DOMAIN_JOB_COMPLETED,
        [VIR_JOB_FAILED] = VIR_DOMAIN_JOB_FAILED,
        [VIR_JOB_CANCELLED] = VIR_DOMAIN_JOB_CANCELLED,
    };

    if (is_fetched(job))
        return VIR_DOMAIN_JOB_COMPLETED;
    if (snapshot->state != VIR_JOB_RUNNING)
        return ended[snapshot->state];
    return snapshot->type == VIR_JOB_BOUNDED ? VIR_DOMAIN_JOB_BOUNDED : VIR_DOMAIN_JOB_UNBOUNDED;
}

/* The job that has not ended, or NULL. */
static struct job *active_job(struct call *call, const struct domain *domain)
{
    struct job *job = call_domain_job(call, domain);

    return job && !job_state_is_ended(job_state(job)) ? job : NULL;
}

/* --- in figures --- */

static int get_job_info(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_domain_job_info_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);
    struct job_snapshot now;
    struct job *job;

    if (!domain)
        return -1;
    job = active_job(call, domain);
    if (!job)
        return 0; /* VIR_DOMAIN_JOB_NONE, and all zero */
    job_snapshot(job, &now);
    ret->type = job_type(job, &now);
    ret->time_elapsed = now.running_ms;
    ret->time_remaining = now.remaining_seconds * 1000ull;
    if (is_pull(job))
        return 0;
    ret->data_total = now.total;
    ret->data_processed = now.done;
    ret->data_remaining = now.total - now.done;
    *(is_push(job) ? &ret->file_total : &ret->mem_total) = ret->data_total;
    *(is_push(job) ? &ret->file_processed : &ret->mem_processed) = ret->data_processed;
    *(is_push(job) ? &ret->file_remaining : &ret->mem_remaining) = ret->data_remaining;
    return 0;
}

/* --- as typed parameters --- */

enum { PARAMS_MAX = 17 };

struct params {
    struct wire_param *val;
    u_int len;
};

static struct wire_param *add_param(struct params *ret, const char *name, wire_param_type type)
{
    struct wire_param *param = &ret->val[ret->len++];

    param->field = xstrdup(name);
    param->value.type = type;
    return param;
}

static void add_int(struct params *ret, const char *name, int value)
{
    add_param(ret, name, WIRE_PARAM_INT)->value.wire_param_value_u.i = value;
}

static void add_number(struct params *ret, const char *name, uint64_t value)
{
    add_param(ret, name, WIRE_PARAM_ULLONG)->value.wire_param_value_u.ul = value;
}

static void add_text(struct params *ret, const char *name, const char *value)
{
    add_param(ret, name, WIRE_PARAM_STRING)->value.wire_param_value_u.s = xstrdup(value);
}

/* What a backup's scratch files have taken of what they may: of one that runs QEMU has told. */
static void add_scratch(struct params *ret, const struct job *job, const struct job_snapshot *now)
{
    const struct domain_spec *spec = job_spec(job);

    add_number(ret, VIR_DOMAIN_JOB_DISK_TEMP_USED, now->done);
    add_number(ret, VIR_DOMAIN_JOB_DISK_TEMP_TOTAL,
               spec && !now->total ? backup_end(spec->backup) : now->total);
}

static void add_disk_amounts(struct params *ret, const struct job_snapshot *now)
{
    add_number(ret, VIR_DOMAIN_JOB_DISK_TOTAL, now->total);
    add_number(ret, VIR_DOMAIN_JOB_DISK_PROCESSED, now->done);
    add_number(ret, VIR_DOMAIN_JOB_DISK_REMAINING, now->total - now->done);
}

/* All that others move is the guest's memory; of its disks nothing is. */
static void add_amounts(struct params *ret, const struct job_snapshot *now)
{
    uint64_t remaining = now->total - now->done;

    add_number(ret, VIR_DOMAIN_JOB_DATA_TOTAL, now->total);
    add_number(ret, VIR_DOMAIN_JOB_DATA_PROCESSED, now->done);
    add_number(ret, VIR_DOMAIN_JOB_DATA_REMAINING, remaining);
    add_number(ret, VIR_DOMAIN_JOB_MEMORY_TOTAL, now->total);
    add_number(ret, VIR_DOMAIN_JOB_MEMORY_PROCESSED, now->done);
    add_number(ret, VIR_DOMAIN_JOB_MEMORY_REMAINING, remaining);
    add_number(ret, VIR_DOMAIN_JOB_DISK_TOTAL, 0);
    add_number(ret, VIR_DOMAIN_JOB_DISK_PROCESSED, 0);
    add_number(ret, VIR_DOMAIN_JOB_DISK_REMAINING, 0);
}

static void add_outcome(struct params *ret, const struct job *job)
{
    const struct verror *err = job_error(job);
    bool success = job_state(job) == JOB_COMPLETE || is_fetched(job);

    add_param(ret, VIR_DOMAIN_JOB_SUCCESS, WIRE_PARAM_BOOLEAN)->value.wire_param_value_u.b =
        success;
    if (!success && err->code)
        add_text(ret, VIR_DOMAIN_JOB_ERRMSG, verror_text(err));
    else if (is_fetched(job))
        add_text(ret, VIR_DOMAIN_JOB_ERRMSG, "Operation canceled"); /* libvirt's word for it */
}

void domain_job_params(struct job *job, struct wire_param **ret_params, u_int *ret_nparams)
{
    struct job_snapshot now;
    struct params params = { xcalloc(PARAMS_MAX, sizeof(struct wire_param)), 0 }, *ret = &params;

    job_snapshot(job, &now);
    add_int(ret, VIR_DOMAIN_JOB_OPERATION, job_operation(job));
    add_number(ret, VIR_DOMAIN_JOB_TIME_ELAPSED, now.running_ms);
    if (now.remaining_seconds)
        add_number(ret, VIR_DOMAIN_JOB_TIME_REMAINING, now.remaining_seconds * 1000ull);
    if (is_pull(job))
        add_scratch(ret, job, &now);
    else if (is_push(job))
        add_disk_amounts(ret, &now);
    else
        add_amounts(ret, &now);
    if (now.state != VIR_JOB_RUNNING)
        add_outcome(ret, job);
    add_number(ret, "virtjob.id", job_id(job));
    add_text(ret, "virtjob.operation", job_kind_of(job)->name);
    *ret_params = params.val;
    *ret_nparams = params.len;
}

static void fill_stats(struct remote_domain_job_stats_ret *ret, struct job *job)
{
    struct job_snapshot now;

    job_snapshot(job, &now);
    ret->type = job_type(job, &now);
    domain_job_params(job, &ret->params.params_val, &ret->params.params_len);
}

/* As in libvirt, an outcome is told once, unless it is to be kept. */
static struct job *ended_job(struct call *call, struct domain *domain, unsigned int flags)
{
    struct job *job = call_domain_job(call, domain);

    if (!job || !job_state_is_ended(job_state(job)) || domain->told_job == job_id(job))
        return NULL;
    if (!(flags & VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED))
        domain->told_job = job_id(job);
    return job;
}

static int get_job_stats(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct domain *domain;
    struct job *job;

    if (call_check_flags(call, args->flags, STATS_FLAGS) < 0)
        return -1;
    if (args->flags == VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the keep-completed flag needs the completed flag in function %s",
                          call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    job = args->flags ? ended_job(call, domain, args->flags) : active_job(call, domain);
    if (job)
        fill_stats(call->ret, job);
    return 0; /* else VIR_DOMAIN_JOB_NONE, without parameters */
}

/* --- abort --- */

static int start_abort(struct call *call, const struct wire_domain *wire)
{
    const struct domain *domain = call_domain(call, wire);
    struct job *job;

    if (!domain)
        return -1;
    job = active_job(call, domain);
    if (!job)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "no job is active on the domain");
    return call_cancel_job(call, job);
}

static int abort_job(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return start_abort(call, &args->domain);
}

static int abort_job_flags(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return start_abort(call, &args->domain);
}

#define ROW(what, proc, function, who, kind, handle, ...)                                 \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,     \
        PROC_ON(JOB, what),                                                               \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(READ, GET_JOB_INFO, "virDomainGetJobInfo", READ, MEMORY, get_job_info,
        PROC_ARGS(remote_domain_args), PROC_RET(remote_domain_job_info_ret)),
    ROW(READ, GET_JOB_STATS, "virDomainGetJobStats", READ, MEMORY, get_job_stats,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_domain_job_stats_ret)),
    ROW(CONTROL, ABORT_JOB, "virDomainAbortJob", WRITE, CHANGE, abort_job,
        PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, ABORT_JOB_FLAGS, "virDomainAbortJobFlags", WRITE, CHANGE, abort_job_flags,
        PROC_ARGS(remote_domain_flags_args)),
};

const struct proc_table calls_domain_job = { procs, ARRAY_SIZE(procs) };
