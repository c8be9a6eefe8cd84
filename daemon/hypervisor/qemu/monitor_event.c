/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's events: to the workers that wait for one, to the handler, and into a short memory, so that
 * a worker may ask for what has come since before it sent its command.  Loop thread.
 */

#include <string.h>
#include <utlist.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "util/alloc.h"

static unsigned long last_event(struct monitor *monitor)
{
    return atomic_load_explicit(&monitor->nevents, memory_order_relaxed); /* only we write it */
}

unsigned long monitor_event_mark(struct monitor *monitor)
{
    return atomic_load(&monitor->nevents);
}

static void forget_oldest(struct monitor *monitor)
{
    struct monitor_event *event = &monitor->events[monitor->oldest++ % EVENTS_KEPT];

    monitor->events_size -= event->size;
    free(event->name);
    json_decref(event->data);
    *event = (struct monitor_event){ 0 };
}

void monitor_forget_events(struct monitor *monitor)
{
    while (monitor->oldest <= last_event(monitor))
        forget_oldest(monitor);
}

/* Bounded in number and size; the new one is kept in any case. */
static void remember(struct monitor *monitor, const struct monitor_event *event)
{
    while (monitor->oldest < event->number &&
           (event->number - monitor->oldest >= EVENTS_KEPT ||
            monitor->events_size + event->size > EVENTS_KEPT_SIZE))
        forget_oldest(monitor);
    monitor->events[event->number % EVENTS_KEPT] = *event;
    monitor->events_size += event->size;
}

/* True: that was it, and the worker has it. */
static bool offer(struct request *waiter, const struct monitor_event *event)
{
    struct verror none = VERROR_INIT;

    for (int i = 0; waiter->names[i]; i++) {
        if (event->number <= waiter->since || strcmp(waiter->names[i], event->name) != 0)
            continue;
        waiter->index = i;
        /* a copy, as the worker may change it while others read it */
        request_end(waiter, json_deep_copy(event->data), &none);
        return true;
    }
    return false;
}

void monitor_take_event(struct monitor *monitor, const char *name, const json_t *data,
                        size_t size)
{
    struct monitor_event event = { .number = last_event(monitor) + 1,
                                   .name = xstrdup(name),
                                   .data = json_deep_copy(data),
                                   .size = size };
    struct request *waiter, *next;

    remember(monitor, &event);
    atomic_store(&monitor->nevents, event.number);
    DL_FOREACH_SAFE(monitor->waiters, waiter, next) {
        if (request_is_over(waiter) || offer(waiter, &event)) {
            DL_DELETE(monitor->waiters, waiter);
            request_unref(waiter);
        }
    }
    /* after its last reference has gone, its opaque may have gone too */
    if (monitor->handler.event && atomic_load(&monitor->refs) > 0)
        monitor->handler.event(monitor->opaque, name, data);
}

static bool offer_past(struct request *request)
{
    struct monitor *monitor = request->monitor;
    unsigned long last = last_event(monitor);

    for (unsigned long n = monitor->oldest; n <= last; n++) {
        if (offer(request, &monitor->events[n % EVENTS_KEPT]))
            return true;
    }
    return false;
}

void monitor_await(struct request *request)
{
    struct monitor *monitor = request->monitor;
    struct request *waiter, *next;

    DL_FOREACH_SAFE(monitor->waiters, waiter, next) { /* those who left, lest they pile up */
        if (request_is_over(waiter)) {
            DL_DELETE(monitor->waiters, waiter);
            request_unref(waiter);
        }
    }
    if (request_is_over(request) || offer_past(request)) {
        request_unref(request);
    } else if (monitor->state == MONITOR_CLOSED) {
        request_fail(request, &monitor->why);
        request_unref(request);
    } else {
        DL_APPEND(monitor->waiters, request);
    }
}
