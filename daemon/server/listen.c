/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listening unix sockets.  Everything goes through the directory's descriptor
 * and /proc/self/fd, so a path may be longer than the 107 bytes of an address
 * and the directory cannot be swapped half-way.  A socket has no permissions
 * at all until its owner is right, and refuses everybody until it has its
 * mode.  Loop thread, at start and end.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "server/internal.h"
#include "util/alloc.h"

static int open_dir(const char *path, const char *name, struct verror *err)
{
    _cleanup_free_ char *dir = xstrndup(path, (size_t)(name - path));
    int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        verror_errno(err, errno, "cannot open directory '%s'", *dir ? dir : ".");
    return fd;
}

static int set_address(struct sockaddr_un *ret_address, int dir_fd, const char *name)
{
    int n;

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    n = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/%s",
                 dir_fd, name);
    return n > 0 && (size_t)n < sizeof(ret_address->sun_path) ? 0 : -ENAMETOOLONG;
}

/* Does anybody listen there?  0 no, 1 yes, -errno where that cannot be told. */
static int is_live(const struct sockaddr_un *address)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
        return 1;
    return errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

/* Makes place for the socket: removes a stale one, and nothing else. */
static int clear_name(int dir_fd, const char *name, const struct sockaddr_un *address,
                      const char *path, struct verror *err)
{
    struct stat st;
    int r;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : verror_errno(err, errno, "cannot look at '%s'", path);
    if (!S_ISSOCK(st.st_mode))
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "'%s' exists and is not a socket", path);
    r = is_live(address);
    if (r > 0)
        return verror_set(err, VIR_ERR_OPERATION_FAILED, "another daemon listens on '%s'", path);
    if (r < 0)
        return verror_errno(err, -r, "cannot tell whether somebody listens on '%s'", path);
    if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
        return verror_errno(err, errno, "cannot remove the stale socket '%s'", path);
    return 0;
}

/* Owner, mode, then listen; and remembers which file it is. */
static int open_up(struct listener *listener, mode_t mode, gid_t group)
{
    struct stat st;

    if (group != (gid_t)-1 &&
        fchownat(listener->dir_fd, listener->name, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (fchmodat(listener->dir_fd, listener->name, mode, 0) < 0 ||
        fstatat(listener->dir_fd, listener->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    listener->dev = st.st_dev;
    listener->ino = st.st_ino;
    return listen(listener->fd, LISTEN_BACKLOG) < 0 ? -errno : 0;
}

static int bind_and_listen(struct listener *listener, const struct sockaddr_un *address,
                           mode_t mode, gid_t group)
{
    int r;

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Linux gives the file that bind makes the mode of the socket itself. */
    if (listener->fd < 0 || fchmod(listener->fd, 0) < 0 ||
        bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return -errno;
    r = open_up(listener, mode, group);
    if (r < 0)
        (void)unlinkat(listener->dir_fd, listener->name, 0); /* the first failure counts */
    return r;
}

struct listener *listener_new(int fd, enum server_socket kind)
{
    struct listener *listener = XNEW(struct listener);

    listener->fd = fd;
    listener->kind = kind;
    listener->dir_fd = -1;
    return listener;
}

struct listener *listener_new_unix(const char *path, mode_t mode, gid_t group, struct verror *err)
{
    _cleanup_(listener_freep) struct listener *listener = listener_new(-1, SERVER_UNIX);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct sockaddr_un address;
    int r;

    listener->dir_fd = open_dir(path, name, err);
    if (listener->dir_fd < 0)
        return NULL;
    listener->name = xstrdup(name);
    r = set_address(&address, listener->dir_fd, name);
    if (r == 0 && clear_name(listener->dir_fd, name, &address, path, err) < 0)
        return NULL;
    if (r == 0)
        r = bind_and_listen(listener, &address, mode, group);
    if (r < 0) {
        verror_errno(err, -r, "cannot listen on '%s'", path);
        return NULL;
    }
    return STEAL_PTR(listener);
}

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

static bool is_of_kind(int fd, enum server_socket kind)
{
    int domain = socket_option(fd, SO_DOMAIN);

    return kind == SERVER_UNIX ? domain == AF_UNIX : domain == AF_INET || domain == AF_INET6;
}

struct listener *listener_new_fd(int fd, enum server_socket kind, struct verror *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || !is_of_kind(fd, kind) || socket_option(fd, SO_TYPE) != SOCK_STREAM ||
        socket_option(fd, SO_ACCEPTCONN) != 1) {
        verror_set(err, VIR_ERR_OPERATION_FAILED, "descriptor %d is not a listening %s socket", fd,
                   kind == SERVER_UNIX ? "unix stream" : "TCP");
        return NULL;
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        verror_errno(err, errno, "cannot set up descriptor %d", fd);
        return NULL;
    }
    return listener_new(fd, kind);
}

void listener_free(struct listener *listener)
{
    struct stat st;

    if (!listener)
        return;
    if (listener->ino && fstatat(listener->dir_fd, listener->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_dev == listener->dev && st.st_ino == listener->ino)
        (void)unlinkat(listener->dir_fd, listener->name, 0); /* the next start would replace it */
    if (listener->fd >= 0)
        (void)close(listener->fd);
    if (listener->dir_fd >= 0)
        (void)close(listener->dir_fd);
    free(listener->name);
    free(listener);
}
