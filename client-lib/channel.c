/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many threads, one transport, no thread of its own.  A thread that waits for a
 * reply takes the reader's role if nobody has it: it polls the socket, hands
 * replies to those who wait for them, and answers pings.  Once its own reply
 * is there it passes the role on to another waiting thread.
 *
 *   thread A  send ── reader: poll, read ── has its reply ─┐
 *   thread B  send ── sleeps on its condition ─────────────┴─ reader: poll, read ── …
 *
 * A packet goes out at once, by the thread that has it.  What the socket does
 * not take is queued for the reader, which is woken through an eventfd.  Only
 * poll() is without the lock: reading and writing do not block, and a transport
 * is one thread's at a time.
 */

#include "channel-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirtjob/types.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include "protocol/macros.h"

enum { READ_MIN = 16384 };

static const struct channel_error out_of_memory = { VIR_ERR_NO_MEMORY, 0, "out of memory" };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

struct channel *channel_new(struct transport *transport)
{
    struct channel *ch = calloc(1, sizeof(*ch));

    if (!ch) {
        transport->ops->done(transport);
        errno = ENOMEM;
        return NULL;
    }
    ch->transport = *transport;
    ch->fd = transport->fd;
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

void channel_free(struct channel *ch)
{
    if (!ch)
        return;
    ch->transport.ops->done(&ch->transport);
    if (ch->wake_fd >= 0)
        (void)close(ch->wake_fd);
    channel_drop_messages(ch);
    channel_drop_in_fds(ch);
    channel_drop_out_fds_locked(ch); /* nobody else has it any more */
    if (ch->layer.done)
        ch->layer.done(ch->layer.state);
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
        ssize_t sent = channel_send_some_locked(ch);

        if (sent == -EAGAIN)
            return;
        if (sent < 0) {
            /*
             * The daemon may have said why before it hung up: what it sent
             * can still be read after this, then comes the end of file.
             */
            (void)shutdown(ch->fd, SHUT_RDWR);
            buffer_done(&ch->out);
            channel_drop_out_fds_locked(ch);
            return;
        }
    }
}

/* Ends the reader's poll(), so that it looks at everything anew. */
static void wake_reader_locked(struct channel *ch)
{
    (void)eventfd_write(ch->wake_fd, 1); /* only fails when it is set anyway */
}

static int append(struct buffer *to, const void *data, size_t len)
{
    void *room = buffer_reserve(to, len);

    if (!room)
        return ENOMEM;
    memcpy(room, data, len);
    buffer_produce(to, len);
    return 0;
}

void channel_send_locked(struct channel *ch, const void *packet, size_t len)
{
    int failed = ch->layer.encode ? ch->layer.encode(ch->layer.state, packet, len, &ch->out)
                                  : append(&ch->out, packet, len);

    if (failed) {
        if (failed == ENOMEM)
            lose_locked(ch, VIR_ERR_NO_MEMORY, 0, "out of memory");
        else
            lose_locked(ch, VIR_ERR_RPC, 0, "bytes for the daemon cannot be encoded");
        return;
    }
    flush_locked(ch);
    if (ch->out.len > 0 && ch->reading)
        wake_reader_locked(ch);
}

/* Behind the packet that says so. */
static void send_fd_locked(struct channel *ch, int fd)
{
    if (!channel_queue_fd_locked(ch, fd)) {
        (void)close(fd); /* a duplicate */
        lose_locked(ch, VIR_ERR_NO_MEMORY, 0, "out of memory");
        return;
    }
    flush_locked(ch);
    if (ch->out.len > 0 && ch->reading)
        wake_reader_locked(ch);
}

static void send_keepalive_locked(struct channel *ch, int procedure)
{
    char packet[FRAME_MIN];

    frame_encode_keepalive(packet, procedure);
    channel_send_locked(ch, packet, sizeof(packet));
}

/* --- what comes in --- */

static struct waiter *find_waiter(struct channel *ch, uint32_t serial)
{
    struct waiter *waiter = ch->waiters;

    while (waiter && (waiter->stream || waiter->serial != serial))
        waiter = waiter->next;
    return waiter;
}

/* nfds: the descriptors that came with it. */
static void take_reply_locked(struct channel *ch, uint32_t serial, const void *packet, size_t len,
                              unsigned int nfds)
{
    struct waiter *waiter = find_waiter(ch, serial);
    int fd = channel_take_fd(ch, nfds);

    if (!waiter || waiter->done) {
        close_fd(fd);
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon answered a call that nobody made");
        return;
    }
    if (waiter->fds && waiter->fds->in < 0)
        waiter->fds->in = fd;
    else
        close_fd(fd);
    waiter->reply = malloc(len);
    if (waiter->reply)
        memcpy(waiter->reply, packet, len);
    else
        waiter->dropped = true;
    waiter->reply_len = len;
    waiter->done = true;
    (void)pthread_cond_signal(&waiter->wake);
}

static void take_packet_locked(struct channel *ch, const void *packet, size_t len,
                               unsigned int nfds)
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
    case FRAME_REPLY_WITH_FDS:
        take_reply_locked(ch, header.serial, packet, len, nfds);
        break;
    case FRAME_MESSAGE:
        if (header.program == KEEPALIVE_PROGRAM_NUMBER &&
            header.procedure == KEEPALIVE_PROC_PING)
            send_keepalive_locked(ch, KEEPALIVE_PROC_PONG);
        else if (header.program != KEEPALIVE_PROGRAM_NUMBER)
            channel_keep_message_locked(ch, &header, packet, len);
        break;
    case FRAME_STREAM:
    case FRAME_STREAM_HOLE:
        channel_take_stream_locked(ch, &header, (const char *)packet + FRAME_MIN, len - FRAME_MIN);
        break;
    default:
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent a packet of a type only clients send");
    }
}

static void take_packets_locked(struct channel *ch)
{
    while (!ch->lost) {
        int64_t len = frame_length(buffer_bytes(&ch->in), ch->in.len);
        int nfds;

        if (len < 0) {
            lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent a packet of impossible length");
            return;
        }
        if (len == 0 || (uint64_t)len > ch->in.len)
            return;
        nfds = channel_announced_fds(buffer_bytes(&ch->in), (size_t)len);
        if (nfds < 0) {
            lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent an impossible number of descriptors");
            return;
        }
        if ((uint64_t)len + (unsigned int)nfds > ch->in.len)
            return;
        take_packet_locked(ch, buffer_bytes(&ch->in), (size_t)len, (unsigned int)nfds);
        buffer_consume(&ch->in, (size_t)len + (unsigned int)nfds);
    }
}

/* The same through a layer, which may make nothing of what came yet. */
static int fill_decoded_locked(struct channel *ch)
{
    char raw[READ_MIN / 2];
    ssize_t got = ch->transport.ops->read(&ch->transport, raw, sizeof(raw));

    if (got < 0)
        return got == -EAGAIN ? 0 : (int)-got;
    return got == 0 ? -1 : ch->layer.decode(ch->layer.state, raw, (size_t)got, &ch->in);
}

/* Returns 0, or an errno; -1 at the end of file. */
static int fill_once_locked(struct channel *ch)
{
    void *room;
    ssize_t got;

    if (ch->layer.decode)
        return fill_decoded_locked(ch);
    room = buffer_reserve(&ch->in, READ_MIN);
    if (!room)
        return ENOMEM;
    got = channel_receive_locked(ch, room, buffer_room(&ch->in));
    if (got < 0)
        return got == -EAGAIN ? 0 : (int)-got;
    buffer_produce(&ch->in, (size_t)got);
    return got == 0 ? -1 : 0;
}

/* Reads once, and what poll() would not tell of. */
static int fill_locked(struct channel *ch)
{
    bool (*has_input)(const struct transport *transport) = ch->transport.ops->has_input;
    int failed;

    do
        failed = fill_once_locked(ch);
    while (!failed && has_input && has_input(&ch->transport));
    return failed;
}

static void take_read_error_locked(struct channel *ch, int failed)
{
    const char *why = ch->transport.ops->why ? ch->transport.ops->why(&ch->transport) : NULL;

    if (failed == ENOMEM)
        lose_locked(ch, VIR_ERR_NO_MEMORY, 0, "out of memory");
    else if (why)
        lose_locked(ch, VIR_ERR_RPC, 0, why);
    else if (failed == EBADMSG)
        lose_locked(ch, VIR_ERR_RPC, 0, "the daemon sent bytes that cannot be decoded");
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

static bool wants_write(const struct channel *ch)
{
    const struct transport *transport = &ch->transport;

    return ch->out.len > 0 ||
           (transport->ops->wants_write && transport->ops->wants_write(transport));
}

/* One round of the reader: wait at most timeout ms, send what is queued, take what came. */
static void read_turn_locked(struct channel *ch, int timeout)
{
    struct pollfd polled[] = {
        { .fd = ch->fd, .events = (short)(wants_write(ch) ? POLLIN | POLLOUT : POLLIN) },
        { .fd = ch->wake_fd, .events = POLLIN },
    };
    eventfd_t count;
    int failed = 0;

    ch->reading = true;
    (void)pthread_mutex_unlock(&ch->lock);
    (void)poll(polled, ARRAY_SIZE(polled), timeout); /* EINTR: the caller comes again */
    if (polled[1].revents)
        (void)eventfd_read(ch->wake_fd, &count);
    (void)pthread_mutex_lock(&ch->lock);
    ch->reading = false;
    if (polled[0].revents & ~POLLOUT || (polled[0].revents && !ch->out.len))
        failed = fill_locked(ch);

    flush_locked(ch);
    if (ch->out.len < STREAM_OUT_MAX)
        channel_wake_streams_locked(ch, NULL);
    take_packets_locked(ch);
    if (failed)
        take_read_error_locked(ch, failed);
}

/* Lets another waiting thread read, if nobody does. */
void channel_pass_role_locked(struct channel *ch)
{
    if (ch->reading)
        return;
    if (ch->waiters)
        (void)pthread_cond_signal(&ch->waiters->wake);
    else /* what is still to go out is left to whoever watches the descriptor */
        channel_watch_out_locked(ch, ch->out.len > 0);
}

/* Until something has happened; what that was, the caller must see. */
void channel_wait_locked(struct channel *ch, struct waiter *waiter)
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
        channel_wait_locked(ch, waiter);
}

/* --- calls --- */

static bool serial_is_used(struct channel *ch, uint32_t serial)
{
    const struct channel_stream *stream = ch->streams;

    while (stream && stream->call.serial != serial)
        stream = stream->next;
    return stream || find_waiter(ch, serial);
}

void channel_add_waiter_locked(struct channel *ch, struct waiter *waiter)
{
    if (!ch->waiters) {
        /* the silence before this means nothing: nobody was listening */
        ch->quiet_since = now_ms();
        ch->pings = 0;
    }
    waiter->next = ch->waiters;
    ch->waiters = waiter;
}

static void add_waiter_locked(struct channel *ch, struct waiter *waiter)
{
    while (serial_is_used(ch, ch->next_serial))
        ch->next_serial++; /* once in 2^32 calls */
    waiter->serial = ch->next_serial++;
    channel_add_waiter_locked(ch, waiter);
}

void channel_remove_waiter_locked(struct channel *ch, struct waiter *waiter)
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

/* out_fd is taken over; -1 = none. */
static int call(struct channel *ch, struct waiter *waiter, struct channel_stream *stream,
                const struct frame_header *header, void *packet, size_t len, int out_fd,
                struct channel_error *ret_error)
{
    struct frame_header numbered = *header;

    (void)pthread_mutex_lock(&ch->lock);
    if (!ch->lost) {
        add_waiter_locked(ch, waiter);
        numbered.serial = waiter->serial;
        if (stream)
            add_stream_locked(ch, stream, &numbered);
        frame_encode_header(packet, &numbered, len - FRAME_MIN);
        channel_send_locked(ch, packet, len);
        if (out_fd >= 0)
            send_fd_locked(ch, steal_fd(&out_fd));
        wait_locked(ch, waiter);
        channel_remove_waiter_locked(ch, waiter);
        channel_pass_role_locked(ch);
    }
    if (!waiter->done)
        *ret_error = ch->why;
    (void)pthread_mutex_unlock(&ch->lock);
    (void)pthread_cond_destroy(&waiter->wake);
    close_fd(out_fd);
    if (waiter->dropped)
        *ret_error = out_of_memory;
    return waiter->reply ? 0 : -1;
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

    if (call(ch, &waiter, stream, header, packet, len, -1, ret_error) < 0)
        return -1;
    *ret_reply = waiter.reply;
    *ret_len = waiter.reply_len;
    return 0;
}

int channel_call_fds(struct channel *ch, struct channel_fds *fds,
                     const struct frame_header *header, void *packet, size_t len,
                     void **ret_reply, size_t *ret_len, struct channel_error *ret_error)
{
    struct waiter waiter = { .wake = PTHREAD_COND_INITIALIZER, .fds = fds };
    int fd = fds->out < 0 ? -1 : fcntl(fds->out, F_DUPFD_CLOEXEC, 0); /* it may go out late */

    fds->in = -1;
    if (fds->out >= 0 && fd < 0) {
        *ret_error = (struct channel_error){ VIR_ERR_SYSTEM_ERROR, errno,
                                             "cannot duplicate the descriptor" };
        return -1;
    }
    if (call(ch, &waiter, NULL, header, packet, len, fd, ret_error) < 0) {
        close_fd(steal_fd(&fds->in));
        return -1;
    }
    *ret_reply = waiter.reply;
    *ret_len = waiter.reply_len;
    return 0;
}

void channel_look_locked(struct channel *ch)
{
    if (!ch->lost && !ch->reading) {
        read_turn_locked(ch, 0);
        channel_pass_role_locked(ch);
    }
    channel_watch_out_locked(ch, ch->out.len > 0 && !ch->reading);
}

bool channel_is_encrypted(const struct channel *ch)
{
    return ch->transport.ops->encrypted || ch->layer.encode;
}

bool channel_is_alive(struct channel *ch)
{
    bool alive;

    (void)pthread_mutex_lock(&ch->lock);
    channel_look_locked(ch);
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
    /* so that the daemon knows to whom pongs mean something, also while it does not read us */
    if (interval > 0 && !ch->lost)
        send_keepalive_locked(ch, KEEPALIVE_PROC_PING);
    if (ch->reading)
        wake_reader_locked(ch); /* it sleeps by the old interval */
    (void)pthread_mutex_unlock(&ch->lock);
}

bool channel_set_layer(struct channel *ch, const struct channel_layer *layer)
{
    ch->layer = *layer;
    return ch->in.len == 0 && ch->out.len == 0;
}
