/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtjob, the command line of virtjobd: reads the options before the command,
 * finds its row, sorts its arguments, connects, runs it.
 */

#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/args.h"
#include "tools/cli.h"
#include "tools/help.h"

/* The rows of help, as getopt wants them. */
static void globals_make(struct option rows[GLOBAL_OPTIONS_MAX],
                         char letters[2 * GLOBAL_OPTIONS_MAX])
{
    const struct global_option *option;

    letters = stpcpy(letters, "+:"); /* stop at the command; tell a missing value apart */
    for (option = global_options; option->name; option++, rows++) {
        bool takes_value = option->value != NULL;

        *rows = (struct option){ option->name, takes_value, NULL, option->code };
        if (option->code < GLOBAL_NO_PROGRESS)
            letters += sprintf(letters, takes_value ? "%c:" : "%c", option->code);
    }
    *rows = (struct option){ 0 };
}

/* -1: go on with the command at optind; else the exit code. */
static int globals_parse(struct cli *cli, int argc, char **argv)
{
    struct option rows[GLOBAL_OPTIONS_MAX];
    char letters[2 * GLOBAL_OPTIONS_MAX];
    unsigned long long number;
    int code;

    globals_make(rows, letters);
    opterr = 0;
    while ((code = getopt_long(argc, argv, letters, rows, NULL)) != -1) {
        switch (code) {
        case 'c':
            cli->uri = optarg;
            break;
        case 'k':
        case 'K':
            if (number_parse(optarg, &number) < 0 || number > INT_MAX)
                return cli_usage("'%s' of -%c is no number of %s", optarg, code,
                                 code == 'k' ? "seconds" : "pings");
            if (code == 'k')
                cli->keepalive_interval = (int)number;
            else
                cli->keepalive_count = (unsigned int)number;
            break;
        case 'r':
            cli->readonly = true;
            break;
        case 'q':
            cli->quiet = true;
            break;
        case GLOBAL_NO_PROGRESS:
            cli->no_progress = true;
            break;
        case GLOBAL_RECONNECT:
            cli->reconnect = true;
            break;
        case 'V':
            printf("virtjob %s\n", VERSION);
            return CLI_DONE;
        case 'h':
            help_print_all(stdout);
            return CLI_DONE;
        case ':':
            return cli_usage("option %s needs a value", argv[optind - 1]);
        default:
            return cli_usage("unknown option %s; see 'virtjob --help'", argv[optind - 1]);
        }
    }
    return -1;
}

/* argv starts after the command's name. */
static int command_run(struct cli *cli, const struct command *command, int argc, char **argv)
{
    _cleanup_free_ char *error = NULL;
    struct args args;
    int code;

    if (command->run_raw)
        return command->run_raw(cli, argc, argv);
    code = args_parse(&args, command, argc, argv, &error);
    if (code < 0) {
        code = cli_usage("%s; see 'virtjob help %s'", error, command->name);
    } else if (code > 0) {
        help_print_command(stdout, command);
        code = CLI_DONE;
    } else if (command->check && command->check(&args) != CLI_DONE) {
        code = CLI_USAGE;
    } else if (!command->no_connection && cli_connect(cli) < 0) {
        code = CLI_FAILED;
    } else {
        code = command->run(cli, &args);
    }
    args_done(&args);
    return code;
}

/* A full disk or a closed pipe must not pass for success. */
static int output_check(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_error("cannot write the output");
    return code == CLI_DONE ? CLI_FAILED : code;
}

int main(int argc, char **argv)
{
    struct cli cli = { .keepalive_interval = 5, .keepalive_count = 6 }; /* as virsh */
    const struct command *command;
    int code;

    (void)setlocale(LC_CTYPE, ""); /* an unknown one leaves "C" */
    cli_errors_keep();
    code = globals_parse(&cli, argc, argv);
    if (code >= 0)
        return output_check(code);
    if (optind == argc)
        return cli_usage("no command was given; see 'virtjob --help'");
    command = command_find(argv[optind]);
    if (!command)
        return cli_usage("there is no command '%s'; see 'virtjob --help'", argv[optind]);
    code = command_run(&cli, command, argc - optind - 1, argv + optind + 1);
    cli_disconnect(&cli);
    return output_check(code);
}
