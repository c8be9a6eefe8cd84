/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's XML as the command line of its QEMU, for people to read.  Worker. */
#ifndef VIRTJOBD_QEMU_NATIVE_H
#define VIRTJOBD_QEMU_NATIVE_H

#include "util/verror.h"

struct domains;

/*
 * What domains' daemon would start for that XML, as a line for a shell; nothing is opened or made.
 * A new string, or NULL with err.
 */
char *qemu_native_from_xml(const struct domains *domains, const char *xml, struct verror *err);

#endif
