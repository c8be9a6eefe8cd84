/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much a disk may move, changed live, in the definition, or both: what the
 * client has given is put over what each of them says.  Functions of a kind run
 * where job.h says.
 */

#include <libvirtjob/types.h>
#include <string.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/guest_iotune.h"
#include "util/alloc.h"

/* --- loop --- */

static const struct domain_disk *find_disk(const struct domain_def *def, const char *name)
{
    for (size_t i = 0; i < def->ndisks; i++) {
        const struct domain_disk *disk = &def->disks[i];

        if (strcmp(disk->target, name) == 0 || (disk->path && strcmp(disk->path, name) == 0))
            return disk;
    }
    return NULL;
}

static int iotune_job_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;
    const struct domain_disk *disk;

    if (spec_pick_defs(spec, err) < 0 || (spec->live && spec_take_up_guest(spec, err) < 0))
        return -1;
    if ((spec->live && !find_disk(spec->live, spec->device)) ||
        (spec->def && !find_disk(spec->def, spec->device)))
        return verror_set(err, VIR_ERR_INVALID_ARG, "disk '%s' not found in domain", spec->device);
    disk = spec->live ? find_disk(spec->live, spec->device) : NULL;
    if (disk && !disk->index)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "disk '%s' does not currently have a source assigned", disk->target);
    return 0;
}

/* --- worker: what was given over what there is --- */

/* Was any of them given? */
static bool has_any(json_t *given, int first, int n)
{
    for (int i = first; i < first + n; i++) {
        if (json_object_get(given, iotune_fields[i].name))
            return true;
    }
    return false;
}

/* Three that belong together are given together: one that is left out is none. */
static void merge_triple(json_t *given, int first, struct iotune *tune)
{
    if (!has_any(given, first, 3))
        return;
    for (int i = first; i < first + 3; i++)
        tune->values[i] =
            (uint64_t)json_integer_value(json_object_get(given, iotune_fields[i].name));
}

/* A burst that ends has no length of its own any more; QEMU calls that 1. */
static void merge_lengths(json_t *given, int limit, int max, int length, const struct iotune *old,
                          struct iotune *tune)
{
    if (!has_any(given, length, 3))
        return;
    merge_triple(given, length, tune);
    for (int i = 0; i < 3; i++) {
        if (old->values[length + i] && !tune->values[length + i] &&
            (tune->values[limit + i] || tune->values[max + i]))
            tune->values[length + i] = 1;
    }
}

static void merge(json_t *given, const struct iotune *old, struct iotune *tune)
{
    const char *group = json_string_value(json_object_get(given, "group_name"));

    iotune_copy(tune, old);
    merge_triple(given, IOTUNE_BYTES, tune);
    merge_triple(given, IOTUNE_IOPS, tune);
    merge_triple(given, IOTUNE_BYTES_MAX, tune);
    merge_triple(given, IOTUNE_IOPS_MAX, tune);
    if (has_any(given, IOTUNE_SIZE_IOPS, 1))
        tune->values[IOTUNE_SIZE_IOPS] =
            (uint64_t)json_integer_value(json_object_get(given, "size_iops_sec"));
    merge_lengths(given, IOTUNE_BYTES, IOTUNE_BYTES_MAX, IOTUNE_BYTES_MAX_LENGTH, old, tune);
    merge_lengths(given, IOTUNE_IOPS, IOTUNE_IOPS_MAX, IOTUNE_IOPS_MAX_LENGTH, old, tune);
    if (group) {
        free(tune->group);
        tune->group = *group ? xstrdup(group) : NULL;
    }
    if (iotune_is_empty(tune)) /* it leaves its group */
        iotune_clear(tune);
}

/* A limit that was given as 0, though what may go above it for a while is there. */
static int check_reset(json_t *given, const struct iotune *tune, int limit, int max,
                       struct verror *err)
{
    if (!has_any(given, limit, 3) || has_any(given, max, 3))
        return 0;
    for (int i = 0; i < 3; i++) {
        if (tune->values[max + i] && !tune->values[limit + i])
            return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                              "cannot reset '%s' when '%s' is set", iotune_fields[limit + i].name,
                              iotune_fields[max + i].name);
    }
    return 0;
}

/* Who joins a group takes over its limits. */
static xmlNodePtr find_old(const struct domain_def *def, const struct domain_spec *spec,
                           xmlNodePtr domain)
{
    const char *group = json_string_value(json_object_get(spec->arguments, "group_name"));
    xmlNodePtr disk = domain_find_disk(domain, find_disk(def, spec->device)->target);
    xmlNodePtr other = group && *group ? domain_find_iotune_group(domain, group) : NULL;

    return other ? other : disk;
}

/* What that definition's disk is to have; freed by the caller in any case. */
static int make_tune(const struct domain_def *def, const struct domain_spec *spec,
                     struct iotune *tune, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(def);
    struct iotune old;

    if (iotune_read(find_old(def, spec, xmlDocGetRootElement(doc)), &old, err) < 0)
        return -1;
    merge(spec->arguments, &old, tune);
    iotune_clear(&old);
    if (check_reset(spec->arguments, tune, IOTUNE_BYTES, IOTUNE_BYTES_MAX, err) < 0 ||
        check_reset(spec->arguments, tune, IOTUNE_IOPS, IOTUNE_IOPS_MAX, err) < 0)
        return -1;
    return iotune_check(tune, err);
}

static struct domain_def *with_tune(const struct domain_def *def, const struct domain_spec *spec,
                                    struct iotune *tune, struct verror *err)
{
    if (make_tune(def, spec, tune, err) < 0)
        return NULL;
    return domain_def_set_iotune(def, find_disk(def, spec->device)->target, tune, err);
}

static int make_config(struct domain_spec *spec, struct verror *err)
{
    struct iotune tune = { 0 };

    if (!spec->def)
        return 0;
    spec->new_config = with_tune(spec->def, spec, &tune, err);
    iotune_clear(&tune);
    return spec->new_config ? 0 : -1;
}

static int iotune_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct iotune tune = { 0 };
    int r = -1;

    (void)job_id;
    if (make_config(spec, err) < 0)
        return -1;
    if (!spec->live)
        return 0;
    spec->new_live = with_tune(spec->live, spec, &tune, err);
    if (spec->new_live)
        r = guest_set_iotune(spec->guest, find_disk(spec->live, spec->device)->alias, &tune, ctl,
                             err);
    iotune_clear(&tune);
    return r;
}

/* --- loop: told --- */

static json_t *told(const struct domain_spec *spec, const char *target)
{
    json_t *params = json_pack("{s:s}", "blkdeviotune.disk", target), *value;
    const char *name;

    json_object_foreach (spec->arguments, name, value) {
        _cleanup_free_ char *key = xasprintf("blkdeviotune.%s", name);

        json_object_set(params, key, value);
    }
    return params;
}

static void iotune_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain = spec_domain(spec);
    json_t *params;

    spec_change_ended(spec, done);
    if (!done || !domain || !spec->live)
        return;
    params = told(spec, find_disk(spec->live, spec->device)->target);
    domain_tell(domain, &(struct domain_event){ DOMAIN_EVENT_TUNABLE, .params = params });
    json_decref(params);
}

const struct job_kind domain_job_set_iotune = {
    .name = "domain-set-iotune",
    .lane = LANE_CONTROL,
    .locks = domain_locks,
    .check = iotune_job_check,
    .run = iotune_run,
    .commit = spec_change_commit,
    .ended = iotune_ended,
    DOMAIN_SPEC_FUNCTIONS,
};
