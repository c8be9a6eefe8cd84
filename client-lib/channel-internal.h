/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a channel share: calls and the reader's role are in
 * channel.c, streams in channel-stream.c, messages in channel-message.c.
 * Functions that end in _locked are called with the channel's lock held.
 */
#ifndef LIBVIRTJOB_CHANNEL_INTERNAL_H
#define LIBVIRTJOB_CHANNEL_INTERNAL_H

#include <pthread.h>

#include "buffer.h"
#include "channel.h"

enum { CHANNEL_FDS_MAX = 32 }; /* descriptors with one reply: libvirt's limit */

enum { STREAM_OUT_MAX = 512 * 1024 }; /* past it a stream waits until more of it has gone out */

struct message;

/* A thread that waits for the reply with its serial; lives on that thread's stack. */
struct waiter {
    struct waiter *next;
    uint32_t serial;
    struct channel_stream *stream; /* it waits for something of this, not for a reply */
    struct channel_fds *fds; /* what may come with the reply goes here; or NULL */
    pthread_cond_t wake; /* done, connection lost, or the reader's role is free */
    bool done;
    bool dropped;        /* done, but there was no memory for the reply */
    void *reply;
    size_t reply_len;
};

struct channel {
    int fd;                /* the transport's */
    int wake_fd;           /* tells the reader that out has bytes */
    struct channel_layer layer; /* never changed once threads share the channel */

    pthread_mutex_t lock;  /* guards all below; never held across poll() or a handler */
    struct transport transport;
    bool reading;          /* some thread has the reader's role */
    struct waiter *waiters;
    struct channel_stream *streams;
    uint32_t next_serial;
    struct buffer in;      /* what is no whole packet yet */
    int in_fds[CHANNEL_FDS_MAX]; /* what came with these bytes, in order */
    unsigned int nin_fds;
    struct buffer out;     /* what the socket did not take yet */
    struct out_fd *out_fds; /* what goes with some of these bytes, in order */

    struct message *messages, **messages_end;
    unsigned int nmessages;
    size_t message_bytes;
    uint32_t kept_program; /* of which messages are kept; 0: of none */
    int32_t kept_procedure;
    int message_fd;        /* an eventfd, set while there is news; -1 until somebody asks */
    bool notified;         /* it is set */
    int epoll_fd;          /* that and the socket */
    bool watches_out;      /* it also tells when the socket takes more */

    bool lost;             /* for ever, and why: */
    struct channel_error why;

    int64_t interval_ms;   /* keepalive; 0 = off */
    unsigned int pings_max;
    unsigned int pings;    /* sent since a packet came in */
    int64_t quiet_since;   /* when a packet came in, or a ping went out */
};

/* --- channel.c --- */

/* Sends the packet, or queues what the socket does not take. */
void channel_send_locked(struct channel *ch, const void *packet, size_t len);
/* Sends and takes what the socket lets it, unless another thread is at it. */
void channel_look_locked(struct channel *ch);
void channel_add_waiter_locked(struct channel *ch, struct waiter *waiter);
void channel_remove_waiter_locked(struct channel *ch, struct waiter *waiter);
/* Until something has happened; what that was, the caller must see. */
void channel_wait_locked(struct channel *ch, struct waiter *waiter);
/* Lets another waiting thread read, if nobody does. */
void channel_pass_role_locked(struct channel *ch);

/* --- channel-fds.c --- */

/* Sends some of ch->out and consumes it; as the write of a transport. */
ssize_t channel_send_some_locked(struct channel *ch);
/* Puts a byte behind ch->out, which fd is to go with; takes over fd.  False: no memory. */
bool channel_queue_fd_locked(struct channel *ch, int fd);
void channel_drop_out_fds_locked(struct channel *ch);
/* As the read of a transport, and keeps a descriptor that came along. */
ssize_t channel_receive_locked(struct channel *ch, void *room, size_t size);
/* How many a packet says that come with it; -1: it cannot. */
int channel_announced_fds(const void *packet, size_t len);
/* The first of the next count, -1 if there is none; the others are closed. */
int channel_take_fd(struct channel *ch, unsigned int count);
void channel_drop_in_fds(struct channel *ch);

/* --- channel-stream.c --- */

/* Wakes those who wait for something of this stream, or of any. */
void channel_wake_streams_locked(struct channel *ch, const struct channel_stream *stream);
/* One of a stream that is no more is dropped, as libvirt does on both sides. */
void channel_take_stream_locked(struct channel *ch, const struct frame_header *header,
                                const char *payload, size_t len);

/* --- channel-message.c --- */

/* One that there is no memory for is as one that came while too many were there. */
void channel_keep_message_locked(struct channel *ch, const struct frame_header *header,
                                 const void *packet, size_t len);
void channel_drop_messages(struct channel *ch); /* at its end */
/* Sets the descriptor while there is a message, or a stream that does not block may go on. */
void channel_notify_locked(struct channel *ch);
/* Whether it is to tell when the socket takes more. */
void channel_watch_out_locked(struct channel *ch, bool watched);

#endif
