/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns, cleaned text, and tables that line up. */

#include "tools/text.h"

#include <check.h>
#include <stdlib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/table.h"

static void utf8_locale(void)
{
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
}

START_TEST(width_counts_columns)
{
    utf8_locale();
    ck_assert_uint_eq(text_width(""), 0);
    ck_assert_uint_eq(text_width("abc"), 3);
    ck_assert_uint_eq(text_width("gr\xc3\xbc\xc3\x9f"), 4);
    ck_assert_uint_eq(text_width("\xe6\xbc\xa2"), 2);
    ck_assert_uint_eq(text_width("e\xcc\x81"), 1);
    ck_assert_uint_eq(text_width("a\xff" "b\xc3"), 4);
}
END_TEST

START_TEST(fit_never_cuts_a_character)
{
    utf8_locale();
    ck_assert_uint_eq(text_fit("abc", 2), 2);
    ck_assert_uint_eq(text_fit("abc", 9), 3);
    ck_assert_uint_eq(text_fit("\xc3\xbc" "b", 1), 2);
    ck_assert_uint_eq(text_fit("a\xe6\xbc\xa2", 2), 1);
    ck_assert_uint_eq(text_fit("a\xe6\xbc\xa2", 3), 4);
    ck_assert_uint_eq(text_fit("abc", 0), 0);
}
END_TEST

START_TEST(a_message_becomes_one_line)
{
    static const char *const rows[][2] = {
        { "plain", "plain" },
        { "two\nlines", "two lines" },
        { "two \r\n\n  lines\n", "two lines" },
        { "keeps  blanks", "keeps  blanks" },
        { "\033[31mred\007", "?[31mred?" },
        { "\n", "" },
        { "", "" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_free_ char *text = xstrdup(rows[i][0]);

        text_make_line(text);
        ck_assert_str_eq(text, rows[i][1]);
    }
}
END_TEST

START_TEST(utf8_replaces_only_what_is_not)
{
    static const char *const rows[][2] = {
        { "gr\xc3\xbcn", "gr\xc3\xbcn" },
        { "a\xff" "b", "a\xef\xbf\xbd" "b" },
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xe6\xbc", "\xef\xbf\xbd\xef\xbf\xbd" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_free_ char *text = text_to_utf8(rows[i][0]);

        ck_assert_str_eq(text, rows[i][1]);
    }
}
END_TEST

static char *table_text(const struct table *table)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    table_print(table, out);
    fclose(out);
    return text;
}

START_TEST(a_table_lines_up)
{
    static const char *const heads[] = { "Name", "Path", NULL };
    _cleanup_table_ struct table *table = table_new(heads);
    _cleanup_free_ char *text = NULL;

    utf8_locale();
    table_add(table, "\xe6\xbc\xa2\xe5\xad\x97");
    table_add(table, "/a");
    table_take(table, xstrdup("evil\nname"));
    table_add(table, "/longer");
    text = table_text(table);
    ck_assert_str_eq(text, " Name        Path\n"
                           "----------------------\n"
                           " \xe6\xbc\xa2\xe5\xad\x97        /a\n"
                           " evil?name   /longer\n");
}
END_TEST

START_TEST(an_empty_table_has_heads)
{
    static const char *const heads[] = { "Id", "State", NULL };
    _cleanup_table_ struct table *table = table_new(heads);
    _cleanup_free_ char *text = table_text(table);

    ck_assert_str_eq(text, " Id   State\n-------------\n");
}
END_TEST

START_TEST(a_uuid_is_known_by_its_digits)
{
    ck_assert(text_is_uuid("00010203-0405-0607-0809-0a0b0c0d0e0f"));
    ck_assert(text_is_uuid("000102030405060708090A0B0C0D0E0F"));
    ck_assert(!text_is_uuid("00010203-0405-0607-0809-0a0b0c0d0e0"));
    ck_assert(!text_is_uuid("00010203-0405-0607-0809-0a0b0c0d0e0f0"));
    ck_assert(!text_is_uuid("00010203-0405-0607-0809-0a0b0c0d0e0g"));
    ck_assert(!text_is_uuid(""));
}
END_TEST

static void check_joined(char *text, const char *expected)
{
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(words_are_joined)
{
    check_joined(text_join((const char *const[]){ NULL }, ","), "");
    check_joined(text_join((const char *const[]){ "a", NULL }, ","), "a");
    check_joined(text_join((const char *const[]){ "a", "", "b c", NULL }, ", "), "a, , b c");
    check_joined(text_join((const char *const[]){ "", "a", NULL }, " "), " a");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-text");
    TCase *tcase = tcase_create("cli-text");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, width_counts_columns);
    tcase_add_test(tcase, fit_never_cuts_a_character);
    tcase_add_test(tcase, a_message_becomes_one_line);
    tcase_add_test(tcase, utf8_replaces_only_what_is_not);
    tcase_add_test(tcase, a_table_lines_up);
    tcase_add_test(tcase, an_empty_table_has_heads);
    tcase_add_test(tcase, a_uuid_is_known_by_its_digits);
    tcase_add_test(tcase, words_are_joined);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
