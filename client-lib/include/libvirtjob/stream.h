/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Streams: bytes beside the calls, to or from what a call has opened the stream
 * for.  Included by libvirtjob.h, which says what holds for all functions.
 *
 * One thread may send on a stream while another receives on it; else a stream
 * is for one thread at a time.  Other calls on its connection go on meanwhile.
 * What the daemon sends is kept until it is received, should another thread
 * wait for something on that connection meanwhile.
 */
#ifndef LIBVIRTJOB_STREAM_H
#define LIBVIRTJOB_STREAM_H

#include <libvirtjob/libvirtjob.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _virStream virStream;
typedef virStream *virStreamPtr;

/** virStreamNew(). */
typedef enum {
    VIR_STREAM_NONBLOCK = 1 << 0 /**< sending and receiving never wait */
} virStreamFlags;

/** virStreamRecvFlags(). */
typedef enum {
    VIR_STREAM_RECV_STOP_AT_HOLE = 1 << 0 /**< tell holes, do not fill them with zeros */
} virStreamRecvFlagsValues;

/**
 * A stream for one call that opens one.  Free it with virStreamFree().  flags is
 * of virStreamFlags: with VIR_STREAM_NONBLOCK, what would wait to send or to
 * receive returns -2 instead; virStreamFinish() and virStreamAbort() wait.  Such
 * a program watches virConnectGetEventFd(): once that is readable it calls
 * virConnectDispatchEvents(), then goes on with each such stream of the
 * connection until -2.  NULL: raised.  Source: libvirt, which has callbacks of an
 * event loop for that.
 */
virStreamPtr virStreamNew(virConnectPtr conn, unsigned int flags);

/** One reference more.  Returns 0, or -1.  Source: libvirt. */
int virStreamRef(virStreamPtr stream);

/**
 * One reference less; with the last one a stream that is still open is aborted.
 * Returns 0, or -1.  Source: libvirt.
 */
int virStreamFree(virStreamPtr stream);

/**
 * Sends nbytes of data, or fewer; blocks while the daemon takes none.  Returns
 * how many, -2 (with VIR_STREAM_NONBLOCK: none), or -1: the error that the
 * daemon has ended the stream with, or VIR_ERR_INVALID_STREAM (it is not open).
 * Source: libvirt.
 */
int virStreamSend(virStreamPtr stream, const char *data, size_t nbytes);

/**
 * Sends a hole of length bytes, on a stream opened for them.  flags must be 0.
 * Returns 0, or -1 and -2, as virStreamSend().  Source: libvirt.
 */
int virStreamSendHole(virStreamPtr stream, long long length, unsigned int flags);

/**
 * Receives at most nbytes into data; blocks until there are some.  Holes are
 * zeros.  Returns how many, 0 at the end of the data, or -1 and -2, as
 * virStreamSend().
 * Source: libvirt.
 */
int virStreamRecv(virStreamPtr stream, char *data, size_t nbytes);

/**
 * The same; with VIR_STREAM_RECV_STOP_AT_HOLE, -3 where a hole is next.
 * Source: libvirt.
 */
int virStreamRecvFlags(virStreamPtr stream, char *data, size_t nbytes, unsigned int flags);

/**
 * Takes the hole that is next: *length is its size in bytes, 0 where there is
 * none.  flags must be 0.  Returns 0, or -1 and -2, as virStreamSend().  Source:
 * libvirt.
 */
int virStreamRecvHole(virStreamPtr stream, long long *length, unsigned int flags);

/**
 * All has been sent, or received: waits until the daemon says that it is
 * settled.  The stream is closed in any case.  Returns 0, or -1: why it is not,
 * as virStreamSend().  Source: libvirt.
 */
int virStreamFinish(virStreamPtr stream);

/**
 * Gives up: what the stream was opened for is cancelled when this returns.  The
 * stream is closed in any case.  Returns 0, or -1, as virStreamSend().  Source:
 * libvirt.
 */
int virStreamAbort(virStreamPtr stream);

/**
 * Where virStreamSendAll() has its bytes from: puts at most nbytes into data.
 * Returns how many, 0 at the end, or -1 with errno.
 */
typedef int (*virStreamSourceFunc)(virStreamPtr stream, char *data, size_t nbytes, void *opaque);

/**
 * Sends what handler gives until its end.  When that succeeds, virStreamFinish()
 * is next; else the stream has been aborted.  Returns 0, or -1, as
 * virStreamSend(), and VIR_ERR_SYSTEM_ERROR (handler has failed),
 * VIR_ERR_OPERATION_INVALID (VIR_STREAM_NONBLOCK).  Source: libvirt.
 */
int virStreamSendAll(virStreamPtr stream, virStreamSourceFunc handler, void *opaque);

/**
 * Where virStreamSparseSendAll()'s source is now: *inData (not 0: in data) and
 * *length, the bytes up to the next hole or data; 0 and 0 at its end.  Returns 0,
 * or -1 with errno.
 */
typedef int (*virStreamSourceHoleFunc)(virStreamPtr stream, int *inData, long long *length,
                                       void *opaque);

/** Moves that source length bytes on, over a hole.  Returns 0, or -1 with errno. */
typedef int (*virStreamSourceSkipFunc)(virStreamPtr stream, long long length, void *opaque);

/** virStreamSendAll() that tells holes, on a stream opened for them.  Source: libvirt. */
int virStreamSparseSendAll(virStreamPtr stream, virStreamSourceFunc handler,
                           virStreamSourceHoleFunc holeHandler,
                           virStreamSourceSkipFunc skipHandler, void *opaque);

/**
 * Where virStreamRecvAll() gives its bytes to: nbytes in data.  Returns how many
 * it has taken; what is left comes again.  -1 with errno.
 */
typedef int (*virStreamSinkFunc)(virStreamPtr stream, const char *data, size_t nbytes,
                                 void *opaque);

/**
 * Receives until the end of the data and gives them to handler.  When that
 * succeeds, virStreamFinish() is next; else the stream has been aborted.  Returns
 * 0, or -1, as virStreamSendAll().  Source: libvirt.
 */
int virStreamRecvAll(virStreamPtr stream, virStreamSinkFunc handler, void *opaque);

/** Takes a hole of length bytes.  Returns 0, or -1 with errno. */
typedef int (*virStreamSinkHoleFunc)(virStreamPtr stream, long long length, void *opaque);

/** virStreamRecvAll() that tells holes, on a stream opened for them.  Source: libvirt. */
int virStreamSparseRecvAll(virStreamPtr stream, virStreamSinkFunc handler,
                           virStreamSinkHoleFunc holeHandler, void *opaque);

#ifdef __cplusplus
}
#endif

#endif
