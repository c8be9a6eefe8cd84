/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage objects to and from the wire, for all calls files.  Loop thread. */
#ifndef VIRTJOBD_LOOKUP_H
#define VIRTJOBD_LOOKUP_H

#include "calls/call.h"
#include "protocol/wire.h"
#include "storage/pool.h"

/* NULL with call->err (VIR_ERR_NO_STORAGE_POOL, VIR_ERR_NO_STORAGE_VOL). */
struct pool *call_pool(struct call *call, const struct wire_pool *wire);
struct pool *call_pool_by_name(struct call *call, const char *name);
struct vol *call_vol(struct call *call, const struct wire_vol *wire);
/* Also checks that the pool is active. */
struct pool *call_active_pool(struct call *call, const struct wire_pool *wire);

/* Strings are copies. */
void pool_to_wire(const struct pool *pool, struct wire_pool *ret);
void vol_to_wire(const struct vol *vol, struct wire_vol *ret);

#endif
