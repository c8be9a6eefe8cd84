/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots of a domain, as moments of its past.  Loop thread. */
#ifndef VIRTJOBD_SNAPSHOTS_H
#define VIRTJOBD_SNAPSHOTS_H

#include "hypervisor/moments.h"
#include "xml/snapshot_xml.h"

extern const struct moment_type snapshot_moments; /* of domain->snapshots */

static inline struct snapshot_def *moment_snapshot(const struct moment *snapshot)
{
    return snapshot->def;
}

#endif
