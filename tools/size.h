/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes as a user types them: a number and, if need be, virsh's suffix.
 */
#ifndef VIRTJOB_SIZE_H
#define VIRTJOB_SIZE_H

/*
 * Reads "512", "10G", "10GiB" (all powers of 1024) or "10GB" (powers of 1000),
 * in any case of letters.  0, -EINVAL (no such size) or -ERANGE (over 64 bits).
 */
int size_parse(const char *text, unsigned long long *ret_bytes);

#endif
