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
#include <libxml/tree.h>

#include "hypervisor/domain.h"
#include "hypervisor/qemu/complete.h"
#include "hypervisor/qemu/monitor.h"
#include "hypervisor/qemu/owner.h"
#include "hypervisor/qemu/process.h"
#include "jobs/locks.h"

struct agent;
struct backup;
struct block_job;
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
    char *dir;        /* by its id: monitor.sock, channels; QEMU's working directory */
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
    /* It is known to have dirty bitmaps, which QEMU writes into images at its end.  Any thread. */
    atomic_bool has_bitmaps;

    /* The loop's. */
    struct agent *agent;     /* NULL: it has no channel for one, or has not said anything of it */
    int agent_wait;          /* virDomainAgentSetResponseTimeout(); see agent.h */
    struct domain_def *def;  /* live; replaced when it is changed, see domain_change.c */
    uint64_t balloon_kib;    /* memory that its balloon has left it; 0 = not known */
    struct lock_hold hold;   /* on its files */
    struct block_job *block_jobs; /* those on its disks, see block_job.h */
    struct backup *backup;        /* that is under way or beginning, see backup.h; or NULL */
    bool held;
    unsigned int keepers;    /* jobs that need these locks for longer than it runs */
    bool release_due;        /* it has no need of them any more */
    bool starting;           /* the job that makes it has not ended: what becomes of it is its matter */
    bool exited;             /* its process has ended */
    bool ended;              /* and its domain knows */
    int end_reason;          /* virDomainShutoffReason it will have ended for, if known by then */
    bool reboot_on_shutdown; /* a reboot was asked for by way of the power button */
    int pidfd;               /* -1 = not watched */
    struct event *exit_event, *kill_timer;
    int kill_grace_ms;       /* that the timer was given; less than 0 = none */
    struct guest_waiter *waiters;
};

/*
 * Called once its process has ended, all is given back and that is on disk.  Of one that is still
 * starting, once its process has ended: the rest is its job's.
 */
struct guest_waiter {
    void (*ended)(struct guest_waiter *waiter);
    struct guest_waiter *next;
};

struct guest *guest_new(struct domains *domains, const char *uuid, const char *name, int id);
struct guest *guest_ref(struct guest *guest);
void guest_unref(struct guest *guest); /* NULL is fine; loop or worker, the last one loop */

/*
 * What else than the live XML a guest is known by after a restart, and with the state its domain
 * has: JSON, a new string or object.
 */
json_t *guest_to_json(const struct guest *guest);
char *guest_save(const struct guest *guest, int state, int reason);
/* A guest, without its definition, from such a text; NULL with err.  same_boot: its process may
   live. */
struct guest *guest_from_json(struct domains *domains, const char *uuid, json_t *json,
                              bool *ret_same_boot, struct verror *err);
struct guest *guest_load(struct domains *domains, const char *uuid, const char *text,
                         int *ret_state, int *ret_reason, bool *ret_same_boot,
                         struct verror *err);
void guest_release_ports(struct guest *guest); /* loop */

/* --- guest_files.c --- */

/* Worker: the disks of live with all below them. */
int guest_find_files(struct guest *guest, const struct domain_def *live,
                     const struct volume_path *volumes, size_t nvolumes, struct verror *err);
/* Worker: all that QEMU's user must be able to open; an array for guest_free_owned() in any
   case. */
int guest_owned_files(const struct guest *guest, const struct domain_def *live, xmlDocPtr doc,
                      struct owner_file **ret_files, size_t *ret_nfiles, struct verror *err);
void guest_free_owned(struct owner_file *files, size_t nfiles);
/* Loop: takes the locks on them for as long as it runs; -1 with err that names who has one. */
int guest_hold_files(struct guest *guest, struct verror *err);
void guest_release_files(struct guest *guest);
/* Loop: from one to the other they stay held, whether it ends or not. */
void guest_keep_files(struct guest *guest);
void guest_unkeep_files(struct guest *guest);
/* What these locks are; see block_hold.h. */
void guest_want_files(const struct guest *guest, struct lock_hold *hold);
/* Loop: a new image lies over one of its files, which from now on is only read. */
void guest_put_overlay(struct guest *guest, const char *base, const char *path, uint64_t dev,
                       uint64_t ino);
/* Loop: what owners_take() said of files that it has got while it ran; memory may be NULL. */
void guest_add_owners(struct guest *guest, const char *memory);

/* --- guest_run.c: the process, loop --- */

/* Watches its process from now on. */
int guest_watch(struct guest *guest, struct verror *err);
/* Asks QEMU to end, kills it after grace_ms; -1: never.  Nobody waits for that. */
void guest_end(struct guest *guest, int grace_ms);
void guest_wait_end(struct guest *guest, struct guest_waiter *waiter);
void guest_unwait_end(struct guest *guest, struct guest_waiter *waiter);
/* The job that started it has ended well. */
void guest_started(struct guest *guest);
/* It has failed, and its worker has undone all: the domain is as before. */
void guest_never_ran(struct guest *guest);
/* Its process has ended: its domain follows. */
void guest_gone(struct guest *guest);
/* What a guest that has ended had yet to give back when the last daemon did: rows of this kind. */
#define GUEST_LEFT_KIND "guest-left"
/* Such a guest, loaded: it is given back now. */
void guest_left(struct guest *guest);
/* Worker: gives back what it had, its process having ended. */
void guest_clean_up(struct guest *guest);

/* --- guest_tell.c: an event of QEMU's to whom it may concern; loop --- */

void guest_tell(const struct domain *domain, const char *name, const json_t *data);

/* --- guest_agent.c: the agent inside; loop --- */

/* What QEMU's events say of it. */
void guest_agent_event(struct guest *guest, const char *name, const json_t *data);
/* Found again: it is there until QEMU says no, as clients that come back ask at once. */
void guest_agent_presume(struct guest *guest);
/* Asks QEMU whether it is there. */
void guest_agent_sync(struct guest *guest);
void guest_agent_close(struct guest *guest);
/* It is configured and there, in a domain that runs; NULL with err. */
struct agent *domain_agent(const struct domain *domain, struct verror *err);

/* --- guest_launch.c: workers --- */

/* What a guest is started from. */
struct launch {
    struct guest *guest;
    xmlDocPtr doc; /* live; completed with what only QEMU knows (ptys) */
    const struct volume_path *volumes;
    size_t nvolumes;
    bool incoming;
};

/*
 * Starts QEMU and connects to it: it stands before its first instruction, or waits for a
 * restore.  -1 with err (QEMU's own words where it has ended); then, and
 * whenever the guest is not to live, guest_abort().
 */
int guest_launch(struct launch *launch, struct job_ctl *ctl, struct verror *err);
/* Kills it, however far it came and whichever daemon started it, and gives back what it had. */
void guest_abort(struct guest *guest);
/* Finds the QEMU that a dead daemon started for it, and connects.  False: there is none. */
bool guest_find_process(struct guest *guest);
/* Connects to the process that it has.  -1 with err. */
int guest_connect(struct guest *guest, struct verror *err);
void guest_remove_dir(const char *dir);

/* --- guest_events.c: loop --- */

extern const struct monitor_handler guest_monitor_handler; /* opaque: the guest */
/* Found again: asks QEMU what it does now and takes that over. */
void guest_sync_state(struct guest *guest);
/* What on_crash says is over for a guest that has panicked and was dumped: it ends or starts
   over. */
void guest_crash_over(struct guest *guest, bool restart);

/* --- guest_dump.c: loop --- */

/* on_crash says "coredump-…": a job dumps it into the state directory, then guest_crash_over(). */
void guest_dump_crashed(struct guest *guest, bool restart);

#endif
