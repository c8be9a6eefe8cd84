/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All of a stream in one call, from or to functions of the application's.
 * Whatever goes wrong aborts it, so that only virStreamFree() is left to do.
 * Any thread.
 */

#include "internal.h"

#include <errno.h>

/* What runs through one of them. */
struct run {
    virStreamPtr stream;
    virStreamSourceFunc source;
    virStreamSourceHoleFunc source_hole;
    virStreamSourceSkipFunc skip;
    virStreamSinkFunc sink;
    virStreamSinkHoleFunc sink_hole;
    void *opaque;
    char *buffer; /* STREAM_PACKET_MAX bytes */
};

/* A function of the application's has failed, and may have told why by errno. */
static int raise_handler(const char *what)
{
    return error_raise_errno(VIR_FROM_STREAMS, errno ? errno : EIO, "the %s given has failed",
                             what);
}

static int run_prepare(struct run *run)
{
    if (stream_check_open(run->stream) < 0)
        return -1;
    if (run->stream->wire.nonblock)
        return error_raise(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS,
                           "%s is not for a stream that does not block", error_api());
    run->buffer = malloc(STREAM_PACKET_MAX);
    return run->buffer ? 0 : error_raise_no_memory();
}

/* work, with what is before and behind it; missing: the argument that is NULL, or NULL. */
static int run_all(struct run *run, const char *missing, int (*work)(const struct run *run))
{
    int rc = missing ? error_raise_null(missing) : run_prepare(run);

    if (rc == 0)
        rc = work(run);
    if (rc < 0)
        stream_abort(run->stream);
    free(run->buffer);
    return rc;
}

/* --- out --- */

/* As many of at most most bytes as the source has now: how many, 0 at its end, -1: raised. */
static int send_some(const struct run *run, size_t most)
{
    int got, sent;

    errno = 0;
    got = run->source(run->stream, run->buffer, most, run->opaque);
    if (got < 0 || (size_t)got > most)
        return raise_handler("source");
    for (int pos = 0; pos < got; pos += sent) {
        sent = stream_send(run->stream, run->buffer + pos, (size_t)(got - pos));
        if (sent < 0)
            return -1;
    }
    return got;
}

static int send_all(const struct run *run)
{
    int rc;

    do
        rc = send_some(run, STREAM_PACKET_MAX);
    while (rc > 0);
    return rc;
}

static int send_hole(const struct run *run, long long length)
{
    if (stream_send_hole(run->stream, length) < 0)
        return -1;
    errno = 0;
    return run->skip(run->stream, length, run->opaque) < 0 ? raise_handler("skip function") : 0;
}

/* One section.  1, 0 at the end of the source, -1: raised. */
static int send_section(const struct run *run)
{
    int in_data = 0, rc;
    long long left = 0;

    errno = 0;
    if (run->source_hole(run->stream, &in_data, &left, run->opaque) < 0 || left < 0)
        return raise_handler("hole function");
    if (left == 0)
        return 0;
    if (!in_data)
        return send_hole(run, left) < 0 ? -1 : 1;
    for (; left > 0; left -= rc) {
        rc = send_some(run, left < STREAM_PACKET_MAX ? (size_t)left : STREAM_PACKET_MAX);
        if (rc <= 0)
            return rc;
    }
    return 1;
}

static int send_sections(const struct run *run)
{
    int rc;

    do
        rc = send_section(run);
    while (rc > 0);
    return rc;
}

int virStreamSendAll(virStreamPtr stream, virStreamSourceFunc handler, void *opaque)
{
    struct run run = { .stream = stream, .source = handler, .opaque = opaque };

    return stream_enter(stream) ? run_all(&run, handler ? NULL : "handler", send_all) : -1;
}

int virStreamSparseSendAll(virStreamPtr stream, virStreamSourceFunc handler,
                           virStreamSourceHoleFunc holeHandler,
                           virStreamSourceSkipFunc skipHandler, void *opaque)
{
    struct run run = { .stream = stream, .source = handler, .source_hole = holeHandler,
                       .skip = skipHandler, .opaque = opaque };
    const char *missing = !handler ? "handler" : !holeHandler ? "holeHandler" : NULL;

    if (!missing && !skipHandler)
        missing = "skipHandler";
    return stream_enter(stream) ? run_all(&run, missing, send_sections) : -1;
}

/* --- in --- */

static int give(const struct run *run, size_t len)
{
    size_t pos = 0;

    while (pos < len) {
        int taken;

        errno = 0;
        taken = run->sink(run->stream, run->buffer + pos, len - pos, run->opaque);
        if (taken < 0 || (size_t)taken > len - pos)
            return raise_handler("sink");
        pos += (size_t)taken;
    }
    return 0;
}

static int give_hole(const struct run *run)
{
    long long length;

    if (stream_receive_hole(run->stream, &length) < 0)
        return -1;
    errno = 0;
    return run->sink_hole(run->stream, length, run->opaque) < 0 ? raise_handler("hole function")
                                                                : 0;
}

static int receive_all(const struct run *run)
{
    unsigned int flags = run->sink_hole ? VIR_STREAM_RECV_STOP_AT_HOLE : 0;
    int rc = 0;

    while (rc == 0) {
        int got = stream_receive(run->stream, run->buffer, STREAM_PACKET_MAX, flags);

        if (got == 0 || got == -1)
            return got;
        rc = got == STREAM_AT_HOLE ? give_hole(run) : give(run, (size_t)got);
    }
    return rc;
}

int virStreamRecvAll(virStreamPtr stream, virStreamSinkFunc handler, void *opaque)
{
    struct run run = { .stream = stream, .sink = handler, .opaque = opaque };

    return stream_enter(stream) ? run_all(&run, handler ? NULL : "handler", receive_all) : -1;
}

int virStreamSparseRecvAll(virStreamPtr stream, virStreamSinkFunc handler,
                           virStreamSinkHoleFunc holeHandler, void *opaque)
{
    struct run run = { .stream = stream, .sink = handler, .sink_hole = holeHandler,
                       .opaque = opaque };
    const char *missing = !handler ? "handler" : !holeHandler ? "holeHandler" : NULL;

    return stream_enter(stream) ? run_all(&run, missing, receive_all) : -1;
}
