/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One job asked for, waited for, cancelled, limited, or asked for its error. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/follow.h"
#include "tools/format.h"
#include "tools/job-text.h"
#include "tools/jobs.h"
#include "tools/signals.h"

int job_info(struct cli *cli, const struct args *args)
{
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);
    json_t *json;

    if (!job)
        return CLI_FAILED;
    if (!args_flag(args, "json")) {
        job_print(job, stdout);
        return CLI_DONE;
    }
    json = job_to_json(job);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
    return CLI_DONE;
}

/* Waits, then says how the job ended. */
static int wait_and_say(struct cli *cli, virJobRecordPtr *job, const struct follow *follow)
{
    _cleanup_free_ char *object = NULL;
    int r = signals_catch(SIGNALS_JOB_LEFT);

    if (r < 0) {
        cli_error("cannot catch signals: %s", strerror(-r));
        return CLI_FAILED;
    }
    r = follow_job(cli, job, follow);
    if (r != CLI_DONE)
        return r;
    object = job_object_text(*job);
    cli_say(cli, "Job %llu complete: %s of %s", (*job)->id, (*job)->operation, object);
    return CLI_DONE;
}

int job_wait_check(const struct args *args)
{
    if (args_number(args, "timeout", 0) > INT_MAX)
        return cli_usage("number '%s' for --timeout is too large", args_text(args, "timeout"));
    return job_check(args);
}

int job_wait(struct cli *cli, const struct args *args)
{
    struct follow follow = { .signal_cancels = false, .timeout_ms = -1 };
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);

    if (args_text(args, "timeout"))
        follow.timeout_ms = (long long)args_number(args, "timeout", 0) * 1000;
    return job ? wait_and_say(cli, &job, &follow) : CLI_FAILED;
}

/* With --wait the cancelled end is the one that was asked for. */
static int cancel_wait(struct cli *cli, virJobRecordPtr *job)
{
    static const struct follow follow = { .cancel_wanted = true, .timeout_ms = -1 };
    _cleanup_free_ char *object = NULL;
    int r = wait_and_say(cli, job, &follow);

    if (r != CLI_CANCELLED)
        return r;
    object = job_object_text(*job);
    cli_say(cli, "Job %llu cancelled: %s of %s", (*job)->id, (*job)->operation, object);
    return CLI_DONE;
}

int job_cancel(struct cli *cli, const struct args *args)
{
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);
    _cleanup_free_ char *object = NULL;

    if (!job)
        return CLI_FAILED;
    object = job_object_text(job);
    if (virConnectCancelJob(cli->conn, job->id, 0) < 0)
        return cli_fail("cannot cancel job %llu (%s of %s)", job->id, job->operation, object);
    if (args_flag(args, "wait"))
        return cancel_wait(cli, &job);
    cli_say(cli, "Job %llu is being cancelled: %s of %s", job->id, job->operation, object);
    return CLI_DONE;
}

int job_speed_check(const struct args *args)
{
    if (!args_text(args, "speed"))
        return cli_usage("command 'job-speed' needs --speed");
    return job_check(args);
}

int job_speed(struct cli *cli, const struct args *args)
{
    unsigned long long speed = args_size(args, "speed", 0);
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);
    _cleanup_free_ char *object = NULL;
    _cleanup_free_ char *rate = NULL;

    if (!job)
        return CLI_FAILED;
    object = job_object_text(job);
    if (virConnectSetJobSpeed(cli->conn, job->id, speed, 0) < 0)
        return cli_fail("cannot set the speed of job %llu (%s of %s)", job->id, job->operation,
                        object);
    rate = speed ? format_rate(speed) : xstrdup("no limit");
    cli_say(cli, "Job %llu speed: %s", job->id, rate);
    return CLI_DONE;
}

typedef int job_verb(virConnectPtr conn, unsigned long long id, unsigned int flags);

static int verb_run(struct cli *cli, const struct args *args, job_verb *verb, const char *word,
                    const char *done)
{
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);
    _cleanup_free_ char *object = NULL;

    if (!job)
        return CLI_FAILED;
    object = job_object_text(job);
    if (verb(cli->conn, job->id, 0) < 0)
        return cli_fail("cannot %s job %llu (%s of %s)", word, job->id, job->operation, object);
    cli_say(cli, "Job %llu %s: %s of %s", job->id, done, job->operation, object);
    return CLI_DONE;
}

int job_pause(struct cli *cli, const struct args *args)
{
    return verb_run(cli, args, virConnectPauseJob, "pause", "paused");
}

int job_resume(struct cli *cli, const struct args *args)
{
    return verb_run(cli, args, virConnectResumeJob, "resume", "resumed");
}

int job_error(struct cli *cli, const struct args *args)
{
    _cleanup_record_ virJobRecordPtr job = job_of(cli, args);

    if (!job)
        return CLI_FAILED;
    if (job->errorCode == VIR_ERR_OK)
        cli_say(cli, "Job %llu is %s and has no error", job->id, job_state_text(job));
    else
        job_print_error(job, stdout);
    return CLI_DONE;
}
