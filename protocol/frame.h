/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's packet framing: a big-endian length word that counts itself, a
 * header of six words, a payload.  Pure functions over memory: no sockets, no
 * allocation the peer could choose the size of.  Used by daemon and library.
 */
#ifndef VIRTJOBD_FRAME_H
#define VIRTJOBD_FRAME_H

#include <rpc/types.h>
#include <rpc/xdr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_LENGTH_SIZE = 4,
    FRAME_HEADER_SIZE = 24,
    FRAME_MIN = FRAME_LENGTH_SIZE + FRAME_HEADER_SIZE, /* the smallest packet */
    FRAME_MESSAGE_MAX = 33554432,                      /* header + payload */
    FRAME_PAYLOAD_MAX = FRAME_MESSAGE_MAX - FRAME_HEADER_SIZE,
    FRAME_MAX = FRAME_LENGTH_SIZE + FRAME_MESSAGE_MAX, /* the largest packet */
};

#define KEEPALIVE_PROGRAM_NUMBER 0x6b656570u
enum { KEEPALIVE_PROGRAM_VERSION = 1, KEEPALIVE_PROC_PING = 1, KEEPALIVE_PROC_PONG = 2 };

enum frame_type {
    FRAME_CALL = 0,
    FRAME_REPLY = 1,
    FRAME_MESSAGE = 2,
    FRAME_STREAM = 3,
    FRAME_CALL_WITH_FDS = 4,
    FRAME_REPLY_WITH_FDS = 5,
    FRAME_STREAM_HOLE = 6,
    FRAME_TYPE_MAX
};

enum frame_status { FRAME_OK = 0, FRAME_ERROR = 1, FRAME_CONTINUE = 2, FRAME_STATUS_MAX };

struct frame_header {
    uint32_t program;
    uint32_t version;
    int32_t procedure;
    uint32_t type;   /* enum frame_type */
    uint32_t serial;
    uint32_t status; /* enum frame_status */
};

/*
 * How long is the packet that starts at data?
 * Returns its length with the length word once four bytes are there, 0 while
 * they are not, -EBADMSG when the length word is out of bounds (below
 * FRAME_MIN or above FRAME_MAX): the stream cannot be trusted after that.
 */
int64_t frame_length(const void *data, size_t len);

/*
 * Reads the header of a whole packet (len >= FRAME_MIN).
 * Returns 0, or -EBADMSG when type or status have no meaning.
 */
int frame_decode_header(const void *packet, size_t len, struct frame_header *ret_header);

/* Writes length word and header; out has room for FRAME_MIN bytes. */
void frame_encode_header(void *out, const struct frame_header *header, size_t payload_len);

/* A ping or a pong, whole; out has room for FRAME_MIN bytes. */
void frame_encode_keepalive(void *out, int procedure);

/*
 * A whole packet in one block of memory: header, and args run through encode
 * (NULL for an empty payload).  Returns 0 and a block the caller frees;
 * -EMSGSIZE when it would be larger than FRAME_MAX, -EINVAL when args cannot
 * be encoded (a string over its bound), -ENOMEM.
 */
int frame_encode(const struct frame_header *header, xdrproc_t encode, void *args,
                 void **ret_packet, size_t *ret_len);

/* The same with the number of descriptors in front, for a type _WITH_FDS. */
int frame_encode_with_fds(const struct frame_header *header, uint32_t nfds, xdrproc_t encode,
                          void *args, void **ret_packet, size_t *ret_len);

/*
 * Decodes a payload into *ret, zeroed by the caller; trailing bytes are
 * ignored as libvirt ignores them.  Returns 0, or -EBADMSG with everything
 * that was allocated freed again.  xdr_free(decode, ret) frees the result.
 */
int frame_decode_payload(const void *payload, size_t len, xdrproc_t decode, void *ret);

#endif
