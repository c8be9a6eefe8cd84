/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which QEMU is installed: asked of qemu-img, each time, so that an upgrade shows at once. */
#ifndef VIRTJOBD_QEMU_VERSION_H
#define VIRTJOBD_QEMU_VERSION_H

#include <stdint.h>

struct call;

/* Handler of CONNECT_GET_VERSION; answers from a worker. */
int connect_get_version(struct call *call);

/* "qemu-img version 7.2.22 (…)" as major * 1000000 + minor * 1000 + micro; 0 for any other line. */
uint64_t qemu_version_parse(const char *line);

#endif
