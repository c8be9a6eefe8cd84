/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cuts what a client sends into packets, answers keepalive and hands calls to
 * the handler.  A client keeps memory only for bytes that have arrived and
 * cannot be used yet: an incomplete packet, or calls that wait because it has
 * too many in flight.  Loop thread.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "server/internal.h"
#include "util/alloc.h"

struct packet {
    struct frame_header header;
    const char *payload; /* without the number of descriptors */
    size_t payload_len;
    unsigned int nfds;
    size_t fds_at; /* the first of their bytes, from the packet's first */
};

/* The number of descriptors, which begins the payload. */
static int take_count(struct packet *packet)
{
    uint32_t nfds;

    if (packet->payload_len < sizeof(nfds))
        return -EBADMSG;
    memcpy(&nfds, packet->payload, sizeof(nfds));
    packet->nfds = ntohl(nfds);
    packet->payload += sizeof(nfds);
    packet->payload_len -= sizeof(nfds);
    return packet->nfds > FDS_MAX ? -EBADMSG : 0;
}

static int64_t packet_max(const struct client *client)
{
    return FRAME_LENGTH_SIZE + (int64_t)client->server->limits.max_client_packet_mib * MIB;
}

/*
 * How many bytes belong to the packet that starts at data: its length, and
 * after a call with descriptors the one byte that came with each of them.
 * 0 while it is not all there, -EBADMSG where the stream cannot be trusted, -EMSGSIZE where it
 * is longer than the client may send.
 */
static int64_t packet_extent(const struct client *client, const char *data, size_t len,
                             struct packet *ret_packet)
{
    int64_t length = frame_length(data, len);

    if (length > packet_max(client))
        return -EMSGSIZE;
    if (length <= 0 || (size_t)length > len)
        return length < 0 ? length : 0;
    *ret_packet = (struct packet){
        .payload = data + FRAME_MIN,
        .payload_len = (size_t)length - FRAME_MIN,
        .fds_at = (size_t)length,
    };
    if (frame_decode_header(data, (size_t)length, &ret_packet->header) < 0 ||
        (ret_packet->header.type == FRAME_CALL_WITH_FDS && take_count(ret_packet) < 0))
        return -EBADMSG;
    length += ret_packet->nfds;
    return (size_t)length <= len ? length : 0;
}

/* TLS's handshake, which a client begins that takes this for a TLS port. */
static bool is_tls(const char *data, size_t len)
{
    return len >= 2 && data[0] == 0x16 && data[1] == 0x03;
}

static bool is_ping(const struct frame_header *header)
{
    return header->program == KEEPALIVE_PROGRAM_NUMBER &&
           header->version == KEEPALIVE_PROGRAM_VERSION && header->type == FRAME_MESSAGE &&
           header->procedure == KEEPALIVE_PROC_PING;
}

static bool serial_is_in_flight(const struct client *client, uint32_t serial)
{
    for (unsigned int i = 0; i < client->nserials; i++)
        if (client->serials[i] == serial)
            return true;
    return false;
}

static void serial_add(struct client *client, uint32_t serial)
{
    if (client->nserials == client->serials_size) {
        client->serials_size = client->serials_size ? 2 * client->serials_size : 4;
        client->serials = xrealloc(client->serials, client->serials_size, sizeof(uint32_t));
    }
    client->serials[client->nserials++] = serial;
}

/* at: of the packet, among the bytes that are not used up. */
static void handle_call(struct client *client, const struct packet *packet, size_t at)
{
    const struct frame_header *header = &packet->header;
    int fds[FDS_MAX];

    if (header->status != FRAME_OK) {
        client_drop(client, "call with a status");
        return;
    }
    if (serial_is_in_flight(client, header->serial)) {
        client_drop(client, "serial of a call that has no answer yet");
        return;
    }
    if (streams_have_serial(client, header->serial)) {
        client_drop(client, "serial of a stream that is open");
        return;
    }
    serial_add(client, header->serial);
    descriptors_take(client, at + packet->fds_at, packet->nfds, fds);
    client->server->handler->call(client->server->opaque, client, header, packet->payload,
                                  packet->payload_len, fds, packet->nfds);
}

/* answered: the packet was looked at before, and if it was a ping it has its pong. */
static void handle_packet(struct client *client, const struct packet *packet, size_t at,
                          bool answered)
{
    const struct frame_header *header = &packet->header;

    switch ((enum frame_type)header->type) {
    case FRAME_CALL:
    case FRAME_CALL_WITH_FDS:
        handle_call(client, packet, at);
        return;
    case FRAME_STREAM:
    case FRAME_STREAM_HOLE:
        streams_take(client, header, packet->payload, packet->payload_len);
        return;
    case FRAME_MESSAGE:
        if (header->program != KEEPALIVE_PROGRAM_NUMBER)
            client_drop(client, "message of a program that has none for a server");
        else if (is_ping(header) && !answered)
            keepalive_pong(client);
        return;
    case FRAME_REPLY:
    case FRAME_REPLY_WITH_FDS:
    case FRAME_TYPE_MAX:
        client_drop(client, "packet of a type that only a server sends");
        return;
    }
}

static void drop_malformed(struct client *client, const char *data, size_t len, int64_t extent)
{
    client_drop(client, is_tls(data, len)   ? "TLS on a socket without it" :
                        extent == -EMSGSIZE ? "packet above max_client_packet_megabytes" :
                                              "malformed packet");
}

/* Calls must wait, pings need not: answers those in data from pos on. */
static void scan_pings(struct client *client, const char *data, size_t len, size_t pos)
{
    struct packet packet;

    if (pos < client->input_scanned)
        pos = client->input_scanned;
    for (;;) {
        int64_t extent = packet_extent(client, data + pos, len - pos, &packet);

        if (extent < 0)
            drop_malformed(client, data + pos, len - pos, extent);
        if (extent <= 0)
            break;
        if (is_ping(&packet.header))
            keepalive_pong(client);
        pos += (size_t)extent;
    }
    client->input_scanned = pos;
}

/* Handles the packets in data; returns how many bytes have been used up. */
static size_t process(struct client *client, const char *data, size_t len)
{
    size_t pos = 0;

    while (!client->gone && !client->closing && pos < len) {
        struct packet packet;
        int64_t extent;

        if (client->anonymous && frame_length(data + pos, len - pos) > ANONYMOUS_PACKET_MAX) {
            client_drop(client, "too large a packet from one that has not authenticated");
            break;
        }
        if (!client_may_call(client)) {
            scan_pings(client, data, len, pos);
            break;
        }
        extent = packet_extent(client, data + pos, len - pos, &packet);
        if (extent < 0)
            drop_malformed(client, data + pos, len - pos, extent);
        if (extent <= 0)
            break;
        handle_packet(client, &packet, pos, pos < client->input_scanned);
        pos += (size_t)extent;
    }
    client->input_scanned = client->input_scanned > pos ? client->input_scanned - pos : 0;
    descriptors_advance(client, pos);
    return pos;
}

void input_done(struct client *client)
{
    free(client->input);
    client->input = NULL;
    client->input_len = client->input_size = client->input_scanned = 0;
}

/* Keeps the len bytes at data, which may lie in the kept block itself. */
static void keep(struct client *client, const char *data, size_t len)
{
    if (client->gone || client->closing || len == 0) {
        input_done(client);
        return;
    }
    if (client->input && data >= client->input && data <= client->input + client->input_size) {
        memmove(client->input, data, len);
    } else {
        if (client->input_size < len) {
            client->input = xrealloc(client->input, len, 1);
            client->input_size = len;
        }
        memcpy(client->input, data, len);
    }
    client->input_len = len;
}

static void process_and_keep(struct client *client, char *data, size_t len)
{
    size_t used = process(client, data, len);

    keep(client, data + used, len - used);
}

/*
 * Room to read on behind a large incomplete packet: as much again as has
 * arrived, and no further than the packet's end.
 */
static void grow_in_place(struct client *client)
{
    size_t size = 2 * client->input_len;
    int64_t length = frame_length(client->input, client->input_len);

    if (length > 0 && (size_t)length > client->input_len && (size_t)length < size)
        size = (size_t)length;
    if (size > client->input_size) {
        client->input = xrealloc(client->input, size, 1);
        client->input_size = size;
    }
}

void input_read(struct client *client)
{
    char *data = client->server->scratch;
    size_t have = client->input_len, room = SCRATCH_SIZE - have;
    ssize_t n;

    if (have <= INPUT_SMALL) {
        if (have > 0)
            memcpy(data, client->input, have);
    } else {
        grow_in_place(client);
        data = client->input;
        room = client->input_size - have;
    }
    n = descriptors_read(client, data + have, room, have);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        if (n < 0 || !client_half_close(client))
            client_lost(client);
        return;
    }
    client->heard = true;
    process_and_keep(client, data, have + (size_t)n);
}

void input_resume(struct client *client)
{
    if (client->input_len > 0)
        process_and_keep(client, client->input, client->input_len);
    if (!client->gone && client->reading && client_has_input(client))
        input_read(client);
}
