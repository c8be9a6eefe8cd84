/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all monitors share: the one way from any thread to the loop, a queue and an eventfd; and the
 * end of them all.  The lock is held for the queue only, never over a callback.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "util/alloc.h"

int monitors_refuse(struct verror *err)
{
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "virtjobd is stopping");
}

static bool is_workers(const struct request *request)
{
    return request->wake_fd >= 0;
}

/* Lock held. */
static bool is_refused_locked(const struct monitors *monitors, const struct request *request)
{
    if (monitors->gone)
        return true;
    return monitors->stopped && (is_workers(request) || request->op == OP_ATTACH);
}

bool monitors_post(struct monitors *monitors, struct request *request)
{
    uint64_t one = 1;
    bool refused;

    pthread_mutex_lock(&monitors->lock);
    refused = is_refused_locked(monitors, request);
    if (!refused) {
        if (!monitors->posted)
            (void)!write(monitors->wake_fd, &one, sizeof(one)); /* EAGAIN: the loop is awake */
        DL_APPEND(monitors->posted, request);
        monitors->nposted++;
    }
    pthread_mutex_unlock(&monitors->lock);
    return !refused;
}

static void take_destroy(struct request *request)
{
    struct monitor *monitor = request->monitor;

    request_unref(request);
    monitor_destroy(monitor);
}

static void (*const takers[])(struct request *request) = {
    [OP_ATTACH] = monitor_attach,
    [OP_CALL] = monitor_enqueue,
    [OP_WAIT] = monitor_await,
    [OP_DESTROY] = take_destroy,
};
_Static_assert(ARRAY_SIZE(takers) == OP_MAX, "each operation is taken by someone");

static struct request *take_first(struct monitors *monitors)
{
    struct request *request;

    pthread_mutex_lock(&monitors->lock);
    request = monitors->posted;
    if (request) {
        DL_DELETE(monitors->posted, request);
        monitors->nposted--;
    }
    pthread_mutex_unlock(&monitors->lock);
    return request;
}

/*
 * What is there now, no more, so that the loop gets round.  One by one, as a callback may close
 * a monitor and then none of its requests may be left anywhere.
 */
static void take_posted(struct monitors *monitors)
{
    uint64_t one = 1;
    struct request *request;
    unsigned int n;

    pthread_mutex_lock(&monitors->lock);
    n = monitors->nposted;
    pthread_mutex_unlock(&monitors->lock);
    while (n-- > 0 && (request = take_first(monitors))) {
        struct monitor *held = request->op == OP_DESTROY ? NULL : request->monitor;

        takers[request->op](request);
        if (held)
            monitor_unref(held);
    }
    pthread_mutex_lock(&monitors->lock);
    if (monitors->posted) /* those who posted them saw no reason to wake us */
        (void)!write(monitors->wake_fd, &one, sizeof(one));
    pthread_mutex_unlock(&monitors->lock);
}

static struct request *find_posted_locked(struct monitors *monitors, const struct monitor *monitor)
{
    struct request *request;

    DL_FOREACH(monitors->posted, request) {
        if (request->monitor == monitor && (request->op == OP_CALL || request->op == OP_WAIT))
            return request;
    }
    return NULL;
}

void monitors_fail_posted(struct monitors *monitors, struct monitor *monitor)
{
    for (;;) {
        struct request *request;

        pthread_mutex_lock(&monitors->lock);
        request = find_posted_locked(monitors, monitor);
        if (request) {
            DL_DELETE(monitors->posted, request);
            monitors->nposted--;
        }
        pthread_mutex_unlock(&monitors->lock);
        if (!request)
            return;
        takers[request->op](request); /* the monitor is closed: this fails it */
        monitor_unref(monitor);
    }
}

static void wake_cb(evutil_socket_t fd, short what, void *opaque)
{
    uint64_t count;

    (void)what;
    (void)!read(fd, &count, sizeof(count)); /* only resets it */
    take_posted(opaque);
}

struct monitors *monitors_new(struct event_base *base, struct verror *err)
{
    struct monitors *monitors = XNEW(struct monitors);

    pthread_mutex_init(&monitors->lock, NULL);
    atomic_init(&monitors->refs, 1);
    monitors->base = base;
    monitors->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (monitors->wake_fd < 0) {
        (void)verror_errno(err, errno, "cannot make an eventfd for QEMU's monitors");
        monitors_free(monitors);
        return NULL;
    }
    monitors->wake =
        event_new(base, monitors->wake_fd, EV_READ | EV_PERSIST, wake_cb, monitors);
    if (!monitors->wake || event_add(monitors->wake, NULL) < 0) {
        (void)verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch the queue of QEMU's monitors");
        monitors_free(monitors);
        return NULL;
    }
    return monitors;
}

/* A worker's request stays where it is, ended, and is passed over when its turn comes. */
static void stop_request(struct request *request)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;

    if (!request || !is_workers(request))
        return;
    (void)monitors_refuse(&why);
    request_fail(request, &why);
}

static void stop_list(struct request *list)
{
    struct request *request;

    DL_FOREACH(list, request)
        stop_request(request);
}

void monitors_stop(struct monitors *monitors)
{
    struct monitor *monitor;

    if (!monitors)
        return;
    pthread_mutex_lock(&monitors->lock);
    monitors->stopped = true;
    stop_list(monitors->posted); /* wakes workers, calls nobody */
    pthread_mutex_unlock(&monitors->lock);
    DL_FOREACH(monitors->attached, monitor) {
        stop_request(monitor->in_flight);
        stop_list(monitor->pending);
        stop_list(monitor->waiters);
    }
}

void monitors_unref(struct monitors *monitors)
{
    if (atomic_fetch_sub(&monitors->refs, 1) > 1)
        return;
    if (monitors->wake_fd >= 0)
        (void)close(monitors->wake_fd); /* an eventfd holds nothing to lose */
    pthread_mutex_destroy(&monitors->lock);
    free(monitors);
}

void monitors_free(struct monitors *monitors)
{
    if (!monitors)
        return;
    monitors_stop(monitors);
    take_posted(monitors);
    while (monitors->attached)
        monitor_close(monitors->attached); /* which takes it off the list */
    pthread_mutex_lock(&monitors->lock);
    monitors->gone = true; /* from here on nothing is posted any more */
    pthread_mutex_unlock(&monitors->lock);
    take_posted(monitors); /* what closing them has posted */
    if (monitors->wake)
        event_free(monitors->wake);
    monitors->base = NULL;
    monitors_unref(monitors);
}
