/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several jobs for one call; see job_group.h.  Loop thread. */

#include "calls/job_group.h"

#include "util/alloc.h"

struct job_group {
    struct call *call; /* NULL once answered */
    struct client *client; /* a reference: it counts its jobs */
    bool async;
    bool closed;
    size_t open;    /* jobs that have neither ended nor been refused */
    size_t unbegun; /* of these, those that are not under way */
    uint64_t *ids;  /* those that were accepted */
    size_t n;
    struct verror err; /* the first that came */
};

struct job_group *job_group_new(struct call *call, size_t most, bool async)
{
    struct job_group *group = XNEW(struct job_group);

    group->call = call;
    group->client = client_ref(call->client);
    group->async = async;
    group->ids = xcalloc(most + 1, sizeof(*group->ids));
    return group;
}

static void answer(struct job_group *group)
{
    struct call *call = STEAL_PTR(group->call);

    if (!call)
        return;
    if (group->err.code) {
        verror_copy(&call->err, &group->err);
        call_fail(call);
    } else {
        call_reply(call);
    }
}

/* Answers when it is time, and is gone with the last job. */
static void settle(struct job_group *group)
{
    if (!group->closed)
        return;
    if (group->open == 0 || (group->async && group->unbegun == 0 && !group->err.code))
        answer(group);
    if (group->open > 0)
        return;
    client_unref(group->client);
    verror_clear(&group->err);
    free(group->ids);
    free(group);
}

static void asked_cb(void *opaque, struct verror *err)
{
    (void)opaque;
    (void)err; /* its end is waited for, which comes as well */
}

static void cancel_all(const struct job_group *group)
{
    for (size_t i = 0; i < group->n; i++) {
        struct job *job = jobs_find_id(group->call->daemon->jobs, group->ids[i]);

        if (job)
            (void)job_cancel(job, asked_cb, NULL, NULL); /* it may have ended */
    }
}

static void fail(struct job_group *group, const struct verror *err)
{
    if (group->err.code)
        return;
    verror_copy(&group->err, err);
    if (group->call)
        cancel_all(group);
}

static void accepted_cb(void *opaque, struct job *job)
{
    struct job_group *group = opaque;

    group->ids[group->n++] = job_id(job);
    if (group->err.code && group->call)
        cancel_all(group);
}

static void begun_cb(void *opaque, struct job *job)
{
    struct job_group *group = opaque;

    (void)job;
    group->unbegun--;
    settle(group);
}

static void one_less(struct job_group *group)
{
    client_job_ends(group->client);
    group->open--;
    if (group->unbegun > group->open)
        group->unbegun = group->open;
    settle(group);
}

static void refused_cb(void *opaque, struct verror *err)
{
    struct job_group *group = opaque;

    fail(group, err);
    one_less(group);
}

static void ended_cb(void *opaque, struct job *job)
{
    struct job_group *group = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (job_state(job) == JOB_CANCELLED)
        verror_set(&err, VIR_ERR_OPERATION_ABORTED, "job %llu (%s) was cancelled",
                   (unsigned long long)job_id(job), job_title(job));
    else if (job_state(job) != JOB_COMPLETE)
        verror_copy(&err, job_error(job));
    if (err.code)
        fail(group, &err);
    one_less(group);
}

void job_group_start(struct job_group *group, struct job_request *request)
{
    struct call *call = group->call;

    if (call_check_client_jobs(call) < 0) {
        request->kind->spec_free(request->spec);
        fail(group, &call->err);
        return;
    }
    client_job_begins(group->client);
    group->open++;
    group->unbegun++;
    if (!request->speed)
        request->speed = client_job_speed(group->client);
    request->started_by = client_identity(group->client);
    request->accepted = accepted_cb;
    request->refused = refused_cb;
    request->begun = begun_cb;
    request->ended = ended_cb;
    request->opaque = group;
    job_start(call->daemon->jobs, request);
}

void job_group_close(struct job_group *group)
{
    group->closed = true;
    settle(group);
}
