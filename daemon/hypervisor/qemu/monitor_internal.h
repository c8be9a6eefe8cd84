/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the QMP client among themselves.  A request is made by whoever asks, travels to the
 * loop through the queue of struct monitors, and from there on is in one list of its monitor or in
 * flight.  Everything of a monitor is the loop's, but for what says otherwise.
 */
#ifndef VIRTJOBD_QEMU_MONITOR_INTERNAL_H
#define VIRTJOBD_QEMU_MONITOR_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/qemu/monitor.h"

typedef void monitor_done_fn(void *opaque, json_t *value, struct verror *err);

enum request_op {
    OP_ATTACH,  /* the loop begins to watch a new monitor's socket */
    OP_CALL,    /* a command */
    OP_WAIT,    /* for an event */
    OP_DESTROY, /* the last reference has gone */
    OP_MAX
};

/* Decided once: only the loop ends a request, only the worker that waits abandons it. */
enum request_state { REQUEST_WAITING, REQUEST_ENDED, REQUEST_ABANDONED };

struct request {
    enum request_op op;
    struct monitor *monitor;    /* a reference while posted (but for OP_DESTROY), then borrowed */
    struct request *prev, *next; /* in the one list it is in */
    atomic_uint refs;           /* the loop's, and that of a worker that waits */
    _Atomic(enum request_state) state;
    int64_t deadline;           /* ms of CLOCK_MONOTONIC, -1 = none */
    int timeout_ms;             /* for the error's text */

    /* OP_CALL */
    char *command;              /* for errors */
    char *line;
    size_t len, sent;           /* sent: how much of it has been written */
    int fd;                     /* rides with the first byte; our own duplicate, -1 = none */
    json_t *id;
    bool raw;                   /* the value is the whole reply */
    bool own_id;                /* raw: the id is the client's and stays in the reply */

    /* OP_WAIT */
    char **names;               /* NULL-ended */
    unsigned long since;

    /* how the end is told: to a worker by wake_fd, then value and err are read by it */
    int wake_fd;                /* eventfd, -1: done is called instead, on the loop */
    monitor_done_fn *done;
    void *opaque;
    struct event *timer;        /* loop; of a request with done and a time limit */
    json_t *value;
    int index;                  /* which of names it was */
    struct verror err;
};

enum monitor_state {
    MONITOR_NEW,         /* not on the loop yet */
    MONITOR_GREETING,    /* nothing heard */
    MONITOR_NEGOTIATING, /* qmp_capabilities is in flight */
    MONITOR_READY,
    MONITOR_CLOSED,      /* for good; why is set */
};

/* What came lately, for workers that ask after it. */
struct monitor_event {
    unsigned long number;
    char *name;
    json_t *data;
    size_t size; /* of its line */
};

enum {
    EVENTS_KEPT = 128,
    EVENTS_KEPT_SIZE = 1 << 20, /* of their lines together, but for the last one */
};

struct monitor {
    struct monitors *monitors; /* a reference */
    struct monitor *prev, *next; /* in monitors->attached */
    bool attached;
    atomic_uint refs;          /* any thread */
    atomic_ulong next_id;      /* any thread */
    atomic_ulong nevents;      /* written by the loop; the number of the last event */
    pid_t peer_pid;            /* never changes */
    struct monitor_handler handler;
    void *opaque;

    enum monitor_state state;
    struct verror why;
    int fd;
    struct event *readable, *writable;
    bool write_broken;         /* the peer takes nothing more; what it said is read to the end */
    char *input;               /* grows on demand */
    size_t used, capacity;
    size_t scanned;            /* no newline before this */
    struct request *in_flight, *pending, *waiters;
    unsigned int npending;
    struct monitor_event events[EVENTS_KEPT]; /* a ring; event number n is at n % EVENTS_KEPT */
    unsigned long oldest;      /* the first that is kept, when not above nevents */
    size_t events_size;
};

struct monitors {
    pthread_mutex_t lock;      /* guards the four below; innermost, never over a callback */
    struct request *posted;
    unsigned int nposted;
    bool stopped;              /* workers' requests are refused */
    bool gone;                 /* monitors_free() was called: there is no loop any more */
    atomic_uint refs;          /* monitors_free()'s and each monitor's; any thread */
    struct event_base *base;
    int wake_fd;
    struct event *wake;        /* loop */
    struct monitor *attached;  /* loop */
};

/* --- monitors.c --- */

/* Any thread.  False: refused, the request is still the caller's. */
bool monitors_post(struct monitors *monitors, struct request *request);
/* Loop: ends what was posted for a monitor that is closed. */
void monitors_fail_posted(struct monitors *monitors, struct monitor *monitor);
void monitors_unref(struct monitors *monitors);
int monitors_refuse(struct verror *err);

/* --- monitor_request.c --- */

struct request *request_new(enum request_op op, struct monitor *monitor, int timeout_ms);
void request_unref(struct request *request); /* NULL is allowed */
bool request_is_over(struct request *request);
/* Loop: ends it unless it is over; value is taken over, err is moved. */
void request_end(struct request *request, json_t *value, struct verror *err);
/* The same with a copy of why. */
void request_fail(struct request *request, const struct verror *why);
/* qmp_capabilities, for the monitor's own use. */
struct request *request_capabilities(struct monitor *monitor, monitor_done_fn *done);

/* --- monitor.c --- */

void monitor_destroy(struct monitor *monitor);
/* Loop: closes it and tells everybody why; err is moved.  Later ones do nothing. */
void monitor_fail(struct monitor *monitor, struct verror *err);
void monitor_attach(struct request *request);

/* --- monitor_io.c --- */

void monitor_readable_cb(evutil_socket_t fd, short what, void *opaque);
void monitor_writable_cb(evutil_socket_t fd, short what, void *opaque);
/* Writes what is left of the command in flight; may end that, or close the monitor. */
void monitor_flush(struct monitor *monitor);

/* --- monitor_message.c --- */

/* One line of the peer's, NUL-terminated at len. */
void monitor_message(struct monitor *monitor, const char *line, size_t len);
/* Sends the next command, when there is one and nothing is in flight. */
void monitor_start_next(struct monitor *monitor);
/* Takes over a posted command. */
void monitor_enqueue(struct request *request);

/* --- monitor_event.c --- */

/* size: of its line */
void monitor_take_event(struct monitor *monitor, const char *name, const json_t *data,
                        size_t size);
/* Takes over a posted wait. */
void monitor_await(struct request *request);
void monitor_forget_events(struct monitor *monitor);

#endif
