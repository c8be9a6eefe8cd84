/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data beside the calls of a connection: packets that carry the procedure and
 * serial of the call that opened the stream.  Nothing is kept here: what the
 * client sends goes to the owner at once, who holds the client's input while
 * it has enough, and sends only while there is room.  Loop thread.
 */
#ifndef VIRTJOBD_STREAM_H
#define VIRTJOBD_STREAM_H

#include "server/server.h"

struct stream;

/* What the owner does with what comes.  All are needed; any may close the stream. */
struct stream_ops {
    void (*data)(void *opaque, const void *data, size_t len); /* valid until it returns */
    void (*hole)(void *opaque, uint64_t len);
    void (*finish)(void *opaque); /* the client has sent all, or has got all */
    void (*abort)(void *opaque);  /* the client wants no more; an answer is due */
    void (*broken)(void *opaque, const char *why); /* the client sent what no stream can carry */
    void (*gone)(void *opaque);   /* the connection is gone; nothing can be sent any more */
    void (*writable)(void *opaque); /* there is room again, after it was found that there is none */
};

/*
 * Opens a stream for a call that is being handled.  The client's packets for
 * it are taken from now on, also before the call is answered.  NULL: the
 * client has too many.
 */
struct stream *stream_open(struct client *client, const struct frame_header *call,
                           const struct stream_ops *ops, void *opaque);
/* No word more of it or to it; what the client still sends is dropped.  NULL is fine. */
void stream_close(struct stream *stream);

/* Read no more of this client until it is let go; never longer than its owner is busy. */
void stream_hold(struct stream *stream, bool hold);
/* May more be sent?  If not, writable() will come. */
bool stream_has_room(struct stream *stream);

/* Takes over block, malloc'd: FRAME_MIN bytes that are filled in here, then len of data. */
void stream_send(struct stream *stream, void *block, size_t len);
void stream_send_hole(struct stream *stream, uint64_t len);
/* FRAME_CONTINUE: the end of the data.  FRAME_OK: the answer to a finish or an abort. */
void stream_send_empty(struct stream *stream, enum frame_status status);
/* For packets that are encoded elsewhere; takes over packet. */
struct frame_header stream_header(const struct stream *stream, enum frame_type type,
                                  enum frame_status status);
void stream_send_packet(struct stream *stream, void *packet, size_t len);

#endif
