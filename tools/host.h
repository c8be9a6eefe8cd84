/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on the connection and the host; their rows are in host-commands.c.
 */
#ifndef VIRTJOB_HOST_H
#define VIRTJOB_HOST_H

#include "tools/args.h"
#include "tools/cli.h"

/* host.c */
int host_uri(struct cli *cli, const struct args *args);
int host_hostname(struct cli *cli, const struct args *args);
int host_version(struct cli *cli, const struct args *args);
int host_daemon_reload(struct cli *cli, const struct args *args);
int host_help(struct cli *cli, const struct args *args);

/* host-show.c */
int host_capabilities(struct cli *cli, const struct args *args);
int host_domcapabilities(struct cli *cli, const struct args *args);
int host_nodeinfo(struct cli *cli, const struct args *args);
int host_freecell_check(const struct args *args);
int host_freecell(struct cli *cli, const struct args *args);
int host_maxvcpus(struct cli *cli, const struct args *args);
int host_cpu_models(struct cli *cli, const struct args *args);

/* complete.c */
int complete(struct cli *cli, int argc, char **argv);

#endif
