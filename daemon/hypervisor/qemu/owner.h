/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disk files belong to someone: given to QEMU's user before a guest starts and
 * back to whoever they belonged to once the last guest that uses them has
 * ended.  What they were is remembered in the store of the file itself (trusted
 * extended attributes) and, where that cannot be, in the guest's own record.
 * Paths are opened without following what a guest's user could have put there.
 */
#ifndef VIRTJOBD_QEMU_OWNER_H
#define VIRTJOBD_QEMU_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/verror.h"
#include "xml/domain_def.h"

struct owner_policy {
    uid_t uid; /* QEMU's, (uid_t)-1: the daemon's own, nothing is changed but access is checked */
    gid_t gid;
    bool dynamic;  /* dynamic_ownership */
    bool remember; /* remember_owner */
};

/* One file of a guest. */
struct owner_file {
    char *path;
    bool readonly, shareable;
};

/*
 * Gives every file to QEMU's user, or, where nothing may be changed, checks that it can open them: -1
 * with err naming the file; those changed so far are given back.  Worker.
 * *ret_memory is JSON for owner_restore, a new string (what could not be remembered in
 * the files themselves).
 */
int owner_take(const struct owner_policy *policy, const struct owner_file *files, size_t nfiles,
               char **ret_memory, struct verror *err);
/* Idempotent; logs what it cannot do.  Worker. */
void owner_restore(const struct owner_policy *policy, const struct owner_file *files,
                   size_t nfiles, const char *memory);

/* "nobody", "+107": to a uid or gid and, for a user, its main group.  -1 with err naming the config key. */
int owner_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct verror *err);
int owner_find_group(const char *name, gid_t *ret_gid, struct verror *err);

#endif
