/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The specification of the jobs on checkpoints: made, kept in the journal, freed;
 * and what their kinds share.  Loop thread.
 */

#include <string.h>

#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/internal.h"
#include "util/alloc.h"

struct domain_spec *checkpoint_spec_new(struct domain *domain, struct checkpoint_def *def,
                                        unsigned int flags)
{
    struct domain_spec *spec = domain_spec_new(domain);

    spec->flags = flags;
    spec->checkpoint = XNEW(struct checkpoint_work);
    spec->checkpoint->def = def;
    return spec;
}

static void defs_clear(struct checkpoint_defs *defs)
{
    for (size_t i = 0; i < defs->n; i++)
        checkpoint_def_unref(defs->defs[i]);
    free(defs->defs);
}

void checkpoint_work_free(struct checkpoint_work *work)
{
    if (!work)
        return;
    if (work->kept) /* the daemon ends before the job */
        guest_unkeep_files(work->kept);
    checkpoint_def_unref(work->def);
    defs_clear(&work->going);
    defs_clear(&work->staying);
    disk_bitmaps_clear(&work->bitmaps);
    bitmap_places_clear(&work->places);
    doomed_clear(&work->doomed);
    free(work);
}

/* --- the journal --- */

char *checkpoint_spec_save(const void *opaque)
{
    const struct domain_spec *spec = opaque;
    const struct checkpoint_work *work = spec->checkpoint;
    _cleanup_free_ char *common = domain_spec_save(opaque);
    json_t *json = json_loads(common, 0, NULL);
    char *text;

    json_object_set_new(json, "checkpoint",
                        json_pack("{s:s, s:s*, s:b, s:o, s:o, s:o}", "xml", work->def->xml,
                                  "parent", work->def->parent, "live", (int)work->live, "bitmaps",
                                  disk_bitmaps_to_json(&work->bitmaps), "places",
                                  bitmap_places_to_json(&work->places), "doomed",
                                  doomed_to_json(&work->doomed)));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static struct checkpoint_work *work_from_json(json_t *json, struct verror *err)
{
    struct checkpoint_work *work = XNEW(struct checkpoint_work);
    json_t *bitmaps = NULL, *places = NULL, *doomed = NULL;
    const char *xml = NULL, *parent = NULL;
    int live = 0;

    if (json_unpack(json, "{s:s, s?s, s:b, s:o, s:o, s:o}", "xml", &xml, "parent", &parent, "live",
                    &live, "bitmaps", &bitmaps, "places", &places, "doomed", &doomed) < 0) {
        verror_set(err, VIR_ERR_INTERNAL_ERROR,
                   "the journal's checkpoint specification is not readable");
        free(work);
        return NULL;
    }
    work->live = live;
    disk_bitmaps_from_json(bitmaps, &work->bitmaps);
    bitmap_places_from_json(places, &work->places);
    doomed_from_json(doomed, &work->doomed);
    work->def = checkpoint_def_parse(xml, true, err);
    if (!work->def) {
        checkpoint_work_free(work);
        return NULL;
    }
    free(work->def->parent);
    work->def->parent = xstrdup(parent);
    work->def->xml = xstrdup(xml);
    return work;
}

void *checkpoint_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);
    json_t *json = spec ? json_loads(text, 0, NULL) : NULL;

    if (spec)
        spec->checkpoint = work_from_json(json_object_get(json, "checkpoint"), err);
    json_decref(json);
    if (!spec || spec->checkpoint)
        return spec;
    domain_spec_free(spec);
    return NULL;
}

/* --- what the kinds share --- */

void checkpoints_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;

    domain_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("checkpoints:%s", spec->uuid), LOCK_DOMAIN_CHANGE);
}

/* Those of one disk stand together. */
static bool is_first_of_disk(const struct disk_bitmaps *bitmaps, size_t at)
{
    return at == 0 || strcmp(bitmaps->list[at - 1].target, bitmaps->list[at].target) != 0;
}

void checkpoint_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;
    const struct checkpoint_work *work = spec->checkpoint;

    checkpoints_locks(opaque, hold);
    lock_hold_want(hold, xasprintf("disks:%s", spec->uuid), LOCK_DISK_JOB);
    for (size_t i = 0; i < work->bitmaps.n; i++)
        if (is_first_of_disk(&work->bitmaps, i))
            lock_hold_want(hold, xasprintf("disk:%s:%s", spec->uuid, work->bitmaps.list[i].target),
                           LOCK_DOMAIN_CHANGE);
    for (size_t i = 0; i < work->places.n; i++)
        lock_hold_want(hold, lock_file_key(work->places.list[i].dev, work->places.list[i].ino),
                       LOCK_FILE_WRITE);
}

int checkpoint_take_guest(struct domain_spec *spec, struct verror *err)
{
    const struct domain *domain;

    if (spec_take_up_guest(spec, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state != VIR_DOMAIN_RUNNING && domain->state != VIR_DOMAIN_PAUSED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' is neither running nor paused", domain->name);
    spec->checkpoint->live = true;
    return 0;
}

void checkpoint_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->taken_up && spec->checkpoint->live)
        (void)spec_take_guest(spec, NULL); /* a guest that is gone: recover sees to it */
    if (!spec->checkpoint->live || !spec->guest)
        return;
    spec->checkpoint->kept = spec->guest; /* it may end while its images are worked on */
    guest_keep_files(spec->guest);
}

void checkpoint_let_files(struct domain_spec *spec)
{
    struct guest *kept = STEAL_PTR(spec->checkpoint->kept);

    if (kept)
        guest_unkeep_files(kept);
}

bool checkpoint_guest_answers(const struct domain_spec *spec)
{
    return spec->guest && spec->guest->monitor && process_is_alive(&spec->guest->process);
}

const char *checkpoint_unlimited(const void *opaque, enum job_limit limit)
{
    (void)opaque;
    (void)limit;
    return "bitmaps are made and removed as fast as that can be";
}
