/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fdpass.h.  No state. */

#include "protocol/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor.  The kernel closes what else comes with the same bytes. */
union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

static void take_fd(struct msghdr *msg, int *ret_fd)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(msg);

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(*ret_fd)))
        memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
}

ssize_t fdpass_receive(int sock, void *data, size_t len, int flags, int *ret_fd)
{
    struct iovec iov = { data, len };
    union control control;
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof(int)), /* not its aligned size: two would fit there */
    };
    ssize_t n;

    do
        n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    take_fd(&msg, ret_fd);
    return n;
}

ssize_t fdpass_send(int sock, int fd, int flags)
{
    union control control = { .space = { 0 } };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.space),
    };
    ssize_t n;

    control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fd)),
                                       .cmsg_level = SOL_SOCKET,
                                       .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    do
        n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
