/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of the daemon and the paths it implies.  Start-up only. */
#ifndef VIRTJOBD_OPTIONS_H
#define VIRTJOBD_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/verror.h"

struct options {
    bool help, version;  /* print and exit */
    bool session;        /* --session, or neither given and not root */
    bool background;     /* -d */
    bool verbose;        /* -v */
    bool listen;         /* -l: also on the ports that the config file turns on */
    bool config_given;   /* -f: the file must exist */
    unsigned int timeout; /* -t, seconds; 0 = never */
    char *config_path;   /* NULL: no home to look for one in */
    char *state_dir, *runtime_dir, *log_dir, *pid_file;
};

/* What --help prints. */
extern const char options_usage[];

/*
 * Reads the command line of a process of this uid and fills in default paths;
 * all paths come out absolute.  0, or -1 with err: a mistake of the caller
 * (VIR_ERR_INVALID_ARG), or paths that cannot be told.
 */
int options_parse(struct options *options, int argc, char **argv, uid_t uid, struct verror *err);
void options_clear(struct options *options);

#endif
