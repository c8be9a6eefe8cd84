/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VNC ports given to guests.  A port counts as free when no guest of ours has it and it can be
 * bound: other programs have ports too.  Any thread; a mutex inside.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "hypervisor/qemu/command.h"
#include "protocol/macros.h"

enum { PORT_MAX = UINT16_MAX };

/* lock guards taken; nothing else is locked while it is held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char taken[PORT_MAX / CHAR_BIT + 1];

static bool taken_get(unsigned int port)
{
    return taken[port / CHAR_BIT] & (1u << port % CHAR_BIT);
}

static void taken_set(unsigned int port, bool is_taken)
{
    unsigned char bit = (unsigned char)(1u << port % CHAR_BIT);

    if (is_taken)
        taken[port / CHAR_BIT] |= bit;
    else
        taken[port / CHAR_BIT] &= (unsigned char)~bit;
}

/* 0, or errno: EAFNOSUPPORT where the host does not have that family. */
static int try_bind(const struct sockaddr *address, socklen_t len)
{
    _cleanup_close_ int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return errno;
    /* as QEMU does: connections that linger do not keep a port */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0))
        return errno;
    return bind(fd, address, len) < 0 ? errno : 0;
}

/* listen: a numeric address; another one is QEMU's to look up, and any address counts. */
static bool can_bind(const char *listen, unsigned int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    bool is_v4 = listen && inet_pton(AF_INET, listen, &v4.sin_addr) == 1;
    bool is_v6 = !is_v4 && listen && inet_pton(AF_INET6, listen, &v6.sin6_addr) == 1;

    if (!is_v6 && try_bind((const struct sockaddr *)&v4, sizeof(v4)) == EADDRINUSE)
        return false;
    return is_v4 || try_bind((const struct sockaddr *)&v6, sizeof(v6)) != EADDRINUSE;
}

int vnc_port_reserve(unsigned int min, unsigned int max, const char *listen, struct verror *err)
{
    int found = -1;

    (void)pthread_mutex_lock(&lock);
    for (unsigned int port = min; port <= max && port <= PORT_MAX && found < 0; port++) {
        if (taken_get(port) || !can_bind(listen, port))
            continue;
        taken_set(port, true);
        found = (int)port;
    }
    (void)pthread_mutex_unlock(&lock);
    if (found < 0)
        verror_set(err, VIR_ERR_OPERATION_FAILED,
                   "no VNC port from %u to %u is free (remote_display_port_min, "
                   "remote_display_port_max in the configuration)", min, max);
    return found;
}

static void mark(int port, bool is_taken)
{
    if (port <= 0 || port > PORT_MAX)
        return;
    (void)pthread_mutex_lock(&lock);
    taken_set((unsigned int)port, is_taken);
    (void)pthread_mutex_unlock(&lock);
}

void vnc_port_release(int port)
{
    mark(port, false);
}

void vnc_port_mark(int port)
{
    mark(port, true);
}
