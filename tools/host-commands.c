/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the commands on the connection and the host, and of help. */

#include "tools/groups.h"
#include "tools/host.h"

/* May also be given without its name, at its place in the order of the options. */
#define OPT_WORD(word, text)                                                              \
    { .name = word, .kind = OPTION_TEXT, .positional = true, .help = text }

static const struct command commands[] = {
    { .name = "capabilities",
      .summary = "print what the host is and what guests it can run, as XML",
      .options = NO_OPTIONS,
      .run = host_capabilities },
    { .name = "domcapabilities",
      .summary = "print what a domain's XML may have, as XML",
      .options = OPTIONS(OPT_WORD("virttype", "type of the domain, kvm or qemu"),
                         { .name = "emulatorbin", .kind = OPTION_TEXT, .positional = true,
                           .values = VALUES_FILE,
                           .help = "path of the emulator" },
                         OPT_WORD("arch", "architecture, as in x86_64"),
                         OPT_WORD("machine", "type of machine, as in q35")),
      .run = host_domcapabilities },
    { .name = "nodeinfo",
      .summary = "print CPUs and memory of the host",
      .options = NO_OPTIONS,
      .run = host_nodeinfo },
    { .name = "freecell",
      .summary = "print how much memory of the host is free",
      .options = OPTIONS({ .name = "cellno", .kind = OPTION_NUMBER, .positional = true,
                           .help = "of the NUMA cell of this number only" },
                         OPT_FLAG("all", "of each NUMA cell, and the sum")),
      .check = host_freecell_check,
      .run = host_freecell },
    { .name = "maxvcpus",
      .summary = "print how many CPUs a guest may have",
      .options = OPTIONS(OPT_WORD("type", "type of the domain, kvm or qemu")),
      .run = host_maxvcpus },
    { .name = "cpu-models",
      .summary = "print the CPU models a guest may have",
      .options = OPTIONS({ .name = "arch", .kind = OPTION_TEXT, .required = true,
                           .positional = true, .help = "architecture, as in x86_64" }),
      .run = host_cpu_models },
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

const struct command_group host_group = { "host", "Connection and host", commands };
