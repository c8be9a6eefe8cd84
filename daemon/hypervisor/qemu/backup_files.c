/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that a backup writes to; see backup.h.  Workers. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/backup.h"
#include "util/alloc.h"
#include "util/log.h"

int backup_plan(struct backup *backup, struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        struct backup_part *part = &backup->parts[i];

        disk_images_clear(&part->images);
        if (disk_images_find(backup->live, part->disk->name, &part->images, err) < 0)
            return -1;
    }
    return 0;
}

/*
 * What is pushed since a checkpoint names the disk's own image as what is below it, as libvirt has
 * it; whoever restores it puts the backup before it there.  What is pulled lies over the disk.
 */
static struct target_file target_of(const struct backup *backup, struct backup_part *part)
{
    const struct disk_xml_image *top = part->images.n > 0 ? &part->images.images[0] : NULL;
    bool is_part = !backup->def->is_pull && part->disk->incremental && part->source && top;

    return (struct target_file){
        .image = &part->disk->file,
        .state = &part->file,
        .disk = part->disk->name,
        .is_backup = true,
        .reuse = backup->reuse,
        .has_backing = true,
        .backing_path = is_part ? part->source : NULL,
        .backing_format = is_part ? top->format : NULL,
        .backing_index = backup->def->is_pull && top ? top->index : NULL,
        .discard = "unmap",
    };
}

static int check_socket(const struct backup *backup, struct verror *err)
{
    const char *path = backup->def->socket;
    struct stat st;

    for (size_t i = 0; path && i < backup->nparts; i++)
        if (strcmp(backup->parts[i].disk->file.path, path) == 0)
            return verror_set(err, VIR_ERR_INVALID_ARG,
                              "'%s' is both the socket of the backup and the store of disk '%s'",
                              path, backup->parts[i].disk->name);
    if (!path || lstat(path, &st) < 0)
        return 0; /* QEMU says what is wrong with it */
    return verror_set(err, VIR_ERR_INVALID_ARG, "socket '%s' for the server of the backup exists",
                      path);
}

/* Under two names: what is there already may have more than one. */
static int check_same(const struct backup *backup, size_t at, struct verror *err)
{
    const struct backup_part *part = &backup->parts[at];

    for (size_t i = 0; i < at; i++) {
        const struct backup_part *other = &backup->parts[i];

        if (part->file.dev == other->file.dev && part->file.ino == other->file.ino &&
            (part->file.dev != 0 || part->file.ino != 0))
            return verror_set(err, VIR_ERR_INVALID_ARG,
                              "disks '%s' and '%s' have one store: '%s' is '%s'", other->disk->name,
                              part->disk->name, part->disk->file.path, other->disk->file.path);
    }
    return 0;
}

int backup_files_check(struct backup *backup, struct verror *err)
{
    if (backup_def_check_apart(backup->def, err) < 0)
        return -1;
    for (size_t i = 0; i < backup->nparts; i++) {
        struct target_file file = target_of(backup, &backup->parts[i]);

        if (target_file_check(&file, err) < 0 || check_same(backup, i, err) < 0)
            return -1;
    }
    return check_socket(backup, err);
}

/* --- made --- */

static int fill(struct backup *backup, size_t at, int fd, struct guest *guest, struct job_ctl *ctl,
                struct verror *err)
{
    struct backup_part *part = &backup->parts[at];
    struct target_file file = target_of(backup, part);
    uint64_t size;

    if (target_disk_size(guest, part->disk->name, part->images.images[0].index, ctl, &size, err) <
        0)
        return -1;
    return target_file_fill(&file, fd, size, ctl, err);
}

/* fds: as many as there are disks, each -1 so far. */
static int open_all(struct backup *backup, int *fds, struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        struct target_file file = target_of(backup, &backup->parts[i]);

        fds[i] = target_file_open(&file, err);
        if (fds[i] < 0)
            return -1;
    }
    return 0;
}

static int fill_all(struct backup *backup, const int *fds, struct guest *guest,
                    struct job_ctl *ctl, struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++)
        if (fill(backup, i, fds[i], guest, ctl, err) < 0)
            return -1;
    return 0;
}

/* Which files they are is on disk before anything is in them. */
int backup_files_make(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                      int (*keep)(const struct backup *backup, struct job_ctl *ctl,
                                  struct verror *err),
                      struct verror *err)
{
    int *fds, rc;

    if (backup->reuse)
        return 0;
    for (size_t i = 0; i < backup->nparts; i++) {
        struct target_file file = target_of(backup, &backup->parts[i]);

        (void)target_file_is_new(&file);
    }
    if (keep(backup, ctl, err) < 0)
        return -1;
    fds = xcalloc(backup->nparts, sizeof(*fds));
    for (size_t i = 0; i < backup->nparts; i++)
        fds[i] = -1;
    rc = open_all(backup, fds, err) < 0 || keep(backup, ctl, err) < 0 ||
                 fill_all(backup, fds, guest, ctl, err) < 0
             ? -1
             : 0;
    for (size_t i = 0; i < backup->nparts; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]); /* qemu-img has written to it */
    free(fds);
    return rc;
}

int backup_files_own(struct backup *backup, struct domains *domains, struct job_ctl *ctl,
                     int (*keep)(const struct backup *backup, struct job_ctl *ctl,
                                 struct verror *err),
                     struct verror *err)
{
    struct owner_file *files = xcalloc(backup->nparts, sizeof(*files));
    char *taken = NULL;
    int rc = -1;

    for (size_t i = 0; i < backup->nparts; i++)
        files[i] = (struct owner_file){ backup->parts[i].disk->file.path, false };
    free(STEAL_PTR(backup->owner_memory));
    if (owners_plan(domains->owners, &domains->policy, files, backup->nparts,
                    &backup->owner_memory, err) == 0 &&
        keep(backup, ctl, err) == 0) {
        free(STEAL_PTR(backup->owner_memory)); /* on an error it has been given back */
        rc = owners_take(domains->owners, &domains->policy, files, backup->nparts, &taken, err);
    }
    free(files);
    if (rc < 0)
        return -1;
    backup->owner_memory = taken;
    return keep(backup, ctl, err);
}

int backup_files_add_nodes(struct backup *backup, struct guest *guest, struct job_ctl *ctl,
                           struct verror *err)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        struct target_file file = target_of(backup, &backup->parts[i]);

        if (target_file_add_nodes(&file, guest, ctl, err) < 0)
            return -1;
    }
    return 0;
}

/* --- taken back --- */

void backup_files_give_back(struct backup *backup, struct domains *domains)
{
    owners_give_back(domains->owners, backup->owner_memory);
    free(STEAL_PTR(backup->owner_memory));
}

void backup_files_remove_socket(const struct backup *backup)
{
    const char *path = backup->def->socket;
    struct stat st;

    if (!path || !backup->served || lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return;
    if (unlink(path) < 0 && errno != ENOENT)
        log_error("cannot remove socket '%s': %s", path, strerror(errno));
}

void backup_files_remove(struct backup *backup)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        struct target_file file = target_of(backup, &backup->parts[i]);

        target_file_remove(&file);
    }
    backup_files_remove_socket(backup);
}
