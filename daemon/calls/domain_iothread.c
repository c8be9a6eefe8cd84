/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * I/O threads of a domain: which there are and where they may run, of a running
 * guest as QEMU and the kernel say it; and what changes them, short jobs.  A
 * worker asks or reads the definition; the loop answers.
 */

#include <limits.h>
#include <string.h>

#include "calls/domain_call.h"
#include "calls/typed_params.h"
#include "hypervisor/host_stats.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/guest_iothreads.h"
#include "hypervisor/qemu/guest_threads.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/domain_iothreads.h"
#include "xml/domain_pin.h"

enum { AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG };

/* --- which there are --- */

struct iothread_question {
    struct domain_def *def;
    struct guest *guest; /* NULL: the definition is asked */
    struct remote_iothreads_ret found;
};

static void free_question(void *opaque)
{
    struct iothread_question *question = opaque;

    if (question->guest)
        guest_unref(question->guest);
    domain_def_unref(question->def);
    xdr_free((xdrproc_t)xdr_remote_iothreads_ret, &question->found);
    free(question);
}

/* As long as its last CPU needs. */
static void found(struct iothread_question *question, unsigned int id, const struct cpuset *cpus)
{
    struct remote_iothreads_ret *ret = &question->found;
    struct remote_iothread *thread;
    u_int len = CPUSET_BYTES;

    while (len > 1 && cpus->bits[len - 1] == 0)
        len--;
    ret->threads.threads_val =
        xrealloc(ret->threads.threads_val, ret->threads.threads_len + 1, sizeof(*thread));
    thread = &ret->threads.threads_val[ret->threads.threads_len++];
    thread->id = id;
    thread->map.map_len = len;
    thread->map.map_val = xmalloc(len);
    memcpy(thread->map.map_val, cpus->bits, len);
    ret->ret = ret->threads.threads_len;
}

static int ask_guest(struct iothread_question *question, struct verror *err)
{
    struct io_threads threads;

    if (io_threads_ask(question->guest, NULL, &threads, err) < 0)
        return -1;
    for (size_t i = 0; i < threads.n && i < REMOTE_IOTHREADS_MAX; i++) {
        struct thread_facts facts = { 0 };

        /* a thread that has ended meanwhile is nowhere */
        (void)thread_facts_read(question->guest, threads.items[i].thread, &facts);
        found(question, threads.items[i].id, &facts.cpus);
    }
    io_threads_clear(&threads);
    return 0;
}

static int all_cpus(struct cpuset *ret_cpus, struct verror *err)
{
    struct host_cpu_map host;

    if (host_get_cpu_map("", &host, err) < 0)
        return -1;
    *ret_cpus = (struct cpuset){ 0 };
    for (unsigned int i = 0; i < host.present && i < CPUSET_MAX; i++)
        cpuset_put(ret_cpus, i, true);
    free(host.bits);
    return 0;
}

static int read_def(struct iothread_question *question, struct verror *err)
{
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(question->def);
    struct iothreads threads = { 0 };
    struct domain_pins pins;
    struct cpuset anywhere;

    if (all_cpus(&anywhere, err) < 0 ||
        domain_pins_read(xmlDocGetRootElement(doc), &pins, err) < 0)
        return -1;
    if (iothreads_read(xmlDocGetRootElement(doc), &threads, err) < 0) {
        domain_pins_clear(&pins);
        return -1;
    }
    for (size_t i = 0; i < threads.n; i++) {
        const struct cpuset *cpus = domain_pins_of_iothread(&pins, threads.items[i].id);

        found(question, threads.items[i].id, cpus ? cpus : &anywhere);
    }
    iothreads_clear(&threads);
    domain_pins_clear(&pins);
    return 0;
}

static int find_out(void *opaque, struct verror *err)
{
    struct iothread_question *question = opaque;

    return question->guest ? ask_guest(question, err) : read_def(question, err);
}

static void answer(struct call *call, void *opaque)
{
    struct iothread_question *question = opaque;
    struct remote_iothreads_ret *ret = call->ret;

    *ret = question->found;
    question->found = (struct remote_iothreads_ret){ 0 };
    call_reply(call);
}

static int get_info(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct offload offload = { .free_input = free_question, .work = find_out, .then = answer };
    struct iothread_question *question;
    struct domain *domain;
    struct domain_def *def;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    if (domain->guest && def == domain->guest->def && !call_ready_guest(call, domain))
        return -1;
    offload.input = question = XNEW(struct iothread_question);
    question->def = domain_def_ref(def);
    if (domain->guest && def == domain->guest->def) {
        question->guest = guest_ref(domain->guest);
        offload.key = domain->uuid;
    }
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- changing --- */

/* NULL with call->err.  Number 0 is none. */
static struct domain_spec *make_spec(struct call *call, const struct wire_domain *wire,
                                     unsigned int id, unsigned int flags)
{
    struct domain *domain;
    struct domain_spec *spec;

    if (call_check_flags(call, flags, AFFECT_FLAGS) < 0 || !(domain = call_domain(call, wire)))
        return NULL;
    if (id == 0) {
        verror_set(&call->err, VIR_ERR_INVALID_ARG, "invalid value of 0 for iothread_id");
        return NULL;
    }
    spec = domain_spec_new(domain);
    spec->number = id;
    spec->flags = flags;
    return spec;
}

static int change(struct call *call, const struct job_kind *kind)
{
    const struct remote_domain_flags_number_args *args = call->args;
    struct domain_spec *spec = make_spec(call, &args->domain, args->number, args->flags);

    return spec ? call_start_domain_job(call, kind, spec, false, NULL) : -1;
}

static int add_iothread(struct call *call)
{
    return change(call, &domain_job_add_iothread);
}

static int del_iothread(struct call *call)
{
    return change(call, &domain_job_del_iothread);
}

static int pin_iothread(struct call *call)
{
    const struct remote_domain_pin_vcpu_flags_args *args = call->args;
    struct domain_spec *spec = make_spec(call, &args->domain, args->vcpu, args->flags);
    struct cpuset cpus;

    if (!spec)
        return -1;
    cpuset_from_map(&cpus, args->map.map_val, args->map.map_len);
    if (cpuset_is_empty(&cpus)) {
        domain_spec_free(spec);
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "Empty iothread cpumap list for pinning");
    }
    spec->cpus = cpuset_format(&cpus);
    return call_start_domain_job(call, &domain_job_pin_iothread, spec, false, NULL);
}

/* Polling is not kept for the next start, as libvirt's XML has no place for it. */
static int check_params(struct call *call, const json_t *params, unsigned int flags)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)params, name, value) { /* only read */
        json_int_t number = json_integer_value(value);

        if (number < 0 || number > INT_MAX)
            return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                              "value of '%s' must be between 0 and %d", name, INT_MAX);
        if (flags & VIR_DOMAIN_AFFECT_CONFIG && strncmp(name, "poll", strlen("poll")) == 0)
            return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                              "configuring persistent polling values is not supported");
    }
    return 0;
}

static int set_params(struct call *call)
{
    static const struct param_rule rules[] = {
        { "poll_max_ns", WIRE_PARAM_ULLONG },   { "poll_grow", WIRE_PARAM_UINT },
        { "poll_shrink", WIRE_PARAM_UINT },     { "thread_pool_min", WIRE_PARAM_INT },
        { "thread_pool_max", WIRE_PARAM_INT },
    };
    const struct remote_domain_number_params_args *args = call->args;
    struct domain_spec *spec = make_spec(call, &args->domain, args->number, args->flags);

    if (!spec)
        return -1;
    spec->arguments = call_take_params(call, args->params.params_val, args->params.params_len,
                                       rules, ARRAY_SIZE(rules));
    if (!spec->arguments || check_params(call, spec->arguments, args->flags) < 0) {
        domain_spec_free(spec);
        return -1;
    }
    return call_start_domain_job(call, &domain_job_set_iothread, spec, false, NULL);
}

static const struct proc procs[] = {
    DOMAIN_ROW(READ, GET_IOTHREAD_INFO, "virDomainGetIOThreadInfo", READ, DISK, get_info,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_iothreads_ret)),
    DOMAIN_ROW(CHANGE, PIN_IOTHREAD, "virDomainPinIOThread", WRITE, CHANGE, pin_iothread,
        PROC_ARGS(remote_domain_pin_vcpu_flags_args)),
    DOMAIN_ROW(CHANGE, ADD_IOTHREAD, "virDomainAddIOThread", WRITE, CHANGE, add_iothread,
        PROC_ARGS(remote_domain_flags_number_args)),
    DOMAIN_ROW(CHANGE, DEL_IOTHREAD, "virDomainDelIOThread", WRITE, CHANGE, del_iothread,
        PROC_ARGS(remote_domain_flags_number_args)),
    DOMAIN_ROW(CHANGE, SET_IOTHREAD_PARAMS, "virDomainSetIOThreadParams", WRITE, CHANGE, set_params,
        PROC_ARGS(remote_domain_number_params_args)),
};

const struct proc_table calls_domain_iothread = { procs, ARRAY_SIZE(procs) };
