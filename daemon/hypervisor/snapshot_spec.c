/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The specification of the jobs on snapshots: made, kept in the journal, freed;
 * and what their kinds share.  Loop thread.
 */

#include "hypervisor/snapshot_jobs.h"

#include <inttypes.h>
#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"

#define SAFETY_PREFIX "virtjobd-"

enum { NUMBER_DIGITS_MAX = 9 };

struct domain_spec *snapshot_spec_new(struct domain *domain, struct snapshot_def *def,
                                      unsigned int flags)
{
    struct domain_spec *spec = domain_spec_new(domain);

    spec->flags = flags;
    spec->snapshot = XNEW(struct snapshot_work);
    spec->snapshot->def = def;
    return spec;
}

void snapshot_work_free(struct snapshot_work *work)
{
    if (!work)
        return;
    if (work->kept) /* the daemon ends before the job */
        guest_unkeep_files(work->kept);
    snapshot_def_unref(work->def);
    domain_def_unref(work->config);
    domain_def_unref(work->was);
    snapshot_images_clear(&work->images);
    snapshot_overlays_clear(&work->overlays);
    snapshot_merges_clear(&work->merges);
    free(work->owners);
    doomed_clear(&work->doomed);
    free(work);
}

/* --- the journal --- */

static json_t *images_to_json(const struct snapshot_images *images)
{
    json_t *list = json_array();

    for (size_t i = 0; i < images->n; i++) {
        const struct snapshot_image *image = &images->images[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s*, s:I, s:I, s:b}", "target", image->target,
                                        "path", image->path, "format", image->format, "dev",
                                        (json_int_t)image->dev, "ino", (json_int_t)image->ino,
                                        "block", image->is_block));
    }
    return list;
}

static void images_from_json(json_t *list, struct snapshot_images *images)
{
    json_t *item;
    size_t i;

    images->images = xcalloc(json_array_size(list) + 1, sizeof(*images->images));
    json_array_foreach(list, i, item)
    {
        const char *target = NULL, *path = NULL, *format = NULL;
        json_int_t dev = 0, ino = 0;
        int is_block = 0;

        if (json_unpack(item, "{s:s, s:s, s?s, s:I, s:I, s:b}", "target", &target, "path", &path,
                        "format", &format, "dev", &dev, "ino", &ino, "block", &is_block) < 0)
            continue;
        images->images[images->n++] =
            (struct snapshot_image){ xstrdup(target), xstrdup(path), xstrdup(format),
                                     (uint64_t)dev,   (uint64_t)ino, is_block };
    }
}

static json_t *work_to_json(const struct snapshot_work *work)
{
    json_t *json =
        json_pack("{s:s, s:s*, s:b, s:b, s:b, s:i, s:s*, s:o}", "xml", work->def->xml, "parent",
                  work->def->parent, "live", work->live, "to_active", work->to_active,
                  "memory_goes", work->memory_goes, "flags", (int)work->flags, "config",
                  work->config ? work->config->xml : NULL, "images", images_to_json(&work->images));

    json_object_set_new(json, "doomed", doomed_to_json(&work->doomed));
    json_object_set_new(json, "overlays", snapshot_overlays_to_json(&work->overlays));
    json_object_set_new(json, "merges", snapshot_merges_to_json(&work->merges));
    return json;
}

char *snapshot_spec_save(const void *opaque)
{
    const struct domain_spec *spec = opaque;
    _cleanup_free_ char *common = domain_spec_save(opaque);
    json_t *json = json_loads(common, 0, NULL);
    char *text;

    json_object_set_new(json, "snapshot", work_to_json(spec->snapshot));
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static struct snapshot_work *work_from_json(json_t *json, struct verror *err)
{
    const char *xml = NULL, *parent = NULL, *config = NULL;
    struct snapshot_work *work = XNEW(struct snapshot_work);
    json_t *doomed = NULL, *images = NULL;
    int live = 0, to_active = 0, flags = 0;

    if (json_unpack(json, "{s:s, s?s, s:b, s:b, s:i, s?s, s:o, s:o}", "xml", &xml, "parent",
                    &parent, "live", &live, "to_active", &to_active, "flags", &flags, "config",
                    &config, "images", &images, "doomed", &doomed) < 0) {
        verror_set(err, VIR_ERR_INTERNAL_ERROR,
                   "the journal's snapshot specification is not readable");
        free(work);
        return NULL;
    }
    work->live = live;
    work->to_active = to_active;
    work->memory_goes = json_is_true(json_object_get(json, "memory_goes"));
    work->flags = (unsigned int)flags;
    images_from_json(images, &work->images);
    snapshot_overlays_from_json(json_object_get(json, "overlays"), &work->overlays);
    snapshot_merges_from_json(json_object_get(json, "merges"), &work->merges);
    doomed_from_json(doomed, &work->doomed);
    work->def = snapshot_def_parse(xml, true, err);
    if (work->def) {
        work->external = snapshot_def_is_external(work->def);
        free(work->def->parent);
        work->def->parent = xstrdup(parent);
        work->def->xml = xstrdup(xml);
    }
    if (work->def && (!config || (work->config = spec_def_from_text(config, err))))
        return work;
    snapshot_work_free(work);
    return NULL;
}

void *snapshot_spec_load(struct daemon *daemon, const char *text, struct verror *err)
{
    struct domain_spec *spec = domain_spec_load(daemon, text, err);
    json_t *json = spec ? json_loads(text, 0, NULL) : NULL;

    if (spec)
        spec->snapshot = work_from_json(json_object_get(json, "snapshot"), err);
    json_decref(json);
    if (!spec || spec->snapshot)
        return spec;
    domain_spec_free(spec);
    return NULL;
}

/* --- what the kinds share --- */

void snapshot_locks(const void *opaque, struct lock_hold *hold)
{
    const struct domain_spec *spec = opaque;
    const struct snapshot_images *images = &spec->snapshot->images;

    domain_disks_locks(opaque, hold);
    for (size_t i = 0; i < images->n && !spec->snapshot->live; i++) /* else the guest has them */
        lock_hold_want(hold, lock_file_key(images->images[i].dev, images->images[i].ino),
                       LOCK_FILE_WRITE);
}

void snapshot_accepted(void *opaque, uint64_t job_id)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->taken_up && spec->snapshot->live)
        (void)spec_take_guest(spec, NULL); /* a guest that is gone: recover sees to it */
    if (!spec->snapshot->live || !spec->guest)
        return;
    spec->snapshot->kept = spec->guest; /* it may end while its images are worked on */
    guest_keep_files(spec->guest);
}

void snapshot_let_files(struct domain_spec *spec)
{
    struct guest *kept = STEAL_PTR(spec->snapshot->kept);

    if (kept)
        guest_unkeep_files(kept);
}

int snapshot_take_guest(struct domain_spec *spec, struct verror *err)
{
    const struct domain *domain;

    if (spec_take_up_guest(spec, err) < 0)
        return -1;
    domain = spec_domain(spec);
    if (domain->state != VIR_DOMAIN_RUNNING && domain->state != VIR_DOMAIN_PAUSED)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' is neither running nor paused", domain->name);
    spec->was_running = domain->state == VIR_DOMAIN_RUNNING;
    spec->snapshot->live = true;
    return 0;
}

void snapshot_safety_name(uint64_t job_id, char name[SNAPSHOT_SAFETY_MAX])
{
    (void)snprintf(name, SNAPSHOT_SAFETY_MAX, SAFETY_PREFIX "%" PRIu64, job_id);
}

int snapshot_check_own(const char *name, struct verror *err)
{
    if (strncmp(name, SAFETY_PREFIX, strlen(SAFETY_PREFIX)) != 0)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "names of internal snapshots that start with '" SAFETY_PREFIX
                      "' are the daemon's own, not '%s'",
                      name);
}

int snapshot_check_number(const char *name, struct verror *err)
{
    size_t digits = strspn(name, "0123456789");

    if (name[digits] || digits > NUMBER_DIGITS_MAX)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "QEMU would take the name '%s' of an internal snapshot for a number of its "
                      "own",
                      name);
}
