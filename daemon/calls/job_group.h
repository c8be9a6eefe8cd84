/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call that takes several jobs, each on an object of its own.  It is answered
 * when all have ended well, or (async) when what each is about is under way; where one
 * is refused or fails, the others are cancelled, and the call fails for its reason.  Loop thread.
 */
#ifndef VIRTJOBD_JOB_GROUP_H
#define VIRTJOBD_JOB_GROUP_H

#include "calls/job_call.h"

struct job_group;

/* For a pending call and at most that many jobs. */
struct job_group *job_group_new(struct call *call, size_t most, bool async);
/* The request's callbacks are set here; it owns its spec as in job_start(). */
void job_group_start(struct job_group *group, struct job_request *request);
/* No more of them come: the group is its jobs' from now on. */
void job_group_close(struct job_group *group);

#endif
