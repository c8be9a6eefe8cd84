/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock matrix and the queue in front of it; see locks.h.  Holders and
 * waiters are two lists in order of arrival.  There are few of either
 * (operations under way, not objects), and hashes tell most keys apart, so a
 * scan serves better than an index would.
 */

#include "jobs/locks.h"

#include <string.h>
#include <uthash.h>

#include "util/alloc.h"

struct hold_list {
    struct lock_hold *first, *last;
};

struct locks {
    struct hold_list holders, waiters;
};

static const char *const mode_names[] = {
    [LOCK_FILE_READ] = "read",     [LOCK_FILE_WRITE] = "write",
    [LOCK_FILE_GUEST] = "guest",   [LOCK_FILE_GUEST_SHARED] = "shared",
    [LOCK_POOL_USE] = "use",       [LOCK_POOL_REFRESH] = "refresh",
    [LOCK_POOL_CHANGE] = "change", [LOCK_DOMAIN_CHANGE] = "domain",
    [LOCK_DISK_JOB] = "disks",
};
_Static_assert(ARRAY_SIZE(mode_names) == LOCK_MODE_MAX, "each lock mode has a name");

/* true: both may hold one key at the same time.  Symmetric. */
static const bool matrix[LOCK_MODE_MAX][LOCK_MODE_MAX] = {
    [LOCK_FILE_READ] = { [LOCK_FILE_READ] = true,
                         [LOCK_FILE_GUEST] = true,
                         [LOCK_FILE_GUEST_SHARED] = true },
    [LOCK_FILE_GUEST] = { [LOCK_FILE_READ] = true },
    [LOCK_FILE_GUEST_SHARED] = { [LOCK_FILE_READ] = true, [LOCK_FILE_GUEST_SHARED] = true },
    [LOCK_POOL_USE] = { [LOCK_POOL_USE] = true, [LOCK_POOL_REFRESH] = true },
    [LOCK_POOL_REFRESH] = { [LOCK_POOL_USE] = true },
    [LOCK_DISK_JOB] = { [LOCK_DISK_JOB] = true },
};

const char *lock_mode_name(enum lock_mode mode)
{
    return mode_names[mode];
}

bool lock_modes_compatible(enum lock_mode a, enum lock_mode b)
{
    return matrix[a][b];
}

static void list_append(struct hold_list *list, struct lock_hold *hold)
{
    hold->prev = list->last;
    hold->next = NULL;
    if (list->last)
        list->last->next = hold;
    else
        list->first = hold;
    list->last = hold;
}

static void list_remove(struct hold_list *list, struct lock_hold *hold)
{
    if (hold->prev)
        hold->prev->next = hold->next;
    else
        list->first = hold->next;
    if (hold->next)
        hold->next->prev = hold->prev;
    else
        list->last = hold->prev;
    hold->prev = hold->next = NULL;
}

/* Where two holds meet: the modes of the first key on which they conflict. */
static bool holds_conflict(const struct lock_hold *a, const struct lock_hold *b,
                           bool *ret_refreshes)
{
    for (size_t i = 0; i < a->nwants; i++) {
        for (size_t j = 0; j < b->nwants; j++) {
            if (a->wants[i].hash != b->wants[j].hash ||
                matrix[a->wants[i].mode][b->wants[j].mode] ||
                strcmp(a->wants[i].key, b->wants[j].key) != 0)
                continue;
            *ret_refreshes = a->wants[i].mode == LOCK_POOL_REFRESH &&
                             b->wants[j].mode == LOCK_POOL_REFRESH;
            return true;
        }
    }
    return false;
}

/* The first of a list, up to but without `until`, that is in hold's way. */
static struct lock_hold *list_conflict(const struct hold_list *list, const struct lock_hold *until,
                                       const struct lock_hold *hold, bool *ret_refreshes)
{
    for (struct lock_hold *other = list->first; other && other != until; other = other->next) {
        if (holds_conflict(hold, other, ret_refreshes))
            return other;
    }
    return NULL;
}

struct locks *locks_new(void)
{
    return XNEW(struct locks);
}

void locks_free(struct locks *locks)
{
    free(locks);
}

static unsigned int hash_key(const char *key)
{
    unsigned int hash;

    HASH_JEN(key, strlen(key), hash);
    return hash;
}

char *lock_file_key(uint64_t dev, uint64_t ino)
{
    return xasprintf("inode:%llu:%llu", (unsigned long long)dev, (unsigned long long)ino);
}

void lock_hold_want(struct lock_hold *hold, char *key, enum lock_mode mode)
{
    hold->wants = xrealloc(hold->wants, hold->nwants + 1, sizeof(*hold->wants));
    hold->wants[hold->nwants++] =
        (struct lock_want){ .key = key, .hash = hash_key(key), .mode = mode };
}

/* Is any long holder (or waiter) in the way, other than a refresh of a refresh? */
static struct lock_hold *find_refusal(const struct hold_list *list, const struct lock_hold *hold)
{
    for (struct lock_hold *other = list->first; other; other = other->next) {
        bool refreshes = false;

        if (other->is_long && holds_conflict(hold, other, &refreshes) && !refreshes)
            return other;
    }
    return NULL;
}

enum lock_result locks_acquire(struct locks *locks, struct lock_hold *hold,
                               struct lock_hold **ret_blocker)
{
    bool refreshes;
    struct lock_hold *blocker = hold->patient ? NULL : find_refusal(&locks->holders, hold);

    if (!blocker && !hold->patient)
        blocker = find_refusal(&locks->waiters, hold);
    if (blocker) {
        *ret_blocker = blocker;
        return LOCK_REFUSED;
    }
    blocker = list_conflict(&locks->holders, NULL, hold, &refreshes);
    if (!blocker)
        blocker = list_conflict(&locks->waiters, NULL, hold, &refreshes);
    if (blocker) {
        *ret_blocker = blocker;
        hold->waiting = true;
        list_append(&locks->waiters, hold);
        return LOCK_WAITS;
    }
    hold->held = true;
    list_append(&locks->holders, hold);
    return LOCK_GRANTED;
}

/* The first waiter that nothing is in the way of any more, holders or earlier waiters. */
static struct lock_hold *find_grantable(const struct locks *locks)
{
    bool refreshes;

    for (struct lock_hold *waiter = locks->waiters.first; waiter; waiter = waiter->next) {
        if (!list_conflict(&locks->holders, NULL, waiter, &refreshes) &&
            !list_conflict(&locks->waiters, waiter, waiter, &refreshes))
            return waiter;
    }
    return NULL;
}

static void grant_waiters(struct locks *locks)
{
    struct lock_hold *hold;

    /* granted() may acquire and release on its own: look afresh each time */
    while ((hold = find_grantable(locks)) != NULL) {
        list_remove(&locks->waiters, hold);
        hold->waiting = false;
        hold->held = true;
        list_append(&locks->holders, hold);
        hold->granted(hold);
    }
}

void lock_hold_forget(struct lock_hold *hold)
{
    hold->held = hold->waiting = false;
    for (size_t i = 0; i < hold->nwants; i++)
        free(hold->wants[i].key);
    free(STEAL_PTR(hold->wants));
    hold->nwants = 0;
}

enum lock_result locks_exchange(struct locks *locks, struct lock_hold *hold,
                                struct lock_hold *fresh, struct lock_hold **ret_blocker)
{
    struct lock_hold before = { .wants = hold->wants, .nwants = hold->nwants };
    struct lock_hold *blocker;
    bool refreshes;

    list_remove(&locks->holders, hold); /* it is not in its own way */
    blocker = list_conflict(&locks->holders, NULL, fresh, &refreshes);
    list_append(&locks->holders, hold);
    if (blocker) {
        *ret_blocker = blocker;
        lock_hold_forget(fresh);
        return LOCK_REFUSED;
    }
    hold->wants = STEAL_PTR(fresh->wants);
    hold->nwants = fresh->nwants;
    fresh->nwants = 0;
    lock_hold_forget(&before);
    grant_waiters(locks);
    return LOCK_GRANTED;
}

void locks_release(struct locks *locks, struct lock_hold *hold)
{
    bool was_in = hold->held || hold->waiting;

    if (hold->held)
        list_remove(&locks->holders, hold);
    else if (hold->waiting)
        list_remove(&locks->waiters, hold);
    lock_hold_forget(hold);
    if (was_in)
        grant_waiters(locks);
}
