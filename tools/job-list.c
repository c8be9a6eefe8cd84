/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of jobs. */

#include <stdio.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/job-text.h"
#include "tools/jobs.h"
#include "tools/table.h"

static char *left_text(const virJobRecord *job)
{
    if (job->info.state != VIR_JOB_RUNNING || job->info.remainingTime == 0)
        return xstrdup("-");
    return format_duration(job->info.remainingTime);
}

/* The columns that both tables start with. */
static void row_start(struct table *table, const virJobRecord *job)
{
    table_take(table, xasprintf("%llu", job->id));
    table_take(table, job_object_short(job));
    table_add(table, job->operation);
    table_add(table, job_state_text(job));
    table_take(table, job_progress_text(job));
}

static void running_row_add(struct table *table, const virJobRecord *job)
{
    row_start(table, job);
    table_take(table, format_rate(job->rate));
    table_take(table, left_text(job));
    table_add(table, job->startedBy ? job->startedBy : "-");
}

static void any_row_add(struct table *table, const virJobRecord *job)
{
    row_start(table, job);
    table_take(table, format_time(job->endedAt));
    table_add(table, job->startedBy ? job->startedBy : "-");
}

static void table_show(const struct job_list *list, const struct args *args, bool history)
{
    static const char *const running_heads[] = { "Id",       "Object", "Operation", "State",
                                                 "Progress", "Rate",   "Left",      "Started by",
                                                 NULL };
    static const char *const any_heads[] = { "Id",       "Object", "Operation",  "State",
                                             "Progress", "Ended",  "Started by", NULL };
    struct job_object object = job_object_of(args);
    _cleanup_table_ struct table *table = table_new(history ? any_heads : running_heads);
    int i;

    for (i = 0; i < list->count; i++)
        if (job_is_on(list->all[i], &object))
            (history ? any_row_add : running_row_add)(table, list->all[i]);
    table_print(table, stdout);
}

static void json_show(const struct job_list *list, const struct args *args)
{
    struct job_object object = job_object_of(args);
    json_t *array = json_array();
    int i;

    for (i = 0; i < list->count; i++)
        if (job_is_on(list->all[i], &object))
            json_array_append_new(array, job_to_json(list->all[i]));
    json_dumpf(array, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(array);
}

/* The filters; each state of an end brings the history in. */
static unsigned int list_flags(const struct args *args, bool *ret_history)
{
    static const struct {
        const char *option;
        unsigned int flag;
    } rows[] = {
        { "complete", VIR_CONNECT_LIST_JOBS_COMPLETE },
        { "failed", VIR_CONNECT_LIST_JOBS_FAILED },
        { "cancelled", VIR_CONNECT_LIST_JOBS_CANCELLED },
    };
    unsigned int flags = 0;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++)
        if (args_flag(args, rows[i].option))
            flags |= rows[i].flag;
    *ret_history = flags || args_flag(args, "all");
    if (flags)
        return flags | VIR_CONNECT_LIST_JOBS_ENDED;
    return *ret_history ? 0 : VIR_CONNECT_LIST_JOBS_ACTIVE;
}

int job_list_check(const struct args *args)
{
    bool history;

    (void)list_flags(args, &history);
    if (history && args_flag(args, "follow"))
        return cli_usage("--follow goes without --all, --complete, --failed and --cancelled");
    return job_object_check(args);
}

int job_list(struct cli *cli, const struct args *args)
{
    _cleanup_jobs_ struct job_list list = { 0 };
    unsigned int flags;
    bool history;

    if (args_flag(args, "follow"))
        return job_events(cli, args);
    flags = list_flags(args, &history);
    if (job_list_read(cli, &list, flags) != CLI_DONE)
        return CLI_FAILED;
    if (args_flag(args, "json"))
        json_show(&list, args);
    else
        table_show(&list, args, history);
    return CLI_DONE;
}
