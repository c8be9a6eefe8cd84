/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/job_end.c: the disk of the journal is full when a job is done.  It has not ended
 * before its outcome is on disk: else the next daemon would do its work again.
 */

#include "job-harness.h"

#include "scratch.h"

static struct job *job_of(const struct party *party)
{
    return jobs_find_id(heart.jobs, party->id);
}

static void assert_row(const struct party *party, const char *state)
{
    _cleanup_free_ char *sql =
        xasprintf("SELECT state || ' ' || (ended_at > 0) FROM jobs WHERE id = %llu",
                  (unsigned long long)party->id);
    _cleanup_free_ char *row = heart_sql_text(sql);

    ck_assert_str_eq(row, state);
}

static void wait_row(const struct party *party, const char *state)
{
    _cleanup_free_ char *sql = xasprintf("SELECT state FROM jobs WHERE id = %llu",
                                         (unsigned long long)party->id);
    char *row = NULL;

    heart_until((free(row), row = heart_sql_text(sql), strcmp(row, state) == 0));
    free(row);
}

/* Started, and waiting in a step, with all of that in the journal. */
static struct job *start_blocked(enum fake_step block, struct fake *fake, struct party *party)
{
    party->async = true;
    fake->block = block;
    fake_start(&fake_long, fake, "o", party);
    heart_wait_entered(block, 1);
    heart_until(party->accepted);
    wait_row(party, block == STEP_PUBLISH ? "finishing" : "running");
    return job_of(party);
}

/* As above, and then done, with no room for its outcome. */
static struct job *start_stuck(enum fake_step block, struct fake *fake, struct party *party)
{
    struct job *job = start_blocked(block, fake, party);

    heart_disk_full();
    heart_open(block);
    heart_until(job->unjournalled);
    return job;
}

struct watcher {
    struct job_waiter waiter;
    unsigned int told;
};

static void watcher_ended(struct job_waiter *waiter, struct job *job)
{
    (void)job;
    container_of(waiter, struct watcher, waiter)->told++;
}

/* What holds while its outcome is not on disk. */
static void assert_not_ended(struct job *job, const struct party *party, const char *row)
{
    struct party other = { 0 };
    _cleanup_free_ char *note = job_note(job);

    ck_assert(!job_state_is_ended(job_state(job)));
    ck_assert_uint_eq(party->ended, 0);
    ck_assert_int_eq(job->ended_at, 0);
    ck_assert_ptr_nonnull(job_spec(job));
    ck_assert_msg(note && strstr(note, "waiting for the journal: cannot write database"), "%s",
                  note);
    assert_row(party, row);
    fake_start(&fake_bare, fake_new("k"), "o", &other); /* its locks are held */
    ck_assert_uint_eq(other.refused, 1);
    ck_assert_msg(strstr(other.text, "waits for the journal to be written") != NULL, "%s",
                  other.text);
}

static void assert_free_again(void)
{
    ck_assert(jobs_are_idle(heart.jobs));
    ck_assert_uint_eq(heart.jobs->retry_ms, 0);
    fake_start(&fake_bare, fake_new("k"), "o", &(struct party){ 0 });
    ck_assert(jobs_are_idle(heart.jobs));
}

START_TEST(complete_waits)
{
    struct party party = { 0 };
    struct watcher watcher = { .waiter.ended = watcher_ended };
    _cleanup_verror_ struct verror err = VERROR_INIT;
    struct job *job = start_blocked(STEP_PUBLISH, fake_new("k"), &party);
    unsigned int answered = 0;

    job_wait(job, &watcher.waiter);
    heart_disk_full();
    heart_open(STEP_PUBLISH);
    heart_until(job->unjournalled);
    ck_assert_int_eq(job_state(job), JOB_FINISHING);
    assert_not_ended(job, &party, "finishing 0");
    ck_assert_uint_eq(watcher.told, 0);
    ck_assert_int_eq(fake_cancel(party.id, &answered, &err), -1);
    ck_assert_ptr_nonnull(strstr(verror_text(&err), "is done and only waits for the journal"));
    heart_until(heart.jobs->retry_ms >= 1000); /* tried three times, at growing intervals */
    assert_not_ended(job, &party, "finishing 0");
    heart_disk_room();
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
    ck_assert_uint_eq(watcher.told, 1);
    assert_row(&party, "complete 1");
    ck_assert_ptr_nonnull(strstr(heart_trace(), "b"));
    ck_assert_ptr_null(strstr(heart_trace(), "u"));
    ck_assert_ptr_nonnull(strstr(heart_trace(), "EfN"));
    assert_free_again();
}
END_TEST

/* Its error is what went wrong with the work, and not with the journal. */
START_TEST(failed_waits)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");
    struct job *job;

    fake->fail = STEP_RUN;
    job = start_stuck(STEP_RUN, fake, &party);
    ck_assert_int_eq(job_state(job), JOB_RUNNING);
    assert_not_ended(job, &party, "running 0");
    heart_disk_room();
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_FAILED);
    ck_assert_int_eq(party.sys_errno, ENOSPC);
    ck_assert_str_eq(party.step, "running the fake");
    ck_assert_str_eq(heart_trace(), "kpvAruRfefN"); /* undone once; Rf: the other */
    assert_row(&party, "failed 1");
    assert_free_again();
}
END_TEST

static void code_cb(void *opaque, struct verror *err)
{
    unsigned int *answers = opaque;

    answers[err->code ? 1 : 0]++;
}

START_TEST(cancelled_waits)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");
    unsigned int answers[2] = { 0 };
    struct job *job;

    fake->deaf = true;
    job = start_blocked(STEP_RUN, fake, &party);
    ck_assert_int_eq(job_cancel(job, code_cb, answers, NULL), 0);
    heart_until(answers[0]);
    heart_disk_full();
    heart_open(STEP_RUN);
    heart_until(job->unjournalled);
    ck_assert_int_eq(job_state(job), JOB_CANCELLING);
    assert_not_ended(job, &party, "running 0");
    ck_assert_int_eq(job_cancel(job, code_cb, answers, NULL), 0); /* may be repeated */
    heart_until(answers[0] + answers[1] == 2);
    heart_disk_room();
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_CANCELLED);
    ck_assert_str_eq(heart_trace(), "kpvAruRfefN");
    assert_row(&party, "cancelled 1");
}
END_TEST

enum { MANY = 30 };

static unsigned int count_stuck(const struct party *parties)
{
    unsigned int stuck = 0;

    for (int i = 0; i < MANY; i++)
        stuck += job_of(&parties[i])->unjournalled != NULL;
    return stuck;
}

/* Behind one that ends soon others wait, but not when it does not. */
START_TEST(ends_not_soon)
{
    struct party party = { .async = true }, soon = { 0 }, later = { 0 };
    struct fake *fake = fake_new("k");

    fake->block = STEP_PUBLISH;
    fake_start(&fake_delete, fake, "o", &party);
    heart_wait_entered(STEP_PUBLISH, 1);
    wait_row(&party, "finishing");
    fake_start(&fake_bare, fake_new("k"), "o", &soon);
    ck_assert_uint_eq(soon.accepted + soon.refused, 0);
    heart_disk_full();
    heart_open(STEP_PUBLISH);
    heart_until(job_of(&party)->unjournalled);
    fake_start(&fake_bare, fake_new("k"), "o", &later);
    ck_assert_uint_eq(later.refused, 1);
    heart_disk_room();
    heart_until(party.ended && soon.ended);
    ck_assert_int_eq(soon.state, JOB_COMPLETE);
}
END_TEST

/* Many wait for one timer, and end together. */
START_TEST(many_wait)
{
    static struct party parties[MANY];

    for (int i = 0; i < MANY; i++) {
        _cleanup_free_ char *key = xasprintf("k%d", i);
        struct fake *fake = fake_new(key);

        parties[i] = (struct party){ .async = true };
        fake->block = STEP_PUBLISH;
        fake_start(&fake_delete, fake, key, &parties[i]);
        heart_until(parties[i].accepted);
        wait_row(&parties[i], "finishing");
    }
    heart_disk_full();
    heart_open(STEP_PUBLISH);
    heart_until(count_stuck(parties) == MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert_uint_eq(parties[i].ended, 0);
    heart_disk_room();
    heart_until(jobs_are_idle(heart.jobs));
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq(parties[i].ended, 1);
        assert_row(&parties[i], "complete 1");
    }
}
END_TEST

/* The daemon is killed: the row says where to look, and the kind sees that it is done. */
START_TEST(killed_meanwhile)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");

    fake->recovery = JOB_RECOVER_DONE;
    (void)start_stuck(STEP_PUBLISH, fake, &party);
    heart_down();
    ck_assert_uint_eq(party.ended, 0);
    heart_disk_room();
    heart_up();
    assert_row(&party, "finishing 0");
    heart_trace_clear();
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    ck_assert_int_eq(job_state(job_of(&party)), JOB_COMPLETE);
    ck_assert_str_eq(heart_trace(), "vxcEf"); /* not run, not published again */
    assert_row(&party, "complete 1");
}
END_TEST

/* And the next daemon finds the disk as full. */
START_TEST(recovered_waits)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");

    fake->recovery = JOB_RECOVER_DONE;
    (void)start_stuck(STEP_PUBLISH, fake, &party);
    heart_down();
    heart_disk_room();
    heart_up();
    heart_disk_full();
    heart_recover();
    heart_until(job_of(&party)->unjournalled);
    assert_not_ended(job_of(&party), &party, "finishing 0");
    heart_disk_room();
    heart_until(jobs_are_idle(heart.jobs));
    assert_row(&party, "complete 1");
}
END_TEST

static void stopped_cb(void *opaque)
{
    ++*(unsigned int *)opaque;
}

/* A stop gives it the grace of all others, and no more. */
START_TEST(stopped_meanwhile)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");
    unsigned int stopped = 0;

    fake->recovery = JOB_RECOVER_DONE;
    (void)start_stuck(STEP_PUBLISH, fake, &party);
    jobs_stop(heart.jobs, 1, stopped_cb, &stopped);
    ck_assert_uint_eq(stopped, 0);
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert(!job_state_is_ended(party.state));
    ck_assert_ptr_nonnull(strstr(party.text, "is taken up when it starts again"));
    heart_down();
    heart_disk_room();
    heart_up();
    assert_row(&party, "finishing 0");
    heart_recover();
    heart_until(jobs_are_idle(heart.jobs));
    assert_row(&party, "complete 1");
    ck_assert_uint_eq(party.ended, 1);
}
END_TEST

START_TEST(stopped_with_room)
{
    struct party party = { 0 };
    struct job *job = start_stuck(STEP_PUBLISH, fake_new("k"), &party);
    unsigned int stopped = 0;

    heart_until(heart.jobs->retry_ms >= 1000 && job->outcome_due);
    heart_disk_room();
    jobs_stop(heart.jobs, 60, stopped_cb, &stopped);
    ck_assert(!job->outcome_due); /* it does not wait for its timer */
    heart_until(stopped);
    ck_assert_uint_eq(party.ended, 1);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
    assert_row(&party, "complete 1");
}
END_TEST

/* One that nobody can ask for has no row that could be run again: its caller gets the error. */
START_TEST(short_one_fails)
{
    struct party party = { 0 };
    struct fake *fake = fake_new("k");

    fake->block = STEP_RUN;
    fake_start(&fake_short, fake, "o", &party);
    heart_wait_entered(STEP_RUN, 1);
    heart_disk_full();
    heart_open(STEP_RUN);
    heart_until(party.ended);
    heart_disk_room();
    ck_assert_int_eq(party.state, JOB_FAILED);
    ck_assert_int_eq(party.code, VIR_ERR_SYSTEM_ERROR);
    ck_assert_ptr_nonnull(strstr(party.text, "cannot write database"));
    ck_assert_str_eq(heart_trace(), "kArcuefN");
    assert_free_again();
}
END_TEST

/* Nor is it tried for ever what the store will never take. */
START_TEST(refused_rows_fail)
{
    struct party party = { .async = true };

    heart_sql("CREATE TRIGGER t BEFORE INSERT ON objects"
              " BEGIN SELECT RAISE(ABORT, 'no such name'); END");
    fake_start(&fake_long, fake_new("k"), "o", &party);
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_FAILED);
    ck_assert_ptr_nonnull(strstr(party.text, "no such name"));
    ck_assert_str_eq(heart_trace(), "kpvArdbcEfN"); /* it was published */
    assert_row(&party, "failed 1");
}
END_TEST

/* A resume point that the disk did not take goes there with the point of no return. */
START_TEST(finishing_has_the_checkpoint)
{
    struct party party = { 0 };
    struct job *job = start_blocked(STEP_RUN, fake_new("k"), &party);
    _cleanup_free_ char *seen = NULL;

    heart_sql("CREATE TABLE seen (row TEXT);"
              "CREATE TRIGGER t BEFORE UPDATE OF checkpoint ON jobs BEGIN"
              " SELECT RAISE(ABORT, 'no room') WHERE old.state = 'running';"
              " INSERT INTO seen VALUES (old.state || new.checkpoint); END");
    job_ctl_checkpoint(&job->ctl, "{\"here\":1}"); /* its worker stands still */
    heart_open(STEP_RUN);
    heart_until(party.ended);
    ck_assert_int_eq(party.state, JOB_COMPLETE);
    seen = heart_sql_text("SELECT group_concat(row) FROM seen");
    ck_assert_str_eq(seen, "finishing{\"here\":1}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_end");
    TCase *tcase = tcase_create("job_end");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_test(tcase, complete_waits);
    tcase_add_test(tcase, failed_waits);
    tcase_add_test(tcase, cancelled_waits);
    tcase_add_test(tcase, ends_not_soon);
    tcase_add_test(tcase, many_wait);
    tcase_add_test(tcase, killed_meanwhile);
    tcase_add_test(tcase, recovered_waits);
    tcase_add_test(tcase, stopped_meanwhile);
    tcase_add_test(tcase, stopped_with_room);
    tcase_add_test(tcase, short_one_fails);
    tcase_add_test(tcase, refused_rows_fail);
    tcase_add_test(tcase, finishing_has_the_checkpoint);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
