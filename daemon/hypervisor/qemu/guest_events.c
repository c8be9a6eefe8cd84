/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU tells by itself: its events, and after a restart of the daemon what
 * it does now.  Each changes the domain at once.  While a job still starts the
 * guest its events change nothing: the job's end does.  Loop thread.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/block_job.h"
#include "util/alloc.h"
#include "util/log.h"

/* So long QEMU may take to flush its disks once the guest has powered off. */
enum { POWEROFF_GRACE_MS = 15000, COMMAND_MS = 10000 };

/* Its domain, if it is still this guest's and no job is starting it. */
static struct domain *guest_domain(const struct guest *guest)
{
    struct domain *domain = domain_find_uuid(guest->domains, guest->uuid);

    return domain && domain->guest == guest && !guest->starting ? domain : NULL;
}

/* --- starting over, without a new process --- */

static void restarted_cb(void *opaque, json_t *value, struct verror *err)
{
    struct guest *guest = opaque;

    (void)value;
    if (err->code)
        log_error("domain '%s' cannot be started over: %s", guest->def->name, verror_text(err));
    guest_unref(guest);
}

/* Its CPUs stand until QEMU has reset the machine; it is not going down meanwhile. */
static void guest_start_over(struct domain *domain)
{
    struct guest *guest = domain->guest;

    domain_set_state(domain, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP);
    atomic_store(&guest->resume_reason, VIR_DOMAIN_RUNNING_BOOTED);
    monitor_send(guest->monitor, "system_reset", NULL, COMMAND_MS, restarted_cb, guest_ref(guest));
    monitor_send(guest->monitor, "cont", NULL, COMMAND_MS, restarted_cb, guest_ref(guest));
}

/* What is done with a guest that cannot go on: on_poweroff and on_crash. */
static void guest_act(struct domain *domain, enum domain_action action, int end_reason)
{
    struct guest *guest = domain->guest;

    switch (action) {
    case DOMAIN_ACTION_RESTART:
    case DOMAIN_ACTION_RENAME_RESTART:
        guest_start_over(domain);
        break;
    case DOMAIN_ACTION_PRESERVE:
        break;
    case DOMAIN_ACTION_COREDUMP_DESTROY:
    case DOMAIN_ACTION_COREDUMP_RESTART:
        guest_dump_crashed(guest, action == DOMAIN_ACTION_COREDUMP_RESTART);
        break;
    case DOMAIN_ACTION_DESTROY:
        guest->end_reason = end_reason;
        guest_end(guest, POWEROFF_GRACE_MS);
        break;
    }
}

void guest_crash_over(struct guest *guest, bool restart)
{
    struct domain *domain = guest_domain(guest);

    if (domain && !guest->exited)
        guest_act(domain, restart ? DOMAIN_ACTION_RESTART : DOMAIN_ACTION_DESTROY,
                  VIR_DOMAIN_SHUTOFF_CRASHED);
}

/* --- events --- */

static bool data_says(const json_t *data, const char *member, const char *word)
{
    const char *value = json_string_value(json_object_get(data, member));

    return value && strcmp(value, word) == 0;
}

/* Of one that has powered off or panicked, QEMU also says that it has stopped. */
static void on_stop(struct domain *domain, const json_t *data)
{
    int reason = atomic_exchange(&domain->guest->pause_reason, VIR_DOMAIN_PAUSED_UNKNOWN);

    (void)data;
    if (domain->state == VIR_DOMAIN_RUNNING || domain->state == VIR_DOMAIN_PMSUSPENDED)
        domain_set_state(domain, VIR_DOMAIN_PAUSED, reason);
}

static void on_resume(struct domain *domain, const json_t *data)
{
    int reason = atomic_exchange(&domain->guest->resume_reason, VIR_DOMAIN_RUNNING_UNPAUSED);

    (void)data;
    domain_set_state(domain, VIR_DOMAIN_RUNNING, reason);
}

static bool guest_is_being_ended(const struct guest *guest)
{
    return guest->end_reason == VIR_DOMAIN_SHUTOFF_DESTROYED ||
           guest->end_reason == VIR_DOMAIN_SHUTOFF_SAVED ||
           guest->end_reason == VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT;
}

/* Once: QEMU says it again when it is told to end.  A saved one goes on another time. */
static void tell_shutdown(const struct domain *domain, const json_t *data)
{
    bool by_guest = json_is_true(json_object_get(data, "guest"));

    if (domain->state != VIR_DOMAIN_SHUTDOWN &&
        domain->guest->end_reason != VIR_DOMAIN_SHUTOFF_SAVED &&
        domain->guest->end_reason != VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT)
        domain_tell_lifecycle(domain, DOMAIN_SHUTDOWN,
                              by_guest ? DOMAIN_SHUTDOWN_GUEST : DOMAIN_SHUTDOWN_HOST);
}

static void on_shutdown(struct domain *domain, const json_t *data)
{
    struct guest *guest = domain->guest;

    if (domain->state == VIR_DOMAIN_CRASHED || data_says(data, "reason", "guest-panic"))
        return; /* on_crash says what is done with it */
    if (guest->reboot_on_shutdown && !guest_is_being_ended(guest)) {
        guest->reboot_on_shutdown = false;
        guest_start_over(domain);
        return;
    }
    tell_shutdown(domain, data);
    domain_set_state(domain, VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_USER);
    if (!guest_is_being_ended(guest))
        guest_act(domain, guest->def->on_poweroff, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

static void on_panic(struct domain *domain, const json_t *data)
{
    (void)data;
    if (domain->state == VIR_DOMAIN_CRASHED)
        return;
    domain_set_state(domain, VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED);
    guest_act(domain, domain->guest->def->on_crash, VIR_DOMAIN_SHUTOFF_CRASHED);
}

static void on_io_error(struct domain *domain, const json_t *data)
{
    const char *device = json_string_value(json_object_get(data, "device"));
    const char *reason = json_string_value(json_object_get(data, "reason"));

    log_warn("domain '%s': I/O error on disk '%s': %s", domain->name, device ? device : "",
             reason ? reason : "unknown");
    if (data_says(data, "action", "stop"))
        atomic_store(&domain->guest->pause_reason, VIR_DOMAIN_PAUSED_IOERROR);
}

static void on_watchdog(struct domain *domain, const json_t *data)
{
    log_warn("domain '%s': its watchdog has fired", domain->name);
    if (data_says(data, "action", "pause"))
        atomic_store(&domain->guest->pause_reason, VIR_DOMAIN_PAUSED_WATCHDOG);
}

static void on_suspend(struct domain *domain, const json_t *data)
{
    (void)data;
    domain_set_state(domain, VIR_DOMAIN_PMSUSPENDED, 0);
}

static void on_wakeup(struct domain *domain, const json_t *data)
{
    (void)data;
    domain_set_state(domain, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_WAKEUP);
}

/* data as query-balloon gives it, too */
static void on_balloon(struct domain *domain, const json_t *data)
{
    json_int_t actual = json_integer_value(json_object_get(data, "actual"));

    if (actual > 0)
        domain->guest->balloon_kib = (uint64_t)actual / 1024;
}

static const struct {
    const char *name;
    void (*act)(struct domain *domain, const json_t *data);
} events[] = {
    { "STOP", on_stop },
    { "RESUME", on_resume },
    { "SHUTDOWN", on_shutdown },
    { "GUEST_PANICKED", on_panic },
    { "BLOCK_IO_ERROR", on_io_error },
    { "WATCHDOG", on_watchdog },
    { "SUSPEND", on_suspend },
    { "WAKEUP", on_wakeup },
    { "BALLOON_CHANGE", on_balloon },
};

static void guest_event(void *opaque, const char *name, const json_t *data)
{
    struct guest *guest = opaque;
    struct domain *domain = guest_domain(guest);

    if (!domain)
        return;
    log_debug("domain '%s': QEMU says %s", domain->name, name);
    domain_tell_monitor_event(domain, name, data);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        if (strcmp(events[i].name, name) == 0)
            events[i].act(domain, data);
    }
    guest_agent_event(guest, name, data);
    block_job_event(domain, name, data);
    guest_tell(domain, name, data);
}

/* A guest whose monitor is lost is not to be killed for that: it runs on, and can be destroyed. */
static void guest_monitor_closed(void *opaque, const struct verror *why)
{
    struct guest *guest = opaque;
    const struct domain *domain = guest_domain(guest);

    if (!domain || domain->state == VIR_DOMAIN_SHUTDOWN)
        return; /* QEMU is ending */
    if (!process_is_alive(&guest->process))
        return;
    log_error("the monitor of domain '%s' is lost: %s", guest->def->name, verror_text(why));
    domain_tell(domain, &(struct domain_event){ .id = DOMAIN_EVENT_CONTROL_ERROR });
}

const struct monitor_handler guest_monitor_handler = { .event = guest_event,
                                                       .closed = guest_monitor_closed };

/* --- found again --- */

/* What QEMU calls a state; by is what made it so, where something else than a STOP did. */
static const struct {
    const char *status;
    int state, reason;
    void (*by)(struct domain *domain, const json_t *data);
} statuses[] = {
    { "running", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNKNOWN, NULL },
    { "paused", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_UNKNOWN, NULL },
    { "prelaunch", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_UNKNOWN, NULL },
    { "inmigrate", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, NULL },
    { "postmigrate", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, NULL },
    { "finish-migrate", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, NULL },
    { "save-vm", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, NULL },
    { "io-error", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, NULL },
    { "watchdog", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_WATCHDOG, NULL },
    { "suspended", VIR_DOMAIN_PMSUSPENDED, 0, NULL },
    { "shutdown", VIR_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN_USER, on_shutdown },
    { "guest-panicked", VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED, on_panic },
};

static void take_status(struct domain *domain, const char *status)
{
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        if (strcmp(statuses[i].status, status) != 0)
            continue;
        if (statuses[i].by)
            statuses[i].by(domain, NULL);
        else if (domain->state != statuses[i].state) /* else the reason saved with it stands */
            domain_set_state(domain, statuses[i].state, statuses[i].reason);
    }
}

static void status_cb(void *opaque, json_t *value, struct verror *err)
{
    struct guest *guest = opaque;
    struct domain *domain = guest_domain(guest);
    const char *status = json_string_value(json_object_get(value, "status"));

    if (err->code)
        log_warn("domain '%s' does not tell its state: %s", guest->def->name, verror_text(err));
    else if (domain && status)
        take_status(domain, status);
    guest_unref(guest);
}

/* One without a balloon answers with an error. */
static void balloon_cb(void *opaque, json_t *value, struct verror *err)
{
    struct guest *guest = opaque;
    struct domain *domain = guest_domain(guest);

    if (!err->code && domain)
        on_balloon(domain, value);
    guest_unref(guest);
}

void guest_sync_state(struct guest *guest)
{
    if (!guest->monitor)
        return;
    monitor_send(guest->monitor, "query-status", NULL, COMMAND_MS, status_cb, guest_ref(guest));
    monitor_send(guest->monitor, "query-balloon", NULL, COMMAND_MS, balloon_cb, guest_ref(guest));
    guest_agent_sync(guest);
}
