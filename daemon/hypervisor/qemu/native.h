/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's XML as the command line of its QEMU, for people to read.  Worker. */
#ifndef VIRTJOBD_QEMU_NATIVE_H
#define VIRTJOBD_QEMU_NATIVE_H

#include <stdbool.h>

#include "util/verror.h"

struct domains;

/*
 * What domains' daemon would start for that XML, as a line for a shell; nothing is opened or made.
 * The emulator is asked what it can do: any_emulator, as the XML names it, or only the host's own.
 * A new string, or NULL with err.
 */
char *qemu_native_from_xml(const struct domains *domains, const char *xml, bool any_emulator,
                           struct verror *err);

#endif
