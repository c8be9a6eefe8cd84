/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/job_verbs.c: speed and pause, in every state and of every sort of kind, and over a
 * restart.  Cancel is in test-job.c.
 */

#include "job-harness.h"

#include "scratch.h"

static const char *all_limits(const void *spec, enum job_limit limit)
{
    (void)spec;
    (void)limit;
    return NULL;
}

static const char *speed_only(const void *spec, enum job_limit limit)
{
    (void)spec;
    return limit == JOB_LIMIT_SPEED ? NULL : "it holds its breath";
}

static struct job_kind limited, half_limited;

static void setup(void)
{
    heart_setup();
    limited = half_limited = fake_long;
    limited.unlimited = all_limits;
    half_limited.unlimited = speed_only;
}

static void answered_cb(void *opaque, struct verror *err)
{
    unsigned int *answered = opaque;

    ck_assert_int_eq(err->code, 0);
    ++*answered;
}

static void assert_refused(uint64_t id, int code, const char *why)
{
    _cleanup_verror_ struct verror speed = VERROR_INIT, pause = VERROR_INIT, resume = VERROR_INIT;
    struct job *job = jobs_find_id(heart.jobs, id);

    ck_assert_ptr_nonnull(job);
    ck_assert_int_eq(job_set_speed(job, 7, answered_cb, NULL, &speed), -1);
    ck_assert_int_eq(job_set_paused(job, true, answered_cb, NULL, &pause), -1);
    ck_assert_int_eq(job_set_paused(job, false, answered_cb, NULL, &resume), -1);
    ck_assert_int_eq(speed.code, code);
    ck_assert_int_eq(pause.code, code);
    ck_assert_int_eq(resume.code, code);
    ck_assert_msg(strstr(verror_text(&speed), why), "%s", verror_text(&speed));
    ck_assert_msg(strstr(verror_text(&pause), why), "%s", verror_text(&pause));
    ck_assert_uint_eq(job_ctl_speed(&job->ctl), 0);
    ck_assert(!job_ctl_paused(&job->ctl));
}

/* Starts it and waits until it stands in that step. */
static struct job *start_held(const struct job_kind *kind, enum fake_step block,
                              enum fake_step fail, struct party *party)
{
    struct fake *fake = fake_new("k");

    fake->block = block;
    fake->fail = fail;
    fake->resumable = true;
    fake_start(kind, fake, "o", party);
    heart_wait_entered(block, 1);
    heart_until(job_state(jobs_find_id(heart.jobs, party->id)) >= JOB_RUNNING);
    return jobs_find_id(heart.jobs, party->id);
}

static int phase_of(struct job *job)
{
    struct job_snapshot snapshot;

    job_snapshot(job, &snapshot);
    ck_assert_int_eq(snapshot.state, VIR_JOB_RUNNING);
    return snapshot.phase;
}

START_TEST(running)
{
    struct party party = { .async = true };
    struct job *job = start_held(&limited, STEP_RUN, STEP_NONE, &party);
    unsigned int answered = 0;
    _cleanup_free_ char *stored = NULL;
    struct job_snapshot snapshot;

    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_RUNNING);
    ck_assert_int_eq(job_set_speed(job, 1 << 20, answered_cb, &answered, NULL), 0);
    ck_assert_int_eq(job_set_paused(job, true, answered_cb, &answered, NULL), 0);
    ck_assert_int_eq(job_set_paused(job, true, answered_cb, &answered, NULL), 0);
    ck_assert_uint_eq(answered, 0); /* not before it is on disk */
    ck_assert_uint_eq(job_ctl_speed(&job->ctl), 1 << 20);
    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_PAUSED);
    job->rate.per_second = 1000;
    job_snapshot(job, &snapshot);
    ck_assert_uint_eq(snapshot.rate, 0);
    ck_assert_uint_eq(snapshot.remaining_seconds, 0);
    heart_until(answered == 3);
    stored = heart_sql_text("SELECT speed || ' ' || paused FROM jobs");
    ck_assert_str_eq(stored, "1048576 1");
    ck_assert_int_eq(job_set_paused(job, false, answered_cb, &answered, NULL), 0);
    ck_assert_int_eq(job_set_paused(job, false, answered_cb, &answered, NULL), 0);
    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_RUNNING);
    ck_assert(job->rate.per_second < 1000); /* it is measured anew */
    heart_open(STEP_RUN);
    heart_until(party.ended && answered == 5);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
    job_snapshot(job, &snapshot);
    ck_assert_uint_eq(snapshot.speed, 1 << 20);
    ck_assert_int_eq(snapshot.phase, VIR_JOB_PHASE_ENDED);
}
END_TEST

START_TEST(too_late)
{
    static const struct {
        enum fake_step block, fail;
        const char *why, *afterwards;
    } rows[] = {
        { STEP_PUBLISH, STEP_NONE, "is past its point of no return", "has already completed" },
        { STEP_UNDO, STEP_RUN, "has failed and is being undone", "has already failed" },
    };
    struct party party = { .async = true };
    struct job *job = start_held(&limited, rows[_i].block, rows[_i].fail, &party);

    assert_refused(job_id(job), VIR_ERR_OPERATION_INVALID, rows[_i].why);
    heart_open(rows[_i].block);
    heart_until(party.ended);
    assert_refused(party.id, VIR_ERR_OPERATION_INVALID, rows[_i].afterwards);
}
END_TEST

START_TEST(cancelled)
{
    struct party party = { .async = true };
    struct job *job = start_held(&limited, STEP_RUN, STEP_NONE, &party);
    unsigned int answered = 0;

    ck_assert_int_eq(fake_cancel(job_id(job), &answered, NULL), 0);
    assert_refused(job_id(job), VIR_ERR_OPERATION_INVALID, "is being cancelled");
    heart_until(party.ended && answered);
    assert_refused(party.id, VIR_ERR_OPERATION_INVALID, "has already been cancelled");
}
END_TEST

START_TEST(unlimited)
{
    struct party party = { .async = true };
    struct job *job = start_held(&fake_long, STEP_RUN, STEP_NONE, &party);

    assert_refused(job_id(job), VIR_ERR_OPERATION_UNSUPPORTED, "bytes");
    heart_open(STEP_RUN);
    heart_until(party.ended);
}
END_TEST

START_TEST(by_half)
{
    struct party party = { .async = true };
    struct job *job = start_held(&half_limited, STEP_RUN, STEP_NONE, &party);
    _cleanup_verror_ struct verror err = VERROR_INIT;
    unsigned int answered = 0;

    ck_assert_int_eq(job_set_paused(job, true, answered_cb, &answered, &err), -1);
    ck_assert_int_eq(err.code, VIR_ERR_OPERATION_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "cannot be paused: it holds its breath"));
    ck_assert_int_eq(job_set_speed(job, 5, answered_cb, &answered, NULL), 0);
    heart_open(STEP_RUN);
    heart_until(party.ended && answered == 1);
}
END_TEST

/* It has a worker, and does not begin. */
START_TEST(paused_in_the_queue)
{
    struct party busy[2] = { { .async = true }, { .async = true } }, queued = { .async = true };
    unsigned int answered = 0;
    struct job *job;

    for (int i = 0; i < 2; i++) { /* the bulk lane is two wide, and has two of one key */
        struct fake *fake = fake_new(i ? "a" : "b");

        fake->block = STEP_RUN;
        fake_start(&fake_long, fake, "busy", &busy[i]);
    }
    heart_wait_entered(STEP_RUN, 2);
    fake_start(&limited, fake_new("k"), "busy", &queued);
    heart_until(queued.accepted);
    job = jobs_find_id(heart.jobs, queued.id);
    ck_assert_int_eq(job_set_paused(job, true, answered_cb, &answered, NULL), 0);
    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_PAUSED);
    heart_open(STEP_RUN);
    heart_until(busy[0].ended && busy[1].ended && job_state(job) == JOB_RUNNING);
    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_PAUSED);
    heart_trace_clear();
    while (atomic_load(&job->ctl.pace_fd) < 0) /* it waits */
        heart_turn();
    ck_assert_str_eq(heart_trace(), "");
    ck_assert_int_eq(job_set_paused(job, false, answered_cb, &answered, NULL), 0);
    heart_until(queued.ended && answered == 2);
    ck_assert_str_eq(heart_trace(), "rdbcEfN");
}
END_TEST

/* From the request on, where the kind takes it. */
START_TEST(from_its_start)
{
    const struct job_kind *kind = _i ? &limited : &fake_long;
    struct job_request request = {
        .kind = kind,
        .spec = fake_new("k"),
        .object_kind = JOB_OBJECT_POOL,
        .name = "o",
        .pool = "",
        .uuid = "u-o",
        .started_by = "tester",
        .async = true,
        .speed = 4096,
    };
    _cleanup_free_ char *stored = NULL;

    job_start(heart.jobs, &request);
    heart_until(jobs_are_idle(heart.jobs));
    stored = heart_sql_text("SELECT speed || ' ' || paused FROM jobs");
    ck_assert_str_eq(stored, _i ? "4096 0" : "0 0");
}
END_TEST

/* Another daemon: still paused, with its speed, and it goes no further. */
START_TEST(restart)
{
    static const struct store_job row = {
        .id = 7,
        .operation = (char *)"fake-long",
        .object_kind = JOB_OBJECT_POOL,
        .name = (char *)"o",
        .pool = (char *)"",
        .uuid = (char *)"u-o",
        .state = (char *)"running",
        .spec = (char *)"{\"key\":\"k\",\"mode\":4,\"recovery\":1,\"block\":0,"
                        "\"fail\":0,\"spoiled\":0}",
        .checkpoint = (char *)"{}",
        .asked = true,
        .queued_at = 1000,
        .started_at = 2000,
        .done = 30,
        .total = 100,
        .speed = 12345,
        .paused = true,
    };
    struct store_txn *txn = store_begin(heart.store);
    struct job_snapshot snapshot;
    struct job *job;

    store_put_job(txn, &row);
    store_commit(txn, NULL, NULL);
    heart_down();
    heart_up();
    heart_recover();
    job = jobs_find_id(heart.jobs, 7);
    heart_until(job_state(job) == JOB_RUNNING && atomic_load(&job->ctl.pace_fd) >= 0);
    ck_assert_int_eq(phase_of(job), VIR_JOB_PHASE_PAUSED);
    job_snapshot(job, &snapshot);
    ck_assert_uint_eq(snapshot.speed, 12345);
    ck_assert_uint_eq(snapshot.done, 30);
    ck_assert_ptr_null(strchr(heart_trace(), 'r'));
    job_ctl_set_paused(&job->ctl, false); /* its kind in the harness takes no verb */
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(jobs_find_id(heart.jobs, 7)), JOB_COMPLETE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_verbs");
    TCase *tcase = tcase_create("job_verbs");

    tcase_add_checked_fixture(tcase, setup, heart_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, running);
    tcase_add_loop_test(tcase, too_late, 0, 2);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, unlimited);
    tcase_add_test(tcase, by_half);
    tcase_add_test(tcase, paused_in_the_queue);
    tcase_add_loop_test(tcase, from_its_start, 0, 2);
    tcase_add_test(tcase, restart);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
