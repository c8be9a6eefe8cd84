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

/** virStreamRecvFlags(). */
typedef enum {
    VIR_STREAM_RECV_STOP_AT_HOLE = 1 << 0 /**< tell holes, do not fill them with zeros */
} virStreamRecvFlagsValues;

/**
 * A stream for one call that opens one.  flags must be 0: a stream blocks the
 * thread that waits for it.  Free it with virStreamFree().  NULL: raised.
 * Source: libvirt.
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
 * how many, or -1: the error that the daemon has ended the stream with, or
 * VIR_ERR_INVALID_STREAM (it is not open).  Source: libvirt.
 */
int virStreamSend(virStreamPtr stream, const char *data, size_t nbytes);

/**
 * Sends a hole of length bytes, on a stream opened for them.  flags must be 0.
 * Returns 0, or -1, as virStreamSend().  Source: libvirt.
 */
int virStreamSendHole(virStreamPtr stream, long long length, unsigned int flags);

/**
 * Receives at most nbytes into data; blocks until there are some.  Holes are
 * zeros.  Returns how many, 0 at the end of the data, or -1, as virStreamSend().
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
 * none.  flags must be 0.  Returns 0, or -1, as virStreamSend().  Source: libvirt.
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

#ifdef __cplusplus
}
#endif

#endif
