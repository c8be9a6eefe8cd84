/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between owner.c, which counts, and owner_file.c and owner_user.c, which look and change. */
#ifndef VIRTJOBD_QEMU_OWNER_INTERNAL_H
#define VIRTJOBD_QEMU_OWNER_INTERNAL_H

#include <stdint.h>

#include "hypervisor/qemu/owner.h"

/* Which file: of a block device its st_rdev and 0.  No padding: it is hashed. */
struct owner_key {
    uint64_t dev, ino;
};

/* An opened file of a guest (O_PATH) and whose it is. */
struct owner_target {
    int fd;
    struct owner_key key;
    uid_t uid;
    gid_t gid;
    mode_t mode;
};

/*
 * Follows symlinks unless the last one is that of distrusted ((uid_t)-1: nobody's, 0: root's is
 * trusted), QEMU's user, who could have the daemon give him any file that way.  Regular files and
 * block devices only.  -1 with err; the caller closes fd.
 */
int owner_open(const char *path, uid_t distrusted, struct owner_target *ret_target,
               struct verror *err);

/* Whose it is now. */
void owner_look_again(struct owner_target *target);

/* Whose rights are tried: QEMU's user, with all his groups. */
struct owner_user {
    uid_t uid; /* (uid_t)-1: our own */
    gid_t gid;
    gid_t *groups;
    size_t ngroups;
};

/* Can a user do that to it?  mode: R_OK, W_OK.  0, -errno. */
int owner_access(const struct owner_user *user, const struct owner_target *target, int mode);
/* The first directory on the way to path that the user cannot enter; a new string or NULL. */
char *owner_closed_directory(const struct owner_user *user, const char *path);

char *owner_user_name(uid_t uid);

#endif
