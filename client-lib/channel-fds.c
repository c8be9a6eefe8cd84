/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors beside the packets of a channel, which only a unix socket can carry: each with a
 * byte of its own behind its packet.  Those that go out are kept until that byte is their
 * socket's turn, those that come in until the packet before them is taken.  See channel.c for
 * who holds what.
 */

#include "channel-internal.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "protocol/macros.h"

struct out_fd {
    struct out_fd *next;
    size_t ahead; /* bytes of ch->out before its own */
    int fd;
};

/* --- out --- */

static void pop_locked(struct channel *ch)
{
    struct out_fd *first = ch->out_fds;

    ch->out_fds = first->next;
    (void)close(first->fd); /* a duplicate */
    free(first);
}

void channel_drop_out_fds_locked(struct channel *ch)
{
    while (ch->out_fds)
        pop_locked(ch);
}

bool channel_passes_fds(const struct channel *ch)
{
    return ch->transport.ops->write_fd != NULL;
}

bool channel_queue_fd_locked(struct channel *ch, int fd)
{
    struct out_fd **end = &ch->out_fds, *out = malloc(sizeof(*out));
    char *byte = out ? buffer_reserve(&ch->out, 1) : NULL;

    if (!byte) {
        free(out);
        return false;
    }
    *out = (struct out_fd){ .ahead = ch->out.len, .fd = fd };
    *byte = 0;
    buffer_produce(&ch->out, 1);
    while (*end)
        end = &(*end)->next;
    *end = out;
    return true;
}

ssize_t channel_send_some_locked(struct channel *ch)
{
    const struct transport_ops *ops = ch->transport.ops;
    struct out_fd *first = ch->out_fds;
    ssize_t sent;

    if (first && first->ahead == 0)
        sent = ops->write_fd(&ch->transport, first->fd);
    else
        sent = ops->write(&ch->transport, buffer_bytes(&ch->out),
                          first ? first->ahead : ch->out.len);
    if (sent <= 0)
        return sent;
    buffer_consume(&ch->out, (size_t)sent);
    if (first && first->ahead == 0)
        pop_locked(ch);
    for (struct out_fd *out = ch->out_fds; out; out = out->next)
        out->ahead -= (size_t)sent;
    return sent;
}

/* --- in --- */

void channel_drop_in_fds(struct channel *ch)
{
    for (unsigned int i = 0; i < ch->nin_fds; i++)
        (void)close(ch->in_fds[i]);
    ch->nin_fds = 0;
}

static void keep(struct channel *ch, int fd)
{
    if (ch->nin_fds < CHANNEL_FDS_MAX)
        ch->in_fds[ch->nin_fds++] = fd;
    else
        (void)close(fd); /* the daemon sends what nobody has asked for */
}

ssize_t channel_receive_locked(struct channel *ch, void *room, size_t size)
{
    int fd = -1;
    ssize_t got;

    if (!ch->transport.ops->read_fd)
        return ch->transport.ops->read(&ch->transport, room, size);
    got = ch->transport.ops->read_fd(&ch->transport, room, size, &fd);
    if (fd >= 0)
        keep(ch, fd);
    return got;
}

int channel_take_fd(struct channel *ch, unsigned int count)
{
    int fd = -1;

    for (unsigned int i = 0; i < count && ch->nin_fds > 0; i++) {
        if (i == 0)
            fd = ch->in_fds[0];
        else
            (void)close(ch->in_fds[0]);
        memmove(ch->in_fds, ch->in_fds + 1, --ch->nin_fds * sizeof(ch->in_fds[0]));
    }
    return fd;
}

int channel_announced_fds(const void *packet, size_t len)
{
    struct frame_header header;
    uint32_t count;

    if (frame_decode_header(packet, len, &header) < 0 || header.type != FRAME_REPLY_WITH_FDS)
        return 0; /* whether it has a meaning is looked at when it is taken */
    if (len < FRAME_MIN + sizeof(count))
        return -1;
    memcpy(&count, (const char *)packet + FRAME_MIN, sizeof(count));
    count = ntohl(count);
    return count <= CHANNEL_FDS_MAX ? (int)count : -1;
}
