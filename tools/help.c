/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help texts; see help.h. */

#include "tools/help.h"

#include <ctype.h>
#include <string.h>

#include "daemon/util/alloc.h"

const struct global_option global_options[] = {
    { 'c', "connect", "URI", "connect to URI instead of the default" },
    { 'k', "keepalive-interval", "SECS",
      "ping a daemon that is waited for and silent for so long; 0 = never (default 5)" },
    { 'K', "keepalive-count", "N", "give it up after so many unanswered ones (default 6)" },
    { 'r', "readonly", NULL, "connect to the read-only socket" },
    { 'q', "quiet", NULL, "print no message about what was done" },
    { GLOBAL_NO_PROGRESS, "no-progress", NULL, "draw no progress bar on a terminal" },
    { GLOBAL_RECONNECT, "reconnect", NULL, "follow a job on when the daemon goes and comes back" },
    { 'V', "version", NULL, "print the version and exit" },
    { 'h', "help", NULL, "print this help and exit" },
    { 0, NULL, NULL, NULL },
};

char *help_placeholder(const struct option_row *option)
{
    char *text = xstrdup(option->kind == OPTION_SIZE ? "SIZE" : option->name);
    char *p;

    for (p = text; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text;
}

static void synopsis_print(FILE *out, const struct command *command)
{
    const struct option_row *option;

    fprintf(out, "virtjob %s", command->name);
    for (option = command->options; option->name; option++) {
        _cleanup_free_ char *value = help_placeholder(option);

        if (option->kind == OPTION_FLAG)
            fprintf(out, " [--%s]", option->name);
        else if (option->required)
            fprintf(out, " %s%s", value, option->many ? "..." : "");
        else if (option->positional)
            fprintf(out, " [[--%s] %s]%s", option->name, value, option->many ? "..." : "");
        else
            fprintf(out, " [--%s %s]", option->name, value);
    }
    fputc('\n', out);
}

/* "--flag", "--name VALUE" or "[--name] VALUE", a new string. */
static char *option_text(const struct option_row *option)
{
    _cleanup_free_ char *value = help_placeholder(option);

    if (option->kind == OPTION_FLAG)
        return xasprintf("--%s", option->name);
    return xasprintf(option->positional ? "[--%s] %s" : "--%s %s", option->name, value);
}

static void options_print(FILE *out, const struct option_row *options)
{
    const struct option_row *option;
    int width = 0;

    for (option = options; option->name; option++) {
        _cleanup_free_ char *text = option_text(option);
        int len = (int)strlen(text);

        width = len > width ? len : width;
    }
    for (option = options; option->name; option++) {
        _cleanup_free_ char *text = option_text(option);

        fprintf(out, "  %-*s  %s\n", width, text, option->help);
    }
}

void help_print_command(FILE *out, const struct command *command)
{
    fputs("usage: ", out);
    synopsis_print(out, command);
    fprintf(out, "\n%c%s.\n", toupper((unsigned char)command->summary[0]), command->summary + 1);
    if (command->text)
        fprintf(out, "%s\n", command->text);
    if (command->options->name)
        fputc('\n', out);
    options_print(out, command->options);
}

void help_print_group(FILE *out, const struct command_group *group)
{
    const struct command *command;

    fprintf(out, "%s (help %s):\n", group->title, group->name);
    for (command = group->commands; command->name; command++)
        if (!command->hidden)
            fprintf(out, "  %-20s  %s\n", command->name, command->summary);
}

void help_print_all(FILE *out)
{
    const struct command_group *const *group;
    const struct global_option *option;

    fputs("usage: virtjob [OPTION]... COMMAND [ARGUMENT]...\n\n"
          "Starts, watches and cancels the jobs of virtjobd.\n\n",
          out);
    for (option = global_options; option->name; option++) {
        _cleanup_free_ char *left = xasprintf("%s%s%s", option->name, option->value ? " " : "",
                                              option->value ? option->value : "");

        if (option->code < GLOBAL_NO_PROGRESS)
            fprintf(out, "  -%c, --%-25s  %s\n", option->code, left, option->help);
        else
            fprintf(out, "      --%-25s  %s\n", left, option->help);
    }
    for (group = command_groups; *group; group++) {
        fputc('\n', out);
        help_print_group(out, *group);
    }
    fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 the job was cancelled.\n"
          "'virtjob help COMMAND' tells about one command.\n",
          out);
}
