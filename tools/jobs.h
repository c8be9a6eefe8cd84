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
/* An object as a user calls it: a domain, a pool, a volume in a pool; all NULL: any. */
struct job_object {
    const char *domain; /* name or UUID */
    const char *pool;   /* name or UUID */
    const char *vol;    /* name */
};
struct job_object job_object_of(const struct args *args); /* of --domain, --pool and --vol */
/* --domain goes without the other two: CLI_DONE or CLI_USAGE. */
int job_object_check(const struct args *args);
bool job_is_on(const virJobRecord *job, const struct job_object *object);
/* The last job of the domain, also when it is gone; NULL and nothing told. */
virJobRecordPtr job_of_domain(struct cli *cli, const char *uuid);
/* The job that was asked for, by id or as the last one of an object; tells its error. */
virJobRecordPtr job_of(struct cli *cli, const struct args *args);
/* Do the options name exactly one job? */
int job_check(const struct args *args);

/* job-events.c */
int job_events(struct cli *cli, const struct args *args);

/* job-list.c */
int job_list_check(const struct args *args);
int job_list(struct cli *cli, const struct args *args);

/* job-one.c */
int job_info(struct cli *cli, const struct args *args);
int job_wait_check(const struct args *args);
int job_wait(struct cli *cli, const struct args *args);
int job_cancel(struct cli *cli, const struct args *args);
int job_speed_check(const struct args *args);
int job_speed(struct cli *cli, const struct args *args);
int job_pause(struct cli *cli, const struct args *args);
int job_resume(struct cli *cli, const struct args *args);
int job_error(struct cli *cli, const struct args *args);

#endif
