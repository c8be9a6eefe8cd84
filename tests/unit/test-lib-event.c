/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client-lib/job-event.c and channel-message.c: what a connection keeps of what a daemon sends
 * unasked: nothing before it has registered, of other kinds, or beyond some megabytes.
 */

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake-server.h"
#include "protocol/macros.h"

enum { LARGE = 6 * 1024 * 1024 }; /* two are kept, three are not */

#define TEXT(literal) ((char *)(uintptr_t)(literal))

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

/* --- the daemon's side --- */

static struct frame_header message(uint32_t program, int procedure)
{
    return (struct frame_header){ .program = program, .version = 1, .procedure = procedure,
                                  .type = FRAME_MESSAGE };
}

static void send_event(int fd, u_quad_t sequence)
{
    struct frame_header header = message(FAKE_JOB(EVENT));
    job_event_msg event = {
        .sequence = sequence,
        .event = VIR_JOB_EVENT_STARTED,
        .record = { .id = 1, .kind = JOB_TARGET_POOL, .name = TEXT("p"), .pool = TEXT(""),
                    .operation = TEXT("pool-refresh"), .started_by = TEXT("uid 0") },
    };
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&header, FAKE_XDR(job_event_msg), &event, &packet, &len), 0);
    fake_write(fd, packet, len);
}

/* As an event it is one of zeros, with more behind it. */
static void send_large(int fd, uint32_t program, int procedure)
{
    struct frame_header header = message(program, procedure);
    _cleanup_free_ char *packet = calloc(1, FRAME_MIN + LARGE);

    frame_encode_header(packet, &header, LARGE);
    fake_write(fd, packet, FRAME_MIN + LARGE);
}

static void answer_register(int fd)
{
    job_event_register_ret ret = { .sequence = 1 };
    struct frame_header call = fake_expect(fd, FAKE_JOB(EVENT_REGISTER), NULL, NULL);

    fake_reply(fd, &call, FAKE_XDR(job_event_register_ret), &ret);
}

/* What is sent between the two the client has taken in after take_in(). */
static struct frame_header expect_hostname(int fd)
{
    return fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
}

static void answer_hostname(int fd, const struct frame_header *call)
{
    remote_text_ret ret = { .value = TEXT("host") };

    fake_reply(fd, call, FAKE_XDR(remote_text_ret), &ret);
}

/* --- the client's side --- */

static virConnectPtr conn;
static unsigned long long last_sequence;

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

static void event_cb(virConnectPtr from, unsigned long long sequence, int event _unused_,
                     virJobRecordPtr job _unused_, void *opaque _unused_)
{
    ck_assert_ptr_eq(from, conn);
    last_sequence = sequence;
}

static void start(fake_script *script)
{
    (void)fake_start(script);
    conn = fake_open();
    ck_assert_int_ge(virConnectGetEventFd(conn), 0);
}

static void stop(void)
{
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}

static void register_events(void)
{
    ck_assert_int_eq(virConnectJobEventRegister(conn, event_cb, NULL, NULL, NULL, 0), 0);
}

static void take_in(void)
{
    char *host = virConnectGetHostname(conn);

    ck_assert_str_eq(host, "host");
    free(host);
}

static bool is_readable(void)
{
    struct pollfd polled = { .fd = virConnectGetEventFd(conn), .events = POLLIN };

    return poll(&polled, 1, 0) == 1;
}

/* --- what is kept --- */

static void unasked_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = expect_hostname(fd);
    send_event(fd, 1);
    send_large(fd, FAKE_REMOTE(DOMAIN_EVENT_LIFECYCLE));
    answer_hostname(fd, &call);
    answer_register(fd);
    call = expect_hostname(fd);
    send_large(fd, FAKE_REMOTE(DOMAIN_EVENT_LIFECYCLE));
    send_large(fd, FAKE_JOB(EVENT_REGISTER)); /* of the program, but no event */
    answer_hostname(fd, &call);
    call = expect_hostname(fd);
    send_event(fd, 2);
    answer_hostname(fd, &call);
    fake_goodbye(fd);
}

START_TEST(test_unasked)
{
    start(unasked_script);
    take_in();
    ck_assert(!is_readable());
    register_events();
    ck_assert_int_eq(virConnectDispatchEvents(conn), 0);
    take_in();
    ck_assert(!is_readable());
    take_in();
    ck_assert(is_readable());
    ck_assert_int_eq(virConnectDispatchEvents(conn), 1);
    ck_assert_uint_eq(last_sequence, 2);
    stop();
}
END_TEST

static void flood_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    answer_register(fd);
    for (int i = 0; i < 2; i++) {
        call = expect_hostname(fd);
        for (int j = 0; j < 5; j++)
            send_large(fd, FAKE_JOB(EVENT));
        send_event(fd, 7 + (u_quad_t)i);
        answer_hostname(fd, &call);
    }
    fake_goodbye(fd);
}

/* Nobody takes them: so many bytes are kept, and again once they have been taken. */
START_TEST(test_flood)
{
    start(flood_script);
    register_events();
    for (unsigned int i = 0; i < 2; i++) {
        take_in();
        ck_assert_int_eq(virConnectDispatchEvents(conn), 3);
        ck_assert_uint_eq(last_sequence, 7 + i);
        ck_assert(!is_readable());
    }
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-event");
    TCase *tcase = tcase_create("event");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_unasked);
    tcase_add_test(tcase, test_flood);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
