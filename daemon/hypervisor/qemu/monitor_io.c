/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor's socket: lines in, the command in flight out, with a descriptor on its first byte.
 * Never blocks; one turn reads a bounded piece, so that no guest has the loop for itself.  Loop
 * thread.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "util/alloc.h"

enum {
    INPUT_MIN = 16 << 10,
    INPUT_KEPT = 64 << 10, /* a larger buffer is given back once it is empty */
    READ_MAX = 256 << 10,  /* in one turn */
};

/* --- in --- */

/* Room for at least one byte, and the NUL that ends a line. */
static void make_room(struct monitor *monitor)
{
    if (monitor->used + 1 < monitor->capacity)
        return;
    monitor->capacity = monitor->capacity ? monitor->capacity * 2 : INPUT_MIN;
    monitor->input = xrealloc(monitor->input, 1, monitor->capacity);
}

static void drop_input(struct monitor *monitor)
{
    free(monitor->input);
    monitor->input = NULL;
    monitor->used = monitor->capacity = monitor->scanned = 0;
}

static void line_too_long(struct monitor *monitor)
{
    struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_INTERNAL_ERROR,
                     "protocol error on QEMU's monitor, a line of more than %d bytes",
                     MONITOR_LINE_MAX);
    monitor_fail(monitor, &err);
}

/* line: its last byte is the newline. */
static void take_line(struct monitor *monitor, char *line, size_t len)
{
    len--;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    if (len > MONITOR_LINE_MAX)
        line_too_long(monitor);
    else if (len > 0)
        monitor_message(monitor, line, len);
}

/* Every whole line; what is left moves to the front. */
static void take_lines(struct monitor *monitor)
{
    size_t start = 0;

    while (monitor->state != MONITOR_CLOSED) {
        char *newline = memchr(monitor->input + monitor->scanned, '\n',
                               monitor->used - monitor->scanned);
        size_t end;

        if (!newline)
            break;
        end = (size_t)(newline - monitor->input) + 1;
        take_line(monitor, monitor->input + start, end - start);
        start = monitor->scanned = end;
    }
    monitor->used -= start;
    monitor->scanned = monitor->used;
    if (monitor->used == 0 && monitor->capacity > INPUT_KEPT)
        drop_input(monitor);
    else if (start > 0)
        memmove(monitor->input, monitor->input + start, monitor->used);
}

/* The end of the stream, or an error; a reset is what an end with unread commands looks like. */
static void read_ended(struct monitor *monitor, int errnum)
{
    struct verror err = VERROR_INIT;

    if (errnum == 0 || errnum == ECONNRESET || errnum == EPIPE)
        (void)verror_set(&err, VIR_ERR_OPERATION_FAILED, "QEMU has closed its monitor");
    else
        (void)verror_errno(&err, errnum, "cannot read from QEMU's monitor");
    monitor_fail(monitor, &err);
}

void monitor_readable_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct monitor *monitor = opaque;
    size_t room;
    ssize_t got;

    (void)what;
    make_room(monitor);
    room = monitor->capacity - monitor->used - 1;
    /* descriptors that a peer might send are not received: the kernel closes them */
    got = recv(fd, monitor->input + monitor->used, room < READ_MAX ? room : READ_MAX, 0);
    if (got <= 0) {
        if (got == 0)
            read_ended(monitor, 0);
        else if (errno == EAGAIN && monitor->write_broken)
            read_ended(monitor, EPIPE);
        else if (errno != EAGAIN && errno != EINTR)
            read_ended(monitor, errno);
        return;
    }
    monitor->used += (size_t)got;
    take_lines(monitor);
    if (monitor->state != MONITOR_CLOSED && monitor->used > MONITOR_LINE_MAX)
        line_too_long(monitor);
    if (monitor->state == MONITOR_CLOSED)
        drop_input(monitor);
    else if (monitor->write_broken)
        event_active(monitor->readable, EV_READ, 0); /* until nothing is left */
}

/* --- out --- */

static ssize_t send_some(int fd, struct request *request)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .space = { 0 } };
    struct iovec iov = { .iov_base = request->line + request->sent,
                         .iov_len = request->len - request->sent };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (request->fd >= 0 && request->sent == 0) {
        struct cmsghdr *cmsg = &control.align;

        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &request->fd, sizeof(int));
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof(control.space);
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* A peer that has gone may have said why before: that is read first, then the monitor is closed. */
static void write_failed(struct monitor *monitor, int errnum)
{
    struct verror err = VERROR_INIT;

    if (errnum == EPIPE || errnum == ECONNRESET) {
        monitor->write_broken = true;
        event_active(monitor->readable, EV_READ, 0);
        return;
    }
    if (monitor->in_flight->fd >= 0 && monitor->in_flight->sent == 0) {
        /* ETOOMANYREFS and the like: not a byte has gone, so only this command fails */
        (void)verror_errno(&err, errnum, "cannot send a descriptor to QEMU");
        request_end(monitor->in_flight, NULL, &err);
        request_unref(STEAL_PTR(monitor->in_flight));
        return;
    }
    (void)verror_errno(&err, errnum, "cannot write to QEMU's monitor");
    monitor_fail(monitor, &err);
}

void monitor_flush(struct monitor *monitor)
{
    struct request *request = monitor->in_flight;

    while (request->sent < request->len && !monitor->write_broken) {
        ssize_t sent = send_some(monitor->fd, request);

        if (sent >= 0) {
            request->sent += (size_t)sent;
        } else if (errno == EAGAIN) {
            (void)event_add(monitor->writable, NULL); /* a plain EV_WRITE: cannot fail */
            return;
        } else if (errno != EINTR) {
            write_failed(monitor, errno);
            return;
        }
    }
}

void monitor_writable_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct monitor *monitor = opaque;

    (void)fd;
    (void)what;
    if (monitor->in_flight)
        monitor_flush(monitor);
    monitor_start_next(monitor); /* where that one failed */
}
