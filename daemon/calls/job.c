/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JOB program: its table, and asking for and cancelling one job.  Loop thread. */

#include "calls/job_call.h"
#include "calls/job_calls.h"
#include "calls/job_find.h"
#include "calls/job_record.h"

/* Fills the reply from the job that is meant, wherever it is. */
static int answer_by_job(struct call *call, const struct job_target *target, job_fill_fn fill)
{
    struct job *job = call_find_job(call, target);
    struct job_snapshot snapshot;
    struct store_job row;

    if (!job && call->err.code)
        return -1;
    if (!job)
        return call_look_in_history(call, target->job_target_u.id, fill);
    job_snapshot(job, &snapshot);
    job_to_row(job, &row);
    fill(call, &row, &snapshot);
    store_job_clear(&row);
    return 0;
}

static void fill_info(struct call *call, struct store_job *row,
                      const struct job_snapshot *snapshot)
{
    struct job_info_ret *ret = call->ret;

    (void)row;
    job_info_to_wire(snapshot, &ret->info);
}

static void fill_error(struct call *call, struct store_job *row,
                       const struct job_snapshot *snapshot)
{
    struct job_error_ret *ret = call->ret;

    (void)snapshot;
    ret->error = job_error_to_wire(row);
}

static void fill_record(struct call *call, struct store_job *row,
                        const struct job_snapshot *snapshot)
{
    struct job_record_ret *ret = call->ret;
    struct job *job = jobs_find_id(call->daemon->jobs, row->id);

    job_row_to_record(row, snapshot, job ? job_note(job) : NULL, &ret->record);
}

static int get(struct call *call, job_fill_fn fill)
{
    const struct job_target_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return answer_by_job(call, &args->target, fill);
}

static int get_info(struct call *call)
{
    return get(call, fill_info);
}

static int get_error(struct call *call)
{
    return get(call, fill_error);
}

static int get_record(struct call *call)
{
    return get(call, fill_record);
}

/* --- cancel --- */

static int cancel(struct call *call)
{
    const struct job_target_args *args = call->args;
    struct job *job = call_find_job(call, &args->target);

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (!job && call->err.code)
        return -1;
    if (!job)
        return call_look_in_history(call, args->target.job_target_u.id, NULL);
    return call_cancel_job(call, job);
}

#define ROW(what, proc, function, who, kind, handle, ...)                                 \
    {                                                                                     \
        .number = JOB_PROC_##proc, .api = function, .access = ACCESS_##who,               \
        PROC_ON(JOB, what),                                                               \
        .class = CLASS_##kind, .error_domain = VIR_FROM_STORAGE, .handler = handle,       \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(READ, GET_INFO, "virStorageVolGetJobInfo", READ, MEMORY, get_info,
        PROC_ARGS(job_target_args),
        PROC_RET(job_info_ret)),
    ROW(CONTROL, CANCEL, "virStorageVolCancelJob", WRITE, CHANGE, cancel,
        PROC_ARGS(job_target_args)),
    ROW(READ, GET_ERROR, "virStorageVolGetJobError", READ, MEMORY, get_error,
        PROC_ARGS(job_target_args), PROC_RET(job_error_ret)),
    ROW(READ, GET_RECORD, "virStorageVolGetJobRecord", READ, MEMORY, get_record,
        PROC_ARGS(job_target_args), PROC_RET(job_record_ret)),
    ROW(READ, WAIT, "virStorageVolWaitJob", READ, MEMORY, job_call_wait, PROC_ARGS(job_wait_args),
        PROC_RET(job_wait_ret)),
    ROW(READ, LIST, "virConnectListAllJobs", READ, MEMORY, job_call_list, PROC_ARGS(job_list_args),
        PROC_RET(job_list_ret)),
    ROW(CONTROL, SET_SPEED, "virStorageVolSetJobSpeed", WRITE, CHANGE, job_call_set_speed,
        PROC_ARGS(job_set_speed_args)),
    ROW(CONTROL, PAUSE, "virConnectPauseJob", WRITE, CHANGE, job_call_pause,
        PROC_ARGS(job_target_args)),
    ROW(CONTROL, RESUME, "virConnectResumeJob", WRITE, CHANGE, job_call_resume,
        PROC_ARGS(job_target_args)),
};

const struct proc_table calls_job = { procs, ARRAY_SIZE(procs) };
