/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between dispatch.c, which finds out what is called, and call.c, which sees to its answer. */
#ifndef VIRTJOBD_CALLS_INTERNAL_H
#define VIRTJOBD_CALLS_INTERNAL_H

#include "calls/call.h"

/* --- call.c --- */

/* One call as it came in. */
struct call_packet {
    const struct frame_header *header;
    const void *payload;
    size_t payload_len;
    const int *fds; /* -1 where one is missing */
    unsigned int nfds;
};

/* Decodes the arguments and runs the handler.  Takes over the descriptors. */
void call_start(struct daemon *daemon, struct client *client, const struct proc *proc,
                const struct call_packet *packet);
/* Answers a call that never became one; clears err. */
void call_refuse(struct client *client, const struct frame_header *header, int error_domain,
                 struct verror *err);

/* --- dispatch.c --- */

/* Unanswered calls are listed, so that their handlers can be told that a client has gone. */
void dispatch_add(struct dispatch *dispatch, struct call *call);
void dispatch_remove(struct dispatch *dispatch, struct call *call);

#endif
