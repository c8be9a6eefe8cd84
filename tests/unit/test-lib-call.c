/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library's calls against a daemon that answers in every way it can:
 * in pieces, out of order, wrongly, or not at all.
 */

#include <check.h>
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

static void assert_hostname(virConnectPtr conn, const char *expected)
{
    _cleanup_free_ char *hostname = virConnectGetHostname(conn);

    ck_assert_msg(hostname != NULL, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(hostname, expected);
    ck_assert_ptr_null(virGetLastError());
}

static void assert_no_hostname(virConnectPtr conn, int code)
{
    ck_assert_ptr_null(virConnectGetHostname(conn));
    ck_assert_int_eq(virGetLastErrorCode(), code);
}

/* --- the handshake --- */

static void handshake_script(int fd)
{
    remote_auth_list_ret auth = { .types = { .types_len = 0 } };
    remote_open_args open = { .name = NULL };
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(AUTH_LIST), NULL, NULL);

    ck_assert_uint_eq(call.serial, 0);
    fake_reply(fd, &call, FAKE_XDR(remote_auth_list_ret), &auth);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_OPEN), FAKE_XDR(remote_open_args), &open);
    ck_assert_uint_eq(call.serial, 1);
    ck_assert_str_eq(*open.name, "test:///default?a=b");
    ck_assert_uint_eq(open.flags, VIR_CONNECT_RO);
    xdr_free(FAKE_XDR(remote_open_args), &open);
    fake_reply(fd, &call, NULL, NULL);
    fake_goodbye(fd);
}

START_TEST(test_handshake)
{
    char uri[512];
    virConnectPtr conn;
    _cleanup_free_ char *got = NULL;

    (void)snprintf(uri, sizeof(uri), "%s&a=b", fake_start(handshake_script));
    conn = virConnectOpenReadOnly(uri);
    ck_assert_ptr_nonnull(conn);
    got = virConnectGetURI(conn);
    ck_assert_str_eq(got, uri);
    close_and_stop(conn);
}
END_TEST

static void strange_script(int fd)
{
    remote_auth_type types[] = { (remote_auth_type)7, REMOTE_AUTH_NONE };
    remote_auth_list_ret auth = { .types = { .types_len = 2, .types_val = types } };
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(AUTH_LIST), NULL, NULL);
    struct fake_call none;

    fake_reply(fd, &call, FAKE_XDR(remote_auth_list_ret), &auth);
    ck_assert(!fake_read(fd, &none));
}

START_TEST(test_unsupported_auth)
{
    ck_assert_ptr_null(virConnectOpen(fake_start(strange_script)));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_AUTH_FAILED);
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "does not know"));
    fake_stop();
}
END_TEST

static void refuse_script(int fd)
{
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(AUTH_LIST), NULL, NULL);
    struct fake_call none;

    fake_fail(fd, &call, VIR_ERR_RPC, VIR_FROM_RPC, "too many clients");
    ck_assert(!fake_read(fd, &none));
}

START_TEST(test_open_refused)
{
    ck_assert_ptr_null(virConnectOpen(fake_start(refuse_script)));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_RPC);
    ck_assert_str_eq(virGetLastErrorMessage(), "too many clients");
    fake_stop();
}
END_TEST

/* --- what a reply may look like --- */

static void pieces_script(int fd)
{
    remote_text_ret ret = { .value = text("in pieces") };
    _cleanup_free_ char *packet = NULL;
    struct frame_header call;
    size_t len;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    packet = fake_packet(&call, FAKE_XDR(remote_text_ret), &ret, &len);
    for (size_t i = 0; i < len; i++)
        fake_write(fd, packet + i, 1);
    fake_goodbye(fd);
}

START_TEST(test_reply_in_pieces)
{
    virConnectPtr conn;

    (void)fake_start(pieces_script);
    conn = fake_open();
    assert_hostname(conn, "in pieces");
    close_and_stop(conn);
}
END_TEST

/* More than any buffer's first size, and more than a socket takes at once. */
enum { LARGE = 3 * 1024 * 1024 };

static void large_script(int fd)
{
    remote_pool_xml_args args = { .flags = 0 };
    remote_vol_ret ret;
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(STORAGE_POOL_LOOKUP_BY_NAME), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_pool_ret),
               &(remote_pool_ret){ .pool = { .name = text("p"), .uuid = { 1 } } });
    call = fake_expect(fd, FAKE_REMOTE(STORAGE_VOL_CREATE_XML), FAKE_XDR(remote_pool_xml_args),
                       &args);
    ck_assert_uint_eq(args.flags, VIR_STORAGE_VOL_CREATE_XML_ASYNC);
    ret = (remote_vol_ret){ .vol = { .pool = args.pool.name, .name = args.xml, .key = args.xml } };
    fake_reply(fd, &call, FAKE_XDR(remote_vol_ret), &ret);
    xdr_free(FAKE_XDR(remote_pool_xml_args), &args);
    fake_goodbye(fd);
}

START_TEST(test_large)
{
    _cleanup_free_ char *xml = malloc(LARGE + 1);
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virConnectPtr conn;

    memset(xml, 'x', LARGE);
    xml[LARGE] = '\0';
    (void)fake_start(large_script);
    conn = fake_open();
    pool = virStoragePoolLookupByName(conn, "p");
    ck_assert_ptr_nonnull(pool);
    vol = virStorageVolCreateXML(pool, xml, VIR_STORAGE_VOL_CREATE_XML_ASYNC);
    ck_assert_ptr_nonnull(vol);
    ck_assert_str_eq(virStorageVolGetName(vol), xml);
    /* the objects keep the connection: only the last of them closes it */
    ck_assert_int_eq(virConnectClose(conn), 2);
    ck_assert_int_eq(virStoragePoolFree(pool), 0);
    ck_assert_int_eq(virStorageVolFree(vol), 0);
    fake_stop();
}
END_TEST

static void error_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_RESOURCE_BUSY, VIR_FROM_STORAGE, "resource busy: it is");
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_RPC, VIR_FROM_RPC, "unknown procedure: 59");
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, NULL);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OK, VIR_FROM_QEMU, "");
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    reply_text(fd, &call, "well");
    fake_goodbye(fd);
}

START_TEST(test_error_reply)
{
    virConnectPtr conn;
    virErrorPtr error;

    (void)fake_start(error_script);
    conn = fake_open();
    assert_no_hostname(conn, VIR_ERR_RESOURCE_BUSY);
    error = virGetLastError();
    ck_assert_int_eq(error->domain, VIR_FROM_STORAGE);
    ck_assert_int_eq(error->level, VIR_ERR_ERROR);
    ck_assert_str_eq(error->message, "resource busy: it is");
    ck_assert_str_eq(error->str1, "one");
    ck_assert_ptr_null(error->str2);
    ck_assert_str_eq(error->str3, "three");
    ck_assert_int_eq(error->int1, 17);
    ck_assert_int_eq(error->int2, -1);
    assert_no_hostname(conn, VIR_ERR_NO_SUPPORT);
    assert_no_hostname(conn, VIR_ERR_OPERATION_FAILED);
    ck_assert_str_eq(virGetLastErrorMessage(), "unknown error");
    assert_no_hostname(conn, VIR_ERR_INTERNAL_ERROR);
    ck_assert_str_eq(virGetLastErrorMessage(), "unknown error");
    assert_hostname(conn, "well");
    close_and_stop(conn);
}
END_TEST

/* --- replies that are none; each row ends its connection or only its call --- */

static void send_header(int fd, const struct frame_header *header)
{
    char packet[FRAME_MIN];

    frame_encode_header(packet, header, 0);
    fake_write(fd, packet, sizeof(packet));
}

static void oversize(int fd, struct frame_header *call _unused_)
{
    const unsigned char length[] = { 0x02, 0x00, 0x00, 0x05 };

    fake_write(fd, length, sizeof(length));
}

static void undersize(int fd, struct frame_header *call _unused_)
{
    const unsigned char length[] = { 0, 0, 0, 27 };

    fake_write(fd, length, sizeof(length));
}

static void wrong_serial(int fd, struct frame_header *call)
{
    call->serial += 1;
    reply_text(fd, call, "to whom");
}

static void answered_twice(int fd, struct frame_header *call)
{
    call->serial -= 1;
    reply_text(fd, call, "again");
}

static void wrong_type(int fd, struct frame_header *call)
{
    call->type = FRAME_CALL;
    send_header(fd, call);
}

static void type_unknown(int fd, struct frame_header *call)
{
    call->type = FRAME_TYPE_MAX;
    send_header(fd, call);
}

static void hang_up(int fd, struct frame_header *call _unused_)
{
    (void)shutdown(fd, SHUT_RDWR);
}

static void hang_up_in_header(int fd, struct frame_header *call)
{
    char packet[FRAME_MIN];

    call->type = FRAME_REPLY;
    frame_encode_header(packet, call, 8);
    fake_write(fd, packet, FRAME_MIN / 2);
    (void)shutdown(fd, SHUT_RDWR);
}

static void wrong_procedure(int fd, struct frame_header *call)
{
    call->procedure += 1;
    reply_text(fd, call, "something else");
}

static void wrong_program(int fd, struct frame_header *call)
{
    call->program += 1;
    reply_text(fd, call, "something else");
}

static void no_payload(int fd, struct frame_header *call)
{
    fake_reply(fd, call, NULL, NULL);
}

static void bad_error(int fd, struct frame_header *call)
{
    call->status = FRAME_ERROR;
    fake_reply(fd, call, NULL, NULL);
}

static const struct bad_reply {
    void (*send)(int fd, struct frame_header *call);
    bool fatal; /* the connection is lost with it */
} bad_replies[] = {
    { oversize, true },         { undersize, true },    { wrong_serial, true },
    { answered_twice, true },   { wrong_type, true },   { type_unknown, true },
    { hang_up, true },          { hang_up_in_header, true },
    { wrong_procedure, false }, { wrong_program, false },
    { no_payload, false },      { bad_error, false },
};

static const struct bad_reply *bad_reply;

static void bad_script(int fd)
{
    struct frame_header call;
    struct fake_call none;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    bad_reply->send(fd, &call);
    if (bad_reply->fatal) {
        ck_assert(!fake_read(fd, &none)); /* the client hangs up as well */
        return;
    }
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    reply_text(fd, &call, "goes on");
    fake_goodbye(fd);
}

START_TEST(test_bad_reply)
{
    virConnectPtr conn;

    bad_reply = &bad_replies[_i];
    (void)fake_start(bad_script);
    conn = fake_open();
    assert_no_hostname(conn, VIR_ERR_RPC);
    if (bad_reply->fatal) {
        assert_no_hostname(conn, VIR_ERR_RPC); /* and at once, without a daemon */
        ck_assert_int_eq(virConnectIsAlive(conn), 0);
    } else {
        ck_assert_int_eq(virConnectIsAlive(conn), 1);
        assert_hostname(conn, "goes on");
    }
    close_and_stop(conn);
}
END_TEST

static void packets_between_script(int fd)
{
    struct frame_header call;
    struct frame_header other = { .program = REMOTE_PROGRAM_NUMBER, .version = 1 };

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    other.type = FRAME_MESSAGE;
    other.procedure = 318;
    send_header(fd, &other); /* an event nobody asked for */
    other.type = FRAME_STREAM;
    other.status = FRAME_CONTINUE;
    other.serial = call.serial;
    send_header(fd, &other); /* of a stream that is no more */
    reply_text(fd, &call, "none the less");
    fake_goodbye(fd);
}

START_TEST(test_packets_between)
{
    virConnectPtr conn;

    (void)fake_start(packets_between_script);
    conn = fake_open();
    assert_hostname(conn, "none the less");
    close_and_stop(conn);
}
END_TEST

/* --- keepalive --- */

static const struct frame_header ping = {
    .program = KEEPALIVE_PROGRAM_NUMBER,
    .version = KEEPALIVE_PROGRAM_VERSION,
    .procedure = KEEPALIVE_PROC_PING,
    .type = FRAME_MESSAGE,
};

static void expect_keepalive(int fd, int procedure)
{
    struct fake_call call;

    ck_assert(fake_read(fd, &call));
    ck_assert_uint_eq(call.header.program, KEEPALIVE_PROGRAM_NUMBER);
    ck_assert_uint_eq(call.header.type, FRAME_MESSAGE);
    ck_assert_int_eq(call.header.procedure, procedure);
    ck_assert_uint_eq(call.len, 0);
    fake_call_done(&call);
}

static void ping_script(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    send_header(fd, &ping);
    expect_keepalive(fd, KEEPALIVE_PROC_PONG);
    reply_text(fd, &call, "alive");
    fake_goodbye(fd);
}

START_TEST(test_ping_during_call)
{
    virConnectPtr conn;

    (void)fake_start(ping_script);
    conn = fake_open();
    assert_hostname(conn, "alive");
    close_and_stop(conn);
}
END_TEST

static void silent_script(int fd)
{
    struct fake_call none;

    fake_handshake(fd);
    expect_keepalive(fd, KEEPALIVE_PROC_PING); /* as soon as it is set; never answered */
    (void)fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    expect_keepalive(fd, KEEPALIVE_PROC_PING);
    ck_assert(!fake_read(fd, &none)); /* not answered: the client hangs up */
}

START_TEST(test_silent_daemon)
{
    virConnectPtr conn;

    (void)fake_start(silent_script);
    conn = fake_open();
    ck_assert_int_eq(virConnectSetKeepAlive(conn, 1, 1), 0);
    assert_no_hostname(conn, VIR_ERR_RPC);
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "keepalive"));
    close_and_stop(conn);
}
END_TEST

static void answered_ping_script(int fd)
{
    struct frame_header call, pong = ping;

    fake_handshake(fd);
    expect_keepalive(fd, KEEPALIVE_PROC_PING);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    for (int i = 0; i < 2; i++) { /* more than may go unanswered */
        expect_keepalive(fd, KEEPALIVE_PROC_PING);
        pong.procedure = KEEPALIVE_PROC_PONG;
        send_header(fd, &pong);
    }
    reply_text(fd, &call, "slow");
    fake_goodbye(fd);
}

START_TEST(test_slow_daemon)
{
    virConnectPtr conn;

    (void)fake_start(answered_ping_script);
    conn = fake_open();
    ck_assert_int_eq(virConnectSetKeepAlive(conn, 1, 1), 0);
    assert_hostname(conn, "slow");
    close_and_stop(conn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-call");
    TCase *tcase = tcase_create("call");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_handshake);
    tcase_add_test(tcase, test_unsupported_auth);
    tcase_add_test(tcase, test_open_refused);
    tcase_add_test(tcase, test_reply_in_pieces);
    tcase_add_test(tcase, test_large);
    tcase_add_test(tcase, test_error_reply);
    tcase_add_loop_test(tcase, test_bad_reply, 0, ARRAY_SIZE(bad_replies));
    tcase_add_test(tcase, test_packets_between);
    tcase_add_test(tcase, test_ping_during_call);
    tcase_add_test(tcase, test_silent_daemon);
    tcase_add_test(tcase, test_slow_daemon);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
