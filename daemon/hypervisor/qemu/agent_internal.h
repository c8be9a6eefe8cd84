/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two halves of the agent's client: requests (agent.c) and the socket (agent_io.c). */
#ifndef VIRTJOBD_QEMU_AGENT_INTERNAL_H
#define VIRTJOBD_QEMU_AGENT_INTERNAL_H

#include <event2/event.h>
#include <stddef.h>

#include "hypervisor/qemu/agent.h"

struct agent_request {
    struct agent_request *prev, *next; /* in the queue */
    struct agent *agent;
    char *name, *line; /* line: ends in a newline */
    size_t len;
    bool raw, forget;
    enum agent_sign sign;
    int wait;
    struct event *timer; /* of what it waits for now: others, the sync, its answer */
    agent_done_fn *done;
    void *opaque;
};

enum agent_state {
    AGENT_IDLE,    /* nothing is asked, so nothing is read: a guest that floods stops by itself */
    AGENT_SYNCING, /* all up to the answer to our sync is somebody else's, or noise */
    AGENT_ASKING,
};

struct agent {
    struct event_base *base;
    char *dir, *name; /* of the socket */
    int queue_ms;
    bool port_open;
    struct event *kick; /* starts the next request, never from within agent_send() */
    struct agent_request *queue, *current;
    unsigned int nqueued;

    enum agent_state state;
    json_int_t sync_id;
    int fd; /* -1 = not connected */
    struct event *readable, *writable;
    char *output;
    size_t output_len, written;
    char *input; /* of AGENT_SYNCING: what came behind the last mark, if one came */
    size_t used, scanned, capacity, noise;
    bool marked;
};

/* --- agent.c --- */

/* Ends the one under way: value is borrowed, err is moved. */
void agent_end_current(struct agent *agent, json_t *value, struct verror *err);
/* A line of the guest's, to the one that is under way. */
void agent_take_line(struct agent *agent, const char *line, size_t len);
/* All of agent->output has been written. */
void agent_written(struct agent *agent);

/* --- agent_io.c --- */

int agent_connect(struct agent *agent, struct verror *err); /* connected already is fine */
void agent_disconnect(struct agent *agent);
/* text: taken over.  May end the request under way. */
void agent_write(struct agent *agent, char *text, size_t len);
/* Reads while a request is under way. */
void agent_watch(struct agent *agent, bool watch);
void agent_drop_input(struct agent *agent);

#endif
