/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls that open streams share; see stream_call.h.  Loop thread. */

#include "calls/stream_call.h"

#include "calls/call.h"
#include "protocol/wire.h"

_Static_assert((int)PIPE_HEADROOM == (int)FRAME_MIN, "a piece becomes a packet in place");

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

void stream_end_because(struct stream *stream, int code, const char *why, int domain)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    verror_set(&err, code, "%s", why);
    stream_end_error(stream, &err, domain);
}

void stream_send_pieces(struct stream *stream, struct pipe *pipe)
{
    struct pipe_piece *piece;

    while (stream_has_room(stream) && (piece = pipe_take(pipe, PIPE_LOOP))) {
        if (piece->block)
            stream_send(stream, STEAL_PTR(piece->block), (size_t)piece->len);
        else
            stream_send_hole(stream, piece->len);
        pipe_piece_free(piece);
    }
}
