/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of QEMU's that clients are told of as they are: what they change in
 * the domain, if anything, is guest_events.c's.  Loop thread.
 */

#include <string.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

static const char *text_of(const json_t *data, const char *member)
{
    const char *text = json_string_value(json_object_get(data, member));

    return text ? text : "";
}

/* A word of QEMU's and libvirt's number for it; -1: there is none. */
struct word {
    const char *word;
    int number;
};

static int number_of(const struct word *words, size_t nwords, const char *word)
{
    for (size_t i = 0; i < nwords; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].number;
    }
    return -1;
}

static void tell_id(const struct domain *domain, int id)
{
    const struct domain_event event = { .id = id };

    domain_tell(domain, &event);
}

static void tell_reboot(const struct domain *domain, _unused_ const json_t *data)
{
    tell_id(domain, DOMAIN_EVENT_REBOOT);
}

static void tell_suspend(const struct domain *domain, _unused_ const json_t *data)
{
    tell_id(domain, DOMAIN_EVENT_PMSUSPEND);
}

static void tell_suspend_disk(const struct domain *domain, _unused_ const json_t *data)
{
    tell_id(domain, DOMAIN_EVENT_PMSUSPEND_DISK);
}

static void tell_wakeup(const struct domain *domain, _unused_ const json_t *data)
{
    tell_id(domain, DOMAIN_EVENT_PMWAKEUP);
}

static void tell_rtc(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = {
        DOMAIN_EVENT_RTC_CHANGE, .number = json_integer_value(json_object_get(data, "offset"))
    };

    domain_tell(domain, &event);
}

static void tell_balloon(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = {
        DOMAIN_EVENT_BALLOON_CHANGE,
        .number = json_integer_value(json_object_get(data, "actual")) / 1024,
    };

    domain_tell(domain, &event);
}

/* virDomainEventWatchdogAction */
static void tell_watchdog(const struct domain *domain, const json_t *data)
{
    static const struct word actions[] = {
        { "none", 0 },     { "pause", 1 }, { "reset", 2 },      { "poweroff", 3 },
        { "shutdown", 4 }, { "debug", 5 }, { "inject-nmi", 6 },
    };
    const struct domain_event event = {
        DOMAIN_EVENT_WATCHDOG,
        .what = number_of(actions, ARRAY_SIZE(actions), text_of(data, "action")),
    };

    if (event.what >= 0)
        domain_tell(domain, &event);
}

/* The disk whose top image QEMU calls that, or NULL. */
static const struct domain_disk *find_disk(const struct domain *domain, const char *node)
{
    const struct domain_def *def = domain->guest->def;

    for (size_t i = 0; i < def->ndisks; i++) {
        _cleanup_free_ char *name =
            xasprintf("libvirt-%s-format", def->disks[i].index ? def->disks[i].index : "");

        if (strcmp(name, node) == 0)
            return &def->disks[i];
    }
    return NULL;
}

/* virDomainEventIOErrorAction */
static void tell_io_error(const struct domain *domain, const json_t *data)
{
    static const struct word actions[] = { { "ignore", 0 }, { "stop", 1 }, { "report", 2 } };
    const struct domain_disk *disk = find_disk(domain, text_of(data, "node-name"));
    struct domain_event event = {
        DOMAIN_EVENT_IO_ERROR,
        .what = number_of(actions, ARRAY_SIZE(actions), text_of(data, "action")),
        .path = disk && disk->path ? disk->path : "",
        .alias = disk && disk->alias ? disk->alias : text_of(data, "device"),
        .reason = json_is_true(json_object_get(data, "nospace")) ? "enospc" : "",
    };

    if (event.what < 0)
        return;
    domain_tell(domain, &event);
    event.id = DOMAIN_EVENT_IO_ERROR_REASON;
    domain_tell(domain, &event);
}

/* virDomainEventTrayChangeReason: 0 open, 1 closed */
static void tell_tray(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = {
        DOMAIN_EVENT_TRAY_CHANGE,
        .what = !json_is_true(json_object_get(data, "tray-open")),
        .alias = text_of(data, "id"),
    };

    domain_tell(domain, &event);
}

/* Of what a guest writes to: dev is the disk, the path its image. */
static void tell_threshold(const struct domain *domain, const json_t *data)
{
    const struct domain_def *def = domain->guest->def;

    for (size_t i = 0; i < def->ndisks; i++) {
        const struct domain_disk *disk = &def->disks[i];
        _cleanup_free_ char *node =
            xasprintf("libvirt-%s-storage", disk->index ? disk->index : "");
        const struct domain_event event = {
            DOMAIN_EVENT_BLOCK_THRESHOLD,
            .alias = disk->target,
            .path = disk->path,
            .number = json_integer_value(json_object_get(data, "write-threshold")),
            .excess = json_integer_value(json_object_get(data, "amount-exceeded")),
        };

        if (disk->index && strcmp(node, text_of(data, "node-name")) == 0)
            domain_tell(domain, &event);
    }
}

static void tell_removed(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = { DOMAIN_EVENT_DEVICE_REMOVED,
                                        .alias = text_of(data, "device") };

    if (*event.alias) /* one without an id is a part of another */
        domain_tell(domain, &event);
}

static void tell_removal_failed(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = { DOMAIN_EVENT_DEVICE_REMOVAL_FAILED,
                                        .alias = text_of(data, "device") };

    if (*event.alias)
        domain_tell(domain, &event);
}

static void tell_pass(const struct domain *domain, const json_t *data)
{
    const struct domain_event event = {
        DOMAIN_EVENT_MIGRATION_ITERATION,
        .what = (int)json_integer_value(json_object_get(data, "pass")),
    };

    domain_tell(domain, &event);
}

/* virDomainMemoryFailureRecipientType, …ActionType, …Flags */
static void tell_memory_failure(const struct domain *domain, const json_t *data)
{
    static const struct word recipients[] = { { "hypervisor", 0 }, { "guest", 1 } };
    static const struct word actions[] = { { "ignore", 0 }, { "inject", 1 }, { "fatal", 2 },
                                           { "reset", 3 } };
    const json_t *flags = json_object_get(data, "flags");
    const struct domain_event event = {
        DOMAIN_EVENT_MEMORY_FAILURE,
        .what = number_of(recipients, ARRAY_SIZE(recipients), text_of(data, "recipient")),
        .detail = number_of(actions, ARRAY_SIZE(actions), text_of(data, "action")),
        .number = (json_is_true(json_object_get(flags, "action-required")) ? 1 : 0) |
                  (json_is_true(json_object_get(flags, "recursive")) ? 2 : 0),
    };

    if (event.what >= 0 && event.detail >= 0)
        domain_tell(domain, &event);
}

/* virConnectDomainEventAgentLifecycleState: 1 connected, 2 not; the reason: 2, the channel. */
static void tell_agent(const struct domain *domain, const json_t *data)
{
    const char *agent = domain->guest->def->agent_alias;
    const struct domain_event event = {
        DOMAIN_EVENT_AGENT_LIFECYCLE,
        .what = json_is_true(json_object_get(data, "open")) ? 1 : 2,
        .detail = 2,
    };

    if (agent && strcmp(agent, text_of(data, "id")) == 0)
        domain_tell(domain, &event);
}

/* --- VNC --- */

static struct domain_event_address address_of(const json_t *end)
{
    static const struct word families[] = { { "ipv4", 0 }, { "ipv6", 1 }, { "unix", 2 } };
    int family = number_of(families, ARRAY_SIZE(families), text_of(end, "family"));

    return (struct domain_event_address){ family < 0 ? 0 : family, text_of(end, "host"),
                                          text_of(end, "service") };
}

static void add_subject(struct domain_event *event, const char *type, const char *name)
{
    if (*name)
        event->subjects[event->nsubjects++] = (struct domain_event_subject){ type, name };
}

/* virDomainEventGraphicsPhase: 0 connect, 1 initialize, 2 disconnect */
static void tell_graphics(const struct domain *domain, const json_t *data, int phase)
{
    const json_t *server = json_object_get(data, "server"), *peer = json_object_get(data, "client");
    struct domain_event event = {
        DOMAIN_EVENT_GRAPHICS,
        .what = phase,
        .local = address_of(server),
        .remote = address_of(peer),
        .auth = text_of(server, "auth"),
    };

    add_subject(&event, "x509dname", text_of(peer, "x509_dname"));
    add_subject(&event, "saslUsername", text_of(peer, "sasl_username"));
    domain_tell(domain, &event);
}

static void tell_vnc_connected(const struct domain *domain, const json_t *data)
{
    tell_graphics(domain, data, 0);
}

static void tell_vnc_initialized(const struct domain *domain, const json_t *data)
{
    tell_graphics(domain, data, 1);
}

static void tell_vnc_disconnected(const struct domain *domain, const json_t *data)
{
    tell_graphics(domain, data, 2);
}

static const struct {
    const char *name;
    void (*tell)(const struct domain *domain, const json_t *data);
} told[] = {
    { "RESET", tell_reboot },
    { "RTC_CHANGE", tell_rtc },
    { "WATCHDOG", tell_watchdog },
    { "BLOCK_IO_ERROR", tell_io_error },
    { "VNC_CONNECTED", tell_vnc_connected },
    { "VNC_INITIALIZED", tell_vnc_initialized },
    { "VNC_DISCONNECTED", tell_vnc_disconnected },
    { "DEVICE_TRAY_MOVED", tell_tray },
    { "BLOCK_WRITE_THRESHOLD", tell_threshold },
    { "WAKEUP", tell_wakeup },
    { "SUSPEND", tell_suspend },
    { "SUSPEND_DISK", tell_suspend_disk },
    { "BALLOON_CHANGE", tell_balloon },
    { "DEVICE_DELETED", tell_removed },
    { "DEVICE_UNPLUG_GUEST_ERROR", tell_removal_failed },
    { "MIGRATION_PASS", tell_pass },
    { "MEMORY_FAILURE", tell_memory_failure },
    { "VSERPORT_CHANGE", tell_agent },
};

void guest_tell(const struct domain *domain, const char *name, const json_t *data)
{
    for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
        if (strcmp(told[i].name, name) == 0)
            told[i].tell(domain, data);
    }
}
