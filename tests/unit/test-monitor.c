/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/monitor*.c: calls to a peer that answers well, badly, late or not at all.
 * The test is the worker; the loop runs beside it.
 */

#include "hypervisor/qemu/monitor.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "jobs/ctl.h"
#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

/* An error as call_text() shows it; code is a number's text. */
#define FAILED "9 operation failed: "
#define BROKEN "1 internal error: protocol error on QEMU's monitor, "

static struct peer peer;

/* --- answers --- */

static void answer_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "first");
    FAKE_MUST(!json_object_get(command, "arguments"));
    fake_qemu_return(qemu, command, "{\"a\": 1}");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "second"), "[]");
    fake_qemu_refuse(qemu, fake_qemu_expect(qemu, "third"), "GenericError",
                     "Device 'x' not found\nreally");
    fake_qemu_refuse(qemu, fake_qemu_expect(qemu, "fourth"), "CommandNotFound",
                     "The command fourth has not been found");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "fifth"),
                     "{\"x\": 18446744073709551615, \"y\": 5}");
    fake_qemu_say(qemu, "%s", ""); /* an empty line says nothing */
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "sixth"), "null");
    fake_qemu_expect_end(qemu);
    (void)opaque;
}

START_TEST(answers)
{
    ck_assert_int_eq(VIR_ERR_OPERATION_FAILED, 9); /* what the texts here start with */
    ck_assert_int_eq(VIR_ERR_INTERNAL_ERROR, 1);
    peer_open(&peer, answer_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "first"), "{\"a\":1}");
    ck_assert_str_eq(call_text(peer.monitor, "second"), "[]");
    ck_assert_str_eq(call_text(peer.monitor, "third"),
                     FAILED "QEMU refuses 'third': Device 'x' not found\\x0areally");
    ck_assert_int_eq(VIR_ERR_OPERATION_UNSUPPORTED, 84);
    ck_assert_str_eq(call_text(peer.monitor, "fourth"),
                     "84 Operation not supported: QEMU refuses 'fourth': The command fourth has "
                     "not been found");
    ck_assert_str_eq(call_text(peer.monitor, "fifth"), "{\"x\":1.8446744073709552e19,\"y\":5}");
    ck_assert_str_eq(call_text(peer.monitor, "sixth"), "null");
    ck_assert_int_eq(monitor_peer_pid(peer.monitor), getpid());
    ck_assert_uint_eq(peer_nclosed(&peer), 0);
    peer_close(&peer);
    ck_assert_uint_eq(peer_nclosed(&peer), 0); /* it was us */
}
END_TEST

static void arguments_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command, *expected = json_pack("{s:s, s:[i,i], s:n}", "s", "ä\n\"", "l", 1, 2, "n");

    (void)opaque;
    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "with");
    if (json_equal(json_object_get(command, "arguments"), expected))
        fake_qemu_return(qemu, command, "true");
    else
        fake_qemu_return(qemu, command, "false");
    json_decref(expected);
    fake_qemu_expect_end(qemu);
}

START_TEST(arguments)
{
    json_t *args = json_pack("{s:s, s:[i,i], s:n}", "s", "ä\n\"", "l", 1, 2, "n");
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *value = NULL;

    peer_open(&peer, arguments_script, NULL);
    ck_assert_int_eq(monitor_call(peer.monitor, "with", args, -1, NULL, 60000, &value, &err), 0);
    ck_assert(json_is_true(value));
    json_decref(value);
    peer_close(&peer);
}
END_TEST

/* Byte by byte, and with an event in the middle of nothing. */
static void pieces_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_greet(qemu);
    for (int i = 0; i < 3; i++) {
        json_t *command = fake_qemu_expect(qemu, "piecemeal");
        _cleanup_free_ char *reply = fake_qemu_reply_text(command, "{\"k\": \"ä\"}");
        _cleanup_free_ char *text =
            xasprintf("{\"event\": \"E%d\", \"data\": {\"n\": %d}}\r\n%s", i, i, reply);

        for (const char *at = text; *at; at++)
            fake_qemu_write(qemu, at, 1);
        json_decref(command);
    }
    fake_qemu_expect_end(qemu);
}

START_TEST(pieces)
{
    peer_open(&peer, pieces_script, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(call_text(peer.monitor, "piecemeal"), "{\"k\":\"ä\"}");
    ck_assert_str_eq(peer_events(&peer, 3), "E0{\"n\":0} E1{\"n\":1} E2{\"n\":2} ");
    peer_close(&peer);
}
END_TEST

/* Reply and events in one write, plain newlines. */
static void lump_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;
    _cleanup_free_ char *reply = NULL, *text = NULL;

    (void)opaque;
    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "lump");
    reply = fake_qemu_reply_text(command, "1");
    text = xasprintf("{\"event\":\"A\"}\n%s{\"event\":\"B\"}\n{\"event\":\"C\"}\n", reply);
    fake_qemu_write(qemu, text, strlen(text));
    json_decref(command);
    fake_qemu_serve(qemu);
}

START_TEST(lump)
{
    peer_open(&peer, lump_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "lump"), "1");
    ck_assert_str_eq(peer_events(&peer, 3), "A B C ");
    ck_assert_str_eq(call_text(peer.monitor, "more"), "{}");
    peer_close(&peer);
}
END_TEST

/* More than a socket holds, both ways. */
enum { LARGE = 8 << 20 };

static void large_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;
    _cleanup_free_ char *text = NULL;

    (void)opaque;
    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "large");
    text = json_dumps(json_object_get(json_object_get(command, "arguments"), "text"),
                      JSON_ENCODE_ANY);
    fake_qemu_return(qemu, command, text);
    fake_qemu_serve(qemu);
}

START_TEST(large)
{
    _cleanup_free_ char *text = xmalloc(LARGE + 1);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *value = NULL;

    memset(text, 'x', LARGE);
    text[LARGE] = '\0';
    peer_open(&peer, large_script, NULL);
    ck_assert_int_eq(monitor_call(peer.monitor, "large", json_pack("{s:s}", "text", text), -1, NULL,
                                  -1, &value, &err), 0);
    ck_assert_str_eq(json_string_value(value), text);
    json_decref(value);
    ck_assert_str_eq(call_text(peer.monitor, "more"), "{}");
    peer_close(&peer);
}
END_TEST

/* --- peers that are no QEMU --- */

static const struct {
    const char *text;
    size_t len;
    const char *why; /* of the call and of closed() */
} garbage[] = {
#define SAYS(text, why) { text, sizeof(text) - 1, why }
    SAYS("hello\n", BROKEN "not JSON: 'hello'"),
    SAYS("{\"a\0b\"\n", BROKEN "not JSON: '{\"a\\x00b\"'"),
    SAYS("\xff\xfe\n", BROKEN "not JSON: '\\xff\\xfe'"),
    SAYS("[1]\n", BROKEN "not an object: '[1]'"),
    SAYS("{\"a\":1}\r\n", BROKEN "neither reply nor event: '{\"a\":1}'"),
    SAYS("{\"event\":7}\r\n", BROKEN "neither reply nor event: '{\"event\":7}'"),
    SAYS("{\"return\":{}}\n", BROKEN "a reply to nothing that was asked: '{\"return\":{}}'"),
    SAYS("{\"return\":{},\"id\":4711}\n",
         BROKEN "a reply to nothing that was asked: '{\"return\":{},\"id\":4711}'"),
    SAYS("{\"return\":{},\"id\":\"2\"}\n",
         BROKEN "a reply to nothing that was asked: '{\"return\":{},\"id\":\"2\"}'"),
    SAYS("{\"error\":{},\"id\":99}\n",
         BROKEN "a reply to nothing that was asked: '{\"error\":{},\"id\":99}'"),
    SAYS("", FAILED "QEMU has closed its monitor"),
    SAYS("{\"return\": {\"status\": \"run", FAILED "QEMU has closed its monitor"),
};

static void garbage_script(struct fake_qemu *qemu, void *opaque)
{
    int which = *(int *)opaque;

    fake_qemu_greet(qemu);
    json_decref(fake_qemu_expect(qemu, "ask"));
    fake_qemu_write(qemu, garbage[which].text, garbage[which].len);
}

START_TEST(bad_peer)
{
    const char *why = garbage[_i].why;
    int which = _i;

    peer_open(&peer, garbage_script, &which);
    ck_assert_str_eq(call_text(peer.monitor, "ask"), why);
    ck_assert_str_eq(peer_why(&peer), strchr(why, ' ') + 1);
    /* and for good */
    ck_assert_str_eq(call_text(peer.monitor, "again"), why);
    ck_assert_uint_eq(peer_nclosed(&peer), 1);
    peer_close(&peer);
    ck_assert_uint_eq(peer_nclosed(&peer), 1);
}
END_TEST

/* An error without id answers the command in flight: QEMU's parser refused it. */
static void parse_error_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_greet(qemu);
    json_decref(fake_qemu_expect(qemu, "ask"));
    fake_qemu_say(qemu, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error\"}}");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "next"), "{}");
    fake_qemu_say(qemu, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"what?\"}}");
    fake_qemu_expect_end(qemu);
}

START_TEST(parse_error)
{
    peer_open(&peer, parse_error_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "ask"),
                     FAILED "QEMU refuses 'ask': JSON parse error");
    ck_assert_str_eq(call_text(peer.monitor, "next"), "{}");
    ck_assert_ptr_nonnull(strstr(peer_why(&peer), "a reply to nothing that was asked"));
    peer_close(&peer);
}
END_TEST

static void no_greeting_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_say(qemu, "{\"event\": \"STOP\"}");
    fake_qemu_expect_end(qemu);
}

START_TEST(no_greeting)
{
    peer_open(&peer, no_greeting_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "ask"),
                     BROKEN "no greeting: '{\"event\": \"STOP\"}'");
    peer_close(&peer);
}
END_TEST

/* The last word to a daemon that was killed comes to the next one, ahead of what that asked for. */
static void old_reply_script(struct fake_qemu *qemu, void *opaque)
{
    json_t *command;

    (void)opaque;
    fake_qemu_say(qemu, "{\"QMP\": {}}");
    command = fake_qemu_expect(qemu, "qmp_capabilities");
    fake_qemu_say(qemu, "{\"return\": {\"status\": \"inmigrate\"}, \"id\": 7}");
    fake_qemu_say(qemu, "{\"error\": {}, \"id\": \"a client's\"}");
    fake_qemu_return(qemu, command, "{}");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "ask"), "{}");
    fake_qemu_say(qemu, "{\"return\": {}, \"id\": 7}");
    fake_qemu_expect_end(qemu);
}

START_TEST(old_reply)
{
    peer_open(&peer, old_reply_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "ask"), "{}");
    ck_assert_ptr_nonnull(strstr(peer_why(&peer), "a reply to nothing that was asked"));
    peer_close(&peer);
}
END_TEST

static void no_capabilities_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_say(qemu, "{\"QMP\": {}}");
    fake_qemu_refuse(qemu, fake_qemu_expect(qemu, "qmp_capabilities"), "GenericError", "no");
    fake_qemu_expect_end(qemu);
}

START_TEST(no_capabilities)
{
    peer_open(&peer, no_capabilities_script, NULL);
    ck_assert_str_eq(call_text(peer.monitor, "ask"), FAILED "QEMU refuses 'qmp_capabilities': no");
    ck_assert_str_eq(peer_why(&peer), "operation failed: QEMU refuses 'qmp_capabilities': no");
    peer_close(&peer);
}
END_TEST

/* One byte decides. */
static void long_script(struct fake_qemu *qemu, void *opaque)
{
    size_t len = MONITOR_LINE_MAX + *(size_t *)opaque;
    char *line = xmalloc(len + 1);
    static const char start[] = "{\"event\":\"LONG\",\"data\":{\"a\":\"", end[] = "\"}}";

    memset(line, 'x', len);
    memcpy(line, start, strlen(start));
    memcpy(line + len - strlen(end), end, strlen(end));
    line[len] = '\n';
    fake_qemu_greet(qemu);
    fake_qemu_write(qemu, line, len + 1);
    free(line);
    fake_qemu_expect_end(qemu);
}

START_TEST(long_line)
{
    size_t over = 1;

    peer_open(&peer, long_script, &over);
    ck_assert_str_eq(peer_why(&peer), "internal error: protocol error on QEMU's monitor, a line of "
                                      "more than 16777216 bytes");
    peer_close(&peer);
}
END_TEST

START_TEST(longest_line)
{
    static const char *const names[] = { "LONG", NULL };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    size_t over = 0;
    json_t *data = NULL;

    peer_open(&peer, long_script, &over);
    ck_assert_int_eq(monitor_wait_event(peer.monitor, names, 0, NULL, -1, &data, &err), 0);
    ck_assert_uint_gt(json_string_length(json_object_get(data, "a")), MONITOR_LINE_MAX - 100);
    json_decref(data);
    ck_assert_uint_eq(peer_nclosed(&peer), 0);
    peer_close(&peer);
}
END_TEST

/* Its last words are read although it takes no more of ours: it has gone before we write. */
enum { LAST_WORDS = 900 }; /* less than a socket holds, more than one turn of the loop reads */

static void gone_script(struct fake_qemu *qemu, void *opaque)
{
    static char words[LAST_WORDS * 64];
    size_t n = 0;

    fake_qemu_greet(qemu);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "first"), "{}");
    pthread_barrier_wait(opaque); /* the loop is held from here on */
    for (int i = 0; i < LAST_WORDS; i++)
        n += (size_t)sprintf(words + n, "{\"event\": \"E\", \"data\": {\"n\": %d}}\r\n", i);
    fake_qemu_write(qemu, words, n); /* at once: a socket holds many bytes, not many messages */
}

static void count_failed(void *opaque, json_t *value, struct verror *err)
{
    ck_assert_ptr_null(value);
    ck_assert_str_eq(verror_text(err), "operation failed: QEMU has closed its monitor");
    ++*(int *)opaque;
}

struct gone {
    pthread_barrier_t held;
    int failed;
};

static void hold_and_send(void *opaque)
{
    struct gone *gone = opaque;

    pthread_barrier_wait(&gone->held);
    fake_qemu_stop(STEAL_PTR(peer.qemu));
    monitor_send(peer.monitor, "second", NULL, -1, count_failed, &gone->failed);
    monitor_send(peer.monitor, "third", NULL, -1, count_failed, &gone->failed);
}

START_TEST(last_words)
{
    struct gone gone = { .failed = 0 };

    ck_assert_int_eq(pthread_barrier_init(&gone.held, NULL, 2), 0);
    peer_open(&peer, gone_script, &gone.held);
    ck_assert_str_eq(call_text(peer.monitor, "first"), "{}");
    on_loop(hold_and_send, &gone);
    ck_assert_str_eq(peer_why(&peer), "operation failed: QEMU has closed its monitor");
    ck_assert_int_eq(gone.failed, 2);
    ck_assert_uint_eq(monitor_event_mark(peer.monitor), LAST_WORDS);
    peer_close(&peer);
    pthread_barrier_destroy(&gone.held);
}
END_TEST

/* --- descriptors --- */

static void fd_script(struct fake_qemu *qemu, void *opaque)
{
    struct stat *ret_st = opaque;
    int fd;

    fake_qemu_greet(qemu);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "before"), "{}");
    FAKE_MUST(fake_qemu_take_fd(qemu) == -1);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "getfd"), "{}");
    fd = fake_qemu_take_fd(qemu);
    FAKE_MUST(fstat(fd, ret_st) == 0);
    (void)close(fd);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "after"), "{}");
    FAKE_MUST(fake_qemu_take_fd(qemu) == -1);
    fake_qemu_expect_end(qemu);
}

START_TEST(descriptor)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct stat sent, received = { 0 };
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    peer_open(&peer, fd_script, &received);
    ck_assert_str_eq(call_text(peer.monitor, "before"), "{}");
    ck_assert_int_eq(monitor_call(peer.monitor, "getfd", json_pack("{s:s}", "fdname", "x"),
                                  fileno(file), NULL, -1, NULL, &err), 0);
    ck_assert_str_eq(call_text(peer.monitor, "after"), "{}");
    ck_assert_int_eq(fstat(fileno(file), &sent), 0); /* still ours */
    peer_close(&peer);
    ck_assert(sent.st_dev == received.st_dev && sent.st_ino == received.st_ino);
    fclose(file);
}
END_TEST

START_TEST(no_descriptor)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    peer_open(&peer, lump_script, NULL);
    ck_assert_int_eq(monitor_call(peer.monitor, "getfd", NULL, 1 << 20, NULL, -1, NULL, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, EBADF);
    ck_assert_str_eq(call_text(peer.monitor, "lump"), "1"); /* nothing was sent */
    peer_close(&peer);
}
END_TEST

/* --- late, or never --- */

/* Answers the first once that and the second have been given up. */
static void late_script(struct fake_qemu *qemu, void *opaque)
{
    pthread_barrier_t *hung = opaque;
    json_t *first;

    fake_qemu_greet(qemu);
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "before"), "{}");
    first = fake_qemu_expect(qemu, "first");
    pthread_barrier_wait(hung);
    fake_qemu_return(qemu, first, "\"late\"");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "third"), "\"third\"");
    fake_qemu_expect_end(qemu);
}

START_TEST(late_reply)
{
    pthread_barrier_t hung;
    int64_t start;

    ck_assert_int_eq(pthread_barrier_init(&hung, NULL, 2), 0);
    peer_open(&peer, late_script, &hung);
    /* greeted, so that the time is long enough for the next to be sent */
    ck_assert_str_eq(call_text(peer.monitor, "before"), "{}");
    start = harness_ms();
    ck_assert_str_eq(call_text_within(peer.monitor, "first", 500),
                     "68 Timed out during operation: QEMU has not answered 'first' within 500 ms");
    ck_assert_int_ge(harness_ms() - start, 500);
    ck_assert_str_eq(call_text_within(peer.monitor, "second", 0),
                     "68 Timed out during operation: QEMU has not answered 'second' within 0 ms");
    pthread_barrier_wait(&hung);
    /* the second was never sent, the late answer of the first is nobody's */
    ck_assert_str_eq(call_text(peer.monitor, "third"), "\"third\"");
    peer_close(&peer);
    pthread_barrier_destroy(&hung);
}
END_TEST

static void silent_script(struct fake_qemu *qemu, void *opaque)
{
    (void)opaque;
    fake_qemu_expect_end(qemu);
}

START_TEST(silent_peer)
{
    peer_open(&peer, silent_script, NULL);
    ck_assert_str_eq(call_text_within(peer.monitor, "ask", 20),
                     "68 Timed out during operation: QEMU has not answered 'ask' within 20 ms");
    ck_assert_uint_eq(peer_nclosed(&peer), 0);
    peer_close(&peer);
}
END_TEST

/* What timed out makes room for others; what waits does not. */
START_TEST(queue_bound)
{
    peer_open(&peer, silent_script, NULL);
    for (int i = 0; i < 3 * MONITOR_QUEUE_MAX; i++)
        ck_assert_int_eq(strncmp(call_text_within(peer.monitor, "ask", 0), "68 ", 3), 0);
    ck_assert_int_eq(strncmp(call_text_within(peer.monitor, "ask", 10), "68 ", 3), 0);
    peer_close(&peer);
}
END_TEST

static void busy_done(void *opaque, json_t *value, struct verror *err)
{
    int *codes = opaque;

    (void)value;
    codes[err->code == VIR_ERR_RESOURCE_BUSY]++;
}

static void send_many(void *opaque)
{
    for (int i = 0; i < MONITOR_QUEUE_MAX + 5; i++)
        monitor_send(peer.monitor, "many", NULL, -1, busy_done, opaque);
}

START_TEST(queue_full)
{
    int codes[2] = { 0, 0 };

    peer_open(&peer, silent_script, NULL);
    on_loop(send_many, codes);
    ck_assert_int_eq(VIR_ERR_RESOURCE_BUSY, 87);
    ck_assert_str_eq(call_text(peer.monitor, "ask"),
                     "87 resource busy: 256 commands wait for QEMU, 'ask' was not sent");
    peer_close(&peer);
    ck_assert_int_eq(codes[1], 5);
    ck_assert_int_eq(codes[0], MONITOR_QUEUE_MAX); /* done when it was closed */
}
END_TEST

/* Cancelled once QEMU has the command; it answers when nobody waits any more. */
struct slow {
    struct job_ctl ctl;
    pthread_barrier_t given_up;
};

static void cancel_script(struct fake_qemu *qemu, void *opaque)
{
    struct slow *slow = opaque;
    json_t *command;

    fake_qemu_greet(qemu);
    command = fake_qemu_expect(qemu, "slow");
    job_ctl_cancel(&slow->ctl);
    pthread_barrier_wait(&slow->given_up);
    fake_qemu_return(qemu, command, "\"late\"");
    fake_qemu_return(qemu, fake_qemu_expect(qemu, "next"), "\"next\"");
    fake_qemu_expect_end(qemu);
}

static void check_aborted(const char *command, struct job_ctl *ctl)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *text =
        xasprintf("operation aborted: cancelled before QEMU has answered '%s'", command);

    ck_assert_int_eq(monitor_call(peer.monitor, command, NULL, -1, ctl, -1, NULL, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_str_eq(verror_text(&err), text);
}

START_TEST(cancel)
{
    struct slow slow;

    job_ctl_init(&slow.ctl);
    ck_assert_int_eq(pthread_barrier_init(&slow.given_up, NULL, 2), 0);
    peer_open(&peer, cancel_script, &slow);
    check_aborted("slow", &slow.ctl);
    check_aborted("never", &slow.ctl); /* not even sent: the script would see it */
    pthread_barrier_wait(&slow.given_up);
    ck_assert_str_eq(call_text(peer.monitor, "next"), "\"next\"");
    peer_close(&peer);
    pthread_barrier_destroy(&slow.given_up);
    job_ctl_done(&slow.ctl);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor");
    TCase *tcase = tcase_create("monitor");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, loop_start, loop_stop);
    tcase_add_test(tcase, answers);
    tcase_add_test(tcase, arguments);
    tcase_add_test(tcase, pieces);
    tcase_add_test(tcase, lump);
    tcase_add_test(tcase, large);
    tcase_add_loop_test(tcase, bad_peer, 0, ARRAY_SIZE(garbage));
    tcase_add_test(tcase, parse_error);
    tcase_add_test(tcase, old_reply);
    tcase_add_test(tcase, no_greeting);
    tcase_add_test(tcase, no_capabilities);
    tcase_add_test(tcase, long_line);
    tcase_add_test(tcase, longest_line);
    tcase_add_test(tcase, last_words);
    tcase_add_test(tcase, descriptor);
    tcase_add_test(tcase, no_descriptor);
    tcase_add_test(tcase, late_reply);
    tcase_add_test(tcase, silent_peer);
    tcase_add_test(tcase, queue_bound);
    tcase_add_test(tcase, queue_full);
    tcase_add_test(tcase, cancel);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
