/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes to what a domain is, live, in its definition, or both, as
 * VIR_DOMAIN_AFFECT_* say: title and metadata, memory, what is done at its
 * end.  The worker makes the new definitions and asks QEMU; they take the
 * place of the old ones once they are on disk.  Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

/* As domain_power.c: a guest whose QEMU does not answer holds up only calls on itself. */
enum { COMMAND_MS = 20000 };

/* --- which definitions, and how they are replaced --- */

int spec_pick_defs(struct domain_spec *spec, struct verror *err)
{
    struct domain *domain = spec_domain(spec);

    if (!domain)
        return spec_no_domain(spec, err);
    if (!(spec->flags & (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG)))
        spec->flags |= domain->guest ? VIR_DOMAIN_AFFECT_LIVE : VIR_DOMAIN_AFFECT_CONFIG;
    if (spec->flags & VIR_DOMAIN_AFFECT_LIVE) {
        if (domain_check_active(domain, err) < 0)
            return -1;
        spec->live = domain_def_ref(domain->guest->def);
    }
    if (spec->flags & VIR_DOMAIN_AFFECT_CONFIG) {
        if (spec_check_persistent(spec, err) < 0)
            return -1;
        spec->def = domain_def_ref(domain->config);
    }
    return 0;
}

static void swap_def(struct domain_def **a, struct domain_def **b)
{
    struct domain_def *old = *a;

    *a = *b;
    *b = old;
}

static bool has_live(const struct domain_spec *spec, const struct domain *domain)
{
    return domain && domain->guest && spec->new_live;
}

void spec_change_commit(void *opaque, struct store_txn *txn)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);
    bool live = has_live(spec, domain);

    if (!domain)
        return; /* a transient one that has ended meanwhile */
    if (live)
        swap_def(&domain->guest->def, &spec->new_live);
    domain_put_row_with(domain, spec->new_config ? spec->new_config : domain->config, txn);
    if (live)
        swap_def(&domain->guest->def, &spec->new_live);
}

void spec_change_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    struct domain *domain = spec_domain(spec);

    if (!done)
        return;
    if (has_live(spec, domain))
        swap_def(&domain->guest->def, &spec->new_live);
    if (domain && spec->new_config)
        domain_set_config(domain, spec->new_config);
}

/* --- title, description, metadata --- */

static int metadata_check(void *opaque, struct verror *err)
{
    return spec_pick_defs(opaque, err);
}

static struct domain_def *with_metadata(const struct domain_spec *spec,
                                        const struct domain_def *def, struct verror *err)
{
    return domain_def_set_metadata(def, spec->metadata_type, spec->metadata, spec->metadata_key,
                                   spec->metadata_uri, err);
}

static int metadata_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    (void)ctl;
    if (spec->def && !(spec->new_config = with_metadata(spec, spec->def, err)))
        return -1;
    if (spec->live && !(spec->new_live = with_metadata(spec, spec->live, err)))
        return -1;
    return 0;
}

static void metadata_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    const struct domain *domain = spec_domain(spec);

    spec_change_ended(opaque, done);
    if (done && domain)
        domain_tell(domain, &(struct domain_event){ DOMAIN_EVENT_METADATA_CHANGE,
                                                    .what = spec->metadata_type,
                                                    .path = spec->metadata_uri });
}

/* --- memory --- */

static int check_size(const struct domain_spec *spec, const struct domain_def *def,
                      struct verror *err)
{
    if (!def || spec->flags & VIR_DOMAIN_MEM_MAXIMUM || spec->number <= def->memory_kib)
        return 0;
    return verror_set(err, VIR_ERR_INVALID_ARG,
                      "cannot set memory higher than max memory: %llu > %llu KiB",
                      (unsigned long long)spec->number, (unsigned long long)def->memory_kib);
}

static int memory_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0)
        return -1;
    if (spec->live && spec->flags & VIR_DOMAIN_MEM_MAXIMUM)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "cannot resize the maximum memory on an active domain");
    if (spec->live && spec_take_up_guest(spec, err) < 0)
        return -1;
    return check_size(spec, spec->live, err) < 0 ? -1 : check_size(spec, spec->def, err);
}

static struct domain_def *with_memory(const struct domain_spec *spec, const struct domain_def *def,
                                      struct verror *err)
{
    uint64_t current = def->current_kib < spec->number ? def->current_kib : spec->number;

    if (spec->flags & VIR_DOMAIN_MEM_MAXIMUM)
        return domain_def_set_memory(def, spec->number, current, err);
    return domain_def_set_memory(def, def->memory_kib, spec->number, err);
}

/* A balloon that is there is still only a wish until the guest's driver takes it up. */
static int check_balloon(const struct domain_def *live, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(live);
    xmlNodePtr balloon = xml_child_of_child(xmlDocGetRootElement(doc), "devices", "memballoon");

    if (balloon && !xml_attribute_is(balloon, "model", "none"))
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_INVALID,
                      "domain '%s' has no balloon device to change its memory with", live->name);
}

/* What the guest has at this moment; QEMU's events tell what becomes of it. */
static void ask_balloon(struct domain_spec *spec, struct job_ctl *ctl)
{
    _cleanup_verror_ struct verror err = VERROR_INIT;
    json_t *value = NULL;

    if (monitor_call(spec->guest->monitor, "query-balloon", NULL, -1, ctl, COMMAND_MS, &value,
                     &err) == 0)
        spec->actual_kib =
            (uint64_t)json_integer_value(json_object_get(value, "actual")) / 1024;
    json_decref(value);
}

static int set_live_memory(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    json_t *args;

    if (check_balloon(spec->live, err) < 0)
        return -1;
    args = json_pack("{s:I}", "value", (json_int_t)spec->number * 1024);
    if (monitor_call(spec->guest->monitor, "balloon", args, -1, ctl, COMMAND_MS, NULL, err) < 0)
        return -1;
    ask_balloon(spec, ctl);
    return 0;
}

static int memory_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->def && !(spec->new_config = with_memory(spec, spec->def, err)))
        return -1;
    if (spec->live && !(spec->new_live = with_memory(spec, spec->live, err)))
        return -1;
    return spec->live ? set_live_memory(spec, ctl, err) : 0;
}

/* An event may have said more already. */
static void memory_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;

    spec_change_ended(spec, done);
    if (done && spec->guest && spec->guest->balloon_kib == 0)
        spec->guest->balloon_kib = spec->actual_kib;
}

/* --- what is done when it ends --- */

static int action_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0)
        return -1;
    return spec->live ? spec_take_up_guest(spec, err) : 0;
}

/* A reset is QEMU's own doing; the other ends are the daemon's. */
static int set_live_reboot(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    bool resets = spec->new_live->on_reboot == DOMAIN_ACTION_RESTART ||
                  spec->new_live->on_reboot == DOMAIN_ACTION_RENAME_RESTART;

    return monitor_call(spec->guest->monitor, "set-action",
                        json_pack("{s:s}", "reboot", resets ? "reset" : "shutdown"), -1, ctl,
                        COMMAND_MS, NULL, err);
}

static int action_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    unsigned int event = (unsigned int)spec->number, action = (unsigned int)spec->format;

    (void)job_id;
    if (spec->def && !(spec->new_config = domain_def_set_action(spec->def, event, action, err)))
        return -1;
    if (spec->live && !(spec->new_live = domain_def_set_action(spec->live, event, action, err)))
        return -1;
    if (!spec->live || spec->live->on_reboot == spec->new_live->on_reboot)
        return 0;
    return set_live_reboot(spec, ctl, err);
}

#define CHANGE_KIND(word, check_fn, run_fn, ended_fn)                                              \
    .name = word, .lane = LANE_CONTROL, .locks = domain_locks, .check = check_fn, .run = run_fn,   \
    .commit = spec_change_commit, .ended = ended_fn, DOMAIN_SPEC_FUNCTIONS

const struct job_kind domain_job_set_metadata = {
    CHANGE_KIND("domain-set-metadata", metadata_check, metadata_run, metadata_ended),
};
const struct job_kind domain_job_set_memory = {
    CHANGE_KIND("domain-set-memory", memory_check, memory_run, memory_ended),
};
const struct job_kind domain_job_set_action = {
    CHANGE_KIND("domain-set-action", action_check, action_run, spec_change_ended),
};
