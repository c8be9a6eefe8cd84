/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that cannot be given together; see flags.h. */

#include "tools/flags.h"

#include "tools/cli.h"

int options_exclude(const struct args *args, const char *const *options)
{
    const char *given = NULL;

    for (; *options; options++) {
        if (!args_flag(args, *options))
            continue;
        if (given)
            return cli_usage("options --%s and --%s exclude each other", given, *options);
        given = *options;
    }
    return CLI_DONE;
}
