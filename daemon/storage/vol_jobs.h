/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that makes or changes a volume, as kinds of jobs. */
#ifndef VIRTJOBD_VOL_JOBS_H
#define VIRTJOBD_VOL_JOBS_H

#include "storage/vol_spec.h"

extern const struct job_kind vol_job_create, vol_job_clone;              /* vol_create.c */
extern const struct job_kind vol_job_wipe, vol_job_delete;               /* vol_change.c */
extern const struct job_kind vol_job_resize;                             /* vol_resize.c */

extern const struct job_kind vol_job_upload, vol_job_download; /* vol_transfer.c */

/* --- vol_change.c, for all that is done to a file in place --- */

/*
 * Worker: opens the volume and says which file it is; dirfd stays open too.  What is to be deleted
 * and is gone already is no error: fd stays -1, the identity all 0.
 */
int vol_open_file(struct vol_spec *spec, struct file_identity *ret, struct verror *err);
/* The file the job is about?  Our own writing changes size and times, so only the inode tells. */
bool vol_is_target(const struct vol_spec *spec, const struct file_identity *now);
/* Worker: opens the volume for writing, and it must be the file it was when it was accepted. */
int vol_open_same(struct vol_spec *spec, struct job_ctl *ctl, struct verror *err);
/* Worker: which file is it?  Closes it again. */
int vol_change_prepare(void *spec, struct verror *err);
/* Members of the kinds: the volume is there; what the worker saw in the end is taken. */
int vol_change_check(void *spec, struct verror *err);
void vol_look_again(void *spec, uint64_t job_id);
void vol_change_ended(void *spec, bool done);

/* --- vol_create.c, for all that reads a volume --- */

/* Worker: what source_path leads to, should it be a symlink, and opens that.  The fd, or -1. */
int vol_open_source(struct vol_spec *spec, struct verror *err);

/* Loop or worker: does the definition make sense for create (source NULL) or clone? */
int vol_check_def(const struct vol_def *def, unsigned int flags, bool clone, struct verror *err);
/* For what our engines or qemu-img write: keeps to every limit. */
const char *vol_unlimited(const void *spec, enum job_limit limit); /* vol_change.c */
/* The volume as it is shown while it is being made. */
struct vol_info *vol_info_from_def(const struct vol_spec *spec);

#endif
