/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a client is still to be sent.  All replies of one batch go out in one
 * system call: small ones are copied side by side into a block, large ones
 * are taken over as they are.  Nothing is kept once it is sent.  Loop thread.
 */

#include <errno.h>
#include <string.h>

#include "server/internal.h"
#include "util/alloc.h"

enum { IOV_BATCH = 16 };

/* A block made here has its data behind it, a taken over packet elsewhere. */
static bool block_is_shared(const struct output_block *block)
{
    return block->data == (const char *)(block + 1);
}

void output_block_free(struct output_block *block)
{
    if (!block)
        return;
    if (!block_is_shared(block))
        free(block->data);
    if (block->fd >= 0)
        (void)close(block->fd); /* the client has its own by now, or nobody will */
    free(block);
}

static void block_append(struct client *client, struct output_block *block)
{
    block->next = NULL;
    if (client->output_tail)
        client->output_tail->next = block;
    else
        client->output_head = block;
    client->output_tail = block;
}

/* A shared block at the end of the queue with room for len bytes. */
static struct output_block *block_with_room(struct client *client, size_t len)
{
    struct output_block *block = client->output_tail;

    if (block && block_is_shared(block) && block->size - block->len >= len)
        return block;
    block = STEAL_PTR(client->server->spare_block);
    if (!block)
        block = xmalloc(sizeof(*block) + OUTPUT_BLOCK_SIZE);
    *block =
        (struct output_block){ .data = (char *)(block + 1), .size = OUTPUT_BLOCK_SIZE, .fd = -1 };
    block_append(client, block);
    return block;
}

void output_copy(struct client *client, const void *data, size_t len)
{
    struct output_block *block = block_with_room(client, len);

    memcpy(block->data + block->len, data, len);
    block->len += len;
    client->output_bytes += len;
}

void output_add(struct client *client, void *packet, size_t len)
{
    struct output_block *block;

    if (len <= OUTPUT_COPY_MAX) {
        output_copy(client, packet, len);
        free(packet);
        return;
    }
    block = xmalloc(sizeof(*block));
    *block = (struct output_block){ .data = packet, .len = len, .size = len, .fd = -1 };
    block_append(client, block);
    client->output_bytes += len;
}

void output_add_fd(struct client *client, int fd)
{
    struct output_block *block = xmalloc(sizeof(*block));

    *block = (struct output_block){ .data = xcalloc(1, 1), .len = 1, .size = 1, .fd = fd };
    block_append(client, block);
    client->output_bytes++;
}

static void block_release(struct server *server, struct output_block *block)
{
    if (!server->spare_block && block_is_shared(block))
        server->spare_block = block;
    else
        output_block_free(block);
}

/* n bytes from the front of the queue are gone. */
static void output_advance(struct client *client, size_t n)
{
    client->output_bytes -= n;
    client->output_total += n;
    client->output_sent += n;
    while (client->output_head && client->output_sent >= client->output_head->len) {
        struct output_block *block = client->output_head;

        client->output_sent -= block->len;
        client->output_head = block->next;
        if (!client->output_head)
            client->output_tail = NULL;
        block_release(client->server, block);
    }
}

/* Writes the first blocks, up to one with a descriptor, which goes alone. */
static ssize_t write_some(struct client *client, size_t *ret_offered)
{
    struct transport *transport = &client->transport;
    struct output_block *b = client->output_head;
    struct iovec iov[IOV_BATCH];
    size_t skip = client->output_sent, offered = 0;
    int count = 0;

    if (b->fd >= 0) {
        *ret_offered = b->len;
        return transport->ops->write_fd(transport, b->fd);
    }
    for (; b && b->fd < 0 && count < IOV_BATCH; b = b->next) {
        iov[count++] = (struct iovec){ b->data + skip, b->len - skip };
        offered += b->len - skip;
        skip = 0;
    }
    *ret_offered = offered;
    return transport->ops->write(transport, iov, count);
}

int output_flush(struct client *client)
{
    while (client->output_bytes > 0) {
        size_t offered;
        ssize_t n = write_some(client, &offered);

        if (n == -EAGAIN)
            return 0;
        if (n < 0)
            return (int)n;
        output_advance(client, (size_t)n);
        if ((size_t)n < offered)
            return 0; /* the socket is full: asking again would only say so */
    }
    return 0;
}

void output_done(struct client *client)
{
    struct output_block *block = client->output_head;

    while (block) {
        struct output_block *next = block->next;

        output_block_free(block);
        block = next;
    }
    client->output_head = client->output_tail = NULL;
    client->output_sent = client->output_bytes = 0;
}
