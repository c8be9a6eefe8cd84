/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The worker threads; see workers.h.  One lock guards everything in struct
 * workers; it is never held while work runs.  Whenever it is free, runnable
 * work has a thread on its way: one at a time, and each that finds something
 * calls the next.  Threads are made when none is idle, and a few idle ones are
 * kept.  Reports travel back through one list and an eventfd that wakes the loop.
 */

#include "jobs/workers.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <uthash.h>

#include "util/alloc.h"
#include "util/log.h"

enum { IDLE_KEPT = 2, STACK_SIZE = 256 * 1024 };
enum { REPORT_STARTED = 1, REPORT_TOLD = 2, REPORT_DONE = 4 };

/* How much of a key's work runs in a lane; exists only while some does. */
struct key_load {
    char *key;
    unsigned int running;
    UT_hash_handle hh;
};

struct lane_state {
    struct workers *workers;
    const char *name;
    struct workers_width width;
    struct work *first, **last; /* queued, in order */
    unsigned int keyed, unkeyed; /* running */
    unsigned int threads;
    unsigned int idle;   /* waiting, and not called yet */
    unsigned int called; /* told to look, and not awake yet */
    unsigned int coming; /* called or started, and has not looked yet */
    struct key_load *loads;
    pthread_cond_t runnable;
};

struct workers {
    pthread_mutex_t lock;   /* guards all below; innermost, nothing is taken under it */
    pthread_cond_t emptied; /* a thread has ended */
    struct lane_state lanes[LANE_MAX];
    struct work *reports, **reports_last;
    bool stopping;
    int event_fd;
    struct event *event; /* loop thread's */
};

static const char *const lane_names[] = { [LANE_CONTROL] = "control", [LANE_BULK] = "bulk",
                                           [LANE_STREAM] = "stream" };
_Static_assert(ARRAY_SIZE(lane_names) == LANE_MAX, "each lane has a name");

static unsigned int load_of(struct lane_state *lane, const char *key)
{
    struct key_load *load;

    HASH_FIND_STR(lane->loads, key, load);
    return load ? load->running : 0;
}

static void load_add(struct lane_state *lane, const char *key)
{
    struct key_load *load;

    HASH_FIND_STR(lane->loads, key, load);
    if (!load) {
        load = XNEW(struct key_load);
        load->key = xstrdup(key);
        HASH_ADD_KEYPTR(hh, lane->loads, load->key, strlen(load->key), load);
    }
    load->running++;
}

static void load_remove(struct lane_state *lane, const char *key)
{
    struct key_load *load;

    HASH_FIND_STR(lane->loads, key, load);
    assert(load && load->running > 0);
    if (--load->running > 0)
        return;
    HASH_DEL(lane->loads, load);
    free(load->key);
    free(load);
}

/* The rule of workers.h. */
static bool may_run(struct lane_state *lane, const struct work *work)
{
    unsigned int mine;

    if (!work->key)
        return lane->unkeyed < lane->width.width;
    mine = load_of(lane, work->key);
    return mine == 0 || (lane->keyed < lane->width.width && mine < lane->width.per_key);
}

static struct work **find_runnable(struct lane_state *lane)
{
    for (struct work **at = &lane->first; *at; at = &(*at)->next) {
        if (may_run(lane, *at))
            return at;
    }
    return NULL;
}

static struct work *unlink_work(struct lane_state *lane, struct work **at)
{
    struct work *work = *at;

    *at = work->next;
    if (lane->last == &work->next)
        lane->last = at;
    work->next = NULL;
    return work;
}

/* Lock held.  A report that is still queued takes the new one along. */
static void report_locked(struct workers *workers, struct work *work, unsigned int report)
{
    uint64_t one = 1;
    bool queued = work->reports != 0;

    work->reports |= report;
    if (queued)
        return;
    work->next_report = NULL;
    *workers->reports_last = work;
    workers->reports_last = &work->next_report;
    (void)!write(workers->event_fd, &one, sizeof(one)); /* EAGAIN: the loop is awake already */
}

void workers_tell(struct workers *workers, struct work *work)
{
    pthread_mutex_lock(&workers->lock);
    report_locked(workers, work, REPORT_TOLD);
    pthread_mutex_unlock(&workers->lock);
}

static void wake_locked(struct lane_state *lane);

/* Lock held; it is dropped while the work runs. */
static void run_locked(struct lane_state *lane, struct work *work)
{
    struct workers *workers = lane->workers;
    unsigned int *count = work->key ? &lane->keyed : &lane->unkeyed;

    *count += 1;
    if (work->key)
        load_add(lane, work->key);
    if (work->started)
        report_locked(workers, work, REPORT_STARTED);
    wake_locked(lane); /* there may be more that can run */
    pthread_mutex_unlock(&workers->lock);
    work->run(work);
    pthread_mutex_lock(&workers->lock);
    *count -= 1;
    if (work->key)
        load_remove(lane, work->key);
    report_locked(workers, work, REPORT_DONE);
}

static void *worker_main(void *opaque)
{
    struct lane_state *lane = opaque;
    struct workers *workers = lane->workers;

    (void)pthread_setname_np(pthread_self(), lane->name); /* only a name */
    pthread_mutex_lock(&workers->lock);
    lane->coming--;
    for (;;) {
        struct work **at = workers->stopping ? NULL : find_runnable(lane);

        if (at) {
            run_locked(lane, unlink_work(lane, at));
            continue;
        }
        if (workers->stopping || lane->idle >= IDLE_KEPT)
            break;
        lane->idle++;
        while (!lane->called && !workers->stopping)
            pthread_cond_wait(&lane->runnable, &workers->lock);
        if (lane->called) {
            lane->called--;
            lane->coming--;
        }
    }
    lane->threads--;
    pthread_cond_signal(&workers->emptied);
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

/* Lock held. */
static void start_thread_locked(struct lane_state *lane)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, &attr, worker_main, lane);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0) {
        lane->threads++;
        lane->coming++;
    } else { /* the work stays queued and runs when a thread falls free */
        log_error("cannot start a %s worker: %s", lane->name, strerror(rc));
    }
}

/* Lock held. */
static void wake_locked(struct lane_state *lane)
{
    if (lane->coming > 0 || lane->workers->stopping || !find_runnable(lane))
        return;
    if (lane->idle > 0) {
        lane->idle--;
        lane->called++;
        lane->coming++;
        pthread_cond_signal(&lane->runnable);
    } else {
        start_thread_locked(lane);
    }
}

static void deliver_reports_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct workers *workers = opaque;
    uint64_t count;
    struct work *reports;

    (void)what;
    (void)!read(fd, &count, sizeof(count)); /* only resets it */
    pthread_mutex_lock(&workers->lock);
    reports = workers->reports;
    workers->reports = NULL;
    workers->reports_last = &workers->reports;
    pthread_mutex_unlock(&workers->lock);
    while (reports) {
        struct work *work = reports;
        unsigned int what_happened;

        pthread_mutex_lock(&workers->lock);
        reports = work->next_report;
        what_happened = work->reports;
        work->reports = 0; /* from here a worker may queue it again */
        pthread_mutex_unlock(&workers->lock);
        if (what_happened & REPORT_STARTED)
            work->started(work);
        if (what_happened & REPORT_TOLD)
            work->told(work);
        if (what_happened & REPORT_DONE)
            work->done(work); /* may free it */
    }
}

struct workers *workers_new(struct event_base *base, const struct workers_width widths[LANE_MAX])
{
    struct workers *workers = XNEW(struct workers);

    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->emptied, NULL);
    workers->reports_last = &workers->reports;
    for (int i = 0; i < LANE_MAX; i++) {
        struct lane_state *lane = &workers->lanes[i];

        lane->workers = workers;
        lane->name = lane_names[i];
        lane->width = widths[i];
        lane->last = &lane->first;
        pthread_cond_init(&lane->runnable, NULL);
    }
    workers->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->event_fd >= 0)
        workers->event = event_new(base, workers->event_fd, EV_READ | EV_PERSIST,
                                   deliver_reports_cb, workers);
    if (!workers->event || event_add(workers->event, NULL) < 0) {
        log_error("cannot watch the workers: %s", strerror(errno));
        abort();
    }
    return workers;
}

/* Lock held.  False: a thread is still there at the deadline. */
static bool wait_threads_locked(struct workers *workers, const struct timespec *deadline)
{
    for (int i = 0; i < LANE_MAX; i++) {
        while (workers->lanes[i].threads > 0) {
            if (pthread_cond_timedwait(&workers->emptied, &workers->lock, deadline) == ETIMEDOUT)
                return false;
        }
    }
    return true;
}

bool workers_free(struct workers *workers, int timeout_ms)
{
    struct timespec deadline;
    bool ended;

    if (!workers)
        return true;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (timeout_ms % 1000) * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    for (int i = 0; i < LANE_MAX; i++)
        pthread_cond_broadcast(&workers->lanes[i].runnable);
    ended = wait_threads_locked(workers, &deadline);
    pthread_mutex_unlock(&workers->lock);
    if (!ended)
        return false;
    event_free(workers->event);
    (void)close(workers->event_fd); /* an eventfd holds nothing to lose */
    for (int i = 0; i < LANE_MAX; i++)
        pthread_cond_destroy(&workers->lanes[i].runnable);
    pthread_cond_destroy(&workers->emptied);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
    return true;
}

void workers_set_width(struct workers *workers, enum lane lane, struct workers_width width)
{
    pthread_mutex_lock(&workers->lock);
    workers->lanes[lane].width = width;
    wake_locked(&workers->lanes[lane]);
    pthread_mutex_unlock(&workers->lock);
}

void workers_submit(struct workers *workers, enum lane lane_id, const char *key, struct work *work)
{
    struct lane_state *lane;

    if (!workers)
        return;
    lane = &workers->lanes[lane_id];
    work->key = key;
    work->lane = lane_id;
    work->next = NULL;
    pthread_mutex_lock(&workers->lock);
    *lane->last = work;
    lane->last = &work->next;
    wake_locked(lane);
    pthread_mutex_unlock(&workers->lock);
}

bool workers_withdraw(struct workers *workers, struct work *work)
{
    struct lane_state *lane = &workers->lanes[work->lane];
    bool found = false;

    pthread_mutex_lock(&workers->lock);
    for (struct work **at = &lane->first; *at; at = &(*at)->next) {
        if (*at == work) {
            (void)unlink_work(lane, at);
            found = true;
            break;
        }
    }
    pthread_mutex_unlock(&workers->lock);
    return found;
}
