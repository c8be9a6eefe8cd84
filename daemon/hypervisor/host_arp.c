/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses that this host's kernel has heard of; see host_arp.h. */

#include "hypervisor/host_arp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"

enum { LINE_SIZE = 1024, COMPLETE = 2 /* ATF_COM: somebody has answered */ };

/* "192.0.2.1 0x1 0x2 52:54:00:00:00:01 * br0" */
static bool parse_line(const char *line, const char *mac, char address[HOST_ARP_TEXT_MAX + 1])
{
    char found[HOST_ARP_TEXT_MAX + 1];
    unsigned int flags;

    return sscanf(line, "%63s %*s 0x%x %63s", address, &flags, found) == 3 && flags & COMPLETE &&
           strcasecmp(found, mac) == 0;
}

int host_arp_find(const char *file, const char *mac, size_t max, struct host_arp *ret,
                  struct verror *err)
{
    char line[LINE_SIZE], address[HOST_ARP_TEXT_MAX + 1];
    FILE *in = fopen(file, "re");

    if (!in)
        return verror_errno(err, errno, "cannot open '%s'", file);
    *ret = (struct host_arp){ NULL, 0 };
    while (ret->len < max && fgets(line, sizeof(line), in)) {
        if (!parse_line(line, mac, address))
            continue;
        ret->addresses = xrealloc(ret->addresses, ret->len + 1, sizeof(*ret->addresses));
        strcpy(ret->addresses[ret->len++], address);
    }
    (void)fclose(in); /* only read */
    return 0;
}
