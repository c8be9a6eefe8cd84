/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of keys, from the codesets clients use to QEMU's.  Static data, any thread. */
#ifndef VIRTJOBD_QEMU_KEYCODES_H
#define VIRTJOBD_QEMU_KEYCODES_H

#include "util/verror.h"

/* QEMU's number of a key; codeset: virKeycodeSet.  -1 with err: no such key, no such codeset. */
int keycode_to_qemu(unsigned int codeset, unsigned int key, struct verror *err);

#endif
