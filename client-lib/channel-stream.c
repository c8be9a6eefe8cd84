/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The streams of a channel: what came for them, and sending.  Any thread; see channel.c. */

#include "channel-internal.h"

#include <string.h>

#include "protocol/macros.h"
#include "protocol/wire.h"

void channel_wake_streams_locked(struct channel *ch, const struct channel_stream *stream)
{
    for (struct waiter *waiter = ch->waiters; waiter; waiter = waiter->next)
        if (waiter->stream && (!stream || waiter->stream == stream))
            (void)pthread_cond_signal(&waiter->wake);
    channel_notify_locked(ch);
}

static struct channel_stream *find_stream(const struct channel *ch,
                                          const struct frame_header *header)
{
    struct channel_stream *stream = ch->streams;

    while (stream &&
           (stream->call.serial != header->serial || stream->call.program != header->program ||
            stream->call.procedure != header->procedure))
        stream = stream->next;
    return stream;
}

static void add_piece(struct channel_stream *stream, const char *data, uint64_t len, bool hole)
{
    struct stream_piece *piece = malloc(sizeof(*piece) + (hole ? 0 : (size_t)len));

    if (!piece) {
        stream->failed = true;
        return;
    }
    *piece = (struct stream_piece){ .len = len, .hole = hole };
    if (!hole)
        memcpy(piece->data, data, (size_t)len);
    *stream->last = piece;
    stream->last = &piece->next;
}

static void take_hole(struct channel_stream *stream, const char *payload, size_t len)
{
    wire_stream_hole hole = { .length = 0 };

    if (frame_decode_payload(payload, len, (xdrproc_t)xdr_wire_stream_hole, &hole) < 0 ||
        hole.length <= 0)
        stream->failed = true;
    else
        add_piece(stream, NULL, (uint64_t)hole.length, true);
}

static void take_stream_error(struct channel_stream *stream, const char *payload, size_t len)
{
    stream->failed = true;
    stream->error = malloc(len + 1);
    if (stream->error)
        memcpy(stream->error, payload, len);
    stream->error_len = len;
}

void channel_take_stream_locked(struct channel *ch, const struct frame_header *header,
                               const char *payload, size_t len)
{
    struct channel_stream *stream = find_stream(ch, header);

    if (!stream || stream->failed)
        return;
    if (header->type == FRAME_STREAM_HOLE)
        take_hole(stream, payload, len);
    else if (header->status == FRAME_ERROR)
        take_stream_error(stream, payload, len);
    else if (header->status == FRAME_OK)
        stream->finished = true;
    else if (len > 0)
        add_piece(stream, payload, len, false);
    else
        stream->ended = true;
    stream->unseen = stream->nonblock;
    channel_wake_streams_locked(ch, stream);
}

void channel_stream_close(struct channel *ch, struct channel_stream *stream)
{
    struct channel_stream **at = &ch->streams;

    (void)pthread_mutex_lock(&ch->lock);
    while (*at && *at != stream)
        at = &(*at)->next;
    if (*at)
        *at = stream->next;
    channel_notify_locked(ch);
    (void)pthread_mutex_unlock(&ch->lock);
    while (stream->first) {
        struct stream_piece *piece = stream->first;

        stream->first = piece->next;
        free(piece);
    }
    free(stream->error);
    *stream = (struct channel_stream){ .nonblock = stream->nonblock };
}

/* Data wait for room; the words that end a stream do not. */
static bool may_send(const struct channel *ch, const struct channel_stream *stream,
                     enum frame_status status)
{
    return stream->failed || status != FRAME_CONTINUE || ch->out.len < STREAM_OUT_MAX;
}

/* STREAM_NOTHING: it is still to come. */
static enum stream_news news_of(const struct channel_stream *stream, bool after_end)
{
    if (stream->failed)
        return STREAM_FAILED;
    if (stream->first)
        return STREAM_PIECE;
    if (stream->finished)
        return STREAM_FINISHED;
    return stream->ended && !after_end ? STREAM_ENDED : STREAM_NOTHING;
}

static struct stream_piece *take_first(struct channel_stream *stream)
{
    struct stream_piece *piece = stream->first;

    stream->first = piece->next;
    if (!stream->first)
        stream->last = &stream->first;
    return piece;
}

static void end_wait_locked(struct channel *ch, struct waiter *waiter)
{
    channel_remove_waiter_locked(ch, waiter);
    channel_pass_role_locked(ch);
}

/* What is said of it is known now. */
static void was_told_locked(struct channel *ch, struct channel_stream *stream)
{
    stream->unseen = false;
    channel_notify_locked(ch);
}

static void set_refused_locked(struct channel *ch, struct channel_stream *stream, bool refused)
{
    stream->refused = refused;
    channel_notify_locked(ch);
}

int channel_stream_send(struct channel *ch, struct channel_stream *stream, enum frame_type type,
                        enum frame_status status, void *packet, size_t len,
                        struct channel_error *ret_error)
{
    struct waiter waiter = { .stream = stream, .wake = PTHREAD_COND_INITIALIZER };
    struct frame_header header = stream->call;
    int rc = 0;

    header.type = type;
    header.status = status;
    frame_encode_header(packet, &header, len - FRAME_MIN);
    (void)pthread_mutex_lock(&ch->lock);
    channel_add_waiter_locked(ch, &waiter);
    if (stream->nonblock && !may_send(ch, stream, status))
        channel_look_locked(ch);
    while (!ch->lost && !may_send(ch, stream, status) && !stream->nonblock)
        channel_wait_locked(ch, &waiter);
    if (ch->lost) {
        *ret_error = ch->why;
        rc = -1;
    } else if (stream->failed) {
        stream->refused = false;
        was_told_locked(ch, stream);
        rc = 1;
    } else if (!may_send(ch, stream, status)) {
        set_refused_locked(ch, stream, true);
        rc = STREAM_WOULD_BLOCK;
    } else {
        channel_send_locked(ch, packet, len);
        set_refused_locked(ch, stream, false);
    }
    end_wait_locked(ch, &waiter);
    (void)pthread_mutex_unlock(&ch->lock);
    (void)pthread_cond_destroy(&waiter.wake);
    return rc;
}

enum stream_news channel_stream_receive(struct channel *ch, struct channel_stream *stream,
                                        bool after_end, struct stream_piece **ret_piece,
                                        struct channel_error *ret_error)
{
    struct waiter waiter = { .stream = stream, .wake = PTHREAD_COND_INITIALIZER };
    bool waits = after_end || !stream->nonblock;
    enum stream_news news;

    (void)pthread_mutex_lock(&ch->lock);
    channel_add_waiter_locked(ch, &waiter);
    if (!waits && news_of(stream, after_end) == STREAM_NOTHING)
        channel_look_locked(ch);
    while ((news = news_of(stream, after_end)) == STREAM_NOTHING && !ch->lost && waits)
        channel_wait_locked(ch, &waiter);
    if (news == STREAM_NOTHING && ch->lost)
        news = STREAM_LOST;
    if (news == STREAM_PIECE)
        *ret_piece = take_first(stream);
    else
        was_told_locked(ch, stream);
    if (news == STREAM_LOST)
        *ret_error = ch->why;
    end_wait_locked(ch, &waiter);
    (void)pthread_mutex_unlock(&ch->lock);
    (void)pthread_cond_destroy(&waiter.wake);
    return news;
}
