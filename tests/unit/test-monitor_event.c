/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/monitor_event.c: waiting for events to come, events that have come, the
 * bounds of what is remembered, and closing from within a handler.
 */

#include "hypervisor/qemu/monitor_internal.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "jobs/ctl.h"
#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

static struct peer peer;

/* For each command first an event of that name, then the answer. */
static void tell_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    (void)opaque;
    fake_qemu_greet(qemu);
    while ((command = fake_qemu_read(qemu))) {
        const char *name = json_string_value(json_object_get(command, "execute"));

        fake_qemu_say(qemu, "{\"event\":\"%s\",\"data\":{\"of\":\"%s\"}}", name, name);
        fake_qemu_return(qemu, command, "{}");
    }
}

static int wait_for(const char *const *names, unsigned long since, int timeout_ms,
                    const char *expected)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *data = NULL;
    int which = monitor_wait_event(peer.monitor, names, since, NULL, timeout_ms, &data, &err);

    if (which < 0) {
        ck_assert_ptr_null(data);
        ck_assert_str_eq(verror_text(&err), expected);
    } else {
        ck_assert_str_eq(json_string_value(json_object_get(data, "of")), expected);
        json_decref(data);
    }
    return which;
}

START_TEST(since_the_mark)
{
    static const char *const stop[] = { "STOP", NULL };
    static const char *const both[] = { "RESUME", "STOP", NULL };
    unsigned long start, mark;

    peer_open(&peer, tell_script, NULL);
    start = monitor_event_mark(peer.monitor);
    ck_assert_uint_eq(start, 0);
    ck_assert_str_eq(call_text(peer.monitor, "STOP"), "{}");
    mark = monitor_event_mark(peer.monitor);
    ck_assert_uint_eq(mark, 1);
    /* it came before the answer, and is still known */
    ck_assert_int_eq(wait_for(stop, start, -1, "STOP"), 0);
    ck_assert_int_eq(wait_for(both, start, -1, "STOP"), 1);
    /* not after the mark */
    ck_assert_int_eq(wait_for(stop, mark, 5, "Timed out during operation: QEMU has not sent STOP "
                                             "within 5 ms"), -1);
    ck_assert_int_eq(wait_for(both, mark, 5, "Timed out during operation: QEMU has not sent RESUME "
                                             "or … within 5 ms"), -1);
    ck_assert_str_eq(call_text(peer.monitor, "RESUME"), "{}");
    ck_assert_str_eq(call_text(peer.monitor, "STOP"), "{}");
    /* the first that came, not the first that was named */
    ck_assert_int_eq(wait_for(both, mark, -1, "RESUME"), 0);
    ck_assert_int_eq(wait_for(both, mark + 1, -1, "STOP"), 1);
    ck_assert_str_eq(peer_events(&peer, 3),
                     "STOP{\"of\":\"STOP\"} RESUME{\"of\":\"RESUME\"} STOP{\"of\":\"STOP\"} ");
    peer_close(&peer);
}
END_TEST

/* A worker that waits before the event comes. */
struct waiter {
    pthread_t thread;
    struct job_ctl *ctl;
    int which, code;
    char why[256];
};

static void *wait_thread(void *opaque)
{
    static const char *const names[] = { "A", "B", NULL };
    struct waiter *waiter = opaque;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    waiter->which = monitor_wait_event(peer.monitor, names, 0, waiter->ctl, -1, NULL, &err);
    waiter->code = err.code;
    (void)snprintf(waiter->why, sizeof(waiter->why), "%s", verror_text(&err));
    return NULL;
}

static void count_waiters(void *opaque)
{
    struct request *request;
    int n = 0;

    for (request = peer.monitor->waiters; request; request = request->next)
        n += !request_is_over(request);
    *(int *)opaque = n;
}

static void start_waiters(struct waiter *waiters, int n)
{
    int waiting;

    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, wait_thread, &waiters[i]), 0);
    do {
        on_loop(count_waiters, &waiting);
    } while (waiting < n);
}

START_TEST(waits_for_it)
{
    struct waiter waiters[8] = { 0 };

    peer_open(&peer, tell_script, NULL);
    start_waiters(waiters, ARRAY_SIZE(waiters));
    ck_assert_str_eq(call_text(peer.monitor, "OTHER"), "{}");
    ck_assert_str_eq(call_text(peer.monitor, "B"), "{}");
    for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert_int_eq(waiters[i].which, 1);
        ck_assert_int_eq(waiters[i].code, 0);
    }
    peer_close(&peer);
}
END_TEST

START_TEST(cancelled)
{
    struct waiter waiter = { 0 };
    struct job_ctl ctl;
    int waiting;

    job_ctl_init(&ctl);
    waiter.ctl = &ctl;
    peer_open(&peer, tell_script, NULL);
    start_waiters(&waiter, 1);
    job_ctl_cancel(&ctl);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.which, -1);
    ck_assert_int_eq(waiter.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_str_eq(waiter.why, "operation aborted: cancelled before QEMU has sent A or …");
    on_loop(count_waiters, &waiting);
    ck_assert_int_eq(waiting, 0);
    ck_assert_str_eq(call_text(peer.monitor, "A"), "{}"); /* for nobody */
    peer_close(&peer);
    job_ctl_done(&ctl);
}
END_TEST

static void end_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_greet(qemu);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "quit"), "{}");
    fake_qemu_say(qemu, "{\"event\":\"SHUTDOWN\",\"data\":{\"of\":\"SHUTDOWN\"}}");
}

START_TEST(end_while_waiting)
{
    static const char *const shutdown[] = { "SHUTDOWN", NULL };
    static const char *const other[] = { "OTHER", NULL };
    struct waiter waiter = { 0 };

    peer_open(&peer, end_script, NULL);
    start_waiters(&waiter, 1);
    ck_assert_str_eq(call_text(peer.monitor, "quit"), "{}");
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.which, -1);
    ck_assert_str_eq(waiter.why, "operation failed: QEMU has closed its monitor");
    ck_assert_str_eq(peer_why(&peer), "operation failed: QEMU has closed its monitor");
    /* what has come is known, what has not will not come */
    ck_assert_int_eq(wait_for(shutdown, 0, -1, "SHUTDOWN"), 0);
    ck_assert_int_eq(wait_for(other, 0, -1, "operation failed: QEMU has closed its monitor"), -1);
    peer_close(&peer);
}
END_TEST

/* --- what is remembered --- */

enum { FLOOD = 3 * EVENTS_KEPT };

/* N1, N2, …, each with so much in it. */
struct flood {
    int n;
    size_t size;
};

static void flood_script(struct fake_qemu *qemu, void *opaque)
{
    const struct flood *flood = opaque;
    _cleanup_free_ char *filler = xmalloc(flood->size + 1);

    memset(filler, 'x', flood->size);
    filler[flood->size] = '\0';
    fake_qemu_greet(qemu);
    for (int i = 1; i <= flood->n; i++)
        fake_qemu_say(qemu, "{\"event\":\"N%d\",\"data\":{\"of\":\"N%d\",\"x\":\"%s\"}}", i, i,
                      filler);
    fake_qemu_serve(qemu);
}

/* timeout_ms: -1 for what must be known, a moment for what must not. */
static bool is_known(int i, int timeout_ms)
{
    _cleanup_free_ char *name = xasprintf("N%d", i);
    const char *const names[] = { name, NULL };
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (monitor_wait_event(peer.monitor, names, 0, NULL, timeout_ms, NULL, &err) == 0)
        return true;
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_TIMEOUT);
    return false;
}

START_TEST(remembers_the_last)
{
    struct flood flood = { FLOOD, 1 };

    peer_open(&peer, flood_script, &flood);
    ck_assert_str_eq(call_text(peer.monitor, "sync"), "{}");
    ck_assert_uint_eq(monitor_event_mark(peer.monitor), FLOOD);
    ck_assert(is_known(FLOOD, -1));
    ck_assert(is_known(FLOOD - EVENTS_KEPT + 1, -1));
    ck_assert(!is_known(FLOOD - EVENTS_KEPT, 20));
    ck_assert(!is_known(1, 20));
    peer_close(&peer);
}
END_TEST

static void read_size(void *opaque)
{
    *(size_t *)opaque = peer.monitor->events_size;
}

START_TEST(remembers_not_much)
{
    struct flood flood = { 10, EVENTS_KEPT_SIZE / 4 };
    size_t kept;

    peer_open(&peer, flood_script, &flood);
    ck_assert_str_eq(call_text(peer.monitor, "sync"), "{}");
    ck_assert(is_known(10, -1));
    ck_assert(is_known(8, -1));
    ck_assert(!is_known(7, 20));
    on_loop(read_size, &kept);
    ck_assert_uint_le(kept, EVENTS_KEPT_SIZE);
    peer_close(&peer);
}
END_TEST

START_TEST(remembers_a_huge_one)
{
    struct flood flood = { 3, EVENTS_KEPT_SIZE * 2 };

    peer_open(&peer, flood_script, &flood);
    ck_assert_str_eq(call_text(peer.monitor, "sync"), "{}");
    ck_assert(is_known(3, -1));
    ck_assert(!is_known(2, 20));
    peer_close(&peer);
}
END_TEST

/* --- closing within a handler --- */

static void crowd_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_greet(qemu);
    json_decref(fake_qemu_expect(qemu, "ask"));
    /* all in one write: the handler must not see the second */
    fake_qemu_say(qemu, "%s", "{\"event\":\"FIRST\"}\n{\"event\":\"SECOND\"}\n"
                              "{\"event\":\"THIRD\"}");
    fake_qemu_expect_end(qemu);
}

static void close_it(struct peer *at, const char *name)
{
    ck_assert_str_eq(name, "FIRST");
    ck_assert(monitor_is_open(at->monitor));
    monitor_close(at->monitor);
    ck_assert(!monitor_is_open(at->monitor));
    monitor_close(at->monitor); /* again does nothing */
}

static void unref_it(struct peer *at, const char *name)
{
    ck_assert_str_eq(name, "FIRST");
    monitor_ref(at->monitor);
    monitor_unref(at->monitor); /* not the last */
    monitor_close(at->monitor);
}

static void (*const closers[])(struct peer *at, const char *name) = { close_it, unref_it };

START_TEST(close_in_handler)
{
    peer_open(&peer, crowd_script, NULL);
    peer.on_event = closers[_i]; /* before "ask", nothing is said */
    ck_assert_str_eq(call_text(peer.monitor, "ask"),
                     "9 operation failed: QEMU's monitor was closed");
    ck_assert_str_eq(peer_events(&peer, 1), "FIRST ");
    peer_close(&peer);
    ck_assert_uint_eq(peer_nclosed(&peer), 0);
    ck_assert_uint_eq(peer.nevents, 1);
}
END_TEST

/* The last reference goes in the handler. */
static void drop_it(struct peer *at, const char *name)
{
    ck_assert_str_eq(name, "FIRST");
    monitor_unref(STEAL_PTR(at->monitor));
}

static void send_ask(void *opaque)
{
    monitor_send(((struct peer *)opaque)->monitor, "ask", NULL, -1, NULL, NULL);
}

START_TEST(last_reference_in_handler)
{
    peer_open(&peer, crowd_script, NULL);
    peer.on_event = drop_it;
    on_loop(send_ask, &peer);
    ck_assert_str_eq(peer_events(&peer, 1), "FIRST ");
    peer_close(&peer); /* the script has seen the end */
    ck_assert_uint_eq(peer.nevents, 1);
    ck_assert_uint_eq(peer.nclosed, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor_event");
    TCase *tcase = tcase_create("monitor_event");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, loop_start, loop_stop);
    tcase_add_test(tcase, since_the_mark);
    tcase_add_test(tcase, waits_for_it);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, end_while_waiting);
    tcase_add_test(tcase, remembers_the_last);
    tcase_add_test(tcase, remembers_not_much);
    tcase_add_test(tcase, remembers_a_huge_one);
    tcase_add_loop_test(tcase, close_in_handler, 0, ARRAY_SIZE(closers));
    tcase_add_test(tcase, last_reference_in_handler);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
