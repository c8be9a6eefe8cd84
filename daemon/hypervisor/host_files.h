/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the small texts of /proc and /sys.  Private to daemon/hypervisor/host*.c.
 * Any thread, no state.
 */
#ifndef VIRTJOBD_HOST_FILES_H
#define VIRTJOBD_HOST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/macros.h"

/* Its first 64 KiB without the last newline; a new string, NULL: it cannot be read. */
char *host_file_read(const char *fmt, ...) _printf_(1, 2);
/* fallback where there is no such file, or no number in it */
unsigned int host_file_number(unsigned int fallback, const char *fmt, ...) _printf_(2, 3);

/* "0-3,8" -> { 0, 1, 2, 3, 8 }; *ret_ids is new.  -1: no such list. */
int host_list_parse(const char *text, unsigned int **ret_ids, size_t *ret_count);

#endif
