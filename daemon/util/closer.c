/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread that does nothing but close descriptors, started by the first
 * close asked of it and ended by the drain.  Owns the descriptors handed to it.
 */

#include "util/closer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "protocol/macros.h"
#include "util/alloc.h"

enum { DRAIN_SECONDS = 2 };

struct pending {
    struct pending *next;
    int fd;
};

/* lock guards all of it; nothing else is locked while it is held. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct pending *queue; /* in any order */
    pthread_t thread;
    bool running;
    bool ending; /* the thread shall end when the queue is empty */
} closer = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static struct pending *pending_take(void)
{
    struct pending *first;

    (void)pthread_mutex_lock(&closer.lock);
    while (!closer.queue && !closer.ending)
        (void)pthread_cond_wait(&closer.wake, &closer.lock);
    first = closer.queue;
    if (first)
        closer.queue = first->next;
    (void)pthread_mutex_unlock(&closer.lock);
    return first;
}

static void *closer_main(void *unused _unused_)
{
    struct pending *pending;

    (void)pthread_setname_np(pthread_self(), "closer");
    while ((pending = pending_take())) {
        (void)close(pending->fd); /* of a file that is gone or has been synced */
        free(pending);
    }
    return NULL;
}

/* All signals are the loop's. */
static bool closer_start(void)
{
    sigset_t all, old;
    int r;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&closer.thread, NULL, closer_main, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r == 0;
}

void close_later(int fd)
{
    struct pending *pending;
    bool queued;

    if (fd < 0)
        return;
    pending = XNEW(struct pending);
    pending->fd = fd;
    (void)pthread_mutex_lock(&closer.lock);
    queued = closer.running || (closer.running = closer_start());
    if (queued) {
        pending->next = closer.queue;
        closer.queue = pending;
        (void)pthread_cond_signal(&closer.wake);
    }
    (void)pthread_mutex_unlock(&closer.lock);
    if (!queued) { /* no thread to be had: slowly, but done */
        (void)close(fd);
        free(pending);
    }
}

void close_later_drain(void)
{
    struct timespec end;
    pthread_t thread;

    (void)pthread_mutex_lock(&closer.lock);
    if (!closer.running) {
        (void)pthread_mutex_unlock(&closer.lock);
        return;
    }
    closer.ending = true;
    thread = closer.thread;
    (void)pthread_cond_signal(&closer.wake);
    (void)pthread_mutex_unlock(&closer.lock);

    (void)clock_gettime(CLOCK_REALTIME, &end); /* cannot fail with these arguments */
    end.tv_sec += DRAIN_SECONDS;
    if (pthread_timedjoin_np(thread, NULL, &end) != 0)
        return; /* a client's descriptor may make it wait as long as the client likes */
    (void)pthread_mutex_lock(&closer.lock);
    closer.running = closer.ending = false;
    (void)pthread_mutex_unlock(&closer.lock);
}
