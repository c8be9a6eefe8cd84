/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QMP: one connection to one QEMU.  The loop owns the socket; a worker's call
 * is posted to the loop and waits for its reply, a cancel or the time limit.
 * Raw sendmsg and recvmsg, so that getfd's descriptor rides with its command.
 * Lines and queues are bounded; garbage closes the connection with a reason.
 */
#ifndef VIRTJOBD_QEMU_MONITOR_H
#define VIRTJOBD_QEMU_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "util/verror.h"

struct event_base;
struct job_ctl;
struct monitor;

enum {
    MONITOR_LINE_MAX = 16 << 20, /* as long as the loop can afford to parse: a fifth of a second */
    MONITOR_QUEUE_MAX = 256,
};

/* Loop thread. */
struct monitor_handler {
    /* data may be NULL; borrowed */
    void (*event)(void *opaque, const char *name, const json_t *data);
    /* Once: the connection is gone (why: what the peer did, or that QEMU ended); every call that
       waited has got that error already. */
    void (*closed)(void *opaque, const struct verror *why);
};

/*
 * The shared part of all monitors: workers' requests come through it.  monitors_stop() ends every
 * waiting worker's call with an error and refuses new ones: before the workers are waited for
 * (workers_free), at the end of the daemon.  monitors_free() comes after that; it closes what is
 * open without calling a handler, and monitors may still be unreferenced behind it.  Loop thread.
 */
struct monitors;
struct monitors *monitors_new(struct event_base *base, struct verror *err);
void monitors_stop(struct monitors *monitors);
void monitors_free(struct monitors *monitors);

/*
 * Takes over a connected socket; waits for the greeting and negotiates by itself, commands queue
 * meanwhile (no greeting: they time out).  Any thread, and never waits: the loop sets it up before
 * whatever the caller posts next.  Handlers may be called before this returns when the caller is a
 * worker.  handler is copied; it and its members may be NULL.  A monitor has one reference, the
 * caller's.  After monitors_stop() it is born closed, without a call of closed().
 */
struct monitor *monitor_open(struct monitors *monitors, int fd,
                             const struct monitor_handler *handler, void *opaque);
struct monitor *monitor_ref(struct monitor *monitor); /* any thread */
void monitor_unref(struct monitor *monitor);          /* any thread; the last one closes it */
/*
 * Loop: no handler is called from here on (its opaque goes).  Whatever still waits gets an error
 * before this returns, done() of monitor_send() included.
 */
void monitor_close(struct monitor *monitor);
bool monitor_is_open(struct monitor *monitor); /* loop */
/* Peer's pid by SO_PEERCRED, 0 = unknown.  Any thread. */
pid_t monitor_peer_pid(const struct monitor *monitor);

/*
 * Worker: sends a command and waits; the caller has a reference all the while.
 * arguments: taken over, may be NULL.
 * fd: rides along, -1 = none; it stays the caller's.
 * ctl: may be NULL; once it is cancelled the wait ends with VIR_ERR_OPERATION_ABORTED (a command
 * that was sent goes on in QEMU, one that was not is never sent).
 * timeout_ms: from the call on, then VIR_ERR_OPERATION_TIMEOUT, likewise; -1 = none.
 * *ret_value: "return", a new reference; ret_value may be NULL.  An integer above INT64_MAX comes
 * as a real.
 * An error of QEMU is VIR_ERR_OPERATION_FAILED with its "desc" (VIR_ERR_OPERATION_UNSUPPORTED where
 * the class is CommandNotFound); MONITOR_QUEUE_MAX commands waiting, VIR_ERR_RESOURCE_BUSY.
 */
int monitor_call(struct monitor *monitor, const char *command, json_t *arguments, int fd,
                 struct job_ctl *ctl, int timeout_ms, json_t **ret_value, struct verror *err);
/*
 * Worker: waits until one of the named events (NULL-ended list) comes, or has come since `since` (a
 * number from monitor_event_mark()); the same ends as above.  The last hundred or so are known.
 * *ret_data may be NULL.  Returns the index of the event, or -1.
 */
int monitor_wait_event(struct monitor *monitor, const char *const *names, unsigned long since,
                       struct job_ctl *ctl, int timeout_ms, json_t **ret_data, struct verror *err);
unsigned long monitor_event_mark(struct monitor *monitor); /* any thread */

/*
 * Loop: the same without waiting.  done is called once, on the loop, as a rule after this has
 * returned; value is borrowed and NULL when err has a code.
 */
void monitor_send(struct monitor *monitor, const char *command, json_t *arguments, int timeout_ms,
                  void (*done)(void *opaque, json_t *value, struct verror *err), void *opaque);
/*
 * Loop: a whole command as the client wrote it, which goes to QEMU unchanged but for an id; done
 * gets the whole reply object, QEMU's errors too, with the client's id or none.  fd as in
 * monitor_call().  -1 with err, and no done: it is no JSON object.
 */
int monitor_send_raw(struct monitor *monitor, const char *line, int fd, int timeout_ms,
                     void (*done)(void *opaque, json_t *reply, struct verror *err), void *opaque,
                     struct verror *err);

#endif
