/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See server-harness.h. */

#include "server-harness.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol/wire.h"
#include "util/alloc.h"
#include "util/closer.h"

enum { TURN_MS = 2 };

static void reply(struct client *client, const struct frame_header *call, const void *payload,
                  size_t len)
{
    struct frame_header header = *call;
    char *packet = xmalloc(FRAME_MIN + len);

    header.type = FRAME_REPLY;
    frame_encode_header(packet, &header, len);
    if (len > 0 && payload)
        memcpy(packet + FRAME_MIN, payload, len);
    else if (len > 0)
        memset(packet + FRAME_MIN, 'x', len);
    client_send_reply(client, packet, FRAME_MIN + len);
}

static void give(struct client *client, const struct frame_header *call, int fd)
{
    struct frame_header header = *call;
    void *packet;
    size_t len;

    header.type = FRAME_REPLY_WITH_FDS;
    ck_assert_int_eq(frame_encode_with_fds(&header, 1, NULL, NULL, &packet, &len), 0);
    client_send_reply_fd(client, packet, len, fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static void hold(struct harness *h, struct client *client, const struct frame_header *header)
{
    struct held_call *held = XNEW(struct held_call), **at = &h->held;

    held->client = client_ref(client);
    held->header = *header;
    while (*at)
        at = &(*at)->next;
    *at = held;
}

static void on_call(void *opaque, struct client *client, const struct frame_header *header,
                    const void *payload, size_t len, const int *fds, unsigned int nfds)
{
    struct harness *h = opaque;
    uint32_t size;

    for (unsigned int i = 0; i < nfds; i++)
        h->fds[h->nfds++] = fds[i];

    h->calls++;
    h->last = *header;
    switch (header->procedure) {
    case PROC_HOLD:
        hold(h, client, header);
        break;
    case PROC_SIZE:
        ck_assert_uint_ge(len, sizeof(size));
        memcpy(&size, payload, sizeof(size));
        reply(client, header, NULL, ntohl(size));
        break;
    case PROC_CLOSE:
        client_close_after_flush(client);
        reply(client, header, NULL, 0);
        break;
    case PROC_GIVE:
        give(client, header, h->give_fd);
        break;
    default:
        reply(client, header, payload, len);
    }
}

static void on_gone(void *opaque, _unused_ struct client *client)
{
    struct harness *h = opaque;

    h->gone++;
}

static void on_idle(void *opaque)
{
    struct harness *h = opaque;

    h->idle++;
}

void harness_start(struct harness *h, unsigned int max_clients, unsigned int max_requests)
{
    static const struct server_handler handler = { .call = on_call, .gone = on_gone };
    const struct server_limits limits = { .max_clients = max_clients,
                                          .max_client_requests = max_requests };

    harness_start_with(h, &limits, &handler, h);
    server_set_idle_cb(h->server, on_idle, h);
}

void harness_start_with(struct harness *h, const struct server_limits *limits,
                        const struct server_handler *handler, void *opaque)
{
    struct verror err = VERROR_INIT;

    memset(h, 0, sizeof(*h));
    (void)snprintf(h->dir, sizeof(h->dir), "%s", "/tmp/test-server-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(h->dir));
    (void)snprintf(h->path, sizeof(h->path), "%s/sock", h->dir);
    h->base = event_base_new();
    h->server = server_new(h->base, limits, handler, opaque);
    ck_assert_msg(server_listen_unix(h->server, h->path, 0600, (gid_t)-1, false,
                                     SERVER_AUTH_NONE, &err) == 0, "%s",
                  verror_text(&err));
}

void harness_stop(struct harness *h)
{
    server_free(h->server);
    while (h->held)
        harness_release(h);
    event_base_free(h->base);
    close_later_drain();
    ck_assert_int_eq(rmdir(h->dir), 0);
}

void harness_turn(struct harness *h)
{
    static const struct timeval longest = { .tv_usec = TURN_MS * 1000 };

    (void)event_base_loopexit(h->base, &longest);
    (void)event_base_loop(h->base, EVLOOP_ONCE);
}

void harness_release(struct harness *h)
{
    struct held_call *held = STEAL_PTR(h->held);

    while (held) {
        struct held_call *next = held->next;

        reply(held->client, &held->header, NULL, 0);
        client_unref(held->client);
        free(held);
        held = next;
    }
}

int peer_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect: %s",
                  strerror(errno));
    return fd;
}

void peer_write(struct harness *h, int fd, const void *data, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            harness_turn(h);
        else
            ck_abort_msg("send: %s", strerror(errno));
    }
}

size_t packet_make(void *out, int procedure, uint32_t serial, const void *payload, size_t len)
{
    const struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = procedure, .serial = serial,
    };

    frame_encode_header(out, &header, len);
    if (len > 0)
        memcpy((char *)out + FRAME_MIN, payload, len);
    return FRAME_MIN + len;
}

void peer_packet(struct harness *h, int fd, const struct frame_header *header,
                 const void *payload, size_t len)
{
    _cleanup_free_ char *packet = xmalloc(FRAME_MIN + len);

    frame_encode_header(packet, header, len);
    if (len > 0)
        memcpy(packet + FRAME_MIN, payload, len);
    peer_write(h, fd, packet, FRAME_MIN + len);
}

void peer_call(struct harness *h, int fd, int procedure, uint32_t serial, const void *payload,
               size_t len)
{
    const struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = procedure, .serial = serial,
    };

    peer_packet(h, fd, &header, payload, len);
}

void peer_ping(struct harness *h, int fd)
{
    static const struct frame_header ping = {
        .program = KEEPALIVE_PROGRAM_NUMBER,
        .version = KEEPALIVE_PROGRAM_VERSION,
        .procedure = KEEPALIVE_PROC_PING,
        .type = FRAME_MESSAGE,
    };

    peer_packet(h, fd, &ping, NULL, 0);
}

static void read_exactly(struct harness *h, int fd, void *data, size_t len)
{
    int turns = 0;

    for (size_t got = 0; got < len;) {
        ssize_t n = recv(fd, (char *)data + got, len - got, 0);

        ck_assert_msg(n != 0, "the server closed the connection");
        if (n > 0) {
            got += (size_t)n;
            continue;
        }
        ck_assert_int_eq(errno, EAGAIN);
        ck_assert_int_lt(turns++, 20000);
        harness_turn(h);
    }
}

struct frame_header peer_read(struct harness *h, int fd, void *payload, size_t size,
                              size_t *ret_len)
{
    char head[FRAME_MIN];
    struct frame_header header;
    _cleanup_free_ char *rest = NULL;
    size_t len;

    read_exactly(h, fd, head, sizeof(head));
    len = (size_t)frame_length(head, sizeof(head)) - FRAME_MIN;
    ck_assert_int_eq(frame_decode_header(head, sizeof(head), &header), 0);
    rest = xmalloc(len);
    read_exactly(h, fd, rest, len);
    if (payload) {
        ck_assert_uint_le(len, size);
        memcpy(payload, rest, len);
    }
    if (ret_len)
        *ret_len = len;
    return header;
}

void peer_expect(struct harness *h, int fd, uint32_t serial, const void *payload, size_t len)
{
    _cleanup_free_ char *got = xmalloc(len);
    size_t got_len;
    struct frame_header header = peer_read(h, fd, got, len, &got_len);

    ck_assert_uint_eq(header.type, FRAME_REPLY);
    ck_assert_uint_eq(header.status, FRAME_OK);
    ck_assert_uint_eq(header.serial, serial);
    ck_assert_uint_eq(got_len, len);
    if (payload)
        ck_assert_mem_eq(got, payload, len);
}

int peer_expect_error(struct harness *h, int fd, uint32_t serial, char **ret_message,
                      int *ret_domain)
{
    static char payload[1024 * 1024];
    struct wire_error wire = { 0 };
    size_t len;
    struct frame_header header = peer_read(h, fd, payload, sizeof(payload), &len);
    int code;

    ck_assert_uint_eq(header.type, FRAME_REPLY);
    ck_assert_uint_eq(header.status, FRAME_ERROR);
    ck_assert_uint_eq(header.serial, serial);
    ck_assert_int_eq(frame_decode_payload(payload, len, (xdrproc_t)xdr_wire_error, &wire), 0);
    ck_assert_int_eq(wire.level, VIR_ERR_ERROR);
    ck_assert_ptr_nonnull(wire.message);
    code = wire.code;
    if (ret_message)
        *ret_message = xstrdup(*wire.message);
    if (ret_domain)
        *ret_domain = wire.domain;
    xdr_free((xdrproc_t)xdr_wire_error, (char *)&wire);
    return code;
}

void peer_expect_pong(struct harness *h, int fd)
{
    size_t len;
    struct frame_header header = peer_read(h, fd, NULL, 0, &len);

    ck_assert_uint_eq(header.program, KEEPALIVE_PROGRAM_NUMBER);
    ck_assert_uint_eq(header.type, FRAME_MESSAGE);
    ck_assert_int_eq(header.procedure, KEEPALIVE_PROC_PONG);
    ck_assert_uint_eq(len, 0);
}

void peer_expect_closed(struct harness *h, int fd)
{
    char sink[4096];
    ssize_t n;

    for (int turns = 0; (n = recv(fd, sink, sizeof(sink), 0)) != 0; turns++) {
        if (n < 0 && errno == ECONNRESET)
            return;
        ck_assert_msg(n > 0 || errno == EAGAIN, "recv: %s", strerror(errno));
        ck_assert_msg(turns < 20000, "the server keeps the connection open");
        if (n < 0)
            harness_turn(h);
    }
}
