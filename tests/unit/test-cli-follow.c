/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a job: every way it can end, signals, and a daemon that goes away. */

#include "tools/follow.h"

#include <check.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "daemon/util/alloc.h"
#include "fake-server.h"
#include "tools/signals.h"

#define JOB_ID 7

/* --- the daemon's side --- */

/* signal_number: raised between the call and its answer, so that the client sees it after that. */
static void wait_answer_raise(int fd, int ended, int state, int signal_number)
{
    job_wait_args args = { .timeout_ms = 0 };
    job_wait_ret ret = { .ended = ended, .info = { .state = state } };
    struct frame_header call = fake_expect(fd, FAKE_JOB(WAIT), FAKE_XDR(job_wait_args), &args);

    if (args.target.kind != JOB_TARGET_ID || args.target.job_target_u.id != JOB_ID)
        abort();
    if (signal_number)
        raise(signal_number); /* returns when the handler has */
    fake_reply(fd, &call, FAKE_XDR(job_wait_ret), &ret);
}

static void wait_answer(int fd, int ended, int state)
{
    wait_answer_raise(fd, ended, state, 0);
}

static void record_answer(int fd, int state, const char *message)
{
    char *text = (char *)(void *)message;
    job_record_ret ret = {
        .record = { .id = JOB_ID,
                    .kind = JOB_TARGET_VOL,
                    .name = (char *)"b",
                    .pool = (char *)"p",
                    .operation = (char *)"vol-clone",
                    .phase = state == VIR_JOB_RUNNING ? VIR_JOB_PHASE_FINISHING
                                                      : VIR_JOB_PHASE_ENDED,
                    .info = { .state = state },
                    .started_by = (char *)"me",
                    .error_code = message ? VIR_ERR_SYSTEM_ERROR : 0,
                    .error_message = message ? &text : NULL },
    };
    struct frame_header call = fake_expect(fd, FAKE_JOB(GET_RECORD), NULL, NULL);

    fake_reply(fd, &call, FAKE_XDR(job_record_ret), &ret);
}

static void cancel_answer(int fd)
{
    struct frame_header call = fake_expect(fd, FAKE_JOB(CANCEL), NULL, NULL);

    fake_reply(fd, &call, NULL, NULL);
}

static void completes(int fd)
{
    fake_handshake(fd);
    wait_answer(fd, 0, VIR_JOB_RUNNING);
    wait_answer(fd, 1, VIR_JOB_COMPLETE);
    record_answer(fd, VIR_JOB_COMPLETE, NULL);
    fake_goodbye(fd);
}

static void fails(int fd)
{
    fake_handshake(fd);
    wait_answer(fd, 1, VIR_JOB_FAILED);
    record_answer(fd, VIR_JOB_FAILED, "cannot write '/p/b':\n  No space left on device\n");
    fake_goodbye(fd);
}

static void is_cancelled(int fd)
{
    fake_handshake(fd);
    wait_answer(fd, 1, VIR_JOB_CANCELLED);
    record_answer(fd, VIR_JOB_CANCELLED, NULL);
    fake_goodbye(fd);
}

static void signal_once(int fd)
{
    fake_handshake(fd);
    wait_answer_raise(fd, 0, VIR_JOB_RUNNING, SIGINT);
    cancel_answer(fd);
    wait_answer(fd, 0, VIR_JOB_RUNNING);
    wait_answer(fd, 1, VIR_JOB_CANCELLED);
    record_answer(fd, VIR_JOB_CANCELLED, NULL);
    fake_goodbye(fd);
}

static void signal_too_late(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    wait_answer_raise(fd, 0, VIR_JOB_RUNNING, SIGTERM);
    call = fake_expect(fd, FAKE_JOB(CANCEL), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "it is finishing");
    wait_answer(fd, 1, VIR_JOB_COMPLETE);
    record_answer(fd, VIR_JOB_COMPLETE, NULL);
    fake_goodbye(fd);
}

static void signal_twice(int fd)
{
    fake_handshake(fd);
    wait_answer_raise(fd, 0, VIR_JOB_RUNNING, SIGINT);
    cancel_answer(fd);
    wait_answer_raise(fd, 0, VIR_JOB_RUNNING, SIGINT);
    fake_goodbye(fd);
}

static void signal_a_watcher(int fd)
{
    fake_handshake(fd);
    wait_answer_raise(fd, 0, VIR_JOB_RUNNING, SIGINT);
    fake_goodbye(fd);
}

static void goes_away(int fd)
{
    fake_handshake(fd);
    wait_answer(fd, 0, VIR_JOB_RUNNING);
    fake_expect(fd, FAKE_JOB(WAIT), NULL, NULL);
}

/* Answers each wait when its time is over, until the client leaves. */
static void never_ends(int fd)
{
    fake_handshake(fd);
    for (;;) {
        job_wait_ret ret = { .info = { .state = VIR_JOB_RUNNING } };
        struct fake_call call;
        bool is_wait;

        if (!fake_read(fd, &call))
            return;
        is_wait = call.header.program == JOB_PROGRAM_NUMBER;
        fake_reply(fd, &call.header, is_wait ? FAKE_XDR(job_wait_ret) : NULL,
                   is_wait ? &ret : NULL);
        fake_call_done(&call);
    }
}

static void forgets_the_job(int fd)
{
    struct frame_header call;

    fake_handshake(fd);
    call = fake_expect(fd, FAKE_JOB(WAIT), NULL, NULL);
    fake_fail(fd, &call, VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "there is no job 7");
    fake_goodbye(fd);
}

/* --- our side --- */

static virJobRecordPtr record_make(void)
{
    virJobRecordPtr job = XNEW(virJobRecord);

    job->id = JOB_ID;
    job->objectKind = VIR_JOB_OBJECT_STORAGE_VOL;
    job->name = xstrdup("b");
    job->pool = xstrdup("p");
    job->operation = xstrdup("vol-clone");
    return job;
}

/* Runs call() against the script with stderr in told; the exit code. */
static int told_run(fake_script *script, int (*call)(struct cli *cli), char *told, size_t size)
{
    struct cli cli = { .no_progress = true };
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO), code;
    size_t n;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(signals_catch(SIGNALS_JOB_LEFT), 0);
    (void)fake_start(script);
    cli.conn = fake_open();
    cli_errors_keep();
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    code = call(&cli);
    ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
    close(old);
    cli_disconnect(&cli);
    fake_stop();
    rewind(file);
    n = fread(told, 1, size - 1, file);
    told[n] = '\0';
    fclose(file);
    return code;
}

static int follow_with(struct cli *cli, bool signal_cancels, long long timeout_ms)
{
    struct follow follow = { .signal_cancels = signal_cancels, .timeout_ms = timeout_ms };
    _cleanup_record_ virJobRecordPtr job = record_make();

    return follow_job(cli, &job, &follow);
}

static int follow_own(struct cli *cli)
{
    return follow_with(cli, true, -1);
}

static int follow_other(struct cli *cli)
{
    return follow_with(cli, false, -1);
}

static int follow_shortly(struct cli *cli)
{
    return follow_with(cli, false, 20);
}

/* A running job that is drawn once, then done. */
static void is_drawn(int fd)
{
    fake_handshake(fd);
    wait_answer(fd, 0, VIR_JOB_RUNNING);
    record_answer(fd, VIR_JOB_RUNNING, NULL);
    wait_answer(fd, 1, VIR_JOB_COMPLETE);
    record_answer(fd, VIR_JOB_COMPLETE, NULL);
    fake_goodbye(fd);
}

static void check_told(fake_script *script, int (*call)(struct cli *cli), int code,
                       const char *expected)
{
    char told[1024];

    ck_assert_int_eq(told_run(script, call, told, sizeof(told)), code);
    ck_assert_str_eq(told, expected);
}

START_TEST(a_terminal_shows_the_line_and_is_left_clean)
{
    struct cli cli = { 0 };
    struct winsize size = { .ws_row = 24, .ws_col = 60 };
    int terminal, ours, old = dup(STDERR_FILENO), code;
    char drawn[1024];
    ssize_t n;

    ck_assert_int_eq(openpty(&terminal, &ours, NULL, NULL, &size), 0);
    (void)fake_start(is_drawn);
    cli.conn = fake_open();
    ck_assert_int_ge(dup2(ours, STDERR_FILENO), 0);
    code = follow_own(&cli);
    ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
    cli_disconnect(&cli);
    fake_stop();
    n = read(terminal, drawn, sizeof(drawn) - 1);
    ck_assert_int_gt(n, 0);
    drawn[n] = '\0';
    ck_assert_int_eq(code, CLI_DONE);
    ck_assert_str_eq(drawn, "\rvol-clone b  [>                          ]    0%  finishing"
                            "\r                                                           \r");
    close(old);
    close(ours);
    close(terminal);
}
END_TEST

START_TEST(success_is_silent)
{
    check_told(completes, follow_own, CLI_DONE, "");
}
END_TEST

START_TEST(failure_is_one_line)
{
    check_told(fails, follow_own, CLI_FAILED,
               "error: vol-clone of volume 'b' in pool 'p' failed (job 7): cannot write '/p/b': "
               "No space left on device\n");
}
END_TEST

START_TEST(a_cancel_by_others_is_told)
{
    check_told(is_cancelled, follow_own, CLI_CANCELLED,
               "error: vol-clone of volume 'b' in pool 'p' was cancelled (job 7)\n");
}
END_TEST

START_TEST(the_first_signal_cancels)
{
    check_told(signal_once, follow_own, CLI_CANCELLED,
               "error: vol-clone of volume 'b' in pool 'p' was cancelled (job 7)\n");
}
END_TEST

START_TEST(a_cancel_that_comes_too_late_waits_for_the_end)
{
    char told[1024];

    ck_assert_int_eq(told_run(signal_too_late, follow_own, told, sizeof(told)), CLI_DONE);
    ck_assert_ptr_nonnull(strstr(told, "error: cannot cancel job 7, waiting for its end: "));
    ck_assert_ptr_nonnull(strstr(told, "it is finishing"));
}
END_TEST

START_TEST(the_second_signal_leaves)
{
    check_told(signal_twice, follow_own, CLI_FAILED,
               "error: left job 7 (vol-clone of volume 'b' in pool 'p'), which is still being "
               "cancelled\n");
}
END_TEST

START_TEST(a_watcher_leaves_at_once)
{
    check_told(signal_a_watcher, follow_other, CLI_FAILED,
               "error: left job 7 (vol-clone of volume 'b' in pool 'p'), which goes on\n");
}
END_TEST

START_TEST(the_time_given_ends_the_wait)
{
    check_told(never_ends, follow_shortly, CLI_FAILED,
               "error: job 7 (vol-clone of volume 'b' in pool 'p') has not ended in the time "
               "given\n");
}
END_TEST

START_TEST(a_daemon_that_goes_away_is_told)
{
    check_told(goes_away, follow_own, CLI_FAILED,
               "error: lost the daemon while waiting for job 7 (vol-clone of volume 'b' in pool "
               "'p'); the job does not need this connection: ask with 'virtjob job-info 7'\n");
}
END_TEST

START_TEST(any_other_error_is_the_daemons)
{
    char told[1024];

    ck_assert_int_eq(told_run(forgets_the_job, follow_own, told, sizeof(told)), CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(told, "error: cannot wait for job 7 (vol-clone of volume 'b' in "
                                       "pool 'p'): "));
    ck_assert_ptr_nonnull(strstr(told, "there is no job 7"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-follow");
    TCase *tcase = tcase_create("cli-follow");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, a_terminal_shows_the_line_and_is_left_clean);
    tcase_add_test(tcase, success_is_silent);
    tcase_add_test(tcase, failure_is_one_line);
    tcase_add_test(tcase, a_cancel_by_others_is_told);
    tcase_add_test(tcase, the_first_signal_cancels);
    tcase_add_test(tcase, a_cancel_that_comes_too_late_waits_for_the_end);
    tcase_add_test(tcase, the_second_signal_leaves);
    tcase_add_test(tcase, a_watcher_leaves_at_once);
    tcase_add_test(tcase, the_time_given_ends_the_wait);
    tcase_add_test(tcase, a_daemon_that_goes_away_is_told);
    tcase_add_test(tcase, any_other_error_is_the_daemons);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
