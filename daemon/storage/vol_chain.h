/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What images of volumes name beside their own file: backing stores, and those of these.  By
 * what was last read of their headers, which whoever may upload has written.  Loop thread.
 */
#ifndef VIRTJOBD_VOL_CHAIN_H
#define VIRTJOBD_VOL_CHAIN_H

#include "storage/vol_spec.h"

/* Notes which volumes a clone of source reads below it, for its locks: none changes meanwhile. */
void vol_chain_note(struct vol_spec *spec, const struct vol *source);

/*
 * Of a spec with only_volumes, once it has its locks: -1 with VIR_ERR_ACCESS_DENIED where the new
 * backing store or an image below a source is no volume of an active pool, or an image names
 * other files.
 */
int vol_chain_check_create(const struct vol_spec *spec, struct verror *err);
/* The same of the volume that is changed: what qemu-img opens, it may write to. */
int vol_chain_check_change(const struct vol_spec *spec, struct verror *err);

#endif
