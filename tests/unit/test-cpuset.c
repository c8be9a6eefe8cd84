/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of CPUs: from text and maps, and back to text. */

#include "util/cpuset.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/macros.h"

static const struct {
    const char *text, *back; /* back NULL: no list */
} lists[] = {
    { "0", "0" },
    { "0-3,8", "0-3,8" },
    { " 8 , 1 - 2 ", "1-2,8" },
    { "0-7,^3,^5-6", "0-2,4,7" },
    { "3,2,1", "1-3" },
    { "16383", "16383" },
    { "16384", NULL },
    { "", NULL },
    { "1,", NULL },
    { ",1", NULL },
    { "1-", NULL },
    { "-1", NULL },
    { "2-1", NULL },
    { "1 2", NULL },
    { "1,^1", NULL },
    { "0x1", NULL },
    { "99999999999999999999", NULL },
};

START_TEST(test_list)
{
    struct cpuset set;
    _cleanup_free_ char *back = NULL;

    ck_assert_int_eq(cpuset_parse(lists[_i].text, &set), lists[_i].back != NULL);
    if (!lists[_i].back)
        return;
    back = cpuset_format(&set);
    ck_assert_str_eq(back, lists[_i].back);
}
END_TEST

START_TEST(test_map)
{
    static unsigned char large[CPUSET_BYTES + 8];
    struct cpuset set;
    _cleanup_free_ char *text = NULL, *all = NULL;

    cpuset_from_map(&set, "\x05\x80", 2);
    text = cpuset_format(&set);
    ck_assert_str_eq(text, "0,2,15");
    cpuset_from_map(&set, NULL, 0);
    ck_assert(cpuset_is_empty(&set));
    memset(large, 0xff, sizeof(large));
    cpuset_from_map(&set, large, sizeof(large));
    all = cpuset_format(&set);
    ck_assert_str_eq(all, "0-16383");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cpuset");
    TCase *tcase = tcase_create("cpuset");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, test_list, 0, (int)ARRAY_SIZE(lists));
    tcase_add_test(tcase, test_map);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
