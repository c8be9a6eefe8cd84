/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/pipe.c: order, holes, full and empty, the end, a break, a cancel; who is woken. */

#include "util/pipe.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "protocol/macros.h"
#include "scratch.h"

enum { PIECE = 256 * 1024 };

static struct pipe *queue;
static int cancel_fd;

static void setup(void)
{
    queue = pipe_new();
    ck_assert_ptr_nonnull(queue);
    cancel_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_ge(cancel_fd, 0);
}

static void teardown(void)
{
    pipe_unref(queue);
    (void)close(cancel_fd);
}

static bool loop_is_woken(void)
{
    struct pollfd polled = { .fd = pipe_loop_fd(queue), .events = POLLIN };
    bool woken = poll(&polled, 1, 0) == 1;

    pipe_seen(queue);
    return woken;
}

static void put(enum pipe_side side, const char *text)
{
    struct pipe_piece *piece = pipe_piece_new(strlen(text), false);

    memcpy(pipe_piece_data(piece), text, strlen(text));
    pipe_put(queue, side, piece);
}

static void put_large(enum pipe_side side)
{
    struct pipe_piece *piece = pipe_piece_new(PIECE, false);

    memset(pipe_piece_data(piece), 'x', PIECE);
    pipe_put(queue, side, piece);
}

static void fill(enum pipe_side side)
{
    while (!pipe_is_full(queue))
        put_large(side);
}

static void expect_text(enum pipe_side side, const char *text)
{
    struct pipe_piece *piece = pipe_take(queue, side);

    ck_assert_ptr_nonnull(piece);
    ck_assert_uint_eq(piece->len, strlen(text));
    ck_assert_ptr_nonnull(piece->block);
    ck_assert_mem_eq(pipe_piece_data(piece), text, strlen(text));
    pipe_piece_free(piece);
}

static void expect_hole(enum pipe_side side, uint64_t len)
{
    struct pipe_piece *piece = pipe_take(queue, side);

    ck_assert_ptr_nonnull(piece);
    ck_assert_ptr_null(piece->block);
    ck_assert_uint_eq(piece->len, len);
    pipe_piece_free(piece);
}

START_TEST(test_order)
{
    ck_assert(pipe_is_empty(queue));
    ck_assert_ptr_null(pipe_take(queue, PIPE_WORKER));
    put(PIPE_LOOP, "one");
    pipe_put(queue, PIPE_LOOP, pipe_piece_new(1ULL << 60, true));
    put(PIPE_LOOP, "two");
    ck_assert(!pipe_is_empty(queue));
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_OPEN);
    expect_text(PIPE_WORKER, "one");
    expect_hole(PIPE_WORKER, 1ULL << 60);
    expect_text(PIPE_WORKER, "two");
    ck_assert(pipe_is_empty(queue));
    ck_assert(!loop_is_woken());
}
END_TEST

START_TEST(test_full)
{
    fill(PIPE_WORKER);
    ck_assert(loop_is_woken());
    put_large(PIPE_WORKER); /* it is the one who puts that looks */
    ck_assert_msg(!loop_is_woken(), "woken though it had not been empty");
    while (pipe_is_full(queue))
        pipe_piece_free(pipe_take(queue, PIPE_LOOP));
    ck_assert_int_eq(pipe_wait_room(queue, cancel_fd), PIPE_OPEN);
    ck_assert(!pipe_is_empty(queue));
}
END_TEST

/* Holes have no bytes, but a client may send any number of them. */
START_TEST(test_full_of_holes)
{
    unsigned int count = 0;

    for (; !pipe_is_full(queue); count++)
        pipe_put(queue, PIPE_LOOP, pipe_piece_new(1, true));
    ck_assert_uint_le(count, PIPE_FULL / PIPE_PIECE_COST);
    expect_hole(PIPE_WORKER, 1);
    ck_assert(!pipe_is_full(queue));
    ck_assert(loop_is_woken());
}
END_TEST

START_TEST(test_end)
{
    put(PIPE_LOOP, "last");
    pipe_end(queue, PIPE_LOOP);
    put(PIPE_LOOP, "too late");
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_OPEN);
    expect_text(PIPE_WORKER, "last");
    ck_assert_ptr_null(pipe_take(queue, PIPE_WORKER));
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_ENDED);
}
END_TEST

START_TEST(test_break)
{
    fill(PIPE_WORKER);
    pipe_break(queue, PIPE_LOOP);
    ck_assert(pipe_is_empty(queue));
    ck_assert_int_eq(pipe_wait_room(queue, cancel_fd), PIPE_BROKEN);
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_BROKEN);
    put(PIPE_WORKER, "dropped");
    ck_assert_ptr_null(pipe_take(queue, PIPE_LOOP));
    (void)loop_is_woken();
    pipe_break(queue, PIPE_WORKER);
    ck_assert(loop_is_woken());
}
END_TEST

START_TEST(test_cancel)
{
    ck_assert_int_eq(eventfd_write(cancel_fd, 1), 0);
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_CANCELLED);
    fill(PIPE_WORKER);
    ck_assert_int_eq(pipe_wait_room(queue, cancel_fd), PIPE_CANCELLED);
    /* what is there is still had */
    ck_assert_int_eq(pipe_wait_piece(queue, cancel_fd), PIPE_OPEN);
}
END_TEST

/* The worker's side of the tests below; what it was told last is the result. */
static void *wait_for_piece(void *unused _unused_)
{
    return (void *)(uintptr_t)pipe_wait_piece(queue, cancel_fd);
}

static void *wait_for_room(void *unused _unused_)
{
    return (void *)(uintptr_t)pipe_wait_room(queue, cancel_fd);
}

static bool sleeps(pid_t task)
{
    char path[64], state = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)task);
    file = fopen(path, "re");
    if (file) {
        (void)!fscanf(file, "%*d (%*[^)]) %c", &state);
        (void)fclose(file);
    }
    return state == 'S';
}

static atomic_int worker_tid;

struct waiter {
    void *(*wait)(void *unused);
    pthread_t thread;
};

static void *run_waiter(void *opaque)
{
    const struct waiter *waiter = opaque;

    worker_tid = gettid();
    return waiter->wait(NULL);
}

/* Returns once it sleeps in its poll(). */
static void waiter_start(struct waiter *waiter, void *(*wait)(void *unused))
{
    waiter->wait = wait;
    worker_tid = 0;
    ck_assert_int_eq(pthread_create(&waiter->thread, NULL, run_waiter, waiter), 0);
    while (worker_tid == 0 || !sleeps(worker_tid))
        (void)sched_yield();
}

static enum pipe_state waiter_result(struct waiter *waiter)
{
    void *result;

    ck_assert_int_eq(pthread_join(waiter->thread, &result), 0);
    return (enum pipe_state)(uintptr_t)result;
}

START_TEST(test_worker_is_woken)
{
    struct waiter waiter;

    waiter_start(&waiter, wait_for_piece);
    put(PIPE_LOOP, "here");
    ck_assert_int_eq(waiter_result(&waiter), PIPE_OPEN);
    expect_text(PIPE_WORKER, "here");

    fill(PIPE_WORKER);
    waiter_start(&waiter, wait_for_room);
    while (pipe_is_full(queue))
        pipe_piece_free(pipe_take(queue, PIPE_LOOP));
    ck_assert_int_eq(waiter_result(&waiter), PIPE_OPEN);
    while (!pipe_is_empty(queue))
        pipe_piece_free(pipe_take(queue, PIPE_LOOP));

    waiter_start(&waiter, wait_for_piece);
    pipe_end(queue, PIPE_LOOP);
    ck_assert_int_eq(waiter_result(&waiter), PIPE_ENDED);
}
END_TEST

START_TEST(test_worker_is_stopped)
{
    struct waiter waiter;

    waiter_start(&waiter, wait_for_piece);
    pipe_break(queue, PIPE_LOOP);
    ck_assert_int_eq(waiter_result(&waiter), PIPE_BROKEN);
}
END_TEST

START_TEST(test_worker_is_cancelled)
{
    struct waiter waiter;

    waiter_start(&waiter, wait_for_piece);
    ck_assert_int_eq(eventfd_write(cancel_fd, 1), 0);
    ck_assert_int_eq(waiter_result(&waiter), PIPE_CANCELLED);
}
END_TEST

/* Each side frees it in its own time; what is in it goes with the last. */
START_TEST(test_references)
{
    struct pipe *other = pipe_ref(queue);

    put(PIPE_LOOP, "left behind");
    pipe_unref(queue);
    queue = other;
    expect_text(PIPE_WORKER, "left behind");
    put(PIPE_LOOP, "never taken");
    pipe_unref(NULL);
    pipe_piece_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipe");
    TCase *tcase = tcase_create("pipe");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_order);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_full_of_holes);
    tcase_add_test(tcase, test_end);
    tcase_add_test(tcase, test_break);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_worker_is_woken);
    tcase_add_test(tcase, test_worker_is_stopped);
    tcase_add_test(tcase, test_worker_is_cancelled);
    tcase_add_test(tcase, test_references);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
