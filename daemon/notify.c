/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd is told: readiness, and one line of status, at most once a
 * second and only when it has changed.  Loop thread.
 */

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "jobs/jobs.h"
#include "lifecycle.h"
#include "server/server.h"
#include "util/log.h"

/* Nothing to do: notify_update() follows every turn of the loop. */
static void status_timer_cb(evutil_socket_t fd _unused_, short what _unused_,
                            void *opaque _unused_)
{
}

int notify_start(struct lifecycle *life, struct verror *err)
{
    if (!getenv("NOTIFY_SOCKET"))
        return 0;
    life->status_timer = evtimer_new(life->daemon.base, status_timer_cb, NULL);
    if (!life->status_timer)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot make a timer");
    return 0;
}

static void send_status(struct lifecycle *life, const char *also)
{
    static const struct timeval second = { 1, 0 };
    unsigned int clients = server_client_count(life->daemon.server);
    unsigned int jobs = jobs_count(life->daemon.jobs);

    life->told_clients = clients;
    life->told_jobs = jobs;
    (void)sd_notifyf(0, "%sSTATUS=%u client%s, %u job%s", also, clients, clients == 1 ? "" : "s",
                     jobs, jobs == 1 ? "" : "s"); /* systemd's loss if it does not read */
    if (evtimer_add(life->status_timer, &second) < 0)
        log_warn("the next status may come late: no timer");
}

void notify_ready(struct lifecycle *life)
{
    if (life->status_timer)
        send_status(life, "READY=1\n");
}

void notify_reloading(struct lifecycle *life)
{
    struct timespec now;

    if (!life->status_timer)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with these arguments */
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64,
                     (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(struct lifecycle *life)
{
    if (life->status_timer)
        send_status(life, "STOPPING=1\n");
}

void notify_update(struct lifecycle *life)
{
    if (!life->status_timer || life->phase == PHASE_STARTING ||
        evtimer_pending(life->status_timer, NULL))
        return;
    if (server_client_count(life->daemon.server) != life->told_clients ||
        jobs_count(life->daemon.jobs) != life->told_jobs)
        send_status(life, "");
}

void notify_done(struct lifecycle *life)
{
    if (life->status_timer)
        event_free(life->status_timer);
    life->status_timer = NULL;
}
