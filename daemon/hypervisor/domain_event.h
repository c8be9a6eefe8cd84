/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to domains, told to who wants to know of it: the calls, which
 * tell their clients.  An event is told after the fact, once what it says is
 * what a client would be answered.  Loop thread.
 */
#ifndef VIRTJOBD_DOMAIN_EVENT_H
#define VIRTJOBD_DOMAIN_EVENT_H

#include <jansson.h>
#include <stdint.h>

struct domain;
struct domains;

/* VIR_DOMAIN_EVENT_ID_* of libvirt's. */
enum domain_event_id {
    DOMAIN_EVENT_LIFECYCLE = 0,
    DOMAIN_EVENT_REBOOT = 1,
    DOMAIN_EVENT_RTC_CHANGE = 2,
    DOMAIN_EVENT_WATCHDOG = 3,
    DOMAIN_EVENT_IO_ERROR = 4,
    DOMAIN_EVENT_GRAPHICS = 5,
    DOMAIN_EVENT_IO_ERROR_REASON = 6,
    DOMAIN_EVENT_CONTROL_ERROR = 7,
    DOMAIN_EVENT_BLOCK_JOB = 8,
    DOMAIN_EVENT_DISK_CHANGE = 9,
    DOMAIN_EVENT_TRAY_CHANGE = 10,
    DOMAIN_EVENT_PMWAKEUP = 11,
    DOMAIN_EVENT_PMSUSPEND = 12,
    DOMAIN_EVENT_BALLOON_CHANGE = 13,
    DOMAIN_EVENT_PMSUSPEND_DISK = 14,
    DOMAIN_EVENT_DEVICE_REMOVED = 15,
    DOMAIN_EVENT_BLOCK_JOB_2 = 16,
    DOMAIN_EVENT_TUNABLE = 17,
    DOMAIN_EVENT_AGENT_LIFECYCLE = 18,
    DOMAIN_EVENT_MIGRATION_ITERATION = 20,
    DOMAIN_EVENT_JOB_COMPLETED = 21,
    DOMAIN_EVENT_DEVICE_REMOVAL_FAILED = 22,
    DOMAIN_EVENT_METADATA_CHANGE = 23,
    DOMAIN_EVENT_BLOCK_THRESHOLD = 24,
    DOMAIN_EVENT_MEMORY_FAILURE = 25,
    DOMAIN_EVENT_ID_MAX = 27, /* libvirt has these; those not above never come */
};

/* virDomainEventType */
enum domain_lifecycle {
    DOMAIN_DEFINED = 0,
    DOMAIN_UNDEFINED = 1,
    DOMAIN_STARTED = 2,
    DOMAIN_SUSPENDED = 3,
    DOMAIN_RESUMED = 4,
    DOMAIN_STOPPED = 5,
    DOMAIN_SHUTDOWN = 6,
    DOMAIN_PMSUSPENDED = 7,
    DOMAIN_CRASHED = 8,
};

/* Its details; each event has its own from 0 on. */
enum domain_lifecycle_detail {
    DOMAIN_DEFINED_ADDED = 0,
    DOMAIN_DEFINED_UPDATED = 1,
    DOMAIN_DEFINED_RENAMED = 2,
    DOMAIN_DEFINED_FROM_SNAPSHOT = 3,
    DOMAIN_UNDEFINED_REMOVED = 0,
    DOMAIN_UNDEFINED_RENAMED = 1,
    DOMAIN_STARTED_BOOTED = 0,
    DOMAIN_STARTED_RESTORED = 2,
    DOMAIN_STARTED_FROM_SNAPSHOT = 3,
    DOMAIN_STARTED_WAKEUP = 4,
    DOMAIN_SUSPENDED_PAUSED = 0,
    DOMAIN_SUSPENDED_IOERROR = 2,
    DOMAIN_SUSPENDED_WATCHDOG = 3,
    DOMAIN_SUSPENDED_RESTORED = 4,
    DOMAIN_SUSPENDED_FROM_SNAPSHOT = 5,
    DOMAIN_RESUMED_UNPAUSED = 0,
    DOMAIN_RESUMED_FROM_SNAPSHOT = 2,
    DOMAIN_STOPPED_SHUTDOWN = 0,
    DOMAIN_STOPPED_DESTROYED = 1,
    DOMAIN_STOPPED_CRASHED = 2,
    DOMAIN_STOPPED_SAVED = 4,
    DOMAIN_STOPPED_FAILED = 5,
    DOMAIN_STOPPED_FROM_SNAPSHOT = 6,
    DOMAIN_SHUTDOWN_GUEST = 1,
    DOMAIN_SHUTDOWN_HOST = 2,
};

/* One end of a VNC connection; family: virDomainEventGraphicsAddressType. */
struct domain_event_address {
    int family;
    const char *node, *service;
};

/* Whom the other end says it is: "x509dname" or "saslUsername", and the name. */
struct domain_event_subject {
    const char *type, *name;
};

/* Its id and what that event has; everything is borrowed for the time of the call. */
struct domain_event {
    int id;
    int what, detail; /* lifecycle: the two above; else: action, phase, reason, state and reason,
                         type and status of a block job, recipient and action, iteration */
    int64_t number;   /* RTC: seconds off UTC; balloon: KiB; threshold: bytes; memory failure:
                         flags */
    int64_t excess;   /* threshold: bytes above it */
    const char *path; /* of a disk, or its target for the second event; URI of metadata */
    const char *alias;
    const char *reason;
    const json_t *params; /* tunable: what has changed, by libvirt's names */
    struct domain_event_address local, remote;
    const char *auth;
    struct domain_event_subject subjects[2];
    unsigned int nsubjects;
};

typedef void domain_event_cb(void *opaque, const struct domain *domain,
                             const struct domain_event *event);

/* The one who is told of all. */
void domains_on_event(struct domains *domains, domain_event_cb *cb, void *opaque);

/* What QEMU itself says, as it says it; data may be NULL. */
typedef void domain_monitor_event_cb(void *opaque, const struct domain *domain, const char *name,
                                     const json_t *data);
void domains_on_monitor_event(struct domains *domains, domain_monitor_event_cb *cb, void *opaque);
void domain_tell_monitor_event(const struct domain *domain, const char *name, const json_t *data);

void domain_tell(const struct domain *domain, const struct domain_event *event);
void domain_tell_lifecycle(const struct domain *domain, int what, int detail);
/* It has changed its state to that; what that is to a client, if anything. */
void domain_tell_state(const struct domain *domain, int state, int reason);
/* It runs now, booted or restored, maybe not for long: RESUMED and STARTED, as libvirt. */
void domain_tell_started(const struct domain *domain, int detail);

#endif
