/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of a guest: its disks with all that lies below them, held against
 * other guests and jobs as long as it runs, and everything QEMU's user must be
 * able to open.  Found by a worker, held by the loop.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/disk_chain.h"
#include "hypervisor/qemu/fd_groups.h"
#include "jobs/job.h"
#include "util/alloc.h"
#include "util/log.h"
#include "xml/xml_read.h"

/* The path is copied. */
static void add_file(struct guest *guest, const struct guest_file *file)
{
    guest->files = xrealloc(guest->files, guest->nfiles + 1, sizeof(*guest->files));
    guest->files[guest->nfiles] = *file;
    guest->files[guest->nfiles++].path = xstrdup(file->path);
}

static const char *volume_path_of(const struct domain_disk *disk, const struct volume_path *volumes,
                                  size_t nvolumes, const char **ret_format)
{
    for (size_t i = 0; i < nvolumes; i++) {
        if (strcmp(volumes[i].pool, disk->pool) == 0 &&
            strcmp(volumes[i].volume, disk->volume) == 0) {
            *ret_format = disk->format ? disk->format : volumes[i].format;
            return volumes[i].path;
        }
    }
    return NULL;
}

static void add_chain(struct guest *guest, const struct domain_disk *disk,
                      const struct disk_chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        add_file(guest, &(struct guest_file){
            .path = chain->images[i].path,
            .dev = chain->images[i].dev,
            .ino = chain->images[i].ino,
            .readonly = i > 0 || disk->readonly,
            .shareable = disk->shareable,
        });
}

/* One image of a disk some of which come by descriptor; then that is what it is locked by. */
static int find_image(struct guest *guest, const struct domain_disk *disk, const char *path,
                      const char *group_name, const struct live_sources *sources,
                      struct verror *err)
{
    bool is_top = path == disk->path;
    struct guest_file file = {
        .path = (char *)path,
        .readonly = !is_top || disk->readonly,
        .shareable = disk->shareable,
        .passed = group_name,
    };
    struct disk_chain alone = { NULL, 0 };

    if (group_name) {
        const struct fd_group *group = fd_group_find(sources->fd_groups, group_name, err);

        if (!group || fd_group_check(group, disk->target, file.readonly, &file.dev, &file.ino,
                                     err) < 0)
            return -1;
    } else {
        if (disk_chain_find(path, "raw", &alone, err) < 0) /* as which it names no other */
            return -1;
        file.dev = alone.images[0].dev;
        file.ino = alone.images[0].ino;
        disk_chain_clear(&alone);
    }
    add_file(guest, &file);
    return 0;
}

/* The live definition says all images. */
static int find_passed(struct guest *guest, const struct domain_disk *disk,
                       const struct live_sources *sources, struct verror *err)
{
    if (find_image(guest, disk, disk->path, disk->fdgroup, sources, err) < 0)
        return -1;
    for (size_t i = 0; i < disk->nbacking; i++)
        if (find_image(guest, disk, disk->backing[i], disk->backing_fdgroups[i], sources, err) < 0)
            return -1;
    return 0;
}

static bool is_passed(const struct domain_disk *disk)
{
    bool passed = disk->fdgroup;

    for (size_t i = 0; i < disk->nbacking; i++)
        passed = passed || disk->backing_fdgroups[i];
    return passed && disk->path;
}

static int find_disk(struct guest *guest, const struct domain_disk *disk,
                     const struct live_sources *sources, struct verror *err)
{
    const char *path = disk->path, *format = disk->format;
    struct disk_chain chain = { NULL, 0 };

    if (is_passed(disk))
        return find_passed(guest, disk, sources, err);
    if (!path && disk->pool)
        path = volume_path_of(disk, sources->volumes, sources->nvolumes, &format);
    if (!path)
        return 0; /* an empty drive */
    if (disk_chain_find(path, format, &chain, err) < 0)
        return -1;
    add_chain(guest, disk, &chain);
    disk_chain_clear(&chain);
    return 0;
}

int guest_find_files(struct guest *guest, const struct domain_def *live,
                     const struct live_sources *sources, struct verror *err)
{
    for (size_t i = 0; i < live->ndisks; i++) {
        if (find_disk(guest, &live->disks[i], sources, err) < 0)
            return -1;
    }
    return 0;
}

/* --- what QEMU's user must be able to open --- */

static void add_owned(struct owner_file **files, size_t *nfiles, const char *path, bool readonly)
{
    *files = xrealloc(*files, *nfiles + 1, sizeof(**files));
    (*files)[(*nfiles)++] = (struct owner_file){ xstrdup(path), readonly };
}

/* A serial port that writes to a file: QEMU's user may not be able to make it. */
static int add_char_file(struct owner_file **files, size_t *nfiles, xmlNodePtr device,
                         struct verror *err)
{
    _cleanup_free_ char *type = xml_attribute(device, "type");
    _cleanup_free_ char *path = xml_attribute(xml_child(device, "source"), "path");
    _cleanup_close_ int fd = -1;

    if (!type || !path || strcmp(type, "file") != 0)
        return 0;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return verror_errno(err, errno, "cannot open '%s' for a serial port", path);
    add_owned(files, nfiles, path, false);
    return 0;
}

int guest_owned_files(const struct guest *guest, const struct domain_def *live, xmlDocPtr doc,
                      struct owner_file **ret_files, size_t *ret_nfiles, struct verror *err)
{
    const char *const boot[] = { live->kernel, live->initrd, live->dtb, live->loader };
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (size_t i = 0; i < guest->nfiles; i++) {
        if (!guest->files[i].passed)
            add_owned(ret_files, ret_nfiles, guest->files[i].path, guest->files[i].readonly);
    }
    for (size_t i = 0; i < ARRAY_SIZE(boot); i++) {
        if (boot[i])
            add_owned(ret_files, ret_nfiles, boot[i], true);
    }
    for (xmlNodePtr device = devices ? devices->children : NULL; device; device = device->next) {
        if (xml_is_element(device, "serial") &&
            add_char_file(ret_files, ret_nfiles, device, err) < 0)
            return -1;
    }
    return 0;
}

void guest_free_owned(struct owner_file *files, size_t nfiles)
{
    for (size_t i = 0; i < nfiles; i++)
        free(files[i].path);
    free(files);
}

/* --- the locks on them --- */

static char *describe_guest(struct lock_hold *hold)
{
    struct guest *guest = container_of(hold, struct guest, hold);

    return xasprintf("domain '%s' runs with it", guest->def->name);
}

static void want_file(struct lock_hold *hold, const struct guest_file *file)
{
    bool shared = file->readonly || file->shareable;

    lock_hold_want(hold, lock_file_key(file->dev, file->ino),
                   shared ? LOCK_FILE_GUEST_SHARED : LOCK_FILE_GUEST);
}

/* One after the other, only to say which of them is in use. */
static int check_files(const struct guest *guest, struct verror *err)
{
    struct jobs *jobs = guest->domains->daemon->jobs;

    for (size_t i = 0; i < guest->nfiles; i++) {
        _cleanup_free_ char *what =
            xasprintf("disk '%s' of domain '%s'", guest->files[i].path, guest->def->name);
        struct lock_hold hold = { .is_long = true };

        want_file(&hold, &guest->files[i]);
        if (jobs_hold(jobs, &hold, what, err) < 0)
            return -1;
        jobs_release(jobs, &hold);
    }
    return 0;
}

void guest_want_files(const struct guest *guest, struct lock_hold *hold)
{
    for (size_t i = 0; i < guest->nfiles; i++)
        want_file(hold, &guest->files[i]);
}

int guest_hold_files(struct guest *guest, struct verror *err)
{
    if (guest->held)
        return 0;
    if (check_files(guest, err) < 0)
        return -1;
    guest_want_files(guest, &guest->hold);
    guest->hold.is_long = true;
    guest->hold.describe = describe_guest;
    if (jobs_hold(guest->domains->daemon->jobs, &guest->hold, "a disk", err) < 0)
        return -1;
    guest->held = true;
    return 0;
}

void guest_release_files(struct guest *guest)
{
    guest->release_due = guest->keepers > 0;
    if (guest->release_due)
        return;
    if (guest->held)
        jobs_release(guest->domains->daemon->jobs, &guest->hold);
    guest->held = false;
}

void guest_keep_files(struct guest *guest)
{
    guest->keepers++;
}

void guest_unkeep_files(struct guest *guest)
{
    guest->keepers--;
    if (guest->release_due)
        guest_release_files(guest);
}

/* --- files that come while it runs --- */

void guest_put_overlay(struct guest *guest, const char *base, const char *path, uint64_t dev,
                       uint64_t ino)
{
    for (size_t i = 0; i < guest->nfiles; i++) {
        if (strcmp(guest->files[i].path, base) == 0)
            guest->files[i].readonly = true;
    }
    add_file(guest, &(struct guest_file){ .path = (char *)path, .dev = dev, .ino = ino });
}

void guest_add_owners(struct guest *guest, const char *memory)
{
    json_t *rows = guest->owner_memory ? json_loads(guest->owner_memory, 0, NULL) : NULL;
    json_t *more = memory ? json_loads(memory, 0, NULL) : NULL;

    if (!rows)
        rows = json_array();
    if (more)
        (void)json_array_extend(rows, more);
    free(guest->owner_memory);
    guest->owner_memory = json_dumps(rows, JSON_COMPACT);
    json_decref(rows);
    json_decref(more);
}
