/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/monitors.c: many threads on many monitors, and the end of all: with
 * calls waiting, and with monitors that outlive it.
 */

#include "hypervisor/qemu/monitor.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "jobs/ctl.h"
#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

enum { PEERS = 8, THREADS_EACH = 4, CALLS = 200, WAITERS = 16 };

static struct peer peers[PEERS];

/* --- many --- */

/* Echoes the argument, with an event before every fourth answer. */
static void echo_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;
    unsigned int n = 0;

    (void)opaque;
    fake_qemu_greet(qemu);
    while ((command = fake_qemu_read(qemu))) {
        _cleanup_free_ char *value = json_dumps(
            json_object_get(json_object_get(command, "arguments"), "n"), JSON_ENCODE_ANY);

        if (n++ % 4 == 0)
            fake_qemu_say(qemu, "{\"event\":\"TICK\"}");
        fake_qemu_return(qemu, command, value ? value : "null");
    }
}

struct caller {
    pthread_t thread;
    struct monitor *monitor; /* a reference of its own */
    int start;
};

/* One call in eight gives up at once, one waits for an event. */
static void call_once(struct monitor *monitor, int n)
{
    static const char *const names[] = { "TICK", NULL };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    unsigned long mark = monitor_event_mark(monitor);
    int timeout = n % 8 == 3 ? 0 : -1;
    json_t *value = NULL;

    if (monitor_call(monitor, "echo", json_pack("{s:i}", "n", n), -1, NULL, timeout, &value,
                     &err) == 0) {
        ck_assert_int_eq(json_integer_value(value), n);
        json_decref(value);
    } else {
        ck_assert_int_eq(timeout, 0);
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_TIMEOUT);
        verror_clear(&err);
    }
    if (n % 8 == 5 && monitor_wait_event(monitor, names, mark, NULL, 0, NULL, &err) < 0)
        ck_assert_int_eq(err.code, VIR_ERR_OPERATION_TIMEOUT);
}

static void *caller_main(void *opaque)
{
    struct caller *caller = opaque;

    for (int i = 0; i < CALLS; i++)
        call_once(caller->monitor, caller->start + i);
    monitor_unref(caller->monitor);
    return NULL;
}

static void ignore_event(struct peer *peer, const char *name)
{
    ck_assert_str_eq(name, "TICK");
    peer->events[0] = '\0'; /* they would not fit */
}

START_TEST(many)
{
    struct caller callers[PEERS * THREADS_EACH];

    for (int i = 0; i < PEERS; i++) {
        peer_open(&peers[i], echo_script, NULL);
        peers[i].on_event = ignore_event;
    }
    for (int i = 0; i < PEERS * THREADS_EACH; i++) {
        callers[i] = (struct caller){ .monitor = monitor_ref(peers[i % PEERS].monitor),
                                      .start = i * CALLS };
        ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]), 0);
    }
    for (int i = 0; i < PEERS * THREADS_EACH; i++)
        pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < PEERS; i++) {
        ck_assert_str_eq(call_text(peers[i].monitor, "echo"), "null");
        ck_assert_uint_eq(peer_nclosed(&peers[i]), 0);
        peer_close(&peers[i]);
    }
}
END_TEST

/* The monitor may have gone before it can greet. */
static void short_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_say(qemu, "{\"QMP\": {}}");
    fake_qemu_serve(qemu);
}

/* Each opens monitors, talks, and drops them without a word to the loop. */
static void *opener_main(void *opaque)
{
    (void)opaque;
    for (int i = 0; i < 20; i++) {
        struct fake_qemu *qemu;
        struct monitor *monitor;
        int fd;

        qemu = fake_qemu_start(short_script, NULL, &fd);
        monitor = monitor_open(loop_monitors, fd, NULL, NULL);
        if (i % 2 == 0)
            ck_assert_str_eq(call_text(monitor, "hello"), "{}");
        monitor_unref(monitor);
        fake_qemu_stop(qemu);
    }
    return NULL;
}

START_TEST(open_by_workers)
{
    pthread_t threads[8];

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, opener_main, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
}
END_TEST

/* --- the end --- */

/* Reads a command if one comes, and never answers. */
static void mute_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    if (opaque)
        fake_qemu_greet(qemu);
    while ((command = fake_qemu_read(qemu))) {
        if (opaque)
            pthread_barrier_wait(opaque);
        json_decref(command);
    }
}

struct waiter {
    pthread_t thread;
    struct monitor *monitor;
    bool for_event;
    int code;
    char why[128];
};

static void *waiter_main(void *opaque)
{
    static const char *const names[] = { "NEVER", NULL };
    struct waiter *waiter = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (waiter->for_event)
        (void)monitor_wait_event(waiter->monitor, names, 0, NULL, -1, NULL, &err);
    else
        (void)monitor_call(waiter->monitor, "ask", NULL, -1, NULL, -1, NULL, &err);
    waiter->code = err.code;
    (void)snprintf(waiter->why, sizeof(waiter->why), "%s", verror_text(&err));
    return NULL;
}

static void stop_monitors(void *unused _unused_)
{
    monitors_stop(loop_monitors);
}

static void check_stopped(struct monitor *monitor)
{
    static const char *const names[] = { "NEVER", NULL };
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_str_eq(call_text(monitor, "more"), "9 operation failed: virtjobd is stopping");
    ck_assert_int_eq(monitor_wait_event(monitor, names, 0, NULL, -1, NULL, &err), -1);
    ck_assert_str_eq(verror_text(&err), "operation failed: virtjobd is stopping");
}

static void check_born_closed(void)
{
    int fds[2];
    char byte;
    struct monitor *monitor;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    monitor = monitor_open(loop_monitors, fds[0], &peer_handler, NULL);
    ck_assert_int_eq(read(fds[1], &byte, 1), 0);
    check_stopped(monitor);
    monitor_unref(monitor);
    (void)close(fds[1]);
}

/* In flight, queued behind it, and for events; wherever they are, they end. */
START_TEST(stop_while_waiting)
{
    struct waiter waiters[WAITERS];
    pthread_barrier_t asked;
    struct peer *peer = &peers[0];

    ck_assert_int_eq(pthread_barrier_init(&asked, NULL, 2), 0);
    peer_open(peer, mute_script, &asked);
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){ .monitor = peer->monitor, .for_event = i % 2 };
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, waiter_main, &waiters[i]), 0);
    }
    pthread_barrier_wait(&asked); /* at least one is in flight */
    on_loop(stop_monitors, NULL);
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert_int_eq(waiters[i].code, VIR_ERR_OPERATION_FAILED);
        ck_assert_str_eq(waiters[i].why, "operation failed: virtjobd is stopping");
    }
    check_stopped(peer->monitor);
    check_born_closed();
    ck_assert_uint_eq(peer_nclosed(peer), 0);
    peer_close(peer);
    pthread_barrier_destroy(&asked);
}
END_TEST

/* As the daemon ends: the loop has gone when the last references are dropped. */
START_TEST(references_outlive_all)
{
    struct monitor *monitor;

    for (int i = 0; i < PEERS; i++)
        peer_open(&peers[i], mute_script, NULL);
    monitor = monitor_ref(peers[0].monitor);
    loop_end();
    check_stopped(monitor);
    for (int i = 0; i < PEERS; i++) {
        ck_assert_uint_eq(peer_nclosed(&peers[i]), 0);
        peer_close(&peers[i]);
    }
    check_stopped(monitor);
    monitor_unref(monitor);
}
END_TEST

static atomic_uint ndone;

static void count_done(void *opaque, json_t *value, struct verror *err)
{
    (void)opaque;
    ck_assert_ptr_null(value);
    ck_assert_int_eq(err->code, VIR_ERR_OPERATION_FAILED);
    if (atomic_fetch_add(&ndone, 1) == 0) /* one more from within: it ends too */
        monitor_send(peers[0].monitor, "again", NULL, 1000, count_done, NULL);
}

static void send_one(void *unused _unused_)
{
    monitor_send(peers[0].monitor, "one", NULL, 60000, count_done, NULL);
    monitors_stop(loop_monitors);
    ck_assert_uint_eq(atomic_load(&ndone), 0); /* the loop's own go on */
}

START_TEST(end_with_sends)
{
    peer_open(&peers[0], mute_script, NULL);
    on_loop(send_one, NULL);
    loop_end();
    ck_assert_uint_eq(atomic_load(&ndone), 2);
    peer_close(&peers[0]);
}
END_TEST

START_TEST(nothing_at_all)
{
    monitors_stop(NULL);
    monitors_free(NULL);
    monitor_unref(NULL);
    loop_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitors");
    TCase *tcase = tcase_create("monitors");

    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, loop_start, loop_stop);
    tcase_add_test(tcase, many);
    tcase_add_test(tcase, open_by_workers);
    tcase_add_test(tcase, stop_while_waiting);
    tcase_add_test(tcase, references_outlive_all);
    tcase_add_test(tcase, end_with_sends);
    tcase_add_test(tcase, nothing_at_all);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
