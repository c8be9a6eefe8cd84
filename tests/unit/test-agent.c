/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/hypervisor/qemu/agent*.c: commands to an agent that answers well, late, badly, without
 * end or not at all.  The test is both the loop and the agent: it turns the one until the other
 * has something to read.
 */

#include "hypervisor/qemu/agent.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hypervisor/qemu/process.h"
#include "scratch.h"
#include "util/alloc.h"

enum { QUEUE_MS = 60000, LINE = 4096, TURNS = 2000 };

static struct event_base *base;
static struct agent *agent;
static int listener, peer; /* the agent's end */

/* --- what came of a command --- */

struct result {
    char text[512]; /* the value as JSON, "-" = none, or "CODE message" */
    unsigned int ndone;
};

static void note(void *opaque, json_t *value, struct verror *err)
{
    struct result *result = opaque;
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    result->ndone++;
    if (err->code)
        (void)snprintf(result->text, sizeof(result->text), "%d %s", err->code, verror_text(err));
    else
        (void)snprintf(result->text, sizeof(result->text), "%s", text ? text : "-");
}

static void turn(void)
{
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static const char *end_of(struct result *result)
{
    while (result->ndone == 0)
        ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
    ck_assert_uint_eq(result->ndone, 1);
    return result->text;
}

#define CHECK_END(result, wanted) ck_assert_str_eq(end_of(result), wanted)
#define CHECK_FAILED(result, code, words)                                                          \
    do {                                                                                           \
        ck_assert_int_eq(atoi(end_of(result)), code);                                              \
        ck_assert_ptr_nonnull(strstr((result)->text, words));                                      \
    } while (0)

static void ask_as(struct agent_command command, struct result *result)
{
    struct verror err = VERROR_INIT;

    *result = (struct result){ .ndone = 0 };
    ck_assert_msg(agent_send(agent, &command, note, result, &err) == 0, "%s", verror_text(&err));
    ck_assert_uint_eq(result->ndone, 0);
}

static void ask(const char *name, int wait, struct result *result)
{
    ask_as((struct agent_command){ .name = name, .wait = wait }, result);
}

/* --- the agent --- */

static void peer_accept(void)
{
    turn();
    peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(peer, 0);
}

/* The next line, a static copy. */
static const char *peer_line(void)
{
    static char line[LINE];
    size_t len = 0;

    if (peer < 0)
        peer_accept();
    for (;;) {
        ssize_t n = recv(peer, line + len, 1, 0);

        if (n == 1 && line[len] == '\n') {
            line[len] = '\0';
            return line;
        }
        ck_assert(n == 1 || (n < 0 && errno == EAGAIN));
        if (n == 1)
            ck_assert_uint_lt(++len, sizeof(line));
        else
            turn();
    }
}

static void peer_say(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(peer, text, len, MSG_NOSIGNAL);

        ck_assert(n > 0 || errno == EAGAIN);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
        turn();
    }
}

static void say(const char *text)
{
    peer_say(text, strlen(text));
}

/* Reads a sync and gives back its id. */
static long long peer_sync(void)
{
    const char *line = peer_line();
    long long id = -1;

    ck_assert_int_eq((unsigned char)line[0], 0xff);
    ck_assert_int_eq(sscanf(line + 1,
                            "{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%lld}}",
                            &id),
                     1);
    ck_assert_int_ge(id, 0);
    return id;
}

static void peer_synced(void)
{
    _cleanup_free_ char *text = xasprintf("\xff{\"return\": %lld}\n", peer_sync());

    say(text);
}

/* The whole of an honest agent. */
static void serve(const char *command, const char *reply)
{
    peer_synced();
    ck_assert_str_eq(peer_line(), command);
    say(reply);
}

/* That it still works, whatever was before. */
static void check_works(void)
{
    struct result result;

    ask("ping", 5, &result);
    serve("{\"execute\":\"ping\"}", "{\"return\": {}}\n");
    CHECK_END(&result, "{}");
}

static void set_up(void)
{
    struct verror err = VERROR_INIT;
    _cleanup_free_ char *path = NULL;

    scratch_make();
    path = xasprintf("%s/agent.sock", scratch_path);
    listener = socket_bind(scratch_path, "agent.sock", (uid_t)-1, (gid_t)-1, &err);
    ck_assert_msg(listener >= 0, "%s", verror_text(&err));
    ck_assert_int_eq(listen(listener, 4), 0);
    ck_assert_int_eq(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    peer = -1;
    base = event_base_new();
    agent = agent_new(base, path, QUEUE_MS);
    agent_set_port(agent, true);
}

static void tear_down(void)
{
    agent_free(agent);
    event_base_free(base);
    (void)close(listener);
    if (peer >= 0)
        (void)close(peer);
    libevent_global_shutdown();
    scratch_remove();
}

/* --- answers --- */

START_TEST(answers)
{
    struct result result;

    ask_as((struct agent_command){ .name = "a", .wait = 5,
                                   .arguments = json_pack("{s:i}", "x", 1) },
           &result);
    serve("{\"execute\":\"a\",\"arguments\":{\"x\":1}}", "{\"return\": [1, \"b\"]}\r\n");
    CHECK_END(&result, "[1,\"b\"]");
    ask("b", AGENT_WAIT_EVER, &result);
    serve("{\"execute\":\"b\"}",
          "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\\u001b such\"}}\n");
    CHECK_END(&result, "84 Operation not supported: the guest agent refuses 'b': no\\x1b such");
    ask("c", AGENT_WAIT_DEFAULT, &result);
    serve("{\"execute\":\"c\"}",
          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"full\"}}\n");
    CHECK_END(&result, "113 the guest agent refuses 'c': full");
    ask_as((struct agent_command){ .name = "d", .line = "{ \"execute\":\"d\" }", .wait = 5 },
           &result);
    serve("{ \"execute\":\"d\" }", "{\"return\": {}}\n");
    CHECK_END(&result, "{\"return\":{}}");
}
END_TEST

START_TEST(one_after_the_other)
{
    struct result first, second;

    ask("a", 5, &first);
    ask("b", 5, &second);
    serve("{\"execute\":\"a\"}", "{\"return\": 1}\n{\"return\": 2}\n"); /* one too many */
    CHECK_END(&first, "1");
    serve("{\"execute\":\"b\"}", "{\"return\": 3}\n");
    CHECK_END(&second, "3");
}
END_TEST

START_TEST(not_waited_for)
{
    struct result result;

    ask_as((struct agent_command){ .name = "a", .wait = 5, .forget = true }, &result);
    peer_synced();
    CHECK_END(&result, "-");
    ck_assert_str_eq(peer_line(), "{\"execute\":\"a\"}");
    say("{\"return\": \"late\"}\n");
    check_works();
}
END_TEST

/* --- time --- */

START_TEST(silent)
{
    struct result result;

    ask("a", 0, &result);
    CHECK_FAILED(&result, 86, "does not answer, 'a' was not sent");
    (void)peer_sync();
    ask("b", 1, &result);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"b\"}");
    CHECK_FAILED(&result, 112, "'b'");
    say("{\"return\": \"late\"}\n"); /* nobody takes it for another's */
    check_works();
}
END_TEST

START_TEST(busy)
{
    _cleanup_free_ char *path = xasprintf("%s/agent.sock", scratch_path);
    struct result first, second;

    agent_free(agent);
    agent = agent_new(base, path, 20);
    agent_set_port(agent, true);
    ask("a", AGENT_WAIT_EVER, &first);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"a\"}");
    ask("b", AGENT_WAIT_EVER, &second);
    CHECK_FAILED(&second, 68, "busy with 'a', 'b' was not sent");
    ck_assert_uint_eq(first.ndone, 0);
    say("{\"return\": 1}\n");
    CHECK_END(&first, "1");
    check_works();
}
END_TEST

START_TEST(many)
{
    static struct result first, queued[AGENT_QUEUE_MAX];
    struct agent_command command = { .name = "x", .wait = 5 };
    struct verror err = VERROR_INIT;

    ask("a", 5, &first);
    peer_synced(); /* it is under way, and no more in the queue */
    for (int i = 0; i < AGENT_QUEUE_MAX; i++)
        ask("q", 5, &queued[i]);
    ck_assert_int_eq(agent_send(agent, &command, note, NULL, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_RESOURCE_BUSY);
    verror_clear(&err);
    agent_set_port(agent, false);
    CHECK_FAILED(&first, 86, "gone");
    for (int i = 0; i < AGENT_QUEUE_MAX; i++)
        CHECK_FAILED(&queued[i], 86, "gone");
}
END_TEST

START_TEST(cancelled)
{
    struct result first, second, third;

    ask("a", AGENT_WAIT_EVER, &first);
    ask("b", AGENT_WAIT_EVER, &second);
    ask("c", AGENT_WAIT_EVER, &third);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"a\"}");
    agent_cancel(agent, &second);
    CHECK_FAILED(&second, 78, "'b' was not sent");
    agent_cancel(agent, &first);
    CHECK_FAILED(&first, 78, "'a'");
    say("{\"return\": \"a's\"}\n");
    serve("{\"execute\":\"c\"}", "{\"return\": \"c's\"}\n");
    CHECK_END(&third, "\"c's\"");
}
END_TEST

/* --- nonsense --- */

START_TEST(noise_before)
{
    struct result result;
    _cleanup_free_ char *text = NULL;
    long long id;

    ask("a", 5, &result);
    id = peer_sync();
    text = xasprintf("login: {\"return\": 1}\n{\"error\":\xff{\"return\": %lld}\n"
                     "\xff{\"return\": \"%lld\"}\n\xff\n\xff[\n\xff{\"ret", id ^ 1, id);
    say(text);
    ck_assert_uint_eq(result.ndone, 0);
    free(text);
    text = xasprintf("\xff{\"return\": %lld}\n", id);
    for (const char *at = text; *at; at++)
        peer_say(at, 1); /* a byte a turn */
    ck_assert_str_eq(peer_line(), "{\"execute\":\"a\"}");
    say("{\"return\": ");
    ck_assert_uint_eq(result.ndone, 0);
    say("7}\n");
    CHECK_END(&result, "7");
}
END_TEST

START_TEST(wrong_sync)
{
    struct result result;
    _cleanup_free_ char *text = NULL;

    ask("a", 1, &result);
    text = xasprintf("\xff{\"return\": %lld}\n", peer_sync() + 1);
    say(text);
    CHECK_FAILED(&result, 86, "'a' was not sent");
    check_works();
}
END_TEST

START_TEST(bad_answers)
{
    static const char *const bad[] = {
        "hello\n", "[1]\n", "{}\n", "{\"return\"\n", "\n", "\"x\"\n",
        "{\"return\": \"\xc3\x28\"}\n",
    };
    struct result result;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ask("a", 5, &result);
        serve("{\"execute\":\"a\"}", bad[i]);
        CHECK_FAILED(&result, 1, "the guest agent says to 'a'");
    }
    check_works();
}
END_TEST

/* --- without end --- */

static void flood(size_t size)
{
    static char block[64 << 10];

    memset(block, 'x', sizeof(block));
    for (size_t said = 0; said < size; said += sizeof(block)) {
        size_t left = sizeof(block);

        while (left > 0) {
            ssize_t n = send(peer, block, left, MSG_NOSIGNAL);

            if (n < 0 && errno == EPIPE)
                return; /* it has been thrown out */
            ck_assert(n > 0 || errno == EAGAIN);
            left -= n > 0 ? (size_t)n : 0;
            turn();
        }
    }
}

static void peer_again(void)
{
    (void)close(peer);
    peer = -1;
}

START_TEST(floods)
{
    struct result result;

    ask("a", AGENT_WAIT_EVER, &result);
    (void)peer_sync();
    flood((size_t)AGENT_NOISE_MAX + (1 << 20));
    CHECK_FAILED(&result, 86, "talks without end");
    peer_again();
    ask("b", AGENT_WAIT_EVER, &result);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"b\"}");
    flood((size_t)AGENT_LINE_MAX + (1 << 20));
    CHECK_FAILED(&result, 86, "talks without end, 'b'");
    peer_again();
    check_works();
}
END_TEST

/* Nobody has asked: it is not even read, so the guest is held up, and nobody else. */
START_TEST(floods_unasked)
{
    char block[4096];
    size_t said = 0;
    int blocked = 0;

    memset(block, 'x', sizeof(block));
    check_works();
    while (blocked < TURNS && said < 64 << 20) {
        ssize_t n = send(peer, block, sizeof(block), MSG_NOSIGNAL);

        ck_assert(n > 0 || errno == EAGAIN);
        said += n > 0 ? (size_t)n : 0;
        blocked += n < 0;
        turn();
    }
    ck_assert_int_eq(blocked, TURNS);
    check_works();
}
END_TEST

/* --- ends --- */

START_TEST(closes)
{
    struct result first, second;

    ask("a", AGENT_WAIT_EVER, &first);
    ask("b", AGENT_WAIT_EVER, &second);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"a\"}");
    say("{\"return\": ");
    peer_again();
    CHECK_FAILED(&first, 86, "closed the channel of the guest agent, 'a' was not answered");
    serve("{\"execute\":\"b\"}", "{\"return\": 2}\n"); /* on another connection */
    CHECK_END(&second, "2");
}
END_TEST

START_TEST(signs)
{
    struct agent_command off = { .name = "off", .wait = 60, .sign = AGENT_SIGN_SHUTDOWN };
    struct result result;

    ask_as(off, &result);
    agent_saw(agent, AGENT_SIGN_SHUTDOWN); /* that was not its doing yet */
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"off\"}");
    agent_saw(agent, AGENT_SIGN_RESET);
    ck_assert_uint_eq(result.ndone, 0);
    agent_saw(agent, AGENT_SIGN_SHUTDOWN);
    CHECK_END(&result, "-");
    ask_as(off, &result);
    peer_synced();
    ck_assert_str_eq(peer_line(), "{\"execute\":\"off\"}");
    agent_set_port(agent, false); /* it stops on the way down */
    CHECK_END(&result, "-");
    ck_assert(!agent_is_there(agent));
    peer_again();
    agent_set_port(agent, true);
    ask_as(off, &result);
    serve("{\"execute\":\"off\"}",
          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"not now\"}}\n");
    CHECK_END(&result, "113 the guest agent refuses 'off': not now");
}
END_TEST

START_TEST(not_a_socket)
{
    _cleanup_free_ char *path = xasprintf("%s/agent.sock", scratch_path);
    _cleanup_free_ char *real = xasprintf("%s/real.sock", scratch_path);
    struct result result;

    ck_assert_int_eq(rename(path, real), 0);
    ask("a", 5, &result);
    CHECK_FAILED(&result, 86, "No such file");
    ck_assert_int_eq(symlink(real, path), 0); /* what QEMU might do to us */
    ask("a", 5, &result);
    CHECK_FAILED(&result, 86, "cannot be reached");
    ck_assert_int_eq(rename(real, path), 0);
    check_works();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent");
    TCase *tcase = tcase_create("agent");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, answers);
    tcase_add_test(tcase, one_after_the_other);
    tcase_add_test(tcase, not_waited_for);
    tcase_add_test(tcase, silent);
    tcase_add_test(tcase, busy);
    tcase_add_test(tcase, many);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, noise_before);
    tcase_add_test(tcase, wrong_sync);
    tcase_add_test(tcase, bad_answers);
    tcase_add_test(tcase, floods);
    tcase_add_test(tcase, floods_unasked);
    tcase_add_test(tcase, closes);
    tcase_add_test(tcase, signs);
    tcase_add_test(tcase, not_a_socket);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
