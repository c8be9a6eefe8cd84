/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls by which a connection shows who it is; until it has, it is
 * answered no others.  Loop thread.
 */

#include "calls/auth.h"

#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/log.h"

/* libvirt's daemon lets nobody try for ever, and neither does this one. */
enum { FAILURES_MAX = 3 };

static const char *const names[] = {
    [SERVER_AUTH_NONE] = "none",
    [SERVER_AUTH_SASL] = "SASL",
    [SERVER_AUTH_POLKIT] = "polkit",
};

int auth_check(struct call *call, enum server_auth auth)
{
    if (client_auth(call->client) != auth)
        return verror_set(&call->err, VIR_ERR_AUTH_FAILED,
                          "%s is not asked for on this connection",
                          names[auth]);
    if (client_is_authenticated(call->client))
        return verror_set(&call->err, VIR_ERR_AUTH_FAILED,
                          "this connection is authenticated already");
    return 0;
}

void auth_succeeded(struct client *client, const char *by)
{
    client_set_authenticated(client);
    log_info("client %s: authenticated by %s", client_identity(client), by);
}

void auth_failed(struct call *call, unsigned int *failures, const char *by, const char *user,
                 const char *why)
{
    struct client *client = client_ref(call->client);

    if (user)
        log_warn("client %s: %s as '%s': %s", client_identity(client), by, user, why);
    else
        log_warn("client %s: %s: %s", client_identity(client), by, why);
    verror_set(&call->err, VIR_ERR_AUTH_FAILED, "the daemon's log says why");
    call_fail(call);
    if (++*failures >= FAILURES_MAX)
        client_close_after_flush(client);
    client_unref(client);
}

static int auth_list(struct call *call)
{
    struct remote_auth_list_ret *ret = call->ret;

    ret->types.types_val = xcalloc(1, sizeof(*ret->types.types_val));
    ret->types.types_len = 1;
    ret->types.types_val[0] = (remote_auth_type)client_auth(call->client);
    return 0;
}

#define AUTH_ROW(num, ...)                                                             \
    { .number = num, .api = "virConnectOpenAuth", .access = ACCESS_PREAUTH,            \
      PROC_ON(CONNECT, GREET), .class = CLASS_MEMORY, .error_domain = VIR_FROM_RPC,    \
      __VA_ARGS__ }

static const struct proc procs[] = {
    AUTH_ROW(REMOTE_PROC_AUTH_LIST, PROC_RET(remote_auth_list_ret), .handler = auth_list),
    AUTH_ROW(REMOTE_PROC_AUTH_SASL_INIT, PROC_RET(remote_text_ret), .handler = auth_sasl_init),
    AUTH_ROW(REMOTE_PROC_AUTH_SASL_START, PROC_ARGS(remote_auth_sasl_start_args),
             PROC_RET(remote_auth_sasl_ret), .handler = auth_sasl_start),
    AUTH_ROW(REMOTE_PROC_AUTH_SASL_STEP, PROC_ARGS(remote_auth_sasl_step_args),
             PROC_RET(remote_auth_sasl_ret), .handler = auth_sasl_step),
    AUTH_ROW(REMOTE_PROC_AUTH_POLKIT, PROC_RET(remote_int_ret), .handler = auth_polkit),
};

const struct proc_table calls_auth = { procs, ARRAY_SIZE(procs) };
