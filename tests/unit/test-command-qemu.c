/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions of clients, completed and made arguments, with a real QEMU: it must take each of them
 * as it is, up to where the guest would run.  Skipped where there is no QEMU.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "complete-fixture.h"
#include "hypervisor/qemu/command.h"
#include "hypervisor/qemu/process.h"
#include "util/child.h"

enum { ANSWER_MS = 60000 };

static int monitor = -1;
static pid_t qemu;

static void setup(void)
{
    static const char images[] =
        "cd %s && qemu-img create -q -f qcow2 base.qcow2 1M && "
        "qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 middle.qcow2 && "
        "qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 other.qcow2 && "
        "qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2";
    _cleanup_free_ char *real = qemu_find_emulator("x86_64", &err), *command = NULL;

    scratch_make();
    ck_assert_int_eq(child_start(&err), 0);
    ck_assert_msg(real != NULL, "%s", verror_text(&err));
    ck_assert_int_eq(symlinkat(real, scratch_fd, "qemu-system-x86_64"), 0);
    put_images();
    command = xasprintf(images, scratch_path);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(mkdirat(scratch_fd, "channel", 0700), 0);
    host.caps = qemu_caps_cache_new(NULL);
    host.networks = "default=user";
    monitor = socket_bind(scratch_path, "monitor.sock", (uid_t)-1, (gid_t)-1, &err);
    ck_assert_msg(monitor >= 0 && listen(monitor, 1) == 0, "%s", verror_text(&err));
}

static void teardown(void)
{
    (void)close(monitor);
    qemu_caps_cache_free(host.caps);
    child_stop();
    verror_clear(&err);
    scratch_remove();
}

static void build(xmlDocPtr live, const char *emulator_path, const struct volume_path *images,
                  struct qemu_command *ret)
{
    struct qemu_caps *caps = qemu_caps_get(host.caps, emulator_path, NULL, &err);
    struct command_host with = {
        .caps = caps,
        .guest_dir = scratch_path,
        .volumes = images,
        .nvolumes = 1,
        .networks = host.networks,
        .vnc_listen = "127.0.0.1",
        .vnc_port_min = 5900,
        .vnc_port_max = 6900,
        .monitor_fd = monitor,
        .uid = (uid_t)-1,
        .gid = (gid_t)-1,
    };

    ck_assert_msg(caps != NULL, "%s", verror_text(&err));
    ck_assert_msg(qemu_command_build(&with, live, ret, &err) == 0, "%s", verror_text(&err));
    qemu_caps_unref(caps);
}

static void exec_qemu(const struct qemu_command *command)
{
    int log = openat(scratch_fd, "qemu.log", O_WRONLY | O_CREAT, 0600);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
    (void)dup2(log, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    for (size_t i = 0; i < command->nfds; i++)
        (void)fcntl(command->fds[i], F_SETFD, 0);
    (void)execv(command->argv[0], command->argv);
    _exit(127);
}

static void start(const struct qemu_command *command)
{
    qemu = fork();
    ck_assert_int_ge(qemu, 0);
    if (qemu == 0)
        exec_qemu(command);
    (void)close(monitor); /* or nobody would notice that QEMU has ended */
    monitor = -1;
}

/* All that is said until QEMU closes its end. */
static char *talk(int fd, const char *words)
{
    enum { LONGEST = 65536 };
    char *answer = xcalloc(1, LONGEST);
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    size_t len = 0;

    ck_assert_int_eq(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
    while (len < LONGEST - 1) {
        ssize_t n;

        ck_assert_int_eq(poll(&ready, 1, ANSWER_MS), 1);
        n = recv(fd, answer + len, LONGEST - 1 - len, 0);
        if (n <= 0) /* reset is an end, too: it did not read all */
            break;
        len += (size_t)n;
    }
    return answer;
}

static void assert_runs(const struct qemu_command *command)
{
    static const char words[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-status\"}"
                                "{\"execute\":\"quit\"}";
    int fd = socket_connect(scratch_path, "monitor.sock", &err), status;
    _cleanup_free_ char *answer = NULL, *log_path = xasprintf("%s/qemu.log", scratch_path);
    _cleanup_free_ char *log = NULL;

    ck_assert_msg(fd >= 0, "%s", verror_text(&err));
    start(command);
    answer = talk(fd, words);
    (void)close(fd);
    ck_assert_int_eq(waitpid(qemu, &status, 0), qemu);
    log = fixture_read(log_path);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%.1000s", log);
    ck_assert_msg(strstr(answer, "\"status\": \"prelaunch\"") != NULL, "%.1000s", answer);
    ck_assert_msg(strstr(answer, "\"error\"") == NULL, "%.1000s", answer);
}

static const char *const names[] = {
    "install-q35", "install-pc", "pc-buses", "q35-buses", "chain",
    "given-q35",   "given-pc",   "bridges",  "ports",     "bare",
};

START_TEST(test_started)
{
    _cleanup_free_ char *file = xasprintf("%s.xml", names[_i]), *raw = domain_text(file);
    /* a port that nobody else has */
    _cleanup_free_ char *xml = fixture_replace(raw, "port='5999'", "port='-1'");
    _cleanup_free_ char *dir = xasprintf("%s/channel", scratch_path);
    struct volume_path images = { .pool = (char *)"images", .volume = (char *)"top.qcow2",
                                  .path = xasprintf("%s/d.img", scratch_path), .format = "raw" };
    _cleanup_domain_def_ struct domain_def *def = NULL;
    _cleanup_xml_doc_ xmlDocPtr live = NULL;
    struct qemu_command command;

    ck_assert_int_eq(setenv("PATH", scratch_path, 1), 0); /* where an emulator is looked for */
    def = complete(xml);
    live = domain_make_live(&host, def, 1, dir,
                            &(struct live_sources){ .volumes = &images, .nvolumes = 1 }, &err);
    ck_assert_msg(live != NULL, "%s", verror_text(&err));
    build(live, def->emulator, &images, &command);
    assert_runs(&command);
    qemu_command_clear(&command);
    free(images.path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command-qemu");
    TCase *tcase = tcase_create("command-qemu");

    if (system("qemu-system-x86_64 --version >/dev/null 2>&1") != 0 ||
        system("qemu-img --version >/dev/null 2>&1") != 0) {
        puts("skipped: there is no qemu-system-x86_64 or qemu-img (Debian: qemu-system-x86, "
             "qemu-utils)");
        return 77;
    }
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_started, 0, ARRAY_SIZE(names));
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
