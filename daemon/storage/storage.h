/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All storage pools of this daemon.  Loop thread only.
 */
#ifndef VIRTJOBD_STORAGE_H
#define VIRTJOBD_STORAGE_H

#include "util/verror.h"

struct daemon;
struct storage;

struct storage *storage_new(struct daemon *daemon);
void storage_free(struct storage *storage);
/*
 * Start-up: reads definitions from the store, starts pools that were active or
 * are autostarted.  ready (once) when all that is done, or a stuck disk has been
 * waited for long enough.
 * 0, or -1 with err when the store cannot be read.
 */
int storage_start(struct storage *storage, void (*ready)(void *opaque), void *opaque,
                  struct verror *err);

#endif
