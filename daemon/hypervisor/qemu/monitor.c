/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A monitor's life: made by anyone, set up by the loop, closed by the peer, by the owner or with
 * its last reference.  See monitor.h for the promises, monitor_internal.h for the parts.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "util/alloc.h"

static pid_t find_peer(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
}

static struct monitor *monitor_new(struct monitors *monitors, int fd,
                                   const struct monitor_handler *handler, void *opaque)
{
    struct monitor *monitor = XNEW(struct monitor);

    atomic_fetch_add(&monitors->refs, 1);
    monitor->monitors = monitors;
    atomic_init(&monitor->refs, 1);
    if (handler)
        monitor->handler = *handler;
    monitor->opaque = opaque;
    monitor->state = MONITOR_NEW;
    monitor->fd = fd;
    monitor->peer_pid = find_peer(fd);
    monitor->oldest = 1; /* the number of the first event */
    return monitor;
}

struct monitor *monitor_open(struct monitors *monitors, int fd,
                             const struct monitor_handler *handler, void *opaque)
{
    struct monitor *monitor = monitor_new(monitors, fd, handler, opaque);
    struct request *request = request_new(OP_ATTACH, monitor, -1);

    /* what the caller posts next comes behind this one: there is nothing to wait for */
    (void)monitor_ref(monitor);
    if (monitors_post(monitors, request))
        return monitor;
    (void)monitors_refuse(&monitor->why);
    monitor->state = MONITOR_CLOSED; /* nobody else has seen it */
    (void)close(steal_fd(&monitor->fd)); /* nothing was written */
    request_unref(request);
    monitor_unref(monitor);
    return monitor;
}

static int watch_socket(struct monitor *monitor, struct verror *err)
{
    struct event_base *base = monitor->monitors->base;
    int flags = fcntl(monitor->fd, F_GETFL);

    if (flags < 0 || fcntl(monitor->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return verror_errno(err, errno, "cannot make QEMU's monitor non-blocking");
    monitor->readable =
        event_new(base, monitor->fd, EV_READ | EV_PERSIST, monitor_readable_cb, monitor);
    monitor->writable = event_new(base, monitor->fd, EV_WRITE, monitor_writable_cb, monitor);
    if (!monitor->readable || !monitor->writable || event_add(monitor->readable, NULL) < 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch QEMU's monitor");
    return 0;
}

void monitor_attach(struct request *request)
{
    struct monitor *monitor = request->monitor;
    struct verror err = VERROR_INIT;

    request_unref(request);
    if (monitor->state == MONITOR_CLOSED)
        return; /* its owner was quick */
    DL_APPEND(monitor->monitors->attached, monitor);
    monitor->attached = true;
    monitor->state = MONITOR_GREETING;
    if (watch_socket(monitor, &err) < 0)
        monitor_fail(monitor, &err);
}

/* Lets go of the socket and all that the loop has of it. */
static void detach(struct monitor *monitor)
{
    monitor->state = MONITOR_CLOSED;
    if (monitor->attached)
        DL_DELETE(monitor->monitors->attached, monitor);
    monitor->attached = false;
    if (monitor->readable)
        event_free(STEAL_PTR(monitor->readable));
    if (monitor->writable)
        event_free(STEAL_PTR(monitor->writable));
    if (monitor->fd >= 0)
        (void)close(steal_fd(&monitor->fd)); /* what was not written is reported as not answered */
}

static void fail_list(struct request **list, const struct verror *why)
{
    while (*list) {
        struct request *request = *list;

        DL_DELETE(*list, request);
        request_fail(request, why);
        request_unref(request);
    }
}

static void fail_requests(struct monitor *monitor)
{
    struct request *request = STEAL_PTR(monitor->in_flight);

    if (request)
        request_fail(request, &monitor->why);
    request_unref(request);
    monitor->npending = 0;
    fail_list(&monitor->pending, &monitor->why);
    fail_list(&monitor->waiters, &monitor->why);
    monitors_fail_posted(monitor->monitors, monitor);
}

void monitor_fail(struct monitor *monitor, struct verror *err)
{
    if (monitor->state == MONITOR_CLOSED) {
        verror_clear(err);
        return;
    }
    verror_move(&monitor->why, err);
    detach(monitor);
    fail_requests(monitor);
    if (monitor->handler.closed && atomic_load(&monitor->refs) > 0)
        monitor->handler.closed(monitor->opaque, &monitor->why);
}

void monitor_close(struct monitor *monitor)
{
    struct verror err = VERROR_INIT;

    monitor->handler = (struct monitor_handler){ NULL, NULL };
    (void)verror_set(&err, VIR_ERR_OPERATION_FAILED, "QEMU's monitor was closed");
    monitor_fail(monitor, &err);
    monitors_fail_posted(monitor->monitors, monitor); /* what came behind an earlier closing */
}

bool monitor_is_open(struct monitor *monitor)
{
    return monitor->state != MONITOR_CLOSED;
}

pid_t monitor_peer_pid(const struct monitor *monitor)
{
    return monitor->peer_pid;
}

struct monitor *monitor_ref(struct monitor *monitor)
{
    atomic_fetch_add(&monitor->refs, 1);
    return monitor;
}

void monitor_unref(struct monitor *monitor)
{
    struct request *request;

    if (!monitor || atomic_fetch_sub(&monitor->refs, 1) > 1)
        return;
    /* on the loop, and never below one of its own callbacks */
    request = request_new(OP_DESTROY, monitor, -1);
    if (monitors_post(monitor->monitors, request))
        return;
    request_unref(request);
    monitor_destroy(monitor);
}

void monitor_destroy(struct monitor *monitor)
{
    monitor_close(monitor);
    monitor_forget_events(monitor);
    free(monitor->input);
    verror_clear(&monitor->why);
    monitors_unref(monitor->monitors);
    free(monitor);
}
