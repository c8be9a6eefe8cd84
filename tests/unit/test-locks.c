/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/locks.c: the matrix cell by cell, who waits, who is refused, and in what order. */

#include "jobs/locks.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "util/alloc.h"

static struct locks *locks;

/* What has happened, a letter a grant. */
static char history[256];

struct holder {
    struct lock_hold hold;
    char name;
};

static void setup(void)
{
    locks = locks_new();
    history[0] = '\0';
}

static void teardown(void)
{
    locks_free(locks);
}

static void granted_cb(struct lock_hold *hold)
{
    struct holder *holder = container_of(hold, struct holder, hold);
    size_t used = strlen(history);

    ck_assert(hold->held && !hold->waiting);
    ck_assert_uint_lt(used, sizeof(history) - 1);
    history[used] = holder->name;
    history[used + 1] = '\0';
}

static void want(struct holder *holder, char name, bool is_long)
{
    *holder = (struct holder){ .name = name };
    holder->hold.is_long = is_long;
    holder->hold.granted = granted_cb;
}

static void want_one(struct holder *holder, char name, bool is_long, const char *key,
                     enum lock_mode mode)
{
    want(holder, name, is_long);
    lock_hold_want(&holder->hold, xstrdup(key), mode);
}

static enum lock_result acquire(struct holder *holder)
{
    struct lock_hold *blocker = NULL;
    enum lock_result result = locks_acquire(locks, &holder->hold, &blocker);

    ck_assert_int_eq(result == LOCK_GRANTED, blocker == NULL);
    ck_assert_int_eq(holder->hold.held, result == LOCK_GRANTED);
    ck_assert_int_eq(holder->hold.waiting, result == LOCK_WAITS);
    return result;
}

static void release(struct holder *holder)
{
    locks_release(locks, &holder->hold);
    ck_assert(!holder->hold.held && !holder->hold.waiting);
    ck_assert_uint_eq(holder->hold.nwants, 0);
}

/*
 * The matrix of the design, written down a second time: 'y' both at once, 'n'
 * not.  A file is read by many or written by one; volume jobs share their pool
 * with each other and with one refresh; a change of the pool is alone.
 */
static const char expected[LOCK_MODE_MAX][LOCK_MODE_MAX + 1] = {
    /*                       file-read, file-write, pool-use, pool-refresh, pool-change */
    [LOCK_FILE_READ] =         "ynyynnnnn",
    [LOCK_FILE_WRITE] =        "nnnnnnnnn",
    [LOCK_FILE_GUEST] =        "ynnnnnnnn",
    [LOCK_FILE_GUEST_SHARED] = "ynnynnnnn",
    [LOCK_POOL_USE] =          "nnnnyynnn",
    [LOCK_POOL_REFRESH] =      "nnnnynnnn",
    [LOCK_POOL_CHANGE] =       "nnnnnnnnn",
    [LOCK_DOMAIN_CHANGE] =     "nnnnnnnnn",
    [LOCK_DISK_JOB] =          "nnnnnnnny",
};

START_TEST(matrix)
{
    for (int a = 0; a < LOCK_MODE_MAX; a++) {
        for (int b = 0; b < LOCK_MODE_MAX; b++) {
            bool both = expected[a][b] == 'y';

            ck_assert_msg(lock_modes_compatible((enum lock_mode)a, (enum lock_mode)b) == both,
                          "%s with %s", lock_mode_name((enum lock_mode)a),
                          lock_mode_name((enum lock_mode)b));
        }
    }
}
END_TEST

/* What each cell means for one who comes while another holds: long or short, same key or not. */
START_TEST(matrix_in_use)
{
    for (int i = 0; i < LOCK_MODE_MAX * LOCK_MODE_MAX * 4; i++) {
        enum lock_mode a = (enum lock_mode)(i / 4 % LOCK_MODE_MAX);
        enum lock_mode b = (enum lock_mode)(i / 4 / LOCK_MODE_MAX);
        bool holder_long = i & 1, newcomer_long = i & 2;
        struct holder first, second, elsewhere;
        enum lock_result result = LOCK_WAITS;

        if (expected[a][b] == 'y')
            result = LOCK_GRANTED;
        else if (holder_long && !(a == LOCK_POOL_REFRESH && b == LOCK_POOL_REFRESH))
            result = LOCK_REFUSED;
        want_one(&first, 'a', holder_long, "k", a);
        want_one(&second, 'b', newcomer_long, "k", b);
        want_one(&elsewhere, 'c', newcomer_long, "other", b);
        ck_assert_int_eq(acquire(&first), LOCK_GRANTED);
        ck_assert_msg(acquire(&second) == result, "%s %s for %s %s",
                      holder_long ? "long" : "short", lock_mode_name(a),
                      newcomer_long ? "long" : "short", lock_mode_name(b));
        ck_assert_int_eq(acquire(&elsewhere), LOCK_GRANTED);
        release(&first);
        ck_assert_int_eq(second.hold.held, result != LOCK_REFUSED);
        release(&second);
        release(&elsewhere);
    }
}
END_TEST

START_TEST(mode_names)
{
    for (int a = 0; a < LOCK_MODE_MAX; a++) {
        ck_assert_ptr_nonnull(lock_mode_name((enum lock_mode)a));
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(lock_mode_name((enum lock_mode)a),
                             lock_mode_name((enum lock_mode)b));
    }
}
END_TEST

/* A patient one waits for a long one, too, and those who come behind it wait for it. */
START_TEST(patient)
{
    struct holder a, b, c;

    want_one(&a, 'a', true, "d", LOCK_DOMAIN_CHANGE);
    want_one(&b, 'b', false, "d", LOCK_DOMAIN_CHANGE);
    want_one(&c, 'c', false, "d", LOCK_DOMAIN_CHANGE);
    b.hold.patient = true;
    ck_assert_int_eq(acquire(&a), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&b), LOCK_WAITS);
    ck_assert_int_eq(acquire(&c), LOCK_REFUSED);
    release(&c);
    release(&a);
    ck_assert_str_eq(history, "b");
    want_one(&c, 'c', false, "d", LOCK_DOMAIN_CHANGE);
    ck_assert_int_eq(acquire(&c), LOCK_WAITS);
    release(&b);
    ck_assert_str_eq(history, "bc");
    release(&c);
}
END_TEST

/* Short ones queue in order of arrival, one after the other. */
START_TEST(waits_in_order)
{
    struct holder a, b, c, d;

    want_one(&a, 'a', false, "p", LOCK_POOL_CHANGE);
    want_one(&b, 'b', false, "p", LOCK_POOL_CHANGE);
    want_one(&c, 'c', false, "p", LOCK_POOL_CHANGE);
    want_one(&d, 'd', false, "p", LOCK_POOL_CHANGE);
    ck_assert_int_eq(acquire(&a), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&b), LOCK_WAITS);
    ck_assert_int_eq(acquire(&c), LOCK_WAITS);
    ck_assert_int_eq(acquire(&d), LOCK_WAITS);
    ck_assert_str_eq(history, "");
    release(&a);
    ck_assert_str_eq(history, "b");
    release(&c); /* gives up waiting */
    ck_assert_str_eq(history, "b");
    release(&b);
    ck_assert_str_eq(history, "bd");
    release(&d);
}
END_TEST

/* All who can share are let in at once, those behind a conflict are not. */
START_TEST(grants_all_that_fit)
{
    struct holder change, use1, use2, later, use3;

    want_one(&change, 'x', false, "p", LOCK_POOL_CHANGE);
    want_one(&use1, 'a', true, "p", LOCK_POOL_USE);
    want_one(&use2, 'b', true, "p", LOCK_POOL_USE);
    ck_assert_int_eq(acquire(&change), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&use1), LOCK_WAITS);
    ck_assert_int_eq(acquire(&use2), LOCK_WAITS);
    release(&change);
    ck_assert_str_eq(history, "ab");
    want_one(&later, 'l', false, "p", LOCK_POOL_CHANGE);
    ck_assert_int_eq(acquire(&later), LOCK_REFUSED); /* they are long */
    want_one(&use3, 'c', true, "p", LOCK_POOL_USE);
    ck_assert_int_eq(acquire(&use3), LOCK_GRANTED);
    release(&later);
    release(&use1);
    release(&use2);
    release(&use3);
}
END_TEST

/* A long one that still waits for a short one refuses others already. */
START_TEST(refused_by_a_waiter)
{
    struct holder stop, build, start;
    struct lock_hold *blocker = NULL;

    want_one(&stop, 'a', false, "p", LOCK_POOL_CHANGE);
    want_one(&build, 'b', true, "p", LOCK_POOL_CHANGE);
    want_one(&start, 'c', false, "p", LOCK_POOL_CHANGE);
    ck_assert_int_eq(acquire(&stop), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&build), LOCK_WAITS);
    ck_assert_int_eq(locks_acquire(locks, &start.hold, &blocker), LOCK_REFUSED);
    ck_assert_ptr_eq(blocker, &build.hold);
    ck_assert(!start.hold.held && !start.hold.waiting);
    release(&start); /* frees its keys, and lets nobody in */
    ck_assert_str_eq(history, "");
    release(&stop);
    ck_assert_str_eq(history, "b");
    release(&build);
}
END_TEST

/* One refresh runs, the next waits though both are long; volume jobs go past both. */
START_TEST(refresh_behind_refresh)
{
    struct holder first, second, third, use, stop;

    want_one(&first, '1', true, "p", LOCK_POOL_REFRESH);
    want_one(&second, '2', true, "p", LOCK_POOL_REFRESH);
    want_one(&third, '3', true, "p", LOCK_POOL_REFRESH);
    want_one(&use, 'u', true, "p", LOCK_POOL_USE);
    want_one(&stop, 's', false, "p", LOCK_POOL_CHANGE);
    ck_assert_int_eq(acquire(&first), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&second), LOCK_WAITS);
    ck_assert_int_eq(acquire(&third), LOCK_WAITS);
    ck_assert_int_eq(acquire(&use), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&stop), LOCK_REFUSED);
    release(&stop);
    release(&first);
    ck_assert_str_eq(history, "2");
    release(&second);
    ck_assert_str_eq(history, "23");
    release(&third);
    release(&use);
}
END_TEST

/* Several keys are taken all at once or not at all: while it waits, it holds none of them. */
START_TEST(all_or_nothing)
{
    struct holder a, both, b, read;

    want_one(&a, 'a', false, "a", LOCK_FILE_WRITE);
    want(&both, 'x', true);
    lock_hold_want(&both.hold, xstrdup("b"), LOCK_FILE_WRITE);
    lock_hold_want(&both.hold, xstrdup("a"), LOCK_FILE_READ);
    want_one(&b, 'b', false, "b", LOCK_FILE_READ);
    ck_assert_int_eq(acquire(&a), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&both), LOCK_WAITS);
    ck_assert(!both.hold.held); /* b is free, but the long one in the queue was first */
    ck_assert_int_eq(acquire(&b), LOCK_REFUSED);
    release(&b);
    release(&a);
    ck_assert_str_eq(history, "x");
    want_one(&read, 'r', true, "a", LOCK_FILE_READ); /* both read a */
    ck_assert_int_eq(acquire(&read), LOCK_GRANTED);
    release(&read);
    release(&both);
}
END_TEST

/* One that needs two keys gets in, however the holders of each come and go. */
START_TEST(no_starvation)
{
    struct holder a, b, both, later_a, later_b;

    want_one(&a, 'a', false, "a", LOCK_FILE_READ);
    want_one(&b, 'b', false, "b", LOCK_FILE_READ);
    want(&both, 'x', false);
    lock_hold_want(&both.hold, xstrdup("a"), LOCK_FILE_WRITE);
    lock_hold_want(&both.hold, xstrdup("b"), LOCK_FILE_WRITE);
    want_one(&later_a, 'A', false, "a", LOCK_FILE_READ); /* would fit beside a */
    want_one(&later_b, 'B', false, "b", LOCK_FILE_READ);
    ck_assert_int_eq(acquire(&a), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&b), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&both), LOCK_WAITS);
    ck_assert_int_eq(acquire(&later_a), LOCK_WAITS);
    release(&a);
    ck_assert_int_eq(acquire(&later_b), LOCK_WAITS);
    ck_assert_str_eq(history, "");
    release(&b);
    ck_assert_str_eq(history, "x");
    release(&both);
    ck_assert_str_eq(history, "xAB");
    release(&later_a);
    release(&later_b);
}
END_TEST

/* Other keys for those it has: at once or not at all, and not in its own way. */
START_TEST(exchange)
{
    struct holder job, guest, waiter, fresh;
    struct lock_hold *blocker = NULL;

    want_one(&job, 'j', false, "old", LOCK_FILE_WRITE);
    want_one(&guest, 'g', true, "new", LOCK_FILE_GUEST);
    want_one(&waiter, 'w', false, "old", LOCK_FILE_READ);
    ck_assert_int_eq(acquire(&job), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&guest), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&waiter), LOCK_WAITS);
    want_one(&fresh, 'f', false, "new", LOCK_FILE_WRITE);
    ck_assert_int_eq(locks_exchange(locks, &job.hold, &fresh.hold, &blocker), LOCK_REFUSED);
    ck_assert_ptr_eq(blocker, &guest.hold);
    ck_assert_uint_eq(fresh.hold.nwants, 0);
    ck_assert(job.hold.held);
    ck_assert_str_eq(history, ""); /* it still has the old one */
    want_one(&fresh, 'f', false, "old", LOCK_FILE_WRITE);
    ck_assert_int_eq(locks_exchange(locks, &job.hold, &fresh.hold, &blocker), LOCK_GRANTED);
    ck_assert_str_eq(history, "");
    release(&guest);
    want_one(&fresh, 'f', false, "new", LOCK_FILE_WRITE);
    ck_assert_int_eq(locks_exchange(locks, &job.hold, &fresh.hold, &blocker), LOCK_GRANTED);
    ck_assert_str_eq(history, "w");
    want_one(&guest, 'g', false, "new", LOCK_FILE_GUEST);
    ck_assert_int_eq(acquire(&guest), LOCK_WAITS);
    release(&job);
    ck_assert_str_eq(history, "wg");
    release(&guest);
    release(&waiter);
}
END_TEST

/* granted() may let go at once, as a request does that fails its check. */
static void release_at_once_cb(struct lock_hold *hold)
{
    granted_cb(hold);
    locks_release(locks, hold);
}

START_TEST(release_while_granting)
{
    struct holder a, b, c;

    want_one(&a, 'a', false, "p", LOCK_POOL_CHANGE);
    want_one(&b, 'b', false, "p", LOCK_POOL_CHANGE);
    want_one(&c, 'c', false, "p", LOCK_POOL_CHANGE);
    b.hold.granted = release_at_once_cb;
    ck_assert_int_eq(acquire(&a), LOCK_GRANTED);
    ck_assert_int_eq(acquire(&b), LOCK_WAITS);
    ck_assert_int_eq(acquire(&c), LOCK_WAITS);
    release(&a);
    ck_assert_str_eq(history, "bc");
    ck_assert(c.hold.held);
    release(&b); /* once more is harmless */
    release(&c);
}
END_TEST

/* Keys with the same hash or prefix are still different keys. */
START_TEST(keys_are_compared_whole)
{
    enum { MANY = 300 };
    static struct holder many[MANY];
    struct holder again;

    for (int i = 0; i < MANY; i++) {
        _cleanup_free_ char *key = xasprintf("path:/pool/%.*s%d", i % 7, "aaaaaaa", i);

        want_one(&many[i], 'm', true, key, LOCK_FILE_WRITE);
        ck_assert_int_eq(acquire(&many[i]), LOCK_GRANTED);
    }
    want_one(&again, 'n', true, "path:/pool/aa2", LOCK_FILE_READ);
    ck_assert_int_eq(acquire(&again), LOCK_REFUSED);
    release(&again);
    for (int i = 0; i < MANY; i++)
        release(&many[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("locks");
    TCase *tcase = tcase_create("locks");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, matrix);
    tcase_add_test(tcase, matrix_in_use);
    tcase_add_test(tcase, mode_names);
    tcase_add_test(tcase, patient);
    tcase_add_test(tcase, waits_in_order);
    tcase_add_test(tcase, grants_all_that_fit);
    tcase_add_test(tcase, refused_by_a_waiter);
    tcase_add_test(tcase, refresh_behind_refresh);
    tcase_add_test(tcase, all_or_nothing);
    tcase_add_test(tcase, no_starvation);
    tcase_add_test(tcase, exchange);
    tcase_add_test(tcase, release_while_granting);
    tcase_add_test(tcase, keys_are_compared_whole);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
