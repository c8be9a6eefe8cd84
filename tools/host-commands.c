/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the commands on the connection, and of help. */

#include "tools/groups.h"
#include "tools/host.h"

static const struct command commands[] = {
    { .name = "uri",
      .summary = "print the URI of the connection",
      .options = NO_OPTIONS,
      .run = host_uri },
    { .name = "hostname",
      .summary = "print the name of the daemon's host",
      .options = NO_OPTIONS,
      .run = host_hostname },
    { .name = "version",
      .summary = "print the versions of virtjob, library and daemon",
      .options = NO_OPTIONS,
      .run = host_version },
    { .name = "help",
      .summary = "print all commands, or tell about one or a group of them",
      .options = OPTIONS({ .name = "command", .kind = OPTION_TEXT, .positional = true,
                           .values = VALUES_COMMAND, .help = "name of a command or group" }),
      .no_connection = true,
      .run = host_help },
    { .name = "complete",
      .summary = "print what may stand at a place of a command line, for shells",
      .options = NO_OPTIONS,
      .no_connection = true,
      .hidden = true,
      .run_raw = complete },
    { .name = NULL },
};

const struct command_group host_group = { "host", "The connection", commands };
