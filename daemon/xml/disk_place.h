/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in the machine a domain's disks are, as a guest sees them.  Any thread; no state. */
#ifndef VIRTJOBD_DISK_PLACE_H
#define VIRTJOBD_DISK_PLACE_H

#include <stdbool.h>

#include "xml/domain_def.h"

enum { DISK_TARGET_MAX = 31 };

struct disk_place {
    char target[DISK_TARGET_MAX + 1]; /* "vda" */
    int pci[4];                       /* domain, bus, slot, function: its own or its controller's */
    bool is_drive;                    /* behind a controller, at: */
    int drive[3];                     /* bus, target, unit */
};

/* Of a live definition: all whose place is known; an array.  Worker. */
size_t disk_places(const struct domain_def *def, struct disk_place **ret);

#endif
