/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether somebody is connected to a server of another process, as the kernel tells.  Workers. */
#ifndef VIRTJOBD_QEMU_SOCKET_CLIENTS_H
#define VIRTJOBD_QEMU_SOCKET_CLIENTS_H

#include <stdbool.h>
#include <sys/types.h>

/* path: of its unix socket, which may be unlinked by now; NULL: its TCP port counts. */
bool socket_has_clients(pid_t pid, const char *path, unsigned long port);

#endif
