/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/util/closer.c: it closes what it is given, and its end does not wait for what never
   closes. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "protocol/macros.h"
#include "util/closer.h"

enum { LINGER_SECONDS = 600, LIMIT_SECONDS = 60 };

/* A socket whose close waits until the peer has read all, which it does not. */
static int lingering(int *ret_peer)
{
    static const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_SECONDS };
    static const char block[65536];
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    _cleanup_close_ int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, len), 0);
    *ret_peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(*ret_peer, 0);
    while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
        continue;
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    return fd;
}

START_TEST(test_closes)
{
    int fds[2];
    char byte;

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    close_later(-1);
    close_later(fds[1]);
    close_later_drain();
    ck_assert_int_eq(read(fds[0], &byte, 1), 0);
    close_later(fds[0]); /* it begins anew */
    close_later_drain();
    ck_assert_int_eq(fcntl(fds[0], F_GETFD), -1);
}
END_TEST

START_TEST(test_end_does_not_wait_for_ever)
{
    time_t began = time(NULL);
    int peer, fd = lingering(&peer);

    close_later(fd);
    close_later_drain();
    ck_assert_int_lt(time(NULL) - began, LIMIT_SECONDS);
    /* with what it has not read, so that the other end is reset */
    ck_assert_int_eq(close(peer), 0);
    close_later_drain();
    ck_assert_int_lt(time(NULL) - began, LIMIT_SECONDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closer");
    TCase *tcase = tcase_create("closer");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, test_closes);
    tcase_add_test(tcase, test_end_does_not_wait_for_ever);
    tcase_set_timeout(tcase, 2 * LIMIT_SECONDS);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
