/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes as users type them: every suffix, and what is no size. */

#include "tools/size.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>

#include "protocol/macros.h"

START_TEST(every_suffix_scales)
{
    static const struct {
        const char *text;
        unsigned long long bytes;
    } rows[] = {
        { "0", 0 },
        { "512", 512 },
        { "7b", 7 },
        { "7byte", 7 },
        { "7Bytes", 7 },
        { "1k", 1024 },
        { "1K", 1024 },
        { "1KiB", 1024 },
        { "1kb", 1000 },
        { "3M", 3ull << 20 },
        { "3MiB", 3ull << 20 },
        { "3MB", 3000000 },
        { "10G", 10ull << 30 },
        { "10gib", 10ull << 30 },
        { "10GB", 10000000000 },
        { "2T", 2ull << 40 },
        { "2TB", 2000000000000 },
        { "5P", 5ull << 50 },
        { "5PB", 5000000000000000 },
        { "15E", 15ull << 60 },
        { "18EB", 18000000000000000000ull },
        { "18446744073709551615", UINT64_MAX },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned long long bytes = 1;

        ck_assert_msg(size_parse(rows[i].text, &bytes) == 0, "%s", rows[i].text);
        ck_assert_msg(bytes == rows[i].bytes, "%s gave %llu", rows[i].text, bytes);
    }
}
END_TEST

START_TEST(what_is_no_size_is_refused)
{
    static const char *const rows[] = { "",    "G",    "-1",   "+1",   " 1",    "1 G",
                                        "1.5G", "0x10", "1Q",   "1GG",  "1GiBs", "1i",
                                        "1kiBB", "ten", "1 ",   "1Gi" };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned long long bytes = 42;

        ck_assert_msg(size_parse(rows[i], &bytes) == -EINVAL, "'%s'", rows[i]);
        ck_assert_uint_eq(bytes, 42);
    }
}
END_TEST

START_TEST(overflow_is_told)
{
    static const char *const rows[] = { "18446744073709551616", "16E", "18446744073709551615k",
                                        "19EB", "99999999999999999999999G" };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned long long bytes = 42;

        ck_assert_msg(size_parse(rows[i], &bytes) == -ERANGE, "'%s'", rows[i]);
        ck_assert_uint_eq(bytes, 42);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-size");
    TCase *tcase = tcase_create("cli-size");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, every_suffix_scales);
    tcase_add_test(tcase, what_is_no_size_is_refused);
    tcase_add_test(tcase, overflow_is_told);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
