/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's job, as libvirt's own calls have it. */

#include <stdio.h>

#include "tools/dom-text.h"
#include "tools/dom.h"
#include "tools/job-text.h"

/*
 * What libvirt's call does not know, from the last job's record: told if that is
 * the job in question, of which one is over and the other is not.
 */
static void record_print(virDomainPtr dom, bool ended)
{
    _cleanup_record_ virJobRecordPtr job = virDomainGetJobRecord(dom, 0);
    _cleanup_free_ char *progress = NULL;

    if (!job || (job->info.state != VIR_JOB_RUNNING) != ended)
        return;
    progress = job_progress_text(job);
    printf("%-17s %llu\n", "Job id:", job->id);
    printf("%-17s %s\n", "Job state:", job_state_text(job));
    printf("%-17s %s\n", "Job progress:", progress);
}

int dom_job_info_check(const struct args *args)
{
    if (args_flag(args, "keep-completed") && !args_flag(args, "completed"))
        return cli_usage("option --keep-completed needs --completed");
    return CLI_DONE;
}

int dom_job_info(struct cli *cli, const struct args *args)
{
    static const struct flag_row rows[] = {
        { "completed", VIR_DOMAIN_JOB_STATS_COMPLETED },
        { "keep-completed", VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED },
        { NULL, 0 },
    };
    bool completed = args_flag(args, "completed");
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);
    virTypedParameterPtr params = NULL;
    int type, count = 0;

    if (!dom)
        return CLI_FAILED;
    if (virDomainGetJobStats(dom, &type, &params, &count, args_flags(args, rows)) < 0)
        return cli_fail("cannot ask for the job of domain '%s'", virDomainGetName(dom));
    if (args_flag(args, "rawstats")) {
        dom_job_print_raw(type, params, count, stdout);
    } else {
        dom_job_print(type, params, count, args_flag(args, "anystats"), stdout);
        if (type != VIR_DOMAIN_JOB_NONE)
            record_print(dom, completed);
    }
    virTypedParamsFree(params, count);
    return CLI_DONE;
}

int dom_job_abort(struct cli *cli, const struct args *args)
{
    _cleanup_domain_ virDomainPtr dom = dom_of(cli, args);

    if (!dom)
        return CLI_FAILED;
    if (virDomainAbortJob(dom) < 0)
        return cli_fail("cannot abort the job of domain '%s'", virDomainGetName(dom));
    cli_say(cli, "The job of domain '%s' is being cancelled", virDomainGetName(dom));
    return CLI_DONE;
}
