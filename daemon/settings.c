/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the config file into the running parts, at the start and at a reload.  Loop thread, but
 * settings_read(), which a reload has a worker do.
 */

#include <errno.h>

#include "config.h"
#include "jobs/workers.h"
#include "lifecycle.h"
#include "server/server.h"
#include "util/alloc.h"
#include "util/audit.h"
#include "util/log.h"

struct config *settings_read(const struct options *options, bool *ret_found, struct verror *err)
{
    struct config *config = config_new(options->session);

    *ret_found = false;
    if (!options->config_path)
        return config;
    if (config_load(config, options->config_path, err) == 0) {
        *ret_found = true;
        return config;
    }
    if (!options->config_given && err->sys_errno == ENOENT) {
        verror_clear(err);
        return config;
    }
    config_free(config);
    return NULL;
}

int settings_log_level(const struct lifecycle *life)
{
    return life->options.verbose ? LOG_DEBUG_ : (int)life->daemon.config->log_level;
}

static void apply_audit(const struct lifecycle *life)
{
    const struct config *config = life->daemon.config;

    audit_set((enum audit_level)config->audit_level, (int)config->audit_logging);
}

int settings_load(struct lifecycle *life, struct verror *err)
{
    bool found;

    life->daemon.config = settings_read(&life->options, &found, err);
    if (!life->daemon.config)
        return -1;
    if (found)
        life->daemon.config_path = xstrdup(life->options.config_path);
    log_set_level(settings_log_level(life));
    apply_audit(life);
    return 0;
}

struct server_limits settings_limits(const struct lifecycle *life)
{
    return (struct server_limits){
        .max_clients = life->daemon.config->max_clients,
        .max_client_requests = life->daemon.config->max_client_requests,
        .max_client_streams = life->daemon.config->max_client_streams,
        .max_client_packet_mib = life->daemon.config->max_client_packet_megabytes,
        .max_client_reply_mib = life->daemon.config->max_client_reply_megabytes,
        .max_client_event_mib = life->daemon.config->max_client_event_megabytes,
        .max_anonymous_clients = life->daemon.config->max_anonymous_clients,
        .auth_timeout = life->daemon.config->auth_timeout_seconds,
        .keepalive_interval = life->daemon.config->keepalive_interval,
        .keepalive_count = life->daemon.config->keepalive_count,
        .handshake_seconds = life->daemon.config->tls_handshake_seconds,
    };
}

/*
 * They sleep as their clients do, and a client may let many of its own sleep.  Each client has a
 * key of its own for each pool, and so, whatever others have, one transfer at least.
 */
enum { STREAM_JOBS = 256 };

/* One pool's stuck disk may hold a quarter of the short work, and all bulk jobs are equal. */
struct workers_width settings_lane_width(const struct lifecycle *life, int lane)
{
    const struct config *config = life->daemon.config;
    unsigned int quarter = config->max_workers / 4;

    if (lane == LANE_STREAM)
        return (struct workers_width){ STREAM_JOBS, STREAM_JOBS };
    if (lane == LANE_BULK)
        return (struct workers_width){ config->max_bulk_jobs, config->max_bulk_jobs };
    return (struct workers_width){ config->max_workers, quarter ? quarter : 1 };
}

static void log_change(void *opaque _unused_, const char *key, bool live)
{
    log_info("%s has changed%s", key, live ? "" : "; it takes effect at the next start");
}

void settings_apply(struct lifecycle *life, struct config *fresh)
{
    struct server_limits limits;

    config_apply(life->daemon.config, fresh, log_change, NULL);
    limits = settings_limits(life);
    server_set_limits(life->daemon.server, &limits);
    for (int lane = 0; lane < LANE_MAX; lane++)
        workers_set_width(life->daemon.workers, lane, settings_lane_width(life, lane));
    life->daemon.access_generation++;
    log_set_level(settings_log_level(life));
    apply_audit(life);
}
