/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a stream ends with an error; see stream_error.h.  Loop thread. */

#include "calls/stream_error.h"

#include "calls/call.h"
#include "protocol/wire.h"

void stream_end_error(struct stream *stream, const struct verror *err, int default_domain)
{
    struct frame_header header = stream_header(stream, FRAME_STREAM, FRAME_ERROR);
    struct wire_error wire;
    void *packet;
    size_t len;

    call_error_to_wire(err, default_domain, &wire);
    /* our own texts are bounded: what can fail is only memory */
    if (frame_encode(&header, (xdrproc_t)xdr_wire_error, &wire, &packet, &len) < 0)
        abort();
    stream_send_packet(stream, packet, len);
    stream_close(stream);
}
