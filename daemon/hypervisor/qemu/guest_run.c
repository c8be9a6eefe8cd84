/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process of a running guest, watched by its pidfd: ending it, and what
 * happens once it has ended, for whatever reason.  Its domain shows that at
 * once; what the guest had is given back by a worker; then those who wait for
 * its end are told.  Loop thread but for cleaning up.
 */

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "hypervisor/internal.h"
#include "jobs/job.h"
#include "util/alloc.h"
#include "util/log.h"

enum {
    QUIT_MS = 300,   /* what listens at all answers sooner */
    STORE_MS = 5000, /* for bitmaps, behind all else that is written: else they would be lost */
};

/* --- ending it --- */

/* pid_send_signal: never to another process that has got its number. */
static void guest_signal(struct guest *guest, int signum)
{
    if (guest->pidfd < 0 || guest->exited)
        return;
    if (syscall(SYS_pidfd_send_signal, guest->pidfd, signum, NULL, 0) < 0 && errno != ESRCH)
        log_error("cannot send signal %d to process %d of domain '%s': %s", signum,
                  (int)guest->process.pid, guest->def->name, strerror(errno));
}

static void kill_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct guest *guest = opaque;

    (void)fd;
    (void)what;
    log_info("domain '%s': QEMU does not end by itself and is killed", guest->def->name);
    guest_signal(guest, SIGKILL);
}

static void put_off_kill(struct guest *guest)
{
    static const struct timeval wait = { STORE_MS / 1000, 0 };

    if (!guest->kill_timer || !evtimer_pending(guest->kill_timer, NULL))
        return;
    evtimer_add(guest->kill_timer, &wait);
    log_info("domain '%s': QEMU has %ld s to write its bitmaps", guest->def->name,
             (long)wait.tv_sec);
}

/* What has answered does not hang, and is about to end. */
static void quit_cb(void *opaque, json_t *value, struct verror *err)
{
    struct guest *guest = opaque;

    (void)value;
    if (err->code)
        guest_signal(guest, SIGTERM);
    else if (guest->kill_grace_ms < STORE_MS && atomic_load(&guest->has_bitmaps))
        put_off_kill(guest);
    guest_unref(guest);
}

/*
 * By its monitor, where it listens there: QEMU 7.2 hangs for ever if a signal ends it while
 * it has a command in hand, and "quit" waits its turn.
 */
void guest_end(struct guest *guest, int grace_ms)
{
    struct timeval grace = { grace_ms / 1000, grace_ms % 1000 * 1000 };

    if (guest->monitor && monitor_is_open(guest->monitor))
        monitor_send(guest->monitor, "quit", NULL, QUIT_MS, quit_cb, guest_ref(guest));
    else
        guest_signal(guest, SIGTERM);
    guest->kill_grace_ms = grace_ms;
    if (grace_ms < 0)
        return;
    if (!guest->kill_timer)
        guest->kill_timer = evtimer_new(guest->domains->daemon->base, kill_cb, guest);
    evtimer_add(guest->kill_timer, &grace);
}

void guest_wait_end(struct guest *guest, struct guest_waiter *waiter)
{
    waiter->next = guest->waiters;
    guest->waiters = waiter;
}

void guest_unwait_end(struct guest *guest, struct guest_waiter *waiter)
{
    struct guest_waiter **at = &guest->waiters;

    while (*at && *at != waiter)
        at = &(*at)->next;
    if (*at)
        *at = waiter->next;
}

static void tell_waiters(struct guest *guest)
{
    while (guest->waiters) {
        struct guest_waiter *waiter = guest->waiters;

        guest->waiters = waiter->next;
        waiter->ended(waiter);
    }
}

/* --- giving back what it had --- */

/* By its number: its domain may run again by then. */
static char *left_key(const struct guest *guest)
{
    return xasprintf("%s-%d", guest->uuid, guest->id);
}

/* For the next daemon, should this one end before all is given back. */
static void put_left(const struct guest *guest, struct store_txn *txn)
{
    struct store_object row = {
        .kind = xstrdup(GUEST_LEFT_KIND),
        .uuid = left_key(guest),
        .name = left_key(guest),
        .live_xml = xstrdup(guest->def->xml),
        .runtime = guest_save(guest, VIR_DOMAIN_SHUTOFF, guest->end_reason),
    };

    store_put_object(txn, &row);
    store_object_clear(&row);
}

struct cleanup {
    struct work work;
    struct guest *guest; /* a reference */
};

void guest_clean_up(struct guest *guest)
{
    owners_give_back(guest->domains->owners, guest->owner_memory);
    if (guest->dir)
        guest_remove_dir(guest->dir);
}

static void clean_up_run(struct work *work)
{
    struct cleanup *cleanup = container_of(work, struct cleanup, work);

    guest_clean_up(cleanup->guest);
}

static void tell_ended(void *opaque, struct verror *err)
{
    struct guest *guest = opaque;

    if (err->code)
        log_error("the end of domain '%s' could not be saved: %s", guest->def->name,
                  verror_text(err));
    tell_waiters(guest);
    guest_unref(guest);
}

/* What is on disk by then: all that was put in before, the end of the domain among it. */
static void cleaned_up(struct work *work)
{
    struct cleanup *cleanup = container_of(work, struct cleanup, work);
    struct guest *guest = cleanup->guest;
    struct store_txn *txn = store_begin(guest->domains->daemon->store);
    _cleanup_free_ char *key = left_key(guest);

    free(cleanup);
    store_delete_object(txn, GUEST_LEFT_KIND, key);
    store_commit(txn, tell_ended, guest);
}

static void start_clean_up(struct guest *guest)
{
    struct cleanup *cleanup = XNEW(struct cleanup);

    cleanup->guest = guest_ref(guest);
    cleanup->work.run = clean_up_run;
    cleanup->work.done = cleaned_up;
    workers_submit(guest->domains->daemon->workers, LANE_CONTROL, guest->uuid, &cleanup->work);
}

/* --- its end --- */

/* What is left of its domain: a definition that can start again, or nothing. */
static void domain_lose_guest(struct domain *domain, struct guest *guest)
{
    struct store_txn *txn = store_begin(domain->domains->daemon->store);

    domain->guest = NULL;
    domain->updated = false;
    domain_set_state(domain, VIR_DOMAIN_SHUTOFF, guest->end_reason);
    domain_put_row(domain, txn);
    put_left(guest, txn);
    store_commit(txn, NULL, NULL); /* lost, its process is looked for at the next start */
    guest_unref(guest);
    if (!domain->config)
        domain_remove(domain);
}

static void guest_give_up(struct guest *guest)
{
    if (guest->kill_timer)
        event_del(guest->kill_timer);
    guest_release_files(guest);
    guest_release_ports(guest);
}

/* Its process has ended, as the loop or a job's worker has found. */
static void guest_exited(struct guest *guest)
{
    if (guest->exited)
        return;
    guest->exited = true;
    event_del(guest->exit_event);
    process_reap(&guest->process);
}

void guest_gone(struct guest *guest)
{
    struct domain *domain = domain_find_uuid(guest->domains, guest->uuid);

    guest_exited(guest);
    if (guest->ended)
        return;
    guest->ended = true;
    guest_ref(guest); /* its domain may have had the last one */
    guest_agent_close(guest);
    guest_give_up(guest);
    if (domain && domain->guest == guest)
        domain_lose_guest(domain, guest);
    start_clean_up(guest); /* what that commits comes behind the end of its domain */
    guest_unref(guest);
}

void guest_left(struct guest *guest)
{
    guest->exited = guest->ended = true;
    start_clean_up(guest);
}

static void exit_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct guest *guest = opaque;

    (void)fd;
    (void)what;
    guest_exited(guest);
    if (guest->starting) /* the job that starts it sees to what becomes of it */
        tell_waiters(guest);
    else
        guest_gone(guest);
}

int guest_watch(struct guest *guest, struct verror *err)
{
    if (guest->pidfd >= 0)
        return 0;
    guest->pidfd = process_open(&guest->process, err);
    if (guest->pidfd < 0)
        return -1;
    guest->exit_event =
        event_new(guest->domains->daemon->base, guest->pidfd, EV_READ | EV_PERSIST, exit_cb, guest);
    if (!guest->exit_event || event_add(guest->exit_event, NULL) < 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch the process of a guest");
    return 0;
}

/*
 * The job that starts it has ended well: from here on it is its own.  It may have ended
 * already.
 */
void guest_started(struct guest *guest)
{
    guest->starting = false;
    if (guest->exited)
        guest_gone(guest);
}

void guest_never_ran(struct guest *guest)
{
    struct domain *domain = domain_find_uuid(guest->domains, guest->uuid);

    guest->ended = true;
    if (guest->exit_event)
        event_del(guest->exit_event);
    if (guest->kill_timer)
        event_del(guest->kill_timer);
    guest_release_files(guest);
    guest_release_ports(guest);
    if (domain && domain->guest == guest) {
        domain->guest = NULL;
        guest_unref(guest);
    }
    tell_waiters(guest);
}
