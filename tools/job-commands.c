/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the job commands. */

#include "tools/groups.h"
#include "tools/jobs.h"

/* Which job is meant. */
#define OPT_JOB                                                                            \
    { .name = "job", .kind = OPTION_NUMBER, .positional = true, .values = VALUES_JOB,      \
      .help = "id of the job" },                                                           \
        { .name = "domain", .kind = OPTION_TEXT, .values = VALUES_DOMAIN,                  \
          .help = "instead of an id: the last job on this domain, by name, id or UUID" },  \
        { .name = "pool", .kind = OPTION_TEXT, .values = VALUES_POOL,                      \
          .help = "instead of an id: the last job on this pool, by name or UUID" },        \
        { .name = "vol", .kind = OPTION_TEXT, .values = VALUES_VOL,                        \
          .help = "with --pool: the last job on the volume of this name" }

#define OPT_JSON OPT_FLAG("json", "as JSON")

static const struct command commands[] = {
    { .name = "jobs",
      .summary = "list jobs, by default those that have not ended",
      .text = "With --follow, those that run are listed, then each job that starts, moves on or "
              "ends gets a line, its time first; as JSON, an object with \"event\" and \"job\". "
              "A daemon that goes away is waited for.",
      .options = OPTIONS(OPT_FLAG("all", "list ended jobs too, from the history"),
                         OPT_FLAG("complete", "list jobs that did their work only"),
                         OPT_FLAG("failed", "list failed jobs only"),
                         OPT_FLAG("cancelled", "list cancelled jobs only"),
                         { .name = "domain", .kind = OPTION_TEXT, .values = VALUES_DOMAIN,
                           .help = "list jobs on this domain, by name or UUID, only" },
                         { .name = "pool", .kind = OPTION_TEXT, .values = VALUES_POOL,
                           .help = "list jobs on this pool and its volumes only" },
                         { .name = "vol", .kind = OPTION_TEXT, .values = VALUES_VOL,
                           .help = "list jobs on volumes of this name only" },
                         OPT_FLAG("follow", "go on with a line for each event, until Ctrl-C"),
                         OPT_JSON),
      .check = job_list_check,
      .run = job_list },
    { .name = "job-info",
      .summary = "print all that is known of a job",
      .options = OPTIONS(OPT_JOB, OPT_JSON),
      .check = job_check,
      .run = job_info },
    { .name = "job-wait",
      .summary = "wait for the end of a job",
      .text = "Exits as the job ended. Ctrl-C ends the wait, not the job.",
      .options = OPTIONS(OPT_JOB, { .name = "timeout", .kind = OPTION_NUMBER,
                                    .help = "give up after so many seconds" }),
      .check = job_wait_check,
      .run = job_wait },
    { .name = "job-cancel",
      .summary = "ask a job to stop and undo what it did",
      .options = OPTIONS(OPT_JOB, OPT_FLAG("wait", "wait until everything has been undone")),
      .check = job_check,
      .run = job_cancel },
    { .name = "job-speed",
      .summary = "set how fast a job may move bytes",
      .text = "Jobs that make, copy, wipe or resize a volume, and those that save or dump a "
              "domain, take a speed. It holds at once, and survives a restart of the daemon.",
      .options = OPTIONS(OPT_JOB, { .name = "speed", .kind = OPTION_SIZE, .positional = true,
                                    .help = "bytes a second, such as 10M; 0 = no limit" }),
      .check = job_speed_check,
      .run = job_speed },
    { .name = "job-pause",
      .summary = "hold a job until it is resumed",
      .text = "It moves no bytes meanwhile, also when the daemon is restarted.",
      .options = OPTIONS(OPT_JOB),
      .check = job_check,
      .run = job_pause },
    { .name = "job-resume",
      .summary = "let a paused job go on",
      .options = OPTIONS(OPT_JOB),
      .check = job_check,
      .run = job_resume },
    { .name = "job-error",
      .summary = "print why a job failed",
      .options = OPTIONS(OPT_JOB),
      .check = job_check,
      .run = job_error },
    { .name = NULL },
};

const struct command_group job_group = { "job", "Jobs", commands };
