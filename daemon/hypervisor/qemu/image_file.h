/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file that a guest is saved or dumped to.  A regular one is written under a
 * temporary name beside its final one and put in its place once it is whole;
 * a block device is written in place.  Workers.
 */
#ifndef VIRTJOBD_QEMU_IMAGE_FILE_H
#define VIRTJOBD_QEMU_IMAGE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "jobs/ctl.h"
#include "storage/publish.h"
#include "util/verror.h"

struct image_file {
    char *path;   /* as the client named it */
    char *target; /* final name, symlinks of an existing file followed */
    int dirfd, fd;
    char temp[PUBLISH_TEMP_MAX];
    bool is_block;
    bool begun;   /* QEMU was told to write to it */
    dev_t dev;
    ino_t ino;
};

/* Can it be made? Its directory is there; what has the name is a file or block device.  -1 with
   err. */
int image_file_check(const char *path, struct verror *err);
/* It is not in the directory of that managed save image, by whatever name. */
int image_file_check_elsewhere(const char *path, const char *managed, struct verror *err);
/* Makes it and journals which file it is.  NULL with err. */
struct image_file *image_file_create(const char *path, uint64_t job_id, struct job_ctl *ctl,
                                     struct verror *err);
/*
 * Journals that QEMU has been told to write to it; of a block device it is on disk when this is
 * back, since what the device holds does not tell whose it is.  -1 with err.
 */
int image_file_begin(struct image_file *file, struct job_ctl *ctl, struct verror *err);
/* What is journalled of it, for a job that journals more: an object. */
json_t *image_file_to_json(const struct image_file *file);
/* After a restart, by that journal entry.  NULL: it is not there (any more). */
struct image_file *image_file_find(const char *path, uint64_t job_id, const char *checkpoint);
/* The file of that journal entry has its final name; what had it before is gone then. */
bool image_file_is_published(const char *path, uint64_t job_id, const char *checkpoint);
/* Synced, and in its place, whatever was there.  A file that is written past the page cache
   (drop_cache) leaves nothing in it. */
int image_file_publish(struct image_file *file, bool drop_cache, struct verror *err);
/* The same for one that takes nothing's place: -1 with err where there is something by now. */
int image_file_publish_new(struct image_file *file, struct verror *err);
/* It has its final name no more, where it is the one that has it. */
void image_file_unpublish(const struct image_file *file);
/* Nothing stays but what was there before; known by path and job alone. */
void image_file_discard(const char *path, uint64_t job_id);
void image_file_close(struct image_file *file); /* NULL is fine; any thread */

#endif
