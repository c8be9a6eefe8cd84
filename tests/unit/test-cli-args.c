/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words after a command's name, sorted as virsh sorts them. */

#include "tools/args.h"

#include <check.h>
#include <signal.h>

#include "protocol/macros.h"

static const struct command command = {
    .name = "make",
    .options = OPTIONS({ .name = "vol", .kind = OPTION_TEXT, .required = true, .positional = true },
                       { .name = "size", .kind = OPTION_SIZE, .positional = true },
                       { .name = "count", .kind = OPTION_NUMBER },
                       { .name = "format", .kind = OPTION_TEXT },
                       { .name = "form", .kind = OPTION_TEXT },
                       { .name = "fast", .kind = OPTION_FLAG }),
};

static const struct command many_command = {
    .name = "say",
    .options = OPTIONS({ .name = "who", .kind = OPTION_TEXT, .required = true, .positional = true },
                       { .name = "word", .kind = OPTION_TEXT, .positional = true, .many = true },
                       { .name = "loud", .kind = OPTION_FLAG },
                       { .name = "fast", .kind = OPTION_FLAG }),
};

static struct args args;
static char *error;

static int parse_for(const struct command *of, char **words)
{
    int count = 0;

    while (words[count])
        count++;
    error = NULL;
    return args_parse(&args, of, count, words, &error);
}

static int parse(char **words)
{
    return parse_for(&command, words);
}

static void done(void)
{
    args_done(&args);
    free(error);
}

START_TEST(names_and_places_mix)
{
    ck_assert_int_eq(parse((char *[]){ (char *)"--fast", (char *)"--size=2k", (char *)"a",
                                       (char *)"--format", (char *)"qcow2", NULL }),
                     0);
    ck_assert_str_eq(args_text(&args, "vol"), "a");
    ck_assert_uint_eq(args_size(&args, "size", 0), 2048);
    ck_assert_str_eq(args_text(&args, "format"), "qcow2");
    ck_assert_ptr_null(args_text(&args, "form"));
    ck_assert(args_flag(&args, "fast"));
    ck_assert_uint_eq(args_number(&args, "count", 9), 9);
    done();
}
END_TEST

START_TEST(a_place_taken_by_name_is_skipped)
{
    ck_assert_int_eq(parse((char *[]){ (char *)"--vol", (char *)"a", (char *)"1", NULL }), 0);
    ck_assert_str_eq(args_text(&args, "vol"), "a");
    ck_assert_uint_eq(args_size(&args, "size", 0), 1);
    done();
}
END_TEST

START_TEST(values_may_look_odd)
{
    ck_assert_int_eq(parse((char *[]){ (char *)"--", (char *)"--fast", NULL }), 0);
    ck_assert_str_eq(args_text(&args, "vol"), "--fast");
    ck_assert(!args_flag(&args, "fast"));
    done();
    ck_assert_int_eq(parse((char *[]){ (char *)"-x", (char *)"--format=a=b", NULL }), 0);
    ck_assert_str_eq(args_text(&args, "vol"), "-x");
    ck_assert_str_eq(args_text(&args, "format"), "a=b");
    done();
    ck_assert_int_eq(parse((char *[]){ (char *)"--vol", (char *)"--fast", NULL }), 0);
    ck_assert_str_eq(args_text(&args, "vol"), "--fast");
    done();
    ck_assert_int_eq(parse((char *[]){ (char *)"--vol=", NULL }), 0);
    ck_assert_str_eq(args_text(&args, "vol"), "");
    done();
}
END_TEST

START_TEST(help_is_seen)
{
    ck_assert_int_eq(parse((char *[]){ (char *)"--help", NULL }), 1);
    done();
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const struct {
        const char *words[4];
        const char *error;
    } rows[] = {
        { { NULL }, "command 'make' needs --vol" },
        { { "a", "1", "b" }, "unexpected argument 'b'" },
        { { "a", "--slow" }, "command 'make' has no option --slow" },
        { { "a", "--for=x" }, "command 'make' has no option --for" },
        { { "a", "--fast=1" }, "option --fast takes no value" },
        { { "a", "--format" }, "option --format needs a value" },
        { { "a", "--fast", "--fast" }, "option --fast is given twice" },
        { { "a", "--vol=b" }, "option --vol is given twice" },
        { { "a", "1x" }, "size '1x' for --size is malformed" },
        { { "a", "16E" }, "size '16E' for --size is too large" },
        { { "a", "--count=-1" }, "number '-1' for --count is malformed" },
        { { "a", "--count=1k" }, "number '1k' for --count is malformed" },
        { { "a", "--count=18446744073709551616" },
          "number '18446744073709551616' for --count is too large" },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(parse((char **)(void *)rows[i].words) == -1, "%s", rows[i].error);
        ck_assert_str_eq(error, rows[i].error);
        done();
    }
}
END_TEST

START_TEST(an_option_without_a_row_aborts)
{
    ck_assert_int_eq(parse((char *[]){ (char *)"a", NULL }), 0);
    (void)args_flag(&args, "typo");
}
END_TEST

START_TEST(one_option_takes_many_words)
{
    const char *const *words;

    ck_assert_int_eq(parse_for(&many_command, (char *[]){ (char *)"me", (char *)"a",
                                                          (char *)"--loud", (char *)"--word",
                                                          (char *)"b", (char *)"--",
                                                          (char *)"--c", NULL }),
                     0);
    words = args_words(&args, "word");
    ck_assert_str_eq(words[0], "a");
    ck_assert_str_eq(words[1], "b");
    ck_assert_str_eq(words[2], "--c");
    ck_assert_ptr_null(words[3]);
    ck_assert_str_eq(args_text(&args, "word"), "a");
    done();
    ck_assert_int_eq(parse_for(&many_command, (char *[]){ (char *)"me", NULL }), 0);
    ck_assert_ptr_null(args_words(&args, "word"));
    done();
}
END_TEST

START_TEST(options_become_flags)
{
    static const struct flag_row rows[] = { { "fast", 1 }, { "loud", 4 }, { NULL, 0 } };

    ck_assert_int_eq(parse_for(&many_command, (char *[]){ (char *)"me", NULL }), 0);
    ck_assert_uint_eq(args_flags(&args, rows), 0);
    done();
    ck_assert_int_eq(parse_for(&many_command, (char *[]){ (char *)"--loud", (char *)"me", NULL }),
                     0);
    ck_assert_uint_eq(args_flags(&args, rows), 4);
    done();
    ck_assert_int_eq(parse_for(&many_command, (char *[]){ (char *)"--loud", (char *)"me",
                                                          (char *)"--fast", NULL }),
                     0);
    ck_assert_uint_eq(args_flags(&args, rows), 5);
    done();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-args");
    TCase *tcase = tcase_create("cli-args");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, names_and_places_mix);
    tcase_add_test(tcase, a_place_taken_by_name_is_skipped);
    tcase_add_test(tcase, values_may_look_odd);
    tcase_add_test(tcase, help_is_seen);
    tcase_add_test(tcase, mistakes_are_named);
    tcase_add_test_raise_signal(tcase, an_option_without_a_row_aborts, SIGABRT);
    tcase_add_test(tcase, one_option_takes_many_words);
    tcase_add_test(tcase, options_become_flags);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
