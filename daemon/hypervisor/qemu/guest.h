/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of QEMU, from the job that starts it to its end.  Reference-counted:
 * its domain has one while it runs, and so has each job that works with it, on
 * the loop or on a worker.  What a worker reads was fixed before it got it.
 */
#ifndef VIRTJOBD_QEMU_GUEST_H
#define VIRTJOBD_QEMU_GUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "hypervisor/domain.h"
#include "hypervisor/qemu/monitor.h"
#include "hypervisor/qemu/process.h"
#include "jobs/locks.h"

struct event;

/* A file that the guest holds while it runs: no two guests write to one, no job changes it. */
struct guest_file {
    char *path;
    uint64_t dev, ino;
    bool readonly, shareable;
};

struct guest {
    atomic_uint refs;
    struct domains *domains;
    char uuid[UUID_TEXT_SIZE];
    int id;           /* virDomainGetID() */
    uint64_t job_id;  /* that started it: names its directory */
    char *dir;        /* monitor.sock, channels; QEMU's working directory */
    char *log_path;
    struct guest_file *files;
    size_t nfiles;

    /* Set by the worker that starts it, or when it is found again; fixed from then on. */
    struct process_id process;
    struct monitor *monitor; /* NULL once it could not be connected */
    char *owner_memory;      /* see owner.h */
    int *vnc_ports;
    size_t nvnc_ports;

    /* Why the next STOP or RESUME event comes: virDomain{Paused,Running}Reason.  Any thread. */
    atomic_int pause_reason, resume_reason;

    /* The loop's. */
    struct domain_def *def;  /* live; replaced when its title or metadata change */
    struct lock_hold hold;   /* on its files */
    bool held;
    bool starting;           /* the job that makes it has not ended: what becomes of it is its matter */
    bool ended;              /* its process has; everything is given back */
    int end_reason;          /* virDomainShutoffReason it will have ended for, if known by then */
    bool end_crashed;        /* it ends as crashed: VIR_DOMAIN_CRASHED */
    bool reboot_on_shutdown; /* a reboot was asked for by way of the power button */
    int pidfd;               /* -1 = not watched */
    struct event *exit_event, *kill_timer;
    struct guest_waiter *waiters;
    bool cleaning;           /* a worker gives back what it had */
};

/* Called once its process has ended, all is given back and that is on disk. */
struct guest_waiter {
    void (*ended)(struct guest_waiter *waiter);
    struct guest_waiter *next;
};

struct guest *guest_new(struct domains *domains, const char *uuid, int id, uint64_t job_id);
struct guest *guest_ref(struct guest *guest);
void guest_unref(struct guest *guest); /* NULL is fine; loop or worker, the last one loop */

/* What else than the live XML a running guest is known by, for its row: JSON, a new string. */
char *guest_save(const struct guest *guest, int state, int reason);
/* A guest from such a text; NULL with err.  *ret_boot is static text: the boot it ran in. */
struct guest *guest_load(struct domains *domains, const char *uuid, const char *json,
                         int *ret_state, int *ret_reason, bool *ret_same_boot,
                         struct verror *err);

/* --- guest_files.c --- */

/* Worker: the disks of def with all below them, the kernel and the like. */
int guest_find_files(struct guest *guest, const struct domain_def *live,
                     const struct volume_path *volumes, size_t nvolumes, struct verror *err);
/* Loop: takes the locks on them for as long as it runs; -1 with err that names who has one. */
int guest_hold_files(struct guest *guest, struct verror *err);

/* --- guest_run.c: the process, loop --- */

/* Watches its process from now on. */
int guest_watch(struct guest *guest, struct verror *err);
/* Asks QEMU to end, kills it after grace_ms; -1: never.  The end comes through guest_ended(). */
void guest_end(struct guest *guest, int grace_ms);
void guest_wait_end(struct guest *guest, struct guest_waiter *waiter);
void guest_unwait_end(struct guest *guest, struct guest_waiter *waiter);
/* The job that was to start it has failed and has undone all: its domain is as before. */
void guest_never_ran(struct guest *guest);

/* --- guest_events.c --- */

extern const struct monitor_handler guest_monitor_handler; /* opaque: the guest */
/* Found again: asks QEMU what it does now and takes that over. */
void guest_sync_state(struct guest *guest);

#endif
