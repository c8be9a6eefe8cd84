/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the host shares the memory of its guests: the kernel's settings, read and
 * changed by a worker; the loop answers.
 */

#include <string.h>

#include "calls/job_call.h"
#include "calls/typed_params.h"
#include "hypervisor/host_ksm.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { TYPED_STRINGS = 1 << 2 /* the client takes texts among parameters; here are none */ };

/* --- reading --- */

struct ksm_question {
    int max;
    struct param_list found;
};

static void free_question(void *opaque)
{
    struct ksm_question *question = opaque;

    param_list_clear(&question->found);
    free(question);
}

static int read_ksm(void *opaque, _unused_ struct verror *err)
{
    struct ksm_question *question = opaque;
    uint64_t value;

    for (int i = 0; i < HOST_KSM_FIELDS && (int)question->found.count < question->max; i++) {
        if (host_ksm_get("", i, &value))
            param_add_number(&question->found, host_ksm_fields[i].name,
                             host_ksm_fields[i].is_setting ? WIRE_PARAM_UINT : WIRE_PARAM_ULLONG,
                             value);
    }
    return 0;
}

static void answer(struct call *call, void *opaque)
{
    struct ksm_question *question = opaque;
    struct remote_params_ret *ret = call->ret;

    ret->params.params_len = question->found.count;
    ret->params.params_val = STEAL_PTR(question->found.params);
    ret->nparams = (int)question->found.count;
    question->found.count = 0;
    call_reply(call);
}

static int get_memory(struct call *call)
{
    const struct remote_int_flags_args *args = call->args;
    struct offload offload = { .free_input = free_question, .work = read_ksm, .then = answer };
    struct remote_params_ret *ret = call->ret;
    struct ksm_question *question;

    if (call_check_flags(call, args->flags, TYPED_STRINGS) < 0)
        return -1;
    if (args->value <= 0) {
        ret->nparams = HOST_KSM_FIELDS;
        return 0;
    }
    offload.input = question = XNEW(struct ksm_question);
    question->max = args->value;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- changing --- */

static void free_params(void *opaque)
{
    json_decref(opaque);
}

static int write_ksm(void *opaque, struct verror *err)
{
    json_t *params = opaque;

    for (int i = 0; i < HOST_KSM_FIELDS; i++) {
        const json_t *value = json_object_get(params, host_ksm_fields[i].name);

        if (value && host_ksm_set("", i, (unsigned int)json_integer_value(value), err) < 0)
            return -1;
    }
    return 0;
}

static void written(struct call *call, _unused_ void *opaque)
{
    call_reply(call);
}

static int set_memory(struct call *call)
{
    const struct remote_domain_restore_params_args *args = call->args;
    struct offload offload = { .free_input = free_params, .work = write_ksm, .then = written };
    struct param_rule rules[HOST_KSM_FIELDS];
    size_t nrules = 0;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    for (int i = 0; i < HOST_KSM_FIELDS; i++) {
        if (host_ksm_fields[i].is_setting)
            rules[nrules++] = (struct param_rule){ host_ksm_fields[i].name, WIRE_PARAM_UINT };
    }
    offload.input = call_take_params(call, args->params.params_val, args->params.params_len,
                                     rules, nrules);
    if (!offload.input)
        return -1;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_NODE_GET_MEMORY_PARAMETERS, .api = "virNodeGetMemoryParameters",
      .access = ACCESS_READ, .class = CLASS_DISK, PROC_ON(CONNECT, READ),
      .error_domain = VIR_FROM_QEMU, PROC_ARGS(remote_int_flags_args),
      PROC_RET(remote_params_ret), .handler = get_memory },
    { .number = REMOTE_PROC_NODE_SET_MEMORY_PARAMETERS, .api = "virNodeSetMemoryParameters",
      .access = ACCESS_WRITE, .class = CLASS_CHANGE, PROC_ON(CONNECT, CHANGE),
      .error_domain = VIR_FROM_QEMU, PROC_ARGS(remote_domain_restore_params_args),
      .handler = set_memory },
};

const struct proc_table calls_host_memory = { procs, ARRAY_SIZE(procs) };
