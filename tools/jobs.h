/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on jobs, by file; their rows are in job-commands.c.
 */
#ifndef VIRTJOB_JOBS_H
#define VIRTJOB_JOBS_H

#include "tools/args.h"
#include "tools/cli.h"

/* job-find.c */
/* Jobs as the library lists them; ours to free. */
struct job_list {
    virJobRecordPtr *all;
    int count;
};
int job_list_read(struct cli *cli, struct job_list *list, unsigned int flags);
void job_list_done(struct job_list *list);
#define _cleanup_jobs_ _cleanup_(job_list_done)
/* Is it on that pool (name or UUID), or on that volume in it? Each may be NULL: any. */
bool job_is_on(const virJobRecord *job, const char *pool, const char *vol);
/* The job that was asked for, by id or as the last one of an object; tells its error. */
virJobRecordPtr job_of(struct cli *cli, const struct args *args);
/* Do the options name exactly one job? */
int job_check(const struct args *args);

/* job-list.c */
int job_list(struct cli *cli, const struct args *args);

/* job-one.c */
int job_info(struct cli *cli, const struct args *args);
int job_wait_check(const struct args *args);
int job_wait(struct cli *cli, const struct args *args);
int job_cancel(struct cli *cli, const struct args *args);
int job_error(struct cli *cli, const struct args *args);

#endif
