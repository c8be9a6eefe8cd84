/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What domain_def.c and domain_disk.c share.  Any thread. */
#ifndef VIRTJOBD_DOMAIN_VIEW_H
#define VIRTJOBD_DOMAIN_VIEW_H

#include "xml/domain_def.h"

/* def->disks of all <disk> in <devices>. */
int domain_disks_parse(xmlNodePtr devices, struct domain_def *def, struct verror *err);
void domain_disks_clear(struct domain_def *def);

#endif
