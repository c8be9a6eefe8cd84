/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors that clients have passed for images of a domain, by name: a start whose disk says
 * fdgroup='NAME' uses them, and its path is not opened.  The registry is the loop's, and what is
 * in it belongs to a connection; a group itself never changes, is reference-counted and read by
 * workers.  Bounded, so that nobody takes all of the daemon's descriptors.
 */
#ifndef VIRTJOBD_QEMU_FD_GROUPS_H
#define VIRTJOBD_QEMU_FD_GROUPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/domain.h"
#include "util/verror.h"

/* Descriptors, and so groups, which are never empty. */
enum { FD_GROUPS_CLIENT_MAX = 128, FD_GROUPS_DOMAIN_MAX = 128, FD_GROUPS_ALL_MAX = 512 };
enum { FD_GROUP_NAME_MAX = 255 };

struct fd_group {
    atomic_uint refs;
    char *name;
    int *fds; /* one or more */
    size_t nfds;
    /* the registry's */
    char uuid[UUID_TEXT_SIZE];
    uint64_t client; /* client_id() */
    struct fd_group *prev, *next;
};

/* Those that a start may use; references. */
struct fd_group_list {
    struct fd_group **groups;
    size_t n;
};

/* --- loop --- */

/*
 * A group of that domain, in the place of one of that name.  The descriptors are taken over; -1
 * with err: VIR_ERR_RESOURCE_BUSY, there are too many; then they stay the caller's.
 */
int fd_groups_associate(struct domain *domain, uint64_t client, const char *name, int *fds,
                        size_t nfds, struct verror *err);
void fd_groups_forget_client(struct domains *domains, uint64_t client); /* NULL is fine */
void fd_groups_forget_domain(const struct domain *domain);
/* All of that domain. */
void fd_groups_of(const struct domain *domain, struct fd_group_list *ret);
void fd_group_list_clear(struct fd_group_list *list); /* any thread */

/* --- workers --- */

/* NULL with err, in libvirt's words: there is none of that name.  list may be NULL. */
const struct fd_group *fd_group_find(const struct fd_group_list *list, const char *name,
                                     struct verror *err);
/*
 * All of them are of one file or block device, which *ret_dev and *ret_ino name as struct
 * disk_image does, and one may be used as the image of that disk.  -1 with err.
 */
int fd_group_check(const struct fd_group *group, const char *target, bool readonly,
                   uint64_t *ret_dev, uint64_t *ret_ino, struct verror *err);
/* One that can be read by; of a group that was checked. */
int fd_group_readable(const struct fd_group *group);
bool fd_group_is_block(const struct fd_group *group);
/* It has one for reading only beside one for writing, too: QEMU goes from one to the other. */
bool fd_group_has_both(const struct fd_group *group);
/*
 * Takes away the locks that an earlier QEMU has left on descriptors which their client still has:
 * nobody else may be using the file.
 */
void fd_group_unlock(const struct fd_group *group);

#endif
