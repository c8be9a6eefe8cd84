/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes over a plain unix socket; the seam for other ways is in internal.h.  Loop thread. */

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "protocol/fdpass.h"
#include "server/internal.h"

/* A plain read(): descriptors that come with the bytes are closed by the kernel. */
static ssize_t unix_read(struct transport *transport, void *data, size_t len)
{
    ssize_t n;

    do
        n = read(transport->fd, data, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t transport_send(struct transport *transport, const struct iovec *iov, int iovcnt)
{
    struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)iovcnt };
    ssize_t n;

    do
        n = iovcnt == 1 ? send(transport->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL)
                        : sendmsg(transport->fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t unix_read_fd(struct transport *transport, void *data, size_t len, int *ret_fd)
{
    return fdpass_receive(transport->fd, data, len, 0, ret_fd);
}

static ssize_t unix_write_fd(struct transport *transport, int fd)
{
    return fdpass_send(transport->fd, fd, 0);
}

/* Half a close cannot be told from a whole one on other kinds of socket. */
static bool unix_half_open(const struct transport *transport)
{
    struct pollfd polled = { .fd = transport->fd };

    return poll(&polled, 1, 0) == 0;
}

void transport_close(struct transport *transport)
{
    if (transport->fd >= 0)
        (void)close(transport->fd); /* what was not sent is lost either way */
    transport->fd = -1;
}

void transport_init_unix(struct transport *transport, int fd)
{
    static const struct transport_ops ops = {
        .secure = true,
        .read = unix_read,
        .write = transport_send,
        .read_fd = unix_read_fd,
        .write_fd = unix_write_fd,
        .half_open = unix_half_open,
        .done = transport_close,
    };

    *transport = (struct transport){ .ops = &ops, .fd = fd };
}
