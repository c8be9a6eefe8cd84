/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many threads, one socket, no thread of its own.  A thread that waits for a
 * reply takes the reader's role if nobody has it: it polls the socket, hands
 * replies to those who wait for them, and answers pings.  Once its own reply
 * is there it passes the role on to another waiting thread.
 *
 *   thread A  send ── reader: poll, read ── has its reply ─┐
 *   thread B  send ── sleeps on its condition ─────────────┴─ reader: poll, read ── …
 *
 * A packet goes out at once, by the thread that has it.  What the socket does
 * not take is queued for the reader, which is woken through an eventfd.
 */

#include "channel.h"

#include <errno.h>
#include <libvirtjob/types.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include "buffer.h"
#include "protocol/macros.h"
#include "protocol/wire.h"

enum {
    READ_MIN = 16384,
    MESSAGES_MAX = 4096,
    STREAM_OUT_MAX = 512 * 1024, /* past it a stream waits until more of it has gone out */
};

/* A packet that answers no call. */
struct message {
    struct message *next;
    size_t len;
    char packet[];
};

/* A thread that waits for the reply with its serial; lives on that thread's stack. */
struct waiter {
    struct waiter *next;
    uint32_t serial;
    struct channel_stream *stream; /* it waits for something of this, not for a reply */
    pthread_cond_t wake; /* done, connection lost, or the reader's role is free */
    bool done;
    bool dropped;        /* done, but there was no memory for the reply */
    void *reply;
    size_t reply_len;
};

struct channel {
    int fd;
    int wake_fd;           /* tells the reader that out has bytes */
    struct buffer in;      /* the reader's alone */

    pthread_mutex_t lock;  /* guards all below; never held across poll() or a handler */
    bool reading;          /* some thread has the reader's role */
    struct waiter *waiters;
    struct channel_stream *streams;
    uint32_t next_serial;
    struct buffer out;     /* what the socket did not take yet */

    struct message *messages, **messages_end;
    unsigned int nmessages;
    int message_fd;        /* an eventfd, set while there are messages; -1 until somebody asks */
    int epoll_fd;          /* that and the socket */

    bool lost;             /* for ever, and why: */
    struct channel_error why;

    int64_t interval_ms;   /* keepalive; 0 = off */
    unsigned int pings_max;
    unsigned int pings;    /* sent since a packet came in */
    int64_t quiet_since;   /* when a packet came in, or a ping went out */
};

static const struct channel_error out_of_memory = { VIR_ERR_NO_MEMORY, 0, "out of memory" };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct channel *channel_new(int fd)
{
    struct channel *ch = calloc(1, sizeof(*ch));

    if (!ch) {
        (void)close(fd);
        errno = ENOMEM;
        return NULL;
    }
    ch->fd = fd;
    ch->messages_end = &ch->messages;
    ch->message_fd = ch->epoll_fd = -1;
    (void)pthread_mutex_init(&ch->lock, NULL);
    ch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ch->wake_fd < 0) {
        int failed = errno;

        channel_free(ch);
        errno = failed;
        return NULL;
    }
    return ch;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void channel_free(struct channel *ch)
{
    if (!ch)
        return;
    close_fd(ch->fd);
    close_fd(ch->wake_fd);
    close_fd(ch->message_fd);
    close_fd(ch->epoll_fd);
    while (ch->messages) {
        struct message *next = ch->messages->next;

        free(ch->messages);
        ch->messages = next;
    }
    buffer_done(&ch->in);
    buffer_done(&ch->out);
    (void)pthread_mutex_destroy(&ch->lock);
    free(ch);
}

/* The connection is of no use any more: everybody who waits is told at once. */
static void lose_locked(struct channel *ch, int code, int errnum, const char *text)
{
    if (ch->lost)
        return;
    ch->lost = true;
    ch->why = (struct channel_error){ code, errnum, text };
    (void)shutdown(ch->fd, SHUT_RDWR); /* the daemon sees it, and a poll() ends */
    for (struct waiter *waiter = ch->waiters; waiter; waiter = waiter->next)
        (void)pthread_cond_signal(&waiter->wake);
}

/* Sends what is queued, as far as the socket takes it. */
static void flush_locked(struct channel *ch)
{
    while (ch->out.len > 0) {
        ssize_t sent = send(ch->fd, buffer_bytes(&ch->out), ch->out.len,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            /*
             * The daemon may have said why before it hung up: what it sent
             * can still be read after this, then comes the end of file.
             */
            (void)shutdown(ch->fd, SHUT_RDWR);
            buffer_done(&ch->out);
            return;
        }
        buffer_consume(&ch->out, (size_t)sent);
    }
}

/* Ends the reader's poll(), so that it looks at everything anew. */
static void wake_reader_locked(struct channel *ch)
{
    (void)eventfd_write(ch->wake_fd, 1); /* only fails when it is set anyway */
}

static void send_locked(struct channel *ch, const void *packet, size_t len)
{
    void *room = buffer_reserve(&ch->out, len);

    if (!room) {
        lose_locked(ch, VIR_ERR_NO_MEMORY, 0, "out of memory");
        return;
    }
    memcpy(room, packet, len);
    buffer_produce(&ch->out, len);
    flush_locked(ch);
    if (ch->out.len > 0 && ch->reading)
        wake_reader_locked(ch);
}

static void send_keepalive_locked(struct channel *ch, int procedure)
{
    char packet[FRAME_MIN];

    frame_encode_keepalive(packet, procedure);
    send_locked(ch, packet, sizeof(packet));
}

/* --- what comes in --- */

static struct waiter *find_waiter(struct channel *ch, uint32_t serial)
{
    struct waiter *waiter = ch->waiters;

    while (waiter && (waiter->stream || waiter->serial != serial))
        waiter = waiter->next;
    return waiter;
}

static void take_reply_locked(struct channel *ch, uint32_t serial, const void *packet, size_t len)
{
    struct waiter *waiter = find_waiter(ch, serial);

    if (!waiter || waiter->done) {
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon answered a call that nobody made");
        return;
    }
    waiter->reply = malloc(len);
    if (waiter->reply)
        memcpy(waiter->reply, packet, len);
    else
        waiter->dropped = true;
    waiter->reply_len = len;
    waiter->done = true;
    (void)pthread_cond_signal(&waiter->wake);
}

/* One that there is no memory for is as one that came while too many were there. */
static void keep_message_locked(struct channel *ch, const void *packet, size_t len)
{
    struct message *message =
        ch->nmessages < MESSAGES_MAX ? malloc(sizeof(*message) + len) : NULL;

    if (!message)
        return;
    message->next = NULL;
    message->len = len;
    memcpy(message->packet, packet, len);
    *ch->messages_end = message;
    ch->messages_end = &message->next;
    ch->nmessages++;
    if (ch->message_fd >= 0)
        (void)eventfd_write(ch->message_fd, 1);
}

/* Wakes those who wait for something of this stream, or of any. */
static void wake_streams_locked(struct channel *ch, const struct channel_stream *stream)
{
    for (struct waiter *waiter = ch->waiters; waiter; waiter = waiter->next)
        if (waiter->stream && (!stream || waiter->stream == stream))
            (void)pthread_cond_signal(&waiter->wake);
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

/* One of a stream that is no more is dropped, as libvirt does on both sides. */
static void take_stream_locked(struct channel *ch, const struct frame_header *header,
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
    wake_streams_locked(ch, stream);
}

static void take_packet_locked(struct channel *ch, const void *packet, size_t len)
{
    struct frame_header header;

    ch->quiet_since = now_ms();
    ch->pings = 0;
    if (frame_decode_header(packet, len, &header) < 0) {
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent a packet without meaning");
        return;
    }
    switch (header.type) {
    case FRAME_REPLY:
        take_reply_locked(ch, header.serial, packet, len);
        break;
    case FRAME_MESSAGE:
        if (header.program == KEEPALIVE_PROGRAM_NUMBER &&
            header.procedure == KEEPALIVE_PROC_PING)
            send_keepalive_locked(ch, KEEPALIVE_PROC_PONG);
        else if (header.program != KEEPALIVE_PROGRAM_NUMBER)
            keep_message_locked(ch, packet, len);
        break;
    case FRAME_STREAM:
    case FRAME_STREAM_HOLE:
        take_stream_locked(ch, &header, (const char *)packet + FRAME_MIN, len - FRAME_MIN);
        break;
    default:
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent a packet of a type only clients send");
    }
}

static void take_packets_locked(struct channel *ch)
{
    while (!ch->lost) {
        int64_t len = frame_length(buffer_bytes(&ch->in), ch->in.len);

        if (len < 0) {
            lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent a packet of impossible length");
            return;
        }
        if (len == 0 || (uint64_t)len > ch->in.len)
            return;
        take_packet_locked(ch, buffer_bytes(&ch->in), (size_t)len);
        buffer_consume(&ch->in, (size_t)len);
    }
}

/* Reads once.  The reader, without the lock.  Returns 0, or an errno; -1 at the end of file. */
static int fill(struct channel *ch)
{
    void *room = buffer_reserve(&ch->in, READ_MIN);
    ssize_t got;

    if (!room)
        return ENOMEM;
    got = recv(ch->fd, room, buffer_room(&ch->in), MSG_DONTWAIT);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : errno;
    buffer_produce(&ch->in, (size_t)got);
    return got == 0 ? -1 : 0;
}

static void take_read_error_locked(struct channel *ch, int failed)
{
    if (failed == ENOMEM)
        lose_locked(ch, VIR_ERR_NO_MEMORY, 0, "out of memory");
    else if (failed > 0)
        lose_locked(ch, VIR_ERR_SYSTEM_ERROR, failed, "lost the connection to the daemon");
    else if (failed < 0)
        lose_locked(ch, VIR_ERR_RPC, 0,
                    "lost the connection to the daemon: it closed its end");
}

/* --- the reader's role --- */

/* How long the reader may sleep before a ping is due, in milliseconds; -1 = for ever. */
static int ping_due_in(const struct channel *ch)
{
    int64_t left;

    if (ch->interval_ms == 0)
        return -1;
    left = ch->quiet_since + ch->interval_ms - now_ms();
    if (left > INT_MAX)
        return INT_MAX;
    return left > 0 ? (int)left : 0;
}

static void ping_locked(struct channel *ch)
{
    if (ch->lost || ping_due_in(ch) != 0)
        return;
    if (ch->pings >= ch->pings_max) {
        lose_locked(ch, VIR_ERR_RPC, 0,
                    "lost the connection to the daemon: keepalive messages went unanswered");
        return;
    }
    ch->pings++;
    ch->quiet_since = now_ms();
    send_keepalive_locked(ch, KEEPALIVE_PROC_PING);
}

/* One round of the reader: wait at most timeout ms, send what is queued, take what came. */
static void read_turn_locked(struct channel *ch, int timeout)
{
    struct pollfd polled[] = {
        { .fd = ch->fd, .events = (short)(ch->out.len > 0 ? POLLIN | POLLOUT : POLLIN) },
        { .fd = ch->wake_fd, .events = POLLIN },
    };
    eventfd_t count;
    int failed = 0;

    ch->reading = true;
    (void)pthread_mutex_unlock(&ch->lock);
    (void)poll(polled, ARRAY_SIZE(polled), timeout); /* EINTR: the caller comes again */
    if (polled[1].revents)
        (void)eventfd_read(ch->wake_fd, &count);
    if (polled[0].revents & ~POLLOUT)
        failed = fill(ch);
    (void)pthread_mutex_lock(&ch->lock);
    ch->reading = false;

    flush_locked(ch);
    if (ch->out.len < STREAM_OUT_MAX)
        wake_streams_locked(ch, NULL);
    take_packets_locked(ch);
    if (failed)
        take_read_error_locked(ch, failed);
}

/* Lets another waiting thread read, if nobody does. */
static void pass_role_locked(struct channel *ch)
{
    if (ch->waiters && !ch->reading)
        (void)pthread_cond_signal(&ch->waiters->wake);
}

/* Until something has happened; what that was, the caller must see. */
static void wait_once_locked(struct channel *ch, struct waiter *waiter)
{
    if (ch->reading) {
        (void)pthread_cond_wait(&waiter->wake, &ch->lock);
    } else {
        read_turn_locked(ch, ping_due_in(ch));
        ping_locked(ch);
    }
}

static void wait_locked(struct channel *ch, struct waiter *waiter)
{
    while (!waiter->done && !ch->lost)
        wait_once_locked(ch, waiter);
}

/* --- calls --- */

static bool serial_is_used(struct channel *ch, uint32_t serial)
{
    const struct channel_stream *stream = ch->streams;

    while (stream && stream->call.serial != serial)
        stream = stream->next;
    return stream || find_waiter(ch, serial);
}

static void add_waiter_locked(struct channel *ch, struct waiter *waiter)
{
    if (!ch->waiters) {
        /* the silence before this call means nothing: nobody was listening */
        ch->quiet_since = now_ms();
        ch->pings = 0;
    }
    while (serial_is_used(ch, ch->next_serial))
        ch->next_serial++; /* once in 2^32 calls */
    waiter->serial = ch->next_serial++;
    waiter->next = ch->waiters;
    ch->waiters = waiter;
}

static void remove_waiter_locked(struct channel *ch, struct waiter *waiter)
{
    struct waiter **place = &ch->waiters;

    while (*place != waiter)
        place = &(*place)->next;
    *place = waiter->next;
}

static void add_stream_locked(struct channel *ch, struct channel_stream *stream,
                              const struct frame_header *header)
{
    stream->call = *header;
    stream->last = &stream->first;
    stream->next = ch->streams;
    ch->streams = stream;
}

int channel_call(struct channel *ch, const struct frame_header *header, void *packet, size_t len,
             void **ret_reply, size_t *ret_len, struct channel_error *ret_error)
{
    return channel_call_stream(ch, NULL, header, packet, len, ret_reply, ret_len, ret_error);
}

int channel_call_stream(struct channel *ch, struct channel_stream *stream,
                        const struct frame_header *header, void *packet, size_t len,
                        void **ret_reply, size_t *ret_len, struct channel_error *ret_error)
{
    struct waiter waiter = { .wake = PTHREAD_COND_INITIALIZER };
    struct frame_header numbered = *header;

    (void)pthread_mutex_lock(&ch->lock);
    if (!ch->lost) {
        add_waiter_locked(ch, &waiter);
        numbered.serial = waiter.serial;
        if (stream)
            add_stream_locked(ch, stream, &numbered);
        frame_encode_header(packet, &numbered, len - FRAME_MIN);
        send_locked(ch, packet, len);
        wait_locked(ch, &waiter);
        remove_waiter_locked(ch, &waiter);
        pass_role_locked(ch);
    }
    if (!waiter.done)
        *ret_error = ch->why;
    (void)pthread_mutex_unlock(&ch->lock);
    (void)pthread_cond_destroy(&waiter.wake);

    if (waiter.dropped)
        *ret_error = out_of_memory;
    if (!waiter.reply)
        return -1;
    *ret_reply = waiter.reply;
    *ret_len = waiter.reply_len;
    return 0;
}

/* Takes what the socket has, unless another thread is at it. */
static void look_locked(struct channel *ch)
{
    if (!ch->lost && !ch->reading) {
        read_turn_locked(ch, 0);
        pass_role_locked(ch);
    }
}

/* --- messages --- */

static int watch(int epoll_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Of two descriptors one. */
static int make_message_fd_locked(struct channel *ch)
{
    int message_fd = eventfd(ch->messages ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), failed;

    if (message_fd >= 0 && epoll_fd >= 0 && watch(epoll_fd, ch->fd) == 0 &&
        watch(epoll_fd, message_fd) == 0) {
        ch->message_fd = message_fd;
        ch->epoll_fd = epoll_fd;
        return 0;
    }
    failed = errno;
    close_fd(message_fd);
    close_fd(epoll_fd);
    errno = failed;
    return -1;
}

int channel_message_fd(struct channel *ch)
{
    int fd, failed;

    (void)pthread_mutex_lock(&ch->lock);
    if (ch->epoll_fd < 0)
        (void)make_message_fd_locked(ch);
    failed = errno;
    fd = ch->epoll_fd;
    (void)pthread_mutex_unlock(&ch->lock);
    errno = failed;
    return fd;
}

static struct message *pop_message_locked(struct channel *ch)
{
    struct message *message = ch->messages;
    eventfd_t count;

    if (!message)
        return NULL;
    ch->messages = message->next;
    ch->nmessages--;
    if (!ch->messages) {
        ch->messages_end = &ch->messages;
        if (ch->message_fd >= 0)
            (void)eventfd_read(ch->message_fd, &count);
    }
    return message;
}

int channel_take_message(struct channel *ch, void **ret_packet, size_t *ret_len,
                         struct channel_error *ret_error)
{
    struct message *message;
    int rc = 1;

    (void)pthread_mutex_lock(&ch->lock);
    if (!ch->messages)
        look_locked(ch);
    message = pop_message_locked(ch);
    if (!message) {
        rc = ch->lost ? -1 : 0;
        *ret_error = ch->why;
    }
    (void)pthread_mutex_unlock(&ch->lock);
    if (!message)
        return rc;
    *ret_len = message->len;
    memmove(message, message->packet, message->len); /* the block becomes the packet */
    *ret_packet = message;
    return 1;
}

/* --- streams --- */

void channel_stream_close(struct channel *ch, struct channel_stream *stream)
{
    struct channel_stream **at = &ch->streams;

    (void)pthread_mutex_lock(&ch->lock);
    while (*at && *at != stream)
        at = &(*at)->next;
    if (*at)
        *at = stream->next;
    (void)pthread_mutex_unlock(&ch->lock);
    while (stream->first) {
        struct stream_piece *piece = stream->first;

        stream->first = piece->next;
        free(piece);
    }
    free(stream->error);
    *stream = (struct channel_stream){ .next = NULL };
}

/* Data wait for room; the words that end a stream do not. */
static bool may_send(const struct channel *ch, const struct channel_stream *stream,
                     enum frame_status status)
{
    return stream->failed || status != FRAME_CONTINUE || ch->out.len < STREAM_OUT_MAX;
}

/* STREAM_LOST: there is nothing. */
static enum stream_news news_of(const struct channel_stream *stream, bool after_end)
{
    if (stream->failed)
        return STREAM_FAILED;
    if (stream->first)
        return STREAM_PIECE;
    if (stream->finished)
        return STREAM_FINISHED;
    return stream->ended && !after_end ? STREAM_ENDED : STREAM_LOST;
}

static struct stream_piece *take_first(struct channel_stream *stream)
{
    struct stream_piece *piece = stream->first;

    stream->first = piece->next;
    if (!stream->first)
        stream->last = &stream->first;
    return piece;
}

/* Before what is waited for is looked at, and after. */
static void begin_wait_locked(struct channel *ch, struct waiter *waiter)
{
    if (!ch->waiters) {
        ch->quiet_since = now_ms();
        ch->pings = 0;
    }
    waiter->next = ch->waiters;
    ch->waiters = waiter;
}

static void end_wait_locked(struct channel *ch, struct waiter *waiter)
{
    remove_waiter_locked(ch, waiter);
    pass_role_locked(ch);
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
    begin_wait_locked(ch, &waiter);
    while (!ch->lost && !may_send(ch, stream, status))
        wait_once_locked(ch, &waiter);
    if (ch->lost) {
        *ret_error = ch->why;
        rc = -1;
    } else if (stream->failed) {
        rc = 1;
    } else {
        send_locked(ch, packet, len);
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
    enum stream_news news;

    (void)pthread_mutex_lock(&ch->lock);
    begin_wait_locked(ch, &waiter);
    while ((news = news_of(stream, after_end)) == STREAM_LOST && !ch->lost)
        wait_once_locked(ch, &waiter);
    if (news == STREAM_PIECE)
        *ret_piece = take_first(stream);
    else if (news == STREAM_LOST)
        *ret_error = ch->why;
    end_wait_locked(ch, &waiter);
    (void)pthread_mutex_unlock(&ch->lock);
    (void)pthread_cond_destroy(&waiter.wake);
    return news;
}

bool channel_is_alive(struct channel *ch)
{
    bool alive;

    (void)pthread_mutex_lock(&ch->lock);
    look_locked(ch);
    alive = !ch->lost;
    (void)pthread_mutex_unlock(&ch->lock);
    return alive;
}

void channel_set_keepalive(struct channel *ch, int interval, unsigned int count)
{
    (void)pthread_mutex_lock(&ch->lock);
    ch->interval_ms = (int64_t)interval * 1000;
    ch->pings_max = count;
    ch->quiet_since = now_ms();
    ch->pings = 0;
    if (ch->reading)
        wake_reader_locked(ch); /* it sleeps by the old interval */
    (void)pthread_mutex_unlock(&ch->lock);
}
