/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings and certificates read again, for SIGHUP and for a client that asks.  A worker reads
 * the files; the loop takes over what it has found, all of it or, where something is wrong,
 * nothing.  Who asks while one is under way is answered by the next.
 */

#include <stddef.h>

#include "config.h"
#include "jobs/workers.h"
#include "lifecycle.h"
#include "server/server.h"
#include "server/tls_context.h"
#include "util/alloc.h"
#include "util/log.h"

struct reload_asked {
    struct reload_asked *next;
    void (*done)(void *opaque, const struct verror *err);
    void *opaque;
};

/* One reading.  The worker has it from the start to its end, and writes only to the last four. */
struct reload {
    struct work work;
    struct lifecycle *life;
    struct reload_asked *asked; /* who is waiting for it */
    bool tls;
    struct config *fresh;
    bool found;
    struct tls_context *context;
    struct verror err;
};

static void read_files(struct work *work)
{
    struct reload *reload = container_of(work, struct reload, work);
    const struct lifecycle *life = reload->life;

    reload->fresh = settings_read(&life->options, &reload->found, &reload->err);
    if (reload->fresh && reload->tls)
        reload->context = tls_load(reload->fresh, life->options.session, &reload->err);
}

static void take_over(struct reload *reload)
{
    struct lifecycle *life = reload->life;

    log_info("reading %s again%s",
             reload->found ? life->options.config_path : "the default settings",
             reload->context ? ", and the certificates" : "");
    settings_apply(life, reload->fresh);
    if (reload->context)
        server_set_tls(life->daemon.server, STEAL_PTR(reload->context));
}

static void tell(struct reload_asked *asked, const struct verror *err)
{
    while (asked) {
        struct reload_asked *next = asked->next;

        if (asked->done)
            asked->done(asked->opaque, err);
        free(asked);
        asked = next;
    }
}

static void reload_free(struct reload *reload)
{
    config_free(reload->fresh);
    tls_context_unref(reload->context);
    verror_clear(&reload->err);
    free(reload);
}

static void start(struct lifecycle *life);

static void finished(struct work *work)
{
    struct reload *reload = container_of(work, struct reload, work);
    struct lifecycle *life = reload->life;

    life->reload = NULL;
    if (life->phase != PHASE_SERVING)
        (void)verror_set(&reload->err, VIR_ERR_OPERATION_FAILED, "the daemon is stopping");
    if (reload->err.code)
        log_error("the settings stay as they are: %s", verror_text(&reload->err));
    else
        take_over(reload);
    tell(STEAL_PTR(reload->asked), &reload->err);
    reload_free(reload);
    if (life->phase != PHASE_SERVING)
        return;
    if (life->reload_asked)
        start(life);
    else
        notify_ready(life);
}

static void start(struct lifecycle *life)
{
    struct reload *reload = XNEW(struct reload);

    reload->work = (struct work){ .run = read_files, .done = finished };
    reload->life = life;
    reload->asked = STEAL_PTR(life->reload_asked);
    reload->tls = life->serves_tls;
    life->reload = reload;
    workers_submit(life->daemon.workers, LANE_CONTROL, NULL, &reload->work);
}

void reload_ask(struct daemon *daemon, void (*done)(void *opaque, const struct verror *err),
                void *opaque)
{
    struct lifecycle *life = container_of(daemon, struct lifecycle, daemon);
    struct reload_asked *asked = XNEW(struct reload_asked);

    asked->done = done;
    asked->opaque = opaque;
    asked->next = life->reload_asked;
    life->reload_asked = asked;
    notify_reloading(life);
    if (!life->reload)
        start(life);
}

void reload_done(struct lifecycle *life)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_OPERATION_FAILED, "the daemon is stopping");
    tell(STEAL_PTR(life->reload_asked), &err);
    if (life->reload) {
        tell(STEAL_PTR(life->reload->asked), &err);
        reload_free(STEAL_PTR(life->reload));
    }
}
