/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands as a manual page; see manpage.h. */

#include "tools/manpage.h"

#include <ctype.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/help.h"

/* Text with what troff would take for its own made harmless. */
static void text_print(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
}

static void styled_print(FILE *out, char style, const char *before, const char *text,
                         const char *after)
{
    fprintf(out, "%s\\f%c", before, style);
    text_print(out, text);
    fprintf(out, "\\fR%s", after);
}

static void globals_print(FILE *out)
{
    const struct global_option *option;

    fputs(".SH OPTIONS\nThey stand before the command.\n", out);
    for (option = global_options; option->name; option++) {
        _cleanup_free_ char *name = xasprintf("--%s", option->name);
        char letter[] = { '-', (char)option->code, '\0' };

        fputs(".TP\n", out);
        if (option->code < GLOBAL_NO_PROGRESS)
            styled_print(out, 'B', "", letter, ", ");
        styled_print(out, 'B', "", name, "");
        if (option->value)
            styled_print(out, 'I', " ", option->value, "");
        fputc('\n', out);
        text_print(out, option->help);
        fputs(".\n", out);
    }
}

static void option_print(FILE *out, const struct option_row *option)
{
    _cleanup_free_ char *value = help_placeholder(option);
    _cleanup_free_ char *name = xasprintf("--%s", option->name);

    fputs(".TP\n", out);
    styled_print(out, 'B', option->positional ? "[" : "", name, option->positional ? "]" : "");
    if (option->kind != OPTION_FLAG)
        styled_print(out, 'I', " ", value, "");
    fputc('\n', out);
    text_print(out, option->help);
    fputs(".\n", out);
}

static void command_print(FILE *out, const struct command *command)
{
    const struct option_row *option;

    fputs(".TP\n", out);
    styled_print(out, 'B', "", command->name, "");
    for (option = command->options; option->name; option++) {
        _cleanup_free_ char *value = help_placeholder(option);

        if (option->required)
            styled_print(out, 'I', " ", value, option->many ? "..." : "");
    }
    fprintf(out, "\n%c", toupper((unsigned char)command->summary[0]));
    text_print(out, command->summary + 1);
    fputs(".\n", out);
    if (command->text) {
        text_print(out, command->text);
        fputc('\n', out);
    }
    if (!command->options->name)
        return;
    fputs(".RS\n", out);
    for (option = command->options; option->name; option++)
        option_print(out, option);
    fputs(".RE\n", out);
}

void manpage_print(FILE *out)
{
    const struct command_group *const *group;
    const struct command *command;

    fputs(MANPAGE_BEGIN, out);
    globals_print(out);
    fputs(".SH COMMANDS\n"
          "Where the name of an option is in brackets its value may stand alone,\n"
          "in the order shown.\n",
          out);
    for (group = command_groups; *group; group++) {
        fprintf(out, ".SS %s\n", (*group)->title);
        for (command = (*group)->commands; command->name; command++)
            if (!command->hidden)
                command_print(out, command);
    }
    fputs(MANPAGE_END, out);
}
