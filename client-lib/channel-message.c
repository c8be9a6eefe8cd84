/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets of a channel that answer no call, kept until they are taken.  Any thread; see
   channel.c. */

#include "channel-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "protocol/macros.h"

/* What is kept of one program's negligence, and of one daemon's zeal. */
enum { MESSAGES_MAX = 4096, MESSAGE_BYTES_MAX = 16 * 1024 * 1024 };

struct message {
    struct message *next;
    size_t len;
    char packet[];
};

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void channel_keep_messages(struct channel *ch, uint32_t program, int32_t procedure)
{
    (void)pthread_mutex_lock(&ch->lock);
    ch->kept_program = program;
    ch->kept_procedure = procedure;
    (void)pthread_mutex_unlock(&ch->lock);
}

static bool is_kept(const struct channel *ch, const struct frame_header *header, size_t len)
{
    return ch->kept_program != 0 && header->program == ch->kept_program &&
           header->procedure == ch->kept_procedure && ch->nmessages < MESSAGES_MAX &&
           len <= MESSAGE_BYTES_MAX - ch->message_bytes;
}

void channel_keep_message_locked(struct channel *ch, const struct frame_header *header,
                                 const void *packet, size_t len)
{
    struct message *message = is_kept(ch, header, len) ? malloc(sizeof(*message) + len) : NULL;

    if (!message)
        return;
    message->next = NULL;
    message->len = len;
    memcpy(message->packet, packet, len);
    *ch->messages_end = message;
    ch->messages_end = &message->next;
    ch->nmessages++;
    ch->message_bytes += len;
    channel_notify_locked(ch);
}

/* Of any: who looked last was perhaps told that for him there is nothing. */
static bool has_news(const struct channel *ch)
{
    const struct channel_stream *stream = ch->streams;

    while (stream && !stream->unseen && !(stream->refused && ch->out.len < STREAM_OUT_MAX))
        stream = stream->next;
    return ch->messages || stream;
}

void channel_notify_locked(struct channel *ch)
{
    bool news = has_news(ch);
    eventfd_t count;

    if (ch->message_fd < 0 || news == ch->notified)
        return;
    ch->notified = news; /* neither can fail: it is 0 or 1 */
    (void)(news ? eventfd_write(ch->message_fd, 1) : eventfd_read(ch->message_fd, &count));
}

void channel_drop_messages(struct channel *ch)
{
    while (ch->messages) {
        struct message *next = ch->messages->next;

        free(ch->messages);
        ch->messages = next;
    }
    close_fd(ch->message_fd);
    close_fd(ch->epoll_fd);
}

static int watch(int epoll_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void channel_watch_out_locked(struct channel *ch, bool watched)
{
    struct epoll_event event = { .events = watched ? EPOLLIN | EPOLLOUT : EPOLLIN };

    if (ch->epoll_fd >= 0 && watched != ch->watches_out &&
        epoll_ctl(ch->epoll_fd, EPOLL_CTL_MOD, ch->fd, &event) == 0)
        ch->watches_out = watched;
}

/* Of two descriptors one. */
static int make_message_fd_locked(struct channel *ch)
{
    int message_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), failed;

    if (message_fd >= 0 && epoll_fd >= 0 && watch(epoll_fd, ch->fd) == 0 &&
        watch(epoll_fd, message_fd) == 0) {
        ch->message_fd = message_fd;
        ch->epoll_fd = epoll_fd;
        channel_notify_locked(ch);
        channel_watch_out_locked(ch, ch->out.len > 0 && !ch->reading);
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

    if (message) {
        ch->messages = message->next;
        ch->nmessages--;
        ch->message_bytes -= message->len;
    }
    if (!ch->messages)
        ch->messages_end = &ch->messages;
    channel_notify_locked(ch);
    return message;
}

int channel_take_message(struct channel *ch, void **ret_packet, size_t *ret_len,
                         struct channel_error *ret_error)
{
    struct message *message;
    int rc = 1;

    (void)pthread_mutex_lock(&ch->lock);
    if (!ch->messages)
        channel_look_locked(ch);
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
