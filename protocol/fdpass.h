/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors over a unix socket, each with a byte of its own.  Any thread. */
#ifndef LIBVIRTJOB_FDPASS_H
#define LIBVIRTJOB_FDPASS_H

#include <sys/types.h>

/*
 * As recv(), but -errno on failure.  *ret_fd is untouched, or a descriptor that came with the last
 * of these bytes, where the kernel ends a read: the caller's now, and closed on exec.
 */
ssize_t fdpass_receive(int sock, void *data, size_t len, int flags, int *ret_fd);
/* Sends one byte, and fd with it: 1, or -errno. */
ssize_t fdpass_send(int sock, int fd, int flags);

#endif
