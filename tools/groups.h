/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that make up the table of commands; one file of rows each. */
#ifndef VIRTJOB_GROUPS_H
#define VIRTJOB_GROUPS_H

#include "tools/command.h"

extern const struct command_group dom_group;      /* dom-commands.c */
extern const struct command_group dom_show_group; /* dom-show-commands.c */
extern const struct command_group pool_group;     /* pool-commands.c */
extern const struct command_group vol_group;      /* vol-commands.c */
extern const struct command_group job_group;      /* job-commands.c */
extern const struct command_group host_group;     /* host-commands.c */

#endif
