/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/job_recover.c: what a dead daemon left behind, row by row.  The
 * rows are written as its store would have them.
 */

#include "job-harness.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "util/child.h"

static void put_row(const struct store_job *row)
{
    struct store_txn *txn = store_begin(heart.store);

    store_put_job(txn, row);
    store_commit(txn, NULL, NULL);
    heart_down(); /* waits for the store */
    heart_up();
    heart_trace_clear();
}

/* --- unended jobs --- */

struct case_row {
    const char *what;
    const char *operation, *state;
    bool started, cancel_asked, checkpoint;
    enum job_recovery recovery;
    enum job_state outcome;
    const char *trace;
};

static const struct case_row cases[] = {
    { "it had not begun", "fake-long", "queued", false, false, false, JOB_RECOVER_UNDO,
      JOB_COMPLETE, "vrdbcEf" },
    { "it had not begun and was cancelled", "fake-long", "queued", false, true, false,
      JOB_RECOVER_UNDO, JOB_CANCELLED, "vuef" },
    /* its worker was faster than the note that it runs */
    { "it had begun, says its checkpoint", "fake-long", "queued", false, false, true,
      JOB_RECOVER_UNDO, JOB_FAILED, "vXuef" },
    { "it ran and is undone", "fake-long", "running", true, false, false, JOB_RECOVER_UNDO,
      JOB_FAILED, "vxuef" },
    { "it ran and goes on", "fake-long", "running", true, false, true, JOB_RECOVER_RUN,
      JOB_COMPLETE, "vXrdbcEf" },
    { "it ran and is done", "fake-long", "running", true, false, false, JOB_RECOVER_DONE,
      JOB_COMPLETE, "vxcEf" },
    { "it ran and was cancelled", "fake-long", "running", true, true, true, JOB_RECOVER_RUN,
      JOB_CANCELLED, "vXuef" },
    { "it was undone already, and cancelled", "fake-long", "running", true, true, false,
      JOB_RECOVER_UNDO, JOB_CANCELLED, "vxuef" },
    /* nothing is published before FINISHING is on disk, and no cancel is taken after it */
    { "it was cancelled before it could finish", "fake-long", "running", true, true, false,
      JOB_RECOVER_DONE, JOB_CANCELLED, "vxuef" },
    { "it was finishing and is there", "fake-long", "finishing", true, false, true,
      JOB_RECOVER_DONE, JOB_COMPLETE, "vXcEf" },
    { "it was finishing and is not", "fake-long", "finishing", true, false, true,
      JOB_RECOVER_RUN, JOB_COMPLETE, "vXrdbcEf" },
    { "it only publishes, and had begun to", "fake-delete", "finishing", false, false, false,
      JOB_RECOVER_DONE, JOB_COMPLETE, "xEf" },
    { "it only publishes, and had not begun", "fake-delete", "queued", false, false, false,
      JOB_RECOVER_DONE, JOB_COMPLETE, "bEf" },
    { "a kind that cannot tell is undone", "fake-refresh", "running", true, false, false,
      JOB_RECOVER_RUN, JOB_FAILED, "vef" },
    { "a kind that cannot tell had not begun", "fake-refresh", "queued", false, false, false,
      JOB_RECOVER_RUN, JOB_COMPLETE, "vkrEf" },
};

START_TEST(unended)
{
    const struct case_row *row = &cases[_i];
    _cleanup_free_ char *spec = xasprintf("{\"key\":\"k\",\"mode\":4,\"recovery\":%d,\"block\":0,"
                                          "\"fail\":0,\"spoiled\":0}",
                                          (int)row->recovery);
    _cleanup_free_ char *state = NULL;
    struct store_job job_row = {
        .id = 7,
        .operation = (char *)(uintptr_t)row->operation, /* only read */
        .object_kind = JOB_OBJECT_POOL,
        .name = (char *)"o",
        .pool = (char *)"",
        .uuid = (char *)"u-o",
        .state = (char *)(uintptr_t)row->state, /* only read */
        .spec = spec,
        .checkpoint = row->checkpoint ? (char *)"{}" : NULL,
        .started_by = (char *)"tester",
        .asked = true,
        .cancel_asked = row->cancel_asked,
        .queued_at = 1000,
        .started_at = row->started ? 2000 : 0,
    };
    struct job *job;

    put_row(&job_row);
    heart_recover();
    job = jobs_find_id(heart.jobs, 7);
    ck_assert_ptr_nonnull(job);
    ck_assert_ptr_eq(job, jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o"));
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_msg(strcmp(heart_trace(), row->trace) == 0, "%s: %s", row->what, heart_trace());
    ck_assert_msg(job_state(job) == row->outcome, "%s: %s", row->what,
                  job_state_name(job_state(job)));
    state = heart_sql_text("SELECT state || ' ' || (spec IS NULL) || ' ' || queued_at FROM jobs");
    {
        _cleanup_free_ char *wanted = xasprintf("%s 1 1000", job_state_name(row->outcome));

        ck_assert_str_eq(state, wanted);
    }
    if (row->outcome == JOB_FAILED) {
        ck_assert_int_eq(job_error(job)->code, VIR_ERR_OPERATION_FAILED);
        ck_assert_ptr_nonnull(strstr(verror_text(job_error(job)), "interrupted"));
    } else {
        ck_assert_int_eq(job_error(job)->code, 0);
    }
    fake_start(&fake_bare, fake_new("k"), "o", &(struct party){ 0 }); /* its locks are free */
    ck_assert(jobs_are_idle(heart.jobs));
}
END_TEST

/* --- rows that cannot be read --- */

static struct store_job lost_row(const char *operation, const char *spec)
{
    return (struct store_job){
        .id = 7,
        .operation = (char *)(uintptr_t)operation, /* only read */
        .object_kind = JOB_OBJECT_VOL,
        .name = (char *)"v",
        .pool = (char *)"p",
        .uuid = (char *)"u-p",
        .state = (char *)"running",
        .spec = (char *)(uintptr_t)spec, /* only read */
        .asked = true,
        .queued_at = 1000,
        .started_at = 2000,
    };
}

static const char *const bad_specs[] = {
    NULL, "", "{", "[]", "null", "{\"key\":1}", "\xff\xfe",
    "{\"key\":\"k\",\"mode\":4,\"recovery\":0,\"block\":0,\"fail\":0,\"spoiled\":1}",
};

START_TEST(unreadable_spec)
{
    struct store_job row = lost_row("fake-long", bad_specs[_i]);
    struct job *job;

    put_row(&row);
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    job = jobs_find_object(heart.jobs, JOB_OBJECT_VOL, "v", "p", "");
    ck_assert_ptr_nonnull(job);
    ck_assert_int_eq(job_state(job), JOB_FAILED);
    ck_assert_int_eq(job_error(job)->code, VIR_ERR_INTERNAL_ERROR);
    ck_assert_str_eq(job_title(job), "fake-long of volume 'v' in pool 'p'");
    ck_assert_str_eq(heart_trace(), "");
}
END_TEST

/* An operation of a later virtjobd: FAILED, and its name is still told, also after another
   start. */
START_TEST(unknown_kind)
{
    struct store_job row = lost_row("vol-teleport", "{}");
    struct job *job;

    put_row(&row);
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    for (int i = 0; i < 2; i++) {
        job = jobs_find_id(heart.jobs, 7);
        ck_assert_ptr_nonnull(job);
        ck_assert_int_eq(job_state(job), JOB_FAILED);
        ck_assert_str_eq(job_kind_of(job)->name, "vol-teleport");
        heart_down();
        heart_up();
        heart_recover();
    }
}
END_TEST

START_TEST(ended_of_an_unknown_kind)
{
    struct store_job row = lost_row("vol-teleport", NULL);
    struct job_snapshot snapshot;

    row.state = (char *)"complete";
    row.ended_at = 3000;
    row.running_ms = 61500;
    put_row(&row);
    heart_recover();
    ck_assert(jobs_are_idle(heart.jobs));
    job_snapshot(jobs_find_id(heart.jobs, 7), &snapshot);
    ck_assert_int_eq(snapshot.type, VIR_JOB_BOUNDED);
    ck_assert_int_eq(snapshot.state, VIR_JOB_COMPLETE);
    ck_assert_int_eq(snapshot.percent, 100);
    ck_assert_uint_eq(snapshot.running_ms, 61500);
    job_row_snapshot(heart.jobs, &row, &snapshot);
    ck_assert_int_eq(snapshot.percent, 100);
    ck_assert_int_eq(snapshot.state, VIR_JOB_COMPLETE);
}
END_TEST

/* --- the world around --- */

static bool have_pidfd(void)
{
    _cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    return fd >= 0;
}

/* A child that outlived its daemon still writes: it is gone before anything is undone. */
START_TEST(stray_child_is_killed)
{
    _cleanup_free_ char *spec = xstrdup("{\"key\":\"k\",\"mode\":4,\"recovery\":0,\"block\":0,"
                                        "\"fail\":0,\"spoiled\":0}");
    struct store_job row = lost_row("fake-long", spec);
    char *const argv[] = { (char *)"sleep", (char *)"600", NULL };
    pid_t pid = 0;
    int status = 0;

    if (!have_pidfd()) {
        printf("skipped: there is no pidfd_open here (an old valgrind has none)\n");
        return;
    }
    ck_assert_int_eq(posix_spawnp(&pid, "sleep", NULL, NULL, argv, environ), 0);
    row.child_pid = pid;
    row.child_start = child_start_time(pid);
    row.child_boot = (char *)(uintptr_t)child_boot_id(); /* only read */
    ck_assert_uint_ne(row.child_start, 0);
    (void)signal(SIGCHLD, SIG_IGN); /* reaped by the kernel, as init would */
    put_row(&row);
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(waitpid(pid, &status, 0), -1);
    ck_assert_int_eq(errno, ECHILD);
    ck_assert_str_eq(heart_trace(), "vxuef");
}
END_TEST

/* A number that another process has now is left alone. */
START_TEST(other_process_is_left_alone)
{
    _cleanup_free_ char *spec = xstrdup("{\"key\":\"k\",\"mode\":4,\"recovery\":0,\"block\":0,"
                                        "\"fail\":0,\"spoiled\":0}");
    struct store_job row = lost_row("fake-long", spec);

    row.child_pid = getpid();
    row.child_start = child_start_time(getpid()) + 1;
    row.child_boot = (char *)(uintptr_t)child_boot_id(); /* only read */
    put_row(&row);
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_FAILED);
}
END_TEST

/* A cancel while it is still being found out: it was not finishing, so whatever is found is
   undone. */
START_TEST(cancel_while_recovering)
{
    _cleanup_free_ char *spec =
        xasprintf("{\"key\":\"k\",\"mode\":4,\"recovery\":%d,\"block\":%d,\"fail\":0,"
                  "\"spoiled\":0}",
                  _i, (int)STEP_RECOVER);
    struct store_job row = lost_row("fake-long", spec);
    unsigned int answered = 0;

    put_row(&row);
    heart_recover();
    heart_wait_entered(STEP_RECOVER, 1);
    ck_assert_int_eq(fake_cancel(7, &answered, NULL), 0);
    ck_assert_int_eq(fake_cancel(7, &answered, NULL), 0);
    heart_until(answered == 2);
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_CANCELLING);
    heart_open(STEP_RECOVER);
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_CANCELLED);
    ck_assert_str_eq(heart_trace(), "vxuef");
}
END_TEST

/* It was finishing: maybe it is published, so a cancel is refused before that is known, too. */
START_TEST(cancel_of_finishing_while_recovering)
{
    _cleanup_free_ char *spec =
        xasprintf("{\"key\":\"k\",\"mode\":4,\"recovery\":%d,\"block\":%d,\"fail\":0,"
                  "\"spoiled\":0}",
                  (int)JOB_RECOVER_DONE, (int)STEP_RECOVER);
    struct store_job row = lost_row("fake-long", spec);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    unsigned int answered = 0;

    row.state = (char *)(uintptr_t) "finishing"; /* only read */
    put_row(&row);
    heart_recover();
    heart_wait_entered(STEP_RECOVER, 1);
    ck_assert_int_eq(fake_cancel(7, &answered, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_INVALID);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "point of no return"));
    heart_open(STEP_RECOVER);
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_COMPLETE);
    ck_assert_uint_eq(answered, 0);
}
END_TEST

/* Its pool is still starting: a cancel waits too, and nothing is undone unseen. */
START_TEST(cancel_before_recovery)
{
    _cleanup_free_ char *spec = xstrdup("{\"key\":\"k\",\"mode\":2,\"recovery\":2,\"block\":0,"
                                        "\"fail\":0,\"spoiled\":0}");
    struct store_job row = lost_row("fake-long", spec);
    struct party start = { 0 };
    struct fake *fake;
    unsigned int answered = 0;

    put_row(&row);
    fake = fake_new("k");
    fake->block = STEP_RUN;
    fake_start(&fake_short, fake, "p", &start);
    heart_recover();
    heart_wait_entered(STEP_RUN, 1);
    heart_trace_clear();
    ck_assert_int_eq(fake_cancel(7, &answered, NULL), 0);
    heart_until(answered == 1);
    ck_assert_str_eq(heart_trace(), "");
    heart_open(STEP_RUN);
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_CANCELLED);
}
END_TEST

/* Down in the middle, with everything the engine itself has journalled, and up again. */
START_TEST(interrupted_and_taken_up)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    struct job *job;

    fake->block = STEP_RUN;
    fake->recovery = JOB_RECOVER_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    heart_down(); /* its run ends, but its end is not looked at any more */
    heart_up();
    heart_trace_clear();
    heart_recover();
    heart_open(STEP_RUN);
    heart_until(jobs_are_idle(heart.jobs));
    job = jobs_find_id(heart.jobs, party.id);
    ck_assert_int_eq(job_state(job), JOB_COMPLETE);
    ck_assert_str_eq(heart_trace(), "vxrdbcEf");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_recover");
    TCase *tcase = tcase_create("job_recover");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_loop_test(tcase, unended, 0, (int)ARRAY_SIZE(cases));
    tcase_add_loop_test(tcase, unreadable_spec, 0, (int)ARRAY_SIZE(bad_specs));
    tcase_add_test(tcase, unknown_kind);
    tcase_add_test(tcase, ended_of_an_unknown_kind);
    tcase_add_test(tcase, stray_child_is_killed);
    tcase_add_test(tcase, other_process_is_left_alone);
    tcase_add_loop_test(tcase, cancel_while_recovering, 0, 3);
    tcase_add_test(tcase, cancel_of_finishing_while_recovering);
    tcase_add_test(tcase, cancel_before_recovery);
    tcase_add_test(tcase, interrupted_and_taken_up);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
