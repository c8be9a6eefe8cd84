/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unix sockets in a guest's directory, whose path may be longer than the 107
 * bytes of an address: the address goes through a descriptor of the directory.
 * Workers and the loop (neither call waits); owns nothing between calls.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hypervisor/qemu/process.h"

/* An address that is good while dirfd is open.  0 or -errno. */
static int address_of(int dirfd, const char *name, struct sockaddr_un *ret_address)
{
    int n;

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    n = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/%s", dirfd,
                 name);
    return n < 0 || (size_t)n >= sizeof(ret_address->sun_path) ? -ENAMETOOLONG : 0;
}

/* The socket is bound as name in the directory.  0 or -errno. */
static int bind_at(int fd, int dirfd, const char *name, uid_t uid, gid_t gid)
{
    struct sockaddr_un address;
    int r = address_of(dirfd, name, &address);

    if (r < 0)
        return r;
    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    /* before: it is made with this mode, so nobody gets in between */
    if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    if (uid != (uid_t)-1 && fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0) {
        r = -errno;
        (void)unlinkat(dirfd, name, 0);
        return r;
    }
    return 0;
}

/* With *ret_dirfd, which the caller closes in any case.  -errno. */
static int open_both(const char *dir, int flags, int *ret_dirfd)
{
    int fd;

    *ret_dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_dirfd < 0)
        return -errno;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    return fd < 0 ? -errno : fd;
}

int socket_bind(const char *dir, const char *name, uid_t uid, gid_t gid, struct verror *err)
{
    _cleanup_close_ int dirfd = -1, fd = open_both(dir, 0, &dirfd);
    int r = fd < 0 ? fd : bind_at(fd, dirfd, name, uid, gid);

    if (r < 0)
        return verror_errno(err, r, "cannot make socket '%s/%s'", dir, name);
    return steal_fd(&fd);
}

/*
 * An address of the very socket that has this name: QEMU, which may be anything but a friend, can
 * put something else there, a link to a socket of the system's as well.  0 or -errno.
 */
static int address_of_socket(int dirfd, const char *name, int *ret_fd,
                             struct sockaddr_un *ret_address)
{
    struct stat st;

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *ret_fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
        return -errno;
    (void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d",
                   *ret_fd);
    return S_ISSOCK(st.st_mode) ? 0 : -ENOTSOCK;
}

int socket_connect(const char *dir, const char *name, struct verror *err)
{
    _cleanup_close_ int dirfd = -1, socket_fd = -1, fd = open_both(dir, SOCK_NONBLOCK, &dirfd);
    struct sockaddr_un address;
    int r = fd < 0 ? fd : address_of_socket(dirfd, name, &socket_fd, &address);

    /* connected at once, or not: EAGAIN is a full backlog */
    if (r == 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        r = -errno;
    if (r < 0)
        return verror_errno(err, r, "cannot connect to '%s/%s'", dir, name);
    return steal_fd(&fd);
}
