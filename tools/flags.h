/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that cannot be given together. */
#ifndef VIRTJOB_FLAGS_H
#define VIRTJOB_FLAGS_H

#include "tools/args.h"

/* At most one of the options, of which NULL ends the list, is given: CLI_DONE; else CLI_USAGE. */
int options_exclude(const struct args *args, const char *const *options);
#define OPTIONS_EXCLUDE(args, ...) \
    options_exclude(args, (const char *const[]){ __VA_ARGS__, NULL })

#endif
