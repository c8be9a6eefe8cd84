/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of the process, from the command line to its exit status, in file
 * order.  All of it runs on the main thread, which is the loop thread.
 */
#ifndef VIRTJOBD_LIFECYCLE_H
#define VIRTJOBD_LIFECYCLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon.h"
#include "options.h"
#include "server/server.h"
#include "util/verror.h"

struct event;
struct reload;
struct reload_asked;

enum phase {
    PHASE_STARTING = 0, /* taking up what the store knows; clients wait in the backlog */
    PHASE_SERVING,
    PHASE_STOPPING, /* accepts nothing; jobs reach a point they resume from */
    PHASE_STOPPED,  /* the loop ends */
};

enum { LIFECYCLE_SIGNALS = 3 };

/* Listening sockets that came with the process. */
struct inherited {
    int count; /* descriptors from SD_LISTEN_FDS_START on, ours until the server has them */
    char **names;
};

struct lifecycle {
    struct daemon daemon;
    struct options options;
    enum phase phase;
    int exit_status;
    bool children_started;
    bool listening;
    int pid_fd;   /* locked pid file, or -1 */
    int ready_fd; /* -d: the waiting parent's pipe, or -1 */
    struct inherited inherited;
    bool serves_tls;
    bool has_sasl; /* its library has been started */
    struct reload *reload;             /* under way, or NULL */
    struct reload_asked *reload_asked; /* for the next one */
    struct event *signals[LIFECYCLE_SIGNALS];
    struct event *idle_timer; /* NULL without -t */
    bool idle_armed;
    struct event *status_timer; /* NULL without somebody to notify */
    unsigned int told_clients, told_jobs;
};

/* --- lifecycle.c --- */

/* From options (which it takes over) to the exit status. */
int lifecycle_run(struct options *options);
/* First call: stop in order, for the reason given.  Second: exit at once. */
void lifecycle_stop(struct lifecycle *life, const char *reason);

/* --- settings.c --- */

/* Config file over defaults, into life->daemon.config.  0, or -1 with err. */
int settings_load(struct lifecycle *life, struct verror *err);
/* Any thread.  NULL with err.  *ret_found: there was a file. */
struct config *settings_read(const struct options *options, bool *ret_found, struct verror *err);
/* Takes over what takes effect at once; fresh is to be freed after it. */
void settings_apply(struct lifecycle *life, struct config *fresh);
int settings_log_level(const struct lifecycle *life);
struct workers_width settings_lane_width(const struct lifecycle *life, int lane);
struct server_limits settings_limits(const struct lifecycle *life);

/* --- reload.c --- */

/* For SIGHUP, and struct daemon's for clients: done, if any, is told on the loop how it went. */
void reload_ask(struct daemon *daemon, void (*done)(void *opaque, const struct verror *err),
                void *opaque);
/* After the workers have ended. */
void reload_done(struct lifecycle *life);

/* --- tls.c --- */

/* Certificates as the settings have them.  Blocks; any thread.  NULL with err. */
struct tls_context *tls_load(const struct config *config, bool session, struct verror *err);

/* --- background.c: -d --- */

/*
 * Forks; the parent waits until the child is ready and exits in here.  In the
 * child, sets life->ready_fd.  Before the first thread.  0, or -1 with err.
 */
int background_start(struct lifecycle *life, struct verror *err);
/* Lets the parent go and leaves its terminal. */
void background_ready(struct lifecycle *life);

/* --- directories.c --- */

/* Makes and checks state, runtime and log directory.  0, or -1 with err. */
int directories_prepare(const struct lifecycle *life, struct verror *err);
/* One of them, with the directories above it. */
int directory_prepare(const char *path, mode_t mode, mode_t parents, struct verror *err);

/* --- pidfile.c --- */

/* Writes and locks it; refused while another process holds it.  The fd, or -1 with err. */
int pidfile_take(const char *path, struct verror *err);
/* Removes the file and lets the lock go. */
void pidfile_release(const char *path, int fd);

/* --- listen.c --- */

/* Takes note of systemd's sockets, early: no child may inherit them. */
int listen_inherit(struct lifecycle *life, struct verror *err);
/* Starts to accept, on those or on our own.  0, or -1 with err. */
int listen_start(struct lifecycle *life, struct verror *err);
void listen_done(struct lifecycle *life);

/* --- listen-remote.c --- */

/* Before the first socket of this kind.  0, or -1 with err: it may not be served. */
/* How clients of such a socket show who they are, and what is needed for it.  0, or -1 with err. */
enum server_auth listen_auth(const struct config *config, enum server_socket kind, bool readonly);
int listen_prepare_auth(struct lifecycle *life, enum server_auth auth, struct verror *err);
int listen_prepare_remote(struct lifecycle *life, enum server_socket kind, struct verror *err);
/* What --listen asks for, but of the kinds (enum server_socket) that systemd has handed over. */
int listen_remote(struct lifecycle *life, const bool inherited[], struct verror *err);

/* --- notify.c: what systemd is told --- */

int notify_start(struct lifecycle *life, struct verror *err);
void notify_ready(struct lifecycle *life);
void notify_reloading(struct lifecycle *life);
void notify_stopping(struct lifecycle *life);
/* After each turn of the loop; cheap while nothing has changed. */
void notify_update(struct lifecycle *life);
void notify_done(struct lifecycle *life);

/* --- signals.c --- */

int signals_start(struct lifecycle *life, struct verror *err);
/* From here on SIGTERM and SIGINT end the process at once. */
void signals_done(struct lifecycle *life);

/* --- idle.c: -t --- */

int idle_start(struct lifecycle *life, struct verror *err);
/* After each turn of the loop. */
void idle_update(struct lifecycle *life);
void idle_done(struct lifecycle *life);

#endif
