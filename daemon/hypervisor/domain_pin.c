/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the vCPUs and the other threads of a domain may run, live, in its
 * definition, or both: the scheduler is told, and the definitions say it.
 * Functions of a kind run where job.h says.
 */

#include <libvirtjob/types.h>

#include "hypervisor/internal.h"
#include "hypervisor/qemu/guest_threads.h"
#include "util/alloc.h"
#include "xml/domain_pin.h"

static int check_vcpu(const struct domain_def *def, const char *what,
                      const struct domain_spec *spec, struct verror *err)
{
    if (!def || spec->number < def->max_vcpus)
        return 0;
    return verror_set(err, VIR_ERR_INVALID_ARG, "vcpu %llu is out of range of %s cpu count %u",
                      (unsigned long long)spec->number, what, def->max_vcpus);
}

static int pin_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (spec_pick_defs(spec, err) < 0)
        return -1;
    return spec->live ? spec_take_guest(spec, err) : 0;
}

static int pin_vcpu_check(void *opaque, struct verror *err)
{
    struct domain_spec *spec = opaque;

    if (pin_check(spec, err) < 0 || check_vcpu(spec->live, "live", spec, err) < 0)
        return -1;
    return check_vcpu(spec->def, "persistent", spec, err);
}

static int make_defs(struct domain_spec *spec, int vcpu, struct verror *err)
{
    if (spec->def && !(spec->new_config = domain_def_set_pin(spec->def, vcpu, spec->cpus, err)))
        return -1;
    if (spec->live && !(spec->new_live = domain_def_set_pin(spec->live, vcpu, spec->cpus, err)))
        return -1;
    return 0;
}

static int pin_run(struct domain_spec *spec, int vcpu, struct job_ctl *ctl, struct verror *err)
{
    struct vcpu_threads threads;
    struct cpuset cpus;
    int r;

    if (make_defs(spec, vcpu, err) < 0)
        return -1;
    if (!spec->live)
        return 0;
    (void)cpuset_parse(spec->cpus, &cpus); /* made of a set that is not empty */
    if (vcpu_threads_ask(spec->guest, ctl, &threads, err) < 0)
        return -1;
    r = vcpu == PIN_EMULATOR
            ? vcpu_threads_pin_others(&threads, spec->guest, &cpus, err)
            : vcpu_threads_pin(&threads, (unsigned int)vcpu, &cpus, err);
    vcpu_threads_clear(&threads);
    return r;
}

static int pin_vcpu_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    struct domain_spec *spec = opaque;

    (void)job_id;
    return pin_run(spec, (int)spec->number, ctl, err);
}

static int pin_emulator_run(void *opaque, uint64_t job_id, struct job_ctl *ctl, struct verror *err)
{
    (void)job_id;
    return pin_run(opaque, PIN_EMULATOR, ctl, err);
}

static void tell(struct domain_spec *spec, bool done, const char *name)
{
    const struct domain *domain = spec_domain(spec);
    json_t *params;

    spec_change_ended(spec, done);
    if (!done || !domain || !spec->live)
        return;
    params = json_pack("{s:s}", name, spec->cpus);
    domain_tell(domain, &(struct domain_event){ DOMAIN_EVENT_TUNABLE, .params = params });
    json_decref(params);
}

static void pin_vcpu_ended(void *opaque, bool done)
{
    struct domain_spec *spec = opaque;
    _cleanup_free_ char *name =
        xasprintf("cputune.vcpupin%llu", (unsigned long long)spec->number);

    tell(spec, done, name);
}

static void pin_emulator_ended(void *opaque, bool done)
{
    tell(opaque, done, "cputune.emulatorpin");
}

#define PIN_KIND(word, check_fn, run_fn, ended_fn)                                                 \
    .name = word, .lane = LANE_CONTROL, .locks = domain_locks, .check = check_fn, .run = run_fn,   \
    .commit = spec_change_commit, .ended = ended_fn, DOMAIN_SPEC_FUNCTIONS

const struct job_kind domain_job_pin_vcpu = {
    PIN_KIND("domain-pin-vcpu", pin_vcpu_check, pin_vcpu_run, pin_vcpu_ended),
};
const struct job_kind domain_job_pin_emulator = {
    PIN_KIND("domain-pin-emulator", pin_check, pin_emulator_run, pin_emulator_ended),
};
