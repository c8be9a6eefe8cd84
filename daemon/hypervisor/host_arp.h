/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses that this host's kernel has heard of (ARP).  Worker; no state. */
#ifndef VIRTJOBD_HOST_ARP_H
#define VIRTJOBD_HOST_ARP_H

#include <stddef.h>

#include "util/verror.h"

#define HOST_ARP_FILE "/proc/net/arp"

enum { HOST_ARP_TEXT_MAX = 63 };

struct host_arp {
    char (*addresses)[HOST_ARP_TEXT_MAX + 1]; /* free() it */
    size_t len;
};

/* Those of that MAC address, at most max; -1 with err. */
int host_arp_find(const char *file, const char *mac, size_t max, struct host_arp *ret,
                  struct verror *err);

#endif
