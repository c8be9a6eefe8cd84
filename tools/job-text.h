/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job record as text: for a message, a table, a page, or as JSON.
 */
#ifndef VIRTJOB_JOB_TEXT_H
#define VIRTJOB_JOB_TEXT_H

#include <libvirtjob/libvirtjob.h>

#include <jansson.h>
#include <stdio.h>

/* "volume 'b' in pool 'p'", "pool 'p'"; a new string. */
char *job_object_text(const virJobRecord *job);
/* "p/b", "p"; a new string. */
char *job_object_short(const virJobRecord *job);
/* The UUID of the domain or the pool; a new string. */
char *job_uuid_text(const virJobRecord *job);
/* "queued", "running", "cancelling", "finishing", "complete", "failed" or "cancelled". */
const char *job_state_text(const virJobRecord *job);
/* "45%", or what is done of a job that knows no total; a new string. */
char *job_progress_text(const virJobRecord *job);

/* All of it, one "Key: value" a line. */
void job_print(const virJobRecord *job, FILE *out);
/* Only what went wrong. */
void job_print_error(const virJobRecord *job, FILE *out);
/* The record as an object; its keys are in virtjob(1). */
json_t *job_to_json(const virJobRecord *job);

#endif
