/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Jobs as they go on: a line for each event, until the user has seen enough.
 * A daemon that goes away is waited for.
 */

#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/job-text.h"
#include "tools/jobs.h"

#define RECONNECT_MS 1000

struct events {
    struct cli *cli;
    const struct args *args;
    unsigned long long sequence; /* of the last event */
    bool missed;                 /* some did not come; jobs are to be listed anew */
};

static const char *event_name(int event)
{
    static const char *const names[] = {
        [VIR_JOB_EVENT_STARTED] = "started",
        [VIR_JOB_EVENT_PROGRESS] = "progress",
        [VIR_JOB_EVENT_ENDED] = "ended",
    };

    return event >= 0 && event < (int)ARRAY_SIZE(names) ? names[event] : "unknown";
}

static void json_line(const virJobRecord *job, const char *event)
{
    json_t *line = json_pack("{s:s, s:o}", "event", event, "job", job_to_json(job));

    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void text_line(const virJobRecord *job)
{
    _cleanup_free_ char *at = format_time((long long)time(NULL) * 1000);
    _cleanup_free_ char *object = job_object_short(job);
    _cleanup_free_ char *progress = job_progress_text(job);

    printf("%s  %4llu  %-12s  %-10s  %5s  %s", at, job->id, job->operation, job_state_text(job),
           progress, object);
    if (job->info.state == VIR_JOB_FAILED && job->errorMessage)
        printf(": %s", job->errorMessage);
    putchar('\n');
}

static void show(const struct events *events, const virJobRecord *job, const char *event)
{
    struct job_object object = job_object_of(events->args);

    if (!job_is_on(job, &object))
        return;
    if (args_flag(events->args, "json"))
        json_line(job, event);
    else
        text_line(job);
    (void)fflush(stdout); /* who reads a pipe wants it now */
}

static void event_cb(virConnectPtr conn, unsigned long long sequence, int event,
                     virJobRecordPtr record, void *opaque)
{
    struct events *events = opaque;

    (void)conn;
    events->missed |= sequence != events->sequence + 1;
    events->sequence = sequence;
    show(events, record, event_name(event));
}

/* What runs now, as if it had just been told of; oldest first. */
static int show_active(struct events *events)
{
    _cleanup_jobs_ struct job_list list = { 0 };

    events->missed = false;
    if (job_list_read(events->cli, &list, VIR_CONNECT_LIST_JOBS_ACTIVE) != CLI_DONE)
        return CLI_FAILED;
    for (int i = list.count; i-- > 0;)
        show(events, list.all[i], "listed");
    return CLI_DONE;
}

static int begin(struct events *events)
{
    unsigned long long sequence = 0;

    if (virConnectJobEventRegister(events->cli->conn, event_cb, events, NULL, &sequence, 0) < 0)
        return cli_fail("cannot register for the events of jobs");
    if (events->sequence && sequence != events->sequence)
        cli_error("events were missed while the daemon was away");
    events->sequence = sequence;
    return show_active(events);
}

/* Until the connection is lost. */
static int listen_on(struct events *events)
{
    virConnectPtr conn = events->cli->conn;
    struct pollfd polled = { .fd = virConnectGetEventFd(conn), .events = POLLIN };

    if (polled.fd < 0)
        return cli_fail("cannot listen to the events of jobs");
    while (virConnectDispatchEvents(conn) >= 0) {
        if (events->missed && show_active(events) != CLI_DONE)
            return CLI_FAILED;
        (void)poll(&polled, 1, -1); /* a signal only makes it look once more */
    }
    (void)cli_fail("waiting for the daemon to come back");
    return CLI_DONE;
}

static void reconnect(struct cli *cli)
{
    cli_disconnect(cli);
    while (!(cli->conn = cli_open(cli)))
        (void)poll(NULL, 0, RECONNECT_MS);
}

int job_events(struct cli *cli, const struct args *args)
{
    struct events events = { .cli = cli, .args = args };

    for (;;) {
        if (begin(&events) != CLI_DONE || listen_on(&events) != CLI_DONE)
            return CLI_FAILED;
        reconnect(cli);
    }
}
