/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon as a whole: what main builds, the loop runs and everything else
 * is handed.  Only the loop thread uses it; workers never see it.
 */
#ifndef VIRTJOBD_DAEMON_H
#define VIRTJOBD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct console;
struct dispatch;
struct domains;
struct event_base;
struct events;
struct jobs;
struct server;
struct storage;
struct store;
struct verror;
struct workers;

struct daemon {
    struct event_base *base;
    struct config *config;
    char *config_path; /* NULL = none given and no default file there */
    char *state_dir, *runtime_dir, *log_dir;
    bool session; /* --session: qemu:///session, else qemu:///system */
    struct workers *workers;
    struct store *store;
    struct jobs *jobs;
    struct storage *storage;
    struct domains *domains;
    struct dispatch *dispatch;
    struct events *events;
    uint64_t access_generation; /* one more each time that the access rules have changed */
    struct server *server;
    /* Reads settings and certificates again; done tells how it went, later, with err->code 0 =
       well. */
    void (*reload)(struct daemon *daemon, void (*done)(void *opaque, const struct verror *err),
                   void *opaque);
    struct console *consoles; /* the open ones: domain_console.c's */
};

#endif
