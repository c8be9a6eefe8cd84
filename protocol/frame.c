/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packet codec; see frame.h.  Any thread: no state. */

#include "protocol/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/macros.h"

/* The first guess for an encoded payload; most replies fit. */
enum { ENCODE_GUESS = 1024 };

static uint32_t word_at(const void *data, size_t index)
{
    uint32_t word;

    memcpy(&word, (const char *)data + index * sizeof(word), sizeof(word));
    return ntohl(word);
}

static void put_word(void *out, size_t index, uint32_t value)
{
    uint32_t word = htonl(value);

    memcpy((char *)out + index * sizeof(word), &word, sizeof(word));
}

int64_t frame_length(const void *data, size_t len)
{
    uint32_t length;

    if (len < FRAME_LENGTH_SIZE)
        return 0;
    length = word_at(data, 0);
    if (length < FRAME_MIN || length > FRAME_MAX)
        return -EBADMSG;
    return length;
}

int frame_decode_header(const void *packet, size_t len, struct frame_header *ret_header)
{
    struct frame_header header;

    if (len < FRAME_MIN)
        return -EBADMSG;
    header = (struct frame_header){
        .program = word_at(packet, 1),
        .version = word_at(packet, 2),
        .procedure = (int32_t)word_at(packet, 3),
        .type = word_at(packet, 4),
        .serial = word_at(packet, 5),
        .status = word_at(packet, 6),
    };
    if (header.type >= FRAME_TYPE_MAX || header.status >= FRAME_STATUS_MAX)
        return -EBADMSG;
    *ret_header = header;
    return 0;
}

void frame_encode_header(void *out, const struct frame_header *header, size_t payload_len)
{
    put_word(out, 0, (uint32_t)(FRAME_MIN + payload_len));
    put_word(out, 1, header->program);
    put_word(out, 2, header->version);
    put_word(out, 3, (uint32_t)header->procedure);
    put_word(out, 4, header->type);
    put_word(out, 5, header->serial);
    put_word(out, 6, header->status);
}

void frame_encode_keepalive(void *out, int procedure)
{
    const struct frame_header header = {
        .program = KEEPALIVE_PROGRAM_NUMBER,
        .version = KEEPALIVE_PROGRAM_VERSION,
        .procedure = procedure,
        .type = FRAME_MESSAGE,
    };

    frame_encode_header(out, &header, 0);
}

/* Encodes into a block of the given size; returns the bytes used or -1 where they do not fit. */
static int64_t encode_into(char *block, size_t size, xdrproc_t encode, void *args)
{
    XDR xdr;
    int64_t used = -1;

    xdrmem_create(&xdr, block, (u_int)size, XDR_ENCODE);
    if (encode(&xdr, args))
        used = xdr_getpos(&xdr);
    xdr_destroy(&xdr);
    return used;
}

int frame_encode(const struct frame_header *header, xdrproc_t encode, void *args,
                 void **ret_packet, size_t *ret_len)
{
    size_t room = encode ? ENCODE_GUESS : 0;
    int64_t used = 0;

    for (;;) {
        _cleanup_free_ char *packet = malloc(FRAME_MIN + room);

        if (!packet)
            return -ENOMEM;
        if (encode)
            used = encode_into(packet + FRAME_MIN, room, encode, args);
        if (used >= 0) {
            frame_encode_header(packet, header, (size_t)used);
            *ret_packet = STEAL_PTR(packet);
            *ret_len = FRAME_MIN + (size_t)used;
            return 0;
        }
        if (room == ENCODE_GUESS) {
            /* It did not fit, or it cannot be encoded at all: measure it once. */
            unsigned long size = xdr_sizeof(encode, args);

            if (size == 0)
                return -EINVAL;
            if (size > FRAME_PAYLOAD_MAX)
                return -EMSGSIZE;
            if (size > room) {
                room = size;
                continue;
            }
        }
        return -EINVAL;
    }
}

struct counted {
    uint32_t nfds;
    xdrproc_t encode;
    void *args;
};

static bool_t xdr_counted(XDR *xdr, ...)
{
    struct counted *counted;
    va_list list;

    va_start(list, xdr);
    counted = va_arg(list, struct counted *);
    va_end(list);
    return xdr_uint32_t(xdr, &counted->nfds) &&
           (!counted->encode || counted->encode(xdr, counted->args));
}

int frame_encode_with_fds(const struct frame_header *header, uint32_t nfds, xdrproc_t encode,
                          void *args, void **ret_packet, size_t *ret_len)
{
    struct counted counted = { nfds, encode, args };

    return frame_encode(header, xdr_counted, &counted, ret_packet, ret_len);
}

int frame_decode_payload(const void *payload, size_t len, xdrproc_t decode, void *ret)
{
    XDR xdr;
    bool_t ok;

    /* xdrmem only reads in XDR_DECODE, its argument is not const by age */
    xdrmem_create(&xdr, (char *)(uintptr_t)payload, (u_int)len, XDR_DECODE);
    ok = decode(&xdr, ret);
    xdr_destroy(&xdr);
    if (ok)
        return 0;
    xdr_free(decode, ret);
    return -EBADMSG;
}
