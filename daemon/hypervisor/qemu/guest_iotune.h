/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of a running guest's disks, as QEMU has them.  Workers. */
#ifndef VIRTJOBD_QEMU_GUEST_IOTUNE_H
#define VIRTJOBD_QEMU_GUEST_IOTUNE_H

#include "xml/domain_iotune.h"

struct guest;
struct job_ctl;

/* What QEMU says of the drive of that alias; all zero where it is empty.  -1 with err. */
int guest_get_iotune(const struct guest *guest, const char *alias, struct iotune *ret_tune,
                     struct verror *err);
int guest_set_iotune(const struct guest *guest, const char *alias, const struct iotune *tune,
                     struct job_ctl *ctl, struct verror *err);
/* All that a live document says, before the guest runs. */
int guest_apply_iotunes(const struct guest *guest, xmlNodePtr domain, struct job_ctl *ctl,
                        struct verror *err);

#endif
