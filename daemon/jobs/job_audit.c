/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The audit records of a job: its start, a request to cancel it, its end.  Loop thread. */

#include <inttypes.h>
#include <stdio.h>

#include "jobs/job_internal.h"
#include "util/alloc.h"
#include "util/audit.h"

/* identity: who started it, or who asks now; without an id it is a short operation. */
static void record(const struct job *job, const char *what, const char *identity,
                   const char *result, const char *error)
{
    _cleanup_free_ char *object = job_object_title(job->object_kind, job->name, job->pool);
    char id[32];

    (void)snprintf(id, sizeof(id), "%" PRIu64, job->id);
    AUDIT(AUDIT_ACTS, what, { "job", job->id ? id : NULL }, { "operation", job->kind->name },
          { "object", object }, { "uuid", *job->uuid ? job->uuid : NULL }, { "identity", identity },
          { "result", result }, { "error", error });
}

void job_audit_state(const struct job *job)
{
    if (job->state == JOB_QUEUED)
        record(job, "job-start", job->started_by, NULL, NULL);
    else if (job_state_is_ended(job->state))
        record(job, "job-end", job->started_by, job_state_name(job->state),
               job->state == JOB_FAILED ? verror_text(&job->err) : NULL);
}

void job_audit_cancel(const struct job *job, const char *by)
{
    record(job, "job-cancel", by, NULL, NULL);
}
