/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on the connection itself; their rows are in host-commands.c.
 */
#ifndef VIRTJOB_HOST_H
#define VIRTJOB_HOST_H

#include "tools/args.h"
#include "tools/cli.h"

/* host.c */
int host_uri(struct cli *cli, const struct args *args);
int host_hostname(struct cli *cli, const struct args *args);
int host_version(struct cli *cli, const struct args *args);
int host_help(struct cli *cli, const struct args *args);

/* complete.c */
int complete(struct cli *cli, int argc, char **argv);

#endif
