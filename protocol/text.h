/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a text is decoded: what wire.x uses in place of xdr_string().  Any thread: no state. */
#ifndef VIRTJOB_TEXT_H
#define VIRTJOB_TEXT_H

#include <rpc/types.h>
#include <rpc/xdr.h>

/*
 * As xdr_string(), but a text that is longer than what has arrived is refused
 * before memory is taken for it, and one with a NUL in it is refused too: what
 * is looked at later would not be what was sent.
 */
bool_t xdr_text(XDR *xdr, char **text, u_int max);

#endif
