/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a guest that has a block job; see block_hold.h. */

#include "hypervisor/qemu/block_hold.h"

#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/backup.h"
#include "util/alloc.h"
#include "util/log.h"

bool block_hold_is_running(const struct guest *guest)
{
    return guest && !guest->exited && !guest->ended;
}

/* --- locks --- */

static const struct guest_file *find_file(const struct guest *guest, const char *path)
{
    for (size_t i = 0; path && i < guest->nfiles; i++)
        if (strcmp(guest->files[i].path, path) == 0)
            return &guest->files[i];
    return NULL;
}

static void hold_file(struct block_job *block, uint64_t dev, uint64_t ino)
{
    if (dev != 0 || ino != 0)
        block->held[block->nheld++] = (struct block_held){ dev, ino };
}

static void hold_image(const struct guest *guest, struct block_job *block, size_t position)
{
    const struct guest_file *file = find_file(guest, block->images.images[position].path);

    if (file)
        hold_file(block, file->dev, file->ino);
}

static void find_held(const struct guest *guest, struct block_job *block)
{
    block->nheld = 0;
    if (block->type == BLOCK_JOB_COPY)
        hold_file(block, block->file.dev, block->file.ino);
    if (block->type == BLOCK_JOB_COMMIT || block->type == BLOCK_JOB_ACTIVE_COMMIT)
        hold_image(guest, block, block->base_at);
    if (block->type == BLOCK_JOB_COMMIT && block->top_at > 1)
        hold_image(guest, block, block->top_at - 1);
}

static void want_held(struct lock_hold *hold, const struct block_job *block)
{
    for (size_t i = 0; i < block->nheld; i++)
        lock_hold_want(hold, lock_file_key(block->held[i].dev, block->held[i].ino),
                       LOCK_FILE_GUEST);
}

static int hold_all(struct guest *guest, const struct block_job *extra, const struct backup *backup,
                    struct verror *err)
{
    struct lock_hold fresh = { 0 };
    _cleanup_free_ char *what = xasprintf("an image of domain '%s'", guest->def->name);

    if (!guest->held)
        return 0;
    guest_want_files(guest, &fresh);
    for (const struct block_job *block = guest->block_jobs; block; block = block->next)
        if (block != extra)
            want_held(&fresh, block);
    if (extra)
        want_held(&fresh, extra);
    if (backup)
        backup_want_files(backup, &fresh);
    return jobs_exchange(guest->domains->daemon->jobs, &guest->hold, &fresh, what, err);
}

int block_hold_target(struct guest *guest, struct block_job *block, struct verror *err)
{
    find_held(guest, block);
    return hold_all(guest, block, guest->backup, err);
}

int block_hold_backup(struct guest *guest, const struct backup *backup, struct verror *err)
{
    return hold_all(guest, NULL, backup, err);
}

void block_hold_begun(struct guest *guest, struct block_job *block)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (block_hold_target(guest, block, &err) < 0)
        log_error("%s", verror_text(&err));
}

void block_hold_again(struct guest *guest)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (hold_all(guest, NULL, guest->backup, &err) < 0)
        log_error("%s", verror_text(&err));
}

/* --- what there will be --- */

static const char *image_path(const struct block_job *block, size_t position)
{
    const char *path = block->images.images[position].path;

    return path || position > 0 ? path : block->source;
}

static void add_file(struct block_job *block, const struct guest_file *file)
{
    block->files = xrealloc(block->files, block->nfiles + 1, sizeof(*block->files));
    block->files[block->nfiles] = *file;
    block->files[block->nfiles++].path = xstrdup(file->path);
}

/* Once: another disk may have it, too. */
static void drop_file(struct block_job *block, const char *path)
{
    for (size_t i = 0; path && i < block->nfiles; i++) {
        if (strcmp(block->files[i].path, path) != 0)
            continue;
        free(block->files[i].path);
        block->files[i] = block->files[--block->nfiles];
        return;
    }
}

static void find_files(const struct guest *guest, struct block_job *block, size_t first, size_t end)
{
    const struct guest_file dest = { .path = block->dest.path, .dev = block->file.dev,
                                     .ino = block->file.ino };

    for (size_t i = 0; i < guest->nfiles; i++)
        add_file(block, &guest->files[i]);
    for (size_t i = first; i < end; i++)
        drop_file(block, image_path(block, i));
    if (block->type == BLOCK_JOB_COPY)
        add_file(block, &dest);
    for (size_t i = 0; block->type == BLOCK_JOB_ACTIVE_COMMIT && i < block->nfiles; i++)
        if (strcmp(block->files[i].path, block->dest.path) == 0)
            block->files[i].readonly = false;
}

static bool has_file(const struct block_job *block, const char *path)
{
    for (size_t i = 0; i < block->nfiles; i++)
        if (strcmp(block->files[i].path, path) == 0)
            return true;
    return false;
}

static bool is_dropped(const struct block_job *block, const char *path, size_t first, size_t end)
{
    for (size_t i = first; path && i < end; i++) {
        const char *image = image_path(block, i);

        if (image && strcmp(image, path) == 0)
            return !has_file(block, path);
    }
    return false;
}

static char *take_text(json_t *rows)
{
    char *text = json_array_size(rows) > 0 ? json_dumps(rows, JSON_COMPACT) : NULL;

    json_decref(rows);
    return text;
}

static json_t *rows_of(const char *memory)
{
    json_t *rows = memory ? json_loads(memory, 0, NULL) : NULL;

    return rows ? rows : json_array();
}

static void find_memory(const struct guest *guest, struct block_job *block, size_t first,
                        size_t end)
{
    json_t *old = rows_of(guest->owner_memory), *kept = rows_of(block->owner_memory);
    json_t *dropped = json_array(), *row;
    _cleanup_free_ char *back = NULL;
    size_t i;

    json_array_foreach(old, i, row)
    {
        const char *path = json_string_value(json_object_get(row, "path"));

        json_array_append(is_dropped(block, path, first, end) ? dropped : kept, row);
    }
    json_decref(old);
    back = take_text(dropped);
    owners_give_back(guest->domains->owners, back);
    free(block->guest_memory);
    block->guest_memory = take_text(kept);
}

void block_hold_outcome(const struct guest *guest, struct block_job *block, size_t first,
                        size_t end)
{
    find_files(guest, block, first, end);
    find_memory(guest, block, first, end);
    block->has_outcome = true;
}

void block_hold_swap(struct guest *guest, struct block_job *block)
{
    struct guest_file *files = guest->files;
    size_t nfiles = guest->nfiles;
    char *memory = guest->owner_memory;

    if (!block->has_outcome)
        return;
    guest->files = block->files;
    guest->nfiles = block->nfiles;
    guest->owner_memory = block->guest_memory;
    block->files = files;
    block->nfiles = nfiles;
    block->guest_memory = memory;
}

/* --- of a guest that has ended --- */

struct give_back {
    struct work work;
    struct domains *domains;
    char *memory;
};

static void give_back_run(struct work *work)
{
    struct give_back *back = container_of(work, struct give_back, work);

    owners_give_back(back->domains->owners, back->memory);
}

static void gave_back(struct work *work)
{
    struct give_back *back = container_of(work, struct give_back, work);

    free(back->memory);
    free(back);
}

void block_hold_give_back(struct domains *domains, char *memory)
{
    struct give_back *back;

    if (!memory)
        return;
    back = XNEW(struct give_back);
    back->domains = domains;
    back->memory = memory;
    back->work.run = give_back_run;
    back->work.done = gave_back;
    workers_submit(domains->daemon->workers, LANE_CONTROL, NULL, &back->work);
}
