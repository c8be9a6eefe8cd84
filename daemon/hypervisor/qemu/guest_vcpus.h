/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs that a guest does not start with.  Workers. */
#ifndef VIRTJOBD_QEMU_GUEST_VCPUS_H
#define VIRTJOBD_QEMU_GUEST_VCPUS_H

#include <libxml/tree.h>

#include "util/verror.h"

struct guest;
struct job_ctl;

/* Plugs in that one, by its number. */
int guest_plug_vcpu(const struct guest *guest, unsigned int which, struct job_ctl *ctl,
                    struct verror *err);
/* Has its thread run where a live document says, or anywhere. */
int guest_pin_new_vcpu(const struct guest *guest, unsigned int which, xmlNodePtr domain,
                       struct job_ctl *ctl, struct verror *err);
/* All that a live document says are on and hotpluggable, in their order, before the guest runs. */
int guest_plug_vcpus(const struct guest *guest, xmlNodePtr domain, struct job_ctl *ctl,
                     struct verror *err);

#endif
