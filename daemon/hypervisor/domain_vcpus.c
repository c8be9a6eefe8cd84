/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many vCPUs a domain has, and which: of a running one more are plugged in,
 * none is taken out; its definition may change either way.  Functions of a kind
 * run where job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/guest_vcpus.h"
#include "util/alloc.h"
#include "xml/domain_vcpus.h"

/* --- one more, live: worker --- */

/* spec->new_live is what the guest has by then, also where a later one fails. */
static int plug(struct domain_spec *spec, unsigned int which, struct job_ctl *ctl,
                struct verror *err)
{
    struct domain_def *before = spec->new_live ? spec->new_live : spec->live;
    struct domain_def *after = domain_def_plug_vcpu(before, which, err);
    _cleanup_xml_doc_ xmlDocPtr doc = NULL;

    if (!after)
        return -1;
    if (guest_plug_vcpu(spec->guest, which, ctl, err) < 0) {
        domain_def_unref(after);
        return -1;
    }
    domain_def_unref(spec->new_live);
    spec->new_live = after;
    doc = domain_def_to_doc(after);
    return guest_pin_new_vcpu(spec->guest, which, xmlDocGetRootElement(doc), ctl, err);
}

/* A vCPU that came stays, whatever has become of the rest. */
static void vcpus_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;

    if (!done) {
        domain_def_unref(spec->new_config);
        spec->new_config = NULL;
    }
    spec_change_ended(spec, done || spec->new_live);
}

/* --- how many --- */

static int check_live_vcpus(const struct domain_spec *spec, struct verror *err)
{
    if (spec->flags & VIR_DOMAIN_VCPU_MAXIMUM)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "maximum vcpu count of a live domain can't be modified");
    if (spec->number > spec->live->max_vcpus)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "requested vcpus is greater than max allowable vcpus for the live "
                          "domain: %llu > %u",
                          (unsigned long long)spec->number, spec->live->max_vcpus);
    if (spec->number >= spec->live->vcpus)
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                      "domain '%s' runs with %u vCPUs, and none is taken out of one that runs; "
                      "the config flag changes its next start",
                      spec->live->name, spec->live->vcpus);
}

static int vcpus_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0 || (spec->live && check_live_vcpus(spec, err) < 0))
        return -1;
    if (spec->def && !(spec->flags & VIR_DOMAIN_VCPU_MAXIMUM) &&
        spec->number > spec->def->max_vcpus)
        return verror_set(err, VIR_ERR_INVALID_ARG,
                          "requested vcpus is greater than max allowable vcpus for the persistent "
                          "domain: %llu > %u",
                          (unsigned long long)spec->number, spec->def->max_vcpus);
    return spec->live ? spec_take_up_guest(spec, err) : 0;
}

static int plug_up_to(struct domain_spec *spec, struct job_ctl *ctl, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(spec->live);
    unsigned int now = spec->live->vcpus;
    struct vcpus vcpus;
    int r = 0;

    if (vcpus_read(xmlDocGetRootElement(doc), &vcpus, err) < 0)
        return -1;
    for (unsigned int i = 0; r == 0 && now < spec->number && i < vcpus.n; i++) {
        if (vcpus.items[i].on)
            continue;
        r = plug(spec, i, ctl, err);
        now++;
    }
    vcpus_clear(&vcpus);
    return r;
}

/* All rules for a definition hold for the new one, too: topology, what the machine can have. */
static struct domain_def *complete(struct domain_spec *spec, struct domain_def *changed,
                                   struct verror *err)
{
    struct complete_host host = domains_complete_host(spec->domains);
    struct domain_def *whole = changed ? domain_complete(&host, changed->xml, false, err) : NULL;

    domain_def_unref(changed);
    return whole;
}

static struct domain_def *with_count(const struct domain_spec *spec, struct verror *err)
{
    unsigned int count = (unsigned int)spec->number;
    bool hotpluggable = spec->flags & VIR_DOMAIN_VCPU_HOTPLUGGABLE;

    if (spec->flags & VIR_DOMAIN_VCPU_MAXIMUM)
        return domain_def_set_vcpus(spec->def, count,
                                    spec->def->vcpus < count ? spec->def->vcpus : count,
                                    hotpluggable, err);
    return domain_def_set_vcpus(spec->def, spec->def->max_vcpus, count, hotpluggable, err);
}

static int vcpus_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    if (spec->def && !(spec->new_config = complete(spec, with_count(spec, err), err)))
        return -1;
    return spec->live ? plug_up_to(spec, ctl, err) : 0;
}

/* --- which --- */

static int vcpu_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0)
        return -1;
    return spec->live ? spec_take_up_guest(spec, err) : 0;
}

/* The first of the set, and how many there are. */
static unsigned int count_set(const struct cpuset *which, unsigned int *ret_first)
{
    unsigned int count = 0;

    for (unsigned int i = CPUSET_MAX; i-- > 0;) {
        if (!cpuset_has(which, i))
            continue;
        *ret_first = i;
        count++;
    }
    return count;
}

static int set_live(struct domain_spec *spec, const struct cpuset *which, struct job_ctl *ctl,
                    struct verror *err)
{
    unsigned int id = 0, count = count_set(which, &id);
    struct domain_def *dry = spec->number ? domain_def_plug_vcpu(spec->live, id, err) : NULL;

    if (spec->number && !dry)
        return -1;
    domain_def_unref(dry);
    if (id >= spec->live->max_vcpus)
        return verror_set(err, VIR_ERR_INVALID_ARG, "vcpu %u is not present in live config", id);
    if (count != 1)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "only one hotpluggable entity can be selected");
    if (spec->number)
        return plug(spec, id, ctl, err);
    return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED, "vcpu '%u' can't be unplugged", id);
}

static int vcpu_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;
    struct cpuset which;

    (void)job_id;
    (void)cpuset_parse(spec->cpus, &which); /* the call has done it before */
    if (spec->def && !(spec->new_config = complete(
                           spec, domain_def_set_vcpu(spec->def, &which, spec->number, err), err)))
        return -1;
    return spec->live ? set_live(spec, &which, ctl, err) : 0;
}

#define VCPU_KIND(word, check_fn, run_fn)                                                          \
    .name = word, .lane = LANE_CONTROL, .locks = domain_locks, .check = check_fn, .run = run_fn,   \
    .commit = spec_change_commit, .ended = vcpus_ended, DOMAIN_SPEC_FUNCTIONS

const struct job_kind domain_job_set_vcpus = {
    VCPU_KIND("domain-set-vcpus", vcpus_check, vcpus_run),
};
const struct job_kind domain_job_set_vcpu = {
    VCPU_KIND("domain-set-vcpu", vcpu_check, vcpu_run),
};
