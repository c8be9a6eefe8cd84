/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of a running domain's devices, which are QEMU's ids for them: libvirt's,
 * as a saved guest's stream names devices by them.  Worker.
 */
#ifndef VIRTJOBD_QEMU_LIVE_ALIASES_H
#define VIRTJOBD_QEMU_LIVE_ALIASES_H

#include <libxml/tree.h>

/* Every device that can have an alias and has none gets one. */
void live_aliases(xmlNodePtr devices);

#endif
