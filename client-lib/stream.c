/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams as the application sees them; how their packets travel is channel.c's.  Any thread. */

#include "internal.h"

#include <limits.h>
#include <string.h>

static int check_no_flags(unsigned int flags)
{
    if (!flags)
        return 0;
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "unsupported flags (0x%x) in %s", flags,
                       error_api());
}

virStreamPtr virStreamNew(virConnectPtr conn, unsigned int flags)
{
    virStreamPtr stream;

    if (!conn_enter(conn) || check_no_flags(flags & ~(unsigned int)VIR_STREAM_NONBLOCK) < 0)
        return NULL;
    stream = calloc(1, sizeof(*stream));
    if (!stream) {
        (void)error_raise_no_memory();
        return NULL;
    }
    stream->object.magic = MAGIC_STREAM;
    stream->object.refs = 1;
    stream->object.conn = conn;
    stream->wire.nonblock = flags & VIR_STREAM_NONBLOCK;
    (void)object_ref(&conn->object);
    return stream;
}

int virStreamRef(virStreamPtr stream)
{
    return stream_enter(stream) ? object_ref(&stream->object) : -1;
}

static void close_stream(virStreamPtr stream)
{
    stream->open = false;
    channel_stream_close(stream->object.conn->channel, &stream->wire);
    free(STEAL_PTR(stream->piece));
}

int stream_check_open(virStreamPtr stream)
{
    if (stream->open)
        return 0;
    return error_raise(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS,
                       "the stream given to %s is not open", error_api());
}

/* What it has failed with; it stays so until it is closed. */
static int raise_failed(virStreamPtr stream)
{
    if (!stream->wire.error)
        return error_raise_no_memory();
    return error_raise_payload(stream->wire.error, stream->wire.error_len);
}

/* --- out --- */

/* 0, -1: raised, or STREAM_WOULD_BLOCK. */
static int send_packet(virStreamPtr stream, enum frame_type type, enum frame_status status,
                       void *packet, size_t len)
{
    struct channel_error error;
    int rc = channel_stream_send(stream->object.conn->channel, &stream->wire, type, status, packet,
                                 len, &error);

    if (rc == -1)
        return error_raise_channel(&error);
    return rc > 0 ? raise_failed(stream) : rc;
}

int stream_send(virStreamPtr stream, const char *data, size_t nbytes)
{
    size_t len = nbytes < STREAM_PACKET_MAX ? nbytes : STREAM_PACKET_MAX;
    _cleanup_free_ char *packet = NULL;
    int rc;

    if (stream_check_open(stream) < 0)
        return -1;
    if (!data)
        return error_raise_null("data");
    if (len == 0)
        return 0;
    packet = malloc(FRAME_MIN + len);
    if (!packet)
        return error_raise_no_memory();
    memcpy(packet + FRAME_MIN, data, len);
    rc = send_packet(stream, FRAME_STREAM, FRAME_CONTINUE, packet, FRAME_MIN + len);
    return rc < 0 ? rc : (int)len;
}

int virStreamSend(virStreamPtr stream, const char *data, size_t nbytes)
{
    return stream_enter(stream) ? stream_send(stream, data, nbytes) : -1;
}

int stream_send_hole(virStreamPtr stream, long long length)
{
    wire_stream_hole hole = { .length = length };
    _cleanup_free_ void *packet = NULL;
    size_t len;

    if (stream_check_open(stream) < 0)
        return -1;
    if (length <= 0)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: length in %s must be greater than zero", error_api());
    if (frame_encode(&stream->wire.call, XDR_OF(wire_stream_hole), &hole, &packet, &len) < 0)
        return error_raise_no_memory();
    return send_packet(stream, FRAME_STREAM_HOLE, FRAME_CONTINUE, packet, len);
}

int virStreamSendHole(virStreamPtr stream, long long length, unsigned int flags)
{
    if (!stream_enter(stream) || check_no_flags(flags) < 0)
        return -1;
    return stream_send_hole(stream, length);
}

/* --- in --- */

/* What comes next; an error is raised. */
static enum stream_news next_news(virStreamPtr stream, bool after_end)
{
    struct channel_error error;
    enum stream_news news = channel_stream_receive(stream->object.conn->channel, &stream->wire,
                                                   after_end, &stream->piece, &error);

    if (news == STREAM_LOST)
        (void)error_raise_channel(&error);
    else if (news == STREAM_FAILED)
        (void)raise_failed(stream);
    return news;
}

/*
 * Sees to it that the next piece is at hand.  1: it is; 0: the end of the data; -1: raised;
 * STREAM_WOULD_BLOCK.
 */
static int next_piece(virStreamPtr stream)
{
    static const int results[] = { [STREAM_ENDED] = 0, [STREAM_PIECE] = 1, [STREAM_FINISHED] = 0,
                                   [STREAM_FAILED] = -1 };
    enum stream_news news;

    if (stream->piece && stream->piece->pos < stream->piece->len)
        return 1;
    free(STEAL_PTR(stream->piece));
    news = next_news(stream, false);
    if (news == STREAM_NOTHING)
        return STREAM_WOULD_BLOCK;
    return news == STREAM_LOST ? -1 : results[news];
}

static int take_bytes(struct stream_piece *piece, char *data, size_t nbytes)
{
    uint64_t left = piece->len - piece->pos;
    size_t len = left < nbytes ? (size_t)left : nbytes;

    if (len > INT_MAX)
        len = INT_MAX;
    if (piece->hole)
        memset(data, 0, len);
    else
        memcpy(data, piece->data + piece->pos, len);
    piece->pos += len;
    return (int)len;
}

int stream_receive(virStreamPtr stream, char *data, size_t nbytes, unsigned int flags)
{
    int rc;

    if (stream_check_open(stream) < 0)
        return -1;
    if (flags & ~(unsigned int)VIR_STREAM_RECV_STOP_AT_HOLE)
        return check_no_flags(flags);
    if (!data)
        return error_raise_null("data");
    rc = next_piece(stream);
    if (rc <= 0)
        return rc;
    if (stream->piece->hole && (flags & VIR_STREAM_RECV_STOP_AT_HOLE))
        return STREAM_AT_HOLE;
    return take_bytes(stream->piece, data, nbytes);
}

int virStreamRecv(virStreamPtr stream, char *data, size_t nbytes)
{
    return stream_enter(stream) ? stream_receive(stream, data, nbytes, 0) : -1;
}

int virStreamRecvFlags(virStreamPtr stream, char *data, size_t nbytes, unsigned int flags)
{
    return stream_enter(stream) ? stream_receive(stream, data, nbytes, flags) : -1;
}

int stream_receive_hole(virStreamPtr stream, long long *length)
{
    int rc;

    if (stream_check_open(stream) < 0)
        return -1;
    if (!length)
        return error_raise_null("length");
    rc = next_piece(stream);
    if (rc < 0)
        return rc;
    *length = 0;
    if (rc > 0 && stream->piece->hole) {
        *length = (long long)(stream->piece->len - stream->piece->pos);
        stream->piece->pos = stream->piece->len;
    }
    return 0;
}

int virStreamRecvHole(virStreamPtr stream, long long *length, unsigned int flags)
{
    if (!stream_enter(stream) || check_no_flags(flags) < 0)
        return -1;
    return stream_receive_hole(stream, length);
}

/* --- the end --- */

/* Says so, and drops what still comes until the daemon has answered. */
static int end_stream(virStreamPtr stream, enum frame_status status)
{
    char packet[FRAME_MIN];
    enum stream_news news;

    if (send_packet(stream, FRAME_STREAM, status, packet, sizeof(packet)) < 0)
        return -1;
    do {
        free(STEAL_PTR(stream->piece));
        news = next_news(stream, true);
    } while (news == STREAM_PIECE);
    return news == STREAM_FINISHED ? 0 : -1;
}

static int finish(virStreamPtr stream, enum frame_status status)
{
    int rc;

    if (!stream_enter(stream) || stream_check_open(stream) < 0)
        return -1;
    rc = end_stream(stream, status);
    close_stream(stream);
    return rc;
}

int virStreamFinish(virStreamPtr stream)
{
    return finish(stream, FRAME_OK);
}

int virStreamAbort(virStreamPtr stream)
{
    return finish(stream, FRAME_ERROR);
}

void stream_abort(virStreamPtr stream)
{
    struct channel *ch = stream->object.conn->channel;
    char packet[FRAME_MIN];
    struct channel_error error;
    enum stream_news news = STREAM_PIECE;

    if (!stream->open)
        return;
    if (channel_stream_send(ch, &stream->wire, FRAME_STREAM, FRAME_ERROR, packet, sizeof(packet),
                            &error) == 0)
        while (news == STREAM_PIECE) {
            free(STEAL_PTR(stream->piece));
            news = channel_stream_receive(ch, &stream->wire, true, &stream->piece, &error);
        }
    close_stream(stream);
}

int virStreamFree(virStreamPtr stream)
{
    char packet[FRAME_MIN];
    struct channel_error error;

    if (!stream_enter(stream))
        return -1;
    if (object_unref(&stream->object) > 0)
        return 0;
    if (stream->open) { /* nobody waits for the answer: it is dropped when it comes */
        (void)channel_stream_send(stream->object.conn->channel, &stream->wire, FRAME_STREAM,
                                  FRAME_ERROR, packet, sizeof(packet), &error);
        close_stream(stream);
    }
    (void)connect_unref(stream->object.conn);
    free(stream);
    return 0;
}
