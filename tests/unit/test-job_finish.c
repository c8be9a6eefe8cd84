/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/job_run.c, job_verbs.c: what a job holds for its end alone, and being told it is
 * under way. */

#include "job-harness.h"
#include "scratch.h"

static unsigned int stopped;

static void stopped_cb(void *opaque)
{
    (void)opaque;
    stopped++;
}

/* A long one that holds "d", and one that is done and needs it for its end. */
static void start_both(struct party *holder, struct party *waiter, bool resumable)
{
    struct fake *long_one = fake_new("d"), *fake = fake_new("k");
    struct job *job;

    *holder = *waiter = (struct party){ .async = true };
    long_one->block = STEP_RUN;
    fake_start(&fake_long, long_one, "other", holder);
    heart_wait_entered(STEP_RUN, 1);
    strcpy(fake->finish, "d");
    fake->resumable = resumable;
    fake_start(&fake_long, fake, "o", waiter);
    heart_until(waiter->accepted);
    job = jobs_find_id(heart.jobs, waiter->id);
    heart_until(job->finish_locks.waiting);
    ck_assert_int_eq(job_state(job), JOB_RUNNING);
    heart_trace_clear();
}

START_TEST(waits_for_a_long_one)
{
    struct party holder, waiter, late = { 0 };

    start_both(&holder, &waiter, false);
    fake_start(&fake_bare, fake_new("k"), "o", &late); /* what it holds already is held */
    ck_assert_uint_eq(late.refused, 1);
    heart_open(STEP_RUN);
    heart_until(holder.ended && waiter.ended);
    ck_assert_int_eq(waiter.state, JOB_COMPLETE);
    late = (struct party){ 0 };
    fake_start(&fake_bare, fake_new("d"), "o", &late); /* given back */
    ck_assert_uint_eq(late.ended, 1);
}
END_TEST

/* Until it has them a cancel is taken; and who holds them has no trouble with it afterwards. */
START_TEST(cancelled_while_it_waits)
{
    struct party holder, waiter;
    unsigned int answered = 0;

    start_both(&holder, &waiter, false);
    ck_assert_int_eq(fake_cancel(waiter.id, &answered, NULL), 0);
    heart_until(waiter.ended && answered == 1);
    ck_assert_int_eq(waiter.state, JOB_CANCELLED);
    ck_assert_str_eq(heart_trace(), "uefN");
    heart_open(STEP_RUN);
    heart_until(holder.ended);
    ck_assert_int_eq(holder.state, JOB_COMPLETE);
}
END_TEST

/* No worker has it: the daemon does not wait for it, and the next one takes it up. */
START_TEST(stopped_while_it_waits)
{
    struct party holder, waiter;
    struct job *job;

    start_both(&holder, &waiter, true);
    job = jobs_find_id(heart.jobs, waiter.id);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    ck_assert(job->parked);
    ck_assert_uint_eq(stopped, 0);
    heart_open(STEP_RUN);
    heart_until(stopped == 1);
    ck_assert_int_eq(holder.state, JOB_COMPLETE);
    ck_assert_int_eq(job_state(job), JOB_RUNNING);
}
END_TEST

/* Its undo is under way: it is waited for. */
START_TEST(stopped_while_it_is_undone)
{
    struct party holder, waiter;
    unsigned int answered = 0;
    struct fake *fake;
    struct job *job;

    start_both(&holder, &waiter, true);
    job = jobs_find_id(heart.jobs, waiter.id);
    fake = job->spec;
    fake->block = STEP_UNDO;
    ck_assert_int_eq(fake_cancel(waiter.id, &answered, NULL), 0);
    heart_wait_entered(STEP_UNDO, 1);
    jobs_stop(heart.jobs, 60, stopped_cb, NULL);
    ck_assert(!job->parked);
    heart_open(STEP_RUN);
    heart_open(STEP_UNDO);
    heart_until(stopped == 1 && waiter.ended);
    ck_assert_int_eq(waiter.state, JOB_CANCELLED);
}
END_TEST

static void begun_cb(void *opaque, struct job *job)
{
    (void)job;
    (*(unsigned int *)opaque)++;
}

START_TEST(begun_once)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    unsigned int begun = 0;
    struct job *job;

    fake->block = STEP_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    heart_until(party.accepted);
    job = jobs_find_id(heart.jobs, party.id);
    job_begun(job); /* nobody wants to know */
    job->parties->begun = begun_cb;
    job->parties->opaque = &begun;
    job_begun(job);
    job_begun(job);
    ck_assert_uint_eq(begun, 1);
    job->parties->opaque = &party;
    heart_open(STEP_RUN);
    heart_until(party.ended);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_finish");
    TCase *tcase = tcase_create("job_finish");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_test(tcase, waits_for_a_long_one);
    tcase_add_test(tcase, cancelled_while_it_waits);
    tcase_add_test(tcase, stopped_while_it_waits);
    tcase_add_test(tcase, stopped_while_it_is_undone);
    tcase_add_test(tcase, begun_once);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
