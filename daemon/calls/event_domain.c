/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of domains: who registers for them, in both of libvirt's ways, and
 * each as a packet.  Loop thread.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "calls/event.h"
#include "calls/typed_params.h"
#include "hypervisor/domain_event.h"
#include "protocol/remote.h"
#include "util/alloc.h"

/* Room for any of them. */
union message {
    struct remote_domain_event_msg plain;
    struct remote_domain_event_change_msg change;
    struct remote_domain_event_rtc_msg rtc;
    struct remote_domain_event_watchdog_msg watchdog;
    struct remote_domain_event_io_error_msg io_error;
    struct remote_domain_event_io_error_reason_msg io_error_reason;
    struct remote_domain_event_graphics_msg graphics;
    struct remote_domain_event_block_job_msg block_job;
    struct remote_domain_event_block_threshold_msg threshold;
    struct remote_domain_event_tray_msg tray;
    struct remote_domain_event_pm_msg pm;
    struct remote_domain_event_balloon_msg balloon;
    struct remote_domain_event_device_msg device;
    struct remote_domain_event_disk_change_msg disk_change;
    struct remote_domain_event_metadata_msg metadata;
    struct remote_domain_event_params_msg params;
    struct remote_domain_event_memory_failure_msg memory_failure;
};

/* What a message needs beside it while it is sent. */
struct scratch {
    struct remote_graphics_subject subjects[2];
    char *text;
    struct param_list params;
};

static void make_plain(const struct wire_domain *domain, _unused_ const struct domain_event *event,
                       union message *msg, _unused_ struct scratch *scratch)
{
    msg->plain.domain = *domain;
}

static void make_change(const struct wire_domain *domain, const struct domain_event *event,
                        union message *msg, _unused_ struct scratch *scratch)
{
    msg->change = (struct remote_domain_event_change_msg){ *domain, event->what, event->detail };
}

static void make_rtc(const struct wire_domain *domain, const struct domain_event *event,
                     union message *msg, _unused_ struct scratch *scratch)
{
    msg->rtc = (struct remote_domain_event_rtc_msg){ *domain, event->number };
}

static void make_watchdog(const struct wire_domain *domain, const struct domain_event *event,
                          union message *msg, _unused_ struct scratch *scratch)
{
    msg->watchdog = (struct remote_domain_event_watchdog_msg){ *domain, event->what };
}

static void make_io_error(const struct wire_domain *domain, const struct domain_event *event,
                          union message *msg, _unused_ struct scratch *scratch)
{
    msg->io_error = (struct remote_domain_event_io_error_msg){
        *domain, event_text(event->path), event_text(event->alias), event->what
    };
}

static void make_io_error_reason(const struct wire_domain *domain,
                                 const struct domain_event *event, union message *msg,
                                 _unused_ struct scratch *scratch)
{
    msg->io_error_reason = (struct remote_domain_event_io_error_reason_msg){
        *domain, event_text(event->path), event_text(event->alias), event->what,
        event_text(event->reason)
    };
}

static struct remote_graphics_address to_address(const struct domain_event_address *address)
{
    return (struct remote_graphics_address){ address->family, event_text(address->node),
                                             event_text(address->service) };
}

static void make_graphics(const struct wire_domain *domain, const struct domain_event *event,
                          union message *msg, struct scratch *scratch)
{
    for (unsigned int i = 0; i < event->nsubjects; i++)
        scratch->subjects[i] = (struct remote_graphics_subject){
            event_text(event->subjects[i].type), event_text(event->subjects[i].name)
        };
    msg->graphics = (struct remote_domain_event_graphics_msg){
        .domain = *domain,
        .phase = event->what,
        .local = to_address(&event->local),
        .remote = to_address(&event->remote),
        .auth = event_text(event->auth),
        .subjects = { event->nsubjects, scratch->subjects },
    };
}

static void make_tray(const struct wire_domain *domain, const struct domain_event *event,
                      union message *msg, _unused_ struct scratch *scratch)
{
    msg->tray = (struct remote_domain_event_tray_msg){ *domain, event_text(event->alias),
                                                       event->what };
}

static void make_block_job(const struct wire_domain *domain, const struct domain_event *event,
                           union message *msg, _unused_ struct scratch *scratch)
{
    msg->block_job = (struct remote_domain_event_block_job_msg){
        *domain, event_text(event->path), event->what, event->detail
    };
}

static void make_threshold(const struct wire_domain *domain, const struct domain_event *event,
                           union message *msg, struct scratch *scratch)
{
    scratch->text = event_text(event->path);
    msg->threshold = (struct remote_domain_event_block_threshold_msg){
        *domain, event_text(event->alias), event->path ? &scratch->text : NULL,
        (u_quad_t)event->number, (u_quad_t)event->excess
    };
}

static void make_pm(const struct wire_domain *domain, const struct domain_event *event,
                    union message *msg, _unused_ struct scratch *scratch)
{
    msg->pm = (struct remote_domain_event_pm_msg){ event->what, *domain };
}

static void make_balloon(const struct wire_domain *domain, const struct domain_event *event,
                         union message *msg, _unused_ struct scratch *scratch)
{
    msg->balloon = (struct remote_domain_event_balloon_msg){ *domain, (u_quad_t)event->number };
}

static void make_device(const struct wire_domain *domain, const struct domain_event *event,
                        union message *msg, _unused_ struct scratch *scratch)
{
    msg->device = (struct remote_domain_event_device_msg){ *domain, event_text(event->alias) };
}

/* Nothing comes in the place of what was dropped. */
static void make_disk_change(const struct wire_domain *domain, const struct domain_event *event,
                             union message *msg, struct scratch *scratch)
{
    scratch->text = event_text(event->path);
    msg->disk_change = (struct remote_domain_event_disk_change_msg){
        .domain = *domain,
        .old_path = event->path ? &scratch->text : NULL,
        .alias = event_text(event->alias),
        .reason = event->what,
    };
}

static void make_metadata(const struct wire_domain *domain, const struct domain_event *event,
                          union message *msg, struct scratch *scratch)
{
    scratch->text = event_text(event->path);
    msg->metadata = (struct remote_domain_event_metadata_msg){
        *domain, event->what, event->path ? &scratch->text : NULL
    };
}

static void make_tunable(const struct wire_domain *domain, const struct domain_event *event,
                         union message *msg, struct scratch *scratch)
{
    param_add_json(&scratch->params, event->params);
    msg->params = (struct remote_domain_event_params_msg){
        *domain, { scratch->params.count, scratch->params.params }
    };
}

/* Of the shape that an action has. */
static void make_iteration(const struct wire_domain *domain, const struct domain_event *event,
                           union message *msg, struct scratch *scratch)
{
    make_watchdog(domain, event, msg, scratch);
}

static void make_memory_failure(const struct wire_domain *domain, const struct domain_event *event,
                                union message *msg, _unused_ struct scratch *scratch)
{
    msg->memory_failure = (struct remote_domain_event_memory_failure_msg){
        *domain, event->what, event->detail, (u_int)event->number
    };
}

#define ROW(name, make, type)                                                              \
    [DOMAIN_EVENT_##name] = { REMOTE_PROC_DOMAIN_EVENT_CALLBACK_##name, 0,                 \
                              (xdrproc_t)xdr_remote_domain_event_##type, make }
/* Those that the older registration knows, too. */
#define ROW_TOO(name, make, type)                                                          \
    [DOMAIN_EVENT_##name] = { REMOTE_PROC_DOMAIN_EVENT_CALLBACK_##name,                    \
                              REMOTE_PROC_DOMAIN_EVENT_##name,                             \
                              (xdrproc_t)xdr_remote_domain_event_##type, make }

/* Those of a time when it was the only way, without its word in their names. */
#define ROW_NEW(name, make, type)                                                          \
    [DOMAIN_EVENT_##name] = { REMOTE_PROC_DOMAIN_EVENT_##name, 0,                          \
                              (xdrproc_t)xdr_remote_domain_event_##type, make }

/* By event id; those without a row never come. */
static const struct {
    int procedure, older_procedure;
    xdrproc_t xdr;
    void (*make)(const struct wire_domain *domain, const struct domain_event *event,
                 union message *msg, struct scratch *scratch);
} rows[DOMAIN_EVENT_ID_MAX] = {
    ROW_TOO(LIFECYCLE, make_change, change_msg),
    ROW_TOO(REBOOT, make_plain, msg),
    ROW_TOO(RTC_CHANGE, make_rtc, rtc_msg),
    ROW_TOO(WATCHDOG, make_watchdog, watchdog_msg),
    ROW_TOO(IO_ERROR, make_io_error, io_error_msg),
    ROW_TOO(GRAPHICS, make_graphics, graphics_msg),
    ROW_TOO(IO_ERROR_REASON, make_io_error_reason, io_error_reason_msg),
    ROW_TOO(CONTROL_ERROR, make_plain, msg),
    ROW_TOO(BLOCK_JOB, make_block_job, block_job_msg),
    ROW_TOO(DISK_CHANGE, make_disk_change, disk_change_msg),
    ROW_TOO(TRAY_CHANGE, make_tray, tray_msg),
    ROW_TOO(PMWAKEUP, make_pm, pm_msg),
    ROW_TOO(PMSUSPEND, make_pm, pm_msg),
    ROW_TOO(BALLOON_CHANGE, make_balloon, balloon_msg),
    ROW_TOO(PMSUSPEND_DISK, make_pm, pm_msg),
    ROW_TOO(DEVICE_REMOVED, make_device, device_msg),
    ROW_NEW(BLOCK_JOB_2, make_block_job, block_job_msg),
    ROW(TUNABLE, make_tunable, params_msg),
    ROW(AGENT_LIFECYCLE, make_change, change_msg),
    ROW(MIGRATION_ITERATION, make_iteration, watchdog_msg),
    ROW(DEVICE_REMOVAL_FAILED, make_device, device_msg),
    ROW(METADATA_CHANGE, make_metadata, metadata_msg),
    ROW_NEW(BLOCK_THRESHOLD, make_threshold, block_threshold_msg),
    ROW_NEW(MEMORY_FAILURE, make_memory_failure, memory_failure_msg),
};

/* The older kind of those that have a reason before the domain is the domain alone. */
static bool has_reason_first(int id)
{
    return rows[id].make == make_pm;
}

static void on_event(void *opaque, const struct domain *domain, const struct domain_event *event)
{
    struct daemon *daemon = opaque;
    struct wire_domain wire;
    struct scratch scratch = { 0 };
    union message msg;
    struct event_message message = {
        .class = EVENT_DOMAIN,
        .event = event->id,
        .uuid = domain->uuid,
        .program = REMOTE_PROGRAM_NUMBER,
        .version = REMOTE_PROGRAM_VERSION,
        .procedure = rows[event->id].procedure,
        .older_procedure = rows[event->id].older_procedure,
        .xdr = rows[event->id].xdr,
        .older_xdr = rows[event->id].xdr,
        .msg = &msg,
        .older_msg = &msg,
    };

    if (events_are_unwanted(daemon->events, EVENT_DOMAIN, event->id))
        return;
    if (has_reason_first(event->id)) {
        message.older_xdr = (xdrproc_t)xdr_wire_domain;
        message.older_msg = &wire;
    }
    domain_to_wire(domain, &wire);
    rows[event->id].make(&wire, event, &msg, &scratch);
    events_send(daemon->events, &message);
    xdr_free((xdrproc_t)xdr_wire_domain, &wire);
    param_list_clear(&scratch.params);
}

void domain_events_start(struct daemon *daemon)
{
    domains_on_event(daemon->domains, on_event, daemon);
}

/* --- registering --- */

/* The older registration knows the ids below that. */
enum { OLDER_ID_MAX = 16 };

static int check_event(struct call *call, int event, int max)
{
    if (event >= 0 && event < max)
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "event id %d in function %s", event,
                      call->proc->api);
}

static int add_registration(struct call *call, int event, const struct wire_domain *wire,
                            bool older)
{
    char uuid[UUID_TEXT_SIZE];

    if (check_event(call, event, older ? OLDER_ID_MAX : DOMAIN_EVENT_ID_MAX) < 0)
        return -1;
    if (wire)
        uuid_format((const unsigned char *)wire->uuid, uuid);
    return events_add(call->daemon->events, call->client, EVENT_DOMAIN, event,
                      wire ? uuid : NULL, older, &call->err);
}

static int register_callback(struct call *call)
{
    const struct remote_domain_event_args *args = call->args;
    struct remote_int_ret *ret = call->ret;

    if (args->domain && !call_domain(call, args->domain))
        return -1;
    ret->value = add_registration(call, args->event, args->domain, false);
    return ret->value < 0 ? -1 : 0;
}

static int register_any(struct call *call)
{
    const struct remote_int_args *args = call->args;

    return add_registration(call, args->value, NULL, true);
}

static int register_lifecycle(struct call *call)
{
    struct remote_int_ret *ret = call->ret;

    ret->value = 1;
    return add_registration(call, DOMAIN_EVENT_LIFECYCLE, NULL, true);
}

static int remove_registration(struct call *call, int callback, int event)
{
    if (events_remove(call->daemon->events, call->client, EVENT_DOMAIN, callback, event))
        return 0;
    if (callback == EVENT_NO_CALLBACK)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "event %d is not registered for on this connection", event);
    return verror_set(&call->err, VIR_ERR_INVALID_ARG, "no callback with id %d on this connection",
                      callback);
}

static int deregister_callback(struct call *call)
{
    const struct remote_int_args *args = call->args;

    if (args->value < 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "callback id %d in function %s",
                          args->value, call->proc->api);
    return remove_registration(call, args->value, 0);
}

static int deregister_any(struct call *call)
{
    const struct remote_int_args *args = call->args;

    if (check_event(call, args->value, OLDER_ID_MAX) < 0)
        return -1;
    return remove_registration(call, EVENT_NO_CALLBACK, args->value);
}

static int deregister_lifecycle(struct call *call)
{
    return remove_registration(call, EVENT_NO_CALLBACK, DOMAIN_EVENT_LIFECYCLE);
}

#undef ROW
#define ROW(num, function, handle, ...)                                                    \
    { .number = REMOTE_PROC_CONNECT_DOMAIN_EVENT_##num, .api = function,                   \
      PROC_ON(DOMAIN, READ),                                                               \
      .access = ACCESS_READ, .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU,         \
      .handler = handle, __VA_ARGS__ }

static const struct proc procs[] = {
    ROW(REGISTER, "virConnectDomainEventRegister", register_lifecycle, PROC_RET(remote_int_ret)),
    ROW(DEREGISTER, "virConnectDomainEventDeregister", deregister_lifecycle,
        PROC_RET(remote_int_ret)),
    ROW(REGISTER_ANY, "virConnectDomainEventRegisterAny", register_any,
        PROC_ARGS(remote_int_args)),
    ROW(DEREGISTER_ANY, "virConnectDomainEventDeregisterAny", deregister_any,
        PROC_ARGS(remote_int_args)),
    ROW(CALLBACK_REGISTER_ANY, "virConnectDomainEventRegisterAny", register_callback,
        PROC_ARGS(remote_domain_event_args), PROC_RET(remote_int_ret)),
    ROW(CALLBACK_DEREGISTER_ANY, "virConnectDomainEventDeregisterAny", deregister_callback,
        PROC_ARGS(remote_int_args)),
};

const struct proc_table calls_event_domain = { procs, ARRAY_SIZE(procs) };
