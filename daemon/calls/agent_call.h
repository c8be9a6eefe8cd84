/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that the agent inside a guest answers: one question after the other,
 * and what it says taken apart with as much trust as a guest deserves.  The
 * arguments of such a call begin with its domain.  Loop thread.
 */
#ifndef VIRTJOBD_AGENT_CALL_H
#define VIRTJOBD_AGENT_CALL_H

#include <jansson.h>

#include "calls/domain_call.h"
#include "hypervisor/qemu/agent.h"
#include "xml/disk_place.h"

/*
 * What becomes of an answer (NULL: the command was obeyed without one).  0: the call is answered
 * with call->ret; -1: with call->err; CALL_PENDING: another question was asked.
 */
typedef int agent_answer_fn(struct call *call, json_t *value);

/* Of a call that has asked; call->opaque begins with it. */
struct agent_call {
    agent_answer_fn *answer;
    /* What becomes of an error, as above; NULL: the call fails with it. */
    int (*failed)(struct call *call, struct verror *err);
};

enum { AGENT_POWER_SECONDS = 60 }; /* for a guest to go down, or to sleep */

/* CALL_PENDING, or -1 with call->err.  wait of the command is the domain's. */
int call_agent(struct call *call, struct agent_command *command, agent_answer_fn *answer);
int call_ask(struct call *call, const char *command, agent_answer_fn *answer);
/* arguments: taken over; NULL: what the client gave was no UTF-8. */
int call_ask_with(struct call *call, const char *command, json_t *arguments,
                  agent_answer_fn *answer);
/* Its domain has an agent that can be asked; -1 with call->err. */
int call_check_agent(struct call *call);
/* Ends a pending call as a handler's result says. */
void call_end(struct call *call, int rc);
/* For commands whose answer says nothing. */
int agent_obeyed(struct call *call, json_t *value);

/* --- an answer's parts: NULL or -1 with call->err where they are not what they must be --- */

/* key NULL: the value itself. */
const char *agent_text(struct call *call, const json_t *value, const char *key);
const char *agent_text_or(const json_t *value, const char *key, const char *other);
int agent_integer(struct call *call, const json_t *value, const char *key, json_int_t *ret);
/* A list of at most that many. */
int agent_list(struct call *call, const json_t *value, size_t max);
int agent_nonsense(struct call *call, const char *what);

/* --- agent_vcpus.c, for the calls that have a flag for it --- */

int agent_count_vcpus(struct call *call);
int agent_set_vcpu_count(struct call *call, unsigned int count);

/* --- agent_power.c: virDomainShutdownFlags() and virDomainReboot() by every way --- */

int agent_power(struct call *call, unsigned int flags, const struct job_kind *by_button);

/* --- agent_fs.c: where the domain's disks are --- */

/*
 * then() gets them, on the loop, in call->opaque: a struct agent_disks_call of that size or more,
 * zeroed.  CALL_PENDING or -1.
 */
struct agent_disks_call {
    struct agent_call base;
    size_t nplaces;
    struct disk_place *places; /* in the same block */
};
int call_with_disks(struct call *call, size_t size, int (*then)(struct call *call));
/* The target ("vda") of the disk that the guest describes so; NULL = it is none of the domain's. */
const char *agent_disk_target(const struct agent_disks_call *disks, const json_t *address);

#endif
