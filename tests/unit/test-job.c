/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * daemon/jobs/job_start.c and job_run.c: the road of a job with every step failing in turn, and who
 * is told what in which order.  The trace's letters are in job-harness.h.
 */

#include "job-harness.h"

#include <errno.h>

#include "scratch.h"

/* --- the road --- */

struct road_row {
    const char *what;
    const struct job_kind *kind;
    bool async;
    enum fake_step fail;
    const char *trigger; /* which write to the journal fails: event and condition; or NULL */
    const char *trace;
    enum job_state state; /* JOB_NEW: it was refused */
    const char *step;     /* of the error */
};

static const struct road_row roads[] = {
    { "all is well", &fake_long, true, STEP_NONE, NULL, "kpvArdbcEfN", JOB_COMPLETE, "" },
    { "the check fails", &fake_long, true, STEP_CHECK, NULL, "keRf", JOB_NEW, "" },
    { "preparing fails", &fake_long, true, STEP_PREPARE, NULL, "kpeRf", JOB_NEW, "" },
    { "it cannot be journalled", &fake_long, true, STEP_NONE, "INSERT WHEN new.ended_at = 0",
      "kpveRf", JOB_NEW, "" },
    { "the run fails", &fake_long, true, STEP_RUN, NULL, "kpvAruefN", JOB_FAILED,
      "running the fake" },
    { "the decision fails", &fake_long, true, STEP_DECIDE, NULL, "kpvArduefN", JOB_FAILED, "" },
    { "that it finishes cannot be journalled", &fake_long, true, STEP_NONE,
      "UPDATE WHEN new.state = 'finishing'", "kpvArduefN", JOB_FAILED, "" },
    { "publishing fails", &fake_long, true, STEP_PUBLISH, NULL, "kpvArdbuefN", JOB_FAILED,
      "publishing the fake" },
    /*
     * What was published has happened: the objects follow, and the job says what is wrong.  Where
     * it is the disk that is full, it is tried again: test-job_end.c.
     */
    { "the outcome is refused", &fake_long, true, STEP_NONE,
      "INSERT WHEN new.state = 'complete'", "kpvArdbcEfN", JOB_FAILED, "" },
    { "a short one", &fake_short, false, STEP_NONE, NULL, "kArcEfN", JOB_COMPLETE, "" },
    { "a short one that is asked for", &fake_short, true, STEP_NONE, NULL, "kArcEfN",
      JOB_COMPLETE, "" },
    { "a short one fails its check", &fake_short, false, STEP_CHECK, NULL, "keRf", JOB_NEW, "" },
    { "a short one fails", &fake_short, false, STEP_RUN, NULL, "kAruefN", JOB_FAILED,
      "running the fake" },
    { "the row of a short one is refused", &fake_short, false, STEP_NONE, "ROW",
      "kArcuefN", JOB_FAILED, "" },
    { "the row of a short one that is asked for is refused", &fake_short, true, STEP_NONE, "ROW",
      "kArcuefN", JOB_FAILED, "" },
    { "it has begun", &fake_beginner, true, STEP_NONE, NULL, "ArwcgEfN", JOB_COMPLETE, "" },
    { "it fails before it has begun", &fake_beginner, true, STEP_RUN, NULL, "AruefN", JOB_FAILED,
      "running the fake" },
    { "that it has begun is refused", &fake_beginner, true, STEP_NONE, "ROW", "ArwcuefN",
      JOB_FAILED, "running the fake" },
    { "nothing to do", &fake_bare, false, STEP_NONE, NULL, "AfN", JOB_COMPLETE, "" },
    { "nothing to do, asked for", &fake_bare, true, STEP_NONE, NULL, "AfN", JOB_COMPLETE, "" },
    { "long and instant", &fake_instant, false, STEP_NONE, NULL, "AEfN", JOB_COMPLETE, "" },
    { "a delete", &fake_delete, false, STEP_NONE, NULL, "AbEfN", JOB_COMPLETE, "" },
    { "a delete fails", &fake_delete, false, STEP_PUBLISH, NULL, "AbefN", JOB_FAILED,
      "publishing the fake" },
};

static void set_trigger(const char *trigger)
{
    _cleanup_free_ char *sql = NULL;

    if (!trigger)
        return;
    if (strcmp(trigger, "ROW") == 0)
        sql = xstrdup("CREATE TRIGGER t BEFORE INSERT ON objects"
                      " BEGIN SELECT RAISE(ABORT, 'no room'); END");
    else
        sql = xasprintf("CREATE TRIGGER t BEFORE %.6s ON jobs %s"
                        " BEGIN SELECT RAISE(ABORT, 'no room'); END",
                        trigger, trigger + 7);
    heart_sql(sql);
}

START_TEST(road)
{
    const struct road_row *row = &roads[_i];
    struct party party = { .async = row->async };
    struct fake *fake = fake_new("k");

    fake->fail = row->fail;
    set_trigger(row->trigger);
    fake_start(row->kind, fake, "o", &party);
    heart_until(party.ended || party.refused);
    ck_assert_msg(strcmp(heart_trace(), row->trace) == 0, "%s: %s", row->what, heart_trace());
    if (row->state == JOB_NEW) {
        ck_assert_uint_eq(party.accepted, 0);
        ck_assert_uint_eq(party.refused, 1);
        ck_assert_ptr_null(jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o"));
    } else {
        ck_assert_uint_eq(party.accepted, 1);
        ck_assert_uint_eq(party.ended, 1);
        ck_assert_uint_eq(party.refused, 0);
        ck_assert_msg(party.state == row->state, "%s: %s", row->what,
                      job_state_name(party.state));
    }
    ck_assert_str_eq(party.step, row->step);
    if (row->fail != STEP_NONE) {
        ck_assert_int_eq(party.code, VIR_ERR_SYSTEM_ERROR);
        ck_assert_int_eq(party.sys_errno, ENOSPC);
        ck_assert_str_eq(party.output, "child's last words");
    } else if (row->trigger) {
        ck_assert_msg(strstr(party.text, "no room") != NULL, "%s: %s", row->what, party.text);
    } else {
        ck_assert_int_eq(party.code, 0);
    }
    ck_assert(jobs_are_idle(heart.jobs));
    ck_assert_uint_eq(jobs_count(heart.jobs), 0);
    /* whatever happened, its locks are free again */
    fake_start(&fake_bare, fake_new("k"), "o", &(struct party){ 0 });
    ck_assert(jobs_are_idle(heart.jobs));
}
END_TEST

/* What an ended job answers, from memory and from the journal, now and after a restart. */
START_TEST(outcome_is_kept)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    struct job *job;

    fake->fail = STEP_RUN;
    fake->total = 200;
    fake->done = 50;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.ended);
    for (int i = 0; i < 2; i++) {
        struct job_snapshot snapshot;
        const struct verror *err;

        job = jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o");
        ck_assert_ptr_nonnull(job);
        ck_assert_uint_eq(job_id(job), party.id);
        ck_assert_ptr_eq(job, jobs_find_id(heart.jobs, party.id));
        ck_assert_int_eq(job_state(job), JOB_FAILED);
        ck_assert_ptr_null(job_spec(job));
        ck_assert_ptr_eq(job_kind_of(job), &fake_long);
        ck_assert_int_eq(job_object(job), JOB_OBJECT_POOL);
        ck_assert_str_eq(job_title(job), "fake-long of pool 'o'");
        ck_assert_ptr_null(job_note(job));
        err = job_error(job);
        ck_assert_int_eq(err->code, VIR_ERR_SYSTEM_ERROR);
        ck_assert_int_eq(err->sys_errno, ENOSPC);
        ck_assert_str_eq(err->step, "running the fake");
        ck_assert_str_eq(err->output, "child's last words");
        job_snapshot(job, &snapshot);
        ck_assert_int_eq(snapshot.type, VIR_JOB_BOUNDED);
        ck_assert_int_eq(snapshot.state, VIR_JOB_FAILED);
        ck_assert_int_eq(snapshot.phase, VIR_JOB_PHASE_ENDED);
        ck_assert_int_eq(snapshot.percent, 25);
        ck_assert_uint_eq(snapshot.done, 50);
        ck_assert_uint_eq(snapshot.total, 200);
        ck_assert_uint_eq(snapshot.remaining_seconds, 0);
        if (i == 0) {
            heart_down();
            heart_up();
            heart_recover();
        }
    }
}
END_TEST

/* --- busy objects --- */

START_TEST(refused_by_a_long_one)
{
    struct party first = { .async = true }, second = { .async = true };
    struct fake *fake = fake_new("k");
    _cleanup_free_ char *wanted = NULL;

    fake->block = STEP_RUN;
    fake->total = 100;
    fake->done = 40;
    fake_start(&fake_long, fake, "o", &first);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_short, fake_new("k"), "o", &second);
    ck_assert_uint_eq(second.refused, 1); /* at once */
    ck_assert_int_eq(second.code, VIR_ERR_OPERATION_INVALID);
    wanted = xasprintf("job %llu (fake-long of pool 'o'), started by tester, is at 40 %%",
                       (unsigned long long)first.id);
    ck_assert_msg(strstr(second.text, wanted) != NULL, "%s", second.text);
    ck_assert_msg(strstr(second.text, "pool 'o' is busy") != NULL, "%s", second.text);
    heart_open(STEP_RUN);
    heart_until(first.ended);
    ck_assert_int_eq(first.state, JOB_COMPLETE);
}
END_TEST

/* What it locks may turn out to be something else than its caller knew: that counts then. */
START_TEST(locks_what_prepare_finds)
{
    struct party first = { .async = true }, second = { .async = true }, third = { .async = true };
    struct fake *holder = fake_new("real"), *fake = fake_new("k"), *other = fake_new("k");

    holder->block = STEP_RUN;
    fake_start(&fake_long, holder, "guest", &first);
    heart_wait_entered(STEP_RUN, 1);
    strcpy(fake->found, "real");
    fake_start(&fake_long, fake, "o", &second);
    heart_until(second.refused || second.accepted);
    ck_assert_uint_eq(second.refused, 1);
    ck_assert_int_eq(second.code, VIR_ERR_OPERATION_INVALID);
    ck_assert_msg(strstr(second.text, "busy: job 1 (fake-long of pool 'guest')") != NULL, "%s",
                  second.text);
    strcpy(other->found, "free");
    other->block = STEP_RUN;
    fake_start(&fake_long, other, "o", &third);
    heart_wait_entered(STEP_RUN, 2);
    second = (struct party){ 0 };
    fake_start(&fake_bare, fake_new("free"), "o", &second);
    ck_assert_uint_eq(second.refused, 1);
    second = (struct party){ 0 };
    fake_start(&fake_bare, fake_new("k"), "o", &second); /* given back */
    ck_assert_uint_eq(second.ended, 1);
    heart_open(STEP_RUN);
    heart_until(first.ended && third.ended);
}
END_TEST

START_TEST(waits_for_a_short_one)
{
    struct party first = { 0 }, second = { 0 }, third = { 0 };
    struct fake *fake = fake_new("k");

    fake->block = STEP_RUN;
    fake_start(&fake_short, fake, "o", &first);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_short, fake_new("k"), "o", &second);
    fake_start(&fake_bare, fake_new("other"), "p", &third); /* another object */
    ck_assert_uint_eq(third.ended, 1);
    ck_assert_uint_eq(second.accepted + second.refused, 0);
    heart_trace_clear();
    heart_open(STEP_RUN);
    heart_until(second.ended);
    ck_assert_int_eq(first.state, JOB_COMPLETE);
    ck_assert_int_eq(second.state, JOB_COMPLETE);
}
END_TEST

START_TEST(waits_not_for_ever)
{
    struct party first = { 0 }, second = { 0 };
    struct fake *fake = fake_new("k");

    heart.config->job_wait_seconds = 0;
    fake->block = STEP_RUN;
    fake_start(&fake_short, fake, "o", &first);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_short, fake_new("k"), "o", &second);
    heart_until(second.refused);
    ck_assert_int_eq(second.code, VIR_ERR_OPERATION_TIMEOUT);
    ck_assert_uint_eq(first.ended, 0);
    heart_open(STEP_RUN);
    heart_until(first.ended);
    ck_assert_int_eq(first.state, JOB_COMPLETE);
}
END_TEST

/* --- refreshes share the one that waits --- */

static struct fake *refresh_fake(void)
{
    struct fake *fake = fake_new("k");

    fake->mode = LOCK_POOL_REFRESH;
    fake->block = STEP_RUN;
    return fake;
}

START_TEST(joined_refresh)
{
    struct party running = { .async = true }, waiting[3] = { { .async = true } };

    fake_start(&fake_refresh, refresh_fake(), "o", &running);
    heart_wait_entered(STEP_RUN, 1);
    for (int i = 0; i < 3; i++) /* the second joins while the journal still works on the first */
        fake_start(&fake_refresh, refresh_fake(), "o", &waiting[i]);
    heart_until(waiting[0].accepted && waiting[1].accepted && waiting[2].accepted);
    ck_assert_uint_ne(waiting[0].id, running.id);
    ck_assert_uint_eq(waiting[1].id, waiting[0].id);
    ck_assert_uint_eq(waiting[2].id, waiting[0].id);
    ck_assert_uint_eq(jobs_count(heart.jobs), 2);
    ck_assert_ptr_eq(jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o"),
                     jobs_find_id(heart.jobs, waiting[0].id));
    {
        _cleanup_free_ char *note = job_note(jobs_find_id(heart.jobs, waiting[0].id));

        ck_assert_str_eq(note, "waiting for the running one to end");
    }
    heart_open(STEP_RUN);
    heart_until(waiting[0].ended && waiting[1].ended && waiting[2].ended);
    ck_assert_uint_eq(running.ended, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(waiting[i].accepted, 1);
        ck_assert_uint_eq(waiting[i].ended, 1);
        ck_assert_int_eq(waiting[i].state, JOB_COMPLETE);
    }
}
END_TEST

/* A refresh of another pool neither waits nor joins. */
START_TEST(refresh_elsewhere)
{
    struct party first = { .async = true }, other = { .async = true };
    struct fake *fake = refresh_fake();

    fake_start(&fake_refresh, refresh_fake(), "o", &first);
    heart_wait_entered(STEP_RUN, 1);
    strcpy(fake->key, "k2");
    fake_start(&fake_refresh, fake, "o2", &other);
    heart_wait_entered(STEP_RUN, 2);
    heart_open(STEP_RUN);
    heart_until(first.ended && other.ended);
    ck_assert_uint_ne(first.id, other.id);
}
END_TEST

START_TEST(cancel_of_a_waiting_refresh)
{
    struct party running = { .async = true }, waiting = { .async = true };
    unsigned int answered = 0;

    fake_start(&fake_refresh, refresh_fake(), "o", &running);
    heart_wait_entered(STEP_RUN, 1);
    fake_start(&fake_refresh, refresh_fake(), "o", &waiting);
    heart_until(waiting.accepted);
    ck_assert_int_eq(fake_cancel(waiting.id, &answered, NULL), 0);
    heart_until(waiting.ended && answered);
    ck_assert_int_eq(waiting.state, JOB_CANCELLED);
    ck_assert_uint_eq(running.ended, 0);
    heart_open(STEP_RUN);
    heart_until(running.ended);
    ck_assert_int_eq(running.state, JOB_COMPLETE);
}
END_TEST

/* What it waited behind may have taken away what it needs. */
START_TEST(late_check)
{
    struct party stop = { 0 }, refresh = { .async = true };
    struct fake *fake = fake_new("k");

    fake->block = STEP_RUN;
    fake_start(&fake_short, fake, "o", &stop);
    heart_wait_entered(STEP_RUN, 1);
    fake = refresh_fake();
    fake->fail = STEP_CHECK;
    fake_start(&fake_refresh, fake, "o", &refresh);
    heart_until(refresh.accepted);
    heart_trace_clear();
    heart_open(STEP_RUN);
    heart_until(refresh.ended);
    ck_assert_int_eq(refresh.state, JOB_FAILED);
    ck_assert_int_eq(refresh.sys_errno, ENOSPC);
    ck_assert_ptr_null(strchr(heart_trace(), 'r'));
}
END_TEST

/* --- what is where, and who answers --- */

/* The order of an end: durable, then the object, then the caller, then those who wait. */
struct watcher {
    struct job_waiter waiter;
    unsigned int told;
    bool row_was_there, caller_was_told;
    struct party *party;
};

static void watcher_ended(struct job_waiter *waiter, struct job *job)
{
    struct watcher *watcher = container_of(waiter, struct watcher, waiter);
    _cleanup_free_ char *state = heart_sql_text("SELECT state FROM jobs");

    watcher->told++;
    watcher->caller_was_told = watcher->party->ended == 1;
    watcher->row_was_there = strcmp(state, job_state_name(job_state(job))) == 0;
}

START_TEST(waiters)
{
    struct party party = { .async = true };
    struct watcher watchers[3];
    struct fake *fake = fake_new("k");

    fake->block = STEP_RUN;
    fake_start(&fake_long, fake, "o", &party);
    heart_until(party.accepted);
    for (int i = 0; i < 3; i++) {
        watchers[i] = (struct watcher){ .waiter.ended = watcher_ended, .party = &party };
        job_wait(jobs_find_id(heart.jobs, party.id), &watchers[i].waiter);
    }
    job_unwait(jobs_find_id(heart.jobs, party.id), &watchers[1].waiter);
    heart_open(STEP_RUN);
    heart_until(party.ended);
    for (int i = 0; i < 3; i += 2) {
        ck_assert_uint_eq(watchers[i].told, 1);
        ck_assert(watchers[i].row_was_there);
        ck_assert(watchers[i].caller_was_told);
    }
    ck_assert_uint_eq(watchers[1].told, 0);
}
END_TEST

/* Accepted means on disk: with what it is to be taken up with. */
START_TEST(accepted_is_durable)
{
    struct party party = { .async = true };
    struct fake *fake = fake_new("k");
    _cleanup_free_ char *row = NULL, *running = NULL;

    fake->block = STEP_RUN;
    heart_sql("CREATE TABLE seen (state TEXT);"
              "CREATE TRIGGER t AFTER INSERT ON jobs BEGIN"
              " INSERT INTO seen VALUES (new.state || ' ' || (new.spec IS NOT NULL)); END");
    fake_start(&fake_long, fake, "o", &party);
    ck_assert_uint_eq(party.accepted, 0);
    heart_until(party.accepted);
    row = heart_sql_text("SELECT state FROM seen");
    ck_assert_str_eq(row, "queued 1");
    heart_wait_entered(STEP_RUN, 1);
    do {
        free(running);
        heart_turn();
        running = heart_sql_text("SELECT state FROM jobs WHERE started_at > 0");
    } while (!*running);
    ck_assert_str_eq(running, "running");
    heart_open(STEP_RUN);
    heart_until(party.ended);
}
END_TEST

/* A short call that nobody asks for leaves the last job of its object where it is. */
START_TEST(last_job_of_an_object)
{
    struct party first = { .async = true }, quiet = { 0 }, second = { .async = true };
    struct job *last;

    fake_start(&fake_long, fake_new("k"), "o", &first);
    heart_until(first.ended);
    fake_start(&fake_short, fake_new("k"), "o", &quiet);
    heart_until(quiet.ended);
    ck_assert_uint_eq(quiet.id, 0);
    last = jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o");
    ck_assert_uint_eq(job_id(last), first.id);
    fake_start(&fake_short, fake_new("k"), "o", &second);
    heart_until(second.ended);
    last = jobs_find_object(heart.jobs, JOB_OBJECT_POOL, "o", "", "u-o");
    ck_assert_uint_eq(job_id(last), second.id);
    ck_assert_ptr_null(jobs_find_id(heart.jobs, first.id)); /* only the history knows it */
}
END_TEST

static void count_active(void *opaque, struct job *job)
{
    unsigned int *count = opaque;

    ck_assert(!job_state_is_ended(job_state(job)));
    ++*count;
}

START_TEST(active_list)
{
    struct party asked = { .async = true }, quiet = { 0 };
    struct fake *fake;
    unsigned int count = 0;

    for (int i = 0; i < 2; i++) {
        fake = fake_new(i ? "a" : "b");
        fake->block = STEP_RUN;
        fake_start(i ? &fake_long : &fake_short, fake, "o", i ? &asked : &quiet);
    }
    heart_wait_entered(STEP_RUN, 2);
    ck_assert(!jobs_are_idle(heart.jobs));
    ck_assert_uint_eq(jobs_count(heart.jobs), 2);
    jobs_each_active(heart.jobs, count_active, &count);
    ck_assert_uint_eq(count, 1); /* the one that is a job to clients */
    heart_open(STEP_RUN);
    heart_until(asked.ended && quiet.ended);
    ck_assert(jobs_are_idle(heart.jobs));
}
END_TEST

START_TEST(history_is_bounded)
{
    _cleanup_free_ char *rows = NULL;

    heart.config->history_max_jobs = 5;
    for (int i = 0; i < 130; i++) {
        struct party party = { .async = true };

        fake_start(&fake_instant, fake_new("k"), "o", &party);
        heart_until(party.ended);
    }
    heart_down();
    heart_up();
    rows = heart_sql_text("SELECT count(*) < 5 + 65 AND count(*) >= 5 FROM jobs");
    ck_assert_str_eq(rows, "1"); /* it is looked after every 64 ends */
}
END_TEST

/* Ids are never used twice, not even over restarts. */
START_TEST(ids)
{
    struct party party = { .async = true };
    uint64_t last = 0;

    for (int i = 0; i < 3; i++) {
        party = (struct party){ .async = true };
        fake_start(&fake_instant, fake_new("k"), "o", &party);
        heart_until(party.ended);
        ck_assert_uint_gt(party.id, last);
        last = party.id;
        heart_sql("DELETE FROM jobs");
        heart_down();
        heart_up();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job");
    TCase *tcase = tcase_create("job");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, heart_setup, heart_teardown);
    tcase_add_loop_test(tcase, road, 0, (int)ARRAY_SIZE(roads));
    tcase_add_test(tcase, outcome_is_kept);
    tcase_add_test(tcase, refused_by_a_long_one);
    tcase_add_test(tcase, locks_what_prepare_finds);
    tcase_add_test(tcase, waits_for_a_short_one);
    tcase_add_test(tcase, waits_not_for_ever);
    tcase_add_test(tcase, joined_refresh);
    tcase_add_test(tcase, refresh_elsewhere);
    tcase_add_test(tcase, cancel_of_a_waiting_refresh);
    tcase_add_test(tcase, late_check);
    tcase_add_test(tcase, waiters);
    tcase_add_test(tcase, accepted_is_durable);
    tcase_add_test(tcase, last_job_of_an_object);
    tcase_add_test(tcase, active_list);
    tcase_add_test(tcase, history_is_bounded);
    tcase_add_test(tcase, ids);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
