/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words after a command's name; see args.h. */

#include "tools/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/size.h"

static size_t options_count(const struct option_row *options)
{
    size_t n = 0;

    while (options[n].name)
        n++;
    return n;
}

/* The row of that name (len bytes), or the number of rows. */
static size_t option_find(const struct option_row *options, const char *name, size_t len)
{
    size_t i;

    for (i = 0; options[i].name; i++)
        if (!strncmp(options[i].name, name, len) && !options[i].name[len])
            break;
    return i;
}

int number_parse(const char *text, unsigned long long *ret_number)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    *ret_number = strtoull(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;
    return *end ? -EINVAL : 0;
}

static void words_add(struct args *args, const char *word)
{
    size_t n = 0;

    while (args->words && args->words[n])
        n++;
    args->words = xrealloc(args->words, n + 2, sizeof(*args->words));
    args->words[n] = word;
    args->words[n + 1] = NULL;
}

/* Sets the option, once, to a value that its kind allows. */
static int option_set(struct args *args, size_t row, const char *value, char **ret_error)
{
    const struct option_row *option = &args->command->options[row];
    unsigned long long ignored;
    int r = 0;

    if (option->many) {
        words_add(args, value);
        args->values[row] = args->words[0];
        return 0;
    }
    if (args->values[row]) {
        *ret_error = xasprintf("option --%s is given twice", option->name);
        return -1;
    }
    if (option->kind == OPTION_NUMBER)
        r = number_parse(value, &ignored);
    else if (option->kind == OPTION_SIZE)
        r = size_parse(value, &ignored);
    if (r < 0) {
        *ret_error = xasprintf("%s '%s' for --%s is %s",
                               option->kind == OPTION_SIZE ? "size" : "number", value,
                               option->name, r == -ERANGE ? "too large" : "malformed");
        return -1;
    }
    args->values[row] = value;
    return 0;
}

/* A word that is a value: for the first positional option that has none. */
static int positional_set(struct args *args, const char *word, char **ret_error)
{
    const struct option_row *options = args->command->options;
    size_t i;

    for (i = 0; options[i].name; i++)
        if (options[i].positional && (!args->values[i] || options[i].many))
            return option_set(args, i, word, ret_error);
    *ret_error = xasprintf("unexpected argument '%s'", word);
    return -1;
}

/* --name, --name=value or --name value; *next is the word after, moved on when it is used. */
static int named_set(struct args *args, const char *word, char *const **next, char *const *end,
                     char **ret_error)
{
    const struct option_row *options = args->command->options;
    size_t len = strcspn(word, "=");
    size_t row = option_find(options, word, len);
    const char *value = word[len] ? word + len + 1 : NULL;

    if (!options[row].name) {
        *ret_error = xasprintf("command '%s' has no option --%.*s", args->command->name, (int)len,
                               word);
        return -1;
    }
    if (options[row].kind == OPTION_FLAG) {
        if (value) {
            *ret_error = xasprintf("option --%s takes no value", options[row].name);
            return -1;
        }
        return option_set(args, row, "", ret_error);
    }
    if (!value) {
        if (*next == end) {
            *ret_error = xasprintf("option --%s needs a value", options[row].name);
            return -1;
        }
        value = *(*next)++;
    }
    return option_set(args, row, value, ret_error);
}

static int required_check(const struct args *args, char **ret_error)
{
    const struct option_row *options = args->command->options;
    size_t i;

    for (i = 0; options[i].name; i++)
        if (options[i].required && !args->values[i]) {
            *ret_error = xasprintf("command '%s' needs --%s", args->command->name,
                                   options[i].name);
            return -1;
        }
    return 0;
}

int args_parse(struct args *args, const struct command *command, int argc, char *const *argv,
               char **ret_error)
{
    char *const *next = argv;
    char *const *end = argv + argc;
    bool only_values = false;

    args->command = command;
    args->words = NULL;
    args->values = xcalloc(options_count(command->options), sizeof(*args->values));
    while (next < end) {
        const char *word = *next++;
        int r;

        if (only_values || strncmp(word, "--", 2) != 0) {
            r = positional_set(args, word, ret_error);
        } else if (!word[2]) {
            only_values = true;
            continue;
        } else if (!strcmp(word, "--help")) {
            return 1;
        } else {
            r = named_set(args, word + 2, &next, end, ret_error);
        }
        if (r < 0)
            return -1;
    }
    return required_check(args, ret_error);
}

void args_done(struct args *args)
{
    free(args->values);
    args->values = NULL;
    free(args->words);
    args->words = NULL;
}

bool args_has(const struct args *args, const char *name)
{
    const struct option_row *options = args->command->options;

    return options[option_find(options, name, strlen(name))].name;
}

const char *args_text(const struct args *args, const char *name)
{
    size_t row = option_find(args->command->options, name, strlen(name));

    if (!args->command->options[row].name) {
        fprintf(stderr, "virtjob: command %s has no row for --%s\n", args->command->name, name);
        abort();
    }
    return args->values[row];
}

const char *const *args_words(const struct args *args, const char *name)
{
    return args_flag(args, name) ? args->words : NULL;
}

bool args_flag(const struct args *args, const char *name)
{
    return args_text(args, name) != NULL;
}

unsigned int args_flags(const struct args *args, const struct flag_row *rows)
{
    unsigned int flags = 0;

    for (; rows->option; rows++)
        if (args_flag(args, rows->option))
            flags |= rows->flag;
    return flags;
}

unsigned long long args_number(const struct args *args, const char *name,
                               unsigned long long fallback)
{
    const char *value = args_text(args, name);
    unsigned long long number;

    return value && number_parse(value, &number) == 0 ? number : fallback;
}

unsigned long long args_size(const struct args *args, const char *name,
                             unsigned long long fallback)
{
    const char *value = args_text(args, name);
    unsigned long long bytes;

    return value && size_parse(value, &bytes) == 0 ? bytes : fallback;
}
