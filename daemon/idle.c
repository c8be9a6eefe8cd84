/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -t: exit when there has been no client, job or guest for so long.  Loop thread. */

#include <event2/event.h>

#include "hypervisor/domains.h"
#include "jobs/jobs.h"
#include "lifecycle.h"
#include "server/server.h"

static void idle_cb(evutil_socket_t fd _unused_, short what _unused_, void *opaque)
{
    struct lifecycle *life = opaque;

    life->idle_armed = false;
    if (life->phase == PHASE_SERVING && server_is_idle(life->daemon.server) &&
        jobs_are_idle(life->daemon.jobs) && domains_are_idle(life->daemon.domains))
        lifecycle_stop(life, "no client, job or guest for the time set by --timeout");
}

int idle_start(struct lifecycle *life, struct verror *err)
{
    if (!life->options.timeout)
        return 0;
    life->idle_timer = evtimer_new(life->daemon.base, idle_cb, life);
    if (!life->idle_timer)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot make a timer");
    return 0;
}

void idle_update(struct lifecycle *life)
{
    struct timeval timeout = { .tv_sec = life->options.timeout };
    bool idle;

    if (!life->idle_timer || life->phase != PHASE_SERVING)
        return;
    idle = server_is_idle(life->daemon.server) && jobs_are_idle(life->daemon.jobs) &&
           domains_are_idle(life->daemon.domains);
    if (idle == life->idle_armed)
        return;
    if (idle)
        life->idle_armed = evtimer_add(life->idle_timer, &timeout) == 0;
    else
        life->idle_armed = evtimer_del(life->idle_timer) != 0;
}

void idle_done(struct lifecycle *life)
{
    if (life->idle_timer)
        event_free(life->idle_timer);
    life->idle_timer = NULL;
}
