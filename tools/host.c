/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands on the connection itself, and help. */

#include "tools/host.h"

#include <stdio.h>

#include "tools/help.h"

int host_uri(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *uri = virConnectGetURI(cli->conn);

    (void)args;
    if (!uri)
        return cli_fail("cannot get the URI of the connection");
    printf("%s\n", uri);
    return CLI_DONE;
}

int host_hostname(struct cli *cli, const struct args *args)
{
    _cleanup_free_ char *name = virConnectGetHostname(cli->conn);

    (void)args;
    if (!name)
        return cli_fail("cannot get the daemon's host name");
    printf("%s\n", name);
    return CLI_DONE;
}

int host_daemon_reload(struct cli *cli, const struct args *args)
{
    (void)args;
    if (virConnectDaemonReload(cli->conn, 0) < 0)
        return cli_fail("the settings stay as they are");
    printf("Settings and certificates read again\n");
    return CLI_DONE;
}

/* libvirt's way to write a version as one number. */
static void version_print(const char *what, unsigned long version)
{
    printf("%-15s %lu.%lu.%lu\n", what, version / 1000000, version / 1000 % 1000, version % 1000);
}

int host_version(struct cli *cli, const struct args *args)
{
    unsigned long library, daemon;

    (void)args;
    if (virGetVersion(&library, NULL, NULL) < 0)
        return cli_fail("cannot get the library's version");
    if (virConnectGetLibVersion(cli->conn, &daemon) < 0)
        return cli_fail("cannot get the daemon's version");
    printf("%-15s %s\n", "virtjob:", VERSION);
    version_print("Library:", library);
    version_print("Daemon:", daemon);
    return CLI_DONE;
}

int host_help(struct cli *cli, const struct args *args)
{
    const char *name = args_text(args, "command");
    const struct command *command;
    const struct command_group *group;

    (void)cli;
    if (!name) {
        help_print_all(stdout);
        return CLI_DONE;
    }
    command = command_find(name);
    group = command ? NULL : command_group_find(name);
    if (command)
        help_print_command(stdout, command);
    else if (group)
        help_print_group(stdout, group);
    else
        return cli_usage("there is no command '%s'", name);
    return CLI_DONE;
}
