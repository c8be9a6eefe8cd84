/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unix sockets: where the daemon's are, how to connect to one, and what goes
 * over it.  Any thread; reads the environment.
 */

#include "transport.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "protocol/fdpass.h"

static const char *socket_name(bool readonly)
{
    return readonly ? "virtjobd-sock-ro" : "virtjobd-sock";
}

/* A path that does not say, as test:///default, means the daemon that fits the user. */
static bool is_session(const struct uri *uri)
{
    if (strcmp(uri->path, "/session") == 0)
        return true;
    return strcmp(uri->path, "/system") != 0 && geteuid() != 0;
}

/* DIR/virtjobd/NAME.  NULL: raised. */
static char *path_in(const char *dir, bool readonly)
{
    char *path;

    if (asprintf(&path, "%s/virtjobd/%s", dir, socket_name(readonly)) < 0) {
        (void)error_raise_no_memory();
        return NULL;
    }
    return path;
}

static char *session_path(bool readonly)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char dir[64];
    struct stat st;

    if (!runtime || runtime[0] != '/') {
        (void)snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned int)geteuid());
        if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
            (void)error_raise(VIR_ERR_NO_CONNECT, VIR_FROM_RPC,
                              "cannot tell where this user's daemon is: XDG_RUNTIME_DIR is not "
                              "set and %s is not this user's; give its socket with ?socket=PATH",
                              dir);
            return NULL;
        }
        runtime = dir;
    }
    return path_in(runtime, readonly);
}

char *unix_socket_path(const struct uri *uri, bool readonly)
{
    char *path;

    if (is_session(uri) && !uri->socket)
        return session_path(readonly);
    if (!uri->socket)
        return path_in(RUNSTATEDIR, readonly);
    path = strdup(uri->socket);
    if (!path)
        (void)error_raise_no_memory();
    return path;
}

/*
 * sun_path holds 107 bytes: a longer path is reached through a descriptor of
 * its folder, /proc/self/fd/N/NAME.  *ret_dir stays open until after connect().
 */
static int address_of(const char *path, struct sockaddr_un *ret_address, int *ret_dir)
{
    _cleanup_free_ char *dir = NULL;
    const char *slash = strrchr(path, '/');
    int len;

    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) < sizeof(ret_address->sun_path)) {
        strcpy(ret_address->sun_path, path);
        return 0;
    }
    if (!slash)
        return -ENAMETOOLONG;
    dir = strndup(path, (size_t)(slash - path) + 1);
    if (!dir)
        return -ENOMEM;
    *ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_dir < 0)
        return -errno;
    len = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/%s",
                   *ret_dir, slash + 1);
    return len < (int)sizeof(ret_address->sun_path) ? 0 : -ENAMETOOLONG;
}

/* A signal may end the wait for a place in the daemon's queue: try again. */
static int connect_fully(int fd, const struct sockaddr_un *address)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static int raise_connect(const char *path, int errnum)
{
    if (errnum == ENOENT || errnum == ECONNREFUSED)
        return error_raise_errno(VIR_FROM_RPC, errnum,
                                 "no daemon at socket '%s' (start it with 'virtjobd --session', or "
                                 "'systemctl start virtjobd' for the system's)", path);
    return error_raise_errno(VIR_FROM_RPC, errnum, "cannot connect to the daemon's socket '%s'",
                             path);
}

int unix_connect(const char *path)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    _cleanup_close_ int dir = -1;
    struct sockaddr_un address;
    int failed;

    if (fd < 0)
        return error_raise_errno(VIR_FROM_RPC, errno, "cannot make a socket");
    failed = address_of(path, &address, &dir);
    if (failed == 0)
        failed = connect_fully(fd, &address);
    if (failed < 0)
        return raise_connect(path, -failed);
    return steal_fd(&fd);
}

/* --- bytes, and descriptors with them --- */

static ssize_t unix_read_fd(struct transport *transport, void *data, size_t len, int *ret_fd)
{
    return fdpass_receive(transport->fd, data, len, MSG_DONTWAIT, ret_fd);
}

static ssize_t unix_write_fd(struct transport *transport, int fd)
{
    return fdpass_send(transport->fd, fd, MSG_DONTWAIT);
}

void transport_init_unix(struct transport *transport, int fd)
{
    static const struct transport_ops ops = {
        .read = transport_receive,
        .write = transport_send,
        .read_fd = unix_read_fd,
        .write_fd = unix_write_fd,
        .done = transport_close,
    };

    *transport = (struct transport){ .ops = &ops, .fd = fd };
}
