/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets over one socket, shared by any number of threads: each call waits
 * for the reply with its own serial.  Knows no procedures.
 */
#ifndef LIBVIRTJOB_CHANNEL_H
#define LIBVIRTJOB_CHANNEL_H

#include <stdbool.h>

#include "protocol/frame.h"
#include "transport.h"

struct channel;

/* Why a call had no reply. */
struct channel_error {
    int code;         /* VIR_ERR_* */
    int errnum;       /* with VIR_ERR_SYSTEM_ERROR */
    const char *text; /* static, or the channel's */
};

/* Takes the transport over, also when it fails.  NULL with errno set. */
struct channel *channel_new(struct transport *transport);
bool channel_is_encrypted(const struct channel *ch);

/* No call may be under way. */
void channel_free(struct channel *ch);

/*
 * Sends a packet made by frame_encode(), with the next serial written into
 * it, and waits for its reply: the whole packet, which the caller frees.
 * Any thread.  Returns 0, or -1 with *ret_error.
 */
int channel_call(struct channel *ch, const struct frame_header *header, void *packet, size_t len,
             void **ret_reply, size_t *ret_len, struct channel_error *ret_error);

/* What goes with a call and comes with its reply; -1 = nothing. */
struct channel_fds {
    int out; /* stays the caller's */
    int in;  /* the caller's from then on */
};
/* The same; fds->in is set on success.  Only over a unix socket, and with a packet that says so. */
bool channel_passes_fds(const struct channel *ch);
int channel_call_fds(struct channel *ch, struct channel_fds *fds,
                     const struct frame_header *header, void *packet, size_t len,
                     void **ret_reply, size_t *ret_len, struct channel_error *ret_error);

/*
 * Readable while channel_take_message() has something to do: a message is there, or bytes of one
 * may be, or the connection is lost; or while a stream that does not block may go on.  The
 * channel's own.  -1 with errno.  Any thread.
 */
int channel_message_fd(struct channel *ch);

/* From now on messages of this kind are kept for channel_take_message(); others are dropped. */
void channel_keep_messages(struct channel *ch, uint32_t program, int32_t procedure);

/*
 * The next message of that kind, whole, which the caller frees; reads what has come, never waits.
 * Where they are not taken, those beyond some thousands or some megabytes are dropped.  Any thread.
 * Returns 1, 0 when there is none, or -1 with *ret_error when there will be none any more.
 */
int channel_take_message(struct channel *ch, void **ret_packet, size_t *ret_len,
                         struct channel_error *ret_error);

/* What a stream has got and nobody has taken yet. */
struct stream_piece {
    struct stream_piece *next;
    uint64_t len, pos; /* bytes, and how many of them have been taken */
    bool hole;
    char data[];
};

/* One stream of a channel; zeroed before it is opened but for nonblock, else channel.c's. */
struct channel_stream {
    struct channel_stream *next;
    bool nonblock; /* nobody waits for it: the descriptor of messages tells when to look again */
    bool refused;  /* and it could not send; until it does */
    bool unseen;   /* and something has come; until its owner was told that there is no more now */
    struct frame_header call; /* whose stream it is */
    struct stream_piece *first, **last;
    bool ended;    /* the daemon sends no more data */
    bool finished; /* it has answered the finish or the abort */
    bool failed;   /* it has told an error, or there was no memory for what it sent: */
    char *error;   /* the payload, or NULL */
    size_t error_len;
};

/*
 * The same for a call that opens a stream: what comes for it is kept from then on, until
 * channel_stream_close(), which must follow.
 */
int channel_call_stream(struct channel *ch, struct channel_stream *stream,
                        const struct frame_header *header, void *packet, size_t len,
                        void **ret_reply, size_t *ret_len, struct channel_error *ret_error);
void channel_stream_close(struct channel *ch, struct channel_stream *stream);
enum { STREAM_WOULD_BLOCK = -2 }; /* of one that does not: nothing has been done */
/*
 * Sends a packet of the stream with room for its head, waiting while the daemon takes none.
 * Returns 0; 1 where the stream has failed, and nothing was sent; -1 with *ret_error;
 * STREAM_WOULD_BLOCK.
 */
int channel_stream_send(struct channel *ch, struct channel_stream *stream, enum frame_type type,
                        enum frame_status status, void *packet, size_t len,
                        struct channel_error *ret_error);
enum stream_news {
    STREAM_NOTHING = -2,
    STREAM_LOST = -1, /* so is the connection: *ret_error says why */
    STREAM_ENDED = 0, /* no more data come */
    STREAM_PIECE,     /* *ret_piece, the caller's to free */
    STREAM_FINISHED,  /* the daemon has answered the finish or the abort */
    STREAM_FAILED,    /* stream->error has why, and stays as it is */
};
/*
 * Waits for the next of these; after_end: also where the stream does not block, and an end of the
 * data is none.  Else such a one gets STREAM_NOTHING.
 */
enum stream_news channel_stream_receive(struct channel *ch, struct channel_stream *stream,
                                        bool after_end, struct stream_piece **ret_piece,
                                        struct channel_error *ret_error);

/*
 * What changes all bytes on their way, from some moment on.  Both functions append to a buffer,
 * are called by one thread at a time, and return 0 or an errno.
 */
struct buffer;
struct channel_layer {
    int (*encode)(void *state, const void *data, size_t len, struct buffer *to);
    int (*decode)(void *state, const void *data, size_t len, struct buffer *to);
    void (*done)(void *state);
    void *state;
};

/*
 * Before any other thread knows the channel, between two calls.  layer is taken over.  false: there
 * are bytes already that nothing protected; the channel is of no use any more.
 */
bool channel_set_layer(struct channel *ch, const struct channel_layer *layer);

/* Looks at the socket, without waiting.  Any thread. */
bool channel_is_alive(struct channel *ch);

/*
 * A ping now, that counts for nothing.  While a call waits: one after interval seconds without a
 * packet, the connection given up after count of them went unanswered.  0 = never.
 */
void channel_set_keepalive(struct channel *ch, int interval, unsigned int count);

#endif
