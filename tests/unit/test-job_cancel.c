/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/job_verbs.c: a cancel in every state that a job can be in. */

#include "job-harness.h"

#include "scratch.h"

static void assert_refused(uint64_t id, const char *why)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    unsigned int answered = 0;

    ck_assert_int_eq(fake_cancel(id, &answered, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_INVALID);
    ck_assert_msg(strstr(verror_text(&err), why) != NULL, "%s", verror_text(&err));
    heart_turn();
    ck_assert_uint_eq(answered, 0);
}

START_TEST(cancel_queued)
{
    struct party busy[2] = { { .async = true }, { .async = true } }, queued = { .async = true };
    unsigned int answered = 0;

    for (int i = 0; i < 2; i++) { /* the bulk lane is two wide, and has two of one key */
        struct fake *fake = fake_new(i ? "a" : "b");

        fake->block = STEP_RUN;
        fake_start(&fake_long, fake, "busy", &busy[i]);
    }
    heart_wait_entered(STEP_RUN, 2);
    fake_start(&fake_long, fake_new("k"), "busy", &queued);
    heart_until(queued.accepted);
    heart_trace_clear();
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, queued.id)), JOB_QUEUED);
    ck_assert_int_eq(fake_cancel(queued.id, &answered, NULL), 0);
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, queued.id)), JOB_CANCELLING);
    ck_assert_uint_eq(answered, 0); /* not before it is on disk */
    heart_until(queued.ended && answered == 1);
    ck_assert_int_eq(queued.state, JOB_CANCELLED);
    ck_assert_int_eq(queued.code, 0);
    ck_assert_str_eq(heart_trace(), "uefN"); /* it never ran */
    assert_refused(queued.id, "has already been cancelled");
    heart_open(STEP_RUN);
    heart_until(busy[0].ended && busy[1].ended);
}
END_TEST

START_TEST(cancel_running)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    unsigned int answered = 0;
    struct job_snapshot snapshot;

    fake->block = STEP_RUN;
    fake->total = 10;
    fake->done = 10;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted && job_state(jobs_find_id(heart.jobs, party.id)) == JOB_RUNNING);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0); /* may be repeated */
    job_snapshot(jobs_find_id(heart.jobs, party.id), &snapshot);
    ck_assert_int_eq(snapshot.state, VIR_JOB_RUNNING);
    ck_assert_int_eq(snapshot.phase, VIR_JOB_PHASE_CANCELLING);
    heart_until(party.ended && answered == 2);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
    ck_assert_int_eq(party.code, 0);
    ck_assert_str_eq(heart_trace(), "kpvAruefN");
    job_snapshot(jobs_find_id(heart.jobs, party.id), &snapshot);
    ck_assert_int_eq(snapshot.state, VIR_JOB_CANCELLED);
    ck_assert_int_eq(snapshot.percent, 99);
    assert_refused(party.id, "has already been cancelled");
}
END_TEST

/* While its undo runs it is still RUNNING to the outside, and is asked again in vain but in
   peace. */
START_TEST(cancel_while_undoing)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    unsigned int answered = 0;

    fake->block = STEP_UNDO;
    fake->fail = STEP_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_UNDO, 1);
    assert_refused(party.id, "has failed and is being undone");
    heart_open(STEP_UNDO);
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_FAILED);
    ck_assert_int_eq(party.sys_errno, ENOSPC);
    assert_refused(party.id, "has already failed");

    heart_close(STEP_UNDO);
    party = (struct party){ .async = true };
    fake = fake_new("k");
    fake->block = STEP_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 2);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    heart_until(party.ended && answered == 2);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
}
END_TEST

/* Of one that ends soon others wait for the end of a cancel, and are refused before. */
START_TEST(cancel_ends_soon)
{
    struct party party = { .async = true }, early = { 0 }, later = { 0 };
    struct fake *fake = fake_new("k");
    unsigned int answered = 0;

    fake->block = STEP_RUN;
    fake->deaf = true;
    fake_start(&fake_soon, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_bare, fake_new("k"), "o", &early);
    ck_assert_uint_eq(early.refused, 1);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    fake_start(&fake_bare, fake_new("k"), "o", &later);
    ck_assert_uint_eq(later.accepted + later.refused, 0);
    heart_open(STEP_RUN);
    heart_until(party.ended && later.ended);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
    ck_assert_int_eq(later.state, JOB_COMPLETE);
}
END_TEST

START_TEST(cancel_finishing)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    struct job_snapshot snapshot;

    fake->block = STEP_PUBLISH;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_PUBLISH, 1);
    assert_refused(party.id, "is past its point of no return");
    job_snapshot(jobs_find_id(heart.jobs, party.id), &snapshot);
    ck_assert_int_eq(snapshot.phase, VIR_JOB_PHASE_FINISHING);
    ck_assert_int_eq(snapshot.state, VIR_JOB_RUNNING);
    heart_open(STEP_PUBLISH);
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
    assert_refused(party.id, "has already completed");
}
END_TEST

/* The run ended well, but the cancel was first: order of arrival on the loop decides. */
START_TEST(cancel_before_completion)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    unsigned int answered = 0;

    fake->block = STEP_RUN;
    fake->deaf = true;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    heart_open(STEP_RUN);
    heart_until(party.ended && answered);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
    ck_assert_str_eq(heart_trace(), "kpvAruefN"); /* no decision, nothing published */
}
END_TEST

/* Many races of the two on real threads: always one of the two ends, and the journal agrees. */
START_TEST(cancel_races)
{
    for (int i = 0; i < 60; i++) {
        struct party party = { .async = true };
        unsigned int answered = 0;
        _cleanup_verror_ struct verror err = VERROR_INIT;
        _cleanup_free_ char *sql = NULL, *state = NULL;
        int rc;

        fake_start(&fake_long, fake_new("k"), "o", &party);
        heart_until(party.accepted);
        for (int turn = 0; turn < i % 4 && !party.ended; turn++)
            heart_turn();
        rc = fake_cancel(party.id, &answered, &err);
        heart_until(party.ended && answered == (rc == 0));
        ck_assert_int_eq(party.state, rc == 0 ? JOB_CANCELLED : JOB_COMPLETE);
        sql = xasprintf("SELECT state FROM jobs WHERE id = %llu", (unsigned long long)party.id);
        state = heart_sql_text(sql);
        ck_assert_str_eq(state, rc == 0 ? "cancelled" : "complete");
    }
}
END_TEST

/* A cancel that cannot be journalled is an error, not a promise. */
static void cancel_failed_cb(void *opaque, struct verror *err)
{
    int *code = opaque;

    *code = err->code;
}

START_TEST(cancel_not_durable)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    int code = 0;

    fake->block = STEP_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    heart_sql("CREATE TRIGGER t BEFORE UPDATE OF cancel_asked ON jobs"
              " BEGIN SELECT RAISE(ABORT, 'no room'); END");
    ck_assert_int_eq(
        job_cancel(jobs_find_id(heart.jobs, party.id), cancel_failed_cb, &code, NULL), 0);
    heart_until(code != 0 && party.ended);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_cancel");
    TCase *tcase = tcase_create("cancel");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_test(tcase, cancel_queued);
    tcase_add_test(tcase, cancel_running);
    tcase_add_test(tcase, cancel_while_undoing);
    tcase_add_test(tcase, cancel_ends_soon);
    tcase_add_test(tcase, cancel_finishing);
    tcase_add_test(tcase, cancel_before_completion);
    tcase_add_test(tcase, cancel_races);
    tcase_add_test(tcase, cancel_not_durable);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
