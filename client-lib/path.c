/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths that are sent to the daemon.  Any thread; what is returned is the caller's. */

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

char *path_absolute(const char *path, const char *argument)
{
    _cleanup_free_ char *dir = NULL;
    char *absolute;

    if (!path) {
        (void)error_raise_null(argument);
        return NULL;
    }
    if (*path == '\0') {
        (void)error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                          "invalid argument: %s in %s must not be empty", argument, error_api());
        return NULL;
    }
    if (*path == '/') {
        absolute = strdup(path);
    } else {
        dir = getcwd(NULL, 0);
        if (!dir) {
            (void)error_raise_errno(VIR_FROM_NONE, errno, "cannot find the working directory");
            return NULL;
        }
        if (asprintf(&absolute, "%s/%s", dir, path) < 0)
            absolute = NULL;
    }
    if (!absolute)
        (void)error_raise_no_memory();
    return absolute;
}
