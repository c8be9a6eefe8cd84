/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtjobd: reads its command line and lives; see lifecycle.h. */

#include <stdio.h>
#include <unistd.h>

#include "lifecycle.h"

enum { EXIT_USAGE = 2 };

static int print(const char *text)
{
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    _cleanup_(options_clear) struct options options;
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (options_parse(&options, argc, argv, getuid(), &err) < 0) {
        fprintf(stderr, "virtjobd: %s\n", verror_text(&err));
        if (err.code != VIR_ERR_INVALID_ARG)
            return EXIT_FAILURE;
        fputs("Try 'virtjobd --help'.\n", stderr);
        return EXIT_USAGE;
    }
    if (options.help)
        return print(options_usage);
    if (options.version)
        return print("virtjobd " VERSION "\n");
    return lifecycle_run(&options);
}
