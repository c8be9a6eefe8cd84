/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a temporary name to a final one, so that a volume is there whole or not
 * at all.  All names are below a directory descriptor, never followed through
 * symlinks.  Worker threads.
 */
#ifndef VIRTJOBD_PUBLISH_H
#define VIRTJOBD_PUBLISH_H

#include <stdint.h>
#include <sys/types.h>

#include "util/verror.h"
#include "xml/pool_xml.h"

/*
 * Opens a pool's directory, O_CLOEXEC, by its canonical path.  A symlink on the way is one
 * that somebody has put there since the pool was started, and is not followed.
 */
int publish_open_dir(const char *path, struct verror *err);

/* ".virtjobd-<job>", NUL-terminated. */
enum { PUBLISH_TEMP_MAX = 48 };
void publish_temp_name(char name[PUBLISH_TEMP_MAX], uint64_t job_id);

/* Creates the temporary file (O_EXCL, 0600, O_NOFOLLOW); a left-over of the same job is
   replaced. */
int publish_create(int dirfd, const char *temp, struct verror *err);

/*
 * fdatasync, chown and chmod as asked (PERMS_UNSET = leave), renameat2 with
 * RENAME_NOREPLACE (link and unlink where unsupported), fsync of the
 * directory.  An existing final name is VIR_ERR_STORAGE_VOL_EXIST.
 */
int publish_commit(int dirfd, const char *temp, int fd, const char *final,
                   const struct perms *perms, struct verror *err);

/*
 * The same for a file that may take the place of another, as it is: synced, renamed, synced.  On
 * failure what had the name has it still, where the file system can exchange two names; else
 * nothing has, and the file may be emptied.  While it runs, what it replaces may have temp's name.
 */
int publish_replace(int dirfd, const char *temp, int fd, const char *final, struct verror *err);

/* Removes a temporary file; its last close is left to the reaper. Missing is fine. */
void publish_discard(int dirfd, const char *temp);

/* 1: final name has this inode (published before the crash), 0: not, -1: cannot tell. */
int publish_is_done(int dirfd, const char *final, uint64_t dev, uint64_t ino);

#endif
