/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a stream ends with an error.  Loop thread. */
#ifndef VIRTJOBD_STREAM_ERROR_H
#define VIRTJOBD_STREAM_ERROR_H

#include "server/stream.h"
#include "util/verror.h"

/* Tells the client and closes the stream. */
void stream_end_error(struct stream *stream, const struct verror *err, int default_domain);

#endif
