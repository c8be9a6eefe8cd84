/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening and closing the store, and the hand-over in both directions: txns
 * to the writer under a lock, outcomes back to the loop by eventfd.  Loop
 * thread, but for store_commit (any) and store_post_done (writer).
 */

#include "store/store.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/internal.h"
#include "util/alloc.h"
#include "util/lockfile.h"

/*
 * A file of its own: SQLite's locks are dropped and retaken by its readers.
 * It stays when we go, since removing it would race with the next daemon.
 */
static int lock_database(struct store *store, struct verror *err)
{
    _cleanup_free_ char *path = xasprintf("%s.lock", store->path);
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    char pid[LOCKFILE_PID_SIZE];
    int r;

    if (fd < 0)
        return verror_errno(err, errno, "cannot open '%s'", path);
    r = lockfile_take(fd, pid);
    if (r == -EWOULDBLOCK)
        return verror_set(err, VIR_ERR_SYSTEM_ERROR,
                          "database '%s' is in use by another virtjobd%s%s%s", store->path,
                          *pid ? " (pid " : "", pid, *pid ? ")" : "");
    if (r < 0)
        return verror_errno(err, -r, "cannot lock '%s'", path);
    /* only helps the message of whoever comes second */
    (void)!ftruncate(fd, 0);
    (void)dprintf(fd, "%d\n", (int)getpid());
    store->lock_fd = steal_fd(&fd);
    return 0;
}

/* SQLite would make it readable by all. */
static int create_private(const char *path, struct verror *err)
{
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? verror_errno(err, errno, "cannot open database '%s'", path) : 0;
}

static int read_last_job_id(struct store *store, struct verror *err)
{
    _cleanup_free_ char *id = sql_text(
        store->db, store->path,
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'", err);

    if (!id)
        return -1;
    store->last_job_id = strtoull(id, NULL, 10);
    return 0;
}

uint64_t store_last_job_id(struct store *store)
{
    return store->last_job_id;
}

static void deliver_done(struct store *store)
{
    struct txn_list list;
    struct store_txn *txn;

    (void)pthread_mutex_lock(&store->lock); /* fails on misuse only, as all of these */
    list = store->done;
    store->done = (struct txn_list){ 0 };
    (void)pthread_mutex_unlock(&store->lock);
    while ((txn = txn_list_pop(&list))) {
        if (txn->done)
            txn->done(txn->opaque, &txn->err);
        txn_free(txn);
    }
}

static void done_cb(evutil_socket_t fd, short what _unused_, void *opaque)
{
    uint64_t count;

    (void)!read(fd, &count, sizeof(count)); /* resets it; the list tells what there is */
    deliver_done(opaque);
}

void store_post_done(struct store *store, struct txn_list *list)
{
    uint64_t one = 1;

    (void)pthread_mutex_lock(&store->lock);
    if (store->done.last)
        store->done.last->next = list->first;
    else
        store->done.first = list->first;
    store->done.last = list->last;
    (void)pthread_mutex_unlock(&store->lock);
    (void)!write(store->done_fd, &one, sizeof(one)); /* full only with 2^64 - 2 wake-ups due */
}

static int start_done_event(struct store *store, struct event_base *base, struct verror *err)
{
    store->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->done_fd < 0)
        return verror_errno(err, errno, "cannot make an eventfd");
    store->done_event = event_new(base, store->done_fd, EV_READ | EV_PERSIST, done_cb, store);
    if (!store->done_event || event_add(store->done_event, NULL) < 0)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot watch the store");
    return 0;
}

/* Signals belong to the loop thread. */
static int start_writer(struct store *store, struct verror *err)
{
    sigset_t all, before;
    int ret;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails on misuse only, as all of these */
    ret = pthread_create(&store->writer, NULL, writer_main, store);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ret != 0)
        return verror_errno(err, ret, "cannot start the store's thread");
    store->writer_started = true;
    return 0;
}

struct store *store_open(const char *path, struct event_base *base, struct verror *err)
{
    struct store *store = XNEW(struct store);

    store->path = xstrdup(path);
    store->lock_fd = -1;
    store->done_fd = -1;
    (void)pthread_mutex_init(&store->lock, NULL); /* cannot fail without attributes */
    (void)pthread_cond_init(&store->wake, NULL);
    if (lock_database(store, err) == 0 && create_private(path, err) == 0 &&
        (store->db = schema_open(path, err)) && read_last_job_id(store, err) == 0 &&
        writer_prepare(store, err) == 0 && start_done_event(store, base, err) == 0 &&
        start_writer(store, err) == 0)
        return store;
    store_close(store);
    return NULL;
}

static void stop_writer(struct store *store)
{
    if (!store->writer_started)
        return;
    (void)pthread_mutex_lock(&store->lock);
    store->stopping = true;
    (void)pthread_cond_signal(&store->wake);
    (void)pthread_mutex_unlock(&store->lock);
    (void)pthread_join(store->writer, NULL);
}

/* The writer is gone: callbacks may still hand in more, which is applied here. */
static void drain(struct store *store)
{
    deliver_done(store);
    while (store->queue.first) {
        struct txn_list list = store->queue;

        store->queue = (struct txn_list){ 0 };
        writer_apply(store, &list);
        store_post_done(store, &list);
        deliver_done(store);
    }
}

void store_close(struct store *store)
{
    if (!store)
        return;
    stop_writer(store);
    drain(store);
    if (store->done_event)
        event_free(store->done_event);
    if (store->done_fd >= 0)
        (void)close(store->done_fd); /* an eventfd holds nothing to lose */
    writer_unprepare(store);
    (void)sqlite3_close(store->db); /* no statement is left; folds the log into the database */
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd); /* nothing of it has to reach the disk */
    (void)pthread_cond_destroy(&store->wake);
    (void)pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

void store_commit(struct store_txn *txn, void (*done)(void *opaque, struct verror *err),
                  void *opaque)
{
    struct store *store = txn->store;

    txn->done = done;
    txn->opaque = opaque;
    (void)pthread_mutex_lock(&store->lock);
    txn_list_append(&store->queue, txn);
    (void)pthread_cond_signal(&store->wake);
    (void)pthread_mutex_unlock(&store->lock);
}
