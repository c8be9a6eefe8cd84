/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children: their output, their ends, cancel, what they inherit, and no zombies. */

#include "util/child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "scratch.h"

static struct job_ctl ctl;
static struct verror err;
static char lines[8192];
static pid_t journalled[4];
static unsigned int njournalled;

static void note_child(void *opaque, pid_t pid)
{
    (void)opaque;
    if (njournalled < ARRAY_SIZE(journalled))
        journalled[njournalled++] = pid;
}

static const struct job_ctl_journal journal = { .child = note_child };

static void setup(void)
{
    scratch_make();
    job_ctl_init(&ctl);
    ctl.journal = &journal;
    lines[0] = '\0';
    njournalled = 0;
    ck_assert_int_eq(child_start(&err), 0);
}

static void teardown(void)
{
    child_stop();
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nothing left to reap */
    ck_assert_int_eq(errno, ECHILD);
    verror_clear(&err);
    job_ctl_done(&ctl);
    scratch_remove();
}

static void take_line(void *opaque, char *line)
{
    size_t used = strlen(lines);

    (void)opaque;
    (void)snprintf(lines + used, sizeof(lines) - used, "[%s]", line);
    if (strcmp(line, "cancel me") == 0)
        job_ctl_cancel(&ctl);
}

static int run_shell(const char *script)
{
    const char *const argv[] = { "sh", "-c", script, NULL };
    struct child_spec spec = { .argv = argv, .line = take_line };

    return child_run(&spec, &ctl, &err);
}

START_TEST(test_output_lines)
{
    ck_assert_int_eq(run_shell("printf 'one\\ntwo\\r\\n\\r3\\r'; printf four"), 0);
    ck_assert_str_eq(lines, "[one][two][3][four]");
    ck_assert_uint_eq(njournalled, 2);
    ck_assert_int_gt(journalled[0], 0);
    ck_assert_int_eq(journalled[1], 0);
}
END_TEST

START_TEST(test_long_line_is_cut)
{
    ck_assert_int_eq(run_shell("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end"), 0);
    ck_assert_uint_eq(strlen(lines), 4095 + 2 + 5);
}
END_TEST

START_TEST(test_failure)
{
    ck_assert_int_eq(run_shell("echo first >&2; echo the reason >&2; exit 3"), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "sh failed: the reason"));
    ck_assert_str_eq(err.output, "first\nthe reason");
}
END_TEST

START_TEST(test_silent_failure)
{
    ck_assert_int_eq(run_shell("exit 7"), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "sh ended with status 7"));
    ck_assert_ptr_null(err.output);
}
END_TEST

START_TEST(test_signal)
{
    ck_assert_int_eq(run_shell("kill -TERM $$"), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "signal 15"));
}
END_TEST

START_TEST(test_stderr_tail)
{
    ck_assert_int_eq(run_shell("seq 1 100000 >&2; exit 1"), -1);
    ck_assert_uint_le(strlen(err.output), 4096);
    ck_assert_uint_gt(strlen(err.output), 4000);
    ck_assert_str_eq(err.output + strlen(err.output) - 6, "100000");
}
END_TEST

START_TEST(test_no_such_program)
{
    const char *const argv[] = { "no-such-program-here", NULL };
    struct child_spec spec = { .argv = argv };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_uint_eq(njournalled, 0);
}
END_TEST

START_TEST(test_exec_fails)
{
    char path[128];
    const char *const argv[] = { path, NULL };
    struct child_spec spec = { .argv = argv };
    int fd = scratch_open("empty");

    ck_assert_int_eq(fchmod(fd, 0700), 0);
    ck_assert_int_eq(write(fd, "garbage", 7), 7);
    (void)close(fd);
    (void)snprintf(path, sizeof(path), "%s/empty", scratch_path);
    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.sys_errno, ENOEXEC);
}
END_TEST

START_TEST(test_argv_is_not_a_shell)
{
    const char *const argv[] = { "printf", "%s\n", "$(id) ; 'x' *", NULL };
    struct child_spec spec = { .argv = argv, .line = take_line };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
    ck_assert_str_eq(lines, "[$(id) ; 'x' *]");
}
END_TEST

/* Only 0, 1, 2 and what it was given; the number stays. */
START_TEST(test_descriptors)
{
    _cleanup_close_ int keep = scratch_open("keep");
    _cleanup_close_ int leak = scratch_open("leak");
    char script[128];
    const char *const argv[] = { "sh", "-c", script, NULL };
    struct child_spec spec = {
        .argv = argv, .keep_fds = &keep, .nkeep_fds = 1, .line = take_line
    };

    ck_assert_int_eq(fcntl(leak, F_SETFD, 0), 0);
    (void)snprintf(script, sizeof(script),
                   "[ -e /proc/$$/fd/%d ] && echo leaked; echo kept >/dev/fd/%d", leak, keep);
    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
    ck_assert_str_eq(lines, "");
    ck_assert_uint_eq(scratch_size(keep), 5);
    ck_assert_int_eq(fcntl(keep, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* The C library keeps 32 and 33 to itself and resets them for nobody. */
START_TEST(test_signals_are_default)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    const char *ignored;

    ck_assert_int_eq(sigaction(SIGPIPE, &ignore, NULL), 0);
    ck_assert_int_eq(run_shell("grep -E '^Sig(Blk|Ign):' /proc/self/status"), 0);
    ck_assert_ptr_nonnull(strstr(lines, "[SigBlk:\t0000000000000000]"));
    ignored = strstr(lines, "SigIgn:\t");
    ck_assert_ptr_nonnull(ignored);
    ck_assert_uint_eq(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & 0x7fffffff, 0);
}
END_TEST

START_TEST(test_stdin_is_empty)
{
    ck_assert_int_eq(run_shell("cat; echo end"), 0);
    ck_assert_str_eq(lines, "[end]");
}
END_TEST

START_TEST(test_input)
{
    const char *const argv[] = { "sh", "-c", "read a; read b; echo \"$b $a\"", NULL };
    struct child_spec spec = { .argv = argv, .line = take_line, .input = "one\ntwo\n" };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
    ck_assert_str_eq(lines, "[two one]");
}
END_TEST

/* No end of file behind it: cat waits for more until its time is over. */
START_TEST(test_input_stays_open)
{
    const char *const argv[] = { "cat", NULL };
    struct child_spec spec = {
        .argv = argv, .line = take_line, .input = "text\n", .timeout_ms = 300
    };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_TIMEOUT);
    ck_assert_str_eq(lines, "[text]");
}
END_TEST

START_TEST(test_input_too_long)
{
    _cleanup_free_ char *input = malloc(4 << 20);
    const char *const argv[] = { "cat", NULL };
    struct child_spec spec = { .argv = argv, .input = input };

    memset(input, 'x', (4 << 20) - 1);
    input[(4 << 20) - 1] = '\0';
    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.sys_errno, E2BIG);
    ck_assert_uint_eq(njournalled, 0);
}
END_TEST

START_TEST(test_time_limit)
{
    const char *const argv[] = { "sh", "-c", "trap '' TERM; echo out; sleep 1000", NULL };
    struct child_spec spec = { .argv = argv, .line = take_line, .timeout_ms = 300 };
    double started = scratch_now();

    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "300 ms"));
    ck_assert(scratch_now() - started < 10);
    ck_assert_str_eq(lines, "[out]");
}
END_TEST

START_TEST(test_time_limit_not_reached)
{
    const char *const argv[] = { "true", NULL };
    struct child_spec spec = { .argv = argv, .timeout_ms = 60000 };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
}
END_TEST

static void take_length(void *opaque, char *line)
{
    *(size_t *)opaque = strlen(line);
}

START_TEST(test_line_limit_of_caller)
{
    size_t length = 0;
    const char *const argv[] = { "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x", NULL };
    struct child_spec spec = {
        .argv = argv, .line = take_length, .opaque = &length, .line_max = 1 << 20
    };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
    ck_assert_uint_eq(length, 100000);
    spec.line_max = 50000;
    ck_assert_int_eq(child_run(&spec, &ctl, &err), 0);
    ck_assert_uint_eq(length, 49999);
}
END_TEST

START_TEST(test_output_limit)
{
    const char *const argv[] = { "yes", NULL };
    struct child_spec spec = { .argv = argv, .output_max = 100000 };

    ck_assert_int_eq(child_run(&spec, &ctl, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "yes wrote more than 100000 bytes"));
}
END_TEST

/* Dead, if perhaps not yet reaped by whoever adopted it. */
static bool is_dead(pid_t pid)
{
    char path[64], stat[256];
    _cleanup_close_ int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
    if (n <= 0)
        return true;
    stat[n] = '\0';
    return strstr(stat, ") Z ") != NULL;
}

START_TEST(test_cancel)
{
    double started = scratch_now();

    ck_assert_int_eq(run_shell("trap '' TERM INT; sleep 1000 & echo $!; echo cancel me; "
                               "wait; echo no"), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
    ck_assert_ptr_nonnull(strstr(lines, "][cancel me]"));
    ck_assert_ptr_null(strstr(lines, "no"));
    while (!is_dead((pid_t)strtol(lines + 1, NULL, 10)) && scratch_now() - started < 10)
        (void)sched_yield();
    ck_assert(scratch_now() - started < 10);
    ck_assert_int_eq(journalled[njournalled - 1], 0);
}
END_TEST

START_TEST(test_cancelled_before)
{
    job_ctl_cancel(&ctl);
    ck_assert_int_eq(run_shell("sleep 1000"), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_ABORTED);
}
END_TEST

/* It has died; what still holds its pipes does not hold us. */
START_TEST(test_grandchild_keeps_pipe)
{
    double started = scratch_now();

    ck_assert_int_eq(run_shell("sleep 1000 & setsid sleep 20 & echo out"), 0);
    ck_assert_str_eq(lines, "[out]");
    ck_assert(scratch_now() - started < 10);
}
END_TEST

START_TEST(test_needs_start)
{
    child_stop();
    ck_assert_int_eq(run_shell("true"), -1);
    ck_assert_int_eq(child_start(&err), 0);
}
END_TEST

static void *run_in_thread(void *opaque)
{
    const char *const argv[] = { "sh", "-c", "exit 0", NULL };
    struct child_spec spec = { .argv = argv };
    struct verror own = VERROR_INIT;
    struct job_ctl own_ctl;
    int i;

    job_ctl_init(&own_ctl);
    for (i = 0; i < 20; i++) {
        if (child_run(&spec, &own_ctl, &own) < 0)
            *(bool *)opaque = false;
    }
    verror_clear(&own);
    job_ctl_done(&own_ctl);
    return NULL;
}

START_TEST(test_many_at_once)
{
    bool good[4] = { true, true, true, true };
    pthread_t threads[4];
    size_t i;

    for (i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_in_thread, &good[i]), 0);
    for (i = 0; i < ARRAY_SIZE(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(good[i]);
    }
}
END_TEST

static pid_t start_stray(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)setpgid(0, 0);
        for (;;)
            (void)pause();
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

START_TEST(test_kill_stray)
{
    pid_t pid = start_stray();
    uint64_t start = child_start_time(pid);
    int status;

    ck_assert_uint_gt(start, 0);
    ck_assert_uint_eq(strlen(child_boot_id()), 36);
    child_kill_stray(pid, start + 1, child_boot_id()); /* another process of that number */
    child_kill_stray(pid, start, "another boot");
    child_kill_stray(pid, start, "");
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
    child_kill_stray(pid, start, child_boot_id());
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_uint_eq(child_start_time(pid), 0);
    child_kill_stray(pid, start, child_boot_id()); /* gone: nothing to do */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("child");
    TCase *tcase = tcase_create("child");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_output_lines);
    tcase_add_test(tcase, test_long_line_is_cut);
    tcase_add_test(tcase, test_failure);
    tcase_add_test(tcase, test_silent_failure);
    tcase_add_test(tcase, test_signal);
    tcase_add_test(tcase, test_stderr_tail);
    tcase_add_test(tcase, test_no_such_program);
    tcase_add_test(tcase, test_exec_fails);
    tcase_add_test(tcase, test_argv_is_not_a_shell);
    tcase_add_test(tcase, test_descriptors);
    tcase_add_test(tcase, test_signals_are_default);
    tcase_add_test(tcase, test_stdin_is_empty);
    tcase_add_test(tcase, test_input);
    tcase_add_test(tcase, test_input_stays_open);
    tcase_add_test(tcase, test_input_too_long);
    tcase_add_test(tcase, test_time_limit);
    tcase_add_test(tcase, test_time_limit_not_reached);
    tcase_add_test(tcase, test_line_limit_of_caller);
    tcase_add_test(tcase, test_output_limit);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_cancelled_before);
    tcase_add_test(tcase, test_grandchild_keeps_pipe);
    tcase_add_test(tcase, test_needs_start);
    tcase_add_test(tcase, test_many_at_once);
    tcase_add_test(tcase, test_kill_stray);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
