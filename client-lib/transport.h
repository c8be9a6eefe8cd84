/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to the daemon: each ends in a connected stream socket. */
#ifndef LIBVIRTJOB_TRANSPORT_H
#define LIBVIRTJOB_TRANSPORT_H

#include <stdbool.h>

#include "uri.h"

/*
 * The socket a URI means: its socket= option, else the system's or this user's
 * daemon.  The caller frees it.  NULL: raised.
 */
char *unix_socket_path(const struct uri *uri, bool readonly);

/* Connects to it.  Returns a descriptor, or -1: raised. */
int unix_connect(const char *path);

#endif
