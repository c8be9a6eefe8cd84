/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call: arguments to a packet, the reply to a result or to an error.  On
 * the caller's thread; what is decoded belongs to the caller.
 */

#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/frame.h"

static int raise_encode(int failed)
{
    if (failed == -ENOMEM)
        return error_raise_no_memory();
    return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                       "invalid argument: a text given to %s is longer than %d bytes", error_api(),
                       WIRE_STRING_MAX);
}

/* A daemon that lacks the call or its program says so in words, not by a code of its own. */
static bool is_unsupported(const wire_error *error)
{
    static const char *const starts[] = { "unknown procedure", "Cannot find program" };

    if (error->code != VIR_ERR_RPC || !error->message)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        if (strncmp(*error->message, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

int error_raise_payload(const void *payload, size_t len)
{
    wire_error error = { .code = 0 };

    if (frame_decode_payload(payload, len, XDR_OF(wire_error), &error) < 0)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's error in answer to %s cannot be decoded", error_api());
    if (is_unsupported(&error))
        (void)error_raise(VIR_ERR_NO_SUPPORT, VIR_FROM_REMOTE,
                          "this function is not supported by the daemon: %s", error_api());
    else
        (void)error_raise_wire(&error);
    xdr_free(XDR_OF(wire_error), &error);
    return -1;
}

static int take_reply(const struct frame_header *call, const char *packet, size_t len,
                      xdrproc_t ret_xdr, void *ret)
{
    const char *payload = packet + FRAME_MIN;
    struct frame_header reply = { .program = 0 };

    /* the reader has decoded it once already: it has a meaning */
    (void)frame_decode_header(packet, len, &reply);
    len -= FRAME_MIN;
    if (reply.type == FRAME_REPLY_WITH_FDS) { /* their number, which has been looked at */
        payload += sizeof(uint32_t);
        len -= sizeof(uint32_t);
    }
    if (reply.program != call->program || reply.version != call->version ||
        reply.procedure != call->procedure || reply.status == FRAME_CONTINUE)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's answer to %s is one to another call", error_api());
    if (reply.status == FRAME_ERROR)
        return error_raise_payload(payload, len);
    if (ret_xdr && frame_decode_payload(payload, len, ret_xdr, ret) < 0)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's answer to %s cannot be decoded", error_api());
    return 0;
}

int error_raise_channel(const struct channel_error *error)
{
    if (error->errnum)
        return error_raise_errno(VIR_FROM_RPC, error->errnum, "%s", error->text);
    return error_raise(error->code, VIR_FROM_RPC, "%s", error->text);
}

/* All programs are of version 1 yet; each has its own. */
static uint32_t program_version(uint32_t program)
{
    if (program == JOB_PROGRAM_NUMBER)
        return JOB_PROGRAM_VERSION;
    return program == QEMU_PROGRAM_NUMBER ? QEMU_PROGRAM_VERSION : REMOTE_PROGRAM_VERSION;
}

int conn_call_fds(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args,
                  struct channel_fds *fds)
{
    const struct frame_header header = {
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
        .procedure = procedure,
        .type = fds->out >= 0 ? FRAME_CALL_WITH_FDS : FRAME_CALL,
    };
    void *unconst_args = (void *)(uintptr_t)args;
    _cleanup_free_ void *packet = NULL;
    _cleanup_free_ void *reply = NULL;
    struct channel_error error;
    size_t packet_len, reply_len;
    int failed;

    failed = fds->out >= 0 ? frame_encode_with_fds(&header, 1, args_xdr, unconst_args, &packet,
                                                   &packet_len)
                           : frame_encode(&header, args_xdr, unconst_args, &packet, &packet_len);
    if (failed < 0)
        return raise_encode(failed);
    if (channel_call_fds(conn->channel, fds, &header, packet, packet_len, &reply, &reply_len,
                         &error) < 0)
        return error_raise_channel(&error);
    if (take_reply(&header, reply, reply_len, NULL, NULL) == 0)
        return 0;
    if (fds->in >= 0)
        (void)close(steal_fd(&fds->in)); /* it came with an answer of no use */
    return -1;
}

static int call_with_stream(virConnectPtr conn, struct channel_stream *stream, uint32_t program,
                            int procedure, xdrproc_t args_xdr, const void *args,
                            xdrproc_t ret_xdr, void *ret)
{
    const struct frame_header header = {
        .program = program,
        .version = program_version(program),
        .procedure = procedure,
        .type = FRAME_CALL,
    };
    _cleanup_free_ void *packet = NULL;
    _cleanup_free_ void *reply = NULL;
    struct channel_error error;
    size_t packet_len, reply_len;
    int failed;

    failed = frame_encode(&header, args_xdr, (void *)(uintptr_t)args, &packet, &packet_len);
    if (failed < 0)
        return raise_encode(failed);
    if (channel_call_stream(conn->channel, stream, &header, packet, packet_len, &reply,
                            &reply_len, &error) < 0)
        return error_raise_channel(&error);
    return take_reply(&header, reply, reply_len, ret_xdr, ret);
}

int conn_call(virConnectPtr conn, uint32_t program, int procedure, xdrproc_t args_xdr,
              const void *args, xdrproc_t ret_xdr, void *ret)
{
    return call_with_stream(conn, NULL, program, procedure, args_xdr, args, ret_xdr, ret);
}

int conn_call_stream(virConnectPtr conn, virStreamPtr stream, int procedure, xdrproc_t args_xdr,
                     const void *args, xdrproc_t ret_xdr, void *ret)
{
    if (stream->object.conn != conn || stream->open)
        return error_raise(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS,
                           "the stream given to %s is in use, or of another connection",
                           error_api());
    if (call_with_stream(conn, &stream->wire, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args,
                         ret_xdr, ret) < 0) {
        channel_stream_close(conn->channel, &stream->wire);
        return -1;
    }
    stream->open = true;
    return 0;
}

void conn_call_close(virConnectPtr conn)
{
    const struct frame_header header = {
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
        .procedure = REMOTE_PROC_CONNECT_CLOSE,
        .type = FRAME_CALL,
    };
    _cleanup_free_ void *reply = NULL;
    char packet[FRAME_MIN];
    struct channel_error error;
    size_t len;

    /* whatever comes of it, the connection ends now: not a word to the application */
    (void)channel_call(conn->channel, &header, packet, sizeof(packet), &reply, &len, &error);
}

int conn_call_int(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args)
{
    remote_int_ret ret = { .value = 0 };

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args, XDR_OF(remote_int_ret),
                  &ret) < 0)
        return -1;
    return ret.value;
}

char *conn_call_text(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args)
{
    remote_text_ret ret = { .value = NULL };

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args, XDR_OF(remote_text_ret),
                  &ret) < 0)
        return NULL;
    return ret.value;
}

int wire_to_ulong(u_quad_t value, unsigned long *ret_number)
{
    if (value > ULONG_MAX)
        return error_raise(VIR_ERR_OVERFLOW, VIR_FROM_RPC, "overflow: the daemon's answer to %s",
                           error_api());
    *ret_number = (unsigned long)value;
    return 0;
}

int conn_call_ulong(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args,
                    unsigned long *ret_number)
{
    remote_uhyper_ret ret = { .value = 0 };

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args,
                  XDR_OF(remote_uhyper_ret), &ret) < 0)
        return -1;
    return wire_to_ulong(ret.value, ret_number);
}

/* --- lists --- */

int check_room(const void *array, const char *argument, int *max, int limit)
{
    if (*max < 0)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: max%s in %s must not be negative", argument,
                           error_api());
    if (!array && *max > 0)
        return error_raise_null(argument);
    if (*max > limit)
        *max = limit;
    return 0;
}

int raise_too_many(unsigned int count, int max, const char *what)
{
    return error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                       "the daemon answered %s with %u %s where at most %d were asked for",
                       error_api(), count, what, max);
}

char **take_texts(wire_text *texts, unsigned int count)
{
    char **taken = calloc((size_t)count + 1, sizeof(char *));

    if (!taken) {
        (void)error_raise_no_memory();
        return NULL;
    }
    for (unsigned int i = 0; i < count; i++)
        taken[i] = STEAL_PTR(texts[i]);
    return taken;
}

void copy_chars(char *to, size_t size, const char *from, size_t len)
{
    if (len > size - 1)
        len = size - 1;
    if (len > 0)
        memcpy(to, from, len);
    to[len] = '\0';
}

int conn_list_names(virConnectPtr conn, int procedure, char **names, int maxnames)
{
    remote_int_args args;

    if (check_room(names, "names", &maxnames, WIRE_VOL_LIST_MAX) < 0)
        return -1;
    args.value = maxnames;
    return conn_call_names(conn, procedure, XDR_OF(remote_int_args), &args, names, maxnames);
}

int conn_call_names(virConnectPtr conn, int procedure, xdrproc_t args_xdr, const void *args,
                    char **names, int max)
{
    remote_names_ret ret = { .names = { .names_len = 0 } };
    int count;

    if (conn_call(conn, REMOTE_PROGRAM_NUMBER, procedure, args_xdr, args, XDR_OF(remote_names_ret),
                  &ret) < 0)
        return -1;
    count = (int)ret.names.names_len;
    if (count > max) {
        xdr_free(XDR_OF(remote_names_ret), &ret);
        return raise_too_many((unsigned int)count, max, "names");
    }
    for (int i = 0; i < count; i++)
        names[i] = STEAL_PTR(ret.names.names_val[i]);
    xdr_free(XDR_OF(remote_names_ret), &ret);
    return count;
}
