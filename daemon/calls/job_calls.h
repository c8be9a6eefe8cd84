/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers of the JOB program that have a file of their own. */
#ifndef VIRTJOBD_JOB_CALLS_H
#define VIRTJOBD_JOB_CALLS_H

struct call;

int job_call_wait(struct call *call);
int job_call_list(struct call *call);
int job_call_set_speed(struct call *call);
int job_call_pause(struct call *call);
int job_call_resume(struct call *call);

#endif
