/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * May this client make this call?  What it may do is kept with it until the rules or its identity
 * change.  A refusal names call, identity and rule, and is recorded.  Loop thread.
 */

#include "calls/access.h"

#include "calls/call.h"
#include "config.h"
#include "util/alloc.h"
#include "util/audit.h"

static const struct access_rules *rules_of(const struct daemon *daemon)
{
    return daemon->config ? daemon->config->access_rules : NULL;
}

static const struct client_access *access_of(const struct daemon *daemon, struct client *client)
{
    struct client_access *access = client_access(client);
    const struct identity *who = client_who(client);

    if (access->generation == daemon->access_generation + 1)
        return access;
    access->generation = daemon->access_generation + 1; /* 0 is no generation of a client's */
    access->allowed = access_rules_allow(rules_of(daemon), who);
    access->readonly =
        daemon->config && access_rules_name(daemon->config->read_only_identities, who);
    return access;
}

static void record(const struct client *client, const struct proc *proc, enum call_object object,
                   enum call_operation operation, const char *reason)
{
    AUDIT(AUDIT_ACTS, "denied", { "identity", client_identity(client) }, { "api", proc->api },
          { "object", access_object_name(object) },
          { "operation", access_operation_name(operation) }, { "reason", reason });
}

/* what: the call, and what of it takes that right. */
static int refuse_by_rule(const struct daemon *daemon, const struct client *client,
                          const char *what, enum call_object object,
                          enum call_operation operation, struct verror *err)
{
    _cleanup_free_ char *rule =
        access_rules_explain(rules_of(daemon), client_who(client), object, operation);

    err->domain = VIR_FROM_ACCESS;
    return verror_set(err, VIR_ERR_ACCESS_DENIED, "%s (%s %s) is denied to %s %s", what,
                      access_object_name(object), access_operation_name(operation),
                      client_identity(client), rule);
}

int access_check(struct daemon *daemon, struct client *client, const struct proc *proc,
                 struct verror *err)
{
    const struct client_access *access = access_of(daemon, client);

    if (proc->access == ACCESS_WRITE && client_is_readonly(client)) {
        err->domain = proc->error_domain;
        (void)verror_set(err, VIR_ERR_OPERATION_DENIED, "read only access prevents %s", proc->api);
    } else if (!(access->allowed & access_bit(proc->object, proc->operation))) {
        (void)refuse_by_rule(daemon, client, proc->api, proc->object, proc->operation, err);
    } else {
        return 0;
    }
    record(client, proc, proc->object, proc->operation, verror_text(err));
    return -1;
}

static bool is_allowed(const struct call *call, enum call_object object,
                       enum call_operation operation)
{
    const struct client_access *access = access_of(call->daemon, call->client);

    return !client_is_readonly(call->client) && access->allowed & access_bit(object, operation);
}

bool call_may(const struct call *call, enum call_operation operation)
{
    if (is_allowed(call, call->proc->object, operation))
        return true;
    record(call->client, call->proc, call->proc->object, operation,
           "a flag asks for more than the call alone");
    return false;
}

int call_check_right(struct call *call, enum call_operation operation, const char *with)
{
    enum call_object object = call->proc->object;
    _cleanup_free_ char *what = NULL;

    if (is_allowed(call, object, operation))
        return 0;
    what = xasprintf("%s with %s", call->proc->api, with);
    (void)refuse_by_rule(call->daemon, call->client, what, object, operation, &call->err);
    record(call->client, call->proc, object, operation, verror_text(&call->err));
    return -1;
}

bool call_may_reach_host(const struct call *call)
{
    return is_allowed(call, OBJECT_DOMAIN, OPERATION_CHANGE);
}

void call_record_unreached(const struct call *call)
{
    if (call->err.code == VIR_ERR_ACCESS_DENIED)
        record(call->client, call->proc, OBJECT_DOMAIN, OPERATION_CHANGE, verror_text(&call->err));
}
