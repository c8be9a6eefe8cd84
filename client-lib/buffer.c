/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See buffer.h.  Whoever owns a buffer guards it. */

#include "buffer.h"

#include <stdlib.h>
#include <string.h>

enum { KEEP_MAX = 65536 }; /* an empty buffer keeps no larger block */

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ .data = NULL };
}

static void move_to_front(struct buffer *buffer)
{
    if (buffer->start == 0)
        return;
    memmove(buffer->data, buffer->data + buffer->start, buffer->len);
    buffer->start = 0;
}

void *buffer_reserve(struct buffer *buffer, size_t room)
{
    if (buffer_room(buffer) < room)
        move_to_front(buffer);
    if (buffer_room(buffer) < room) {
        size_t size = buffer->len + room;
        char *data;

        if (size < 2 * buffer->size)
            size = 2 * buffer->size; /* doubling: the bytes are moved but a few times */
        data = realloc(buffer->data, size);
        if (!data)
            return NULL;
        buffer->data = data;
        buffer->size = size;
    }
    return buffer->data + buffer->len + buffer->start;
}

size_t buffer_room(const struct buffer *buffer)
{
    return buffer->size - buffer->start - buffer->len;
}

void buffer_produce(struct buffer *buffer, size_t len)
{
    buffer->len += len;
}

const void *buffer_bytes(const struct buffer *buffer)
{
    return buffer->data ? buffer->data + buffer->start : "";
}

void buffer_consume(struct buffer *buffer, size_t len)
{
    buffer->start += len;
    buffer->len -= len;
    if (buffer->len > 0)
        return;
    buffer->start = 0;
    if (buffer->size > KEEP_MAX)
        buffer_done(buffer);
}
