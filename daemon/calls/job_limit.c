/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The speed of a job, of all jobs that a connection starts, and the pause of a job.
 * Each is answered once it is on disk.  Loop thread.
 */

#include <inttypes.h>

#include "calls/job_call.h"
#include "calls/job_calls.h"
#include "calls/job_find.h"
#include "protocol/job.h"

/* A negative number of bytes, as it arrives here, is one of these. */
static int check_speed(struct call *call, uint64_t speed)
{
    if (speed <= INT64_MAX)
        return 0;
    return verror_set(&call->err, VIR_ERR_OVERFLOW,
                      "speed %" PRIu64 " in %s is above %" PRId64 " bytes a second", speed,
                      call->proc->api, INT64_MAX);
}

static bool is_for_later(const struct job_target *target)
{
    return target->kind == JOB_TARGET_ID && target->job_target_u.id == 0;
}

int job_call_set_speed(struct call *call)
{
    const struct job_set_speed_args *args = call->args;
    struct job *job;

    if (call_check_flags(call, args->flags, 0) < 0 || check_speed(call, args->speed) < 0)
        return -1;
    if (is_for_later(&args->target)) {
        client_set_job_speed(call->client, args->speed);
        return 0;
    }
    job = call_find_job(call, &args->target);
    if (!job && call->err.code)
        return -1;
    if (!job)
        return call_look_in_history(call, args->target.job_target_u.id, NULL);
    return job_set_speed(job, args->speed, call_durable_cb, call, &call->err) < 0 ? -1
                                                                                  : CALL_PENDING;
}

static int set_paused(struct call *call, bool paused)
{
    const struct job_target_args *args = call->args;
    struct job *job;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    job = call_find_job(call, &args->target);
    if (!job && call->err.code)
        return -1;
    if (!job)
        return call_look_in_history(call, args->target.job_target_u.id, NULL);
    return job_set_paused(job, paused, call_durable_cb, call, &call->err) < 0 ? -1 : CALL_PENDING;
}

int job_call_pause(struct call *call)
{
    return set_paused(call, true);
}

int job_call_resume(struct call *call)
{
    return set_paused(call, false);
}
