/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers as users read them. */

#include "tools/format.h"

#include <check.h>
#include <stdint.h>
#include <time.h>

#include "protocol/macros.h"

static void check_text(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(sizes_are_virshs)
{
    check_text(format_size(0), "0.00 B");
    check_text(format_size(1023), "1023.00 B");
    check_text(format_size(1024), "1.00 KiB");
    check_text(format_size(1536ull << 20), "1.50 GiB");
    check_text(format_size(100ull << 30), "100.00 GiB");
    check_text(format_size(UINT64_MAX), "16.00 EiB");
}
END_TEST

START_TEST(a_size_is_never_1024_of_a_unit)
{
    check_text(format_size((1ull << 20) - 1), "1.00 MiB");
    check_text(format_size((1ull << 40) - 1), "1.00 TiB");
    check_text(format_size((1ull << 20) - 10240), "1014.00 KiB");
}
END_TEST

START_TEST(an_unknown_rate_is_a_dash)
{
    check_text(format_rate(0), "-");
    check_text(format_rate(512ull << 20), "512.00 MiB/s");
}
END_TEST

START_TEST(durations_show_two_units)
{
    check_text(format_duration(0), "0s");
    check_text(format_duration(59), "59s");
    check_text(format_duration(60), "1m 00s");
    check_text(format_duration(65), "1m 05s");
    check_text(format_duration(3599), "59m 59s");
    check_text(format_duration(3600), "1h 00m");
    check_text(format_duration(86399), "23h 59m");
    check_text(format_duration(4 * 86400 + 7 * 3600 + 59), "4d 07h");
}
END_TEST

START_TEST(times_are_local)
{
    ck_assert_int_eq(setenv("TZ", "EET-2", 1), 0);
    tzset();
    check_text(format_time(0), "-");
    check_text(format_time(1700000000999), "2023-11-15 00:13:20");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-format");
    TCase *tcase = tcase_create("cli-format");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, sizes_are_virshs);
    tcase_add_test(tcase, a_size_is_never_1024_of_a_unit);
    tcase_add_test(tcase, an_unknown_rate_is_a_dash);
    tcase_add_test(tcase, durations_show_two_units);
    tcase_add_test(tcase, times_are_local);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
