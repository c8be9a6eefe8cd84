/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From packet to handler and back: programs, procedures, access, arguments,
 * pending calls.  The rows are the test's own.
 */

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "calls/call.h"
#include "protocol/remote.h"
#include "server-harness.h"
#include "util/alloc.h"

enum {
    NO_ROW = 0,
    CALL_TEXT = 1,
    CALL_OPEN = 2,
    CALL_BUILD = 3,
    CALL_PEND = 4,
    CALL_BAD_RESULT = 5,
    CALL_ERRNO = 6,
    CALL_READONLY = 7,
    CALL_BARE_FAILURE = 8,
    CALL_FDS = 9,
    CALL_FAR = 400,
};
enum { OTHER_PROGRAM = 0x99, OTHER_VERSION = 3, FLAG = 1 << 4 };

static struct harness h;
static struct daemon test_daemon;
static unsigned int ran;
static struct call *pending[16];
static unsigned int npending, ngone;

static int handle_text(struct call *call)
{
    const struct remote_text_args *args = call->args;
    struct remote_text_ret *ret = call->ret;

    ran++;
    ret->value = xstrdup(args->value);
    return 0;
}

static int handle_open(struct call *call)
{
    client_set_open(call->client);
    return 0;
}

static int handle_readonly(struct call *call)
{
    client_set_readonly(call->client);
    return 0;
}

static int handle_build(struct call *call)
{
    const struct remote_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, FLAG | VIRTJOB_ASYNC_BIT) < 0)
        return -1;
    ran++;
    return 0;
}

static void gone(struct call *call)
{
    ngone++;
    for (unsigned int i = 0; i < npending; i++)
        if (pending[i] == call)
            pending[i] = pending[--npending];
    call_fail(call);
}

static int handle_pend(struct call *call)
{
    const struct remote_flags_args *args = call->args;

    pending[npending++] = call;
    if (args->flags & FLAG)
        call->gone = gone;
    return CALL_PENDING;
}

/* A list over its bound cannot be sent. */
static int handle_bad_result(struct call *call)
{
    struct remote_auth_list_ret *ret = call->ret;

    ret->types.types_len = REMOTE_AUTH_TYPE_MAX + 1;
    ret->types.types_val = xcalloc(ret->types.types_len, sizeof(*ret->types.types_val));
    return 0;
}

static int handle_errno(struct call *call)
{
    return verror_errno(&call->err, ENOSPC, "cannot write");
}

/* Fails without a word. */
static int handle_bare_failure(_unused_ struct call *call)
{
    return -1;
}

/* Gives back the first that it gets. */
static int handle_fds(struct call *call)
{
    ran++;
    ck_assert_uint_gt(call->nfds, 0);
    call->ret_fd = steal_fd(&call->fds[0]);
    return 0;
}

#define ROW(num, fn, who, ...) \
    { .number = num, .api = fn, .access = who, .error_domain = VIR_FROM_STORAGE, __VA_ARGS__ }

static const struct proc first_rows[] = {
    ROW(CALL_PEND, "virPend", ACCESS_READ, PROC_ARGS(remote_flags_args), .handler = handle_pend),
    ROW(CALL_TEXT, "virText", ACCESS_READ, PROC_ARGS(remote_text_args),
        PROC_RET(remote_text_ret), .handler = handle_text),
    ROW(CALL_OPEN, "virConnectOpen", ACCESS_PREOPEN, .handler = handle_open),
    ROW(CALL_READONLY, "virReadOnly", ACCESS_PREAUTH, .handler = handle_readonly),
};
static const struct proc second_rows[] = {
    ROW(CALL_FAR, "virFar", ACCESS_READ, .handler = handle_open),
    ROW(CALL_FDS, "virFds", ACCESS_READ, .max_fds = 2, .handler = handle_fds),
    ROW(CALL_BUILD, "virStoragePoolBuild", ACCESS_WRITE, PROC_ARGS(remote_flags_args),
        .handler = handle_build),
    ROW(CALL_BAD_RESULT, "virBadResult", ACCESS_READ, PROC_RET(remote_auth_list_ret),
        .handler = handle_bad_result),
    ROW(CALL_ERRNO, "virErrno", ACCESS_READ, .handler = handle_errno),
    ROW(CALL_BARE_FAILURE, "virBareFailure", ACCESS_READ, .handler = handle_bare_failure),
};
static const struct proc other_rows[] = {
    ROW(CALL_TEXT, "virOther", ACCESS_PREAUTH, .handler = handle_open),
};
static const struct proc_table first = { first_rows, ARRAY_SIZE(first_rows) };
static const struct proc_table second = { second_rows, ARRAY_SIZE(second_rows) };
static const struct proc_table other = { other_rows, ARRAY_SIZE(other_rows) };
static const struct program programs[] = {
    { PROGRAM, 1, &first },
    { OTHER_PROGRAM, OTHER_VERSION, &other },
    { PROGRAM, 1, &second },
};

static void setup(void)
{
    static const struct server_limits limits = { .max_clients = 10, .max_client_requests = 16 };

    test_daemon = (struct daemon){ .dispatch = dispatch_new(programs, ARRAY_SIZE(programs)) };
    ran = npending = ngone = 0;
    harness_start_with(&h, &limits, &dispatch_handler, &test_daemon);
}

static void teardown(void)
{
    harness_stop(&h);
    dispatch_free(test_daemon.dispatch);
}

static int connect_open(void)
{
    int fd = peer_connect(h.path);

    peer_call(&h, fd, CALL_OPEN, 0, NULL, 0);
    peer_expect(&h, fd, 0, NULL, 0);
    return fd;
}

static void expect_error(int fd, uint32_t serial, int code, int domain, const char *message)
{
    _cleanup_free_ char *got = NULL;
    int got_domain;

    ck_assert_int_eq(peer_expect_error(&h, fd, serial, &got, &got_domain), code);
    ck_assert_str_eq(got, message);
    ck_assert_int_eq(got_domain, domain);
}

static void send_header(int fd, uint32_t program, uint32_t version, int procedure)
{
    const struct frame_header header = {
        .program = program, .version = version, .procedure = procedure, .serial = 1,
    };

    peer_packet(&h, fd, &header, NULL, 0);
}

START_TEST(test_call)
{
    _cleanup_close_ int fd = connect_open();

    peer_call(&h, fd, CALL_TEXT, 1, "\0\0\0\2hi\0\0", 8);
    peer_expect(&h, fd, 1, "\0\0\0\2hi\0\0", 8);
    peer_call(&h, fd, CALL_FAR, 2, NULL, 0); /* another table of the same program */
    peer_expect(&h, fd, 2, NULL, 0);
    ck_assert_uint_eq(ran, 1);
}
END_TEST

START_TEST(test_bytes_behind_the_arguments)
{
    _cleanup_close_ int fd = connect_open();

    peer_call(&h, fd, CALL_TEXT, 1, "\0\0\0\2hi\0\0more", 12);
    peer_expect(&h, fd, 1, "\0\0\0\2hi\0\0", 8);
}
END_TEST

START_TEST(test_unknown)
{
    _cleanup_close_ int fd = connect_open();
    static const struct {
        uint32_t program, version;
        int procedure;
        const char *message;
    } cases[] = {
        { 7, 1, CALL_TEXT, "Cannot find program 7 version 1" },
        { 0xffffffff, 1, CALL_TEXT, "Cannot find program 4294967295 version 1" },
        { PROGRAM, 2, CALL_TEXT, "Cannot find program 4660 version 2" },
        { OTHER_PROGRAM, 1, CALL_TEXT, "Cannot find program 153 version 1" },
        { PROGRAM, 1, NO_ROW, "unknown procedure: 0" },
        { PROGRAM, 1, CALL_FAR - 1, "unknown procedure: 399" },
        { PROGRAM, 1, CALL_FAR + 1, "unknown procedure: 401" },
        { PROGRAM, 1, -1, "unknown procedure: -1" },
        { PROGRAM, 1, INT32_MIN, "unknown procedure: -2147483648" },
        { PROGRAM, 1, INT32_MAX, "unknown procedure: 2147483647" },
        { OTHER_PROGRAM, OTHER_VERSION, CALL_FAR, "unknown procedure: 400" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        send_header(fd, cases[i].program, cases[i].version, cases[i].procedure);
        expect_error(fd, 1, VIR_ERR_RPC, VIR_FROM_RPC, cases[i].message);
    }
    send_header(fd, OTHER_PROGRAM, OTHER_VERSION, CALL_TEXT);
    peer_expect(&h, fd, 1, NULL, 0);
    ck_assert_uint_eq(ran, 0);
}
END_TEST

START_TEST(test_reply_repeats_the_header)
{
    _cleanup_close_ int fd = connect_open();
    struct frame_header header;

    send_header(fd, PROGRAM, 1, CALL_FAR + 1);
    header = peer_read(&h, fd, NULL, 0, NULL);
    ck_assert_uint_eq(header.program, PROGRAM);
    ck_assert_uint_eq(header.version, 1);
    ck_assert_int_eq(header.procedure, CALL_FAR + 1);
    ck_assert_uint_eq(header.type, FRAME_REPLY);
}
END_TEST

START_TEST(test_arguments_that_cannot_be_decoded)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        { "", 0 },
        { "\0\0\0", 3 },
        { "\0\0\0\5hi\0\0", 8 },               /* shorter than it says */
        { "\xff\xff\xff\xff" "hi\0\0", 8 },      /* over the bound of strings */
        { "\0\x40\0\1" "hi\0\0", 8 },            /* just over it */
        { "\0\x40\0\0" "hi\0\0", 8 },            /* at it, but not there */
    };
    _cleanup_close_ int fd = connect_open();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        peer_call(&h, fd, CALL_TEXT, 1, cases[i].bytes, cases[i].len);
        expect_error(fd, 1, VIR_ERR_RPC, VIR_FROM_RPC, "cannot decode the arguments of virText");
    }
    ck_assert_uint_eq(ran, 0);
}
END_TEST

START_TEST(test_not_open)
{
    _cleanup_close_ int fd = peer_connect(h.path);

    peer_call(&h, fd, CALL_TEXT, 1, "\0\0\0\0", 4);
    expect_error(fd, 1, VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC,
                 "internal error: connection not open");
    peer_call(&h, fd, CALL_BUILD, 2, "\0\0\0\0", 4);
    expect_error(fd, 2, VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC,
                 "internal error: connection not open");
    ck_assert_uint_eq(ran, 0);
}
END_TEST

START_TEST(test_not_authenticated)
{
    _cleanup_free_ char *path = xasprintf("%s/asking", h.dir);
    struct verror err = VERROR_INIT;
    _cleanup_close_ int fd = -1;

    ck_assert_int_eq(server_listen_unix(h.server, path, 0600, (gid_t)-1, false, SERVER_AUTH_SASL,
                                        &err), 0);
    fd = peer_connect(path);
    peer_call(&h, fd, CALL_OPEN, 0, NULL, 0);
    expect_error(fd, 0, VIR_ERR_RPC, VIR_FROM_RPC, "authentication required");
    peer_call(&h, fd, CALL_TEXT, 1, "\0\0\0\2hi\0\0", 8);
    expect_error(fd, 1, VIR_ERR_RPC, VIR_FROM_RPC, "authentication required");
    peer_call(&h, fd, CALL_READONLY, 2, NULL, 0);
    peer_expect(&h, fd, 2, NULL, 0);
    client_set_authenticated(h.server->clients);
    peer_call(&h, fd, CALL_OPEN, 3, NULL, 0);
    peer_expect(&h, fd, 3, NULL, 0);
}
END_TEST

START_TEST(test_readonly)
{
    _cleanup_close_ int fd = connect_open();

    peer_call(&h, fd, CALL_BUILD, 1, "\0\0\0\0", 4);
    peer_expect(&h, fd, 1, NULL, 0);
    peer_call(&h, fd, CALL_READONLY, 2, NULL, 0);
    peer_expect(&h, fd, 2, NULL, 0);
    peer_call(&h, fd, CALL_BUILD, 3, "\0\0\0\0", 4);
    expect_error(fd, 3, VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE,
                 "operation forbidden: read only access prevents virStoragePoolBuild");
    peer_call(&h, fd, CALL_TEXT, 4, "\0\0\0\0", 4);
    peer_expect(&h, fd, 4, "\0\0\0\0", 4);
    ck_assert_uint_eq(ran, 2);
}
END_TEST

START_TEST(test_flags)
{
    _cleanup_close_ int fd = connect_open();

    peer_call(&h, fd, CALL_BUILD, 1, "\x40\0\0\x10", 4);
    peer_expect(&h, fd, 1, NULL, 0);
    peer_call(&h, fd, CALL_BUILD, 2, "\xc0\0\0\x11", 4);
    expect_error(fd, 2, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
                 "unsupported flags (0x80000001) in function virStoragePoolBuild");
    ck_assert_uint_eq(ran, 1);
}
END_TEST

START_TEST(test_failures)
{
    _cleanup_close_ int fd = connect_open();
    _cleanup_free_ char *message = NULL;

    peer_call(&h, fd, CALL_ERRNO, 1, NULL, 0);
    ck_assert_int_eq(peer_expect_error(&h, fd, 1, &message, NULL), VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(strncmp(message, "cannot write: ", 14), 0);
    peer_call(&h, fd, CALL_BAD_RESULT, 2, NULL, 0);
    ck_assert_int_eq(peer_expect_error(&h, fd, 2, NULL, NULL), VIR_ERR_RPC);
    peer_call(&h, fd, CALL_BARE_FAILURE, 3, NULL, 0);
    ck_assert_int_eq(peer_expect_error(&h, fd, 3, NULL, NULL), VIR_ERR_INTERNAL_ERROR);
}
END_TEST

START_TEST(test_descriptors_are_refused)
{
    _cleanup_close_ int fd = connect_open();
    static const struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = CALL_BUILD, .serial = 1,
        .type = FRAME_CALL_WITH_FDS,
    };

    peer_packet(&h, fd, &header, "\0\0\0\0\0\0\0\0", 8);
    expect_error(fd, 1, VIR_ERR_RPC, VIR_FROM_RPC,
                 "virStoragePoolBuild takes no file descriptors");
    ck_assert_uint_eq(ran, 0);
}
END_TEST

static void send_byte_with(int sock, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS } };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                                .msg_controllen = sizeof(control) };

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    ck_assert_int_eq(sendmsg(sock, &msg, 0), 1);
}

START_TEST(test_descriptors)
{
    _cleanup_close_ int fd = connect_open();
    struct frame_header header = {
        .program = PROGRAM, .version = 1, .procedure = CALL_FDS, .serial = 1,
        .type = FRAME_CALL_WITH_FDS,
    };
    char payload[4], byte;
    size_t len;

    peer_packet(&h, fd, &header, "\0\0\0\3", 4); /* how many is looked at before which */
    peer_write(&h, fd, "\0\0\0", 3);
    expect_error(fd, 1, VIR_ERR_RPC, VIR_FROM_RPC,
                 "virFds takes at most 2 file descriptors, not 3");
    header.serial = 2;
    peer_packet(&h, fd, &header, "\0\0\0\2", 4);
    send_byte_with(fd, STDIN_FILENO);
    peer_write(&h, fd, "\0", 1);
    expect_error(fd, 2, VIR_ERR_RPC, VIR_FROM_RPC,
                 "file descriptor 2 of 2 for virFds did not come");
    ck_assert_uint_eq(ran, 0);
    header.serial = 3;
    peer_packet(&h, fd, &header, "\0\0\0\1", 4);
    send_byte_with(fd, STDIN_FILENO);
    header = peer_read(&h, fd, payload, sizeof(payload), &len);
    ck_assert_uint_eq(header.type, FRAME_REPLY_WITH_FDS);
    ck_assert_uint_eq(header.status, FRAME_OK);
    ck_assert_uint_eq(len, sizeof(payload));
    ck_assert_mem_eq(payload, "\0\0\0\1", sizeof(payload));
    harness_until(&h, recv(fd, &byte, 1, 0) == 1);
    ck_assert_uint_eq(ran, 1);
}
END_TEST

START_TEST(test_pending)
{
    _cleanup_close_ int fd = connect_open();

    peer_call(&h, fd, CALL_PEND, 1, "\0\0\0\0", 4);
    peer_call(&h, fd, CALL_PEND, 2, "\0\0\0\0", 4);
    harness_until(&h, npending == 2);
    verror_set(&pending[1]->err, VIR_ERR_NO_STORAGE_VOL, "none");
    call_fail(pending[1]);
    expect_error(fd, 2, VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "Storage volume not found: none");
    call_reply(pending[0]);
    peer_expect(&h, fd, 1, NULL, 0);
}
END_TEST

START_TEST(test_client_leaves)
{
    static const char told[] = "\0\0\0\x10", not_told[] = "\0\0\0\0";
    int fd = connect_open();
    _cleanup_close_ int stays = connect_open();

    peer_call(&h, stays, CALL_PEND, 1, told, 4);
    harness_until(&h, npending == 1);
    peer_call(&h, fd, CALL_PEND, 1, not_told, 4);
    peer_call(&h, fd, CALL_PEND, 2, told, 4);
    peer_call(&h, fd, CALL_PEND, 3, told, 4);
    harness_until(&h, npending == 4);
    (void)close(fd);
    harness_until(&h, ngone == 2);
    ck_assert_uint_eq(npending, 2);
    ck_assert(!client_is_gone(pending[0]->client));
    ck_assert(client_is_gone(pending[1]->client));
    call_reply(pending[1]); /* to nobody */
    call_reply(pending[0]);
    peer_expect(&h, stays, 1, NULL, 0);
}
END_TEST

START_TEST(test_long_error)
{
    struct verror err = VERROR_INIT;
    _cleanup_close_ int fd = connect_open();
    _cleanup_free_ char *name = xmalloc(4 * 1024 * 1024 + 1), *message = NULL;

    memset(name, 'n', 4 * 1024 * 1024);
    name[4 * 1024 * 1024] = '\0';
    peer_call(&h, fd, CALL_PEND, 1, "\0\0\0\0", 4);
    harness_until(&h, npending == 1);
    verror_set(&err, VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name '%s'", name);
    verror_move(&pending[0]->err, &err);
    call_fail(pending[0]);
    ck_assert_int_eq(peer_expect_error(&h, fd, 1, &message, NULL), VIR_ERR_NO_STORAGE_POOL);
    ck_assert_uint_eq(strlen(message), 65536);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_call,
        test_bytes_behind_the_arguments,
        test_unknown,
        test_reply_repeats_the_header,
        test_arguments_that_cannot_be_decoded,
        test_not_open,
        test_not_authenticated,
        test_readonly,
        test_flags,
        test_failures,
        test_descriptors_are_refused,
        test_descriptors,
        test_pending,
        test_client_leaves,
        test_long_error,
    };
    TCase *tcase = tcase_create("calls");
    Suite *s = suite_create("dispatch");

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(s, tcase);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
