/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's sharing of pages that are the same (KSM): how it goes, and how
 * eager it is.  root as in host.h.  No state, any thread.
 */
#ifndef VIRTJOBD_HOST_KSM_H
#define VIRTJOBD_HOST_KSM_H

#include <stdbool.h>
#include <stdint.h>

#include "util/verror.h"

/* One of its numbers: libvirt's name of it, and the kernel's. */
struct host_ksm_field {
    const char *name, *file;
    bool is_setting; /* can be changed, and is an unsigned int; else one of 64 bits */
};
enum { HOST_KSM_FIELDS = 8 };
extern const struct host_ksm_field host_ksm_fields[HOST_KSM_FIELDS];

/* False: this kernel has no such number. */
bool host_ksm_get(const char *root, int field, uint64_t *ret_value);
int host_ksm_set(const char *root, int field, unsigned int value, struct verror *err);

#endif
