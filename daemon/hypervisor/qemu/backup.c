/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A backup as its spec, its guest and calls share it; see backup.h. */

#include "hypervisor/qemu/backup.h"

#include <inttypes.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

static void find_parts(struct backup *backup)
{
    struct backup_def *def = backup->def;

    backup->parts = xcalloc(def->ndisks + 1, sizeof(*backup->parts));
    backup->held = xcalloc(def->ndisks + 1, sizeof(*backup->held));
    for (size_t i = 0; i < def->ndisks; i++)
        if (def->disks[i].is_in)
            backup->parts[backup->nparts++].disk = &def->disks[i];
}

struct backup *backup_new(struct backup_def *def, struct checkpoint_def *checkpoint)
{
    struct backup *backup = XNEW(struct backup);

    atomic_init(&backup->refs, 1);
    backup->def = def;
    backup->checkpoint = checkpoint;
    find_parts(backup);
    return backup;
}

struct backup *backup_ref(struct backup *backup)
{
    atomic_fetch_add_explicit(&backup->refs, 1, memory_order_relaxed);
    return backup;
}

void backup_unref(struct backup *backup)
{
    if (!backup || atomic_fetch_sub_explicit(&backup->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < backup->nparts; i++) {
        disk_images_clear(&backup->parts[i].images);
        free(backup->parts[i].source);
    }
    free(backup->parts);
    free(backup->held);
    backup_def_free(backup->def);
    checkpoint_def_unref(backup->checkpoint);
    domain_def_unref(backup->live);
    free(backup->xml);
    free(backup->owner_memory);
    free(backup);
}

struct backup_part *backup_find_part(const struct backup *backup, const char *target)
{
    for (size_t i = 0; i < backup->nparts; i++)
        if (strcmp(backup->parts[i].disk->name, target) == 0)
            return &backup->parts[i];
    return NULL;
}

/* --- in the journal --- */

json_t *backup_to_json(const struct backup *backup)
{
    _cleanup_free_ char *xml = backup_def_format(backup->def);
    const struct checkpoint_def *checkpoint = backup->checkpoint;
    json_t *json = json_pack("{s:I, s:b, s:s, s:s*, s:s*}", "id", (json_int_t)backup->id, "reuse",
                             backup->reuse, "xml", xml, "checkpoint",
                             checkpoint ? checkpoint->xml : NULL, "parent",
                             checkpoint ? checkpoint->parent : NULL);
    json_t *sources = json_array();

    for (size_t i = 0; i < backup->nparts; i++)
        json_array_append_new(sources, json_string(backup->parts[i].source));
    json_object_set_new(json, "sources", sources);
    return json;
}

static int take_sources(struct backup *backup, const json_t *sources, struct verror *err)
{
    if (json_array_size(sources) != backup->nparts)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's backup has other disks");
    for (size_t i = 0; i < backup->nparts; i++)
        backup->parts[i].source = xstrdup(json_string_value(json_array_get(sources, i)));
    return 0;
}

static struct checkpoint_def *load_checkpoint(const char *xml, const char *parent,
                                              struct verror *err)
{
    struct checkpoint_def *def = checkpoint_def_parse(xml, true, err);

    if (!def)
        return NULL;
    def->xml = xstrdup(xml);
    def->parent = xstrdup(parent);
    return def;
}

struct backup *backup_from_json(const json_t *json, struct verror *err)
{
    const char *xml, *checkpoint = NULL, *parent = NULL;
    struct checkpoint_def *made = NULL;
    struct backup_def *def;
    struct backup *backup;
    json_t *sources;
    json_int_t id;
    int reuse;

    if (json_unpack((json_t *)(uintptr_t)json, "{s:I, s:b, s:s, s?s, s?s, s:o}", "id", &id, "reuse",
                    &reuse, "xml", &xml, "checkpoint", &checkpoint, "parent", &parent, "sources",
                    &sources) < 0) {
        verror_set(err, VIR_ERR_INTERNAL_ERROR, "the journal's backup is not readable");
        return NULL;
    }
    if ((checkpoint && !(made = load_checkpoint(checkpoint, parent, err))) ||
        !(def = backup_def_parse(xml, true, err))) {
        checkpoint_def_unref(made);
        return NULL;
    }
    backup = backup_new(def, made);
    backup->id = (uint64_t)id;
    backup->reuse = reuse;
    backup->xml = backup_def_format(def);
    if (take_sources(backup, sources, err) == 0)
        return backup;
    backup_unref(backup);
    return NULL;
}

/* --- QEMU's names --- */

char *backup_job_name(const struct backup *backup, const struct backup_part *part)
{
    return xasprintf("virtjobd-%" PRIu64 "-%s", backup->id, part->disk->name);
}

char *backup_bitmap_name(const struct backup *backup, const struct backup_part *part)
{
    /* pulled, clients of NBD ask for it by its name */
    return backup->def->is_pull ? xstrdup(part->disk->export_bitmap)
                                : backup_job_name(backup, part);
}

/* --- how far it is --- */

uint64_t backup_cur(const struct backup *backup)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < backup->nparts; i++)
        sum += atomic_load(&backup->parts[i].cur);
    return sum;
}

uint64_t backup_end(const struct backup *backup)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < backup->nparts; i++)
        sum += atomic_load(&backup->parts[i].end);
    return sum;
}

/* --- what its guest and clients have of it --- */

void backup_want_files(const struct backup *backup, struct lock_hold *hold)
{
    for (size_t i = 0; i < backup->nparts; i++)
        if (backup->held[i].dev != 0 || backup->held[i].ino != 0)
            lock_hold_want(hold, lock_file_key(backup->held[i].dev, backup->held[i].ino),
                           LOCK_FILE_GUEST);
}

void backup_tell(const struct domain *domain, const struct backup *backup, int status)
{
    for (size_t i = 0; i < backup->nparts; i++) {
        struct domain_event event = {
            .id = DOMAIN_EVENT_BLOCK_JOB,
            .what = BACKUP_EVENT_TYPE,
            .detail = status,
            .path = backup->parts[i].source,
        };

        domain_tell(domain, &event);
        event.id = DOMAIN_EVENT_BLOCK_JOB_2;
        event.path = backup->parts[i].disk->name;
        domain_tell(domain, &event);
    }
}
