/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling what happens to domains; see domain_event.h.  Loop thread. */

#include "hypervisor/domain_event.h"

#include <libvirtjob/libvirtjob.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

void domains_on_event(struct domains *domains, domain_event_cb *cb, void *opaque)
{
    domains->on_event = cb;
    domains->on_event_opaque = opaque;
}

void domains_on_monitor_event(struct domains *domains, domain_monitor_event_cb *cb, void *opaque)
{
    domains->on_monitor_event = cb;
    domains->on_monitor_event_opaque = opaque;
}

void domain_tell_monitor_event(const struct domain *domain, const char *name, const json_t *data)
{
    const struct domains *domains = domain->domains;

    if (domains->on_monitor_event)
        domains->on_monitor_event(domains->on_monitor_event_opaque, domain, name, data);
}

void domain_tell(const struct domain *domain, const struct domain_event *event)
{
    const struct domains *domains = domain->domains;

    if (domains->on_event)
        domains->on_event(domains->on_event_opaque, domain, event);
}

void domain_tell_lifecycle(const struct domain *domain, int what, int detail)
{
    const struct domain_event event = { DOMAIN_EVENT_LIFECYCLE, .what = what, .detail = detail };

    domain_tell(domain, &event);
}

/*
 * A state, and the reason for it (-1: any).  The first that fits counts.  That a guest starts, and
 * why it goes down, those who know tell themselves: domain_tell_started(), guest_events.c.
 */
static const struct {
    int state, reason, what, detail;
} changes[] = {
    { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, -1, 0 },
    { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_WAKEUP, DOMAIN_STARTED, DOMAIN_STARTED_WAKEUP },
    { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT, DOMAIN_RESUMED,
      DOMAIN_RESUMED_FROM_SNAPSHOT },
    { VIR_DOMAIN_RUNNING, -1, DOMAIN_RESUMED, DOMAIN_RESUMED_UNPAUSED },
    { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, -1, 0 },
    { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, DOMAIN_SUSPENDED, DOMAIN_SUSPENDED_IOERROR },
    { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_WATCHDOG, DOMAIN_SUSPENDED, DOMAIN_SUSPENDED_WATCHDOG },
    { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT, DOMAIN_SUSPENDED,
      DOMAIN_SUSPENDED_FROM_SNAPSHOT },
    { VIR_DOMAIN_PAUSED, -1, DOMAIN_SUSPENDED, DOMAIN_SUSPENDED_PAUSED },
    { VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED, DOMAIN_STOPPED, DOMAIN_STOPPED_DESTROYED },
    { VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED, DOMAIN_STOPPED, DOMAIN_STOPPED_CRASHED },
    { VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED, DOMAIN_STOPPED, DOMAIN_STOPPED_SAVED },
    { VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED, DOMAIN_STOPPED, DOMAIN_STOPPED_FAILED },
    { VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT, DOMAIN_STOPPED,
      DOMAIN_STOPPED_FROM_SNAPSHOT },
    { VIR_DOMAIN_SHUTOFF, -1, DOMAIN_STOPPED, DOMAIN_STOPPED_SHUTDOWN },
    { VIR_DOMAIN_CRASHED, -1, DOMAIN_CRASHED, 0 },
    { VIR_DOMAIN_PMSUSPENDED, -1, DOMAIN_PMSUSPENDED, 0 },
};

void domain_tell_state(const struct domain *domain, int state, int reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        if (changes[i].state != state || (changes[i].reason >= 0 && changes[i].reason != reason))
            continue;
        if (changes[i].what >= 0)
            domain_tell_lifecycle(domain, changes[i].what, changes[i].detail);
        return;
    }
}

/* What is told beside STARTED: libvirt's order depends on where the guest came from. */
static const struct {
    int started, resumed, suspended;
    bool resumed_first;
} starts[] = {
    { DOMAIN_STARTED_BOOTED, DOMAIN_RESUMED_UNPAUSED, DOMAIN_SUSPENDED_PAUSED, true },
    { DOMAIN_STARTED_RESTORED, DOMAIN_RESUMED_UNPAUSED, DOMAIN_SUSPENDED_RESTORED, false },
    { DOMAIN_STARTED_FROM_SNAPSHOT, DOMAIN_RESUMED_FROM_SNAPSHOT, DOMAIN_SUSPENDED_FROM_SNAPSHOT,
      false },
};

void domain_tell_started(const struct domain *domain, int detail)
{
    bool runs = domain->state == VIR_DOMAIN_RUNNING;
    size_t row = 0;

    /* one that has booted has, whatever its disks have gone back to */
    while (domain->reason != VIR_DOMAIN_RUNNING_BOOTED && row + 1 < ARRAY_SIZE(starts) &&
           starts[row].started != detail)
        row++;
    if (runs && starts[row].resumed_first)
        domain_tell_lifecycle(domain, DOMAIN_RESUMED, starts[row].resumed);
    domain_tell_lifecycle(domain, DOMAIN_STARTED, detail);
    if (runs && !starts[row].resumed_first)
        domain_tell_lifecycle(domain, DOMAIN_RESUMED, starts[row].resumed);
    else if (domain->state == VIR_DOMAIN_PAUSED)
        domain_tell_lifecycle(domain, DOMAIN_SUSPENDED, starts[row].suspended);
}
