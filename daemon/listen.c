/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the sockets come from: systemd, which then decides about the two of
 * ours, or ourselves; and those of extra_sockets.  Start-up only.
 */

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "lifecycle.h"
#include "server/server.h"
#include "util/alloc.h"

/* The two sockets, by file name and by FileDescriptorName=. */
static const struct {
    const char *name;
    bool readonly;
} sockets[] = {
    { "virtjobd-sock", false },
    { "virtjobd-sock-ro", true },
};

int listen_inherit(struct lifecycle *life, struct verror *err)
{
    /* makes them close-on-exec, and the variables are not left to children */
    int count = sd_listen_fds_with_names(1, &life->inherited.names);

    if (count < 0)
        return verror_errno(err, count, "cannot take over systemd's sockets");
    life->inherited.count = count;
    return 0;
}

/* The last part of the path it is bound to, "" where there is none. */
static void socket_file_name(int fd, char *ret_name, size_t size)
{
    struct sockaddr_un addr = { 0 };
    socklen_t len = sizeof(addr);
    const char *slash;

    ret_name[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0 || addr.sun_family != AF_UNIX)
        return;
    slash = memrchr(addr.sun_path, '/', strnlen(addr.sun_path, sizeof(addr.sun_path)));
    if (slash)
        (void)snprintf(ret_name, size, "%.*s",
                       (int)(sizeof(addr.sun_path) - (size_t)(slash + 1 - addr.sun_path)),
                       slash + 1);
}

static enum server_auth auth_of(const struct config *config, bool readonly)
{
    return config_auth(readonly ? config->auth_unix_ro : config->auth_unix_rw);
}

static int listen_fd(struct lifecycle *life, int fd, bool readonly, struct verror *err)
{
    return server_listen_fd(life->daemon.server, fd, readonly,
                            auth_of(life->daemon.config, readonly), err);
}

static int listen_inherited_one(struct lifecycle *life, int fd, const char *name,
                                struct verror *err)
{
    char file_name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];

    if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "descriptor %d ('%s') is no listening unix stream socket", fd, name);
    socket_file_name(fd, file_name, sizeof(file_name));
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
        if (strcmp(name, sockets[i].name) == 0)
            return listen_fd(life, fd, sockets[i].readonly, err);
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
        if (strcmp(file_name, sockets[i].name) == 0)
            return listen_fd(life, fd, sockets[i].readonly, err);
    /* a guess could give write access to those who may only read */
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "socket '%s' ('%s') is neither %s nor %s, by FileDescriptorName= or path",
                      name, file_name, sockets[0].name, sockets[1].name);
}

static int find_group(const char *name, gid_t *ret_gid, struct verror *err)
{
    struct group group, *found = NULL;
    size_t size = 1024;

    for (;;) {
        _cleanup_free_ char *buffer = xmalloc(size);
        int ret = getgrnam_r(name, &group, buffer, size, &found);

        if (ret == ERANGE && size < (1u << 20)) {
            size *= 2;
            continue;
        }
        if (ret != 0)
            return verror_errno(err, ret, "cannot look up group '%s'", name);
        if (!found)
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "unix_sock_group: there is no group '%s'", name);
        *ret_gid = group.gr_gid;
        return 0;
    }
}

/* Makes a socket, with the permissions that the settings give to its sort. */
static int listen_path(struct lifecycle *life, const char *path, bool readonly, struct verror *err)
{
    const struct config *config = life->daemon.config;
    gid_t group = (gid_t)-1; /* as the process has it */

    if (config->unix_sock_group && find_group(config->unix_sock_group, &group, err) < 0)
        return -1;
    return server_listen_unix(life->daemon.server, path, config_socket_mode(config, readonly),
                              group, readonly, auth_of(config, readonly), err);
}

static int listen_own(struct lifecycle *life, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", life->daemon.runtime_dir, sockets[i].name);

        if (listen_path(life, path, sockets[i].readonly, err) < 0)
            return -1;
    }
    return 0;
}

/* Its directory may be missing: /run/libvirt is gone with each boot, and libvirt may not be here. */
static int make_socket_directory(const char *path, struct verror *err)
{
    _cleanup_free_ char *dir = xstrdup(path);

    *strrchr(dir, '/') = '\0';
    if (*dir && mkdir(dir, 0755) < 0 && errno != EEXIST)
        return verror_errno(err, errno, "extra_sockets: cannot make the directory '%s'", dir);
    return 0;
}

/* One of libvirt's sockets; as there, the name of a read-only one ends in -ro. */
static int listen_extra(struct lifecycle *life, const char *path, struct verror *err)
{
    size_t len = strlen(path);
    bool readonly = len > 3 && strcmp(path + len - 3, "-ro") == 0;

    if (*path != '/')
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "extra_sockets: '%s' is no absolute path", path);
    if (make_socket_directory(path, err) < 0)
        return -1;
    return listen_path(life, path, readonly, err);
}

static int listen_extras(struct lifecycle *life, struct verror *err)
{
    _cleanup_free_ char *paths = xstrdup(life->daemon.config->extra_sockets);
    char *next = NULL;

    for (char *path = strtok_r(paths, " ", &next); path; path = strtok_r(NULL, " ", &next))
        if (listen_extra(life, path, err) < 0)
            return -1;
    return 0;
}

int listen_start(struct lifecycle *life, struct verror *err)
{
    life->listening = true;
    if (listen_extras(life, err) < 0)
        return -1;
    if (!life->inherited.count)
        return listen_own(life, err);
    for (int i = 0; i < life->inherited.count; i++)
        if (listen_inherited_one(life, SD_LISTEN_FDS_START + i, life->inherited.names[i], err) < 0)
            return -1;
    return 0;
}

void listen_done(struct lifecycle *life)
{
    for (int i = 0; i < life->inherited.count; i++) {
        if (!life->listening)
            (void)close(SD_LISTEN_FDS_START + i); /* else the server's */
        free(life->inherited.names[i]);
    }
    free(life->inherited.names);
    life->inherited = (struct inherited){ 0 };
}
