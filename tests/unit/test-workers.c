/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/workers.c: widths, the bound of a key, order, withdrawing, and
 * the end with work queued, running or stuck.  Work blocks on gates that the
 * tests open, so nothing depends on time.
 */

#include "jobs/workers.h"

#include <check.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

static struct event_base *base;
static struct workers *workers;

/* --- gates --- */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER; /* guards every gate */
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;

struct task {
    struct work work;
    char name;
    bool open;               /* gate_lock: run may return */
    bool entered, left;      /* gate_lock */
    unsigned int nstarted, ndone; /* loop */
    bool started_first;
    const char *again;       /* key to submit it with once more, in done */
    unsigned int again_count;
};

static char started_order[256], done_order[256];
static unsigned int done_count;
static atomic_uint running_now, running_most;
static pthread_t loop_thread;

static void note(char *list, char name)
{
    size_t used = strlen(list);

    if (used < 255) {
        list[used] = name;
        list[used + 1] = '\0';
    }
}

static void task_run(struct work *work)
{
    struct task *task = container_of(work, struct task, work);
    unsigned int now = atomic_fetch_add(&running_now, 1) + 1;
    unsigned int most = atomic_load(&running_most);

    while (now > most && !atomic_compare_exchange_weak(&running_most, &most, now))
        ;
    pthread_mutex_lock(&gate_lock);
    task->entered = true;
    note(started_order, task->name);
    pthread_cond_broadcast(&gate_moved);
    while (!task->open)
        pthread_cond_wait(&gate_moved, &gate_lock);
    task->left = true;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
    atomic_fetch_sub(&running_now, 1);
}

static void task_started(struct work *work)
{
    struct task *task = container_of(work, struct task, work);

    ck_assert(pthread_equal(pthread_self(), loop_thread));
    task->nstarted++;
    task->started_first = task->ndone == 0;
}

static void task_done(struct work *work)
{
    struct task *task = container_of(work, struct task, work);

    ck_assert(pthread_equal(pthread_self(), loop_thread));
    task->ndone++;
    done_count++;
    note(done_order, task->name);
    if (task->again_count > 0) {
        task->again_count--;
        workers_submit(workers, LANE_CONTROL, task->again, &task->work);
    }
}

static void task_init(struct task *task, char name, bool open)
{
    *task = (struct task){ .name = name, .open = open };
    task->work.run = task_run;
    task->work.started = task_started;
    task->work.done = task_done;
}

static void gate_open(struct task *task)
{
    pthread_mutex_lock(&gate_lock);
    task->open = true;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
}

static void wait_entered(struct task *task)
{
    pthread_mutex_lock(&gate_lock);
    while (!task->entered)
        pthread_cond_wait(&gate_moved, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static bool has_entered(struct task *task)
{
    bool entered;

    pthread_mutex_lock(&gate_lock);
    entered = task->entered;
    pthread_mutex_unlock(&gate_lock);
    return entered;
}

static void wait_done(unsigned int count)
{
    while (done_count < count)
        ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
}

/* --- the tests --- */

static void start(unsigned int width, unsigned int per_key)
{
    struct workers_width widths[LANE_MAX] = { { width, per_key }, { width, per_key } };

    workers = workers_new(base, widths);
}

static void setup(void)
{
    base = event_base_new();
    loop_thread = pthread_self();
    started_order[0] = done_order[0] = '\0';
    done_count = 0;
    atomic_store(&running_most, 0);
}

static void teardown(void)
{
    ck_assert(workers_free(workers, 60000));
    event_base_free(base);
}

START_TEST(runs_and_reports)
{
    struct task task;

    start(1, 1);
    task_init(&task, 'a', true);
    workers_submit(workers, LANE_CONTROL, NULL, &task.work);
    wait_done(1);
    ck_assert_uint_eq(task.nstarted, 1);
    ck_assert_uint_eq(task.ndone, 1);
    ck_assert(task.started_first);
}
END_TEST

START_TEST(started_is_optional)
{
    struct task task;

    start(1, 1);
    task_init(&task, 'a', true);
    task.work.started = NULL;
    workers_submit(workers, LANE_BULK, "k", &task.work);
    wait_done(1);
    ck_assert_uint_eq(task.nstarted, 0);
}
END_TEST

/* Without keys: never more at once than the width, in order. */
START_TEST(width)
{
    enum { MANY = 40 };
    static struct task tasks[MANY];

    start(3, 3);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], (char)('0' + i), i >= 3);
        workers_submit(workers, LANE_BULK, NULL, &tasks[i].work);
    }
    for (int i = 0; i < 3; i++)
        wait_entered(&tasks[i]);
    ck_assert(!has_entered(&tasks[3]));
    for (int i = 0; i < 3; i++)
        gate_open(&tasks[i]);
    wait_done(MANY);
    ck_assert_uint_le(atomic_load(&running_most), 3);
    for (int i = 0; i < MANY; i++)
        ck_assert(tasks[i].nstarted == 1 && tasks[i].ndone == 1 && tasks[i].started_first);
}
END_TEST

START_TEST(fifo)
{
    static struct task tasks[20];

    start(1, 1);
    for (int i = 0; i < 20; i++) {
        task_init(&tasks[i], (char)('a' + i), i > 0);
        workers_submit(workers, LANE_CONTROL, NULL, &tasks[i].work);
    }
    wait_entered(&tasks[0]);
    gate_open(&tasks[0]);
    wait_done(20);
    ck_assert_str_eq(started_order, "abcdefghijklmnopqrst");
    ck_assert_str_eq(done_order, "abcdefghijklmnopqrst");
}
END_TEST

/* A key has at most its bound, and its waiting work does not block what comes behind. */
START_TEST(per_key)
{
    struct task a1, a2, a3, b1;

    start(4, 2);
    task_init(&a1, '1', false);
    task_init(&a2, '2', false);
    task_init(&a3, '3', true);
    task_init(&b1, 'b', true);
    workers_submit(workers, LANE_BULK, "a", &a1.work);
    workers_submit(workers, LANE_BULK, "a", &a2.work);
    workers_submit(workers, LANE_BULK, "a", &a3.work);
    workers_submit(workers, LANE_BULK, "b", &b1.work);
    wait_entered(&a1);
    wait_entered(&a2);
    wait_done(1);
    ck_assert_str_eq(done_order, "b");
    ck_assert(!has_entered(&a3));
    gate_open(&a2);
    wait_done(3);
    ck_assert(has_entered(&a3));
    gate_open(&a1);
    wait_done(4);
}
END_TEST

/* The width is taken up by a stuck key: every other key may still start one. */
START_TEST(idle_key_starts_past_the_width)
{
    enum { KEYS = 8 };
    static struct task stuck[2], others[KEYS], second;

    start(2, 2);
    for (int i = 0; i < 2; i++) {
        task_init(&stuck[i], 's', false);
        workers_submit(workers, LANE_BULK, "stuck", &stuck[i].work);
    }
    for (int i = 0; i < 2; i++)
        wait_entered(&stuck[i]);
    for (int i = 0; i < KEYS; i++) {
        static char keys[KEYS][2];

        keys[i][0] = (char)('A' + i);
        task_init(&others[i], keys[i][0], false);
        workers_submit(workers, LANE_BULK, keys[i], &others[i].work);
    }
    for (int i = 0; i < KEYS; i++)
        wait_entered(&others[i]);
    task_init(&second, '2', true); /* but no second one past the width */
    workers_submit(workers, LANE_BULK, "A", &second.work);
    ck_assert(!has_entered(&second));
    gate_open(&others[0]);
    wait_done(2);
    ck_assert_str_eq(done_order, "A2");
    for (int i = 1; i < KEYS; i++)
        gate_open(&others[i]);
    for (int i = 0; i < 2; i++)
        gate_open(&stuck[i]);
    wait_done(2 + KEYS - 1 + 2);
}
END_TEST

/* What has no key waits for nothing that has one, only for its like. */
START_TEST(unkeyed_has_its_own_width)
{
    static struct task stuck[3], first, second;
    static const char *const keys[] = { "a", "b", "c" };

    start(1, 1);
    for (int i = 0; i < 3; i++) {
        task_init(&stuck[i], keys[i][0], false);
        workers_submit(workers, LANE_CONTROL, keys[i], &stuck[i].work);
    }
    for (int i = 0; i < 3; i++)
        wait_entered(&stuck[i]);
    task_init(&first, '1', false);
    task_init(&second, '2', true);
    workers_submit(workers, LANE_CONTROL, NULL, &first.work);
    workers_submit(workers, LANE_CONTROL, NULL, &second.work);
    wait_entered(&first);
    ck_assert(!has_entered(&second));
    gate_open(&first);
    wait_done(2);
    ck_assert_str_eq(done_order, "12");
    for (int i = 0; i < 3; i++)
        gate_open(&stuck[i]);
    wait_done(5);
}
END_TEST

/*
 * One end makes two pieces runnable, one by the width and one because its key
 * fell idle: both must start, for the first may be stuck.
 */
START_TEST(one_end_starts_two)
{
    struct task l1, k1, l2, k2;

    start(2, 2);
    task_init(&l1, 'l', false);
    task_init(&k1, 'k', false);
    task_init(&l2, 'L', false);
    task_init(&k2, 'K', false);
    workers_submit(workers, LANE_BULK, "l", &l1.work);
    workers_submit(workers, LANE_BULK, "k", &k1.work);
    wait_entered(&l1);
    wait_entered(&k1);
    workers_submit(workers, LANE_BULK, "l", &l2.work);
    workers_submit(workers, LANE_BULK, "k", &k2.work);
    gate_open(&k1);
    wait_entered(&l2);
    wait_entered(&k2);
    gate_open(&l1);
    gate_open(&l2);
    gate_open(&k2);
    wait_done(4);
}
END_TEST

/* A full bulk lane does not hold up the control lane. */
START_TEST(lanes_are_apart)
{
    struct task bulk, control;

    start(1, 1);
    task_init(&bulk, 'b', false);
    task_init(&control, 'c', true);
    workers_submit(workers, LANE_BULK, NULL, &bulk.work);
    wait_entered(&bulk);
    workers_submit(workers, LANE_CONTROL, NULL, &control.work);
    wait_done(1);
    ck_assert_str_eq(done_order, "c");
    gate_open(&bulk);
    wait_done(2);
}
END_TEST

START_TEST(withdraw)
{
    struct task first, second, third;

    start(1, 1);
    task_init(&first, '1', false);
    task_init(&second, '2', true);
    task_init(&third, '3', true);
    workers_submit(workers, LANE_BULK, "k", &first.work);
    workers_submit(workers, LANE_BULK, "k", &second.work);
    workers_submit(workers, LANE_BULK, "k", &third.work);
    wait_entered(&first);
    ck_assert(!workers_withdraw(workers, &first.work)); /* it has started */
    ck_assert(workers_withdraw(workers, &second.work));
    ck_assert(!workers_withdraw(workers, &second.work));
    gate_open(&first);
    wait_done(2);
    ck_assert_str_eq(done_order, "13");
    ck_assert(!workers_withdraw(workers, &third.work)); /* it is done */
    ck_assert_uint_eq(second.nstarted + second.ndone, 0);
    ck_assert(!has_entered(&second));
}
END_TEST

/* The last of the queue withdrawn: what is submitted behind still runs. */
START_TEST(withdraw_last)
{
    struct task first, last, next;

    start(1, 1);
    task_init(&first, '1', false);
    task_init(&last, '2', true);
    task_init(&next, '3', true);
    workers_submit(workers, LANE_BULK, NULL, &first.work);
    wait_entered(&first);
    workers_submit(workers, LANE_BULK, NULL, &last.work);
    ck_assert(workers_withdraw(workers, &last.work));
    workers_submit(workers, LANE_BULK, NULL, &next.work);
    gate_open(&first);
    wait_done(2);
    ck_assert_str_eq(done_order, "13");
}
END_TEST

/* Work may be handed in again by its own done, as a job does step by step. */
START_TEST(submit_from_done)
{
    struct task task;

    start(1, 1);
    task_init(&task, 'a', true);
    task.again = "k";
    task.again_count = 200;
    workers_submit(workers, LANE_CONTROL, "k", &task.work);
    wait_done(201);
    ck_assert_uint_eq(task.ndone, 201);
    ck_assert_uint_eq(task.nstarted, 201);
}
END_TEST

START_TEST(wider)
{
    struct task a, b, c;

    start(1, 3);
    task_init(&a, 'a', false);
    task_init(&b, 'b', false);
    task_init(&c, 'c', false);
    workers_submit(workers, LANE_BULK, NULL, &a.work);
    workers_submit(workers, LANE_BULK, NULL, &b.work);
    workers_submit(workers, LANE_BULK, NULL, &c.work);
    wait_entered(&a);
    ck_assert(!has_entered(&b));
    workers_set_width(workers, LANE_BULK, (struct workers_width){ 3, 3 });
    wait_entered(&b);
    wait_entered(&c);
    gate_open(&a);
    gate_open(&b);
    gate_open(&c);
    wait_done(3);
}
END_TEST

START_TEST(narrower)
{
    struct task a, b, c;

    start(2, 2);
    task_init(&a, 'a', false);
    task_init(&b, 'b', false);
    task_init(&c, 'c', true);
    workers_submit(workers, LANE_BULK, NULL, &a.work);
    workers_submit(workers, LANE_BULK, NULL, &b.work);
    wait_entered(&a);
    wait_entered(&b);
    workers_set_width(workers, LANE_BULK, (struct workers_width){ 1, 1 });
    workers_submit(workers, LANE_BULK, NULL, &c.work);
    gate_open(&a);
    wait_done(1);
    ck_assert(!has_entered(&c)); /* b still takes up the one place */
    gate_open(&b);
    wait_done(3);
}
END_TEST

/* A burst from the loop, both lanes, a few keys: each runs once, within its bounds. */
START_TEST(burst)
{
    enum { MANY = 3000 };
    static struct task tasks[MANY];
    static const char *const keys[] = { NULL, "a", "b", "c" };

    start(4, 2);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], '.', true);
        workers_submit(workers, i & 1 ? LANE_BULK : LANE_CONTROL, keys[i % 4], &tasks[i].work);
    }
    wait_done(MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert(tasks[i].nstarted == 1 && tasks[i].ndone == 1);
    /* a lane: its width, and one for each key that had none running */
    ck_assert_uint_le(atomic_load(&running_most), 2 * (4 + 3));
}
END_TEST

/* At the end: what is queued is forgotten, what runs is waited for, no done() is called. */
START_TEST(free_with_queue)
{
    struct task running, queued;

    start(1, 1);
    task_init(&running, 'r', false);
    task_init(&queued, 'q', true);
    workers_submit(workers, LANE_BULK, NULL, &running.work);
    workers_submit(workers, LANE_BULK, NULL, &queued.work);
    wait_entered(&running);
    gate_open(&running);
    ck_assert(workers_free(STEAL_PTR(workers), 60000));
    ck_assert(running.left);
    ck_assert_uint_eq(done_count, 0);
    ck_assert_uint_eq(queued.ndone, 0);
    workers_submit(NULL, LANE_BULK, NULL, &queued.work); /* nobody is there any more */
}
END_TEST

/* Stuck work: nothing is freed, and it can be tried again once it moves. */
START_TEST(free_with_stuck)
{
    struct task stuck;

    start(1, 1);
    task_init(&stuck, 's', false);
    workers_submit(workers, LANE_BULK, NULL, &stuck.work);
    wait_entered(&stuck);
    ck_assert(!workers_free(workers, 20));
    gate_open(&stuck);
    ck_assert(workers_free(STEAL_PTR(workers), 60000));
    ck_assert_uint_eq(done_count, 0);
}
END_TEST

START_TEST(free_idle)
{
    struct task task;

    start(2, 2);
    task_init(&task, 'a', true);
    workers_submit(workers, LANE_CONTROL, NULL, &task.work);
    wait_done(1);
    ck_assert(workers_free(STEAL_PTR(workers), 60000));
    ck_assert(workers_free(NULL, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("workers");
    TCase *tcase = tcase_create("workers");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, runs_and_reports);
    tcase_add_test(tcase, started_is_optional);
    tcase_add_test(tcase, width);
    tcase_add_test(tcase, fifo);
    tcase_add_test(tcase, per_key);
    tcase_add_test(tcase, idle_key_starts_past_the_width);
    tcase_add_test(tcase, unkeyed_has_its_own_width);
    tcase_add_test(tcase, one_end_starts_two);
    tcase_add_test(tcase, lanes_are_apart);
    tcase_add_test(tcase, withdraw);
    tcase_add_test(tcase, withdraw_last);
    tcase_add_test(tcase, submit_from_done);
    tcase_add_test(tcase, wider);
    tcase_add_test(tcase, narrower);
    tcase_add_test(tcase, burst);
    tcase_add_test(tcase, free_with_queue);
    tcase_add_test(tcase, free_with_stuck);
    tcase_add_test(tcase, free_idle);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
