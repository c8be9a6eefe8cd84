/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors on their way in.  Each comes with a byte of its own behind the
 * packet of its call, and is kept under the place of that byte until the
 * packet is handled; one that came with any other byte is closed.  Only a
 * connection that may change something is received any from at all: what
 * others send the kernel closes.  Owns what it keeps.  Loop thread.
 */

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/internal.h"
#include "util/alloc.h"
#include "util/closer.h"

struct descriptors {
    unsigned int n;
    struct {
        size_t at; /* of its byte, from the first that is not used up */
        int fd;
    } kept[FDS_MAX];
};

bool client_passes_fds(const struct client *client)
{
    return client->transport.ops->read_fd && client->transport.ops->write_fd;
}

bool descriptors_full(const struct client *client)
{
    return client->descriptors && client->descriptors->n == FDS_MAX;
}

/* By who listens, or for a socket of systemd's by the name it was reached by. */
static bool is_connection_to_us(int own, int fd)
{
    struct sockaddr_un ours = { 0 }, theirs = { 0 };
    socklen_t our_len = sizeof(ours), their_len = sizeof(theirs), len = sizeof(struct ucred);
    struct ucred peer;

    if (getpeername(fd, (struct sockaddr *)&theirs, &their_len) < 0 ||
        theirs.sun_family != AF_UNIX)
        return false;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == getpid())
        return true;
    return getsockname(own, (struct sockaddr *)&ours, &our_len) == 0 && our_len == their_len &&
           our_len > offsetof(struct sockaddr_un, sun_path) && memcmp(&ours, &theirs, our_len) == 0;
}

/* A client's own end is not kept: held by us, nobody would see that it was closed. */
static void keep(struct client *client, size_t at, int fd)
{
    struct descriptors *descriptors = client->descriptors;

    if (descriptors_full(client) || is_connection_to_us(client->transport.fd, fd)) {
        close_later(fd);
        return;
    }
    if (!descriptors)
        descriptors = client->descriptors = XNEW(struct descriptors);
    descriptors->kept[descriptors->n].at = at;
    descriptors->kept[descriptors->n++].fd = fd;
}

ssize_t descriptors_read(struct client *client, void *data, size_t len, size_t have)
{
    struct transport *transport = &client->transport;
    int fd = -1;
    ssize_t n;

    if (!client_passes_fds(client) || !client->open || client_is_readonly(client))
        return transport->ops->read(transport, data, len);
    n = transport->ops->read_fd(transport, data, len, &fd);
    if (fd >= 0 && n > 0)
        keep(client, have + (size_t)n - 1, fd);
    else
        close_later(fd);
    return n;
}

void descriptors_take(struct client *client, size_t at, unsigned int count, int *ret_fds)
{
    struct descriptors *descriptors = client->descriptors;

    for (unsigned int i = 0; i < count; i++)
        ret_fds[i] = -1;
    for (unsigned int i = 0; descriptors && i < descriptors->n; i++) {
        size_t place = descriptors->kept[i].at;

        if (place >= at && place - at < count) /* no two have the same */
            ret_fds[place - at] = steal_fd(&descriptors->kept[i].fd);
    }
}

void descriptors_advance(struct client *client, size_t used)
{
    struct descriptors *descriptors = client->descriptors;
    unsigned int left = 0;

    if (!descriptors)
        return;
    for (unsigned int i = 0; i < descriptors->n; i++) {
        if (descriptors->kept[i].at < used) {
            close_later(descriptors->kept[i].fd);
            continue;
        }
        descriptors->kept[left] = descriptors->kept[i];
        descriptors->kept[left++].at -= used;
    }
    descriptors->n = left;
    if (left == 0)
        descriptors_done(client);
}

void descriptors_done(struct client *client)
{
    struct descriptors *descriptors = STEAL_PTR(client->descriptors);

    for (unsigned int i = 0; descriptors && i < descriptors->n; i++)
        close_later(descriptors->kept[i].fd);
    free(descriptors);
}
