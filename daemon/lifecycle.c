/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds the daemon, turns its loop and takes it down again, in the opposite
 * order.  Main thread; owns everything in struct lifecycle.
 */

#include "lifecycle.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "calls/call.h"
#include "calls/event.h"
#include "config.h"
#include "hypervisor/domains.h"
#include "jobs/job.h"
#include "jobs/workers.h"
#include "server/server.h"
#include "storage/storage.h"
#include "store/store.h"
#include "util/alloc.h"
#include "util/child.h"
#include "util/closer.h"
#include "util/log.h"

enum {
    OTHER_FDS = 1536,      /* what the daemon may have open besides its clients: theirs, too */
    WORKERS_END_MS = 5000, /* at exit; jobs have had shutdown_grace_seconds before */
    CLIENTS_END_SECONDS = 2, /* for those that do not take their last answers */
};

static void log_libevent(int severity, const char *text)
{
    static const enum log_level levels[] = {
        [EVENT_LOG_DEBUG] = LOG_DEBUG_,
        [EVENT_LOG_MSG] = LOG_INFO_,
        [EVENT_LOG_WARN] = LOG_WARN_,
        [EVENT_LOG_ERR] = LOG_ERROR_,
    };

    if (severity >= 0 && (size_t)severity < ARRAY_SIZE(levels))
        log_at(levels[severity], "libevent: %s", text);
}

/* Else the database could get descriptor 2, and error messages. */
static int open_standard_fds(struct verror *err)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR); /* 0 to 2 are for children too, hence no O_CLOEXEC */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return verror_errno(err, errno, "cannot open '/dev/null'");
    (void)close(fd); /* one of the others, nothing was written */
    return 0;
}

static void raise_fd_limit(const struct config *config)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->max_clients + OTHER_FDS;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        log_warn("only %ju files may be open, too few for max_clients = %u",
                 (uintmax_t)limit.rlim_cur, config->max_clients);
}

/* What the process itself needs, before anything is built. */
static int prepare_process(struct lifecycle *life, struct verror *err)
{
    const struct options *options = &life->options;

    log_setup(options->verbose ? LOG_DEBUG_ : LOG_INFO_, log_stderr_is_journal());
    event_set_log_callback(log_libevent);
    if (open_standard_fds(err) < 0)
        return -1;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return verror_errno(err, errno, "cannot ignore SIGPIPE");
    if (settings_load(life, err) < 0 || listen_inherit(life, err) < 0)
        return -1;
    raise_fd_limit(life->daemon.config);
    if (options->background && background_start(life, err) < 0)
        return -1;
    if (directories_prepare(life, err) < 0)
        return -1;
    life->pid_fd = pidfile_take(options->pid_file, err);
    return life->pid_fd < 0 ? -1 : 0;
}

static int start_loop(struct lifecycle *life, struct verror *err)
{
    life->daemon.base = event_base_new();
    if (!life->daemon.base)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot make an event loop");
    if (signals_start(life, err) < 0 || notify_start(life, err) < 0)
        return -1;
    return idle_start(life, err);
}

static int open_store(struct daemon *daemon, struct verror *err)
{
    _cleanup_free_ char *path = xasprintf("%s/virtjobd.db", daemon->state_dir);

    daemon->store = store_open(path, daemon->base, err);
    return daemon->store ? 0 : -1;
}

static int build_daemon(struct lifecycle *life, struct verror *err)
{
    struct daemon *daemon = &life->daemon;
    struct workers_width widths[LANE_MAX];
    struct server_limits limits = settings_limits(life);

    for (int lane = 0; lane < LANE_MAX; lane++)
        widths[lane] = settings_lane_width(life, lane);
    if (child_start(err) < 0)
        return -1;
    life->children_started = true;
    if (open_store(daemon, err) < 0)
        return -1;
    if (!(daemon->workers = workers_new(daemon->base, widths)) ||
        !(daemon->jobs = jobs_new(daemon)) || !(daemon->storage = storage_new(daemon)))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot build the daemon");
    if (!(daemon->domains = domains_new(daemon, err)))
        return -1;
    daemon->events = events_new();
    domain_events_start(daemon);
    monitor_events_start(daemon);
    pool_events_start(daemon);
    job_events_start(daemon);
    if (!(daemon->dispatch = dispatch_new(daemon_programs, daemon_nprograms)) ||
        !(daemon->server = server_new(daemon->base, &limits, &dispatch_handler, daemon)))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot build the daemon");
    return 0;
}

/* --- taking up what the last daemon left: pools, guests, jobs --- */

static void load_job(void *opaque, const struct store_job *row)
{
    struct daemon *daemon = opaque;

    (void)jobs_recover(daemon->jobs, row); /* it logs what it cannot take up */
}

static void start_failed(struct lifecycle *life, struct verror *err, const char *reason)
{
    log_error("%s", verror_text(err));
    life->exit_status = EXIT_FAILURE;
    lifecycle_stop(life, reason);
}

/* From here on clients are served. */
static void serve(struct lifecycle *life)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (listen_start(life, &err) < 0) {
        start_failed(life, &err, "it has no sockets");
        return;
    }
    life->phase = PHASE_SERVING;
    log_info("virtjobd " VERSION " serves qemu:///%s on %s",
             life->daemon.session ? "session" : "system",
             life->inherited.count ? "inherited sockets" : life->daemon.runtime_dir);
    notify_ready(life);
    background_ready(life);
}

static void domains_ready_cb(void *opaque)
{
    struct lifecycle *life = opaque;
    struct daemon *daemon = &life->daemon;

    if (life->phase != PHASE_STARTING)
        return;
    jobs_recover_start(daemon->jobs);
    domains_autostart(daemon->domains);
    serve(life);
}

static void storage_ready_cb(void *opaque)
{
    struct lifecycle *life = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (life->phase == PHASE_STARTING &&
        domains_start(life->daemon.domains, domains_ready_cb, life, &err) < 0)
        start_failed(life, &err, "its domains cannot be read");
}

static int take_up(struct lifecycle *life, struct verror *err)
{
    struct daemon *daemon = &life->daemon;

    if (store_load_jobs(daemon->store, load_job, daemon, err) < 0)
        return -1;
    return storage_start(daemon->storage, storage_ready_cb, life, err);
}

/* --- the loop, and its end --- */

static void jobs_stopped_cb(void *opaque)
{
    struct lifecycle *life = opaque;

    life->phase = PHASE_STOPPED;
}

void lifecycle_stop(struct lifecycle *life, const char *reason)
{
    if (life->phase >= PHASE_STOPPING) {
        log_warn("exiting at once (%s); running jobs are taken up at the next start", reason);
        _exit(life->exit_status);
    }
    log_info("stopping: %s", reason);
    life->phase = PHASE_STOPPING;
    notify_stopping(life);
    server_stop_accepting(life->daemon.server);
    jobs_stop(life->daemon.jobs, life->daemon.config->shutdown_grace_seconds, jobs_stopped_cb,
              life);
}

static void time_is_over(evutil_socket_t fd, short what, void *opaque)
{
    (void)fd;
    (void)what;
    (void)opaque; /* the timer is looked at */
}

/* Who waited for a job that has ended just now hears of that before the connections are closed. */
static void send_last_answers(struct daemon *daemon)
{
    static const struct timeval longest = { .tv_sec = CLIENTS_END_SECONDS };
    struct event *timer = evtimer_new(daemon->base, time_is_over, NULL);

    (void)evtimer_add(timer, &longest);
    while (!server_is_drained(daemon->server) && evtimer_pending(timer, NULL) &&
           event_base_loop(daemon->base, EVLOOP_ONCE) == 0)
        continue;
    event_free(timer);
}

static int turn_loop(struct lifecycle *life, struct verror *err)
{
    while (life->phase != PHASE_STOPPED) {
        if (event_base_loop(life->daemon.base, EVLOOP_ONCE) < 0)
            return verror_set(err, VIR_ERR_INTERNAL_ERROR, "the event loop failed");
        notify_update(life);
        idle_update(life);
    }
    send_last_answers(&life->daemon);
    return 0;
}

/*
 * A worker that is stuck in the kernel uses what would be freed: all that was
 * handed to the store goes to disk, then the process ends as it is.
 */
static void leave_stuck(struct lifecycle *life) __attribute__((noreturn));
static void leave_stuck(struct lifecycle *life)
{
    log_warn("exiting although a disk does not answer; its jobs are taken up at the next start");
    store_close(life->daemon.store);
    pidfile_release(life->options.pid_file, life->pid_fd);
    _exit(life->exit_status);
}

/*
 * Clients go first, so that what ends from here on answers nobody; then the
 * workers; then the store, whose last outcomes still reach jobs and calls.
 */
static void take_down_daemon(struct lifecycle *life)
{
    struct daemon *daemon = &life->daemon;

    server_free(daemon->server);
    daemon->server = NULL;
    domains_stop(daemon->domains);
    if (daemon->workers && !workers_free(daemon->workers, WORKERS_END_MS))
        leave_stuck(life);
    daemon->workers = NULL;
    reload_done(life);
    store_close(daemon->store);
    daemon->store = NULL;
    dispatch_free(daemon->dispatch);
    events_free(daemon->events);
    storage_free(daemon->storage);
    jobs_free(daemon->jobs);
    domains_free(daemon->domains);
    close_later_drain();
}

static void take_down(struct lifecycle *life)
{
    struct daemon *daemon = &life->daemon;

    if (daemon->base)
        signals_done(life);
    idle_done(life);
    notify_done(life);
    take_down_daemon(life);
    if (life->children_started)
        child_stop();
    listen_done(life);
    if (daemon->base)
        event_base_free(daemon->base);
    if (life->pid_fd >= 0)
        pidfile_release(life->options.pid_file, life->pid_fd);
    if (life->ready_fd >= 0)
        (void)close(life->ready_fd); /* the parent reads its end as the failure it is */
    config_free(daemon->config);
    free(daemon->config_path);
    options_clear(&life->options);
    libevent_global_shutdown();
}

int lifecycle_run(struct options *options)
{
    struct lifecycle life = { .pid_fd = -1, .ready_fd = -1, .options = *options };
    struct verror err = VERROR_INIT;

    *options = (struct options){ 0 };
    life.daemon.session = life.options.session;
    life.daemon.state_dir = life.options.state_dir;
    life.daemon.runtime_dir = life.options.runtime_dir;
    life.daemon.log_dir = life.options.log_dir;
    life.daemon.reload = reload_ask;
    if (prepare_process(&life, &err) < 0 || start_loop(&life, &err) < 0 ||
        build_daemon(&life, &err) < 0 || take_up(&life, &err) < 0 ||
        turn_loop(&life, &err) < 0) {
        log_error("%s", verror_text(&err));
        life.exit_status = EXIT_FAILURE;
    }
    verror_clear(&err);
    take_down(&life);
    return life.exit_status;
}
