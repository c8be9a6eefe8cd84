/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's settings: command line over config file over defaults.  The
 * keys are a table in config.c; an unknown key, a wrong type or a value out
 * of bounds is an error that names file and line.
 */
#ifndef VIRTJOBD_CONFIG_H
#define VIRTJOBD_CONFIG_H

#include <stdbool.h>

#include "util/verror.h"

struct config {
    /* sockets, libvirtd.conf's names */
    char *unix_sock_group;    /* NULL = the daemon's own group */
    char *unix_sock_ro_perms; /* octal text, "0777" */
    char *unix_sock_rw_perms; /* "0700" system, "0700" session */
    unsigned int max_clients;
    unsigned int max_client_requests; /* in flight, per client */
    unsigned int max_workers;         /* control lane */
    /* jobs */
    unsigned int max_bulk_jobs;      /* bulk lane */
    unsigned int job_wait_seconds;   /* a short operation waits so long for its turn */
    unsigned int shutdown_grace_seconds; /* SIGTERM: time to reach a resumable point */
    unsigned int history_max_jobs;
    unsigned int history_max_days;
    unsigned int checkpoint_megabytes; /* synced and journalled each so many MiB */
    /* log */
    unsigned int log_level; /* 1 debug … 4 error */
};

/* Defaults for a system or session instance.  Never NULL. */
struct config *config_new(bool session);
void config_free(struct config *config);
/* Reads path over the defaults.  0, or -1 with err naming file, line and reason. */
int config_load(struct config *config, const char *path, struct verror *err);

#endif
