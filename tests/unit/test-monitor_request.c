/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/monitor_request.c: requests of the loop itself, with callbacks, and the
 * client's own commands.
 */

#include "hypervisor/qemu/monitor.h"

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

static struct peer peer;

/* What done() got; written on the loop, read by the test after the counter. */
static char got[1024];
static atomic_uint ndone;
static bool sending; /* loop: monitor_send() has not returned yet */

static void note_done(void *opaque, json_t *value, struct verror *err)
{
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    size_t used = strlen(got);

    ck_assert_ptr_eq(opaque, &peer);
    ck_assert(!sending);
    ck_assert((value == NULL) == (err->code != 0));
    (void)snprintf(got + used, sizeof(got) - used, "%s;", text ? text : verror_text(err));
    atomic_fetch_add(&ndone, 1);
}

static const char *wait_done(unsigned int n)
{
    while (atomic_load(&ndone) < n)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    return got;
}

struct order {
    const char *command;
    int timeout_ms;
};

static void send_order(void *opaque)
{
    const struct order *order = opaque;

    sending = true;
    monitor_send(peer.monitor, order->command, json_pack("{s:i}", "n", 1), order->timeout_ms,
                 note_done, &peer);
    sending = false;
}

static void send_it(const char *command, int timeout_ms)
{
    struct order order = { command, timeout_ms };

    on_loop(send_order, &order);
}

static void send_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    (void)opaque;
    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "one");
    FAKE_MUST(json_integer_value(json_object_get(json_object_get(command, "arguments"), "n")) == 1);
    fake_qemu_return(qemu, command, "{\"a\":1}");
    fake_qemu_refuse(qemu, fake_qemu_expect(qemu, "two"), "GenericError", "no");
    fake_qemu_expect_end(qemu);
}

START_TEST(send_and_done)
{
    peer_open(&peer, send_script, NULL);
    send_it("one", -1);
    send_it("two", 60000);
    ck_assert_str_eq(wait_done(2), "{\"a\": 1};operation failed: QEMU refuses 'two': no;");
    peer_close(&peer);
    ck_assert_uint_eq(atomic_load(&ndone), 2);
}
END_TEST

static void hang_script(struct fake_qemu *qemu, void *opaque)
{
    atomic_bool *awake = opaque;
    json_t *command;

    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "one");
    while (!atomic_load(awake))
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    fake_qemu_return(qemu, command, "\"late\"");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "three"), "3");
    fake_qemu_expect_end(qemu);
}

START_TEST(send_times_out)
{
    atomic_bool awake = false;

    peer_open(&peer, hang_script, &awake);
    send_it("one", 400);
    send_it("two", 20); /* behind the first; its own limit counts */
    ck_assert_str_eq(wait_done(1), "Timed out during operation: QEMU has not answered 'two' within "
                                   "20 ms;");
    wait_done(2);
    atomic_store(&awake, true);
    send_it("three", -1);
    ck_assert_str_eq(wait_done(3), "Timed out during operation: QEMU has not answered 'two' within "
                                   "20 ms;Timed out during operation: QEMU has not answered 'one' "
                                   "within 400 ms;3;");
    peer_close(&peer);
    ck_assert_uint_eq(atomic_load(&ndone), 3);
}
END_TEST

/* After monitor_close() has returned, nothing is called any more: all opaques may go. */
static void send_and_close(void *opaque)
{
    (void)opaque;
    monitor_send(peer.monitor, "one", NULL, 1000, note_done, &peer);
    monitor_send(peer.monitor, "two", NULL, -1, note_done, &peer);
    monitor_close(peer.monitor);
    ck_assert_uint_eq(atomic_load(&ndone), 2);
    monitor_send(peer.monitor, "three", NULL, -1, note_done, &peer);
    ck_assert_uint_eq(atomic_load(&ndone), 2);
    monitor_close(peer.monitor);
    ck_assert_uint_eq(atomic_load(&ndone), 3);
}

static void end_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_expect_end(qemu);
}

START_TEST(close_ends_all)
{
    peer_open(&peer, end_script, NULL);
    on_loop(send_and_close, NULL);
    ck_assert_str_eq(got, "operation failed: QEMU's monitor was closed;"
                          "operation failed: QEMU's monitor was closed;"
                          "operation failed: QEMU's monitor was closed;");
    peer_close(&peer);
    ck_assert_uint_eq(atomic_load(&ndone), 3);
}
END_TEST

/* --- the client's own --- */

static const struct {
    const char *line;      /* of the client */
    const char *sent;      /* what QEMU sees; "@" stands for our id */
    const char *said;      /* what QEMU answers; "@" likewise */
    const char *reply;     /* what the client gets */
} raw[] = {
    { "{\"execute\":\"a\"}", "{\"id\":@,\"execute\":\"a\"}", "{\"return\":{},\"id\":@}",
      "{\"return\": {}}" },
    { "{\"execute\":\"a\",\"id\":\"mine\"}", "{\"execute\":\"a\",\"id\":\"mine\"}",
      "{\"return\":{},\"id\":\"mine\"}", "{\"id\": \"mine\", \"return\": {}}" },
    { "{\"execute\":\"a\",\"id\":null}", "{\"execute\":\"a\",\"id\":null}",
      "{\"return\":{},\"id\":null}", "{\"id\": null, \"return\": {}}" },
    { "{\"execute\":\"a\",\"id\":18446744073709551615}",
      "{\"execute\":\"a\",\"id\":18446744073709551615}",
      "{\"return\":{},\"id\":18446744073709551615}",
      "{\"id\": 1.8446744073709552e19, \"return\": {}}" },
    /* numbers and spelling as the client has them */
    { " { \"execute\" : \"a\", \"arguments\": {\"x\": 18446744073709551615, \"y\": 1.10}}",
      "{\"id\":@, \"execute\" : \"a\", \"arguments\": {\"x\": 18446744073709551615, \"y\": 1.10}}",
      "{\"return\":18446744073709551615,\"id\":@}", "{\"return\": 1.8446744073709552e19}" },
    { "{}", "{\"id\":@}", "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"},\"id\":@}",
      "{\"error\": {\"class\": \"GenericError\", \"desc\": \"d\"}}" },
    { "{\"execute\":7}", "{\"id\":@,\"execute\":7}",
      "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error\"}}",
      "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}" },
};

static char *put_id(const char *text, long id)
{
    const char *at = strchr(text, '@');

    return at ? xasprintf("%.*s%ld%s", (int)(at - text), text, id, at + 1) : xstrdup(text);
}

static void raw_script(struct fake_qemu *qemu, void *opaque)
{
    int which = *(int *)opaque;
    /* qmp_capabilities is the second to be numbered: the client's command was posted before */
    long id = 1;
    _cleanup_free_ char *line = NULL, *sent = put_id(raw[which].sent, id);
    _cleanup_free_ char *said = put_id(raw[which].said, id);

    fake_qemu_greet(qemu);
    line = fake_qemu_read_line(qemu);
    if (strcmp(line, sent) != 0)
        fprintf(stderr, "sent: %s\nexpected: %s\n", line, sent);
    FAKE_MUST(strcmp(line, sent) == 0);
    fake_qemu_say(qemu, "%s", said);
    fake_qemu_expect_end(qemu);
}

static void send_raw(void *opaque)
{
    struct verror err = VERROR_INIT;

    ck_assert_int_eq(
        monitor_send_raw(peer.monitor, raw[*(int *)opaque].line, -1, -1, note_done, &peer, &err),
        0);
}

static void open_and_send_raw(void *opaque)
{
    peer_open(&peer, raw_script, opaque);
    send_raw(opaque); /* before the loop can read the greeting */
}

START_TEST(raw_command)
{
    _cleanup_free_ char *expected = xasprintf("%s;", raw[_i].reply);
    int which = _i;

    on_loop(open_and_send_raw, &which);
    ck_assert_str_eq(wait_done(1), expected);
    peer_close(&peer);
}
END_TEST

static const char *const bad_raw[] = { "", "x", "[]", "1", "{\"execute\":\"a\"", "{} {}",
                                       "{\"execute\":\"a\",\"execute\":\"b\"}",
                                       "{\"id\":1,\"id\":1}", "{\"a\":\"\xff\"}", "{'a':1}" };

static void send_bad_raw(void *opaque)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    ck_assert_int_eq(monitor_send_raw(peer.monitor, opaque, -1, -1, note_done, &peer, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INVALID_ARG);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "monitor command is not"));
}

START_TEST(bad_raw_command)
{
    _cleanup_free_ char *line = NULL;

    peer_open(&peer, end_script, NULL);
    line = xstrdup(bad_raw[_i]);
    on_loop(send_bad_raw, line);
    peer_close(&peer);
    ck_assert_uint_eq(atomic_load(&ndone), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor_request");
    TCase *tcase = tcase_create("monitor_request");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, loop_start, loop_stop);
    tcase_add_test(tcase, send_and_done);
    tcase_add_test(tcase, send_times_out);
    tcase_add_test(tcase, close_ends_all);
    tcase_add_loop_test(tcase, raw_command, 0, ARRAY_SIZE(raw));
    tcase_add_loop_test(tcase, bad_raw_command, 0, ARRAY_SIZE(bad_raw));
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
