/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connection URIs: what goes to the daemon, which socket is meant, what is refused. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "internal.h"
#include "transport.h"
#include "uri.h"

static void quiet(void *data _unused_, virErrorPtr error _unused_)
{
}

static void setup(void)
{
    virSetErrorFunc(NULL, quiet);
}

static const struct good {
    const char *text, *name, *path, *socket;
} goods[] = {
    { "qemu:///system", "qemu:///system", "/system", NULL },
    { "qemu:///session", "qemu:///session", "/session", NULL },
    { "qemu+unix:///system", "qemu:///system", "/system", NULL },
    { "qemu+unix:///system?socket=/a/b", "qemu:///system", "/system", "/a/b" },
    { "qemu:///system?socket=/a%20b%2fc%2Fd", "qemu:///system", "/system", "/a b/c/d" },
    { "test:///default", "test:///default", "/default", NULL },
    { "test+unix:///default?foo=bar", "test:///default?foo=bar", "/default", NULL },
    { "test:///default?foo=b%20r&socket=/s&x", "test:///default?foo=b%20r&x", "/default", "/s" },
    { "test:///default?socket=/s;foo=1;mode=auto", "test:///default?foo=1", "/default", "/s" },
    { "test:///default?auth=none", "test:///default", "/default", NULL },
    { "test:///default?socket=/old&socket=/new", "test:///default", "/default", "/new" },
    { "test:///default?socket=", "test:///default", "/default", "" },
    { "test:///default?&&", "test:///default", "/default", NULL },
    { "qemu+unix:///x?name=test%3A///default", "test:///default", "/x", NULL },
    { "remote+unix:///", "", "/", NULL },
    { "my-scheme.2:///system", "my-scheme.2:///system", "/system", NULL },
    { "qemu://", "qemu://", "", NULL },
};

START_TEST(test_good)
{
    const struct good *good = &goods[_i];
    _cleanup_(uri_done) struct uri uri;

    ck_assert_msg(uri_parse(good->text, &uri) == 0, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(uri.name, good->name);
    ck_assert_str_eq(uri.path, good->path);
    ck_assert_pstr_eq(uri.socket, good->socket);
}
END_TEST

static const struct place {
    const char *text;
    enum uri_transport transport;
    const char *user, *host, *port;
} places[] = {
    { "qemu:///system", URI_UNIX, NULL, NULL, NULL },
    { "qemu://host/system", URI_TLS, NULL, "host", NULL },
    { "qemu+tls:///system", URI_TLS, NULL, NULL, NULL },
    { "qemu+tcp://host.example:1/system", URI_TCP, NULL, "host.example", "1" },
    { "qemu+tcp://host:/system", URI_TCP, NULL, "host", NULL },
    { "qemu+tls://192.0.2.7:65535/system", URI_TLS, NULL, "192.0.2.7", "65535" },
    { "qemu+tls://[2001:db8::1]/system", URI_TLS, NULL, "2001:db8::1", NULL },
    { "qemu+tls://[::1]:16514/system", URI_TLS, NULL, "::1", "16514" },
    { "qemu+ssh://joe@host:22/system", URI_SSH, "joe", "host", "22" },
    { "qemu+ssh://joe%40realm@host/system", URI_SSH, "joe@realm", "host", NULL },
    { "qemu+ext:///system?command=/bin/x", URI_EXT, NULL, NULL, NULL },
};

START_TEST(test_places)
{
    const struct place *place = &places[_i];
    _cleanup_(uri_done) struct uri uri;

    ck_assert_msg(uri_parse(place->text, &uri) == 0, "%s", virGetLastErrorMessage());
    ck_assert_int_eq((int)uri.transport, (int)place->transport);
    ck_assert_pstr_eq(uri.user, place->user);
    ck_assert_pstr_eq(uri.host, place->host);
    ck_assert_pstr_eq(uri.port, place->port);
}
END_TEST

START_TEST(test_options)
{
    _cleanup_(uri_done) struct uri uri, other;

    ck_assert_int_eq(uri_parse("qemu+ssh://h/system?pkipath=/p&command=/c&netcat=/n&proxy=native&"
                               "keyfile=/k%26&no_verify=1&no_tty=1&no_sanity=0&foo=1&socket=/s&"
                               "known_hosts=/x&sshauth=agent&known_hosts_verify=auto", &uri), 0);
    ck_assert_str_eq(uri.name, "qemu:///system?foo=1");
    ck_assert_str_eq(uri.pkipath, "/p");
    ck_assert_str_eq(uri.command, "/c");
    ck_assert_str_eq(uri.netcat, "/n");
    ck_assert_str_eq(uri.proxy, "native");
    ck_assert_str_eq(uri.keyfile, "/k&");
    ck_assert_str_eq(uri.socket, "/s");
    ck_assert(uri.no_verify && uri.no_tty && !uri.no_sanity);
    ck_assert_int_eq(uri_parse("qemu+tls://h/system", &other), 0);
    ck_assert(!other.no_verify && !other.pkipath);
}
END_TEST

static void assert_remote(const char *text, bool readonly, const char *expected)
{
    _cleanup_(uri_done) struct uri uri;
    _cleanup_free_ char *command = NULL;

    ck_assert_int_eq(uri_parse(text, &uri), 0);
    command = ssh_remote_command(&uri, readonly);
    ck_assert_pstr_eq(command, expected);
}

/* What comes from a URI is a word to the shells over there, never more. */
START_TEST(test_ssh_command)
{
    assert_remote("qemu+ssh://h/system?proxy=native", true,
                  "sh -c 'exec virtjob-ssh-helper -r '\\''qemu:///system'\\'''");
    assert_remote("qemu+ssh://h/session", false,
                  "sh -c 'exec virtjob-ssh-helper '\\''qemu:///session'\\'''");
    assert_remote("qemu+ssh://h/system?proxy=native&socket=/a%27b;", true,
                  "sh -c 'exec virtjob-ssh-helper -U "
                  "'\\''/a'\\''\\'\\'''\\''b'\\'''");
    assert_remote("qemu+ssh://h/session?proxy=netcat", false, NULL);
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
}
END_TEST

static const struct bad {
    const char *text;
    int code;
} bads[] = {
    { "qemu", VIR_ERR_INVALID_ARG },
    { "qemu:/system", VIR_ERR_INVALID_ARG },
    { ":///system", VIR_ERR_INVALID_ARG },
    { "+unix:///system", VIR_ERR_INVALID_ARG },
    { "qemu+:///system", VIR_ERR_INVALID_ARG },
    { "qemu+carrier-pigeon:///system", VIR_ERR_INVALID_ARG },
    { "qemu+unix://host/system", VIR_ERR_INVALID_ARG },
    { "qemu:///system#part", VIR_ERR_INVALID_ARG },
    { "qemu:///system?socket=%", VIR_ERR_INVALID_ARG },
    { "qemu:///system?socket=%4", VIR_ERR_INVALID_ARG },
    { "qemu:///system?socket=%4&a=1", VIR_ERR_INVALID_ARG },
    { "qemu:///system?socket=%g0", VIR_ERR_INVALID_ARG },
    { "qemu:///system?socket=a%00b", VIR_ERR_INVALID_ARG },
    { "qemu+libssh://host/system", VIR_ERR_NO_SUPPORT },
    { "qemu+libssh2://host/system", VIR_ERR_NO_SUPPORT },
    { "qemu+tls://host/system?tls_priority=NORMAL", VIR_ERR_NO_SUPPORT },
    { "qemu+tls://host/system?no_verify=yes", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://host:0/system", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://host:65536/system", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://host:http/system", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://host:-5/system", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://[::1]5/system", VIR_ERR_INVALID_ARG },
    { "qemu+tcp://-oProxyCommand=x/system", VIR_ERR_INVALID_ARG },
    { "qemu+ssh://-oProxyCommand=x@host/system", VIR_ERR_INVALID_ARG },
    { "qemu+ssh://%2doProxyCommand=x/system", VIR_ERR_INVALID_ARG },
    { "qemu+ssh:///system", VIR_ERR_INVALID_ARG },
    { "qemu+ssh://host/system?proxy=carrot", VIR_ERR_INVALID_ARG },
    { "qemu+ext:///system", VIR_ERR_INVALID_ARG },
    { "qemu:///system?auth=other", VIR_ERR_AUTH_FAILED },
    { "qemu:///system?auth=sasl.", VIR_ERR_AUTH_FAILED },
    { "qemu:///system?auth=none.gssapi", VIR_ERR_AUTH_FAILED },
    { "qemu:///system?auth=", VIR_ERR_AUTH_FAILED },
};

START_TEST(test_bad)
{
    _cleanup_(uri_done) struct uri uri;

    ck_assert_int_eq(uri_parse(bads[_i].text, &uri), -1);
    ck_assert_int_eq(virGetLastErrorCode(), bads[_i].code);
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), bads[_i].text));
}
END_TEST

static void assert_auth(const char *text, const char *auth, const char *mechanism,
                        const char *file)
{
    _cleanup_(uri_done) struct uri uri;

    ck_assert_msg(uri_parse(text, &uri) == 0, "%s", virGetLastErrorMessage());
    ck_assert_str_eq(uri.name, "qemu:///system");
    ck_assert_pstr_eq(uri.auth, auth);
    ck_assert_pstr_eq(uri.mechanism, mechanism);
    ck_assert_pstr_eq(uri.authfile, file);
}

START_TEST(test_auth)
{
    assert_auth("qemu:///system", NULL, NULL, NULL);
    assert_auth("qemu:///system?auth=none", "none", NULL, NULL);
    assert_auth("qemu:///system?auth=polkit", "polkit", NULL, NULL);
    assert_auth("qemu:///system?auth=sasl", "sasl", NULL, NULL);
    assert_auth("qemu:///system?auth=sasl.scram-sha-256&authfile=/a%20b", "sasl", "scram-sha-256",
                "/a b");
    assert_auth("qemu:///system?auth=sasl;socket=/a.b", "sasl", NULL, NULL);
}
END_TEST

static void assert_socket(const char *text, bool readonly, const char *expected)
{
    _cleanup_(uri_done) struct uri uri;
    _cleanup_free_ char *path = NULL;

    ck_assert_int_eq(uri_parse(text, &uri), 0);
    path = unix_socket_path(&uri, readonly);
    ck_assert_pstr_eq(path, expected);
}

START_TEST(test_default_sockets)
{
    const char *own = geteuid() == 0 ? RUNSTATEDIR "/virtjobd/virtjobd-sock"
                                     : "/some/where/virtjobd/virtjobd-sock";

    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "/some/where", 1), 0);
    assert_socket("qemu:///system", false, RUNSTATEDIR "/virtjobd/virtjobd-sock");
    assert_socket("qemu:///system", true, RUNSTATEDIR "/virtjobd/virtjobd-sock-ro");
    assert_socket("qemu:///session", false, "/some/where/virtjobd/virtjobd-sock");
    assert_socket("qemu:///session", true, "/some/where/virtjobd/virtjobd-sock-ro");
    assert_socket("test:///default", false, own);
    assert_socket("qemu:///session?socket=/x", true, "/x");
}
END_TEST

/* Without the variable it is /run/user/UID, if there is one and it is ours. */
START_TEST(test_no_runtime_dir)
{
    char dir[64], expected[128];
    struct stat st;
    bool ours;

    (void)snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned int)geteuid());
    (void)snprintf(expected, sizeof(expected), "%s/virtjobd/virtjobd-sock", dir);
    ours = stat(dir, &st) == 0 && st.st_uid == geteuid();
    ck_assert_int_eq(unsetenv("XDG_RUNTIME_DIR"), 0);
    assert_socket("qemu:///session", false, ours ? expected : NULL);
    if (!ours)
        ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_NO_CONNECT);
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
    assert_socket("qemu:///session", false, ours ? expected : NULL);
}
END_TEST

START_TEST(test_no_daemon)
{
    ck_assert_ptr_null(virConnectOpen("test:///default?socket=/nowhere/sock"));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(virGetLastError()->int1, ENOENT);
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "/nowhere/sock"));
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "virtjobd --session"));
}
END_TEST

START_TEST(test_default_uri)
{
    ck_assert_int_eq(setenv("VIRTJOB_DEFAULT_URI", "test:///default?socket=/chosen", 1), 0);
    ck_assert_ptr_null(virConnectOpen(NULL));
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "/chosen"));
    ck_assert_ptr_null(virConnectOpen(""));
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "/chosen"));
}
END_TEST

START_TEST(test_unknown_flags)
{
    ck_assert_ptr_null(virConnectOpenAuth("qemu:///system", virConnectAuthPtrDefault, 1u << 7));
    ck_assert_int_eq(virGetLastErrorCode(), VIR_ERR_INVALID_ARG);
    ck_assert_ptr_nonnull(strstr(virGetLastErrorMessage(), "0x80"));
}
END_TEST

/* A socket whose path does not fit sun_path; the folder is made name by name. */
START_TEST(test_long_socket_path)
{
    char dir[64] = "/tmp/test-lib-uri-XXXXXX", folder[256], path[300];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(folder, sizeof(folder), "%s/%0150d", dir, 7);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(rename(address.sun_path, path), 0);

    fd = unix_connect(path);
    ck_assert_msg(fd >= 0, "%s", virGetLastErrorMessage());
    (void)close(fd);
    (void)close(listener);
    ck_assert_int_eq(unix_connect(path), -1); /* a socket file nobody listens at */
    ck_assert_int_eq(virGetLastError()->int1, ECONNREFUSED);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(unix_connect(path), -1);
    ck_assert_int_eq(virGetLastError()->int1, ENOENT);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(test_uuid)
{
    static const char canonical[] = "00112233-4455-6677-8899-aabbccddeeff";
    static const char *const wrong[] = {
        "", "00112233", "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeff0", "00112233-4455-6677-8899-aabbccddeefg",
        "-00112233-4455-6677-8899-aabbccddeeff", "00112233--4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeeff-", "0-0112233-4455-6677-8899-aabbccddeeff",
    };
    char text[VIR_UUID_STRING_BUFLEN];
    unsigned char uuid[VIR_UUID_BUFLEN];

    ck_assert(uuid_parse(canonical, uuid));
    uuid_format(uuid, text);
    ck_assert_str_eq(text, canonical);
    ck_assert(uuid_parse("00112233445566778899AABBCCDDEEFF", uuid));
    uuid_format(uuid, text);
    ck_assert_str_eq(text, canonical);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!uuid_parse(wrong[i], uuid), "%s", wrong[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lib-uri");
    TCase *tcase = tcase_create("uri");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, test_good, 0, ARRAY_SIZE(goods));
    tcase_add_loop_test(tcase, test_places, 0, ARRAY_SIZE(places));
    tcase_add_test(tcase, test_options);
    tcase_add_test(tcase, test_ssh_command);
    tcase_add_loop_test(tcase, test_bad, 0, ARRAY_SIZE(bads));
    tcase_add_test(tcase, test_auth);
    tcase_add_test(tcase, test_default_sockets);
    tcase_add_test(tcase, test_no_runtime_dir);
    tcase_add_test(tcase, test_no_daemon);
    tcase_add_test(tcase, test_default_uri);
    tcase_add_test(tcase, test_unknown_flags);
    tcase_add_test(tcase, test_long_socket_path);
    tcase_add_test(tcase, test_uuid);
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
