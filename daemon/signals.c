/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals, as events of the loop.  Loop thread. */

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "lifecycle.h"

static void stop_cb(evutil_socket_t signum, short what _unused_, void *opaque)
{
    lifecycle_stop(opaque, signum == SIGINT ? "SIGINT" : "SIGTERM");
}

static void reload_cb(evutil_socket_t signum _unused_, short what _unused_, void *opaque)
{
    struct lifecycle *life = opaque;

    if (life->phase != PHASE_SERVING)
        return; /* starting: it has just been read; stopping: too late */
    reload_ask(&life->daemon, NULL, NULL);
}

static const struct {
    int signum;
    void (*cb)(evutil_socket_t signum, short what, void *opaque);
} signals[LIFECYCLE_SIGNALS] = {
    { SIGTERM, stop_cb },
    { SIGINT, stop_cb },
    { SIGHUP, reload_cb },
};

int signals_start(struct lifecycle *life, struct verror *err)
{
    for (size_t i = 0; i < LIFECYCLE_SIGNALS; i++) {
        life->signals[i] =
            evsignal_new(life->daemon.base, signals[i].signum, signals[i].cb, life);
        if (!life->signals[i] || evsignal_add(life->signals[i], NULL) < 0)
            return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch signals");
    }
    return 0;
}

static void exit_handler(int signum _unused_)
{
    _exit(EXIT_SUCCESS);
}

/* The loop does not turn any more, but taking down may wait for a slow disk. */
void signals_done(struct lifecycle *life)
{
    for (size_t i = 0; i < LIFECYCLE_SIGNALS; i++) {
        if (life->signals[i])
            event_free(life->signals[i]);
        life->signals[i] = NULL;
        /* with these arguments it cannot fail */
        (void)signal(signals[i].signum, signals[i].cb == stop_cb ? exit_handler : SIG_IGN);
    }
}
