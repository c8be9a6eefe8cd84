/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls that open streams share.  Loop thread. */
#ifndef VIRTJOBD_STREAM_CALL_H
#define VIRTJOBD_STREAM_CALL_H

#include "server/stream.h"
#include "util/pipe.h"
#include "util/verror.h"

/* Tells the client and closes the stream. */
void stream_end_error(struct stream *stream, const struct verror *err, int default_domain);

/* The same with an error of that code and text. */
void stream_end_because(struct stream *stream, int code, const char *why, int domain);

/* Sends what is in the pipe, as far as the client takes it now. */
void stream_send_pieces(struct stream *stream, struct pipe *pipe);

#endif
