/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/server/client.c: a client that sends no more is answered all that it has asked for. */

#include <check.h>
#include <sys/socket.h>

#include "server-harness.h"

static struct harness h;

static void setup(void)
{
    harness_start(&h, 100, 5);
}

static void teardown(void)
{
    harness_stop(&h);
}

/* Also what had to wait; not what it began to send. */
START_TEST(test_half_closed)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_HOLD, 0, NULL, 0);
    for (uint32_t i = 1; i <= 12; i++) /* more than may be in flight */
        peer_call(&h, fd, i % 2 ? PROC_HOLD : PROC_ECHO, i, "x", 1);
    peer_write(&h, fd, "\0\0", 2); /* a piece of a packet */
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    harness_until(&h, h.server->clients && h.server->clients->half);
    for (uint32_t got = 0; got < 13; got++) {
        harness_until(&h, h.held || recv(fd, &(char){ 0 }, 1, MSG_PEEK) == 1);
        harness_release(&h);
        ck_assert_uint_eq(peer_read(&h, fd, NULL, 0, NULL).type, FRAME_REPLY);
    }
    peer_expect_closed(&h, fd);
    ck_assert_uint_eq(h.calls, 13);
    ck_assert_uint_eq(h.gone, 1);
}
END_TEST

START_TEST(test_half_closed_with_nothing_to_wait_for)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_ECHO, 0, "x", 1);
    peer_expect(&h, fd, 0, "x", 1);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    peer_expect_closed(&h, fd);
}
END_TEST

/* Half, then the rest: its calls are nobody's any more. */
START_TEST(test_half_closed_then_gone)
{
    int fd = peer_connect(h.path);

    peer_call(&h, fd, PROC_HOLD, 0, NULL, 0);
    harness_until(&h, h.calls == 1);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    harness_until(&h, h.server->clients->half);
    ck_assert_uint_eq(h.gone, 0);
    (void)close(fd);
    harness_until(&h, h.gone == 1);
    harness_release(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = tcase_create("client");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_half_closed);
    tcase_add_test(tcase, test_half_closed_with_nothing_to_wait_for);
    tcase_add_test(tcase, test_half_closed_then_gone);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
