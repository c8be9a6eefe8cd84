/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Jobs as they go on: a line for each event, until the user has seen enough.
 * A daemon that goes away is waited for.
 */

#include <limits.h>
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

/* CLI_DONE where it is the connection that was lost: the daemon may come back. */
static int fail(const struct events *events, const char *what)
{
    if (virConnectIsAlive(events->cli->conn) == 1)
        return cli_fail("%s", what);
    (void)cli_fail("waiting for the daemon to come back");
    return CLI_DONE;
}

/* What runs now, as if it had just been told of; oldest first. */
static bool show_active(struct events *events)
{
    _cleanup_jobs_ struct job_list list = { 0 };

    list.count = virConnectListAllJobs(events->cli->conn, &list.all, VIR_CONNECT_LIST_JOBS_ACTIVE);
    for (int i = list.count; i-- > 0;)
        show(events, list.all[i], "listed");
    events->missed = false;
    return list.count >= 0;
}

/* Only who waits for an answer pings the daemon: where nothing comes, something is asked for. */
static void await_event(const struct cli *cli, int event_fd)
{
    struct pollfd polled = { .fd = event_fd, .events = POLLIN };
    long long limit_ms = cli->keepalive_interval > 0 ? cli->keepalive_interval * 1000LL : -1;
    unsigned long version;

    /* a signal only makes it look once more */
    if (poll(&polled, 1, limit_ms > INT_MAX ? INT_MAX : (int)limit_ms) == 0)
        (void)virConnectGetLibVersion(cli->conn, &version); /* a loss is seen by who dispatches */
}

/* Until the connection is lost, which is CLI_DONE. */
static int listen_on(struct events *events)
{
    virConnectPtr conn = events->cli->conn;
    unsigned long long sequence = 0;
    int fd = virConnectGetEventFd(conn);

    if (fd < 0 || virConnectJobEventRegister(conn, event_cb, events, NULL, &sequence, 0) < 0)
        return fail(events, "cannot register for the events of jobs");
    if (events->sequence && sequence != events->sequence)
        cli_error("events were missed while the daemon was away");
    events->sequence = sequence;
    events->missed = true;
    do {
        if (events->missed && !show_active(events))
            return fail(events, "cannot list jobs");
        await_event(events->cli, fd);
    } while (virConnectDispatchEvents(conn) >= 0);
    return fail(events, "cannot listen to the events of jobs");
}

/* One that comes and goes is not asked without a rest. */
static void reconnect(struct cli *cli)
{
    do
        (void)poll(NULL, 0, RECONNECT_MS);
    while (!cli_reconnect(cli));
}

int job_events(struct cli *cli, const struct args *args)
{
    struct events events = { .cli = cli, .args = args };

    while (listen_on(&events) == CLI_DONE)
        reconnect(cli);
    return CLI_FAILED;
}
