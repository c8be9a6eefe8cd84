/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the sockets come from: systemd, which then decides about those of their kind, or
 * ourselves; and those of extra_sockets.  Start-up only.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "lifecycle.h"
#include "server/sasl_exchange.h"
#include "server/server.h"
#include "util/accounts.h"
#include "util/alloc.h"

/* The unix sockets, by file name and by FileDescriptorName=; the others by the latter only. */
static const struct {
    const char *name;
    enum server_socket kind;
    bool readonly;
} sockets[] = {
    { "virtjobd-sock", SERVER_UNIX, false },
    { "virtjobd-sock-ro", SERVER_UNIX, true },
    { "virtjobd-tcp", SERVER_TCP, false },
    { "virtjobd-tls", SERVER_TLS, false },
};
enum { KINDS = SERVER_TLS + 1 };

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

enum server_auth listen_auth(const struct config *config, enum server_socket kind, bool readonly)
{
    if (kind == SERVER_UNIX)
        return config_auth(readonly ? config->auth_unix_ro : config->auth_unix_rw);
    return config_auth(kind == SERVER_TCP ? config->auth_tcp : config->auth_tls);
}

int listen_prepare_auth(struct lifecycle *life, enum server_auth auth, struct verror *err)
{
    if (auth != SERVER_AUTH_SASL || life->has_sasl)
        return 0;
    if (sasl_library_start(life->daemon.config->sasl_conf_dir, err) < 0)
        return -1;
    life->has_sasl = true;
    return 0;
}

/* Which of them it is, or -1 with err: a guess could give access to those who may not have it. */
static int find_socket(int fd, const char *name, struct verror *err)
{
    char file_name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];

    socket_file_name(fd, file_name, sizeof(file_name));
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
        if (strcmp(name, sockets[i].name) == 0)
            return (int)i;
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
        if (strcmp(file_name, sockets[i].name) == 0 && sockets[i].kind == SERVER_UNIX)
            return (int)i;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "socket '%s' ('%s') is none of %s, %s, %s and %s, by FileDescriptorName= or "
                      "path", name, file_name, sockets[0].name, sockets[1].name, sockets[2].name,
                      sockets[3].name);
}

/* What the name promises, it must be; the kind is marked in inherited. */
static int listen_inherited_one(struct lifecycle *life, int fd, const char *name,
                                bool inherited[KINDS], struct verror *err)
{
    int i = find_socket(fd, name, err);
    enum server_auth auth;

    if (i < 0 || listen_prepare_remote(life, sockets[i].kind, err) < 0)
        return -1;
    inherited[sockets[i].kind] = true;
    auth = listen_auth(life->daemon.config, sockets[i].kind, sockets[i].readonly);
    if (listen_prepare_auth(life, auth, err) < 0)
        return -1;
    return server_listen_fd(life->daemon.server, fd, sockets[i].kind, sockets[i].readonly, auth,
                            err);
}

static int find_group(const char *name, gid_t *ret_gid, struct verror *err)
{
    int r = account_find_group(name, ret_gid);

    if (r < 0)
        return verror_errno(err, -r, "cannot look up group '%s'", name);
    if (r == 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "unix_sock_group: there is no group '%s'", name);
    return 0;
}

/* Makes a socket, with the permissions that the settings give to its sort. */
static int listen_path(struct lifecycle *life, const char *path, bool readonly, struct verror *err)
{
    const struct config *config = life->daemon.config;
    enum server_auth auth = listen_auth(config, SERVER_UNIX, readonly);
    gid_t group = (gid_t)-1; /* as the process has it */

    if (config->unix_sock_group && find_group(config->unix_sock_group, &group, err) < 0)
        return -1;
    if (listen_prepare_auth(life, auth, err) < 0)
        return -1;
    return server_listen_unix(life->daemon.server, path, config_socket_mode(config, readonly),
                              group, readonly, auth, err);
}

static int listen_own(struct lifecycle *life, struct verror *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", life->daemon.runtime_dir, sockets[i].name);

        if (sockets[i].kind == SERVER_UNIX &&
            listen_path(life, path, sockets[i].readonly, err) < 0)
            return -1;
    }
    return 0;
}

/* Its directory may be missing: /run/libvirt is gone with each boot, and libvirt may not be
   here. */
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
    bool inherited[KINDS] = { false };

    life->listening = true;
    if (listen_extras(life, err) < 0)
        return -1;
    for (int i = 0; i < life->inherited.count; i++)
        if (listen_inherited_one(life, SD_LISTEN_FDS_START + i, life->inherited.names[i], inherited,
                                 err) < 0)
            return -1;
    if (!inherited[SERVER_UNIX] && listen_own(life, err) < 0)
        return -1;
    return listen_remote(life, inherited, err);
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
