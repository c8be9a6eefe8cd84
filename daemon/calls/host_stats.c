/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls about what the host has done and has left.  A worker reads /proc
 * and /sys; what it found becomes the reply on the loop thread.
 */

#include "calls/job_call.h"
#include "hypervisor/host_stats.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { PAGES_MAX = REMOTE_CELLS_MAX };

/* What a worker is asked, and what it found; each call uses its part. */
struct question {
    /* asked */
    int which, nparams;
    unsigned int *pages, ncells;
    size_t npages;
    /* found */
    struct host_stat stats[HOST_MEMORY_STATS];
    int count;
    struct host_cpu_map map;
    uint64_t *counts;
    size_t ncounts;
    char *text;
};

static void free_question(void *opaque)
{
    struct question *question = opaque;

    free(question->pages);
    free(question->map.bits);
    free(question->counts);
    free(question->text);
    free(question);
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

/* --- numbers by name: first how many there are, then they themselves --- */

static int check_count(const struct question *question, struct verror *err)
{
    if (question->nparams == 0 || question->nparams == question->count)
        return 0;
    return verror_set(err, VIR_ERR_INVALID_ARG, "%d parameters: there are %d", question->nparams,
                      question->count);
}

static void answer_stats(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    struct remote_node_stats_ret *ret = call->ret;

    ret->nparams = question->count;
    if (question->nparams) {
        ret->params.params_len = (u_int)question->count;
        ret->params.params_val =
            xcalloc((size_t)question->count, sizeof(*ret->params.params_val));
        for (int i = 0; i < question->count; i++) {
            ret->params.params_val[i].field = xstrdup(question->stats[i].name);
            ret->params.params_val[i].value = question->stats[i].value;
        }
    }
    call_reply(call);
}

static int read_cpu_stats(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->count = HOST_CPU_STATS;
    if (host_get_cpu_stats("", question->which, question->stats, err) < 0)
        return -1;
    return check_count(question, err);
}

static int read_memory_stats(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->count = host_get_memory_stats("", question->which, question->stats, err);
    return question->count < 0 ? -1 : check_count(question, err);
}

static int get_cpu_stats(struct call *call)
{
    const struct remote_node_stats_args *args = call->args;
    struct question *question;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    question = XNEW(struct question);
    question->which = args->first;
    question->nparams = args->second;
    return ask(call, question, read_cpu_stats, answer_stats);
}

/* The same two numbers, the other way round. */
static int get_memory_stats(struct call *call)
{
    const struct remote_node_stats_args *args = call->args;
    struct question *question;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    question = XNEW(struct question);
    question->nparams = args->first;
    question->which = args->second;
    return ask(call, question, read_memory_stats, answer_stats);
}

/* --- which CPUs there are --- */

static int read_cpu_map(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    return host_get_cpu_map("", &question->map, err);
}

static void answer_cpu_map(struct call *call, void *opaque)
{
    const struct remote_node_cpu_map_args *args = call->args;
    struct question *question = opaque;
    struct remote_node_cpu_map_ret *ret = call->ret;

    if (args->need_map) {
        ret->map.map_len = (u_int)question->map.len;
        ret->map.map_val = (char *)STEAL_PTR(question->map.bits);
    }
    if (args->need_online)
        ret->online = question->map.online;
    ret->ret = (int)question->map.present;
    call_reply(call);
}

static int get_cpu_map(struct call *call)
{
    const struct remote_node_cpu_map_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return ask(call, XNEW(struct question), read_cpu_map, answer_cpu_map);
}

/* --- pages --- */

static int count_pages(struct question *question, int cell, struct verror *err)
{
    for (size_t i = 0; i < question->npages; i++) {
        if (host_get_free_pages("", cell, question->pages[i],
                                &question->counts[question->ncounts], err) < 0)
            return -1;
        question->ncounts++;
    }
    return 0;
}

/* Cells behind the last one are left out, as libvirt does; -1 is all of them at once. */
static int read_free_pages(void *opaque, struct verror *err)
{
    struct question *question = opaque;
    unsigned int last;

    question->counts = xcalloc(question->npages * question->ncells, sizeof(*question->counts));
    if (question->which == HOST_STATS_ALL)
        return count_pages(question, HOST_STATS_ALL, err);
    if (host_get_last_cell("", &last, err) < 0)
        return -1;
    if ((unsigned int)question->which > last)
        return verror_set(err, VIR_ERR_INVALID_ARG, "start cell %d out of range (0-%u)",
                          question->which, last);
    for (unsigned int i = 0; i < question->ncells && (unsigned int)question->which + i <= last; i++)
        if (count_pages(question, question->which + (int)i, err) < 0)
            return -1;
    return 0;
}

static void answer_free_pages(struct call *call, void *opaque)
{
    const struct question *question = opaque;
    struct remote_cells_ret *ret = call->ret;

    ret->cells.cells_len = (u_int)question->ncounts;
    ret->cells.cells_val = xcalloc(question->ncounts + 1, sizeof(*ret->cells.cells_val));
    for (size_t i = 0; i < question->ncounts; i++)
        ret->cells.cells_val[i] = question->counts[i];
    call_reply(call);
}

static int get_free_pages(struct call *call)
{
    const struct remote_free_pages_args *args = call->args;
    struct question *question;
    u_int npages = args->pages.pages_len;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->start < HOST_STATS_ALL || npages == 0 || args->count == 0 ||
        args->count > PAGES_MAX / npages)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "%u page sizes of %u cells from cell %d: of 1 to %d numbers in function "
                          "%s",
                          npages, args->count, args->start, PAGES_MAX, call->proc->api);
    question = XNEW(struct question);
    question->which = args->start;
    question->ncells = args->count;
    question->npages = npages;
    question->pages = xcalloc(npages, sizeof(*question->pages));
    for (u_int i = 0; i < npages; i++)
        question->pages[i] = args->pages.pages_val[i];
    return ask(call, question, read_free_pages, answer_free_pages);
}

/* --- what it is --- */

static int read_sysinfo(void *opaque, struct verror *err)
{
    struct question *question = opaque;

    question->text = host_sysinfo_xml("", err);
    return question->text ? 0 : -1;
}

static void answer_sysinfo(struct call *call, void *opaque)
{
    struct question *question = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(question->text);
    call_reply(call);
}

static int get_sysinfo(struct call *call)
{
    const struct remote_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return ask(call, XNEW(struct question), read_sysinfo, answer_sysinfo);
}

#define ROW(proc, function, handle, args, ret)                                            \
    {                                                                                     \
        .number = REMOTE_PROC_##proc, .api = function, .access = ACCESS_READ,             \
        .class = CLASS_DISK, .error_domain = VIR_FROM_QEMU, .handler = handle,            \
        PROC_ON(CONNECT, READ), PROC_ARGS(args), PROC_RET(ret)                            \
    }

static const struct proc procs[] = {
    ROW(CONNECT_GET_SYSINFO, "virConnectGetSysinfo", get_sysinfo, remote_flags_args,
        remote_text_ret),
    ROW(NODE_GET_CPU_STATS, "virNodeGetCPUStats", get_cpu_stats, remote_node_stats_args,
        remote_node_stats_ret),
    ROW(NODE_GET_MEMORY_STATS, "virNodeGetMemoryStats", get_memory_stats, remote_node_stats_args,
        remote_node_stats_ret),
    ROW(NODE_GET_CPU_MAP, "virNodeGetCPUMap", get_cpu_map, remote_node_cpu_map_args,
        remote_node_cpu_map_ret),
    ROW(NODE_GET_FREE_PAGES, "virNodeGetFreePages", get_free_pages, remote_free_pages_args,
        remote_cells_ret),
};

const struct proc_table calls_host_stats = { procs, ARRAY_SIZE(procs) };
