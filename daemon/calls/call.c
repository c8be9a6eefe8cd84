/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call from its arguments to its answer.  A call owns its decoded
 * arguments and its result until it is answered, and keeps the client's
 * struct (not its connection) alive so long.  Loop thread.
 */

#include <errno.h>
#include <string.h>

#include "calls/internal.h"
#include "protocol/wire.h"
#include "util/alloc.h"
#include "util/closer.h"
#include "util/log.h"

/* The longest error text that is sent: it may quote what a client sent, up to 4 MiB. */
enum { ERROR_TEXT_MAX = 65536 };

static struct frame_header reply_header(const struct frame_header *call, enum frame_status status)
{
    struct frame_header header = *call;

    header.type = FRAME_REPLY;
    header.status = status;
    return header;
}

void call_error_to_wire(const struct verror *err, int default_domain, struct wire_error *ret)
{
    *ret = (struct wire_error){
        .code = err->code,
        .domain = err->domain ? err->domain : default_domain,
        .level = VIR_ERR_ERROR,
        .int1 = err->code == VIR_ERR_SYSTEM_ERROR ? err->sys_errno : -1,
        .int2 = -1,
    };
    /* wire_text_opt is a pointer to a string; the one in err serves */
    if (err->message)
        ret->message = (wire_text_opt)(uintptr_t)&err->message;
}

void call_refuse(struct client *client, const struct frame_header *header, int error_domain,
                 struct verror *err)
{
    struct frame_header reply = reply_header(header, FRAME_ERROR);
    struct wire_error wire;
    void *packet;
    size_t len;

    if (!err->code)
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "the call failed for no known reason");
    if (err->message && strlen(err->message) > ERROR_TEXT_MAX)
        err->message[ERROR_TEXT_MAX] = '\0';
    call_error_to_wire(err, error_domain, &wire);
    /* a bounded text always fits: what can fail is only memory */
    if (frame_encode(&reply, (xdrproc_t)xdr_wire_error, &wire, &packet, &len) < 0)
        abort();
    client_send_reply(client, packet, len);
    verror_clear(err);
}

static void call_free(struct call *call)
{
    for (unsigned int i = 0; i < call->nfds; i++)
        close_later(call->fds[i]);
    free(call->fds);
    if (call->ret_fd >= 0)
        (void)close(call->ret_fd); /* our own, and not needed any more */
    if (call->proc->args_xdr)
        xdr_free(call->proc->args_xdr, call->args);
    if (call->proc->ret_xdr)
        xdr_free(call->proc->ret_xdr, call->ret);
    verror_clear(&call->err);
    client_unref(call->client);
    free(call->opaque);
    free(call);
}

void call_fail(struct call *call)
{
    dispatch_remove(call->daemon->dispatch, call);
    call_refuse(call->client, &call->header, call->proc->error_domain, &call->err);
    call_free(call);
}

static int encode_reply(struct call *call, void **ret_packet, size_t *ret_len)
{
    struct frame_header reply = reply_header(&call->header, FRAME_OK);

    if (call->ret_fd < 0)
        return frame_encode(&reply, call->proc->ret_xdr, call->ret, ret_packet, ret_len);
    reply.type = FRAME_REPLY_WITH_FDS;
    return frame_encode_with_fds(&reply, 1, call->proc->ret_xdr, call->ret, ret_packet, ret_len);
}

void call_reply(struct call *call)
{
    void *packet;
    size_t len;
    int r = encode_reply(call, &packet, &len);

    if (r < 0) {
        verror_set(&call->err, VIR_ERR_RPC, "the result of %s cannot be sent: %s",
                   call->proc->api, strerror(-r));
        log_error("%s", verror_text(&call->err));
        call_fail(call);
        return;
    }
    dispatch_remove(call->daemon->dispatch, call);
    if (call->ret_fd >= 0)
        client_send_reply_fd(call->client, packet, len, steal_fd(&call->ret_fd));
    else
        client_send_reply(call->client, packet, len);
    call_free(call);
}

int call_check_flags(struct call *call, unsigned int flags, unsigned int allowed)
{
    if ((flags & ~allowed) == 0)
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "unsupported flags (0x%x) in function %s",
                      flags & ~allowed, call->proc->api);
}

/* args and ret lie behind the struct, each aligned for anything. */
static struct call *call_new(struct daemon *daemon, struct client *client, const struct proc *proc,
                             const struct call_packet *packet)
{
    const size_t align = _Alignof(max_align_t);
    size_t args_at = (sizeof(struct call) + align - 1) / align * align;
    size_t ret_at = args_at + (proc->args_size + align - 1) / align * align;
    struct call *call = xcalloc(1, ret_at + proc->ret_size);

    call->daemon = daemon;
    call->client = client_ref(client);
    call->proc = proc;
    call->header = *packet->header;
    call->ret_fd = -1;
    call->nfds = packet->nfds;
    if (packet->nfds > 0) {
        call->fds = xcalloc(packet->nfds, sizeof(*call->fds));
        memcpy(call->fds, packet->fds, packet->nfds * sizeof(*call->fds));
    }
    call->args = (char *)call + args_at;
    call->ret = (char *)call + ret_at;
    return call;
}

void call_start(struct daemon *daemon, struct client *client, const struct proc *proc,
                const struct call_packet *packet)
{
    struct call *call = call_new(daemon, client, proc, packet);
    int r;

    dispatch_add(daemon->dispatch, call);
    if (proc->args_xdr &&
        frame_decode_payload(packet->payload, packet->payload_len, proc->args_xdr, call->args) <
            0) {
        memset(call->args, 0, proc->args_size); /* decoding has freed what it made */
        call->err.domain = VIR_FROM_RPC;
        verror_set(&call->err, VIR_ERR_RPC, "cannot decode the arguments of %s", proc->api);
        call_fail(call);
        return;
    }
    r = proc->handler(call);
    if (r == 0)
        call_reply(call);
    else if (r < 0)
        call_fail(call);
}
