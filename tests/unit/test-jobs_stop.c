/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/jobs.c: stopping.  What can be resumed is parked at once, the
 * rest has its grace, and nobody who asked is left without an answer.
 */

#include "job-harness.h"

#include "scratch.h"

static unsigned int stopped;

static void stopped_cb(void *opaque)
{
    (void)opaque;
    stopped++;
}

static void setup(void)
{
    stopped = 0;
    heart_setup();
}

static struct fake *blocked(const char *key)
{
    struct fake *fake = fake_new(key);

    fake->block = STEP_RUN;
    fake->recovery = JOB_RECOVER_RUN;
    return fake;
}

START_TEST(idle)
{
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    ck_assert_uint_eq(stopped, 1);
}
END_TEST

START_TEST(no_more_jobs)
{
    struct party party = { .async = true };

    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    fake_start(&fake_long, fake_new("k"), "o", &party);
    ck_assert_uint_eq(party.refused, 1);
    ck_assert_int_eq(party.code, VIR_ERR_OPERATION_INVALID);
    ck_assert_ptr_nonnull(strstr(party.text, "virtjobd is stopping"));
    ck_assert_uint_eq(stopped, 1);
}
END_TEST

/* Stops where it is, without an outcome; its caller is told; the next daemon goes on. */
START_TEST(resumable_is_parked)
{
    struct party party = { .async = true };
    struct fake *fake = blocked("k");
    _cleanup_free_ char *row = NULL;

    fake->resumable = true;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert(!job_state_is_ended(party.state));
    ck_assert_int_eq(party.code, VIR_ERR_OPERATION_FAILED);
    ck_assert_ptr_nonnull(strstr(party.text, "is taken up when it starts again"));
    heart_down();
    row = heart_sql_text("SELECT state || ' ' || cancel_asked || ' ' || ended_at FROM jobs");
    ck_assert_str_eq(row, "running 0 0");
    heart_up();
    heart_recover();
    heart_open(STEP_RUN);
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, party.id)), JOB_COMPLETE);
    ck_assert_uint_eq(stopped, 1);
}
END_TEST

/* A client's cancel that a stop overtakes is still a cancel. */
START_TEST(cancel_and_stop)
{
    struct party party = { .async = true };
    struct fake *fake = blocked("k");
    unsigned int answered = 0;

    fake->resumable = true;
    fake->deaf = true;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL); /* asks it to stop */
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    heart_open(STEP_RUN);
    heart_until(stopped && answered && party.ended);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
}
END_TEST

START_TEST(queued_is_parked)
{
    struct party busy[2] = { { .async = true }, { .async = true } }, queued = { .async = true };
    struct fake *fake;

    for (int i = 0; i < 2; i++) {
        fake = blocked(i ? "a" : "b");
        fake->resumable = true;
        fake_start(&fake_long, fake, "busy", &busy[i]);
    }
    heart_wait_entered(STEP_RUN, 2);
    fake_start(&fake_long, fake_new("k"), "busy", &queued); /* not resumable, but not begun */
    heart_until(queued.accepted);
    heart_trace_clear();
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    ck_assert_uint_eq(queued.ended, 1);
    heart_until(stopped);
    ck_assert_ptr_null(strchr(heart_trace(), 'r'));
    heart_down();
    heart_up();
    heart_trace_clear();
    heart_open(STEP_RUN);
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    for (int i = 0; i < 2; i++) /* by id: they are of the same object */
        ck_assert_uint_lt(busy[i].id, queued.id);
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, queued.id)), JOB_COMPLETE);
}
END_TEST

/* What cannot be resumed may end within the grace. */
START_TEST(ends_within_the_grace)
{
    struct party party = { .async = true };

    fake_start(&fake_long, blocked("k"), "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    heart_turn();
    ck_assert_uint_eq(stopped, 0);
    heart_open(STEP_RUN);
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
}
END_TEST

START_TEST(cut_short_after_the_grace)
{
    struct party party = { .async = true };
    _cleanup_free_ char *row = NULL;

    fake_start(&fake_long, blocked("k"), "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    jobs_stop(heart.jobs, 0, stopped_cb, NULL);
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert_int_eq(party.state, JOB_FAILED);
    ck_assert_ptr_nonnull(strstr(party.text, "interrupted: virtjobd was stopped"));
    ck_assert_str_eq(heart_trace(), "kpvAruefN");
    row = heart_sql_text("SELECT state || ' ' || cancel_asked FROM jobs");
    ck_assert_str_eq(row, "failed 0");
}
END_TEST

/* Stuck in the kernel: the daemon goes without it, and its caller is told. */
START_TEST(stuck_is_left)
{
    struct party party = { .async = true };
    struct fake *fake = blocked("k");

    fake->deaf = true;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    jobs_stop(heart.jobs, 0, stopped_cb, NULL);
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert(!job_state_is_ended(party.state));
    ck_assert_uint_eq(stopped, 1);
}
END_TEST

/* One that waits for its turn is refused now, not after the grace; the one it waits for ends. */
START_TEST(waiting_is_refused)
{
    struct party first = { 0 }, second = { 0 }, third = { 0 };

    fake_start(&fake_short, blocked("k"), "o", &first);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_short, fake_new("k"), "o", &second);
    fake_start(&fake_short, fake_new("k"), "o", &third);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    ck_assert_uint_eq(second.refused, 1);
    ck_assert_uint_eq(third.refused, 1);
    ck_assert_uint_eq(stopped, 0);
    heart_open(STEP_RUN);
    heart_until(stopped);
    ck_assert_int_eq(first.state, JOB_COMPLETE);
}
END_TEST

/* Still being looked at: it has not been accepted, so it is not. */
START_TEST(preparing_is_refused)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");

    fake->block = STEP_PREPARE;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_PREPARE, 1);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    heart_open(STEP_PREPARE);
    heart_until(stopped);
    ck_assert_uint_eq(party.refused, 1);
    ck_assert_uint_eq(party.accepted, 0);
}
END_TEST

/* The journal entry is on its way: it is accepted, and parked before it begins. */
START_TEST(journalled_is_parked)
{
    struct party party = { .async = true };
    _cleanup_free_ char *rows = NULL;

    fake_start(&fake_refresh, fake_new("k"), "o", &party); /* nothing to prepare */
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    heart_until(stopped);
    ck_assert_uint_eq(party.accepted, 1);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert_ptr_null(strchr(heart_trace(), 'r'));
    rows = heart_sql_text("SELECT state FROM jobs");
    ck_assert_str_eq(rows, "queued");
}
END_TEST

/* Down with jobs in every stage, holders and waiters: nothing is granted, lost or leaked. */
START_TEST(down_with_everything)
{
    static struct party parties[8]; /* the teardown still tells them */
    struct fake *fake;
    int n = 0;

    fake_start(&fake_short, blocked("a"), "o", &parties[n++]);
    fake_start(&fake_short, fake_new("a"), "o", &parties[n++]); /* waits */
    fake_start(&fake_long, fake_new("a"), "o", &parties[n++]);  /* waits, and is long */
    fake_start(&fake_long, blocked("b"), "p", &parties[n++]);
    for (int i = 0; i < 2; i++) {
        fake = blocked("c");
        fake->mode = LOCK_POOL_REFRESH;
        fake_start(&fake_refresh, fake, "q", &parties[n++]);
    }
    fake = fake_new("d");
    fake->block = STEP_PREPARE;
    fake_start(&fake_long, fake, "r", &parties[n++]);
    heart_wait_entered(STEP_RUN, 2);
    heart_wait_entered(STEP_PREPARE, 1);
    /* the teardown is what is tested, with the sanitizers looking on */
    ck_assert_uint_eq(parties[1].accepted + parties[1].refused, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobs_stop");
    TCase *tcase = tcase_create("jobs_stop");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, heart_teardown);
    tcase_add_test(tcase, idle);
    tcase_add_test(tcase, no_more_jobs);
    tcase_add_test(tcase, resumable_is_parked);
    tcase_add_test(tcase, cancel_and_stop);
    tcase_add_test(tcase, queued_is_parked);
    tcase_add_test(tcase, ends_within_the_grace);
    tcase_add_test(tcase, cut_short_after_the_grace);
    tcase_add_test(tcase, stuck_is_left);
    tcase_add_test(tcase, waiting_is_refused);
    tcase_add_test(tcase, preparing_is_refused);
    tcase_add_test(tcase, journalled_is_parked);
    tcase_add_test(tcase, down_with_everything);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
