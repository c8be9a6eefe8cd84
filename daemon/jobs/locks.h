/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what at the same time.  A hold is a set of keys, each wanted in
 * one mode, taken all at once or not at all, so there is no deadlock.  Keys
 * are the thing itself (a pool's UUID, a file's device and inode, a canonical
 * path), never a name.  The lock matrix is the table in locks.c.  Loop thread.
 */
#ifndef VIRTJOBD_LOCKS_H
#define VIRTJOBD_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lock_mode {
    LOCK_FILE_READ = 0,  /* source of a clone */
    LOCK_FILE_WRITE,     /* being made, wiped, resized, deleted */
    LOCK_FILE_GUEST,     /* disk of a guest that may write to it, as long as it runs */
    LOCK_FILE_GUEST_SHARED, /* disk of guests that only read it or share it */
    LOCK_POOL_USE,       /* a volume job pins its pool */
    LOCK_POOL_REFRESH,
    LOCK_POOL_CHANGE,    /* start, stop, build, delete, define, undefine */
    LOCK_DOMAIN_CHANGE,  /* whatever changes a domain */
    LOCK_DISK_JOB,       /* a block job leaves the guest's disks as they are for the others of its kind */
    LOCK_MODE_MAX
};

const char *lock_mode_name(enum lock_mode mode);

struct lock_want {
    char *key; /* owned by the hold */
    unsigned int hash; /* of key: most comparisons end here */
    enum lock_mode mode;
};

/* Embedded in what holds; zeroed, then filled by lock_hold_want. */
struct lock_hold {
    struct lock_want *wants;
    size_t nwants;
    bool is_long;                                /* others are refused, not made to wait */
    bool patient;                                /* waits for a long one, too */
    void (*granted)(struct lock_hold *hold);     /* after a wait; loop thread */
    /* Who that is, for those in whose way it is: "job 7 (vol-clone of …), …".  A new string. */
    char *(*describe)(struct lock_hold *hold);
    bool held, waiting;                          /* locks.c only */
    struct lock_hold *prev, *next;               /* the list of holders or of waiters */
};

enum lock_result {
    LOCK_GRANTED,
    LOCK_WAITS,   /* behind short holders, or a refresh behind a refresh: granted() will come */
    LOCK_REFUSED, /* a long holder is in the way */
};

struct locks;
struct locks *locks_new(void);
void locks_free(struct locks *locks);

/* What a file is known by; a new string. */
char *lock_file_key(uint64_t dev, uint64_t ino);
/* key is taken over (malloc'd). */
void lock_hold_want(struct lock_hold *hold, char *key, enum lock_mode mode);
/* ret_blocker: who is in the way, unless granted. */
enum lock_result locks_acquire(struct locks *locks, struct lock_hold *hold,
                               struct lock_hold **ret_blocker);
/*
 * One that holds gets what fresh wants instead, at once or not at all (LOCK_REFUSED: it keeps what
 * it has; who waits is not asked).  Frees what fresh has.  May call granted() of others.
 */
enum lock_result locks_exchange(struct locks *locks, struct lock_hold *hold,
                                struct lock_hold *fresh, struct lock_hold **ret_blocker);
/* Gives back what is held or waited for, and frees the keys.  May call granted() of others. */
void locks_release(struct locks *locks, struct lock_hold *hold);
/* For a hold that outlives the table: frees the keys, no more. */
void lock_hold_forget(struct lock_hold *hold);
/* May both be held at once? The matrix, for the tests and the manual. */
bool lock_modes_compatible(enum lock_mode a, enum lock_mode b);

#endif
