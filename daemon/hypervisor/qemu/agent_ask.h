/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest agent asked from a worker: the question is handed to the loop, which
 * owns the agents, and the worker waits for the answer.
 */
#ifndef VIRTJOBD_QEMU_AGENT_ASK_H
#define VIRTJOBD_QEMU_AGENT_ASK_H

#include "util/verror.h"

struct agent_desk;
struct domains;
struct guest;

/* Loop.  NULL with err. */
struct agent_desk *agent_desk_new(struct domains *domains, struct verror *err);
/* Whoever waits gets an error, and so does who asks from here on; before the workers are waited for. */
void agent_desk_stop(struct agent_desk *desk);
void agent_desk_free(struct agent_desk *desk); /* after the workers; NULL is fine */

/*
 * Worker: a command without arguments to the agent of that guest, which waits as long as the
 * domain's agent is given.  -1 with err, as agent_send() and domain_agent() have it.
 */
int agent_ask(struct agent_desk *desk, const struct guest *guest, const char *command,
              struct verror *err);
/* Its file systems stand still.  One that has failed may have come late: it is thawed as well. */
int agent_freeze(struct agent_desk *desk, const struct guest *guest, struct verror *err);
/* domain: its name, for the log where it does not do it. */
void agent_thaw(struct agent_desk *desk, const struct guest *guest, const char *domain);

#endif
