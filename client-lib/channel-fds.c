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
#include <sys/socket.h>

#include "protocol/macros.h"

/* Room for one descriptor. */
union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

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

/* Sends the first byte of ch->out with its descriptor. */
static ssize_t send_with_fd_locked(struct channel *ch, int fd)
{
    union control control = { .space = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)buffer_bytes(&ch->out), 1 };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.space),
    };

    control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fd)),
                                       .cmsg_level = SOL_SOCKET,
                                       .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(ch->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t channel_send_some_locked(struct channel *ch)
{
    struct out_fd *first = ch->out_fds;
    ssize_t sent;

    if (first && first->ahead == 0)
        sent = send_with_fd_locked(ch, first->fd);
    else
        sent = send(ch->fd, buffer_bytes(&ch->out), first ? first->ahead : ch->out.len,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0)
        return sent;
    buffer_consume(&ch->out, (size_t)sent);
    if (first && first->ahead == 0)
        pop_locked(ch);
    for (struct out_fd *out = ch->out_fds; out; out = out->next)
        out->ahead -= (size_t)sent;
    return sent;
}

/* --- in: the reader's --- */

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

ssize_t channel_receive(struct channel *ch, void *room, size_t size)
{
    union control control;
    struct iovec iov = { room, size };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof(int)), /* the kernel closes what is more */
    };
    ssize_t got = recvmsg(ch->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR(&msg);
    int fd;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(fd))) {
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        keep(ch, fd);
    }
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
