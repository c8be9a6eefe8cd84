/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block job as its spec, its guest and calls share it; see block_job.h. */

#include "hypervisor/qemu/block_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/backup.h"
#include "hypervisor/qemu/block_hold.h"
#include "util/alloc.h"

struct block_job *block_job_new(enum block_job_type type, const char *target, const char *source)
{
    struct block_job *block = XNEW(struct block_job);

    atomic_init(&block->refs, 1);
    block->type = type;
    block->target = xstrdup(target);
    block->source = xstrdup(source);
    return block;
}

struct block_job *block_job_ref(struct block_job *block)
{
    atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    return block;
}

static void free_files(struct block_job *block)
{
    for (size_t i = 0; i < block->nfiles; i++)
        free(block->files[i].path);
    free(block->files);
}

void block_job_unref(struct block_job *block)
{
    if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) > 1)
        return;
    domain_def_unref(block->live);
    domain_def_unref(block->config);
    disk_images_clear(&block->images);
    free_files(block);
    free(block->target);
    free(block->source);
    free(block->base);
    free(block->base_name);
    free(block->top);
    free(block->snapshot);
    leftovers_free(block->leftovers);
    free(block->dest.path);
    free(block->dest.format);
    free(block->dest.index);
    free(block->owner_memory);
    free(block->guest_memory);
    free(block);
}

/* --- in the journal --- */

json_t *block_job_to_json(const struct block_job *block)
{
    return json_pack(
        "{s:I, s:i, s:s, s:s*, s:s*, s:s*, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:s*, s:s*, s:s*, "
        "s:b, s:b, s:b, s:b, s:s*}",
        "id", (json_int_t)block->id, "type", (int)block->type, "target", block->target, "source",
        block->source, "base", block->base, "top", block->top, "only_below", block->only_below,
        "active", block->active, "shallow", block->shallow, "reuse", block->reuse, "sync_writes",
        block->sync_writes, "granularity", (json_int_t)block->granularity, "buf_size",
        (json_int_t)block->buf_size, "dest", block->dest.path, "format", block->dest.format,
        "index", block->dest.index, "is_block", block->dest.is_block, "by_itself",
        block->by_itself, "relative", block->relative, "deletes", block->deletes, "snapshot", block->snapshot);
}

struct block_job *block_job_from_json(const json_t *json)
{
    const char *target, *source = NULL, *base = NULL, *top = NULL, *dest = NULL, *format = NULL;
    const char *index = NULL, *snapshot = NULL;
    int type, only_below, active, shallow, reuse, sync_writes, is_block;
    int by_itself = 0, relative = 0, deletes = 0;
    json_int_t id, granularity, buf_size;
    struct block_job *block;

    if (json_unpack((json_t *)(uintptr_t)json,
                    "{s:I, s:i, s:s, s?s, s?s, s?s, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s?s, s?s, "
                    "s?s, s:b, s?b, s?b, s?b, s?s}",
                    "id", &id, "type", &type, "target", &target, "source", &source, "base", &base,
                    "top", &top, "only_below", &only_below, "active", &active, "shallow", &shallow,
                    "reuse", &reuse, "sync_writes", &sync_writes, "granularity", &granularity,
                    "buf_size", &buf_size, "dest", &dest, "format", &format, "index", &index,
                    "is_block", &is_block, "by_itself", &by_itself, "relative", &relative,
                    "deletes", &deletes, "snapshot", &snapshot) < 0 ||
        type < BLOCK_JOB_PULL || type > BLOCK_JOB_ACTIVE_COMMIT)
        return NULL;
    block = block_job_new((enum block_job_type)type, target, source);
    block->id = (uint64_t)id;
    block->base = xstrdup(base);
    block->top = xstrdup(top);
    block->only_below = only_below;
    block->active = active;
    block->by_itself = by_itself;
    block->relative = relative;
    block->deletes = deletes;
    block->snapshot = xstrdup(snapshot);
    block->shallow = shallow;
    block->reuse = reuse;
    block->sync_writes = sync_writes;
    block->granularity = (uint64_t)granularity;
    block->buf_size = (uint64_t)buf_size;
    block->dest =
        (struct disk_xml_image){ xstrdup(dest), xstrdup(format), xstrdup(index), is_block };
    return block;
}

char *block_job_name(const struct block_job *block)
{
    return xasprintf("virtjobd-%" PRIu64, block->id);
}

/* --- of a guest --- */

struct block_job *block_job_find(const struct guest *guest, const char *target)
{
    struct block_job *block = guest->block_jobs;

    while (block && strcmp(block->target, target) != 0)
        block = block->next;
    return block;
}

void block_job_link(struct guest *guest, struct block_job *block)
{
    block->next = guest->block_jobs;
    guest->block_jobs = block_job_ref(block);
}

bool block_job_unlink(struct guest *guest, struct block_job *block)
{
    struct block_job **at = &guest->block_jobs;

    while (*at && *at != block)
        at = &(*at)->next;
    if (!*at)
        return false;
    *at = block->next;
    block->next = NULL;
    block_job_unref(block);
    return true;
}

static unsigned int next_above(const char *index, unsigned int next)
{
    unsigned long taken = index ? strtoul(index, NULL, 10) : 0;

    return taken >= next ? (unsigned int)taken + 1 : next;
}

unsigned int block_job_next_index(const struct guest *guest, unsigned int next)
{
    const struct backup *backup = guest->backup;

    for (const struct block_job *other = guest->block_jobs; other; other = other->next)
        next = next_above(other->dest.index, next);
    for (size_t i = 0; backup && i < backup->nparts; i++)
        next = next_above(backup->parts[i].disk->file.index, next);
    return next;
}

/* --- as libvirt's XML shows it --- */

static struct disk_mirror mirror_of(struct block_job *block)
{
    struct disk_mirror mirror = {
        .target = xstrdup(block->target),
        .image = { xstrdup(block->dest.path), xstrdup(block->dest.format),
                   xstrdup(block->dest.index), block->dest.is_block },
        .job = block->type == BLOCK_JOB_COPY ? "copy" : "active-commit",
    };

    if (atomic_load(&block->ready))
        mirror.ready = atomic_load(&block->wish) == BLOCK_JOB_PIVOT ? "pivot" : "yes";
    return mirror;
}

size_t block_job_mirrors(const struct guest *guest, struct disk_mirror **ret)
{
    size_t n = 0;

    *ret = NULL;
    for (struct block_job *block = guest->block_jobs; block; block = block->next) {
        if ((block->type != BLOCK_JOB_COPY && block->type != BLOCK_JOB_ACTIVE_COMMIT) ||
            !block->begun || !block->dest.path || !block->dest.index)
            continue;
        *ret = xrealloc(*ret, n + 1, sizeof(**ret));
        (*ret)[n++] = mirror_of(block);
    }
    return n;
}

void block_job_free_mirrors(struct disk_mirror *mirrors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(mirrors[i].target);
        free(mirrors[i].image.path);
        free(mirrors[i].image.format);
        free(mirrors[i].image.index);
    }
    free(mirrors);
}

/* --- events --- */

void block_job_tell(const struct domain *domain, const struct block_job *block,
                    enum block_job_status status)
{
    struct domain_event event = {
        .id = DOMAIN_EVENT_BLOCK_JOB,
        .what = (int)block->type,
        .detail = (int)status,
        .path = block->source,
    };

    domain_tell(domain, &event);
    event.id = DOMAIN_EVENT_BLOCK_JOB_2;
    event.path = block->target;
    domain_tell(domain, &event);
}

static const char *text_of(const json_t *data, const char *member)
{
    const char *text = json_string_value(json_object_get(data, member));

    return text ? text : "";
}

static struct block_job *find_named(const struct guest *guest, const char *name)
{
    for (struct block_job *block = guest->block_jobs; block; block = block->next) {
        _cleanup_free_ char *own = block_job_name(block);

        if (strcmp(own, name) == 0)
            return block;
    }
    return NULL;
}

/* Who has asked for it is answered now: libvirt's calls return when the job is under way. */
static void on_begun(const struct domain *domain, struct block_job *block)
{
    struct job *job = jobs_find_id(domain->domains->daemon->jobs, block->id);

    if (block->begun)
        return;
    block->begun = true;
    block_hold_begun(domain->guest, block);
    if (job)
        job_begun(job);
}

void block_job_event(const struct domain *domain, const char *name, const json_t *data)
{
    bool is_ready = strcmp(name, "BLOCK_JOB_READY") == 0;
    struct block_job *block;

    if (!domain->guest->block_jobs || (!is_ready && strcmp(name, "JOB_STATUS_CHANGE") != 0))
        return;
    block = find_named(domain->guest, text_of(data, is_ready ? "device" : "id"));
    if (!block)
        return;
    if (is_ready && !atomic_exchange(&block->ready, true))
        block_job_tell(domain, block, BLOCK_JOB_READY);
    if (is_ready || strcmp(text_of(data, "status"), "running") == 0)
        on_begun(domain, block);
}
