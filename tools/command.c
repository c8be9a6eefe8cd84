/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of commands, and the way to find one; see command.h. */

#include "tools/command.h"

#include <string.h>

#include "tools/groups.h"

const struct command_group *const command_groups[] = {
    &dom_group,
    &dom_show_group,
    &pool_group,
    &vol_group,
    &job_group,
    &host_group,
    NULL,
};

const struct command *command_find(const char *name)
{
    const struct command_group *const *group;
    const struct command *command;

    for (group = command_groups; *group; group++)
        for (command = (*group)->commands; command->name; command++)
            if (!strcmp(command->name, name))
                return command;
    return NULL;
}

const struct command_group *command_group_find(const char *name)
{
    const struct command_group *const *group;

    for (group = command_groups; *group; group++)
        if (!strcmp((*group)->name, name))
            return *group;
    return NULL;
}
