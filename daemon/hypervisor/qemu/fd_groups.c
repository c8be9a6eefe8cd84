/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of clients for images; see fd_groups.h.  They are closed by the closer. */

#include "hypervisor/qemu/fd_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"
#include "util/closer.h"
#include "util/log.h"
#include "xml/xml_read.h"

static void group_unref(struct fd_group *group)
{
    if (atomic_fetch_sub_explicit(&group->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < group->nfds; i++)
        close_later(group->fds[i]);
    free(group->fds);
    free(group->name);
    free(group);
}

/* --- the registry --- */

static struct fd_group *find_old(const struct domain *domain, const char *name)
{
    struct fd_group *group;

    DL_FOREACH(domain->domains->fd_groups, group) {
        if (strcmp(group->uuid, domain->uuid) == 0 && strcmp(group->name, name) == 0)
            return group;
    }
    return NULL;
}

static int too_many(const char *whose, size_t max, struct verror *err)
{
    return verror_set(err, VIR_ERR_RESOURCE_BUSY,
                      "more than %zu file descriptors of %s are associated with domains", max,
                      whose);
}

/* With the new ones, and without those that they replace. */
static int check_room(const struct domain *domain, uint64_t client, const struct fd_group *old,
                      size_t nfds, struct verror *err)
{
    size_t of_client = nfds, of_domain = nfds, all = nfds;
    const struct fd_group *group;

    DL_FOREACH(domain->domains->fd_groups, group) {
        if (group == old)
            continue;
        all += group->nfds;
        if (group->client == client)
            of_client += group->nfds;
        if (strcmp(group->uuid, domain->uuid) == 0)
            of_domain += group->nfds;
    }
    if (of_client > FD_GROUPS_CLIENT_MAX)
        return too_many("this connection", FD_GROUPS_CLIENT_MAX, err);
    if (of_domain > FD_GROUPS_DOMAIN_MAX)
        return too_many("one domain", FD_GROUPS_DOMAIN_MAX, err);
    return all > FD_GROUPS_ALL_MAX ? too_many("all connections", FD_GROUPS_ALL_MAX, err) : 0;
}

static void forget(struct domains *domains, struct fd_group *group)
{
    DL_DELETE(domains->fd_groups, group);
    group_unref(group);
}

int fd_groups_associate(struct domain *domain, uint64_t client, const char *name, int *fds,
                        size_t nfds, struct verror *err)
{
    struct fd_group *old = find_old(domain, name), *group;

    if (strlen(name) > FD_GROUP_NAME_MAX)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "the name of a file descriptor group is longer than %d bytes",
                          FD_GROUP_NAME_MAX);
    if (check_room(domain, client, old, nfds, err) < 0)
        return -1;
    group = XNEW(struct fd_group);
    atomic_init(&group->refs, 1);
    group->name = xstrdup(name);
    strcpy(group->uuid, domain->uuid);
    group->client = client;
    group->fds = xcalloc(nfds, sizeof(*group->fds));
    group->nfds = nfds;
    for (size_t i = 0; i < nfds; i++)
        group->fds[i] = steal_fd(&fds[i]);
    if (old)
        forget(domain->domains, old);
    DL_APPEND(domain->domains->fd_groups, group);
    return 0;
}

void fd_groups_forget_client(struct domains *domains, uint64_t client)
{
    struct fd_group *group, *next;

    if (!domains)
        return;
    DL_FOREACH_SAFE(domains->fd_groups, group, next) {
        if (group->client == client)
            forget(domains, group);
    }
}

void fd_groups_forget_domain(const struct domain *domain)
{
    struct fd_group *group, *next;

    DL_FOREACH_SAFE(domain->domains->fd_groups, group, next) {
        if (strcmp(group->uuid, domain->uuid) == 0)
            forget(domain->domains, group);
    }
}

void fd_groups_of(const struct domain *domain, struct fd_group_list *ret)
{
    struct fd_group *group;

    *ret = (struct fd_group_list){ NULL, 0 };
    DL_FOREACH(domain->domains->fd_groups, group) {
        if (strcmp(group->uuid, domain->uuid) != 0)
            continue;
        ret->groups = xrealloc(ret->groups, ret->n + 1, sizeof(*ret->groups));
        ret->groups[ret->n++] = group;
        atomic_fetch_add_explicit(&group->refs, 1, memory_order_relaxed);
    }
}

void fd_group_list_clear(struct fd_group_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        group_unref(list->groups[i]);
    free(list->groups);
    *list = (struct fd_group_list){ NULL, 0 };
}

/* --- what a start wants of one --- */

const struct fd_group *fd_group_find(const struct fd_group_list *list, const char *name,
                                     struct verror *err)
{
    for (size_t i = 0; list && i < list->n; i++)
        if (strcmp(list->groups[i]->name, name) == 0)
            return list->groups[i];
    verror_set(err, VIR_ERR_INVALID_ARG,
               "file descriptor group '%s' was not associated with the domain",
               xml_quotable(name));
    return NULL;
}

static int bad_group(const struct fd_group *group, const char *target, const char *why,
                     struct verror *err)
{
    return verror_set(err, VIR_ERR_INVALID_ARG, "disk '%s': file descriptor group '%s' %s", target,
                      xml_quotable(group->name), why);
}

/* O_RDONLY, …; -1: it can only be asked where it is. */
static int access_mode(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 || flags & O_PATH ? -1 : flags & O_ACCMODE;
}

static bool has_mode(const struct fd_group *group, int mode)
{
    for (size_t i = 0; i < group->nfds; i++)
        if (access_mode(group->fds[i]) == mode)
            return true;
    return false;
}

/* QEMU takes the one that is open as it wants to open the file, and no other. */
static int check_modes(const struct fd_group *group, const char *target, bool readonly,
                       struct verror *err)
{
    if (readonly && !has_mode(group, O_RDONLY))
        return bad_group(group, target, "has no descriptor that is open for reading only", err);
    if (!readonly && !has_mode(group, O_RDWR))
        return bad_group(group, target, "has no descriptor that is open for writing", err);
    for (size_t i = 0; i < group->nfds; i++) {
        /* every write would go to the end, wherever the guest wants it */
        if (fcntl(group->fds[i], F_GETFL) & O_APPEND)
            return bad_group(group, target, "has a descriptor that is open for appending", err);
    }
    return 0;
}

int fd_group_check(const struct fd_group *group, const char *target, bool readonly,
                   uint64_t *ret_dev, uint64_t *ret_ino, struct verror *err)
{
    for (size_t i = 0; i < group->nfds; i++) {
        struct stat st;
        uint64_t dev, ino;

        if (fstat(group->fds[i], &st) < 0)
            return verror_errno(err, errno, "disk '%s': file descriptor group '%s'", target,
                                xml_quotable(group->name));
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
            return bad_group(group, target,
                             "has a descriptor of neither a file nor a block device", err);
        dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        ino = S_ISBLK(st.st_mode) ? 0 : st.st_ino;
        if (i > 0 && (dev != *ret_dev || ino != *ret_ino))
            return bad_group(group, target, "has descriptors of different files", err);
        *ret_dev = dev;
        *ret_ino = ino;
    }
    return check_modes(group, target, readonly, err);
}

int fd_group_readable(const struct fd_group *group)
{
    for (size_t i = 0; i < group->nfds; i++) {
        int mode = access_mode(group->fds[i]);

        if (mode == O_RDONLY || mode == O_RDWR)
            return group->fds[i];
    }
    return -1;
}

bool fd_group_is_block(const struct fd_group *group)
{
    struct stat st;

    return fstat(group->fds[0], &st) == 0 && S_ISBLK(st.st_mode);
}

bool fd_group_has_both(const struct fd_group *group)
{
    return has_mode(group, O_RDONLY) && has_mode(group, O_RDWR);
}

void fd_group_unlock(const struct fd_group *group)
{
    struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    for (size_t i = 0; i < group->nfds; i++)
        if (fcntl(group->fds[i], F_OFD_SETLK, &all) < 0)
            log_info("file descriptor group '%s' cannot be unlocked: %s", group->name,
                     strerror(errno));
}
