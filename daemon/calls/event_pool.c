/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of storage pools: who registers for them, and each as a packet.  Loop thread. */

#include "calls/event.h"
#include "calls/lookup.h"
#include "protocol/remote.h"
#include "util/alloc.h"

static void on_event(void *opaque, const struct pool *pool, enum pool_event event)
{
    struct daemon *daemon = opaque;
    struct wire_pool wire;
    struct remote_pool_event_change_msg change;
    struct event_message message = {
        .class = EVENT_POOL,
        .event = event == POOL_REFRESHED ? POOL_EVENT_REFRESH : POOL_EVENT_LIFECYCLE,
        .uuid = pool->uuid,
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
    };

    if (events_are_unwanted(daemon->events, EVENT_POOL, message.event))
        return;
    pool_to_wire(pool, &wire);
    if (event == POOL_REFRESHED) {
        message.procedure = REMOTE_PROC_STORAGE_POOL_EVENT_REFRESH;
        message.xdr = (xdrproc_t)xdr_remote_pool_event_msg;
        message.msg = &wire; /* all there is in it */
    } else {
        change = (struct remote_pool_event_change_msg){ wire, event, 0 };
        message.procedure = REMOTE_PROC_STORAGE_POOL_EVENT_LIFECYCLE;
        message.xdr = (xdrproc_t)xdr_remote_pool_event_change_msg;
        message.msg = &change;
    }
    events_send(daemon->events, &message);
    xdr_free((xdrproc_t)xdr_wire_pool, &wire);
}

void pool_events_start(struct daemon *daemon)
{
    storage_on_event(daemon->storage, on_event, daemon);
}

static int register_callback(struct call *call)
{
    const struct remote_pool_event_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct pool *pool = args->pool ? call_pool(call, args->pool) : NULL;

    if (args->event < 0 || args->event >= POOL_EVENT_ID_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "event id %d in function %s",
                          args->event, call->proc->api);
    if (args->pool && !pool)
        return -1;
    ret->value = events_add(call->daemon->events, call->client, EVENT_POOL, args->event,
                            pool ? pool->uuid : NULL, false, &call->err);
    return ret->value < 0 ? -1 : 0;
}

static int deregister_callback(struct call *call)
{
    const struct remote_int_args *args = call->args;

    if (args->value >= 0 &&
        events_remove(call->daemon->events, call->client, EVENT_POOL, args->value, 0))
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "no callback with id %d on this connection",
                      args->value);
}

#define ROW(num, function, handle, ...)                                                    \
    { .number = REMOTE_PROC_CONNECT_STORAGE_POOL_EVENT_##num, .api = function,             \
      PROC_ON(POOL, READ),                                                                 \
      .access = ACCESS_READ, .class = CLASS_MEMORY, .error_domain = VIR_FROM_STORAGE,      \
      .handler = handle, __VA_ARGS__ }

static const struct proc procs[] = {
    ROW(REGISTER_ANY, "virConnectStoragePoolEventRegisterAny", register_callback,
        PROC_ARGS(remote_pool_event_args), PROC_RET(remote_int_ret)),
    ROW(DEREGISTER_ANY, "virConnectStoragePoolEventDeregisterAny", deregister_callback,
        PROC_ARGS(remote_int_args)),
};

const struct proc_table calls_event_pool = { procs, ARRAY_SIZE(procs) };
