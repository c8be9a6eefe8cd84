/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets: their mode, names, long paths, stale and live ones, handed over ones. */

#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "server-harness.h"
#include "util/alloc.h"

static struct harness h;

static void setup(void)
{
    harness_start(&h, 100, 5);
}

static void teardown(void)
{
    harness_stop(&h);
}

static char *beside(const char *name)
{
    return xasprintf("%s/%s", h.dir, name);
}

static int listen_at(const char *path, bool readonly, struct verror *err)
{
    return server_listen_unix(h.server, path, 0640, (gid_t)-1, readonly, SERVER_AUTH_NONE, err);
}

START_TEST(test_mode_and_group)
{
    _cleanup_free_ char *path = beside("other");
    struct verror err = VERROR_INIT;
    struct stat st;

    ck_assert_int_eq(
        server_listen_unix(h.server, path, 0666, getgid(), false, SERVER_AUTH_NONE, &err), 0);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 07777, 0666); /* whatever the umask */
    ck_assert_uint_eq(st.st_gid, getgid());
    ck_assert_int_eq(lstat(h.path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(test_readonly_socket)
{
    _cleanup_free_ char *path = beside("sock-ro");
    _cleanup_close_ int fd = -1;
    struct verror err = VERROR_INIT;

    ck_assert_int_eq(listen_at(path, true, &err), 0);
    fd = peer_connect(path);
    harness_until(&h, h.server->clients);
    ck_assert(client_is_readonly(h.server->clients));
    (void)close(steal_fd(&fd));
    harness_until(&h, !h.server->clients);
    fd = peer_connect(h.path);
    harness_until(&h, h.server->clients);
    ck_assert(!client_is_readonly(h.server->clients));
    ck_assert(!client_is_open(h.server->clients));
    ck_assert(client_is_secure(h.server->clients));
}
END_TEST

START_TEST(test_identity)
{
    _cleanup_close_ int fd = peer_connect(h.path);
    _cleanup_free_ char *start =
        xasprintf("uid=%u pid=%d (", (unsigned int)getuid(), (int)getpid());

    harness_until(&h, h.server->clients);
    ck_assert_int_eq(strncmp(client_identity(h.server->clients), start, strlen(start)), 0);
    ck_assert_uint_eq(client_id(h.server->clients), 1);
    client_set_sasl_user(h.server->clients, "a uid=0\tpid=1");
    ck_assert_str_eq(client_who(h.server->clients)->sasl_user, "a uid=0\tpid=1");
    ck_assert_ptr_nonnull(strstr(client_identity(h.server->clients), " sasl=a?uid=0?pid=1"));
}
END_TEST

/* A name as a killed daemon leaves it: bound, and nobody there. */
static void leave_stale(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* A listening TCP socket of the server on this host; its address. */
static struct sockaddr_in listen_tcp(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    struct verror err = VERROR_INIT;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(server_listen_fd(h.server, fd, SERVER_TCP, false, SERVER_AUTH_NONE, &err), 0);
    return address;
}

/*
 * Its calls are carried out though it has gone before it was accepted: as those of its address,
 * not as those of the nobody whom the kernel has for a TCP socket.
 */
START_TEST(test_identity_of_one_that_resets)
{
    static const struct linger at_once = { .l_onoff = 1 };
    const struct sockaddr_in address = listen_tcp();
    struct sockaddr_in own;
    socklen_t len = sizeof(own);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    _cleanup_free_ char *expected = NULL;
    const struct identity *who;

    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    expected = xasprintf("127.0.0.1:%u", ntohs(own.sin_port));
    peer_call(&h, fd, PROC_HOLD, 1, NULL, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    ck_assert_int_eq(close(fd), 0);
    harness_until(&h, h.held && h.gone == 1);
    who = client_who(h.held->client);
    ck_assert(!who->is_local);
    ck_assert_ptr_nonnull(who->address);
    ck_assert_str_eq(who->address, expected);
}
END_TEST

START_TEST(test_stale_socket_is_replaced)
{
    _cleanup_free_ char *path = beside("stale");
    _cleanup_close_ int fd = -1;
    struct verror err = VERROR_INIT;

    leave_stale(path);
    ck_assert_msg(listen_at(path, false, &err) == 0, "%s", verror_text(&err));
    fd = peer_connect(path);
    peer_call(&h, fd, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, fd, 0, NULL, 0);
}
END_TEST

START_TEST(test_live_socket_is_refused)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_close_ int fd = -1;

    ck_assert_int_eq(listen_at(h.path, false, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(err.message, h.path));
    fd = peer_connect(h.path); /* and still serves */
    peer_call(&h, fd, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, fd, 0, NULL, 0);
}
END_TEST

START_TEST(test_other_files_are_left_alone)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *path = beside("file");
    struct stat st;
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    ck_assert_int_eq(listen_at(path, false, &err), -1);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISREG(st.st_mode));
    ck_assert_int_eq(unlink(path), 0);
    /* nor is a link followed, wherever it points */
    ck_assert_int_eq(symlink("sock", path), 0);
    verror_clear(&err);
    ck_assert_int_eq(listen_at(path, false, &err), -1);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_no_directory)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *path = beside("none/sock");

    ck_assert_int_eq(listen_at(path, false, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
}
END_TEST

START_TEST(test_long_path)
{
    char name[151] = "";
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *dir = NULL, *path = NULL, *by_fd = NULL;
    _cleanup_close_ int dir_fd = -1, fd = -1;

    memset(name, 'd', sizeof(name) - 1);
    dir = beside(name);
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    path = xasprintf("%s/virtjobd-sock", dir);
    ck_assert_msg(listen_at(path, false, &err) == 0, "%s", verror_text(&err));
    dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    by_fd = xasprintf("/proc/self/fd/%d/virtjobd-sock", dir_fd);
    fd = peer_connect(by_fd);
    peer_call(&h, fd, PROC_ECHO, 0, NULL, 0);
    peer_expect(&h, fd, 0, NULL, 0);
    server_stop_accepting(h.server);
    ck_assert_int_eq(rmdir(dir), 0); /* its name is gone */
    peer_call(&h, fd, PROC_ECHO, 1, NULL, 0);
    peer_expect(&h, fd, 1, NULL, 0); /* but not its connections */
}
END_TEST

START_TEST(test_name_too_long)
{
    char name[121] = "";
    _cleanup_verror_ struct verror err = VERROR_INIT;
    _cleanup_free_ char *path = NULL;

    memset(name, 'n', sizeof(name) - 1);
    path = beside(name);
    ck_assert_int_eq(listen_at(path, false, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(test_name_of_a_successor_is_kept)
{
    _cleanup_free_ char *path = beside("mine");
    struct verror err = VERROR_INIT;

    ck_assert_int_eq(listen_at(path, false, &err), 0);
    ck_assert_int_eq(unlink(path), 0);
    leave_stale(path); /* another daemon's by now */
    server_stop_accepting(h.server);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_ne(access(h.path, F_OK), 0);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_handed_over_socket)
{
    _cleanup_free_ char *path = beside("systemd");
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    _cleanup_close_ int fd = -1, bare = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    ck_assert_int_eq(server_listen_fd(h.server, listening, SERVER_UNIX, true,
                                      SERVER_AUTH_NONE, &err), 0);
    ck_assert_int_eq(fcntl(listening, F_GETFD), FD_CLOEXEC);
    fd = peer_connect(path);
    harness_until(&h, h.server->clients);
    ck_assert(client_is_readonly(h.server->clients));
    server_stop_accepting(h.server);
    ck_assert_int_eq(unlink(path), 0); /* systemd's name stays */
    ck_assert_int_eq(server_listen_fd(h.server, bare, SERVER_UNIX, false,
                                      SERVER_AUTH_NONE, &err), -1);
    ck_assert_int_ne(err.code, 0);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const tests[] = {
        test_mode_and_group,
        test_readonly_socket,
        test_identity,
        test_identity_of_one_that_resets,
        test_stale_socket_is_replaced,
        test_live_socket_is_refused,
        test_other_files_are_left_alone,
        test_no_directory,
        test_long_path,
        test_name_too_long,
        test_name_of_a_successor_is_kept,
        test_handed_over_socket,
    };
    TCase *tcase = tcase_create("sockets");
    Suite *s = suite_create("listen");

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
