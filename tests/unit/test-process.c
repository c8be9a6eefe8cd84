/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's process: how it starts, who it is, its end; its socket and log. */

#include "hypervisor/qemu/process.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scratch.h"
#include "util/alloc.h"
#include "util/child.h"

enum { WAIT_MS = 20000 };

static struct verror err;
static int log_fd = -1;
static char log_path[128];

static void setup(void)
{
    scratch_make();
    ck_assert_int_eq(fchmod(scratch_fd, 0755), 0);
    log_fd = scratch_open("log");
    (void)snprintf(log_path, sizeof(log_path), "%s/log", scratch_path);
    ck_assert_int_eq(child_start(&err), 0);
}

static void teardown(void)
{
    child_stop();
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nothing left to reap */
    ck_assert_int_eq(errno, ECHILD);
    verror_clear(&err);
    (void)close(log_fd);
    scratch_remove();
}

static struct process_spec spec_of(char *const *argv)
{
    return (struct process_spec){
        .argv = argv, .listen_fd = -1, .cwd = scratch_path, .log_fd = log_fd, .uid = (uid_t)-1,
        .gid = (gid_t)-1,
    };
}

static struct process_id spawn(const struct process_spec *spec)
{
    struct process_id id = { 0 };

    ck_assert_msg(process_spawn(spec, &id, &err) == 0, "%s", verror_text(&err));
    ck_assert_int_gt(id.pid, 0);
    ck_assert_uint_eq(id.start, child_start_time(id.pid));
    return id;
}

static struct process_id spawn_shell(const char *script)
{
    char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, NULL };
    struct process_spec spec = spec_of(argv);

    return spawn(&spec);
}

/* Waits for its end as the loop does. */
static void wait_end(const struct process_id *id)
{
    _cleanup_close_ int pidfd = process_open(id, &err);
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };

    ck_assert_int_ge(pidfd, 0);
    ck_assert_int_eq(poll(&gone, 1, WAIT_MS), 1);
    process_reap(id);
    ck_assert_int_eq(process_open(id, NULL), -1);
}

static const char *log_text(void)
{
    static char text[8192];
    ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    return text;
}

/* Until a script has said so in its log. */
static void await_log(const char *what)
{
    double end = scratch_now() + WAIT_MS / 1000.0;

    while (!strstr(log_text(), what)) {
        ck_assert_msg(scratch_now() < end, "no '%s' in: %s", what, log_text());
        (void)poll(NULL, 0, 5);
    }
}

static void assert_logged(const char *what)
{
    ck_assert_msg(strstr(log_text(), what) != NULL, "no '%s' in: %s", what, log_text());
}

static bool hang_in_listen;

/* In place of the C library's: a child that gets no further, between fork and exec. */
int listen(int fd, int backlog)
{
    if (hang_in_listen) {
        (void)dprintf(1, "pid=%ld=\n", (long)getpid());
        for (;;)
            (void)pause();
    }
    return (int)syscall(SYS_listen, fd, backlog);
}

static bool skipped_not_root(void)
{
    if (geteuid() == 0)
        return false;
    printf("not tested: another user, which only root can become\n");
    return true;
}

/* --- how it starts --- */

START_TEST(test_surroundings)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct process_id id;
    char expected[160];

    ck_assert_int_eq(sigaction(SIGPIPE, &ignore, NULL), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1), 0);
    id = spawn_shell("cat; echo cwd=$(pwd); echo umask=$(umask); echo lc=$LC_ALL; "
                     "echo notify=$NOTIFY_SOCKET.; echo to-stderr >&2; "
                     "grep -E '^Sig(Blk|Ign):' /proc/self/status; "
                     "echo session=$(cut -d' ' -f6 /proc/$$/stat)");
    wait_end(&id);
    (void)snprintf(expected, sizeof(expected), "cwd=%s\numask=0077\nlc=C\nnotify=.\nto-stderr\n",
                   scratch_path);
    assert_logged(expected);
    assert_logged("SigBlk:\t0000000000000000");
    ck_assert_uint_eq(strtoull(strstr(log_text(), "SigIgn:") + 8, NULL, 16) & 0x7fffffff, 0);
    (void)snprintf(expected, sizeof(expected), "session=%ld\n", (long)id.pid);
    assert_logged(expected);
}
END_TEST

/* Only 0, 1, 2, what it was given and its socket; the numbers stay. */
START_TEST(test_descriptors)
{
    _cleanup_close_ int keep = scratch_open("keep"), leak = scratch_open("leak");
    _cleanup_close_ int listener = socket_bind(scratch_path, "s", (uid_t)-1, (gid_t)-1, &err);
    /* the shell itself, which has no pipe of its own open meanwhile */
    char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"ls /proc/$$/fd; true", NULL };
    struct process_spec spec = spec_of(argv);
    struct process_id id;
    char expected[64];

    ck_assert_int_eq(fcntl(leak, F_SETFD, 0), 0);
    ck_assert_int_gt(listener, keep);
    spec.fds = &keep;
    spec.nfds = 1;
    spec.listen_fd = listener;
    id = spawn(&spec);
    wait_end(&id);
    (void)snprintf(expected, sizeof(expected), "0\n1\n2\n%d\n%d\n", keep, listener);
    ck_assert_str_eq(log_text(), expected);
    ck_assert_int_eq(fcntl(keep, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* The end of the thread that forked it is what the daemon's end looks like. */
START_TEST(test_outlives_the_daemon)
{
    struct process_id id = spawn_shell("echo ready; exec sleep 1000");

    await_log("ready");
    child_stop();
    ck_assert(process_is_alive(&id));
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
    ck_assert_int_eq(child_start(&err), 0);
}
END_TEST

static _Noreturn void crashing_daemon(int listener)
{
    char *const argv[] = { (char *)"/bin/sleep", (char *)"1000", NULL };
    struct process_spec spec = spec_of(argv);
    struct process_id id;

    hang_in_listen = true;
    spec.listen_fd = listener;
    if (geteuid() == 0)
        spec.uid = spec.gid = 65534;
    (void)child_start(&err);
    (void)process_spawn(&spec, &id, &err);
    _exit(0);
}

/* Not before: a daemon that dies leaves nothing half prepared. */
START_TEST(test_dies_with_the_daemon_before_exec)
{
    _cleanup_close_ int listener = socket_bind(scratch_path, "s", (uid_t)-1, (gid_t)-1, &err);
    struct process_id id = { 0 };
    pid_t crashing;
    bool ended;
    int pidfd;

    child_stop();
    crashing = fork();
    if (crashing == 0)
        crashing_daemon(listener);
    await_log("=\n");
    id.pid = (pid_t)strtol(strstr(log_text(), "pid=") + 4, NULL, 10);
    id.start = child_start_time(id.pid);
    pidfd = process_open(&id, &err);
    ck_assert_int_ge(pidfd, 0);
    ck_assert_int_eq(kill(crashing, SIGKILL), 0);
    ck_assert_int_eq(waitpid(crashing, NULL, 0), crashing);
    ended = poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, WAIT_MS) == 1;
    (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0); /* no leftover of a failed test */
    (void)close(pidfd);
    ck_assert(ended);
    ck_assert_int_eq(child_start(&err), 0);
}
END_TEST

START_TEST(test_other_user)
{
    char *const argv[] = { (char *)"/bin/sh", (char *)"-c",
                           (char *)"grep -E '^(Uid|Gid|Groups):' /proc/self/status; "
                                   "echo home=$HOME user=$USER; echo ready; exec sleep 1000",
                           NULL };
    struct process_spec spec = spec_of(argv);
    struct process_id id;

    if (skipped_not_root())
        return;
    ck_assert_int_eq(setenv("USER", "root", 1), 0);
    spec.uid = 65534;
    spec.gid = 65533;
    id = spawn(&spec);
    await_log("ready");
    assert_logged("Uid:\t65534\t65534\t65534\t65534\n");
    assert_logged("Gid:\t65533\t65533\t65533\t65533\n");
    assert_logged("65533"); /* whatever else nobody is a member of; never root's */
    ck_assert_ptr_null(strstr(log_text(), "Groups:\t0"));
    ck_assert_ptr_null(strstr(log_text(), " 0 "));
    assert_logged("home=/var/tmp/virtjobd-test-");
    assert_logged("user=\n");
    child_stop(); /* the change of user did not leave it tied to us */
    ck_assert(process_is_alive(&id));
    ck_assert_int_eq(process_end(&id, 1000, false, &err), 0);
    ck_assert_int_eq(child_start(&err), 0);
}
END_TEST

/* A member of more groups than its main one, as initgroups(3) says. */
START_TEST(test_supplementary_groups)
{
    char *const argv[] = { (char *)"/usr/bin/id", (char *)"-G", NULL };
    struct process_spec spec = spec_of(argv);
    const struct passwd *user = getpwnam("libvirt-qemu");
    struct process_id id;
    char groups[64];

    if (skipped_not_root())
        return;
    if (!user || user->pw_gid == user->pw_uid) {
        printf("not tested: a user with two groups, libvirt-qemu, which is not here\n");
        return;
    }
    spec.uid = user->pw_uid;
    spec.gid = user->pw_gid;
    id = spawn(&spec);
    wait_end(&id);
    (void)snprintf(groups, sizeof(groups), "%lu %lu\n", (unsigned long)user->pw_gid,
                   (unsigned long)user->pw_uid);
    ck_assert_str_eq(log_text(), groups);
}
END_TEST

/* Who is at the other end is QEMU, not the daemon that made the socket. */
START_TEST(test_peer_is_the_child)
{
    _cleanup_close_ int listener = socket_bind(scratch_path, "s", (uid_t)-1, (gid_t)-1, &err);
    _cleanup_close_ int fd = -1;
    char *const argv[] = { (char *)"/bin/sleep", (char *)"1000", NULL };
    struct process_spec spec = spec_of(argv);
    bool root = geteuid() == 0;
    struct ucred peer;
    socklen_t len = sizeof(peer);
    struct process_id id;

    spec.listen_fd = listener;
    if (root)
        spec.uid = spec.gid = 65534;
    id = spawn(&spec);
    fd = socket_connect(scratch_path, "s", &err);
    ck_assert_msg(fd >= 0, "%s", verror_text(&err));
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len), 0);
    ck_assert_int_eq(peer.pid, id.pid);
    ck_assert_uint_eq(peer.uid, root ? 65534 : geteuid());
    ck_assert_uint_eq(peer.gid, root ? 65534 : getegid());
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
}
END_TEST

static void assert_spawn_fails(const struct process_spec *spec, int errnum, const char *text)
{
    struct process_id id = { .pid = 7 };

    ck_assert_int_eq(process_spawn(spec, &id, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_msg(err.sys_errno == errnum && strstr(verror_text(&err), text), "%s",
                  verror_text(&err));
    ck_assert_int_eq(id.pid, 7);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    verror_clear(&err);
}

START_TEST(test_each_step_fails)
{
    char *const missing[] = { (char *)"/no/such/qemu", NULL };
    char *const argv[] = { (char *)"/bin/true", NULL };
    struct process_spec spec = spec_of(missing);
    const int closed = 1000;

    assert_spawn_fails(&spec, ENOENT, "cannot run '/no/such/qemu': cannot execute it");
    spec = spec_of(argv);
    spec.cwd = "/no/such";
    assert_spawn_fails(&spec, ENOENT, "'/bin/true': cannot enter its directory");
    spec = spec_of(argv);
    spec.listen_fd = log_fd;
    assert_spawn_fails(&spec, ENOTSOCK, "'/bin/true': cannot listen on its socket");
    spec = spec_of(argv);
    spec.fds = &closed;
    spec.nfds = 1;
    assert_spawn_fails(&spec, EBADF, "'/bin/true': cannot pass on its descriptors");
    if (geteuid() != 0) {
        spec = spec_of(argv);
        spec.uid = spec.gid = 0;
        assert_spawn_fails(&spec, EPERM, "'/bin/true': cannot become its user");
    }
}
END_TEST

START_TEST(test_not_executable_by_user)
{
    _cleanup_free_ char *path = xasprintf("%s/program", scratch_path);
    char *const argv[] = { path, NULL };
    struct process_spec spec = spec_of(argv);

    if (skipped_not_root())
        return;
    (void)close(scratch_open("program"));
    ck_assert_int_eq(chmod(path, 0700), 0);
    spec.uid = spec.gid = 65534;
    assert_spawn_fails(&spec, EACCES, "cannot execute it");
    spec.gid = (gid_t)-1;
    ck_assert_int_eq(process_spawn(&spec, &(struct process_id){ 0 }, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_INTERNAL_ERROR);
}
END_TEST

/* --- who it is --- */

START_TEST(test_identity)
{
    struct process_id id = spawn_shell("exec sleep 1000"), other = id;

    ck_assert(process_is_alive(&id));
    other.start++;
    ck_assert(!process_is_alive(&other));
    ck_assert_int_eq(process_open(&other, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "has ended"));
    ck_assert_int_eq(process_end(&other, 0, false, NULL), 0);
    process_reap(&other);
    ck_assert_uint_eq(process_cpu_time(&other), 0);
    ck_assert(process_is_alive(&id)); /* none of which was about this one */
    ck_assert(!process_is_alive(&(struct process_id){ 0 }));
    ck_assert_int_eq(process_end(&id, 0, false, NULL), 0);
    ck_assert(!process_is_alive(&id));
    ck_assert_int_eq(process_end(&id, 0, false, NULL), 0); /* again: it is gone */
}
END_TEST

/* One that has ended is there to be reaped, and no longer alive. */
START_TEST(test_zombie)
{
    struct process_id id = spawn_shell("exit 0");
    _cleanup_close_ int pidfd = process_open(&id, &err);
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };
    siginfo_t info = { 0 };

    ck_assert_int_eq(poll(&gone, 1, WAIT_MS), 1);
    ck_assert(!process_is_alive(&id));
    ck_assert_int_eq(waitid(P_PID, (id_t)id.pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    ck_assert_int_eq(info.si_pid, id.pid);
    process_reap(&id);
    ck_assert_int_eq(waitid(P_PID, (id_t)id.pid, &info, WEXITED | WNOHANG), -1);
    process_reap(&id); /* nothing left, and no harm */
}
END_TEST

START_TEST(test_reap_does_not_wait)
{
    struct process_id id = spawn_shell("exec sleep 1000");

    process_reap(&id);
    ck_assert(process_is_alive(&id));
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
}
END_TEST

START_TEST(test_cpu_time)
{
    struct process_id id = spawn_shell("while :; do :; done");
    double end = scratch_now() + 10;
    uint64_t used;

    do {
        used = process_cpu_time(&id);
        (void)poll(NULL, 0, 5);
    } while (used < 50000000 && scratch_now() < end);
    ck_assert_uint_ge(used, 50000000);
    ck_assert_uint_lt(used, 11000000000); /* ns, not ticks of another size */
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
    ck_assert_uint_eq(process_cpu_time(&id), 0);
}
END_TEST

START_TEST(test_file_offset)
{
    _cleanup_close_ int fd = scratch_open("image");
    struct process_id id;
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    id = spawn_shell("exec 7>image; head -c 12345 /dev/zero >&7; echo ready; exec sleep 1000");
    await_log("ready");
    ck_assert_int_eq(process_file_offset(&id, st.st_dev, st.st_ino), 12345);
    ck_assert_int_eq(process_file_offset(&id, st.st_dev + 1, st.st_ino), -1);
    ck_assert_int_eq(fstat(scratch_fd, &st), 0);
    ck_assert_int_eq(process_file_offset(&id, st.st_dev, st.st_ino), -1);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
    ck_assert_int_eq(process_file_offset(&id, st.st_dev, st.st_ino), -1);
}
END_TEST

/* --- its end --- */

START_TEST(test_end_by_term)
{
    struct process_id id = spawn_shell("trap 'echo term; exit' TERM; echo ready; "
                                       "while :; do sleep 0.05; done");

    await_log("ready");
    ck_assert_int_eq(process_end(&id, WAIT_MS, _i, &err), 0);
    assert_logged("term");
}
END_TEST

START_TEST(test_end_at_once)
{
    struct process_id id = spawn_shell("trap 'echo term; exit' TERM; echo ready; "
                                       "while :; do sleep 0.05; done");

    await_log("ready");
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
    ck_assert_ptr_null(strstr(log_text(), "term"));
}
END_TEST

/* A guest that hangs: stopped, or deaf. */
static const char *const deaf[] = {
    "trap '' TERM; echo ready; while :; do sleep 0.05; done",
    "(until grep -q '^State:.T' /proc/$$/status; do sleep 0.01; done; echo ready) & kill -STOP $$",
};

START_TEST(test_end_of_the_deaf)
{
    struct process_id id = spawn_shell(deaf[_i]);
    double started;

    await_log("ready");
    started = scratch_now();
    ck_assert_int_eq(process_end(&id, 100, true, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_RESOURCE_BUSY);
    ck_assert(scratch_now() - started >= 0.1);
    ck_assert(process_is_alive(&id));
    ck_assert_int_eq(process_end(&id, 50, false, NULL), 0);
    ck_assert(!process_is_alive(&id));
}
END_TEST

/* After a restart of the daemon it is not our child. */
START_TEST(test_adopted)
{
    struct process_id id = { 0 }, parent = spawn_shell("sleep 1000 & echo pid=$!=; exit");

    wait_end(&parent);
    id.pid = (pid_t)strtol(strstr(log_text(), "pid=") + 4, NULL, 10);
    id.start = child_start_time(id.pid);
    ck_assert(process_is_alive(&id));
    process_reap(&id);
    ck_assert_int_eq(process_end(&id, 0, false, &err), 0);
    ck_assert(!process_is_alive(&id));
}
END_TEST

/* --- sockets --- */

/* A directory whose path alone is longer than an address. */
static char *make_deep(void)
{
    char name[101];

    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(mkdirat(scratch_fd, name, 0700), 0);
    return xasprintf("%s/%s", scratch_path, name);
}

START_TEST(test_socket)
{
    _cleanup_free_ char *dir = make_deep(), *path = xasprintf("%s/monitor", dir);
    _cleanup_close_ int old = socket_bind(dir, "monitor", (uid_t)-1, (gid_t)-1, &err);
    _cleanup_close_ int listener = -1, fd = -1;
    struct stat st;

    ck_assert_msg(old >= 0, "%s", verror_text(&err));
    ck_assert_int_eq(listen(old, 1), 0);
    listener = socket_bind(dir, "monitor", (uid_t)-1, (gid_t)-1, &err);
    ck_assert_msg(listener >= 0, "%s", verror_text(&err));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
    ck_assert_int_eq(socket_connect(dir, "monitor", &err), -1); /* nobody listens on the new one */
    ck_assert_int_eq(err.sys_errno, ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), path));
    ck_assert_int_eq(listen(listener, 1), 0);
    fd = socket_connect(dir, "monitor", NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fcntl(listener, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(test_socket_owner)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    if (skipped_not_root())
        return;
    fd = socket_bind(scratch_path, "s", 65534, 65533, &err);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstatat(scratch_fd, "s", &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert_uint_eq(st.st_uid, 65534);
    ck_assert_uint_eq(st.st_gid, 65533);
    ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
}
END_TEST

/* A QEMU that does not accept: an error, not a wait. */
START_TEST(test_socket_is_full)
{
    _cleanup_close_ int listener = socket_bind(scratch_path, "s", (uid_t)-1, (gid_t)-1, &err);
    int fds[16];
    size_t n = 0;

    ck_assert_int_eq(listen(listener, 1), 0);
    while (n < ARRAY_SIZE(fds) && (fds[n] = socket_connect(scratch_path, "s", &err)) >= 0)
        n++;
    ck_assert_uint_lt(n, ARRAY_SIZE(fds));
    ck_assert_int_eq(err.sys_errno, EAGAIN);
    while (n > 0)
        (void)close(fds[--n]);
}
END_TEST

START_TEST(test_socket_errors)
{
    char name[100];

    ck_assert_int_eq(socket_connect(scratch_path, "none", &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    verror_clear(&err);
    ck_assert_int_eq(socket_bind("/no/such", "s", (uid_t)-1, (gid_t)-1, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    verror_clear(&err);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(socket_bind(scratch_path, name, (uid_t)-1, (gid_t)-1, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENAMETOOLONG);
    verror_clear(&err);
    ck_assert_int_eq(mkdirat(scratch_fd, "dir", 0700), 0);
    ck_assert_int_eq(socket_bind(scratch_path, "dir", (uid_t)-1, (gid_t)-1, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
}
END_TEST

/* --- its log --- */

static void assert_tail(off_t offset, const char *expected)
{
    _cleanup_free_ char *tail = log_tail(log_path, offset);

    ck_assert_str_eq(tail, expected);
}

START_TEST(test_log_tail)
{
    static const char text[] = "of before\nqemu: \x1b[1mno\tdisk\r\nreally\n\n";
    _cleanup_free_ char *nothing = log_tail("/no/such/log", 0);

    assert_tail(0, "");
    ck_assert_int_eq(write(log_fd, text, sizeof(text) - 1), sizeof(text) - 1);
    assert_tail(10, "qemu: ?[1mno disk?\nreally");
    assert_tail(0, "of before\nqemu: ?[1mno disk?\nreally");
    assert_tail(sizeof(text) - 1, "");
    assert_tail(1000, "");
    ck_assert_str_eq(nothing, "");
}
END_TEST

START_TEST(test_log_tail_is_bounded)
{
    _cleanup_free_ char *tail = NULL;

    for (int i = 0; i < 1000; i++)
        ck_assert_int_gt(dprintf(log_fd, "line %d\n", i), 0);
    tail = log_tail(log_path, 0);
    ck_assert_uint_le(strlen(tail), 2048);
    ck_assert_uint_gt(strlen(tail), 2000);
    ck_assert_int_eq(strncmp(tail, "line ", 5), 0);
    ck_assert_str_eq(tail + strlen(tail) - 9, "\nline 999");
}
END_TEST

static void add_process_tests(TCase *tcase)
{
    tcase_add_test(tcase, test_surroundings);
    tcase_add_test(tcase, test_descriptors);
    tcase_add_test(tcase, test_outlives_the_daemon);
    tcase_add_test(tcase, test_dies_with_the_daemon_before_exec);
    tcase_add_test(tcase, test_other_user);
    tcase_add_test(tcase, test_supplementary_groups);
    tcase_add_test(tcase, test_peer_is_the_child);
    tcase_add_test(tcase, test_each_step_fails);
    tcase_add_test(tcase, test_not_executable_by_user);
    tcase_add_test(tcase, test_identity);
    tcase_add_test(tcase, test_zombie);
    tcase_add_test(tcase, test_reap_does_not_wait);
    tcase_add_test(tcase, test_cpu_time);
    tcase_add_test(tcase, test_file_offset);
    tcase_add_loop_test(tcase, test_end_by_term, 0, 2);
    tcase_add_test(tcase, test_end_at_once);
    tcase_add_loop_test(tcase, test_end_of_the_deaf, 0, (int)ARRAY_SIZE(deaf));
    tcase_add_test(tcase, test_adopted);
}

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("process");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    add_process_tests(tcase);
    tcase_add_test(tcase, test_socket);
    tcase_add_test(tcase, test_socket_owner);
    tcase_add_test(tcase, test_socket_is_full);
    tcase_add_test(tcase, test_socket_errors);
    tcase_add_test(tcase, test_log_tail);
    tcase_add_test(tcase, test_log_tail_is_bounded);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
