/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Help texts, all made from the table of commands.
 */
#ifndef VIRTJOB_HELP_H
#define VIRTJOB_HELP_H

#include <stdio.h>

#include "tools/command.h"

/* An option of virtjob itself, before the command. */
struct global_option {
    int code; /* its letter, or a number above all letters */
    const char *name;
    const char *value; /* NULL = takes none */
    const char *help;
};

enum { GLOBAL_NO_PROGRESS = 256, GLOBAL_RECONNECT };

/* Ended by a NULL name. */
#define GLOBAL_OPTIONS_MAX 16
extern const struct global_option global_options[];

void help_print_all(FILE *out);
void help_print_group(FILE *out, const struct command_group *group);
void help_print_command(FILE *out, const struct command *command);

/* How help names an option's value: its own name in capitals; a new string. */
char *help_placeholder(const struct option_row *option);

#endif
