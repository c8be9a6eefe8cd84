/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/job_info.c: the numbers.  Percent, bounds, rate and time left, titles and rows. */

#include "job-harness.h"

#include "scratch.h"

static struct party party;
static struct job *job;

static void start_blocked(const struct job_kind *kind, uint64_t done, uint64_t total)
{
    struct fake *fake = fake_new("k");

    party = (struct party){ .async = true };
    fake->block = STEP_RUN;
    fake->done = done;
    fake->total = total;
    fake_start(kind, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    job = jobs_find_id(heart.jobs, party.id);
    ck_assert_ptr_nonnull(job);
    heart_until(job_state(job) == JOB_RUNNING);
}

static struct job_snapshot look(void)
{
    struct job_snapshot snapshot;

    job_snapshot(job, &snapshot);
    return snapshot;
}

static void finish(void)
{
    heart_open(STEP_RUN);
    heart_until(party.ended);
}

START_TEST(percent)
{
    static const struct {
        uint64_t done, total;
        int percent;
    } rows[] = {
        { 0, 100, 0 },
        { 1, 100, 1 },
        { 50, 100, 50 },
        { 40, 100, 50 },               /* never down */
        { 10, 1000, 50 },              /* not even when there turns out to be more */
        { 999, 1000, 99 },
        { 1000, 1000, 99 },            /* 100 is kept for COMPLETE */
        { 2000, 1000, 99 },
        { UINT64_MAX, UINT64_MAX, 99 },
    };

    start_blocked(&fake_long, 0, 100);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct job_snapshot now;

        job_ctl_set_total(&job->ctl, rows[i].total);
        job_ctl_set_done(&job->ctl, rows[i].done);
        now = look();
        ck_assert_int_eq(now.percent, rows[i].percent);
        ck_assert_int_eq(now.type, VIR_JOB_BOUNDED);
        ck_assert_uint_le(now.done, now.total);
    }
    finish();
    ck_assert_int_eq(look().percent, 100);
    ck_assert_int_eq(look().state, VIR_JOB_COMPLETE);
}
END_TEST

START_TEST(no_overflow)
{
    start_blocked(&fake_long, UINT64_MAX / 2, UINT64_MAX);
    ck_assert_int_ge(look().percent, 49);
    ck_assert_int_le(look().percent, 50);
    finish();
}
END_TEST

/* UNBOUNDED may become BOUNDED once, never back; what is done is told either way. */
START_TEST(unbounded)
{
    struct job_snapshot now;

    start_blocked(&fake_long, 12345, 0);
    now = look();
    ck_assert_int_eq(now.type, VIR_JOB_UNBOUNDED);
    ck_assert_int_eq(now.percent, 0);
    ck_assert_uint_eq(now.done, 12345);
    ck_assert_uint_eq(now.total, 0);
    ck_assert_uint_eq(now.remaining_seconds, 0);
    job_ctl_set_total(&job->ctl, 24690);
    now = look();
    ck_assert_int_eq(now.type, VIR_JOB_BOUNDED);
    ck_assert_int_eq(now.percent, 50);
    job_ctl_set_total(&job->ctl, 0);
    now = look();
    ck_assert_int_eq(now.type, VIR_JOB_BOUNDED);
    ck_assert_int_eq(now.percent, 50);
    finish();
}
END_TEST

START_TEST(unbounded_to_the_end)
{
    start_blocked(&fake_long, 5, 0);
    finish();
    ck_assert_int_eq(look().type, VIR_JOB_BOUNDED); /* whole, and so its total is known */
    ck_assert_int_eq(look().percent, 100);
}
END_TEST

/* Files are no bytes: only the percent is told. */
START_TEST(files)
{
    struct job_snapshot now;

    start_blocked(&fake_refresh, 30, 60);
    job->rate.per_second = 10;
    now = look();
    ck_assert_int_eq(now.percent, 50);
    ck_assert_uint_eq(now.done, 0);
    ck_assert_uint_eq(now.total, 0);
    ck_assert_uint_eq(now.rate, 0);
    ck_assert_uint_eq(now.remaining_seconds, 3);
    finish();
}
END_TEST

/* The clock is the sampler's own: time is moved by moving the last sample. */
static void sample_after(int64_t ms, uint64_t done)
{
    job->rate.at_ms = clock_mono_ms() - ms;
    job_ctl_set_done(&job->ctl, done);
    job_sample_rate(job);
}

START_TEST(rate_and_time_left)
{
    struct job_snapshot now;

    start_blocked(&fake_long, 0, 1000000);
    job->rate = (struct job_rate){ 0 };
    ck_assert_uint_eq(look().rate, 0);
    ck_assert_uint_eq(look().remaining_seconds, 0); /* unknown */
    job_sample_rate(job);
    ck_assert_uint_eq(look().rate, 0); /* one sample is none */
    sample_after(1000, 100000);
    now = look();
    ck_assert_uint_ge(now.rate, 98000);
    ck_assert_uint_le(now.rate, 100000);
    ck_assert_uint_ge(now.remaining_seconds, 9);
    ck_assert_uint_le(now.remaining_seconds, 10);
    sample_after(1000, 100000); /* nothing moved: it sinks, and not all at once */
    now = look();
    ck_assert_uint_lt(now.rate, 90000);
    ck_assert_uint_gt(now.rate, 50000);
    ck_assert_uint_gt(now.remaining_seconds, 10);
    for (int i = 0; i < 100; i++)
        sample_after(1000, 100000);
    now = look();
    ck_assert_uint_eq(now.rate, 0);
    ck_assert_uint_eq(now.remaining_seconds, 0); /* unknown again, not for ever */
    sample_after(1000, 50000); /* backwards, as a second pass may start: no negative rate */
    ck_assert_uint_eq(look().rate, 0);
    finish();
    ck_assert_uint_eq(look().rate, 0);
    ck_assert_uint_eq(look().remaining_seconds, 0);
}
END_TEST

/* So slow that the time left is longer than a number holds. */
START_TEST(longest_time_left)
{
    start_blocked(&fake_long, 1, UINT64_MAX);
    job->rate.per_second = 1;
    ck_assert_uint_eq(look().remaining_seconds, UINT32_MAX);
    finish();
}
END_TEST

START_TEST(notes)
{
    _cleanup_free_ char *running = NULL, *stuck = NULL, *cancelling = NULL;
    unsigned int answered = 0;

    start_blocked(&fake_long, 0, 0);
    running = job_note(job);
    ck_assert_str_eq(running, "running the fake");
    job_ctl_waiting(&job->ctl, "/mnt/dead");
    stuck = job_note(job);
    ck_assert_str_eq(stuck, "waiting for /mnt/dead");
    ck_assert_int_eq(fake_cancel(party.id, &answered, NULL), 0);
    cancelling = job_note(job);
    ck_assert_str_eq(cancelling, "cancelling, waiting for /mnt/dead");
    heart_until(party.ended && answered);
    ck_assert_ptr_null(job_note(job));
}
END_TEST

START_TEST(times)
{
    struct store_job row;
    int64_t before = clock_wall_ms();

    start_blocked(&fake_long, 3, 9);
    finish();
    job_to_row(job, &row);
    ck_assert_int_ge(row.queued_at, before);
    ck_assert_int_ge(row.started_at, row.queued_at);
    ck_assert_int_ge(row.ended_at, row.started_at);
    ck_assert_uint_eq(row.done, 3);
    ck_assert_uint_eq(row.total, 9);
    ck_assert_str_eq(row.operation, "fake-long");
    ck_assert_str_eq(row.name, "o");
    ck_assert_str_eq(row.uuid, "u-o");
    ck_assert_str_eq(row.started_by, "tester");
    ck_assert_str_eq(row.state, "complete");
    ck_assert(row.asked && !row.cancel_asked);
    store_job_clear(&row);
}
END_TEST

/* A row of the history tells the same numbers as the job did. */
START_TEST(history_row)
{
    struct job_snapshot now, then;
    struct store_job row;

    start_blocked(&fake_long, 30, 90);
    finish();
    now = look();
    job_to_row(job, &row);
    job_row_snapshot(heart.jobs, &row, &then);
    ck_assert_int_eq(memcmp(&now, &then, sizeof(now)), 0);
    store_job_clear(&row);
}
END_TEST

START_TEST(titles_and_keys)
{
    static const struct {
        enum job_object_kind kind;
        const char *pool, *title, *key;
    } rows[] = {
        { JOB_OBJECT_DOMAIN, "", "domain 'n'", "domain:u" },
        { JOB_OBJECT_DOMAIN, "vda", "disk 'vda' of domain 'n'", "disk:u:vda" },
        { JOB_OBJECT_POOL, "", "pool 'n'", "pool:u" },
        { JOB_OBJECT_VOL, "p", "volume 'n' in pool 'p'", "vol:p/n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_free_ char *title = job_object_title(rows[i].kind, "n", rows[i].pool);
        _cleanup_free_ char *key = job_object_key(rows[i].kind, "n", rows[i].pool, "u");

        ck_assert_str_eq(title, rows[i].title);
        ck_assert_str_eq(key, rows[i].key);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_info");
    TCase *tcase = tcase_create("job_info");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_test(tcase, percent);
    tcase_add_test(tcase, no_overflow);
    tcase_add_test(tcase, unbounded);
    tcase_add_test(tcase, unbounded_to_the_end);
    tcase_add_test(tcase, files);
    tcase_add_test(tcase, rate_and_time_left);
    tcase_add_test(tcase, longest_time_left);
    tcase_add_test(tcase, notes);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, history_row);
    tcase_add_test(tcase, titles_and_keys);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
