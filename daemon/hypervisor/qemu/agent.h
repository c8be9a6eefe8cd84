/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of the agent inside a guest: JSON lines over a channel of QEMU's.
 * What answers is the guest's, which nobody trusts: it may be silent, talk
 * nonsense or never stop.  That costs those who asked it their answer, and
 * nobody else anything.  Loop thread; owns the socket.
 */
#ifndef VIRTJOBD_QEMU_AGENT_H
#define VIRTJOBD_QEMU_AGENT_H

#include <jansson.h>
#include <stdbool.h>

#include "util/verror.h"

struct agent;
struct event_base;

enum {
    AGENT_LINE_MAX = 4 << 20,   /* more could not be handed on to a client as one text */
    AGENT_NOISE_MAX = 16 << 20, /* so much is passed over before an answer */
    AGENT_QUEUE_MAX = 64,
    AGENT_SYNC_MS = 5000,       /* so long it may take to show that it is there */
};

/* A time limit in seconds, or one of these; numbers of virDomainAgentSetResponseTimeout(). */
enum {
    AGENT_WAIT_EVER = -2,
    AGENT_WAIT_DEFAULT = -1, /* AGENT_SYNC_MS */
};

/* What else than its answer shows that a command has been obeyed: some are not answered then. */
enum agent_sign { AGENT_SIGN_NONE, AGENT_SIGN_SHUTDOWN, AGENT_SIGN_RESET, AGENT_SIGN_SUSPEND };

/*
 * Of a command that had its sign, or was not to be waited for, value is NULL;
 * else it is the "return", or with raw the whole reply; borrowed.
 */
typedef void agent_done_fn(void *opaque, json_t *value, struct verror *err);

struct agent_command {
    const char *name;      /* for errors as well */
    json_t *arguments;     /* a reference that is taken over, or NULL */
    const char *line;      /* raw: the whole command, one JSON object, as a client wrote it */
    enum agent_sign sign;
    int wait;              /* seconds for the answer; see above */
    bool forget;           /* done as soon as the command is written */
};

/* path: of the socket QEMU listens on; queue_ms: so long a command waits for others. */
struct agent *agent_new(struct event_base *base, const char *path, int queue_ms);
/* Whatever waits gets an error before this returns.  NULL is fine. */
void agent_free(struct agent *agent);

/* The guest has opened the port, or closed it: then nobody is there to answer. */
void agent_set_port(struct agent *agent, bool open);
bool agent_is_there(const struct agent *agent);
void agent_saw(struct agent *agent, enum agent_sign sign);

/*
 * done is called once, always after this has returned.  -1 with err, and no done: the queue is
 * full (VIR_ERR_RESOURCE_BUSY) or the command too large.  The errors of done:
 *   VIR_ERR_AGENT_UNRESPONSIVE      it does not show that it is there, or has gone
 *   VIR_ERR_AGENT_COMMAND_TIMEOUT   it was there, but has not answered in time
 *   VIR_ERR_AGENT_COMMAND_FAILED    it says no
 *   VIR_ERR_OPERATION_UNSUPPORTED   it knows no such command
 *   VIR_ERR_INTERNAL_ERROR          its answer is none
 *   VIR_ERR_OPERATION_TIMEOUT       others' commands took too long
 */
int agent_send(struct agent *agent, const struct agent_command *command, agent_done_fn *done,
               void *opaque, struct verror *err);
/* Ends what was sent with that opaque, done with VIR_ERR_OPERATION_ABORTED. */
void agent_cancel(struct agent *agent, const void *opaque);

#endif
