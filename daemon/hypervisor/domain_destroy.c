/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destroy: no job, since it must work whatever a job or QEMU does.  A job on
 * the domain is cancelled and waited for, a second at most; then the process
 * is ended; the answer waits for that, not for the rest of the job's undo.
 * The process of a guest that is starting is its worker's up to the point of no
 * return; from there on it is ended as any other.
 * Loop thread, and nothing in it can be held up by a disk or a guest.
 */

#include <event2/event.h>
#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "jobs/job.h"
#include "util/alloc.h"

enum {
    JOB_WAIT_MS = 1000,
    JOURNAL_WAIT_MS = 20,     /* a job that is being accepted cannot be cancelled yet */
    KILL_GRACE_MS = 1000,     /* from SIGTERM to SIGKILL */
    GRACEFUL_WAIT_MS = 15000, /* without the latter */
    END_WAIT_MS = 10000,      /* a killed process that stays is stuck in the kernel */
};

struct destroy {
    struct domains *domains;
    char uuid[UUID_TEXT_SIZE];
    struct guest *guest; /* a reference */
    bool graceful;
    void (*done)(void *opaque, struct verror *err);
    void *opaque;
    struct job *job; /* waited for; NULL = no more */
    struct job_waiter job_waiter;
    struct guest_waiter guest_waiter;
    bool waits_for_guest;
    int waited_ms; /* for a start that could not be cancelled */
    struct event *timer;
};

static void destroy_forget_job(struct destroy *destroy)
{
    if (destroy->job)
        job_unwait(destroy->job, &destroy->job_waiter);
    destroy->job = NULL;
}

static void destroy_over(struct destroy *destroy, struct verror *err)
{
    struct verror none = VERROR_INIT;

    destroy_forget_job(destroy);
    if (destroy->waits_for_guest)
        guest_unwait_end(destroy->guest, &destroy->guest_waiter);
    destroy->done(destroy->opaque, err ? err : &none);
    guest_unref(destroy->guest);
    event_free(destroy->timer);
    free(destroy);
}

static void destroy_wait(struct destroy *destroy, int ms)
{
    struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

    evtimer_add(destroy->timer, &wait);
}

static void guest_ended_cb(struct guest_waiter *waiter)
{
    struct destroy *destroy = container_of(waiter, struct destroy, guest_waiter);

    destroy->waits_for_guest = false;
    destroy_over(destroy, NULL);
}

/* It may still be starting: its job finds out that it has ended. */
static void destroy_kill(struct destroy *destroy)
{
    struct guest *guest = destroy->guest;
    const struct domain *domain = domain_find_uuid(destroy->domains, destroy->uuid);

    destroy_forget_job(destroy);
    if (domain && domain->guest == guest && moments_count(&domain->checkpoints) > 0)
        atomic_store(&guest->has_bitmaps, true); /* no job may have looked since the last restart */
    guest->end_reason = VIR_DOMAIN_SHUTOFF_DESTROYED;
    destroy->guest_waiter.ended = guest_ended_cb;
    destroy->waits_for_guest = true;
    guest_wait_end(guest, &destroy->guest_waiter);
    guest_end(guest, destroy->graceful ? -1 : KILL_GRACE_MS);
    destroy_wait(destroy, destroy->graceful ? GRACEFUL_WAIT_MS : END_WAIT_MS);
}

static void ignore_cancel(void *opaque, struct verror *err)
{
    (void)opaque;
    (void)err; /* the guest ends all the same */
}

static void job_ended_cb(struct job_waiter *waiter, struct job *job);

/* True: there is a job that may end soon. */
static bool destroy_cancel_job(struct destroy *destroy)
{
    struct job *job =
        jobs_find_object(destroy->domains->daemon->jobs, JOB_OBJECT_DOMAIN, "", "", destroy->uuid);

    if (!job || job_state_is_ended(job_state(job)))
        return false;
    (void)job_cancel(job, ignore_cancel, NULL,
                     NULL); /* past its point of no return it ends anyway */
    if (!destroy->job) {
        destroy->job = job;
        destroy->job_waiter.ended = job_ended_cb;
        job_wait(job, &destroy->job_waiter);
    }
    destroy_wait(destroy, JOB_WAIT_MS);
    return true;
}

/* It may yet come to run, and only its worker knows how far it is. */
static void destroy_wait_for_start(struct destroy *destroy)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (destroy->waited_ms >= END_WAIT_MS) {
        verror_set(&err, VIR_ERR_RESOURCE_BUSY, "domain '%s' is being started and cannot be ended",
                   destroy->guest->def->name);
        destroy_over(destroy, &err);
    } else if (destroy_cancel_job(destroy)) {
        destroy->waited_ms += JOB_WAIT_MS;
    } else {
        destroy->waited_ms += JOURNAL_WAIT_MS;
        destroy_wait(destroy, JOURNAL_WAIT_MS);
    }
}

/* The job is out of the way, or had its second. */
static void destroy_go_on(struct destroy *destroy)
{
    struct guest *guest = destroy->guest;
    const struct domain *domain = domain_find_uuid(destroy->domains, destroy->uuid);

    if (!domain || domain->guest != guest || (guest->starting && guest->exited))
        destroy_over(destroy, NULL);
    else if (!guest->starting || guest->pidfd >= 0)
        destroy_kill(destroy);
    else if (destroy->job && job_is_being_undone(destroy->job))
        destroy_over(destroy, NULL); /* what is left of it, the job that made it takes back */
    else
        destroy_wait_for_start(destroy);
}

static void job_ended_cb(struct job_waiter *waiter, struct job *job)
{
    struct destroy *destroy = container_of(waiter, struct destroy, job_waiter);

    (void)job;
    destroy->job = NULL;
    event_del(destroy->timer);
    destroy_go_on(destroy);
}

static void destroy_timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct destroy *destroy = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    (void)fd;
    (void)what;
    if (!destroy->waits_for_guest) {
        destroy_go_on(destroy);
        return;
    }
    if (destroy->guest->exited) { /* its disks hang, and wait for nobody */
        destroy_over(destroy, NULL);
        return;
    }
    verror_set(&err, VIR_ERR_RESOURCE_BUSY, "process %d of domain '%s' does not end",
               (int)destroy->guest->process.pid, destroy->guest->def->name);
    destroy_over(destroy, &err);
}

int domain_destroy(struct domain *domain, bool graceful,
                   void (*done)(void *opaque, struct verror *err), void *opaque, struct verror *err)
{
    struct destroy *destroy;

    if (domain_check_active(domain, err) < 0)
        return -1;
    destroy = XNEW(struct destroy);
    destroy->domains = domain->domains;
    strcpy(destroy->uuid, domain->uuid);
    destroy->guest = guest_ref(domain->guest);
    destroy->graceful = graceful;
    destroy->done = done;
    destroy->opaque = opaque;
    destroy->timer = evtimer_new(domain->domains->daemon->base, destroy_timer_cb, destroy);
    if (!destroy_cancel_job(destroy))
        destroy_go_on(destroy);
    return 0;
}
