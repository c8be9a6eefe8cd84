/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be measured of a guest: counters of its CPUs, of which none can be
 * turned on here, and how fast it writes to its memory, which QEMU finds out.
 * Loop thread.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "calls/typed_params.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    TYPED_STRINGS = 1 << 2, /* the client takes texts among parameters; here are none */
    DIRTY_BITMAP = 1 << 0,  /* virDomainDirtyRateCalcFlags */
    DIRTY_RING = 1 << 1,
    SECONDS_MAX = 60,
};

/* --- counters --- */

/* In libvirt's order. */
static const char *const events[] = {
    "cmt",
    "mbmt",
    "mbml",
    "cpu_cycles",
    "instructions",
    "cache_references",
    "cache_misses",
    "branch_instructions",
    "branch_misses",
    "bus_cycles",
    "stalled_cycles_frontend",
    "stalled_cycles_backend",
    "ref_cpu_cycles",
    "cpu_clock",
    "task_clock",
    "page_faults",
    "context_switches",
    "cpu_migrations",
    "page_faults_min",
    "page_faults_maj",
    "alignment_faults",
    "emulation_faults",
};

static int get_perf_events(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_domain_typed_params_ret *ret = call->ret;
    struct param_list list = { 0 };
    const struct domain *domain;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS | TYPED_STRINGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !call_domain_def(call, domain, args->flags))
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        param_add_number(&list, events[i], WIRE_PARAM_BOOLEAN, false);
    ret->params.params_len = list.count;
    ret->params.params_val = list.params;
    return 0;
}

/* Off is what they are. */
static int check_off(struct call *call, const struct remote_domain_save_params_args *args)
{
    struct param_rule rules[ARRAY_SIZE(events)];
    const char *name;
    json_t *given, *value;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        rules[i] = (struct param_rule){ events[i], WIRE_PARAM_BOOLEAN };
    given = call_take_params(call, args->params.params_val, args->params.params_len, rules,
                             ARRAY_SIZE(rules));
    if (!given)
        return -1;
    json_object_foreach (given, name, value) {
        if (r == 0 && json_is_true(value))
            r = verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                           "unable to enable host cpu perf event for %s", name);
    }
    json_decref(given);
    return r;
}

static int set_perf_events(struct call *call)
{
    const struct remote_domain_save_params_args *args = call->args;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !call_domain_def(call, domain, args->flags))
        return -1;
    return check_off(call, args);
}

/* --- memory --- */

static int start_dirty_rate(struct call *call)
{
    static const struct flag_pair exclusive[] = { { DIRTY_BITMAP, DIRTY_RING, "dirty-bitmap",
                                                    "dirty-ring" } };
    const struct remote_domain_int_flags_args *args = call->args;
    struct domain_spec *spec;
    struct domain *domain;
    const struct guest *guest;

    if (call_check_flags(call, args->flags, DIRTY_BITMAP | DIRTY_RING) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0 ||
        !(domain = call_domain(call, &args->domain)))
        return -1;
    if (args->value < 1 || args->value > SECONDS_MAX)
        return verror_set(&call->err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "seconds=%d is invalid, please choose value within [1, %d].",
                          args->value, SECONDS_MAX);
    guest = call_ready_guest(call, domain);
    if (!guest)
        return -1;
    if (args->flags & DIRTY_RING)
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "dirty-ring calculation mode requires dirty-ring feature enabled.");
    /* asked of QEMU's own emulation, that would be the end of it */
    if (args->flags & DIRTY_BITMAP && guest->def->virt != DOMAIN_VIRT_KVM)
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "dirty-bitmap calculation mode requires KVM.");
    spec = domain_spec_new(domain);
    spec->arguments = json_pack("{s:i, s:s}", "calc-time", args->value, "mode",
                                args->flags & DIRTY_BITMAP ? "dirty-bitmap" : "page-sampling");
    return call_start_domain_job(call, &domain_job_dirty_rate, spec, false, NULL);
}

static const struct proc procs[] = {
    DOMAIN_ROW(READ, GET_PERF_EVENTS, "virDomainGetPerfEvents", READ, MEMORY, get_perf_events,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_domain_typed_params_ret)),
    DOMAIN_ROW(CHANGE, SET_PERF_EVENTS, "virDomainSetPerfEvents", WRITE, MEMORY, set_perf_events,
        PROC_ARGS(remote_domain_save_params_args)),
    DOMAIN_ROW(CONTROL, START_DIRTY_RATE_CALC, "virDomainStartDirtyRateCalc", WRITE, CHANGE,
        start_dirty_rate, PROC_ARGS(remote_domain_int_flags_args)),
};

const struct proc_table calls_domain_perf = { procs, ARRAY_SIZE(procs) };
