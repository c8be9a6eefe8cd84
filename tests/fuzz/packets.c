/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From bytes on a connection to decoded arguments: daemon/server/ and daemon/calls/dispatch.c with
 * every row of the daemon's own tables, whose handlers are replaced by one that answers well,
 * badly, late or with a stream.  What was decoded must survive being encoded and decoded again.
 *
 * The first byte: bit 0, a read-only socket; bit 1, the rest are bytes as they come.  Otherwise
 * they are records, see record.h, and the connection is open.
 */

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "calls/event.h"
#include "config.h"
#include "fuzz.h"
#include "protocol/remote.h"
#include "record.h"
#include "server/internal.h"
#include "server/stream.h"
#include "util/alloc.h"
#include "util/closer.h"

enum { MODE_READONLY = 1, MODE_RAW = 2 };
enum { PENDING_MAX = 64, TURNS = 8, DESCRIPTORS_MAX = 3 };

static struct daemon daemon_;
static struct program *stub_programs; /* dispatch's list is this one */
static struct call *pending[PENDING_MAX];
static unsigned int npending;

/* --- the handler of every row --- */

static void check_again(xdrproc_t xdr, size_t size, void *args)
{
    const struct frame_header header = { .program = 1 };
    _cleanup_free_ void *packet = NULL, *again = NULL, *second = xcalloc(1, size);
    size_t len, again_len;

    fuzz_must(frame_encode(&header, xdr, args, &packet, &len) == 0);
    fuzz_must(frame_decode_payload((char *)packet + FRAME_MIN, len - FRAME_MIN, xdr, second) == 0);
    fuzz_must(frame_encode(&header, xdr, second, &again, &again_len) == 0);
    fuzz_must(len == again_len && memcmp(packet, again, len) == 0);
    xdr_free(xdr, second);
}

static void on_data(void *opaque, const void *data, size_t len)
{
    struct stream **stream = opaque;
    char *block = xmalloc(FRAME_MIN + len);

    memcpy(block + FRAME_MIN, data, len);
    if (stream_has_room(*stream))
        stream_send(*stream, block, len);
    else
        free(block);
}

static void on_hole(void *opaque, uint64_t len)
{
    struct stream **stream = opaque;

    stream_send_hole(*stream, len);
}

static void end_stream(void *opaque)
{
    struct stream **stream = opaque;

    stream_send_empty(*stream, FRAME_OK);
    stream_close(*stream);
    free(stream);
}

static void on_broken(void *opaque, const char *why)
{
    fuzz_must(why && *why);
    end_stream(opaque);
}

static void on_gone(void *opaque)
{
    struct stream **stream = opaque;

    stream_close(*stream);
    free(stream);
}

static void on_writable(void *opaque)
{
    (void)opaque;
}

static const struct stream_ops stream_ops = {
    .data = on_data,
    .hole = on_hole,
    .finish = end_stream,
    .abort = end_stream,
    .broken = on_broken,
    .gone = on_gone,
    .writable = on_writable,
};

static int answer_with_stream(struct call *call)
{
    struct stream **stream;

    if (call->proc->ret_xdr)
        return -1;
    stream = XNEW(struct stream *);
    *stream = stream_open(call->client, &call->header, &stream_ops, stream);
    if (*stream)
        return 0;
    free(stream);
    return verror_set(&call->err, VIR_ERR_RESOURCE_BUSY, "too many streams");
}

static void call_gone(struct call *call)
{
    for (unsigned int i = 0; i < npending; i++)
        if (pending[i] == call)
            pending[i] = pending[--npending];
    call_fail(call);
}

static int answer_later(struct call *call)
{
    if (npending == PENDING_MAX)
        return -1;
    pending[npending++] = call;
    if (call->header.serial & 1)
        call->gone = call_gone;
    return CALL_PENDING;
}

static int handle(struct call *call)
{
    if (call->proc->args_xdr)
        check_again(call->proc->args_xdr, call->proc->args_size, call->args);
    if (call->proc->number == REMOTE_PROC_CONNECT_OPEN)
        client_set_open(call->client);
    if (call->proc->number == REMOTE_PROC_CONNECT_CLOSE)
        client_close_after_flush(call->client);
    switch (call->header.serial % 8) {
    case 0:
    case 1:
        return answer_later(call);
    case 2:
        return answer_with_stream(call);
    case 3:
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "serial %u", call->header.serial);
    case 4:
        client_set_keepalive(call->client);
        return -1;
    default:
        return call->proc->ret_xdr ? -1 : 0;
    }
}

/* --- the server --- */

static const struct proc_table *copy_table(const struct proc_table *table)
{
    struct proc_table *copy = XNEW(struct proc_table);
    struct proc *procs = xcalloc(table->n, sizeof(*procs));

    memcpy(procs, table->procs, table->n * sizeof(*procs));
    for (size_t i = 0; i < table->n; i++)
        procs[i].handler = handle;
    *copy = (struct proc_table){ procs, table->n };
    return copy;
}

static void start(void)
{
    static const struct server_limits limits = {
        .max_clients = 10, .max_client_requests = 8, .max_client_streams = 4,
        .max_client_packet_mib = 1, .max_client_reply_mib = 1, .max_client_event_mib = 1,
    };

    if (daemon_.base)
        return;
    fuzz_hush();
    stub_programs = xcalloc(daemon_nprograms, sizeof(*stub_programs));
    memcpy(stub_programs, daemon_programs, daemon_nprograms * sizeof(*stub_programs));
    for (size_t i = 0; i < daemon_nprograms; i++)
        stub_programs[i].table = copy_table(stub_programs[i].table);
    daemon_.base = event_base_new();
    daemon_.config = config_new(true);
    daemon_.events = events_new();
    daemon_.dispatch = dispatch_new(stub_programs, daemon_nprograms);
    daemon_.server = server_new(daemon_.base, &limits, &dispatch_handler, &daemon_);
    fuzz_must(daemon_.server && atexit(close_later_drain) == 0);
}

static void answer_pending(void)
{
    while (npending > 0)
        call_fail(pending[--npending]);
}

static void turn(int fd)
{
    char sink[16384];

    for (int i = 0; i < TURNS; i++) {
        (void)event_base_loop(daemon_.base, EVLOOP_NONBLOCK);
        while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
            ;
    }
}

static void say(int fd, const void *data, size_t len)
{
    if (len > 0)
        (void)!send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL); /* it may have hung up */
    turn(fd);
}

/* --- the client --- */

/* As the last words of a call that announces descriptors: a byte each, with one of them. */
static void say_descriptor(int fd)
{
    /* not the connection's own: the daemon would hold the end whose close it waits for */
    static const int passed = STDERR_FILENO;
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .space = { 0 } };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space,
                          .msg_controllen = sizeof(control.space) };

    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
    (void)!sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL); /* it may have hung up */
    turn(fd);
}

/* So many as are announced, as long as that are few. */
static void say_descriptors(int fd, const char *packet, size_t len)
{
    struct frame_header header;

    if (frame_decode_header(packet, len, &header) < 0 || header.type != FRAME_CALL_WITH_FDS ||
        len < FRAME_MIN + sizeof(uint32_t))
        return;
    for (int i = packet[FRAME_MIN + 3] % (DESCRIPTORS_MAX + 1); i > 0; i--)
        say_descriptor(fd);
}

static void say_records(int fd, const uint8_t *data, size_t size)
{
    while (size >= RECORD_SIZE) {
        size_t len, used;
        _cleanup_free_ char *packet = record_packet(data, size, &used, &len);

        say(fd, packet, len);
        say_descriptors(fd, packet, len);
        data += used;
        size -= used;
        if (npending == PENDING_MAX / 2)
            answer_pending();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct listener listener = { .kind = SERVER_UNIX };
    int fds[2];

    start();
    if (size == 0)
        return 0;
    listener.readonly = data[0] & MODE_READONLY;
    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    client_new(daemon_.server, fds[0], &listener, NULL);
    if (data[0] & MODE_RAW) {
        say(fds[1], data + 1, size / 2);
        say(fds[1], data + 1 + size / 2, size - 1 - size / 2);
    } else {
        client_set_open(daemon_.server->clients);
        say_records(fds[1], data + 1, size - 1);
    }
    answer_pending();
    turn(fds[1]);
    (void)close(fds[1]);
    while (!server_is_idle(daemon_.server)) {
        (void)event_base_loop(daemon_.base, EVLOOP_NONBLOCK);
        answer_pending(); /* calls that had to wait */
    }
    answer_pending();
    return 0;
}
