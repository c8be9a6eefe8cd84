/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress line: what it shows, and that it always fits. */

#include "tools/progress.h"

#include <check.h>
#include <limits.h>
#include <locale.h>
#include <string.h>

#include "protocol/macros.h"
#include "tools/text.h"

static virJobRecord clone_job(void)
{
    return (virJobRecord){
        .id = 7,
        .objectKind = VIR_JOB_OBJECT_STORAGE_VOL,
        .name = (char *)"b",
        .pool = (char *)"p",
        .operation = (char *)"vol-clone",
        .phase = VIR_JOB_PHASE_RUNNING,
        .info = { .type = VIR_JOB_BOUNDED,
                  .state = VIR_JOB_RUNNING,
                  .runningTime = 3,
                  .remainingTime = 4,
                  .percentComplete = 45 },
        .bytesDone = 1884ull << 20,
        .bytesTotal = 4ull << 30,
        .rate = 512ull << 20,
    };
}

static void check_line(const virJobRecord *job, size_t columns, const char *expected)
{
    _cleanup_free_ char *line = progress_render(job, columns);

    ck_assert_str_eq(line, expected);
}

START_TEST(a_wide_terminal_shows_all)
{
    virJobRecord job = clone_job();

    check_line(&job, 200,
               "vol-clone b  [==================>                     ]   45%"
               "    1.84 GiB of 4.00 GiB  512.00 MiB/s  4s left");
}
END_TEST

START_TEST(a_narrow_one_gives_up_the_least_worth_first)
{
    virJobRecord job = clone_job();

    check_line(&job, 79,
               "vol-clone b  [====>      ]   45%    1.84 GiB of 4.00 GiB  512.00 MiB/s  4s left");
    check_line(&job, 75,
               "vol-clone b  [=========>           ]   45%    1.84 GiB of 4.00 GiB  4s left");
    check_line(&job, 60, "vol-clone b  [=============>                ]   45%  4s left");
    check_line(&job, 35, "vol-clone b  [======>       ]   45%");
    check_line(&job, 20, "vol-clone b   45%");
    check_line(&job, 10, "vol-   45%");
}
END_TEST

START_TEST(it_never_is_wider_than_asked)
{
    static const char *const names[] = { "b", "gr\xc3\xbc\xc3\x9f", "\xe6\xbc\xa2\xe5\xad\x97",
                                         "a-name-that-is-very-long-and-then-some-more-of-it" };
    static const int percents[] = { 0, 20, 50, 99, 100, 101, 250, INT_MAX, -1, INT_MIN };
    size_t i, columns, percent;

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    for (i = 0; i < ARRAY_SIZE(names); i++)
        for (columns = 0; columns < 150; columns++)
            for (percent = 0; percent < ARRAY_SIZE(percents); percent++) {
                virJobRecord job = clone_job();
                _cleanup_free_ char *line = NULL;

                job.name = (char *)(void *)names[i];
                job.info.percentComplete = percents[percent];
                line = progress_render(&job, columns);
                ck_assert_uint_le(text_width(line), columns);
            }
}
END_TEST

START_TEST(the_end_of_the_bar)
{
    virJobRecord job = clone_job();

    job.rate = 0;
    job.bytesDone = job.bytesTotal = 0;
    job.info.remainingTime = 0;
    job.info.percentComplete = 0;
    check_line(&job, 50, "vol-clone b  [>                   ]    0%  3s gone");
    job.info.percentComplete = 100;
    check_line(&job, 50, "vol-clone b  [====================]  100%  3s gone");
    job.info.percentComplete = 1000000;
    check_line(&job, 50, "vol-clone b  [====================]  100%  3s gone");
    job.info.percentComplete = -1000000;
    check_line(&job, 50, "vol-clone b  [>                   ]    0%  3s gone");
}
END_TEST

START_TEST(what_it_waits_for_is_shown)
{
    virJobRecord job = clone_job();

    job.bytesDone = job.bytesTotal = 0;
    job.phase = VIR_JOB_PHASE_CANCELLING;
    check_line(&job, 46, "vol-clone b  [=====>       ]   45%  cancelling");
    job.note = (char *)"cancelling, waiting for /a\nb";
    check_line(&job, 64, "vol-clone b  [=====>       ]   45%  cancelling, waiting for /a?b");
}
END_TEST

START_TEST(an_unbounded_job_has_no_bar)
{
    virJobRecord job = clone_job();

    job.info.type = VIR_JOB_UNBOUNDED;
    job.info.percentComplete = 0;
    job.info.remainingTime = 0;
    job.bytesTotal = 0;
    job.rate = 0;
    check_line(&job, 80, "vol-clone b  1.84 GiB  3s gone");
    job.phase = VIR_JOB_PHASE_QUEUED;
    job.bytesDone = 0;
    check_line(&job, 80, "vol-clone b  queued");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-progress");
    TCase *tcase = tcase_create("cli-progress");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, a_wide_terminal_shows_all);
    tcase_add_test(tcase, a_narrow_one_gives_up_the_least_worth_first);
    tcase_add_test(tcase, it_never_is_wider_than_asked);
    tcase_add_test(tcase, the_end_of_the_bar);
    tcase_add_test(tcase, what_it_waits_for_is_shown);
    tcase_add_test(tcase, an_unbounded_job_has_no_bar);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
