/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls on snapshots share, under the name of the file that defines it.  Loop thread. */
#ifndef VIRTJOBD_DOMAIN_SNAPSHOT_CALL_H
#define VIRTJOBD_DOMAIN_SNAPSHOT_CALL_H

#include "calls/domain_call.h"
#include "hypervisor/snapshots.h"

/* domain_snapshot_merge.c: an external one of a guest that runs; CALL_PENDING or -1. */
int call_merge_snapshot(struct call *call, struct domain *domain, struct moment *snapshot,
                        bool async);

#endif
