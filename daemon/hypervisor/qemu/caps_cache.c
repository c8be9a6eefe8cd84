/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulators that were asked, and those that are being asked now.  A known
 * one costs a few system calls.  Of two workers that want the same new one, one asks
 * and the other waits for it, without the lock.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hypervisor/qemu/caps_data.h"
#include "jobs/ctl.h"
#include "util/alloc.h"

/* One emulator being asked.  Freed by the last who refers to it. */
struct run {
    struct run *next;
    char *emulator, *identity;
    unsigned int refs;
    int ended; /* eventfd, readable from its end on */
    /* The result, once it has ended: */
    struct qemu_caps *caps;
    struct verror err;
};

struct known {
    struct known *next;
    struct qemu_caps *caps;
};

struct qemu_caps_cache {
    char *dir;            /* or NULL */
    pthread_mutex_t lock; /* guards all below; innermost */
    struct known *known;  /* one for each path */
    struct run *runs;
};

struct qemu_caps_cache *qemu_caps_cache_new(const char *dir)
{
    struct qemu_caps_cache *cache = XNEW(struct qemu_caps_cache);

    cache->dir = xstrdup(dir);
    (void)pthread_mutex_init(&cache->lock, NULL); /* cannot fail with default attributes */
    return cache;
}

/* Nobody waits in it any more. */
void qemu_caps_cache_free(struct qemu_caps_cache *cache)
{
    if (!cache)
        return;
    while (cache->known) {
        struct known *known = cache->known;

        cache->known = known->next;
        qemu_caps_unref(known->caps);
        free(known);
    }
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache->dir);
    free(cache);
}

/* What is known. */

static struct qemu_caps *find_known_locked(const struct qemu_caps_cache *cache,
                                           const char *emulator, const char *identity)
{
    for (struct known *known = cache->known; known; known = known->next) {
        if (strcmp(known->caps->emulator, emulator) == 0 &&
            strcmp(known->caps->identity, identity) == 0)
            return qemu_caps_ref(known->caps);
    }
    return NULL;
}

/* Takes the place of what the same path was before. */
static void add_known_locked(struct qemu_caps_cache *cache, struct qemu_caps *caps)
{
    struct known *known = cache->known;

    while (known && strcmp(known->caps->emulator, caps->emulator) != 0)
        known = known->next;
    if (!known) {
        known = XNEW(struct known);
        known->next = cache->known;
        cache->known = known;
    }
    qemu_caps_unref(known->caps);
    known->caps = qemu_caps_ref(caps);
}

/* Asking. */

static struct run *find_run_locked(const struct qemu_caps_cache *cache, const char *emulator,
                                   const char *identity)
{
    for (struct run *run = cache->runs; run; run = run->next) {
        if (strcmp(run->emulator, emulator) == 0 && strcmp(run->identity, identity) == 0)
            return run;
    }
    return NULL;
}

static struct run *add_run_locked(struct qemu_caps_cache *cache, const char *emulator,
                                  const char *identity, struct verror *err)
{
    int ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct run *run;

    if (ended < 0) {
        (void)verror_errno(err, errno, "cannot make an eventfd");
        return NULL;
    }
    run = XNEW(struct run);
    run->emulator = xstrdup(emulator);
    run->identity = xstrdup(identity);
    run->ended = ended;
    run->next = cache->runs;
    cache->runs = run;
    return run;
}

/* From here on nobody finds it; those who wait have their own reference. */
static void remove_run_locked(struct qemu_caps_cache *cache, const struct run *run)
{
    struct run **link = &cache->runs;

    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
}

static void unref_run(struct qemu_caps_cache *cache, struct run *run)
{
    bool last;

    pthread_mutex_lock(&cache->lock);
    last = --run->refs == 0;
    pthread_mutex_unlock(&cache->lock);
    if (!last)
        return;
    qemu_caps_unref(run->caps);
    verror_clear(&run->err);
    (void)close(run->ended); /* an eventfd holds nothing to lose */
    free(run->emulator);
    free(run->identity);
    free(run);
}

/* The one who asks. */
static void do_run(struct qemu_caps_cache *cache, struct run *run, struct job_ctl *ctl)
{
    const uint64_t one = 1;
    struct qemu_caps *caps = NULL;

    if (cache->dir)
        caps = caps_load(cache->dir, run->emulator, run->identity);
    if (!caps) {
        caps = caps_probe(run->emulator, run->identity, CAPS_PROBE_MS, ctl, &run->err);
        if (caps && cache->dir)
            caps_save(cache->dir, caps);
    }
    run->caps = caps;
    pthread_mutex_lock(&cache->lock);
    if (caps)
        add_known_locked(cache, caps);
    remove_run_locked(cache, run);
    pthread_mutex_unlock(&cache->lock);
    (void)!write(run->ended, &one, sizeof(one)); /* never full */
}

/* The others. */
static int await_run(const struct run *run, struct job_ctl *ctl, struct verror *err)
{
    struct pollfd fds[] = {
        { .fd = run->ended, .events = POLLIN },
        { .fd = job_ctl_cancel_fd(ctl), .events = POLLIN },
    };

    while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
        ; /* EINTR */
    if (fds[0].revents)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_ABORTED, "canceled by client");
}

enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_AGAIN };

/* locked, as it was written before a lock: the eventfd alone orders nothing between threads */
static enum outcome take_result_locked(const struct run *run, bool mine,
                                       struct qemu_caps **ret_caps, struct verror *err)
{
    if (run->caps) {
        *ret_caps = qemu_caps_ref(run->caps);
        return OUTCOME_DONE;
    }
    /* that the one who asked was cancelled is no answer to the others */
    if (!mine && run->err.code == VIR_ERR_OPERATION_ABORTED)
        return OUTCOME_AGAIN;
    if (err)
        verror_copy(err, &run->err);
    return OUTCOME_FAILED;
}

static enum outcome get(struct qemu_caps_cache *cache, const char *emulator, const char *identity,
                        struct job_ctl *ctl, struct qemu_caps **ret_caps, struct verror *err)
{
    enum outcome outcome = OUTCOME_FAILED;
    struct run *run = NULL;
    bool mine = false;

    pthread_mutex_lock(&cache->lock);
    *ret_caps = find_known_locked(cache, emulator, identity);
    if (!*ret_caps) {
        run = find_run_locked(cache, emulator, identity);
        mine = !run;
        if (mine)
            run = add_run_locked(cache, emulator, identity, err);
        if (run)
            run->refs++;
    }
    pthread_mutex_unlock(&cache->lock);
    if (!run)
        return *ret_caps ? OUTCOME_DONE : OUTCOME_FAILED;
    if (mine)
        do_run(cache, run, ctl);
    if (mine || await_run(run, ctl, err) == 0) {
        pthread_mutex_lock(&cache->lock);
        outcome = take_result_locked(run, mine, ret_caps, err);
        pthread_mutex_unlock(&cache->lock);
    }
    unref_run(cache, run);
    return outcome;
}

struct qemu_caps *qemu_caps_get(struct qemu_caps_cache *cache, const char *emulator,
                                struct job_ctl *ctl, struct verror *err)
{
    struct qemu_caps *caps = NULL;
    struct job_ctl own;
    enum outcome outcome;

    job_ctl_init(&own); /* for those who cannot be cancelled */
    do {
        _cleanup_free_ char *identity = caps_identity(emulator, err);

        outcome = identity ? get(cache, emulator, identity, ctl ? ctl : &own, &caps, err)
                           : OUTCOME_FAILED;
    } while (outcome == OUTCOME_AGAIN);
    job_ctl_done(&own);
    return caps;
}
