/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words after a command's name, sorted into its options.
 */
#ifndef VIRTJOB_ARGS_H
#define VIRTJOB_ARGS_H

#include <stdbool.h>

#include "tools/command.h"

struct args {
    const struct command *command;
    const char **values; /* by row of command->options; NULL = not given.  Point into argv */
    const char **words;  /* of the option that may be given many times, ended by NULL; or NULL */
};

/* A flag of an option, for args_flags(); a NULL option ends a list. */
struct flag_row {
    const char *option;
    unsigned int flag;
};

/*
 * virsh's rules: --name VALUE, --name=VALUE, or values alone, which fill the
 * positional options in order; after -- every word is a value.  0; 1 when
 * --help is among them; -1 with a new string that says what is wrong.
 * args_done() is owed in each case.
 */
int args_parse(struct args *args, const struct command *command, int argc, char *const *argv,
               char **ret_error);
void args_done(struct args *args);

/* Has the command such an option? */
bool args_has(const struct args *args, const char *name);
/* Asking for an option that the command has no row for is a mistake of ours: it aborts. */
bool args_flag(const struct args *args, const char *name);
const char *args_text(const struct args *args, const char *name);
/* All words of an option that may be given many times, ended by NULL; NULL = not given. */
const char *const *args_words(const struct args *args, const char *name);
/* The flags of those options that were given. */
unsigned int args_flags(const struct args *args, const struct flag_row *rows);
/* A whole number, not negative, and nothing else.  0, or -1. */
int number_parse(const char *text, unsigned long long *ret_number);

/* Both were checked by args_parse(); for one not given, fallback. */
unsigned long long args_number(const struct args *args, const char *name,
                               unsigned long long fallback);
unsigned long long args_size(const struct args *args, const char *name,
                             unsigned long long fallback);

#endif
