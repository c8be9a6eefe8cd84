/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disk files belong to someone: given to QEMU's user before a guest starts and
 * back to whoever they belonged to once the last guest that uses them has
 * ended.  Who uses what, and whose it was, is counted here by device and inode
 * and kept as text in each guest's own record, so that a daemon that starts
 * again counts on from there.  Workers, and the loop while none works; a mutex inside.
 */
#ifndef VIRTJOBD_QEMU_OWNER_H
#define VIRTJOBD_QEMU_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/verror.h"

struct owner_policy {
    uid_t uid; /* QEMU's; (uid_t)-1: the daemon's own, nothing is changed but access is checked */
    gid_t gid;
    bool dynamic;  /* dynamic_ownership; false: as with uid -1, for QEMU's user */
    bool remember; /* remember_owner; false: given back to root */
};

/* One file of a guest. */
struct owner_file {
    char *path;
    bool readonly;
};

struct owners;
struct owners *owners_new(void);
void owners_free(struct owners *owners);

/*
 * What owners_take would remember if it was asked now, to be on disk before it changes anything:
 * a daemon that ends in the middle of that has its next one give all back.  A new string; files
 * that cannot be opened are left out, owners_take says why.
 */
int owners_plan(struct owners *owners, const struct owner_policy *policy,
                const struct owner_file *files, size_t nfiles, char **ret_memory,
                struct verror *err);
/*
 * Gives every file to QEMU's user, or, where nothing may be changed, checks that QEMU's user can
 * open it: -1 with err naming the file; those taken so far are given back.  *ret_memory
 * is JSON for owners_give_back and owners_remember, a new string.  A file that several
 * guests use is changed by the first and given back by the last.  A read-only file
 * that QEMU's user can read is not changed.
 */
int owners_take(struct owners *owners, const struct owner_policy *policy,
                const struct owner_file *files, size_t nfiles, char **ret_memory,
                struct verror *err);
/* A guest that was found running: counts what it has taken. */
void owners_remember(struct owners *owners, const char *memory);
/* The guest has ended.  Logs what it cannot do; memory NULL = nothing. */
void owners_give_back(struct owners *owners, const char *memory);

/* "libvirt-qemu", "+107": to a uid and its main group, or a gid.  -1 with err naming the key. */
int owner_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct verror *err);
int owner_find_group(const char *name, gid_t *ret_gid, struct verror *err);
/* All groups of a user, gid first, as initgroups(3); a new array. */
int owner_find_groups(uid_t uid, gid_t gid, gid_t **ret_groups, size_t *ret_n, struct verror *err);

#endif
