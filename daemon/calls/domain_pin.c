/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vCPUs of a domain: where they may run, where they do, what they have used;
 * and where they are to run from now on, by a short job.  A worker asks QEMU
 * and /proc, or reads the definition; the loop answers.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "hypervisor/host_stats.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_threads.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/domain_pin.h"
#include "xml/xml_read.h"

enum {
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    TYPED_STRINGS = 1 << 2, /* the client takes texts among parameters; here are none */
    MAPS_MAX = REMOTE_CPU_MAPS_MAX,
    VCPUS_MAX = REMOTE_VCPUS_MAX,
};

/* --- what a worker is asked, and what it found --- */

struct vcpu_question {
    struct guest *guest;
    struct domain_def *def;
    int max, map_len;
    bool emulator;
    /* found */
    int count;
    struct remote_vcpu_info *vcpus;
    char *maps; /* map_len bytes for each */
    uint64_t user_time, system_time;
};

static void free_question(void *opaque)
{
    struct vcpu_question *question = opaque;

    if (question->guest)
        guest_unref(question->guest);
    domain_def_unref(question->def);
    free(question->vcpus);
    free(question->maps);
    free(question);
}

static struct vcpu_question *question_new(struct domain_def *def, int max, int map_len)
{
    struct vcpu_question *question = XNEW(struct vcpu_question);

    question->def = domain_def_ref(def);
    question->max = max;
    question->map_len = map_len;
    if (max < (int)def->max_vcpus)
        question->count = max;
    else
        question->count = (int)def->max_vcpus;
    question->maps = xcalloc((size_t)question->count * (size_t)map_len + 1, 1);
    return question;
}

static int ask(struct call *call, struct vcpu_question *question, const char *key,
               int (*work)(void *question, struct verror *err),
               void (*then)(struct call *call, void *question))
{
    struct offload offload = {
        .key = (char *)key, /* copied */
        .input = question,
        .free_input = free_question,
        .work = work,
        .then = then,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}

static int check_sizes(struct call *call, int count, int map_len)
{
    if (count >= 0 && count <= VCPUS_MAX && map_len >= 0 && map_len <= MAPS_MAX &&
        (int64_t)count * map_len <= MAPS_MAX)
        return 0;
    return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                      "%d CPU maps of %d bytes in function %s: %d bytes at most", count, map_len,
                      call->proc->api, MAPS_MAX);
}

static void copy_map(struct vcpu_question *question, int at, const struct cpuset *cpus)
{
    size_t len = (size_t)question->map_len;

    if (len)
        memcpy(question->maps + (size_t)at * len, cpus->bits,
               len < CPUSET_BYTES ? len : CPUSET_BYTES);
}

/* --- vCPUs that run --- */

enum { VCPU_RUNNING = 1 };

static int look_at_vcpus(void *opaque, struct verror *err)
{
    struct vcpu_question *question = opaque;
    struct vcpu_threads threads;
    int found = 0;

    if (vcpu_threads_ask(question->guest, NULL, &threads, err) < 0)
        return -1;
    question->vcpus = xcalloc((size_t)question->count + 1, sizeof(*question->vcpus));
    for (size_t i = 0; i < threads.count && found < question->count; i++) {
        struct thread_facts facts = { .cpu = -1 };

        if (threads.ids[i] == 0) /* off, between others that are on */
            continue;
        /* a thread that has ended meanwhile is one that has nothing */
        (void)thread_facts_read(question->guest, threads.ids[i], &facts);
        question->vcpus[found] = (struct remote_vcpu_info){
            .number = (u_int)i,
            .state = VCPU_RUNNING,
            .cpu_time = facts.cpu_time,
            .cpu = facts.cpu,
        };
        copy_map(question, found++, &facts.cpus);
    }
    question->count = found;
    vcpu_threads_clear(&threads);
    return 0;
}

static void answer_vcpus(struct call *call, void *opaque)
{
    struct vcpu_question *question = opaque;
    struct remote_domain_vcpus_ret *ret = call->ret;

    ret->info.info_len = (u_int)question->count;
    ret->info.info_val = STEAL_PTR(question->vcpus);
    ret->maps.maps_len = (u_int)(question->count * question->map_len);
    ret->maps.maps_val = STEAL_PTR(question->maps);
    call_reply(call);
}

static int get_vcpus(struct call *call)
{
    const struct remote_domain_vcpu_maps_args *args = call->args;
    struct vcpu_question *question;
    struct domain *domain;
    struct guest *guest;

    if (check_sizes(call, args->count, args->map_len) < 0 ||
        !(domain = call_domain(call, &args->domain)) || !(guest = call_ready_guest(call, domain)))
        return -1;
    question = question_new(guest->def, args->count, args->map_len);
    question->guest = guest_ref(guest);
    return ask(call, question, domain->uuid, look_at_vcpus, answer_vcpus);
}

/* --- pins, as the definition says --- */

/* Where there is no pin: all CPUs there are. */
static int read_pins(void *opaque, struct verror *err)
{
    struct vcpu_question *question = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(question->def);
    struct host_cpu_map host;
    struct domain_pins pins;
    struct cpuset anywhere = { 0 };

    if (host_get_cpu_map("", &host, err) < 0)
        return -1;
    for (unsigned int i = 0; i < host.present && i < CPUSET_MAX; i++)
        cpuset_put(&anywhere, i, true);
    free(host.bits);
    if (domain_pins_read(xmlDocGetRootElement(doc), &pins, err) < 0)
        return -1;
    for (int i = 0; i < question->count; i++) {
        const struct cpuset *cpus = question->emulator
                                        ? domain_pins_of_emulator(&pins)
                                        : domain_pins_of_vcpu(&pins, (unsigned int)i);

        copy_map(question, i, cpus ? cpus : &anywhere);
    }
    domain_pins_clear(&pins);
    return 0;
}

static void answer_pins(struct call *call, void *opaque)
{
    struct vcpu_question *question = opaque;
    struct remote_domain_pins_ret *ret = call->ret;

    ret->ret = question->count;
    ret->maps.maps_len = (u_int)(question->count * question->map_len);
    ret->maps.maps_val = STEAL_PTR(question->maps);
    call_reply(call);
}

static int get_pins(struct call *call, const struct wire_domain *wire, int count, int map_len,
                    unsigned int flags, bool emulator)
{
    struct vcpu_question *question;
    struct domain *domain;
    struct domain_def *def;

    if (call_check_flags(call, flags, AFFECT_FLAGS) < 0 ||
        call_check_one_affected(call, flags) < 0 ||
        check_sizes(call, count, map_len) < 0 || !(domain = call_domain(call, wire)) ||
        !(def = call_domain_def(call, domain, flags)))
        return -1;
    question = question_new(def, count, map_len);
    question->emulator = emulator;
    return ask(call, question, NULL, read_pins, answer_pins);
}

static int get_vcpu_pin_info(struct call *call)
{
    const struct remote_domain_vcpu_maps_flags_args *args = call->args;

    return get_pins(call, &args->domain, args->count, args->map_len, args->flags, false);
}

static int get_emulator_pin_info(struct call *call)
{
    const struct remote_domain_int_flags_args *args = call->args;

    return get_pins(call, &args->domain, 1, args->value, args->flags, true);
}

/* --- pinning --- */

static int pin(struct call *call, const struct wire_domain *wire, const struct job_kind *kind,
               unsigned int vcpu, const char *map, u_int map_len, unsigned int flags)
{
    struct domain_spec *spec;
    struct domain *domain;
    struct cpuset cpus;

    if (call_check_flags(call, flags, AFFECT_FLAGS) < 0 || !(domain = call_domain(call, wire)))
        return -1;
    cpuset_from_map(&cpus, map, map_len);
    if (cpuset_is_empty(&cpus))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "empty CPU list for pinning");
    spec = domain_spec_new(domain);
    spec->number = vcpu;
    spec->flags = flags;
    spec->cpus = cpuset_format(&cpus);
    return call_start_domain_job(call, kind, spec, false, NULL);
}

static int pin_vcpu(struct call *call)
{
    const struct remote_domain_pin_vcpu_args *args = call->args;

    return pin(call, &args->domain, &domain_job_pin_vcpu, args->vcpu, args->map.map_val,
               args->map.map_len, VIR_DOMAIN_AFFECT_LIVE);
}

static int pin_vcpu_flags(struct call *call)
{
    const struct remote_domain_pin_vcpu_flags_args *args = call->args;

    return pin(call, &args->domain, &domain_job_pin_vcpu, args->vcpu, args->map.map_val,
               args->map.map_len, args->flags);
}

static int pin_emulator(struct call *call)
{
    const struct remote_domain_pin_emulator_args *args = call->args;

    return pin(call, &args->domain, &domain_job_pin_emulator, 0, args->map.map_val,
               args->map.map_len, args->flags);
}

/* --- what all of them have used --- */

static const char *const time_names[] = { "cpu_time", "user_time", "system_time" };

static int read_times(void *opaque, struct verror *err)
{
    struct vcpu_question *question = opaque;

    return guest_cpu_times(question->guest, &question->user_time, &question->system_time, err);
}

static void answer_times(struct call *call, void *opaque)
{
    const struct vcpu_question *question = opaque;
    const uint64_t times[] = { question->user_time + question->system_time, question->user_time,
                               question->system_time };
    const struct remote_domain_cpu_stats_args *args = call->args;
    struct remote_params_ret *ret = call->ret;
    u_int count = args->nparams < ARRAY_SIZE(times) ? args->nparams : ARRAY_SIZE(times);

    ret->params.params_len = count;
    ret->params.params_val = xcalloc(count + 1, sizeof(*ret->params.params_val));
    for (u_int i = 0; i < count; i++) {
        ret->params.params_val[i].field = xstrdup(time_names[i]);
        ret->params.params_val[i].value.type = WIRE_PARAM_ULLONG;
        ret->params.params_val[i].value.wire_param_value_u.ul = times[i];
    }
    ret->nparams = (int)count;
    call_reply(call);
}

/* Of each CPU of the host only a control group would count, which guests do not get here. */
static int get_cpu_stats(struct call *call)
{
    const struct remote_domain_cpu_stats_args *args = call->args;
    struct remote_params_ret *ret = call->ret;
    struct vcpu_question *question;
    struct domain *domain;
    struct guest *guest;

    if (call_check_flags(call, args->flags, TYPED_STRINGS) < 0 ||
        !(domain = call_domain(call, &args->domain)) || !(guest = call_ready_guest(call, domain)))
        return -1;
    if (args->start_cpu != -1)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "cgroup CPUACCT controller is not mounted");
    if (args->ncpus != 1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "%u CPUs in function %s: all of them are asked for as one", args->ncpus,
                          call->proc->api);
    if (args->nparams == 0) {
        ret->nparams = (int)ARRAY_SIZE(time_names);
        return 0;
    }
    question = question_new(guest->def, 0, 0);
    question->guest = guest_ref(guest);
    return ask(call, question, NULL, read_times, answer_times);
}

static const struct proc procs[] = {
    DOMAIN_ROW(READ, GET_VCPUS, "virDomainGetVcpus", READ, DISK, get_vcpus,
        PROC_ARGS(remote_domain_vcpu_maps_args), PROC_RET(remote_domain_vcpus_ret)),
    DOMAIN_ROW(READ, GET_VCPU_PIN_INFO, "virDomainGetVcpuPinInfo", READ, DISK, get_vcpu_pin_info,
        PROC_ARGS(remote_domain_vcpu_maps_flags_args), PROC_RET(remote_domain_pins_ret)),
    DOMAIN_ROW(READ, GET_EMULATOR_PIN_INFO, "virDomainGetEmulatorPinInfo", READ, DISK,
        get_emulator_pin_info, PROC_ARGS(remote_domain_int_flags_args),
        PROC_RET(remote_domain_pins_ret)),
    DOMAIN_ROW(CHANGE, PIN_VCPU, "virDomainPinVcpu", WRITE, CHANGE, pin_vcpu,
        PROC_ARGS(remote_domain_pin_vcpu_args)),
    DOMAIN_ROW(CHANGE, PIN_VCPU_FLAGS, "virDomainPinVcpuFlags", WRITE, CHANGE, pin_vcpu_flags,
        PROC_ARGS(remote_domain_pin_vcpu_flags_args)),
    DOMAIN_ROW(CHANGE, PIN_EMULATOR, "virDomainPinEmulator", WRITE, CHANGE, pin_emulator,
        PROC_ARGS(remote_domain_pin_emulator_args)),
    DOMAIN_ROW(READ, GET_CPU_STATS, "virDomainGetCPUStats", READ, DISK, get_cpu_stats,
        PROC_ARGS(remote_domain_cpu_stats_args), PROC_RET(remote_params_ret)),
};

const struct proc_table calls_domain_pin = { procs, ARRAY_SIZE(procs) };
