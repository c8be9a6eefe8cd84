/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits that control groups would keep: of CPU, memory and disks.  Guests are
 * not put into groups of their own, so each of these calls answers as libvirt
 * does where the controller is not there; nothing is written into a definition
 * that would then not be kept.  Only where memory is to come from is told, which
 * is nowhere in particular but in a definition that says so.  Loop thread, but
 * for reading that.
 */

#include "calls/domain_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

enum {
    TYPED_STRINGS = 1 << 2, /* the client takes texts among parameters */
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
};

struct tuning {
    const char *what;       /* as libvirt's messages name it */
    const char *controller; /* the group that would keep it */
    int session_code;
};
static const struct tuning tuning_cpu = { "CPU", "cgroup CPU controller",
                                          VIR_ERR_OPERATION_UNSUPPORTED },
                           tuning_memory = { "Memory", "cgroup memory controller",
                                             VIR_ERR_OPERATION_UNSUPPORTED },
                           tuning_blkio = { "Block I/O", "blkio cgroup",
                                            VIR_ERR_CONFIG_UNSUPPORTED },
                           tuning_numa = { "NUMA", "cgroup cpuset controller",
                                           VIR_ERR_OPERATION_UNSUPPORTED };

/* Always -1, but that the first thing wrong is said first. */
static int refuse(struct call *call, const struct wire_domain *wire, unsigned int flags,
                  const struct tuning *tuning)
{
    const struct domain *domain;

    if (call_check_flags(call, flags, AFFECT_FLAGS | TYPED_STRINGS) < 0 ||
        !(domain = call_domain(call, wire)))
        return -1;
    if (call->daemon->session)
        return verror_set(&call->err, tuning->session_code,
                          "%s tuning is not available in session mode", tuning->what);
    if (!call_domain_def(call, domain, flags))
        return -1;
    if (flags & VIR_DOMAIN_AFFECT_CONFIG)
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "%s tuning of a definition: guests get no control groups here, so it "
                          "could not be kept", tuning->what);
    return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "%s is not mounted",
                      tuning->controller);
}

static int get_scheduler_type(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return refuse(call, &args->domain, 0, &tuning_cpu);
}

static int get_scheduler(struct call *call)
{
    const struct remote_domain_int_args *args = call->args;

    return refuse(call, &args->domain, 0, &tuning_cpu);
}

static int set_scheduler(struct call *call)
{
    const struct remote_domain_params_args *args = call->args;

    return refuse(call, &args->domain, 0, &tuning_cpu);
}

/* The others have their arguments in two shapes. */
#define GETTER(name)                                                                      \
    static int get_##name(struct call *call)                                              \
    {                                                                                     \
        const struct remote_domain_int_flags_args *args = call->args;                     \
                                                                                          \
        return refuse(call, &args->domain, args->flags, &tuning_##name);                  \
    }
#define SETTER(name)                                                                      \
    static int set_##name(struct call *call)                                              \
    {                                                                                     \
        const struct remote_domain_params_flags_args *args = call->args;                  \
                                                                                          \
        return refuse(call, &args->domain, args->flags, &tuning_##name);                  \
    }

GETTER(cpu)
GETTER(memory)
GETTER(blkio)
SETTER(cpu)
SETTER(memory)
SETTER(blkio)
SETTER(numa)

/* --- where memory is to come from --- */

struct numa_question {
    struct domain_def *def;
    int mode; /* virDomainNumatuneMemMode */
    char *nodes;
};

static void free_numa(void *opaque)
{
    struct numa_question *question = opaque;

    domain_def_unref(question->def);
    free(question->nodes);
    free(question);
}

static int read_numa(void *opaque, struct verror *err)
{
    static const char *const modes[] = { "strict", "preferred", "interleave", "restrictive" };
    struct numa_question *question = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(question->def);
    xmlNodePtr memory = xml_child_of_child(xmlDocGetRootElement(doc), "numatune", "memory");

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (memory && xml_attribute_is(memory, "mode", modes[i]))
            question->mode = (int)i;
    question->nodes = xml_attribute(memory, "nodeset");
    if (!question->nodes)
        question->nodes = xstrdup("");
    return 0;
}

enum { NUMA_PARAMS = 2 };

static void answer_numa(struct call *call, void *opaque)
{
    const struct remote_domain_int_flags_args *args = call->args;
    struct numa_question *question = opaque;
    struct remote_params_ret *ret = call->ret;
    struct wire_param *params = xcalloc(NUMA_PARAMS, sizeof(*params));
    int count = args->flags & TYPED_STRINGS ? NUMA_PARAMS : 1;

    if (count > args->value)
        count = args->value;
    params[0].field = xstrdup("numa_mode");
    params[0].value.type = WIRE_PARAM_INT;
    params[0].value.wire_param_value_u.i = question->mode;
    if (count > 1) {
        params[1].field = xstrdup("numa_nodeset");
        params[1].value.type = WIRE_PARAM_STRING;
        params[1].value.wire_param_value_u.s = STEAL_PTR(question->nodes);
    }
    ret->params.params_val = params;
    ret->params.params_len = (u_int)count;
    ret->nparams = count;
    call_reply(call);
}

static int get_numa(struct call *call)
{
    const struct remote_domain_int_flags_args *args = call->args;
    struct offload offload = { .free_input = free_numa, .work = read_numa, .then = answer_numa };
    struct remote_params_ret *ret = call->ret;
    struct numa_question *question;
    const struct domain *domain;
    struct domain_def *def;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS | TYPED_STRINGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    if (args->value <= 0) {
        ret->nparams = args->flags & TYPED_STRINGS ? NUMA_PARAMS : 1;
        return 0;
    }
    offload.input = question = XNEW(struct numa_question);
    question->def = domain_def_ref(def);
    call_offload(call, &offload);
    return CALL_PENDING;
}

#define ROW(proc, function, who, what, handle, ...)                                       \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,     \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                \
    }
#define GET_ROW(proc, function, handle, ret)                                              \
    ROW(proc, function, READ, READ, handle, PROC_ARGS(remote_domain_int_flags_args), PROC_RET(ret))
#define SET_ROW(proc, function, handle)                                                   \
    ROW(proc, function, WRITE, CHANGE, handle, PROC_ARGS(remote_domain_params_flags_args))

static const struct proc procs[] = {
    ROW(GET_SCHEDULER_TYPE, "virDomainGetSchedulerType", READ, READ, get_scheduler_type,
        PROC_ARGS(remote_domain_args), PROC_RET(remote_domain_scheduler_type_ret)),
    ROW(GET_SCHEDULER_PARAMETERS, "virDomainGetSchedulerParameters", READ, READ, get_scheduler,
        PROC_ARGS(remote_domain_int_args), PROC_RET(remote_domain_params_ret)),
    ROW(SET_SCHEDULER_PARAMETERS, "virDomainSetSchedulerParameters", WRITE, CHANGE, set_scheduler,
        PROC_ARGS(remote_domain_params_args)),
    GET_ROW(GET_SCHEDULER_PARAMETERS_FLAGS, "virDomainGetSchedulerParametersFlags", get_cpu,
            remote_domain_params_ret),
    SET_ROW(SET_SCHEDULER_PARAMETERS_FLAGS, "virDomainSetSchedulerParametersFlags", set_cpu),
    GET_ROW(GET_MEMORY_PARAMETERS, "virDomainGetMemoryParameters", get_memory,
            remote_params_ret),
    SET_ROW(SET_MEMORY_PARAMETERS, "virDomainSetMemoryParameters", set_memory),
    GET_ROW(GET_BLKIO_PARAMETERS, "virDomainGetBlkioParameters", get_blkio, remote_params_ret),
    SET_ROW(SET_BLKIO_PARAMETERS, "virDomainSetBlkioParameters", set_blkio),
    GET_ROW(GET_NUMA_PARAMETERS, "virDomainGetNumaParameters", get_numa, remote_params_ret),
    SET_ROW(SET_NUMA_PARAMETERS, "virDomainSetNumaParameters", set_numa),
};

const struct proc_table calls_domain_tune = { procs, ARRAY_SIZE(procs) };
