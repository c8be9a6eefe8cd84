/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what: the lists access_rules and read_only_identities of the config. They are read
 * and their names looked up when the config is loaded; what a client may do is worked out once
 * for each client and state of the config, so that a call costs a comparison.  Loop thread.
 */
#ifndef VIRTJOBD_ACCESS_H
#define VIRTJOBD_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/verror.h"

struct client;
struct daemon;
struct identity;
struct proc;

/* What a call is about.  Each row of a procedure has one. */
enum call_object {
    OBJECT_UNSET, /* a row that forgot it: never allowed by a rule */
    OBJECT_CONNECT, /* the daemon, the host, other connections */
    OBJECT_DOMAIN,
    OBJECT_POOL,
    OBJECT_VOLUME,
    OBJECT_JOB,
    OBJECT_MAX
};

/* What it does to that.  Each row of a procedure has one. */
enum call_operation {
    OPERATION_UNSET,
    OPERATION_GREET,   /* what a connection needs to learn that it may not: no rule is asked */
    OPERATION_READ,
    OPERATION_CONTROL, /* start, stop, cancel */
    OPERATION_CHANGE,  /* define, create, delete */
    OPERATION_DATA,    /* bytes of guests and disks, and secrets of definitions */
    OPERATION_MONITOR, /* past the daemon, to QEMU */
    OPERATION_MAX
};

const char *access_object_name(enum call_object object);
const char *access_operation_name(enum call_operation operation);

/* A set of pairs of object and operation. */
static inline uint64_t access_bit(enum call_object object, enum call_operation operation)
{
    return 1ull << (object * OPERATION_MAX + operation);
}

/* --- access_who.c: one pattern of identities --- */

struct access_who;

/*
 * "*", or conditions with blanks between that must all hold: uid= user= gid= group= unit= dn=
 * sasl= address=.  NULL with err.  Looks names up: not for the loop but at start and reload.
 */
struct access_who *access_who_parse(const char *text, struct verror *err);
void access_who_free(struct access_who *who);
bool access_who_matches(const struct access_who *who, const struct identity *identity);

/* --- access.c: rules --- */

/* In the order of the config; owned by it. */
struct access_rules;

/* As it stands in the config; NULL = not there. */
struct access_rule_text {
    const char *who, *allow, *deny, *on;
};

struct access_rules *access_rules_new(void);
void access_rules_free(struct access_rules *rules);
int access_rules_add(struct access_rules *rules, const struct access_rule_text *text,
                     struct verror *err);
/* Same texts in the same order: nothing has changed. */
bool access_rules_equal(const struct access_rules *a, const struct access_rules *b);
bool access_rules_are_empty(const struct access_rules *rules);

/* Does any of the rules speak of this identity? */
bool access_rules_name(const struct access_rules *rules, const struct identity *identity);
/* What they allow: of each pair, the first rule that speaks of it decides; else it is denied. */
uint64_t access_rules_allow(const struct access_rules *rules, const struct identity *identity);
/* For messages, malloc'd: "by rule 2 of access_rules (deny ...)", or that none fits. */
char *access_rules_explain(const struct access_rules *rules, const struct identity *identity,
                           enum call_object object, enum call_operation operation);

/* --- access_check.c: a client's call --- */

/* 0, or -1 with err, and an audit record. */
int access_check(struct daemon *daemon, struct client *client, const struct proc *proc,
                 struct verror *err);

#endif
