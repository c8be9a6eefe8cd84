/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections, as others see them: who is connected, and the end of one.  Its rows belong to the
 * JOB program.  Loop thread.
 */

#include <inttypes.h>

#include "calls/call.h"
#include "protocol/job.h"
#include "util/alloc.h"
#include "util/audit.h"

static void client_to_wire(const struct client *client, struct job_client *wire)
{
    struct client_info info;

    client_get_info(client, &info);
    *wire = (struct job_client){
        .id = client_id(client),
        .connected_at = (quad_t)info.connected_at,
        .transport = (int)info.socket,
        .readonly = client_is_readonly(client),
        .identity = xstrdup(client_identity(client)),
        .calls = info.calls,
        .streams = info.streams,
        .jobs = client_jobs(client),
    };
}

static int list(struct call *call)
{
    const struct job_client_list_args *args = call->args;
    struct job_client_list_ret *ret = call->ret;
    unsigned int max = args->max < JOB_LIST_MAX ? args->max : JOB_LIST_MAX;
    struct client *client = NULL;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    ret->clients.clients_val = xcalloc(max + 1, sizeof(*ret->clients.clients_val));
    while ((client = server_next_client(call->daemon->server, client))) {
        if (args->before_id && client_id(client) >= args->before_id)
            continue;
        if (ret->clients.clients_len == max) {
            ret->more = 1;
            break;
        }
        client_to_wire(client, &ret->clients.clients_val[ret->clients.clients_len++]);
    }
    return 0;
}

static struct client *find(struct call *call, uint64_t id)
{
    struct client *client = NULL;

    while ((client = server_next_client(call->daemon->server, client)))
        if (client_id(client) == id)
            return client;
    verror_set(&call->err, VIR_ERR_INVALID_ARG, "no connection has the id %" PRIu64, id);
    return NULL;
}

/* Its own ends once that has been answered. */
static int disconnect(struct call *call)
{
    const struct job_client_id_args *args = call->args;
    struct client *client;

    if (call_check_flags(call, args->flags, 0) < 0 || !(client = find(call, args->id)))
        return -1;
    AUDIT(AUDIT_ACTS, "client-disconnect", { "object", client_identity(client) },
          { "identity", client_identity(call->client) });
    if (client == call->client)
        client_close_after_flush(client);
    else
        client_drop(client, "disconnected by an administrator");
    return 0;
}

#define ROW(proc, function, handle, ...)                                                           \
    {                                                                                              \
        .number = JOB_PROC_CLIENT_##proc, .api = function, .access = ACCESS_WRITE,                 \
        PROC_ON(CONNECT, CONTROL), .class = CLASS_MEMORY, .error_domain = VIR_FROM_REMOTE,         \
        .handler = handle, __VA_ARGS__                                                             \
    }

static const struct proc procs[] = {
    ROW(LIST, "virConnectListAllClients", list, PROC_ARGS(job_client_list_args),
        PROC_RET(job_client_list_ret)),
    ROW(DISCONNECT, "virConnectCloseClient", disconnect, PROC_ARGS(job_client_id_args)),
};

const struct proc_table calls_client = { procs, ARRAY_SIZE(procs) };
