/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The job engine as the rest of the daemon sees it.  Loop thread only.
 */
#ifndef VIRTJOBD_JOBS_H
#define VIRTJOBD_JOBS_H

#include <stdbool.h>

struct daemon;
struct jobs;

struct jobs *jobs_new(struct daemon *daemon);
void jobs_free(struct jobs *jobs);
/* No job is queued or running. */
bool jobs_are_idle(const struct jobs *jobs);
unsigned int jobs_count(const struct jobs *jobs); /* queued or running; for the status line */
/*
 * SIGTERM: accepts no more jobs, lets running ones reach a resumable point for
 * at most grace_seconds, then calls stopped (once).
 */
void jobs_stop(struct jobs *jobs, unsigned int grace_seconds, void (*stopped)(void *opaque),
               void *opaque);

#endif
