/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for the end of a job: the answer comes then, or at the time-out.  Loop thread. */

#include <event2/event.h>

#include "calls/job_calls.h"
#include "calls/job_find.h"
#include "calls/job_record.h"
#include "util/alloc.h"

struct wait {
    struct job_waiter waiter;
    struct call *call;
    struct job *job;
    struct event *timer; /* NULL = until it ends */
};

/* The call is answered, or nobody waits for its answer any more. */
static void wait_over(struct wait *wait, bool answer)
{
    struct call *call = wait->call;

    if (wait->timer)
        event_free(wait->timer);
    call->opaque = NULL;
    call->gone = NULL;
    free(wait);
    if (answer)
        call_reply(call);
    else
        call_fail(call);
}

static void fill_wait(struct call *call, struct job *job)
{
    struct job_wait_ret *ret = call->ret;
    struct job_snapshot snapshot;

    job_snapshot(job, &snapshot);
    job_info_to_wire(&snapshot, &ret->info);
    ret->ended = job_state_is_ended(job_state(job));
}

static void wait_ended(struct job_waiter *waiter, struct job *job)
{
    struct wait *wait = container_of(waiter, struct wait, waiter);

    fill_wait(wait->call, job);
    wait_over(wait, true);
}

static void wait_timeout_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct wait *wait = opaque;

    (void)fd;
    (void)what;
    job_unwait(wait->job, &wait->waiter);
    fill_wait(wait->call, wait->job);
    wait_over(wait, true);
}

static void wait_gone(struct call *call)
{
    struct wait *wait = call->opaque;

    job_unwait(wait->job, &wait->waiter);
    wait_over(wait, false);
}

static void start_wait(struct call *call, struct job *job, int timeout_ms)
{
    struct wait *wait = XNEW(struct wait);
    struct timeval timeout = { .tv_sec = timeout_ms / 1000,
                               .tv_usec = timeout_ms % 1000 * 1000 };

    wait->waiter.ended = wait_ended;
    wait->call = call;
    wait->job = job;
    call->opaque = wait;
    call->gone = wait_gone;
    job_wait(job, &wait->waiter);
    if (timeout_ms < 0)
        return;
    wait->timer = evtimer_new(call->daemon->base, wait_timeout_cb, wait);
    evtimer_add(wait->timer, &timeout);
}

static void fill_ended_wait(struct call *call, struct store_job *row,
                            const struct job_snapshot *snapshot)
{
    struct job_wait_ret *ret = call->ret;

    (void)row;
    job_info_to_wire(snapshot, &ret->info);
    ret->ended = true;
}

int job_call_wait(struct call *call)
{
    const struct job_wait_args *args = call->args;
    struct job *job;

    if (args->timeout_ms < -1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "time-out %d ms in function %s",
                          args->timeout_ms, call->proc->api);
    job = call_find_job(call, &args->target);
    if (!job && call->err.code)
        return -1;
    if (!job)
        return call_look_in_history(call, args->target.job_target_u.id, fill_ended_wait);
    if (job_state_is_ended(job_state(job))) {
        fill_wait(call, job);
        return 0;
    }
    start_wait(call, job, args->timeout_ms);
    return CALL_PENDING;
}
