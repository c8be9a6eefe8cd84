/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP client against a real QEMU without a guest: what the scripts of the other tests claim
 * that QEMU does.  Skipped where there is no QEMU.
 */

#include "hypervisor/qemu/monitor.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "monitor-harness.h"
#include "scratch.h"
#include "util/alloc.h"

static struct peer peer;
static pid_t qemu;

static void exec_qemu(int fd)
{
    char chardev[64];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
    (void)snprintf(chardev, sizeof(chardev), "socket,id=m,fd=%d", fd);
    (void)execlp("qemu-system-x86_64", "qemu-system-x86_64", "-machine", "none", "-nodefaults",
                 "-S", "-display", "none", "-chardev", chardev, "-mon", "chardev=m,mode=control",
                 (char *)NULL);
    _exit(127);
}

static void setup(void)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    qemu = fork();
    ck_assert_int_ge(qemu, 0);
    if (qemu == 0) {
        (void)close(fds[0]);
        exec_qemu(fds[1]);
    }
    (void)close(fds[1]);
    loop_start();
    peer = (struct peer){ 0 };
    peer.monitor = monitor_open(loop_monitors, fds[0], &peer_handler, &peer);
}

static void teardown(void)
{
    monitor_unref(peer.monitor);
    loop_stop();
    (void)kill(qemu, SIGKILL); /* it may have ended */
    ck_assert_int_eq(waitpid(qemu, NULL, 0), qemu);
}

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

START_TEST(talks)
{
    ck_assert(starts_with(call_text(peer.monitor, "query-version"), "{\"package\":"));
    ck_assert(starts_with(call_text(peer.monitor, "query-status"), "{\"running\":false"));
    ck_assert_str_eq(call_text(peer.monitor, "no-such-thing"),
                     "84 Operation not supported: QEMU refuses 'no-such-thing': The command "
                     "no-such-thing has not been found");
    ck_assert(starts_with(call_text(peer.monitor, "device_add"),
                          "9 operation failed: QEMU refuses 'device_add': "));
}
END_TEST

/* The longest answer there is. */
START_TEST(schema)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *value = NULL;

    ck_assert_int_eq(monitor_call(peer.monitor, "query-qmp-schema", NULL, -1, NULL, 60000, &value,
                                  &err), 0);
    ck_assert_uint_gt(json_array_size(value), 100);
    json_decref(value);
}
END_TEST

START_TEST(events)
{
    static const char *const names[] = { "STOP", "RESUME", NULL };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    unsigned long mark = monitor_event_mark(peer.monitor);

    ck_assert_str_eq(call_text(peer.monitor, "cont"), "{}");
    ck_assert_int_eq(monitor_wait_event(peer.monitor, names, mark, NULL, 60000, NULL, &err), 1);
    mark = monitor_event_mark(peer.monitor);
    ck_assert_str_eq(call_text(peer.monitor, "stop"), "{}");
    ck_assert_int_eq(monitor_wait_event(peer.monitor, names, mark, NULL, 60000, NULL, &err), 0);
    ck_assert_str_eq(peer_events(&peer, 2), "RESUME STOP ");
}
END_TEST

static int call_fd(const char *command, json_t *args, int fd, struct verror *err)
{
    return monitor_call(peer.monitor, command, args, fd, NULL, 60000, NULL, err);
}

START_TEST(descriptor)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    FILE *file = tmpfile();

    ck_assert_int_eq(call_fd("getfd", json_pack("{s:s}", "fdname", "x"), fileno(file), &err), 0);
    ck_assert_int_eq(call_fd("closefd", json_pack("{s:s}", "fdname", "x"), -1, &err), 0);
    ck_assert_int_eq(call_fd("getfd", json_pack("{s:s}", "fdname", "y"), -1, &err), -1);
    ck_assert_str_eq(verror_text(&err), "operation failed: QEMU refuses 'getfd': No file "
                                        "descriptor supplied via SCM_RIGHTS");
    fclose(file);
}
END_TEST

START_TEST(hangs)
{
    int status;

    ck_assert(starts_with(call_text(peer.monitor, "query-status"), "{"));
    ck_assert_int_eq(kill(qemu, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(qemu, &status, WUNTRACED), qemu); /* from here on it is still */
    ck_assert(WIFSTOPPED(status));
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(call_text_within(peer.monitor, "query-status", 20),
                         "68 Timed out during operation: QEMU has not answered 'query-status' "
                         "within 20 ms");
    ck_assert_int_eq(kill(qemu, SIGCONT), 0);
    ck_assert(starts_with(call_text(peer.monitor, "query-version"), "{\"package\":"));
}
END_TEST

START_TEST(quits)
{
    ck_assert_str_eq(call_text(peer.monitor, "quit"), "{}");
    ck_assert_str_eq(peer_why(&peer), "operation failed: QEMU has closed its monitor");
    ck_assert(starts_with(peer_events(&peer, 1), "SHUTDOWN{\"guest\":false,"));
}
END_TEST

START_TEST(dies)
{
    ck_assert(starts_with(call_text(peer.monitor, "query-status"), "{"));
    ck_assert_int_eq(kill(qemu, SIGKILL), 0);
    ck_assert_str_eq(peer_why(&peer), "operation failed: QEMU has closed its monitor");
}
END_TEST

/* --- the client's own commands --- */

static const struct {
    const char *line, *reply;
} raw[] = {
    { "{\"execute\":\"stop\"}", "{\"return\":{}}" },
    { "{ \"execute\":\r\n \"stop\", \"id\": [\"ä\"] }", "{\"id\":[\"ä\"],\"return\":{}}" },
    { "{\"execute\":\"no\",\"id\":1.5}",
      "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command no has not been found\"},"
      "\"id\":1.5}" },
    { "{}", "{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input lacks member "
            "'execute'\"}}" },
    /* legal JSON that QEMU's parser refuses; the answer has no id */
    { "{\"execute\":\"stop\",\"arguments\":{\"a\":\"\\uffff\"}}",
      "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error, \\\\uffff is not a valid "
      "Unicode character\"}}" },
    { "{\"execute\":\"stop\",\"arguments\":{\"a\":18446744073709551615}}",
      "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Parameter 'a' is unexpected\"}}" },
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards reply */
static pthread_cond_t replied = PTHREAD_COND_INITIALIZER;
static char *reply;

static void take_reply(void *opaque, json_t *value, struct verror *err)
{
    (void)opaque;
    ck_assert_int_eq(err->code, 0);
    pthread_mutex_lock(&lock);
    reply = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    pthread_cond_signal(&replied);
    pthread_mutex_unlock(&lock);
}

static void send_raw(void *opaque)
{
    struct verror err = VERROR_INIT;

    ck_assert_int_eq(monitor_send_raw(peer.monitor, opaque, -1, 60000, take_reply, NULL, &err), 0);
}

START_TEST(raw_command)
{
    _cleanup_free_ char *line = xstrdup(raw[_i].line);

    on_loop(send_raw, line);
    pthread_mutex_lock(&lock);
    while (!reply)
        pthread_cond_wait(&replied, &lock);
    pthread_mutex_unlock(&lock);
    ck_assert_str_eq(reply, raw[_i].reply);
    free(STEAL_PTR(reply));
    ck_assert(starts_with(call_text(peer.monitor, "query-status"), "{"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("monitor-qemu");
    TCase *tcase = tcase_create("monitor-qemu");

    if (system("qemu-system-x86_64 --version >/dev/null 2>&1") != 0) {
        puts("skipped: there is no qemu-system-x86_64 (Debian: qemu-system-x86)");
        return 77;
    }
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, talks);
    tcase_add_test(tcase, schema);
    tcase_add_test(tcase, events);
    tcase_add_test(tcase, descriptor);
    tcase_add_test(tcase, hangs);
    tcase_add_test(tcase, quits);
    tcase_add_test(tcase, dies);
    tcase_add_loop_test(tcase, raw_command, 0, ARRAY_SIZE(raw));
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
