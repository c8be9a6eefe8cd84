/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/server/anonymous.c: those who have not authenticated are few and have little time, and
 * nobody else has less for it.
 */

#include <check.h>
#include <stdio.h>

#include "server-harness.h"
#include "util/alloc.h"

static struct harness h;
static char asking[128]; /* the path of a socket that asks for authentication */

static void start(unsigned int max_anonymous, unsigned int timeout)
{
    const struct server_limits limits = {
        .max_clients = 100,
        .max_client_requests = 5,
        .max_anonymous_clients = max_anonymous,
        .auth_timeout = timeout,
    };
    struct verror err = VERROR_INIT;

    harness_start(&h, limits.max_clients, limits.max_client_requests);
    server_set_limits(h.server, &limits);
    (void)snprintf(asking, sizeof(asking), "%s/asking", h.dir);
    ck_assert_int_eq(server_listen_unix(h.server, asking, 0600, (gid_t)-1, false, SERVER_AUTH_SASL,
                                        &err), 0);
}

static void teardown(void)
{
    harness_stop(&h);
}

static void expect_served(int fd)
{
    peer_call(&h, fd, PROC_ECHO, 7, NULL, 0);
    peer_expect(&h, fd, 7, NULL, 0);
}

START_TEST(test_known_ones_have_no_bound)
{
    int fds[5];

    start(2, 0);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = peer_connect(asking);
        harness_until(&h, h.server->nclients == i + 1);
        ck_assert(!client_is_authenticated(h.server->clients));
        ck_assert_int_eq(client_auth(h.server->clients), SERVER_AUTH_SASL);
        client_set_authenticated(h.server->clients);
        ck_assert(client_is_authenticated(h.server->clients));
    }
    ck_assert_uint_eq(h.server->nanonymous, 0);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        (void)close(fds[i]);
}
END_TEST

START_TEST(test_others_wait)
{
    _cleanup_close_ int first = -1, second = -1, third = -1, other = -1;

    start(2, 0);
    first = peer_connect(asking);
    second = peer_connect(asking);
    third = peer_connect(asking); /* in the kernel's queue */
    harness_until(&h, h.server->nclients == 2);
    other = peer_connect(h.path);
    expect_served(other); /* a turn of the loop in which the third could have been accepted */
    ck_assert_uint_eq(h.server->nclients, 3);
    ck_assert_uint_eq(h.server->nanonymous, 2);
    (void)close(steal_fd(&first));
    expect_served(third);
    ck_assert_uint_eq(h.server->nanonymous, 2);
}
END_TEST

/* Those who hold their places lose them to who comes, the first one first; who is known does
   not. */
START_TEST(test_places_are_taken)
{
    _cleanup_close_ int known = -1, first = -1, second = -1, third = -1;

    start(2, 0);
    known = peer_connect(asking);
    harness_until(&h, h.server->nclients == 1);
    client_set_authenticated(h.server->clients);
    first = peer_connect(asking);
    harness_until(&h, h.server->nclients == 2);
    second = peer_connect(asking);
    harness_until(&h, h.server->nclients == 3);
    third = peer_connect(asking);
    peer_expect_closed(&h, first);
    expect_served(third);
    expect_served(second);
    expect_served(known);
    ck_assert_uint_eq(h.server->nanonymous, 2);
}
END_TEST

START_TEST(test_large_packet)
{
    const struct frame_header header = { .program = PROGRAM, .version = 1, .procedure = PROC_ECHO };
    _cleanup_free_ char *payload = xcalloc(1, ANONYMOUS_PACKET_MAX);
    char head[FRAME_MIN];
    _cleanup_close_ int fd = -1, other = -1;

    start(0, 0);
    fd = peer_connect(asking);
    peer_call(&h, fd, PROC_ECHO, 1, payload, ANONYMOUS_PACKET_MAX - FRAME_MIN);
    peer_expect(&h, fd, 1, payload, ANONYMOUS_PACKET_MAX - FRAME_MIN);
    /* its head is enough */
    frame_encode_header(head, &header, ANONYMOUS_PACKET_MAX);
    peer_write(&h, fd, head, sizeof(head));
    peer_expect_closed(&h, fd);
    other = peer_connect(h.path);
    peer_call(&h, other, PROC_ECHO, 1, payload, ANONYMOUS_PACKET_MAX);
    peer_expect(&h, other, 1, payload, ANONYMOUS_PACKET_MAX);
}
END_TEST

START_TEST(test_one_more_when_one_is_known)
{
    _cleanup_close_ int first = -1, second = -1;

    start(1, 0);
    first = peer_connect(asking);
    harness_until(&h, h.server->nclients == 1);
    second = peer_connect(asking);
    client_set_authenticated(h.server->clients);
    expect_served(second);
    expect_served(first);
}
END_TEST

START_TEST(test_time_is_up)
{
    _cleanup_close_ int known = -1, late = -1, other = -1;

    start(0, 1);
    known = peer_connect(asking);
    harness_until(&h, h.server->nclients == 1);
    client_set_authenticated(h.server->clients);
    other = peer_connect(h.path);
    late = peer_connect(asking);
    expect_served(late); /* what it is answered does not help it */
    peer_expect_closed(&h, late);
    ck_assert_uint_eq(h.server->nclients, 2);
    expect_served(known);
    expect_served(other);
}
END_TEST

/* A new limit holds for those that are there. */
START_TEST(test_time_is_set_later)
{
    const struct server_limits limits = { .max_clients = 10, .max_client_requests = 5,
                                          .auth_timeout = 1 };
    _cleanup_close_ int fd = -1;

    start(0, 0);
    fd = peer_connect(asking);
    harness_until(&h, h.server->nanonymous == 1);
    server_set_limits(h.server, &limits);
    peer_expect_closed(&h, fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("anonymous");
    TCase *tcase = tcase_create("anonymous");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_known_ones_have_no_bound);
    tcase_add_test(tcase, test_others_wait);
    tcase_add_test(tcase, test_places_are_taken);
    tcase_add_test(tcase, test_large_packet);
    tcase_add_test(tcase, test_one_more_when_one_is_known);
    tcase_add_test(tcase, test_time_is_up);
    tcase_add_test(tcase, test_time_is_set_later);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
