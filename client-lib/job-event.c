/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of jobs: who is told, and telling it.  The callback is called without
 * a lock, so it is counted: one that is deregistered meanwhile is freed after.
 */

#include "internal.h"

#include <errno.h>

#include "channel.h"
#include "protocol/frame.h"

struct job_listener {
    atomic_int refs;
    virConnectJobEventCallback cb;
    void *opaque;
    virFreeCallback freecb;
};

void job_listener_unref(struct job_listener *listener)
{
    if (!listener || atomic_fetch_sub(&listener->refs, 1) > 1)
        return;
    if (listener->freecb)
        listener->freecb(listener->opaque);
    free(listener);
}

/* A reference to the one there is, or NULL. */
static struct job_listener *listener_get(virConnectPtr conn)
{
    struct job_listener *listener;

    (void)pthread_mutex_lock(&conn->listener_lock);
    listener = conn->listener;
    if (listener)
        (void)atomic_fetch_add(&listener->refs, 1);
    (void)pthread_mutex_unlock(&conn->listener_lock);
    return listener;
}

/* false: there is one. */
static bool listener_put(virConnectPtr conn, struct job_listener *listener)
{
    bool is_first;

    (void)pthread_mutex_lock(&conn->listener_lock);
    is_first = !conn->listener;
    if (is_first)
        conn->listener = listener;
    (void)pthread_mutex_unlock(&conn->listener_lock);
    return is_first;
}

/* Its reference is the caller's now; NULL: there was none. */
static struct job_listener *listener_take(virConnectPtr conn)
{
    struct job_listener *listener;

    (void)pthread_mutex_lock(&conn->listener_lock);
    listener = STEAL_PTR(conn->listener);
    (void)pthread_mutex_unlock(&conn->listener_lock);
    return listener;
}

int virConnectJobEventRegister(virConnectPtr conn, virConnectJobEventCallback cb, void *opaque,
                               virFreeCallback freecb, unsigned long long *sequence,
                               unsigned int flags)
{
    job_event_register_ret ret = { .sequence = 0 };
    struct job_listener *listener;
    int rc;

    if (!conn_enter(conn))
        return -1;
    if (!cb)
        return error_raise_null("cb");
    if (flags)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "unsupported flags (0x%x) in %s",
                           flags, error_api());
    listener = calloc(1, sizeof(*listener));
    if (!listener)
        return error_raise_no_memory();
    *listener = (struct job_listener){ .refs = 2, .cb = cb, .opaque = opaque };
    if (!listener_put(conn, listener)) {
        free(listener);
        return error_raise(VIR_ERR_OPERATION_INVALID, VIR_FROM_NONE,
                           "Requested operation is not valid: this connection has registered for "
                           "job events already");
    }
    channel_keep_messages(conn->channel, JOB_PROGRAM_NUMBER, JOB_PROC_EVENT);
    rc = conn_call(conn, JOB(EVENT_REGISTER), NULL, NULL, XDR_OF(job_event_register_ret), &ret);
    if (rc < 0)
        job_listener_unref(listener_take(conn));
    else
        listener->freecb = freecb; /* from here on opaque is ours to free */
    if (rc == 0 && sequence)
        *sequence = ret.sequence;
    job_listener_unref(listener); /* another thread may have deregistered it by now */
    return rc;
}

int virConnectJobEventDeregister(virConnectPtr conn)
{
    struct job_listener *listener;
    int rc;

    if (!conn_enter(conn))
        return -1;
    listener = listener_take(conn);
    if (!listener)
        return error_raise(VIR_ERR_OPERATION_INVALID, VIR_FROM_NONE,
                           "Requested operation is not valid: this connection has not registered "
                           "for job events");
    rc = conn_call(conn, JOB(EVENT_DEREGISTER), NULL, NULL, NULL, NULL);
    job_listener_unref(listener);
    return rc;
}

int virConnectGetEventFd(virConnectPtr conn)
{
    int fd;

    if (!conn_enter(conn))
        return -1;
    fd = channel_message_fd(conn->channel);
    if (fd < 0)
        return error_raise_errno(VIR_FROM_RPC, errno, "cannot make a descriptor for events");
    return fd;
}

/* --- telling --- */

/* Takes the message's strings.  1: told, 0: nobody to tell; -1: raised. */
static int tell(virConnectPtr conn, job_event_msg *msg)
{
    struct job_listener *listener = listener_get(conn);
    virJobRecordPtr record = listener ? job_record_new(&msg->record) : NULL;
    int rc = 0;

    if (listener && !record)
        rc = -1;
    if (record) {
        listener->cb(conn, msg->sequence, msg->event, record, listener->opaque);
        virJobRecordFree(record);
        rc = 1;
    }
    job_listener_unref(listener);
    return rc;
}

static int take(virConnectPtr conn, const char *packet, size_t len)
{
    job_event_msg msg = { .sequence = 0 };
    int rc;

    if (frame_decode_payload(packet + FRAME_MIN, len - FRAME_MIN, XDR_OF(job_event_msg), &msg) < 0)
        return error_raise(VIR_ERR_RPC, VIR_FROM_RPC, "an event of the daemon cannot be decoded");
    rc = tell(conn, &msg);
    xdr_free(XDR_OF(job_event_msg), &msg);
    return rc;
}

int virConnectDispatchEvents(virConnectPtr conn)
{
    struct channel_error error;
    int told = 0, got, rc;
    void *packet;
    size_t len;

    if (!conn_enter(conn))
        return -1;
    (void)object_ref(&conn->object); /* the callback may close it */
    while ((got = channel_take_message(conn->channel, &packet, &len, &error)) > 0) {
        rc = take(conn, packet, len);
        free(packet);
        if (rc < 0) {
            told = -1;
            break;
        }
        told += rc;
    }
    if (got < 0 && told == 0)
        told = error_raise_channel(&error);
    (void)connect_unref(conn);
    return told;
}
