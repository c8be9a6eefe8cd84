/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streams of a connection; see stream.h.  Loop thread. */

#include "server/stream.h"

#include <string.h>

#include "protocol/wire.h"
#include "server/internal.h"
#include "util/alloc.h"

struct stream {
    struct stream *next;
    struct client *client; /* NULL once it is gone */
    struct frame_header call;
    const struct stream_ops *ops;
    void *opaque;
    bool holding;
    bool wants_room;
    bool ended; /* the client has been told the end of the data */
};

unsigned int streams_count(const struct client *client)
{
    unsigned int count = 0;

    for (const struct stream *stream = client->streams; stream; stream = stream->next)
        count++;
    return count;
}

struct stream *stream_open(struct client *client, const struct frame_header *call,
                           const struct stream_ops *ops, void *opaque)
{
    struct stream *stream;

    if (client->gone || streams_count(client) >= client->server->limits.max_client_streams)
        return NULL;
    stream = XNEW(struct stream);
    stream->client = client;
    stream->call = *call;
    stream->ops = ops;
    stream->opaque = opaque;
    stream->next = client->streams;
    client->streams = stream;
    return stream;
}

void stream_hold(struct stream *stream, bool hold)
{
    struct client *client = stream->client;

    if (!client || stream->holding == hold)
        return;
    stream->holding = hold;
    if (hold) {
        client->held++;
        return;
    }
    if (--client->held == 0 && !client->busy)
        client_set_due(client); /* goes on with what waits */
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    stream_hold(stream, false);
    if (stream->client) {
        struct stream **at = &stream->client->streams;

        while (*at != stream)
            at = &(*at)->next;
        *at = stream->next;
    }
    free(stream);
}

/* --- out --- */

bool stream_has_room(struct stream *stream)
{
    bool room = stream->client && stream->client->output_bytes < STREAM_OUTPUT_MAX;

    stream->wants_room = !room;
    return room;
}

struct frame_header stream_header(const struct stream *stream, enum frame_type type,
                                  enum frame_status status)
{
    struct frame_header header = stream->call;

    header.type = type;
    header.status = status;
    return header;
}

void stream_send_packet(struct stream *stream, void *packet, size_t len)
{
    if (stream->client)
        client_send(stream->client, packet, len);
    else
        free(packet);
}

void stream_send(struct stream *stream, void *block, size_t len)
{
    const struct frame_header header = stream_header(stream, FRAME_STREAM, FRAME_CONTINUE);

    frame_encode_header(block, &header, len);
    stream_send_packet(stream, block, FRAME_MIN + len);
}

void stream_send_hole(struct stream *stream, uint64_t len)
{
    const struct frame_header header = stream_header(stream, FRAME_STREAM_HOLE, FRAME_CONTINUE);
    wire_stream_hole hole = { .length = (quad_t)len };
    void *packet;
    size_t packet_len;

    /* two numbers always fit: what can fail is only memory */
    if (frame_encode(&header, (xdrproc_t)xdr_wire_stream_hole, &hole, &packet, &packet_len) < 0)
        abort();
    stream_send_packet(stream, packet, packet_len);
}

void stream_send_empty(struct stream *stream, enum frame_status status)
{
    const struct frame_header header = stream_header(stream, FRAME_STREAM, status);
    void *packet = xmalloc(FRAME_MIN);

    stream->ended = true;
    frame_encode_header(packet, &header, 0);
    stream_send_packet(stream, packet, FRAME_MIN);
}

static struct stream *find_waiting(const struct client *client)
{
    struct stream *stream = client->streams;

    while (stream && !stream->wants_room)
        stream = stream->next;
    return stream;
}

bool streams_writable(struct client *client)
{
    struct stream *stream;
    bool any = false;

    /* from the start each time: its owner may close others too */
    while (!client->gone && client->output_bytes < STREAM_OUTPUT_MAX &&
           (stream = find_waiting(client))) {
        any = true;
        stream->wants_room = false;
        stream->ops->writable(stream->opaque);
    }
    return any;
}

/* --- in --- */

static struct stream *find_stream(const struct client *client, const struct frame_header *header)
{
    struct stream *stream = client->streams;

    while (stream &&
           (stream->call.serial != header->serial || stream->call.program != header->program ||
            stream->call.procedure != header->procedure))
        stream = stream->next;
    return stream;
}

bool streams_have_serial(const struct client *client, uint32_t serial)
{
    for (const struct stream *stream = client->streams; stream; stream = stream->next)
        if (stream->call.serial == serial)
            return true;
    return false;
}

static void take_hole(struct stream *stream, const struct frame_header *header,
                      const char *payload, size_t len)
{
    wire_stream_hole hole = { .length = 0 };

    if (header->status != FRAME_CONTINUE ||
        frame_decode_payload(payload, len, (xdrproc_t)xdr_wire_stream_hole, &hole) < 0 ||
        hole.length <= 0 || hole.flags != 0)
        stream->ops->broken(stream->opaque, "a hole that is none");
    else
        stream->ops->hole(stream->opaque, (uint64_t)hole.length);
}

void streams_take(struct client *client, const struct frame_header *header, const char *payload,
                  size_t len)
{
    struct stream *stream = find_stream(client, header);

    if (!stream)
        return; /* it has ended, and this was still on its way */
    if (header->type == FRAME_STREAM_HOLE)
        take_hole(stream, header, payload, len);
    else if (header->status == FRAME_ERROR)
        stream->ops->abort(stream->opaque);
    else if (header->status == FRAME_OK)
        stream->ops->finish(stream->opaque);
    else if (len > 0)
        stream->ops->data(stream->opaque, payload, len);
}

bool streams_are_ending(const struct client *client)
{
    for (const struct stream *stream = client->streams; stream; stream = stream->next)
        if (stream->ended || stream->wants_room)
            return true;
    return false;
}

void streams_gone(struct client *client)
{
    client->held = 0;
    while (client->streams) {
        struct stream *stream = client->streams;

        client->streams = stream->next;
        stream->client = NULL;
        stream->ops->gone(stream->opaque);
    }
}
