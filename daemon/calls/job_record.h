/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job, running or from the history, as it goes over the wire.  Loop thread. */
#ifndef VIRTJOBD_JOB_RECORD_H
#define VIRTJOBD_JOB_RECORD_H

#include "jobs/job.h"
#include "protocol/job.h"
#include "store/store.h"

void job_info_to_wire(const struct job_snapshot *snapshot, struct job_info *ret);
/* Empties row and takes note over; what is in *ret is xdr_free's. */
void job_row_to_record(struct store_job *row, const struct job_snapshot *snapshot, char *note,
                       struct job_record *ret);
void job_to_record(struct job *job, struct job_record *ret);
/* The error of a failed job, in a new struct that takes row's texts; NULL where it did not fail. */
struct wire_error *job_error_to_wire(struct store_job *row);

#endif
