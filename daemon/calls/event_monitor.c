/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of QEMU's monitor, past the daemon: who registers for them, by domain
 * and by name, and each as a packet.  Loop thread.
 */

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "calls/domain_call.h"
#include "calls/event.h"
#include "hypervisor/domain_event.h"
#include "protocol/qemu.h"
#include "util/alloc.h"

enum { MONITOR_EVENT = 0 /* the one of its class */ };

static void on_monitor_event(void *opaque, const struct domain *domain, const char *name,
                             const json_t *data)
{
    struct daemon *daemon = opaque;
    struct qemu_monitor_event_msg msg = { .event = event_text(name) };
    const struct event_message message = {
        .class = EVENT_MONITOR,
        .event = MONITOR_EVENT,
        .name = name,
        .uuid = domain->uuid,
        .program = QEMU_PROGRAM_NUMBER,
        .version = QEMU_PROGRAM_VERSION,
        .procedure = QEMU_PROC_DOMAIN_MONITOR_EVENT,
        .xdr = (xdrproc_t)xdr_qemu_monitor_event_msg,
        .msg = &msg,
    };
    char *details = NULL;
    struct timespec now;

    if (events_are_unwanted(daemon->events, EVENT_MONITOR, MONITOR_EVENT))
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a clock that is there */
    msg.seconds = now.tv_sec;
    msg.micros = (u_int)(now.tv_nsec / 1000);
    if (data)
        details = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    if (details)
        msg.details = &details;
    domain_to_wire(domain, &msg.domain);
    events_send(daemon->events, &message);
    xdr_free((xdrproc_t)xdr_wire_domain, &msg.domain);
    free(details);
}

void monitor_events_start(struct daemon *daemon)
{
    domains_on_monitor_event(daemon->domains, on_monitor_event, daemon);
}

/* --- registering --- */

static int register_event(struct call *call)
{
    const struct qemu_monitor_event_register_args *args = call->args;
    struct qemu_monitor_event_register_ret *ret = call->ret;
    const char *name = args->event ? *args->event : NULL;
    char uuid[UUID_TEXT_SIZE];

    if (call_check_flags(call, args->flags, EVENT_NAME_REGEX | EVENT_NAME_NOCASE) < 0 ||
        (args->domain && !call_domain(call, args->domain)))
        return -1;
    if (args->flags && !name)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "flags 0x%x in function %s are about a name, and there is none",
                          args->flags, call->proc->api);
    if (args->domain)
        uuid_format((const unsigned char *)args->domain->uuid, uuid);
    ret->callback = events_add(call->daemon->events, call->client, EVENT_MONITOR, MONITOR_EVENT,
                               args->domain ? uuid : NULL, false, &call->err);
    if (ret->callback < 0)
        return -1;
    if (!name || events_name(call->daemon->events, call->client, EVENT_MONITOR, ret->callback, name,
                             args->flags, &call->err) == 0)
        return 0;
    (void)events_remove(call->daemon->events, call->client, EVENT_MONITOR, ret->callback,
                        MONITOR_EVENT); /* it was added just now */
    return -1;
}

static int deregister_event(struct call *call)
{
    const struct qemu_monitor_event_deregister_args *args = call->args;

    if (args->callback >= 0 && events_remove(call->daemon->events, call->client, EVENT_MONITOR,
                                             args->callback, MONITOR_EVENT))
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "no callback with id %d on this connection",
                      args->callback);
}

static const struct proc procs[] = {
    { .number = QEMU_PROC_CONNECT_DOMAIN_MONITOR_EVENT_REGISTER,
      .api = "virConnectDomainQemuMonitorEventRegister",
      PROC_ON(DOMAIN, MONITOR),
      .access = ACCESS_WRITE,
      .class = CLASS_MEMORY,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(qemu_monitor_event_register_args),
      PROC_RET(qemu_monitor_event_register_ret),
      .handler = register_event },
    { .number = QEMU_PROC_CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER,
      .api = "virConnectDomainQemuMonitorEventDeregister",
      PROC_ON(DOMAIN, MONITOR),
      .access = ACCESS_WRITE,
      .class = CLASS_MEMORY,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(qemu_monitor_event_deregister_args),
      .handler = deregister_event },
};

const struct proc_table calls_event_monitor = { procs, ARRAY_SIZE(procs) };
