/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of virtjob(1) that comes from the table of commands: it stands in
 * the page between two marks.
 */
#ifndef VIRTJOB_MANPAGE_H
#define VIRTJOB_MANPAGE_H

#include <stdio.h>

#define MANPAGE_BEGIN ".\\\" From here on made from the table of commands: make update-man\n"
#define MANPAGE_END ".\\\" The end of what is made from the table.\n"

/* The part, both marks included. */
void manpage_print(FILE *out);

#endif
