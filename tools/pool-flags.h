/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --build, --overwrite and --no-overwrite, as pool-start and pool-create have them. */
#ifndef VIRTJOB_POOL_FLAGS_H
#define VIRTJOB_POOL_FLAGS_H

#include "tools/args.h"

/* virStoragePoolCreateFlags, the async bit among them. */
unsigned int pool_create_flags(const struct args *args);

#endif
