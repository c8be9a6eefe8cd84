/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's tables of sockets, read for one server; see socket_clients.h.  Workers. */

#include "hypervisor/qemu/socket_clients.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

enum { LISTENS = 0x10000, TCP_LISTENS = 0x0A };

struct server {
    pid_t pid;
    const char *path;
    unsigned long port;
};

/* Another process may have connections at the same port of another address. */
static bool has_socket(pid_t pid, unsigned long inode)
{
    _cleanup_free_ char *where = xasprintf("/proc/%d/fd", (int)pid);
    _cleanup_free_ char *wanted = xasprintf("socket:[%lu]", inode);
    DIR *dir = opendir(where);
    bool found = false;
    struct dirent *entry;

    while (dir && !found && (entry = readdir(dir))) {
        char name[64];
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, name, sizeof(name) - 1);

        name[n > 0 ? n : 0] = '\0';
        found = strcmp(name, wanted) == 0;
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

/* Whoever has connected and has not been accepted yet stands there, too. */
static bool is_unix_client(const struct server *server, const char *line)
{
    unsigned int flags;
    int at = 0;

    return sscanf(line, "%*s %*s %*s %x %*s %*s %*s %n", &flags, &at) == 1 && at > 0 &&
           !(flags & LISTENS) && strcmp(line + at, server->path) == 0;
}

static bool is_tcp_client(const struct server *server, const char *line)
{
    unsigned long inode;
    unsigned int port, state;

    return sscanf(line, "%*s %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &port, &state,
                  &inode) == 3 &&
           port == server->port && state != TCP_LISTENS && inode != 0 &&
           has_socket(server->pid, inode);
}

static bool table_has(const struct server *server, const char *table,
                      bool (*is_client)(const struct server *server, const char *line))
{
    _cleanup_free_ char *path = xasprintf("/proc/%d/net/%s", (int)server->pid, table);
    _cleanup_free_ char *line = NULL;
    FILE *file = fopen(path, "re");
    bool found = false;
    size_t size = 0;

    while (file && !found && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        found = is_client(server, line);
    }
    if (file)
        (void)fclose(file);
    return found;
}

bool socket_has_clients(pid_t pid, const char *path, unsigned long port)
{
    const struct server server = { pid, path, port };

    if (path)
        return table_has(&server, "unix", is_unix_client);
    return table_has(&server, "tcp", is_tcp_client) || table_has(&server, "tcp6", is_tcp_client);
}
