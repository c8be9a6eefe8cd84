/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that compare CPUs and find what several have in common.  The loop
 * copies what was asked; a worker reads the XML and asks the emulator.
 */

#include "calls/job_call.h"
#include "hypervisor/domains.h"
#include "hypervisor/qemu/caps.h"
#include "protocol/remote.h"
#include "util/alloc.h"

struct cpu_question {
    struct qemu_cpu_host host;
    char *emulator, *arch, *machine, *virt_type; /* which host borrows */
    bool any_emulator; /* else only one that is found without being named */
    char **xmls;
    size_t nxmls;
    unsigned int flags;
    /* found */
    char *xml;
    int result;
};

static void free_question(void *opaque)
{
    struct cpu_question *question = opaque;

    for (size_t i = 0; i < question->nxmls; i++)
        free(question->xmls[i]);
    free(question->xmls);
    free(question->emulator);
    free(question->arch);
    free(question->machine);
    free(question->virt_type);
    free(question->xml);
    free(question);
}

static struct cpu_question *question_new(struct call *call, wire_text *xmls, u_int nxmls,
                                         unsigned int flags)
{
    struct cpu_question *question = XNEW(struct cpu_question);

    question->host.cache = domains_caps(call->daemon->domains);
    question->any_emulator = call_may_reach_host(call);
    question->xmls = xcalloc(nxmls + 1, sizeof(*question->xmls));
    for (question->nxmls = 0; question->nxmls < nxmls; question->nxmls++)
        question->xmls[question->nxmls] = xstrdup(xmls[question->nxmls]);
    question->flags = flags;
    return question;
}

static char *copy_opt(wire_text_opt text)
{
    return text ? xstrdup(*text) : NULL;
}

static void name_host(struct cpu_question *question, wire_text_opt emulator, wire_text_opt arch,
                      wire_text_opt machine, wire_text_opt virt_type)
{
    question->emulator = copy_opt(emulator);
    question->arch = copy_opt(arch);
    question->machine = copy_opt(machine);
    question->virt_type = copy_opt(virt_type);
    question->host.emulator = question->emulator;
    question->host.arch = question->arch;
    question->host.machine = question->machine;
    question->host.virt_type = question->virt_type;
}

static int ask(struct call *call, struct cpu_question *question,
               int (*work)(void *question, struct verror *err),
               void (*then)(struct call *call, void *question))
{
    const struct offload offload = {
        .input = question,
        .free_input = free_question,
        .work = work,
        .then = then,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}

static int check_emulator(const struct cpu_question *question, struct verror *err)
{
    if (!question->emulator || question->any_emulator)
        return 0;
    return qemu_check_is_found(question->emulator, err);
}

/* --- what several have in common --- */

static int find_baseline(void *opaque, struct verror *err)
{
    struct cpu_question *question = opaque;

    if (check_emulator(question, err) < 0)
        return -1;
    question->xml = qemu_cpu_baseline(&question->host, question->xmls, question->nxmls,
                                      question->flags, err);
    return question->xml ? 0 : -1;
}

static void answer_baseline(struct call *call, void *opaque)
{
    struct cpu_question *question = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(question->xml);
    call_reply(call);
}

enum { BASELINE_FLAGS = CPU_BASELINE_EXPAND_FEATURES | CPU_BASELINE_MIGRATABLE };

static int baseline_cpu(struct call *call)
{
    const struct remote_cpus_args *args = call->args;

    if (call_check_flags(call, args->flags, BASELINE_FLAGS) < 0)
        return -1;
    return ask(call, question_new(call, args->cpus.cpus_val, args->cpus.cpus_len, args->flags),
               find_baseline, answer_baseline);
}

static int baseline_hypervisor_cpu(struct call *call)
{
    const struct remote_hypervisor_cpus_args *args = call->args;
    struct cpu_question *question;

    if (call_check_flags(call, args->flags, BASELINE_FLAGS) < 0)
        return -1;
    question = question_new(call, args->cpus.cpus_val, args->cpus.cpus_len, args->flags);
    name_host(question, args->emulator, args->arch, args->machine, args->virt_type);
    return ask(call, question, find_baseline, answer_baseline);
}

/* --- compared with what is here --- */

static int find_comparison(void *opaque, struct verror *err)
{
    struct cpu_question *question = opaque;

    if (check_emulator(question, err) < 0)
        return -1;
    question->result =
        qemu_cpu_compare(&question->host, question->xmls[0], question->flags, err);
    return question->result < 0 ? -1 : 0;
}

/* The host itself is known by what KVM can give to a guest. */
static int find_host_comparison(void *opaque, struct verror *err)
{
    struct cpu_question *question = opaque;
    _cleanup_verror_ struct verror why = VERROR_INIT;

    if (qemu_check_kvm(&why) < 0)
        return verror_set(err, VIR_ERR_NO_SUPPORT, "virConnectCompareCPU: the host's CPU can be "
                          "told only by way of KVM: %s", verror_text(&why));
    question->host.virt_type = "kvm";
    return find_comparison(opaque, err);
}

static void answer_comparison(struct call *call, void *opaque)
{
    const struct cpu_question *question = opaque;
    struct remote_int_ret *ret = call->ret;

    ret->value = question->result;
    call_reply(call);
}

enum { COMPARE_FLAGS = CPU_COMPARE_FAIL_INCOMPATIBLE | CPU_COMPARE_VALIDATE_XML };

static int compare_cpu(struct call *call)
{
    struct remote_xml_args *args = call->args;

    if (call_check_flags(call, args->flags, COMPARE_FLAGS) < 0)
        return -1;
    return ask(call, question_new(call, &args->xml, 1, args->flags), find_host_comparison,
               answer_comparison);
}

static int compare_hypervisor_cpu(struct call *call)
{
    struct remote_hypervisor_cpu_args *args = call->args;
    struct cpu_question *question;

    if (call_check_flags(call, args->flags, COMPARE_FLAGS) < 0)
        return -1;
    question = question_new(call, &args->cpu, 1, args->flags);
    name_host(question, args->emulator, args->arch, args->machine, args->virt_type);
    return ask(call, question, find_comparison, answer_comparison);
}

#define ROW(proc, function, who, handle, args, ret)                                       \
    {                                                                                     \
        .number = REMOTE_PROC_CONNECT_##proc, .api = function, .access = ACCESS_##who,    \
        .class = CLASS_DISK, .error_domain = VIR_FROM_QEMU, .handler = handle,            \
        PROC_ON(CONNECT, READ), PROC_ARGS(args), PROC_RET(ret)                            \
    }

static const struct proc procs[] = {
    ROW(COMPARE_CPU, "virConnectCompareCPU", READ, compare_cpu, remote_xml_args, remote_int_ret),
    ROW(BASELINE_CPU, "virConnectBaselineCPU", READ, baseline_cpu, remote_cpus_args,
        remote_text_ret),
    ROW(COMPARE_HYPERVISOR_CPU, "virConnectCompareHypervisorCPU", WRITE, compare_hypervisor_cpu,
        remote_hypervisor_cpu_args, remote_int_ret),
    ROW(BASELINE_HYPERVISOR_CPU, "virConnectBaselineHypervisorCPU", WRITE,
        baseline_hypervisor_cpu, remote_hypervisor_cpus_args, remote_text_ret),
};

const struct proc_table calls_host_cpu_model = { procs, ARRAY_SIZE(procs) };
