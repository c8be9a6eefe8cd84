/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/jobs/job_state.c: names, ends, and the legal moves cell by cell. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/job.h"
#include "scratch.h"

/*
 * Rows: from; columns: to, in the order of the enum: new, queued, running,
 * cancelling, finishing, complete, failed, cancelled.
 */
static const char moves[JOB_STATE_MAX][JOB_STATE_MAX + 1] = {
    [JOB_NEW] =        ".Q......",
    [JOB_QUEUED] =     "..RCF.X.", /* finishing: nothing to run; failed: undone by recovery */
    [JOB_RUNNING] =    "...CF.X.",
    [JOB_CANCELLING] = ".......K",
    [JOB_FINISHING] =  ".....DX.",
    [JOB_COMPLETE] =   "........",
    [JOB_FAILED] =     "........",
    [JOB_CANCELLED] =  "........",
};

START_TEST(legal_moves)
{
    for (int from = 0; from < JOB_STATE_MAX; from++) {
        for (int to = 0; to < JOB_STATE_MAX; to++)
            ck_assert_msg(job_state_may_become((enum job_state)from, (enum job_state)to) ==
                              (moves[from][to] != '.'),
                          "%s to %s", job_state_name((enum job_state)from),
                          job_state_name((enum job_state)to));
    }
}
END_TEST

/* Nothing leaves an end, and every other state leads to one. */
START_TEST(ends)
{
    for (int from = 0; from < JOB_STATE_MAX; from++) {
        bool leaves = false;

        for (int to = 0; to < JOB_STATE_MAX; to++)
            leaves = leaves || job_state_may_become((enum job_state)from, (enum job_state)to);
        ck_assert_int_eq(job_state_is_ended((enum job_state)from), !leaves);
    }
    ck_assert(job_state_is_ended(JOB_COMPLETE));
    ck_assert(job_state_is_ended(JOB_FAILED));
    ck_assert(job_state_is_ended(JOB_CANCELLED));
}
END_TEST

START_TEST(each_has_a_name)
{
    static const char *const names[JOB_STATE_MAX] = {
        "new",       "queued",   "running", "cancelling",
        "finishing", "complete", "failed",  "cancelled",
    };

    for (int i = 0; i < JOB_STATE_MAX; i++) {
        ck_assert_str_eq(job_state_name((enum job_state)i), names[i]);
        ck_assert_int_eq(job_state_from_name(names[i]), i);
    }
    ck_assert_int_eq(job_state_from_name("paused"), -1);
    ck_assert_int_eq(job_state_from_name(""), -1);
    ck_assert_int_eq(job_state_from_name("Running"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_state");
    TCase *tcase = tcase_create("job_state");

    tcase_add_test(tcase, legal_moves);
    tcase_add_test(tcase, ends);
    tcase_add_test(tcase, each_has_a_name);
    suite_add_tcase(suite, tcase);
    return scratch_run(suite);
}
