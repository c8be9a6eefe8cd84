/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See accounts.h.  No state. */

#include "util/accounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "util/alloc.h"

enum { ENTRY_FIRST = 4096, ENTRY_MAX = 1 << 24 }; /* a group may have many members */

int account_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
    for (size_t size = ENTRY_FIRST;; size *= 2) {
        _cleanup_free_ char *buffer = xmalloc(size);
        struct passwd user, *found = NULL;
        int r = getpwnam_r(name, &user, buffer, size, &found);

        if (r == ERANGE && size < ENTRY_MAX)
            continue;
        if (!found)
            return -r;
        *ret_uid = user.pw_uid;
        if (ret_gid)
            *ret_gid = user.pw_gid;
        return 1;
    }
}

int account_find_group(const char *name, gid_t *ret_gid)
{
    for (size_t size = ENTRY_FIRST;; size *= 2) {
        _cleanup_free_ char *buffer = xmalloc(size);
        struct group group, *found = NULL;
        int r = getgrnam_r(name, &group, buffer, size, &found);

        if (r == ERANGE && size < ENTRY_MAX)
            continue;
        if (!found)
            return -r;
        *ret_gid = group.gr_gid;
        return 1;
    }
}
