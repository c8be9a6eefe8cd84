/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backing store a new volume is to have, before it is made.  Worker threads, no state. */
#ifndef VIRTJOBD_VOL_BACKING_H
#define VIRTJOBD_VOL_BACKING_H

#include "util/verror.h"
#include "xml/vol_xml.h"

/* It must be there; capacity: where def asks for none, the backing store's becomes def's. */
int vol_backing_check(struct vol_def *def, bool capacity, struct verror *err);
/* What a conversion writes depends on what lies below: nothing is assumed about it. */
int vol_backing_check_format(const struct vol_def *def, const char *source, struct verror *err);

#endif
