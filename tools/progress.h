/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The progress line of one job, redrawn in place on a terminal.
 */
#ifndef VIRTJOB_PROGRESS_H
#define VIRTJOB_PROGRESS_H

#include <libvirtjob/libvirtjob.h>

#include <stdbool.h>
#include <stdio.h>

/* The line for so many columns, never wider; a new string. */
char *progress_render(const virJobRecord *job, size_t columns);

struct progress {
    FILE *out;    /* NULL = draws nothing */
    size_t drawn; /* columns on the terminal now */
};

/* Draws on stderr if that is a terminal and it is wanted. */
void progress_open(struct progress *progress, bool wanted);
void progress_draw(struct progress *progress, const virJobRecord *job);
/* Leaves an empty line with the cursor at its start. */
void progress_clear(struct progress *progress);

#endif
