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

enum { MONITOR_LINE_MAX = 64 << 20, MONITOR_QUEUE_MAX = 256 };

/* Loop thread. */
struct monitor_handler {
    /* data may be NULL; borrowed */
    void (*event)(void *opaque, const char *name, const json_t *data);
    /* Once: the connection is gone (why: what the peer did, or that QEMU ended); every call that waited
       has got that error already. */
    void (*closed)(void *opaque, const struct verror *why);
};

/*
 * The shared part of all monitors: workers' requests come through it.  monitors_stop()
 * ends every waiting worker's call with an error and refuses new ones: before the workers are
 * waited for, at the end of the daemon.  Loop thread.
 */
struct monitors;
struct monitors *monitors_new(struct event_base *base, struct verror *err);
void monitors_stop(struct monitors *monitors);
void monitors_free(struct monitors *monitors);

/*
 * Takes over a connected socket; waits for the greeting and negotiates by
 * itself, commands queue meanwhile.  Worker or loop: with a worker it is set up
 * on the loop before this returns.  A monitor has one reference, the caller's.
 */
struct monitor *monitor_open(struct monitors *monitors, int fd,
                             const struct monitor_handler *handler, void *opaque);
struct monitor *monitor_ref(struct monitor *monitor);  /* any thread */
void monitor_unref(struct monitor *monitor);           /* any thread; the last one closes it */
/* Loop: no handler is called from here on (its opaque goes). */
void monitor_close(struct monitor *monitor);
bool monitor_is_open(struct monitor *monitor); /* loop */
/* Peer's pid by SO_PEERCRED, 0 = unknown. */
pid_t monitor_peer_pid(const struct monitor *monitor);

/*
 * Worker: sends a command and waits.  arguments is taken over, may be NULL.  fd
 * rides along, -1 = none; it stays the caller's.  ctl may be NULL; once it is cancelled the wait ends
 * with VIR_ERR_OPERATION_ABORTED (the command goes on in QEMU).  timeout_ms: then VIR_ERR_OPERATION_TIMEOUT,
 * -1 = none.  *ret_value ("return", a new reference) may be NULL.  An error
 * of QEMU is VIR_ERR_OPERATION_FAILED with its "desc" (internal error where the class is
 * CommandNotFound: VIR_ERR_OPERATION_UNSUPPORTED).
 */
int monitor_call(struct monitor *monitor, const char *command, json_t *arguments, int fd,
                 struct job_ctl *ctl, int timeout_ms, json_t **ret_value, struct verror *err);
/*
 * Worker: waits until one of the named events (NULL-ended list) comes, or has come since
 * `since` (a number from monitor_event_mark()); the same ends as above.  *ret_data may be NULL.
 * Returns the index of the event, or -1.
 */
int monitor_wait_event(struct monitor *monitor, const char *const *names, unsigned long since,
                       struct job_ctl *ctl, int timeout_ms, json_t **ret_data, struct verror *err);
unsigned long monitor_event_mark(struct monitor *monitor);

/*
 * Loop: the same without waiting.  done is called once, on the loop; value is borrowed and NULL when err has
 * a code.
 */
void monitor_send(struct monitor *monitor, const char *command, json_t *arguments, int timeout_ms,
                  void (*done)(void *opaque, json_t *value, struct verror *err), void *opaque);
/* Loop: a whole command as the client wrote it; done gets the whole reply object. */
int monitor_send_raw(struct monitor *monitor, const char *line, int timeout_ms,
                     void (*done)(void *opaque, json_t *reply, struct verror *err), void *opaque,
                     struct verror *err);

#endif
