/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All domains of this daemon.  Loop thread only.
 */
#ifndef VIRTJOBD_DOMAINS_H
#define VIRTJOBD_DOMAINS_H

#include <stdbool.h>

#include "util/verror.h"

struct daemon;
struct domains;
struct monitors;
struct qemu_caps_cache;
struct store_txn;

/* NULL with err. */
struct domains *domains_new(struct daemon *daemon, struct verror *err);
/* Workers' calls to QEMU end from here on; before the workers are waited for. */
void domains_stop(struct domains *domains);
/* After the jobs. */
void domains_free(struct domains *domains);

/*
 * Start-up: reads the definitions from the store, finds the guests that ran and connects to
 * them.  ready (once) when all of them have been found or given up.  0, or -1 with err when the
 * store cannot be read.
 */
int domains_start(struct domains *domains, void (*ready)(void *opaque), void *opaque,
                  struct verror *err);
/* Starts what is marked so and does not run; once jobs are taken. */
void domains_autostart(struct domains *domains);
/* Guests run: an idle daemon does not exit. */
bool domains_are_idle(const struct domains *domains);

/* Any thread. */
struct qemu_caps_cache *domains_caps(const struct domains *domains);

#endif
