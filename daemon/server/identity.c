/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is at the other end of a unix socket, as people read it in records and
 * logs.  The kernel vouches for uid and pid; the program's name is only a
 * hint, chosen by the program itself.  Loop thread.
 */

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "server/internal.h"
#include "util/alloc.h"

enum { COMM_SIZE = 32 }; /* the kernel's are at most 16 */

/* False when the process is gone or hidden. */
static bool comm_read(pid_t pid, char comm[static COMM_SIZE])
{
    char path[64];
    _cleanup_close_ int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, comm, COMM_SIZE - 1);
    if (n > 0 && comm[n - 1] == '\n')
        n--;
    if (n <= 0)
        return false;
    comm[n] = '\0';
    for (char *c = comm; *c; c++)
        if (!isgraph((unsigned char)*c) || *c == '(' || *c == ')')
            *c = '?';
    return true;
}

char *identity_of_peer(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);
    char comm[COMM_SIZE];

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return xstrdup("unknown");
    if (!comm_read(cred.pid, comm))
        return xasprintf("uid=%u pid=%d", (unsigned int)cred.uid, (int)cred.pid);
    return xasprintf("uid=%u pid=%d (%s)", (unsigned int)cred.uid, (int)cred.pid, comm);
}
