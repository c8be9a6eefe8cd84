/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pool or a volume may be called.  Any thread. */
#ifndef VIRTJOBD_NAME_CHECK_H
#define VIRTJOBD_NAME_CHECK_H

#include "util/verror.h"

/*
 * One path component: not empty, not "." or "..", no '/', no control
 * characters, valid UTF-8, at most 255 bytes.  what ("storage pool name")
 * starts the message.  0, or -1 with err: path_code where it would be another
 * path, as libvirt's code for that depends on the object; else VIR_ERR_XML_ERROR.
 */
int name_check(const char *name, const char *what, int path_code, struct verror *err);

/* Valid UTF-8 without control characters, for paths.  0, or -1 with err. */
int text_check(const char *text, const char *what, struct verror *err);

#endif
