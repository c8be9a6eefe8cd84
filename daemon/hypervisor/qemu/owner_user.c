/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups by the names of the config.  Any thread that may wait for NSS; no state. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "hypervisor/qemu/owner.h"
#include "hypervisor/qemu/owner_internal.h"
#include "util/accounts.h"
#include "util/alloc.h"

enum { ENTRY_MAX = 64 * 1024, GROUPS_MAX = 65536 /* NGROUPS_MAX of Linux */ };

/* "+107", and "107" where nobody is called so.  -1 is no id: it means "unchanged" everywhere. */
static bool parse_id(const char *text, unsigned int *ret_id)
{
    unsigned long long id;
    char *end;

    text += *text == '+';
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    id = strtoull(text, &end, 10);
    if (errno || *end || id >= UINT32_MAX)
        return false;
    *ret_id = (unsigned int)id;
    return true;
}

int owner_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct verror *err)
{
    _cleanup_free_ char *buf = NULL;
    struct passwd passwd, *found = NULL;
    unsigned int id;
    int r = *name == '+' ? 0 : account_find_user(name, ret_uid, ret_gid);

    if (r > 0)
        return 0;
    if (!parse_id(name, &id))
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "user = \"%s\": %s", name,
                          r < 0 ? strerror(-r) : "there is no such user");
    buf = xmalloc(ENTRY_MAX);
    (void)getpwuid_r(id, &passwd, buf, ENTRY_MAX, &found); /* a bare number will do */
    *ret_uid = id;
    *ret_gid = found ? passwd.pw_gid : id;
    return 0;
}

int owner_find_group(const char *name, gid_t *ret_gid, struct verror *err)
{
    unsigned int id;
    int r = *name == '+' ? 0 : account_find_group(name, ret_gid);

    if (r > 0)
        return 0;
    if (!parse_id(name, &id))
        return verror_set(err, VIR_ERR_CONF_SYNTAX, "group = \"%s\": %s", name,
                          r < 0 ? strerror(-r) : "there is no such group");
    *ret_gid = id;
    return 0;
}

int owner_find_groups(uid_t uid, gid_t gid, gid_t **ret_groups, size_t *ret_n, struct verror *err)
{
    _cleanup_free_ char *buf = xmalloc(ENTRY_MAX);
    struct passwd passwd, *found = NULL;
    gid_t *groups;
    int n = GROUPS_MAX;
    int r = getpwuid_r(uid, &passwd, buf, ENTRY_MAX, &found);

    if (r != 0)
        return verror_errno(err, r, "cannot look up user %lu", (unsigned long)uid);
    groups = xcalloc(GROUPS_MAX, sizeof(*groups));
    groups[0] = gid;
    if (!found) /* a bare number is nobody's member */
        n = 1;
    else if (getgrouplist(passwd.pw_name, gid, groups, &n) < 0)
        n = GROUPS_MAX; /* as many as the kernel takes */
    *ret_groups = groups;
    *ret_n = (size_t)n;
    return 0;
}

char *owner_user_name(uid_t uid)
{
    _cleanup_free_ char *buf = xmalloc(ENTRY_MAX);
    struct passwd passwd, *found = NULL;

    if (getpwuid_r(uid, &passwd, buf, ENTRY_MAX, &found) == 0 && found)
        return xstrdup(passwd.pw_name);
    return xasprintf("+%lu", (unsigned long)uid);
}
