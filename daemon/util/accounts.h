/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups by name, from wherever NSS has them.  Any thread that may wait for that. */
#ifndef VIRTJOBD_ACCOUNTS_H
#define VIRTJOBD_ACCOUNTS_H

#include <sys/types.h>

/* 1 with its ids, 0 where nobody is called so, or -errno.  ret_gid may be NULL. */
int account_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);
int account_find_group(const char *name, gid_t *ret_gid);

#endif
