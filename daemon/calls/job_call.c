/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are answered by a job or a worker; see job_call.h.  Loop thread but for work. */

#include "calls/job_call.h"

#include <event2/event.h>
#include <string.h>

#include "config.h"
#include "util/alloc.h"

/* So long a look at a disk may hold up the answer. */
enum { LATE_SECONDS = 1 };

/* --- jobs --- */

struct job_call {
    struct call *call; /* NULL once answered */
    struct client *client; /* a reference: it counts its jobs */
    bool async;
    void (*fill)(struct call *call);
};

static void job_call_reply(struct job_call *job_call)
{
    struct call *call = STEAL_PTR(job_call->call);

    if (job_call->fill)
        job_call->fill(call);
    call_reply(call);
}

static void job_accepted_cb(void *opaque, struct job *job)
{
    struct job_call *job_call = opaque;

    (void)job;
    if (job_call->async)
        job_call_reply(job_call);
}

static void job_begun_cb(void *opaque, struct job *job)
{
    struct job_call *job_call = opaque;

    (void)job;
    if (job_call->call)
        job_call_reply(job_call);
}

static void job_call_free(struct job_call *job_call)
{
    client_job_ends(job_call->client);
    client_unref(job_call->client);
    free(job_call);
}

static void job_refused_cb(void *opaque, struct verror *err)
{
    struct job_call *job_call = opaque;

    verror_copy(&job_call->call->err, err);
    call_record_unreached(job_call->call);
    call_fail(job_call->call);
    job_call_free(job_call);
}

static void fail_by_job(struct call *call, struct job *job)
{
    if (job_state(job) == JOB_CANCELLED)
        verror_set(&call->err, VIR_ERR_OPERATION_ABORTED, "job %llu (%s) was cancelled",
                   (unsigned long long)job_id(job), job_title(job));
    else
        verror_copy(&call->err, job_error(job));
    call_fail(call);
}

static void job_ended_cb(void *opaque, struct job *job)
{
    struct job_call *job_call = opaque;

    if (job_call->call && job_state(job) == JOB_COMPLETE)
        job_call_reply(job_call);
    else if (job_call->call)
        fail_by_job(job_call->call, job);
    job_call_free(job_call);
}

int call_check_client_jobs(struct call *call)
{
    unsigned int jobs = client_jobs(call->client), most = call->daemon->config->max_client_jobs;

    if (jobs < most)
        return 0;
    return verror_set(&call->err, VIR_ERR_RESOURCE_BUSY,
                      "%s: %u jobs of this connection have not ended (max_client_jobs)",
                      call->proc->api, jobs);
}

static void start_job(struct call *call, struct job_request *request, bool async,
                      void (*fill)(struct call *call))
{
    struct job_call *job_call;

    if (call_check_client_jobs(call) < 0) {
        request->kind->spec_free(request->spec);
        call_fail(call);
        return;
    }
    job_call = XNEW(struct job_call);
    *job_call = (struct job_call){ .call = call, .client = client_ref(call->client),
                                   .async = async, .fill = fill };
    client_job_begins(call->client);
    request->async = async;
    if (!request->speed)
        request->speed = client_job_speed(call->client);
    request->started_by = client_identity(call->client);
    request->accepted = job_accepted_cb;
    request->refused = job_refused_cb;
    request->ended = job_ended_cb;
    request->opaque = job_call;
    job_start(call->daemon->jobs, request);
}

void call_start_job(struct call *call, struct job_request *request, bool async,
                    void (*fill)(struct call *call))
{
    start_job(call, request, async, fill);
}

void call_start_begun_job(struct call *call, struct job_request *request)
{
    request->begun = job_begun_cb;
    start_job(call, request, false, NULL);
}

/* --- work --- */

static void offload_free(struct offload *offload)
{
    if (offload->timer)
        event_free(offload->timer);
    if (offload->free_input)
        offload->free_input(offload->input);
    verror_clear(&offload->err);
    free(offload->key);
    free(offload);
}

static void offload_run(struct work *work)
{
    struct offload *offload = container_of(work, struct offload, base);

    offload->rc = offload->work(offload->input, &offload->err);
}

static void offload_done(struct work *work)
{
    struct offload *offload = container_of(work, struct offload, base);

    if (!offload->answered && offload->rc == 0) {
        offload->then(offload->call, offload->input);
    } else if (!offload->answered) {
        verror_move(&offload->call->err, &offload->err);
        call_record_unreached(offload->call);
        call_fail(offload->call);
    }
    offload_free(offload);
}

/* The disk does not answer in time; what it says later interests nobody any more. */
static void offload_late_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct offload *offload = opaque;
    struct workers *workers = offload->call->daemon->workers;

    (void)fd;
    (void)what;
    offload->answered = true;
    offload->late(offload->call, offload->input);
    if (workers_withdraw(workers, &offload->base))
        offload_free(offload);
}

void call_offload(struct call *call, const struct offload *template)
{
    static const struct timeval late = { .tv_sec = LATE_SECONDS };
    struct offload *offload = XNEW(struct offload);

    *offload = *template;
    offload->call = call;
    offload->key = xstrdup(template->key);
    offload->base.run = offload_run;
    offload->base.done = offload_done;
    if (offload->late) {
        offload->timer = evtimer_new(call->daemon->base, offload_late_cb, offload);
        evtimer_add(offload->timer, &late);
    }
    workers_submit(call->daemon->workers, offload->lane, offload->key, &offload->base);
}

void call_durable_cb(void *opaque, struct verror *err)
{
    struct call *call = opaque;

    if (err->code) {
        verror_move(&call->err, err);
        call_fail(call);
    } else {
        call_reply(call);
    }
}

int call_cancel_job(struct call *call, struct job *job)
{
    if (job_cancel(job, call_durable_cb, call, &call->err) < 0)
        return -1;
    job_audit_cancel(job, client_identity(call->client));
    return CALL_PENDING;
}
