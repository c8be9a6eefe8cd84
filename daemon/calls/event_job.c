/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of jobs: ours, of all of them and numbered, on the JOB program; and
 * libvirt's, that a domain's job has ended.  Loop thread.
 */

#include "calls/domain_call.h"
#include "calls/event.h"
#include "calls/job_record.h"
#include "hypervisor/domain_event.h"
#include "protocol/job.h"
#include "protocol/remote.h"
#include "util/alloc.h"

/* There is one of this class, and clients have no numbers for it. */
enum { ANY_JOB_EVENT = 0 };

static void tell_job(struct daemon *daemon, struct job *job, virJobEvent event)
{
    struct job_event_msg msg = { .sequence = jobs_event_sequence(daemon->jobs), .event = event };
    struct event_message message = {
        .class = EVENT_JOB,
        .event = ANY_JOB_EVENT,
        .program = JOB_PROGRAM_NUMBER,
        .version = JOB_PROGRAM_VERSION,
        .procedure = JOB_PROC_EVENT,
        .xdr = (xdrproc_t)xdr_job_event_msg,
        .msg = &msg,
    };

    if (events_are_unwanted(daemon->events, EVENT_JOB, ANY_JOB_EVENT))
        return;
    job_to_record(job, &msg.record);
    events_send(daemon->events, &message);
    xdr_free((xdrproc_t)xdr_job_event_msg, &msg);
}

/* Its domain may be gone by now. */
static void tell_domain_job(struct daemon *daemon, struct job *job)
{
    struct store_job row;
    const struct domain *domain;
    struct remote_domain_event_job_msg msg = { .domain = { .id = -1 } };
    struct event_message message = {
        .class = EVENT_DOMAIN,
        .event = DOMAIN_EVENT_JOB_COMPLETED,
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
        .procedure = REMOTE_PROC_DOMAIN_EVENT_CALLBACK_JOB_COMPLETED,
        .xdr = (xdrproc_t)xdr_remote_domain_event_job_msg,
        .msg = &msg,
    };

    if (events_are_unwanted(daemon->events, EVENT_DOMAIN, DOMAIN_EVENT_JOB_COMPLETED))
        return;
    job_to_row(job, &row);
    domain = domain_find_uuid(daemon->domains, row.uuid);
    message.uuid = row.uuid;
    msg.domain.name = xstrdup(row.name);
    (void)uuid_parse(row.uuid, (unsigned char *)msg.domain.uuid);
    if (domain)
        msg.domain.id = domain_id(domain);
    domain_job_params(job, &msg.params.params_val, &msg.params.params_len);
    events_send(daemon->events, &message);
    xdr_free((xdrproc_t)xdr_remote_domain_event_job_msg, &msg);
    store_job_clear(&row);
}

static void on_event(void *opaque, struct job *job, virJobEvent event)
{
    struct daemon *daemon = opaque;

    tell_job(daemon, job, event);
    if (event == VIR_JOB_EVENT_ENDED && job_object(job) == JOB_OBJECT_DOMAIN)
        tell_domain_job(daemon, job);
}

void job_events_start(struct daemon *daemon)
{
    jobs_on_event(daemon->jobs, on_event, daemon);
}

static int register_events(struct call *call)
{
    struct job_event_register_ret *ret = call->ret;

    ret->sequence = jobs_event_sequence(call->daemon->jobs);
    return events_add(call->daemon->events, call->client, EVENT_JOB, ANY_JOB_EVENT, NULL, true,
                      &call->err);
}

static int deregister_events(struct call *call)
{
    if (events_remove(call->daemon->events, call->client, EVENT_JOB, EVENT_NO_CALLBACK,
                      ANY_JOB_EVENT))
        return 0;
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                      "job events are not registered for on this connection");
}

#define ROW(num, function, handle, ...)                                                    \
    { .number = JOB_PROC_EVENT_##num, .api = function, .access = ACCESS_READ,              \
      PROC_ON(JOB, READ),                                                                  \
      .class = CLASS_MEMORY, .error_domain = VIR_FROM_STORAGE, .handler = handle, __VA_ARGS__ }

static const struct proc procs[] = {
    ROW(REGISTER, "virConnectJobEventRegister", register_events,
        PROC_RET(job_event_register_ret)),
    ROW(DEREGISTER, "virConnectJobEventDeregister", deregister_events),
};

const struct proc_table calls_event_job = { procs, ARRAY_SIZE(procs) };
