/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One file of a guest: opened without being led astray, and whether QEMU's user
 * gets at it.  The kernel is asked that (modes, ACLs, capabilities and file systems
 * are its business) by the calling thread with that user's rights on files for
 * the moment: setfsuid and setfsgid, and the plain system call of setgroups, are a
 * thread's own.  Workers; owns nothing between calls.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "hypervisor/qemu/owner_internal.h"
#include "util/alloc.h"

enum { LINKS_MAX = 16 };

/* --- opening --- */

/* Where a symlink that was opened leads, seen from the directory of path; a new string or NULL. */
static char *link_target(int fd, const char *path)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(fd, "", target, sizeof(target));

    if (n <= 0 || (size_t)n == sizeof(target))
        return NULL;
    if (target[0] == '/')
        return xstrndup(target, (size_t)n);
    return xasprintf("%.*s%.*s", (int)(strrchr(path, '/') + 1 - path), path, (int)n, target);
}

/* The end of the symlinks that path is.  An O_PATH descriptor and its stat, or -1 with err. */
static int follow(const char *path, uid_t distrusted, struct stat *ret_st, struct verror *err)
{
    _cleanup_free_ char *here = xstrdup(path);

    for (int i = 0; i < LINKS_MAX; i++) {
        _cleanup_close_ int fd = open(here, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        char *next;

        if (fd < 0 || fstat(fd, ret_st) < 0)
            return verror_errno(err, errno, "cannot open '%s'", path);
        if (!S_ISLNK(ret_st->st_mode))
            return steal_fd(&fd);
        if (ret_st->st_uid == distrusted && distrusted != 0)
            return verror_set(err, VIR_ERR_OPERATION_DENIED,
                              "symbolic link '%s' is not followed: it belongs to QEMU's user",
                              here);
        next = link_target(fd, here);
        if (!next)
            return verror_errno(err, errno, "cannot read symbolic link '%s'", here);
        free(here);
        here = next;
    }
    return verror_errno(err, ELOOP, "cannot open '%s'", path);
}

static void take_stat(struct owner_target *target, const struct stat *st)
{
    target->uid = st->st_uid;
    target->gid = st->st_gid;
    target->mode = st->st_mode & 07777;
}

int owner_open(const char *path, uid_t distrusted, struct owner_target *ret_target,
               struct verror *err)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    if (path[0] != '/')
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED, "the path '%s' is not absolute", path);
    fd = follow(path, distrusted, &st, err);
    if (fd < 0)
        return -1;
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "'%s' is neither a file nor a block device", path);
    *ret_target = (struct owner_target){
        .key = { .dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev,
                 .ino = S_ISBLK(st.st_mode) ? 0 : st.st_ino },
    };
    take_stat(ret_target, &st);
    ret_target->fd = steal_fd(&fd);
    return 0;
}

void owner_look_again(struct owner_target *target)
{
    struct stat st;

    if (fstat(target->fd, &st) == 0) /* of an open file: it can hardly fail */
        take_stat(target, &st);
}

/* --- another user's rights --- */

/* What the thread had before. */
struct rights {
    bool changed;
    gid_t *groups;
    int ngroups;
};

/* A thread that cannot get its own rights back must do nothing more with another's. */
static void rights_restore(struct rights *rights)
{
    if (!rights->changed)
        return;
    (void)setfsuid(geteuid());
    (void)setfsgid(getegid());
    if ((uid_t)setfsuid((uid_t)-1) != geteuid() || (gid_t)setfsgid((gid_t)-1) != getegid() ||
        syscall(SYS_setgroups, rights->ngroups, rights->groups) < 0)
        abort();
    free(rights->groups);
}

/* The user's, until rights_restore, which is called in any case.  0 or -errno. */
static int rights_take(const struct owner_user *user, struct rights *ret_rights)
{
    int n;

    *ret_rights = (struct rights){ 0 };
    if (user->uid == (uid_t)-1 || user->uid == geteuid())
        return 0;
    n = getgroups(0, NULL);
    if (n < 0)
        return -errno;
    ret_rights->groups = xcalloc((size_t)n + 1, sizeof(gid_t));
    ret_rights->ngroups = getgroups(n, ret_rights->groups);
    if (ret_rights->ngroups < 0 || syscall(SYS_setgroups, user->ngroups, user->groups) < 0) {
        n = -errno;
        free(ret_rights->groups);
        return n;
    }
    ret_rights->changed = true;
    (void)setfsgid(user->gid);
    (void)setfsuid(user->uid);
    /* they tell nothing but what was before: asked for again */
    return (gid_t)setfsgid((gid_t)-1) == user->gid && (uid_t)setfsuid((uid_t)-1) == user->uid
               ? 0
               : -EPERM;
}

/* By the rights on files, not the real user's.  An old kernel cannot tell: QEMU will. */
static int try_access(int dirfd, const char *path, int mode, int flags)
{
    if (syscall(SYS_faccessat2, dirfd, path, mode, AT_EACCESS | flags) == 0 || errno == ENOSYS)
        return 0;
    return -errno;
}

int owner_access(const struct owner_user *user, const struct owner_target *target, int mode)
{
    struct rights rights;
    int r = rights_take(user, &rights);

    if (r == 0)
        r = try_access(target->fd, "", mode, AT_EMPTY_PATH);
    rights_restore(&rights);
    return r;
}

/* Of the path as it is written; path is changed and restored. */
static char *first_closed(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int r;

        *slash = '\0';
        r = try_access(AT_FDCWD, path, X_OK, 0);
        *slash = '/';
        if (r < 0)
            return xstrndup(path, (size_t)(slash - path));
    }
    return NULL;
}

char *owner_closed_directory(const struct owner_user *user, const char *path)
{
    _cleanup_free_ char *written = xstrdup(path);
    _cleanup_free_ char *real = realpath(path, NULL); /* behind symlinks, by our own rights */
    struct rights rights;
    char *closed = NULL;

    if (rights_take(user, &rights) == 0) {
        closed = first_closed(written);
        if (!closed && real)
            closed = first_closed(real);
    }
    rights_restore(&rights);
    return closed;
}
