/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a job's end; see follow.h.  The wait is cut into slices: after
 * each one signals are looked at and the progress line is redrawn.
 */

#include "tools/follow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/util/alloc.h"
#include "tools/job-text.h"
#include "tools/progress.h"
#include "tools/signals.h"

#define SLICE_MS 100
#define SLICES_A_DRAW 2
#define RECONNECT_MS 1000

/* How the wait ended; the job may not have. */
enum follow_end {
    FOLLOW_ENDED,
    FOLLOW_LEFT,
    FOLLOW_TIMEOUT,
    FOLLOW_LOST,
    FOLLOW_BACK, /* connected anew: wait on */
};

struct wait {
    struct cli *cli;
    virJobRecordPtr *job;
    const struct follow *follow;
    struct progress progress;
    bool cancelling;
    long long deadline_ms; /* on the monotonic clock; -1 = none */
};

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void record_update(struct wait *wait)
{
    virJobRecordPtr record = virConnectGetJobRecord(wait->cli->conn, (*wait->job)->id, 0);

    if (!record)
        return; /* the wait itself tells what is wrong */
    virJobRecordFree(*wait->job);
    *wait->job = record;
}

/* False: the user wants to leave. */
static bool signals_handle(struct wait *wait)
{
    unsigned int count = signals_take();

    while (count-- > 0) {
        if (wait->cancelling || !wait->follow->signal_cancels)
            return false;
        wait->cancelling = true;
        wait->progress.drawn += strlen("^C"); /* the terminal's echo, to be wiped too */
        if (virConnectCancelJob(wait->cli->conn, (*wait->job)->id, 0) < 0) {
            progress_clear(&wait->progress);
            (void)cli_fail("cannot cancel job %llu, waiting for its end", (*wait->job)->id);
        }
    }
    return true;
}

/* One slice; 1 = the job has ended, 0 = not yet, -1 = the library's error. */
static int slice_wait(struct wait *wait, long long slice_ms)
{
    virJobInfo info = { .state = VIR_JOB_RUNNING };

    if (virConnectWaitJob(wait->cli->conn, (*wait->job)->id, &info, (int)slice_ms) < 0)
        return virGetLastErrorCode() == VIR_ERR_OPERATION_TIMEOUT ? 0 : -1;
    if (info.state == VIR_JOB_RUNNING)
        return 0;
    record_update(wait);
    (*wait->job)->info = info; /* also where the record cannot be had any more */
    return 1;
}

/* Milliseconds to the deadline, limit_ms at most. */
static long long time_left(const struct wait *wait, long long limit_ms)
{
    long long left_ms = wait->deadline_ms - now_ms();

    if (wait->deadline_ms < 0 || left_ms > limit_ms)
        return limit_ms;
    return left_ms < 0 ? 0 : left_ms;
}

static enum follow_end wait_loop(struct wait *wait)
{
    unsigned int slices;

    for (slices = 0;; slices++) {
        long long slice_ms = time_left(wait, SLICE_MS);
        int r;

        if (!signals_handle(wait))
            return FOLLOW_LEFT;
        if (slice_ms == 0 && slices > 0)
            return FOLLOW_TIMEOUT;
        r = slice_wait(wait, slice_ms);
        if (r != 0)
            return r < 0 ? FOLLOW_LOST : FOLLOW_ENDED;
        if (wait->progress.out && slices % SLICES_A_DRAW == 0) {
            record_update(wait);
            progress_draw(&wait->progress, *wait->job);
        }
    }
}

/* Until a signal or the deadline: a daemon that is away takes no cancel. */
static enum follow_end daemon_await(struct wait *wait)
{
    if (!wait->cli->reconnect || virConnectIsAlive(wait->cli->conn) == 1)
        return FOLLOW_LOST;
    progress_clear(&wait->progress);
    cli_error("lost the daemon; waiting for it to come back, to follow job %llu on",
              (*wait->job)->id);
    while (!cli_reconnect(wait->cli)) {
        if (signals_wait((int)time_left(wait, RECONNECT_MS)))
            return FOLLOW_LOST;
        if (time_left(wait, 1) == 0)
            return FOLLOW_TIMEOUT;
    }
    return FOLLOW_BACK;
}

static int ended_tell(const struct follow *follow, const virJobRecord *job)
{
    _cleanup_free_ char *object = job_object_text(job);

    if (job->info.state == VIR_JOB_COMPLETE)
        return CLI_DONE;
    if (job->info.state == VIR_JOB_CANCELLED && follow->cancel_wanted)
        return CLI_CANCELLED;
    if (job->info.state == VIR_JOB_CANCELLED) {
        cli_error("%s of %s was cancelled (job %llu)", job->operation, object, job->id);
        return CLI_CANCELLED;
    }
    cli_error("%s of %s failed (job %llu): %s", job->operation, object, job->id,
              job->errorMessage ? job->errorMessage : "its error cannot be had any more");
    return CLI_FAILED;
}

static int end_tell(const struct wait *wait, enum follow_end end)
{
    const virJobRecord *job = *wait->job;
    _cleanup_free_ char *object = job_object_text(job);

    switch (end) {
    case FOLLOW_ENDED:
        return ended_tell(wait->follow, job);
    case FOLLOW_LEFT:
        cli_error("left job %llu (%s of %s), which %s", job->id, job->operation, object,
                  wait->cancelling ? "is still being cancelled" : "goes on");
        return CLI_FAILED;
    case FOLLOW_TIMEOUT:
        cli_error("job %llu (%s of %s) has not ended in the time given", job->id, job->operation,
                  object);
        return CLI_FAILED;
    case FOLLOW_LOST:
    case FOLLOW_BACK: /* not an end */
        break;
    }
    if (virConnectIsAlive(wait->cli->conn) == 1)
        return cli_fail("cannot wait for job %llu (%s of %s)", job->id, job->operation, object);
    cli_error("lost the daemon while waiting for job %llu (%s of %s); the job does not need this "
              "connection: ask with 'virtjob job-info %llu'",
              job->id, job->operation, object, job->id);
    return CLI_FAILED;
}

int follow_job(struct cli *cli, virJobRecordPtr *job, const struct follow *follow)
{
    struct wait wait = { .cli = cli, .job = job, .follow = follow, .deadline_ms = -1 };
    enum follow_end end;

    if (follow->timeout_ms >= 0)
        wait.deadline_ms = now_ms() + follow->timeout_ms;
    progress_open(&wait.progress, !cli->no_progress && !cli->quiet);
    do {
        end = wait_loop(&wait);
        if (end == FOLLOW_LOST)
            end = daemon_await(&wait);
    } while (end == FOLLOW_BACK);
    progress_clear(&wait.progress);
    return end_tell(&wait, end);
}

int job_speed_prepare(struct cli *cli, const struct args *args)
{
    if (args_text(args, "speed") &&
        virConnectSetJobSpeed(cli->conn, 0, args_size(args, "speed", 0), 0) < 0)
        return cli_fail("cannot set the speed '%s'", args_text(args, "speed"));
    return CLI_DONE;
}

int long_job_prepare(struct cli *cli, const struct args *args)
{
    int r;

    if (args_has(args, "speed") && job_speed_prepare(cli, args) != CLI_DONE)
        return CLI_FAILED;
    if (args_flag(args, "async"))
        return CLI_DONE;
    r = signals_catch(SIGNALS_JOB_LEFT);
    if (r < 0) {
        cli_error("cannot catch signals: %s", strerror(-r));
        return CLI_FAILED;
    }
    return CLI_DONE;
}

static void started_say(const struct cli *cli, const virJobRecord *job)
{
    _cleanup_free_ char *object = job_object_text(job);

    if (cli->quiet)
        printf("%llu\n", job->id); /* what a script asked for */
    else
        cli_say(cli, "Job %llu started: %s of %s", job->id, job->operation, object);
}

int long_job_finish(struct cli *cli, const struct args *args, virJobRecordPtr job,
                    const char *done_fmt, ...)
{
    static const struct follow follow = { .signal_cancels = true, .timeout_ms = -1 };
    _cleanup_record_ virJobRecordPtr owned = job;
    _cleanup_free_ char *done = NULL;
    va_list va;
    int r;

    if (!owned)
        return cli_fail("%s: its job was started, but cannot be asked for", args->command->name);
    if (args_flag(args, "async")) {
        started_say(cli, owned);
        return CLI_DONE;
    }
    r = follow_job(cli, &owned, &follow);
    if (r != CLI_DONE)
        return r;
    va_start(va, done_fmt);
    if (vasprintf(&done, done_fmt, va) < 0)
        done = NULL;
    va_end(va);
    cli_say(cli, "%s", done ? done : "Done");
    return CLI_DONE;
}
