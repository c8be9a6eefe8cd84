/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets over one socket, shared by any number of threads: each call waits
 * for the reply with its own serial.  Knows no procedures.
 */
#ifndef LIBVIRTJOB_CHANNEL_H
#define LIBVIRTJOB_CHANNEL_H

#include <stdbool.h>

#include "protocol/frame.h"

struct channel;

/* Why a call had no reply. */
struct channel_error {
    int code;         /* VIR_ERR_* */
    int errnum;       /* with VIR_ERR_SYSTEM_ERROR */
    const char *text; /* static */
};

/* Takes the connected stream socket, also when it fails.  NULL with errno set. */
struct channel *channel_new(int fd);

/* No call may be under way. */
void channel_free(struct channel *ch);

/*
 * Sends a packet made by frame_encode(), with the next serial written into
 * it, and waits for its reply: the whole packet, which the caller frees.
 * Any thread.  Returns 0, or -1 with *ret_error.
 */
int channel_call(struct channel *ch, const struct frame_header *header, void *packet, size_t len,
             void **ret_reply, size_t *ret_len, struct channel_error *ret_error);

/*
 * Readable while channel_take_message() has something to do: a message is there, or bytes of one
 * may be, or the connection is lost.  The channel's own.  -1 with errno.  Any thread.
 */
int channel_message_fd(struct channel *ch);

/*
 * The next packet that answers no call, whole, which the caller frees; reads what has come, never
 * waits.  Where they are not taken, those beyond some thousands are dropped.  Any thread.
 * Returns 1, 0 when there is none, or -1 with *ret_error when there will be none any more.
 */
int channel_take_message(struct channel *ch, void **ret_packet, size_t *ret_len,
                         struct channel_error *ret_error);

/* Looks at the socket, without waiting.  Any thread. */
bool channel_is_alive(struct channel *ch);

/*
 * While a call waits: a ping after interval seconds without a packet, the
 * connection given up after count of them went unanswered.  0 = never.
 */
void channel_set_keepalive(struct channel *ch, int interval, unsigned int count);

#endif
