/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that nothing names any more; see leftovers.h. */

#include "hypervisor/qemu/leftovers.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "hypervisor/qemu/image_file.h"
#include "hypervisor/qemu/save_image.h"
#include "jobs/job.h"
#include "jobs/workers.h"
#include "protocol/macros.h"
#include "util/alloc.h"
#include "util/log.h"

struct leftover {
    char *path;
    uint64_t dev, ino;
};

struct leftovers {
    struct work work;
    struct daemon *daemon;
    struct lock_hold hold; /* the domain's: what makes a file of such a name waits */
    struct leftover *files;
    size_t n;
    char *memory, *managed;
};

struct leftovers *leftovers_new(void)
{
    return XNEW(struct leftovers);
}

void leftovers_free(struct leftovers *leftovers)
{
    if (!leftovers)
        return;
    for (size_t i = 0; i < leftovers->n; i++)
        free(leftovers->files[i].path);
    free(leftovers->files);
    free(leftovers->memory);
    free(leftovers->managed);
    free(leftovers);
}

void leftovers_add(struct leftovers *leftovers, const char *path, uint64_t dev, uint64_t ino)
{
    leftovers->files =
        xrealloc(leftovers->files, leftovers->n + 1, sizeof(*leftovers->files));
    leftovers->files[leftovers->n++] = (struct leftover){ xstrdup(path), dev, ino };
}

void leftovers_add_memory(struct leftovers *leftovers, const char *path, const char *managed)
{
    free(leftovers->memory);
    free(leftovers->managed);
    leftovers->memory = xstrdup(path);
    leftovers->managed = xstrdup(managed);
}

/* --- worker --- */

static void remove_path(const char *path)
{
    if (unlink(path) < 0 && errno != ENOENT)
        log_error("cannot remove '%s', which nothing uses any more: %s", path, strerror(errno));
}

static bool is_same(const struct leftover *file)
{
    struct stat st;

    return lstat(file->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == file->dev &&
           st.st_ino == file->ino;
}

/* A client may have said of any file that it is a snapshot's. */
static bool is_memory(const char *path, const char *managed)
{
    struct save_image image = { 0 };
    int fd;

    if (image_file_check_elsewhere(path, managed, NULL) < 0)
        return false;
    fd = save_image_open(path, false, &image, NULL);
    save_image_clear(&image);
    if (fd < 0)
        return false;
    (void)close(fd); /* it was only read */
    return true;
}

static void remove_run(struct work *work)
{
    const struct leftovers *leftovers = container_of(work, struct leftovers, work);

    if (leftovers->memory && is_memory(leftovers->memory, leftovers->managed))
        remove_path(leftovers->memory);
    for (size_t i = 0; i < leftovers->n; i++) {
        if (is_same(&leftovers->files[i]))
            remove_path(leftovers->files[i].path);
    }
}

/* --- loop --- */

static void removed(struct work *work)
{
    struct leftovers *leftovers = container_of(work, struct leftovers, work);

    jobs_release(leftovers->daemon->jobs, &leftovers->hold);
    leftovers_free(leftovers);
}

static void granted(struct lock_hold *hold)
{
    struct leftovers *leftovers = container_of(hold, struct leftovers, hold);

    leftovers->work.run = remove_run;
    leftovers->work.done = removed;
    workers_submit(leftovers->daemon->workers, LANE_CONTROL, NULL, &leftovers->work);
}

static char *describe(struct lock_hold *hold)
{
    (void)hold;
    return xstrdup("files that its disks have no more are being removed");
}

void leftovers_remove(struct leftovers *leftovers, struct daemon *daemon, const char *uuid)
{
    struct lock_hold *hold = &leftovers->hold;

    leftovers->daemon = daemon;
    lock_hold_want(hold, xasprintf("domain:%s", uuid), LOCK_DOMAIN_CHANGE);
    hold->granted = granted;
    hold->describe = describe;
    if (jobs_hold_later(daemon->jobs, hold))
        granted(hold);
}
