/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A text of the daemon's in the user's editor.  It lives in a temporary file
 * meanwhile, which is kept when it could not be put back.
 */
#ifndef VIRTJOB_EDITOR_H
#define VIRTJOB_EDITOR_H

#include "tools/cli.h"

struct edit {
    const struct cli *cli;
    const char *unchanged; /* what is said when nothing was changed */
    const char *what;      /* "the configuration of pool 'p'", for messages */
    const char *suffix;    /* ".xml": editors go by it */
    /* The text as it is now, a new string; NULL and told. */
    char *(*get)(void *opaque);
    /* Puts the new text in its place, and says so: an exit code. */
    int (*put)(void *opaque, const char *text);
    void *opaque;
};

/* The exit code. */
int edit_run(const struct edit *edit);

#endif
