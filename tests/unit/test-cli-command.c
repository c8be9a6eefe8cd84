/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands: its own rules, and the manual page that comes from it. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/macros.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/manpage.h"

/* Calls check() for every command. */
static void commands_each(void (*check)(const struct command *command))
{
    const struct command_group *const *group;
    const struct command *command;

    for (group = command_groups; *group; group++)
        for (command = (*group)->commands; command->name; command++)
            check(command);
}

static void check_found(const struct command *command)
{
    ck_assert_msg(command_find(command->name) == command, "%s is there twice", command->name);
    ck_assert_msg(!command->run != !command->run_raw, "%s", command->name);
    ck_assert_ptr_null(command_group_find(command->name));
}

START_TEST(every_command_is_found)
{
    commands_each(check_found);
    ck_assert_ptr_null(command_find("pool"));
    ck_assert_ptr_null(command_find(""));
}
END_TEST

static void check_options(const struct command *command)
{
    const struct option_row *option, *other;
    bool optional = false, many = false;

    for (option = command->options; option->name; option++) {
        ck_assert_msg(option->help != NULL, "%s --%s", command->name, option->name);
        ck_assert_msg(!option->required || (option->positional && !optional),
                      "%s: required --%s stands after an optional one, or by name only",
                      command->name, option->name);
        optional = optional || !option->required;
        ck_assert_msg(!many || !option->positional, "%s: --%s stands after one that takes all",
                      command->name, option->name);
        many = many || option->many;
        for (other = command->options; other < option; other++)
            ck_assert_msg(strcmp(option->name, other->name) != 0, "%s --%s twice", command->name,
                          option->name);
    }
}

START_TEST(options_keep_the_rules)
{
    commands_each(check_options);
}
END_TEST

static bool has_option(const struct command *command, const char *name)
{
    const struct option_row *option;

    for (option = command->options; option->name; option++)
        if (!strcmp(option->name, name))
            return true;
    return false;
}

START_TEST(long_commands_can_be_async)
{
    static const char *const names[] = {
        "pool-create", "pool-create-as", "pool-build",    "pool-start",      "pool-refresh",
        "pool-delete", "vol-create",     "vol-create-as", "vol-create-from", "vol-clone",
        "vol-wipe",    "vol-resize",     "vol-delete",    "create",          "start",
        "save",        "restore",        "managedsave",   "dump",
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        const struct command *command = command_find(names[i]);

        ck_assert_msg(command && has_option(command, "async"), "%s", names[i]);
    }
}
END_TEST

START_TEST(global_options_fit)
{
    size_t count = 0;

    while (global_options[count].name)
        count++;
    ck_assert_uint_lt(count, GLOBAL_OPTIONS_MAX - 1);
}
END_TEST

/* The file's text; the page is in the source tree. */
static char *page_read(void)
{
    const char *srcdir = getenv("srcdir");
    char *path = NULL, *text = NULL;
    size_t room = 0;
    FILE *page;

    ck_assert_int_gt(asprintf(&path, "%s/man/virtjob.1", srcdir ? srcdir : "."), 0);
    page = fopen(path, "re");
    ck_assert_msg(page != NULL, "cannot open %s", path);
    ck_assert_int_gt(getdelim(&text, &room, '\0', page), 0);
    fclose(page);
    free(path);
    return text;
}

START_TEST(the_manual_page_is_up_to_date)
{
    _cleanup_free_ char *page = page_read();
    char *made = NULL;
    size_t len;
    FILE *out = open_memstream(&made, &len);

    manpage_print(out);
    fclose(out);
    ck_assert_msg(strstr(page, made) != NULL,
                  "man/virtjob.1 is not what the table makes: run make update-man");
    free(made);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli-command");
    TCase *tcase = tcase_create("cli-command");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, every_command_is_found);
    tcase_add_test(tcase, options_keep_the_rules);
    tcase_add_test(tcase, long_commands_can_be_async);
    tcase_add_test(tcase, global_options_fit);
    tcase_add_test(tcase, the_manual_page_is_up_to_date);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
