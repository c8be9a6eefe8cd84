/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many threads on one connection: each gets its own answer in whatever order
 * they come, all are told when it is lost, and none holds up another.
 */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fake-server.h"
#include "protocol/macros.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

static char *text(const char *from)
{
    return (char *)(uintptr_t)from;
}

static void reply_text(int fd, const struct frame_header *call, const char *value)
{
    remote_text_ret ret = { .value = text(value) };

    fake_reply(fd, call, FAKE_XDR(remote_text_ret), &ret);
}

static void close_and_stop(virConnectPtr conn)
{
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}

enum { THREADS = 8, ROUNDS = 200 };

/* Looks up the pool of its own name again and again; gets its own answer each time. */
static void *look_up(void *argument)
{
    virConnectPtr conn = argument;
    char name[32];

    (void)snprintf(name, sizeof(name), "pool-%lx", (unsigned long)pthread_self());
    for (int i = 0; i < ROUNDS; i++) {
        virStoragePoolPtr pool = virStoragePoolLookupByName(conn, name);

        if (!pool || strcmp(virStoragePoolGetName(pool), name) != 0)
            return NULL;
        (void)virStoragePoolFree(pool);
    }
    return conn;
}

static void answer_lookup(int fd, struct fake_call *call)
{
    remote_text_args args = { .value = NULL };
    remote_pool_ret ret = { .pool = { .name = NULL } };

    ck_assert_int_eq(frame_decode_payload(call->payload, call->len, FAKE_XDR(remote_text_args),
                                          &args), 0);
    ret.pool.name = args.value;
    fake_reply(fd, &call->header, FAKE_XDR(remote_pool_ret), &ret);
    xdr_free(FAKE_XDR(remote_text_args), &args);
    fake_call_done(call);
}

/* Answers in pairs while there are two, the later call first. */
static void shuffle_script(int fd)
{
    fake_handshake(fd);
    for (int left = THREADS * ROUNDS; left > 0;) {
        struct fake_call first, second;
        char byte;

        ck_assert(fake_read(fd, &first));
        if (left > 1 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
            ck_assert(fake_read(fd, &second));
            answer_lookup(fd, &second);
            left--;
        }
        answer_lookup(fd, &first);
        left--;
    }
    fake_goodbye(fd);
}

START_TEST(test_many_threads)
{
    pthread_t threads[THREADS];
    virConnectPtr conn;
    void *result;

    (void)fake_start(shuffle_script);
    conn = fake_open();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, look_up, conn), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_eq(result, conn);
    }
    close_and_stop(conn);
}
END_TEST

static void *get_hostname(void *conn)
{
    return virConnectGetHostname(conn);
}

static void *get_type(void *conn)
{
    return text(virConnectGetType(conn));
}

/* Takes both calls, whichever came first, and answers the later one first. */
static void out_of_order_script(int fd)
{
    struct fake_call first, second;

    fake_handshake(fd);
    ck_assert(fake_read(fd, &first));
    ck_assert(fake_read(fd, &second));
    ck_assert_uint_eq(second.header.serial, first.header.serial + 1);
    ck_assert_int_ne(second.header.procedure, first.header.procedure);
    reply_text(fd, &second.header,
               second.header.procedure == REMOTE_PROC_CONNECT_GET_TYPE ? "type" : "host");
    reply_text(fd, &first.header,
               first.header.procedure == REMOTE_PROC_CONNECT_GET_TYPE ? "type" : "host");
    fake_call_done(&first);
    fake_call_done(&second);
    fake_goodbye(fd);
}

START_TEST(test_out_of_order)
{
    pthread_t one, two;
    void *host, *type;
    virConnectPtr conn;

    (void)fake_start(out_of_order_script);
    conn = fake_open();
    ck_assert_int_eq(pthread_create(&one, NULL, get_hostname, conn), 0);
    ck_assert_int_eq(pthread_create(&two, NULL, get_type, conn), 0);
    ck_assert_int_eq(pthread_join(one, &host), 0);
    ck_assert_int_eq(pthread_join(two, &type), 0);
    ck_assert_str_eq(host, "host");
    ck_assert_str_eq(type, "type");
    free(host);
    close_and_stop(conn);
}
END_TEST

static void *fails_with_rpc(void *conn)
{
    char *host = virConnectGetHostname(conn);

    return !host && virGetLastErrorCode() == VIR_ERR_RPC ? conn : NULL;
}

static void hang_up_on_all_script(int fd)
{
    struct fake_call call;

    fake_handshake(fd);
    for (int i = 0; i < THREADS; i++) {
        ck_assert(fake_read(fd, &call));
        fake_call_done(&call);
    }
}

START_TEST(test_lost_for_all)
{
    pthread_t threads[THREADS];
    virConnectPtr conn;
    void *result;

    (void)fake_start(hang_up_on_all_script);
    conn = fake_open();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, fails_with_rpc, conn), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_eq(result, conn);
    }
    ck_assert_int_eq(virConnectIsAlive(conn), 0);
    close_and_stop(conn);
}
END_TEST

/* More than a socket takes at once. */
enum { LARGE = 3 * 1024 * 1024 };

/*
 * A thread that reads while another has more to send than the socket takes:
 * the rest goes out through the reader.
 */
static void *define_large(void *conn)
{
    _cleanup_free_ char *xml = malloc(LARGE + 1);
    virStoragePoolPtr pool;

    memset(xml, 'y', LARGE);
    xml[LARGE] = '\0';
    pool = virStoragePoolDefineXML(conn, xml, 0);
    if (!pool)
        return NULL;
    (void)virStoragePoolFree(pool);
    return conn;
}

static pthread_barrier_t host_was_asked;

static void slow_reader_script(int fd)
{
    struct frame_header host, define;

    fake_handshake(fd);
    host = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    (void)pthread_barrier_wait(&host_was_asked);
    define = fake_expect(fd, FAKE_REMOTE(STORAGE_POOL_DEFINE_XML), NULL, NULL);
    fake_reply(fd, &define, FAKE_XDR(remote_pool_ret),
               &(remote_pool_ret){ .pool = { .name = text("p") } });
    reply_text(fd, &host, "patient");
    fake_goodbye(fd);
}

START_TEST(test_large_behind_a_reader)
{
    pthread_t one, two;
    void *host, *result;
    virConnectPtr conn;

    ck_assert_int_eq(pthread_barrier_init(&host_was_asked, NULL, 2), 0);
    (void)fake_start(slow_reader_script);
    conn = fake_open();
    ck_assert_int_eq(pthread_create(&one, NULL, get_hostname, conn), 0);
    (void)pthread_barrier_wait(&host_was_asked);
    ck_assert_int_eq(pthread_create(&two, NULL, define_large, conn), 0);
    ck_assert_int_eq(pthread_join(two, &result), 0);
    ck_assert_ptr_eq(result, conn);
    ck_assert_int_eq(pthread_join(one, &host), 0);
    ck_assert_str_eq(host, "patient");
    free(host);
    close_and_stop(conn);
    (void)pthread_barrier_destroy(&host_was_asked);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-threads");
    TCase *tcase = tcase_create("threads");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_many_threads);
    tcase_add_test(tcase, test_out_of_order);
    tcase_add_test(tcase, test_lost_for_all);
    tcase_add_test(tcase, test_large_behind_a_reader);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
