/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that makes or changes a volume, as kinds of jobs. */
#ifndef VIRTJOBD_VOL_JOBS_H
#define VIRTJOBD_VOL_JOBS_H

#include "storage/vol_spec.h"

extern const struct job_kind vol_job_create, vol_job_clone;              /* vol_create.c */
extern const struct job_kind vol_job_wipe, vol_job_resize, vol_job_delete; /* vol_change.c */

/* Loop or worker: does the definition make sense for create (source NULL) or clone? */
int vol_check_def(const struct vol_def *def, unsigned int flags, bool clone, struct verror *err);
/* For what our engines or qemu-img write: keeps to every limit. */
const char *vol_unlimited(const void *spec, enum job_limit limit); /* vol_change.c */
/* The volume as it is shown while it is being made. */
struct vol_info *vol_info_from_def(const struct vol_spec *spec);

#endif
