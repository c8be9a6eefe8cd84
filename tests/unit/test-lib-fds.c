/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors that go out with the library's calls and come in with its replies, by way of the
 * calls for a guest's screen: whole, late, missing, too many, and to a daemon that takes none.
 */

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>

#include "fake-server.h"
#include "protocol/macros.h"

enum { LARGE = 4 * 1024 * 1024 - 1024 };

static virConnectPtr conn;
static virDomainPtr dom;
static unsigned int before; /* descriptors that are open */

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static unsigned int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned int n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

/* --- the daemon's side --- */

static void reply_int(int fd, const struct frame_header *call, int value)
{
    remote_int_ret ret = { .value = value };

    fake_reply(fd, call, FAKE_XDR(remote_int_ret), &ret);
}

static void begin(int fd)
{
    char name[] = "d";
    remote_domain_ret ret = { .domain = { .name = name, .id = 1 } };
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_REMOTE(DOMAIN_LOOKUP_BY_NAME), NULL, NULL);
    fake_reply(fd, &call, FAKE_XDR(remote_domain_ret), &ret);
}

static void passes_fds(int fd, int value)
{
    remote_int_args args = { .value = 0 };
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(CONNECT_SUPPORTS_FEATURE),
                                           FAKE_XDR(remote_int_args), &args);

    ck_assert_int_eq(args.value, REMOTE_FEATURE_FD_PASSING);
    reply_int(fd, &call, value);
}

static void begin_passing(int fd)
{
    begin(fd);
    passes_fds(fd, 1);
}

static void host_name(int fd)
{
    char name[] = "fake";
    remote_text_ret ret = { .value = name };
    struct frame_header call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);

    fake_reply(fd, &call, FAKE_XDR(remote_text_ret), &ret);
}

static int receive_fd(int sock)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char bytes[2];
    struct iovec iov = { bytes, sizeof(bytes) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = &control,
                          .msg_controllen = sizeof(control) };
    int fd;

    ck_assert_int_eq(recvmsg(sock, &msg, 0), 1);
    ck_assert_uint_eq(msg.msg_controllen, sizeof(control));
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

static void send_fd(int sock, int fd)
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
    ck_assert_int_eq(sendmsg(sock, &msg, MSG_NOSIGNAL), 1);
}

/* Takes the call and its descriptor, and says hello on that. */
static struct frame_header take_open(int fd)
{
    remote_domain_graphics_args args = { .index = 0 };
    struct fake_call call;
    uint32_t count;
    int got;

    ck_assert(fake_read(fd, &call));
    ck_assert_int_eq(call.header.procedure, REMOTE_PROC_DOMAIN_OPEN_GRAPHICS);
    ck_assert_uint_eq(call.header.type, FRAME_CALL_WITH_FDS);
    memcpy(&count, call.payload, sizeof(count));
    ck_assert_uint_eq(ntohl(count), 1);
    ck_assert_int_eq(frame_decode_payload(call.payload + sizeof(count), call.len - sizeof(count),
                                          FAKE_XDR(remote_domain_graphics_args), &args), 0);
    ck_assert_str_eq(args.domain.name, "d");
    ck_assert_uint_eq(args.index, 3);
    ck_assert_uint_eq(args.flags, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
    xdr_free(FAKE_XDR(remote_domain_graphics_args), &args);
    fake_call_done(&call);
    got = receive_fd(fd);
    fake_write(got, "hello", 5);
    (void)close(got);
    return call.header;
}

/* A reply that announces so many, without them. */
static void announce(int fd, const struct frame_header *call, uint32_t count)
{
    struct frame_header header = *call;
    size_t len;
    void *packet;

    header.type = FRAME_REPLY_WITH_FDS;
    ck_assert_int_eq(frame_encode_with_fds(&header, count, NULL, NULL, &packet, &len), 0);
    fake_write(fd, packet, len);
    free(packet);
}

static struct frame_header expect_open_fd(int fd)
{
    begin_passing(fd);
    return fake_expect(fd, FAKE_REMOTE(DOMAIN_OPEN_GRAPHICS_FD), NULL, NULL);
}

/* --- the program's side --- */

static void start(fake_script *script)
{
    virSetErrorFunc(NULL, quiet);
    fake_start(script);
    conn = fake_open();
    dom = virDomainLookupByName(conn, "d");
    ck_assert_ptr_nonnull(dom);
    before = open_descriptors();
}

static void stop(void)
{
    ck_assert_uint_eq(open_descriptors(), before);
    ck_assert_int_eq(virDomainFree(dom), 0);
    ck_assert_int_eq(virConnectClose(conn), 0);
    fake_stop();
}

static void expect_hello(int sock)
{
    char text[6] = "";

    ck_assert_int_eq(recv(sock, text, 5, MSG_WAITALL), 5);
    ck_assert_str_eq(text, "hello");
    ck_assert_int_eq(recv(sock, text, 1, 0), 0); /* ours was the only other end */
}

/* Sends one end; the other one is what comes back. */
static int open_ours(void)
{
    int pair[2], rc;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    rc = virDomainOpenGraphics(dom, 3, pair[0], VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
    (void)close(pair[0]);
    if (rc == 0)
        return pair[1];
    (void)close(pair[1]);
    return -1;
}

static void expect_code(int rc, int code)
{
    ck_assert_int_eq(rc, -1);
    ck_assert_msg(virGetLastErrorCode() == code, "%s", virGetLastErrorMessage());
}

static void expect_host_name(void)
{
    _cleanup_free_ char *name = virConnectGetHostname(conn);

    ck_assert_msg(name != NULL, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(name, "fake");
}

/* --- out --- */

static void open_script(int fd)
{
    struct frame_header call;

    begin_passing(fd);
    call = take_open(fd);
    fake_reply(fd, &call, NULL, NULL);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_open)
{
    int sock;

    start(open_script);
    sock = open_ours();
    ck_assert_msg(sock >= 0, "%s", virGetLastErrorMessage());
    expect_hello(sock);
    (void)close(sock);
    expect_host_name();
    stop();
}
END_TEST

static void refusing_script(int fd)
{
    struct frame_header call;

    begin_passing(fd);
    call = take_open(fd);
    fake_fail(fd, &call, VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, "no such console");
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_open_refused)
{
    start(refusing_script);
    expect_code(open_ours(), VIR_ERR_INTERNAL_ERROR);
    expect_host_name();
    stop();
}
END_TEST

static void old_script(int fd)
{
    begin(fd);
    passes_fds(fd, 0);
    passes_fds(fd, 0);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_daemon_takes_none)
{
    start(old_script);
    expect_code(open_ours(), VIR_ERR_ARGUMENT_UNSUPPORTED);
    expect_code(virDomainOpenGraphicsFD(dom, 3, 0), VIR_ERR_ARGUMENT_UNSUPPORTED);
    expect_host_name();
    stop();
}
END_TEST

static void unasked_script(int fd)
{
    begin(fd);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_no_socket)
{
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    start(unasked_script);
    expect_code(virDomainOpenGraphics(dom, 3, file, 0), VIR_ERR_INVALID_ARG);
    expect_code(virDomainOpenGraphics(dom, 3, -1, 0), VIR_ERR_INVALID_ARG);
    expect_code(virDomainOpenGraphics(dom, 3, 1 << 20, 0), VIR_ERR_SYSTEM_ERROR);
    expect_code(virDomainOpenGraphics(NULL, 3, file, 0), VIR_ERR_INVALID_DOMAIN);
    expect_code(virDomainOpenGraphicsFD(NULL, 3, 0), VIR_ERR_INVALID_DOMAIN);
    expect_host_name();
    stop();
    (void)close(file);
}
END_TEST

/* Behind a packet that the socket does not take at once. */
static sem_t large_may_go;

static void late_script(int fd)
{
    struct frame_header feature, large;
    struct fake_call call;
    char byte;

    begin(fd);
    feature = fake_expect(fd, FAKE_REMOTE(CONNECT_SUPPORTS_FEATURE), NULL, NULL);
    (void)sem_post(&large_may_go);
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_PEEK), 1);
    reply_int(fd, &feature, 1);
    ck_assert(fake_read(fd, &call));
    large = call.header;
    ck_assert_int_eq(large.procedure, REMOTE_PROC_DOMAIN_DEFINE_XML);
    ck_assert_uint_gt(call.len, LARGE);
    fake_call_done(&call);
    fake_fail(fd, &large, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "too long");
    feature = take_open(fd);
    fake_reply(fd, &feature, NULL, NULL);
    fake_goodbye(fd);
}

static void *define_large(void *unused _unused_)
{
    char *xml = malloc(LARGE + 1);

    ck_assert_ptr_nonnull(xml);
    memset(xml, 'x', LARGE);
    xml[LARGE] = '\0';
    (void)sem_wait(&large_may_go);
    ck_assert_ptr_null(virDomainDefineXML(conn, xml));
    free(xml);
    return NULL;
}

START_TEST(test_open_late)
{
    pthread_t thread;
    int sock;

    ck_assert_int_eq(sem_init(&large_may_go, 0, 0), 0);
    start(late_script);
    ck_assert_int_eq(pthread_create(&thread, NULL, define_large, NULL), 0);
    sock = open_ours();
    ck_assert_msg(sock >= 0, "%s", virGetLastErrorMessage());
    expect_hello(sock);
    (void)close(sock);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    stop();
}
END_TEST

/* --- in --- */

static void give_script(int fd)
{
    struct frame_header call = expect_open_fd(fd);
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    announce(fd, &call, 1);
    send_fd(fd, pair[1]);
    fake_write(pair[0], "hello", 5);
    (void)close(pair[0]);
    (void)close(pair[1]);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_given)
{
    int sock;

    start(give_script);
    sock = virDomainOpenGraphicsFD(dom, 3, 0);
    ck_assert_msg(sock >= 0, "%s", virGetLastErrorMessage());
    ck_assert_int_eq(fcntl(sock, F_GETFD), FD_CLOEXEC);
    expect_hello(sock);
    (void)close(sock);
    expect_host_name();
    stop();
}
END_TEST

static void two_script(int fd)
{
    struct frame_header call = expect_open_fd(fd);

    announce(fd, &call, 2);
    send_fd(fd, fd);
    send_fd(fd, fd);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_given_two)
{
    int sock;

    start(two_script);
    sock = virDomainOpenGraphicsFD(dom, 3, 0);
    ck_assert_msg(sock >= 0, "%s", virGetLastErrorMessage());
    (void)close(sock);
    expect_host_name();
    stop();
}
END_TEST

static void none_script(int fd)
{
    struct frame_header call = expect_open_fd(fd);

    fake_reply(fd, &call, NULL, NULL);
    passes_fds(fd, 1);
    call = fake_expect(fd, FAKE_REMOTE(DOMAIN_OPEN_GRAPHICS_FD), NULL, NULL);
    announce(fd, &call, 1);
    fake_write(fd, "", 1);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_given_none)
{
    start(none_script);
    expect_code(virDomainOpenGraphicsFD(dom, 3, 0), VIR_ERR_RPC);
    expect_code(virDomainOpenGraphicsFD(dom, 3, 0), VIR_ERR_RPC);
    expect_host_name();
    stop();
}
END_TEST

/* With a reply to a call that has no use for it, and one that is an error. */
static void unwanted_script(int fd)
{
    struct frame_header call = expect_open_fd(fd);

    call.status = FRAME_ERROR;
    announce(fd, &call, 1);
    send_fd(fd, fd);
    call = fake_expect(fd, FAKE_REMOTE(CONNECT_GET_HOSTNAME), NULL, NULL);
    announce(fd, &call, 1);
    send_fd(fd, fd);
    host_name(fd);
    fake_goodbye(fd);
}

START_TEST(test_unwanted)
{
    start(unwanted_script);
    expect_code(virDomainOpenGraphicsFD(dom, 3, 0), VIR_ERR_RPC);
    ck_assert_ptr_null(virConnectGetHostname(conn));
    expect_host_name();
    stop();
}
END_TEST

static void impossible_script(int fd)
{
    struct frame_header call = expect_open_fd(fd);
    char byte;

    announce(fd, &call, 33);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}

START_TEST(test_impossible_number)
{
    start(impossible_script);
    expect_code(virDomainOpenGraphicsFD(dom, 3, 0), VIR_ERR_RPC);
    ck_assert_int_eq(virConnectIsAlive(conn), 0);
    ck_assert_int_eq(virDomainFree(dom), 0);
    (void)virConnectClose(conn);
    fake_stop();
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_open,
        test_open_refused,
        test_daemon_takes_none,
        test_no_socket,
        test_open_late,
        test_given,
        test_given_two,
        test_given_none,
        test_unwanted,
        test_impossible_number,
    };
    TCase *tcase = tcase_create("descriptors");
    Suite *s = suite_create("lib-fds");

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
