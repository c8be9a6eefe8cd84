/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes that come in at the end and go out at the front.  Zeroed = empty.
 * Grows with what is really there, and gives large blocks back when empty.
 */
#ifndef LIBVIRTJOB_BUFFER_H
#define LIBVIRTJOB_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data;
    size_t start; /* the first byte that has not gone out */
    size_t len;
    size_t size;
};

void buffer_done(struct buffer *buffer);

/* Where at least room bytes may be written; NULL when there is no memory. */
void *buffer_reserve(struct buffer *buffer, size_t room);

/* How many bytes fit behind what is there. */
size_t buffer_room(const struct buffer *buffer);

/* len bytes were written where buffer_reserve() said. */
void buffer_produce(struct buffer *buffer, size_t len);

/* The front; len bytes are there. */
const void *buffer_bytes(const struct buffer *buffer);

/* len bytes have gone out. */
void buffer_consume(struct buffer *buffer, size_t len);

#endif
