/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a job's end: the progress line, the signals, and what is said
 * and returned when it is over.
 */
#ifndef VIRTJOB_FOLLOW_H
#define VIRTJOB_FOLLOW_H

#include "tools/args.h"
#include "tools/cli.h"

struct follow {
    bool signal_cancels; /* the first signal cancels the job; else it only ends the wait */
    bool cancel_wanted;  /* CANCELLED is what the user asked for: no error is told */
    long long timeout_ms; /* -1 = no limit */
};

/*
 * Waits for the end of *job, which is kept up to date.  CLI_DONE: complete,
 * and nothing was printed; else the exit code of an error already told.
 */
int follow_job(struct cli *cli, virJobRecordPtr *job, const struct follow *follow);

/* The jobs that are started from here on have the speed of --speed.  CLI_DONE, or told. */
int job_speed_prepare(struct cli *cli, const struct args *args);
/*
 * Before a long call is started: its job has the speed of --speed, where the command has that,
 * and its signals are ours from here on.  CLI_DONE, or CLI_FAILED and told.
 */
int long_job_prepare(struct cli *cli, const struct args *args);
/*
 * After its start: prints the job with --async, else waits for it and says
 * what was done.  Takes job, which is NULL when the library could not tell it.
 */
int long_job_finish(struct cli *cli, const struct args *args, virJobRecordPtr job,
                    const char *done_fmt, ...) _printf_(4, 5);

#endif
