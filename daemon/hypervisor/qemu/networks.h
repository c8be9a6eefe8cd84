/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The config's map of libvirt network names: "default=user lan=bridge:br0".
 * <interface type='network'> becomes that; a name that is not in it is refused.  Any thread.
 */
#ifndef VIRTJOBD_QEMU_NETWORKS_H
#define VIRTJOBD_QEMU_NETWORKS_H

#include "util/verror.h"

struct network_target {
    char *bridge; /* NULL: user mode */
};

/* -1 with err, CONFIG_UNSUPPORTED naming the network and the key "networks". */
int network_find(const char *map, const char *name, struct network_target *ret, struct verror *err);
void network_target_clear(struct network_target *target);
/* For the config: is the text such a map? */
int network_map_check(const char *map, struct verror *err);

#endif
