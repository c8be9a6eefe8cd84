/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls about this machine and the emulators on it.  They read /proc and
 * /sys or start an emulator to ask it, so all but the trivial ones run on a worker:
 * what one has found becomes the reply on the loop thread.
 */

#include <string.h>

#include "calls/job_call.h"
#include "hypervisor/domains.h"
#include "hypervisor/host.h"
#include "hypervisor/qemu/caps.h"
#include "hypervisor/qemu/emulators.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { CPU_MODELS_MAX = REMOTE_CPU_MODELS_MAX, CELLS_MAX = REMOTE_CELLS_MAX };

/* What a worker is asked, and what it found; each call uses its part. */
struct question {
    struct qemu_caps_cache *caps;
    /* asked */
    char *emulator, *arch, *machine, *virt_type;
    bool any_emulator; /* else only one that is found without being named */
    int start, max;
    /* found */
    struct host_info info;
    uint64_t number, cells[CELLS_MAX];
    int count;
    char *text;
    char **names; /* NULL-terminated */
};

static void free_names(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

static void free_question(void *opaque)
{
    struct question *question = opaque;

    free(question->emulator);
    free(question->arch);
    free(question->machine);
    free(question->virt_type);
    free(question->text);
    free_names(question->names);
    free(question);
}

static struct question *question_new(struct call *call)
{
    struct question *question = XNEW(struct question);

    question->caps = domains_caps(call->daemon->domains);
    return question;
}

static int ask(struct call *call, struct question *question,
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

static void answer_text(struct call *call, void *opaque)
{
    struct question *question = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(question->text);
    call_reply(call);
}

static void answer_number(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    struct remote_uhyper_ret *ret = call->ret;

    ret->value = question->number;
    call_reply(call);
}

/* --- the machine --- */

static int read_info(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    return host_get_info("", &question->info, err);
}

static void answer_info(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    const struct host_info *info = &question->info;
    struct remote_node_info_ret *ret = call->ret;

    memcpy(ret->model, info->model, sizeof(ret->model));
    ret->memory = info->memory_kib;
    ret->cpus = (int)info->cpus;
    ret->mhz = (int)info->mhz;
    ret->nodes = (int)info->nodes;
    ret->sockets = (int)info->sockets;
    ret->cores = (int)info->cores;
    ret->threads = (int)info->threads;
    call_reply(call);
}

static int node_get_info(struct call *call)
{
    return ask(call, question_new(call), read_info, answer_info);
}

static int read_free_memory(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    return host_get_free_memory("", &question->number, err);
}

static int node_get_free_memory(struct call *call)
{
    return ask(call, question_new(call), read_free_memory, answer_number);
}

static int read_cells(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->count =
        host_get_cells_free("", question->start, question->max, question->cells, err);
    return question->count < 0 ? -1 : 0;
}

static void answer_cells(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    struct remote_cells_ret *ret = call->ret;

    ret->cells.cells_len = (u_int)question->count;
    ret->cells.cells_val = xcalloc((size_t)question->count + 1, sizeof(*ret->cells.cells_val));
    for (int i = 0; i < question->count; i++)
        ret->cells.cells_val[i] = question->cells[i];
    call_reply(call);
}

static int node_get_cells_free(struct call *call)
{
    const struct remote_cells_args *args = call->args;
    struct question *question;

    if (args->start < 0 || args->max < 1 || args->max > CELLS_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "cells from %d, %d at most, in function %s: from 0, 1 to %d",
                          args->start, args->max, call->proc->api, CELLS_MAX);
    question = question_new(call);
    question->start = args->start;
    question->max = args->max;
    return ask(call, question, read_cells, answer_cells);
}

/* No security driver labels guests; libvirt has a name for that. */
static int node_get_security_model(struct call *call)
{
    struct remote_security_model_ret *ret = call->ret;

    ret->model.model_val = xstrdup("none");
    ret->model.model_len = (u_int)strlen("none") + 1; /* libvirt sends the NUL, too */
    ret->doi.doi_val = xstrdup("0");
    ret->doi.doi_len = (u_int)strlen("0") + 1;
    return 0;
}

/* --- what guests can have --- */

static int find_max_vcpus(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->count = host_get_max_vcpus(question->virt_type, err);
    return question->count < 0 ? -1 : 0;
}

static void answer_count(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    struct remote_int_ret *ret = call->ret;

    ret->value = question->count;
    call_reply(call);
}

static int get_max_vcpus(struct call *call)
{
    const struct remote_text_opt_args *args = call->args;
    struct question *question = question_new(call);

    question->virt_type = args->value ? xstrdup(*args->value) : NULL;
    return ask(call, question, find_max_vcpus, answer_count);
}

static int make_capabilities(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->text = qemu_capabilities_xml(question->caps, err);
    return question->text ? 0 : -1;
}

static int get_capabilities(struct call *call)
{
    return ask(call, question_new(call), make_capabilities, answer_text);
}

static int make_domain_capabilities(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    if (question->emulator && !question->any_emulator &&
        qemu_check_is_found(question->emulator, err) < 0)
        return -1;
    question->text =
        qemu_domain_capabilities_xml(question->caps, question->emulator, question->arch,
                                     question->machine, question->virt_type, err);
    return question->text ? 0 : -1;
}

static char *copy_opt(wire_text_opt text)
{
    return text ? xstrdup(*text) : NULL;
}

static int get_domain_capabilities(struct call *call)
{
    const struct remote_domain_capabilities_args *args = call->args;
    struct question *question;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    question = question_new(call);
    question->emulator = copy_opt(args->emulator);
    question->any_emulator = call_may_reach_host(call);
    question->arch = copy_opt(args->arch);
    question->machine = copy_opt(args->machine);
    question->virt_type = copy_opt(args->virt_type);
    return ask(call, question, make_domain_capabilities, answer_text);
}

/* --- the emulator of an architecture --- */

static struct qemu_caps *probe_arch(const struct question *question, const char *arch,
                                    struct verror *err)
{
    _cleanup_free_ char *emulator = qemu_find_emulator(arch, err);

    return emulator ? qemu_caps_get(question->caps, emulator, NULL, err) : NULL;
}

static int find_cpu_models(void *opaque, struct verror *err)
{
    struct question *question = opaque;
    struct qemu_caps *caps = probe_arch(question, question->arch, err);

    if (!caps)
        return -1;
    question->names = qemu_caps_cpu_models(caps);
    qemu_caps_unref(caps);
    while (question->names[question->count] && question->count < CPU_MODELS_MAX)
        question->count++;
    return 0;
}

static void answer_cpu_models(struct call *call, void *opaque)
{
    const struct remote_cpu_models_args *args = call->args;
    struct question *question = opaque;
    struct remote_cpu_models_ret *ret = call->ret;

    ret->ret = question->count;
    if (args->need_results) {
        ret->models.models_len = (u_int)question->count;
        ret->models.models_val = xcalloc((size_t)question->count + 1, sizeof(wire_text));
        for (int i = 0; i < question->count; i++)
            ret->models.models_val[i] = xstrdup(question->names[i]);
    }
    call_reply(call);
}

static int get_cpu_model_names(struct call *call)
{
    const struct remote_cpu_models_args *args = call->args;
    struct question *question;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    question = question_new(call);
    question->arch = xstrdup(args->arch);
    return ask(call, question, find_cpu_models, answer_cpu_models);
}

/* Clients go on where a version is not supported, and only there. */
static int find_version(void *opaque, struct verror *err)
{
    _cleanup_verror_ struct verror why = VERROR_INIT;
    struct question *question = opaque;
    struct qemu_caps *caps = probe_arch(question, qemu_host_arch(), &why);

    if (!caps)
        return verror_set(err, VIR_ERR_NO_SUPPORT, "virConnectGetVersion: %s",
                          verror_text(&why));
    question->number = qemu_caps_version(caps);
    qemu_caps_unref(caps);
    return 0;
}

static int get_version(struct call *call)
{
    return ask(call, question_new(call), find_version, answer_number);
}

#define ROW(proc, function, who, kind, handle, ...)                                       \
    {                                                                                     \
        .number = REMOTE_PROC_##proc, .api = function, .access = ACCESS_##who,            \
        PROC_ON(CONNECT, READ),                                                           \
        .class = CLASS_##kind, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(CONNECT_GET_VERSION, "virConnectGetVersion", READ, DISK, get_version,
        PROC_RET(remote_uhyper_ret)),
    ROW(CONNECT_GET_MAX_VCPUS, "virConnectGetMaxVcpus", READ, DISK, get_max_vcpus,
        PROC_ARGS(remote_text_opt_args), PROC_RET(remote_int_ret)),
    ROW(CONNECT_GET_CAPABILITIES, "virConnectGetCapabilities", READ, DISK, get_capabilities,
        PROC_RET(remote_text_ret)),
    ROW(CONNECT_GET_DOMAIN_CAPABILITIES, "virConnectGetDomainCapabilities", WRITE, DISK,
        get_domain_capabilities, PROC_ARGS(remote_domain_capabilities_args),
        PROC_RET(remote_text_ret)),
    ROW(CONNECT_GET_CPU_MODEL_NAMES, "virConnectGetCPUModelNames", READ, DISK,
        get_cpu_model_names, PROC_ARGS(remote_cpu_models_args), PROC_RET(remote_cpu_models_ret)),
    ROW(NODE_GET_INFO, "virNodeGetInfo", READ, DISK, node_get_info,
        PROC_RET(remote_node_info_ret)),
    ROW(NODE_GET_FREE_MEMORY, "virNodeGetFreeMemory", READ, DISK, node_get_free_memory,
        PROC_RET(remote_uhyper_ret)),
    ROW(NODE_GET_CELLS_FREE_MEMORY, "virNodeGetCellsFreeMemory", READ, DISK, node_get_cells_free,
        PROC_ARGS(remote_cells_args), PROC_RET(remote_cells_ret)),
    ROW(NODE_GET_SECURITY_MODEL, "virNodeGetSecurityModel", READ, MEMORY,
        node_get_security_model, PROC_RET(remote_security_model_ret)),
};

const struct proc_table calls_host = { procs, ARRAY_SIZE(procs) };
