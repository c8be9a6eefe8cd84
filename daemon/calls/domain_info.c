/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain calls that only read.  Loop thread, from memory: they are
 * answered whatever a guest does.  Texts that must be made from a definition are
 * a worker's.
 */

#include <string.h>

#include "calls/agent_call.h"
#include "hypervisor/qemu/block_job.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/job_xml.h"

enum {
    XML_FLAGS = VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_UPDATE_CPU |
                VIR_DOMAIN_XML_MIGRATABLE,
    XML_SECURE_FLAGS = VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_MIGRATABLE,
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    /* virDomainControlErrorReason: the monitor */
    CONTROL_ERROR_MONITOR = 2,
};

/* --- from memory --- */

static int get_info(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_domain_info_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);
    const struct domain_def *def;

    if (!domain)
        return -1;
    def = domain_def_now(domain);
    *ret = (struct remote_domain_info_ret){
        .state = (u_char)domain->state,
        .max_memory = def->memory_kib,
        .memory = domain_memory_kib(domain),
        .vcpus = (u_short)def->vcpus,
        .cpu_time = domain_cpu_time(domain),
    };
    return 0;
}

static int get_state(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_domain_state_ret *ret = call->ret;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    ret->state = domain->state;
    ret->reason = domain->reason;
    return 0;
}

static int get_os_type(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_text_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    if (!domain)
        return -1;
    ret->value = xstrdup(domain_def_now(domain)->os_type);
    return 0;
}

static int get_max_memory(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_uhyper_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    if (!domain)
        return -1;
    ret->value = domain_def_now(domain)->memory_kib;
    return 0;
}

static int get_max_vcpus(struct call *call)
{
    const struct remote_domain_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    if (!domain)
        return -1;
    ret->value = (int)domain_def_now(domain)->max_vcpus;
    return 0;
}

static int get_vcpus_flags(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct domain *domain;
    const struct domain_def *def;

    if (call_check_flags(call, args->flags,
                         AFFECT_FLAGS | VIR_DOMAIN_VCPU_MAXIMUM | VIR_DOMAIN_VCPU_GUEST) < 0 ||
        call_check_one_affected(call, args->flags) < 0)
        return -1;
    if (args->flags & VIR_DOMAIN_VCPU_GUEST && !call_may(call, OPERATION_MONITOR))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED, "%s with guest flag",
                          call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    if (args->flags & VIR_DOMAIN_VCPU_GUEST)
        return agent_count_vcpus(call);
    def = call_domain_def(call, domain, args->flags);
    if (!def)
        return -1;
    ret->value = (int)(args->flags & VIR_DOMAIN_VCPU_MAXIMUM ? def->max_vcpus : def->vcpus);
    return 0;
}

static int get_bool(struct call *call, bool (*get)(const struct domain *domain))
{
    const struct remote_domain_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct domain *domain = call_domain(call, &args->domain);

    if (!domain)
        return -1;
    ret->value = get(domain);
    return 0;
}

static bool is_autostarted(const struct domain *domain)
{
    return domain->autostart;
}

static bool is_persistent(const struct domain *domain)
{
    return domain->config;
}

static bool is_updated(const struct domain *domain)
{
    return domain->updated;
}

static int get_autostart(struct call *call)
{
    return get_bool(call, is_autostarted);
}

static int get_is_active(struct call *call)
{
    return get_bool(call, domain_is_active);
}

static int get_is_persistent(struct call *call)
{
    return get_bool(call, is_persistent);
}

static int get_is_updated(struct call *call)
{
    return get_bool(call, is_updated);
}

static int has_managed_save_image(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    ret->value = domain->managed_save;
    return 0;
}

/* --- what no domain here has: a zeroed result says none --- */

static int get_messages(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    return call_check_flags(call, args->flags, 0) == 0 && call_domain(call, &args->domain) ? 0 :
                                                                                             -1;
}

/* --- its monitor --- */

static bool monitor_is_lost(const struct guest *guest)
{
    return !guest->starting && (!guest->monitor || !monitor_is_open(guest->monitor));
}

static int get_control_info(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_domain_control_ret *ret = call->ret;
    const struct domain *domain;
    struct job_snapshot snapshot;
    struct job *job;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        domain_check_active(domain, &call->err) < 0)
        return -1;
    job = call_domain_job(call, domain);
    if (monitor_is_lost(domain->guest)) {
        ret->state = VIR_DOMAIN_CONTROL_ERROR;
        ret->details = CONTROL_ERROR_MONITOR;
    } else if (job && !job_state_is_ended(job_state(job))) {
        job_snapshot(job, &snapshot);
        ret->state = VIR_DOMAIN_CONTROL_JOB;
        ret->state_time = snapshot.running_ms;
    }
    return 0;
}

/* --- texts, on a worker --- */

struct text_input {
    struct domain_def *def; /* a reference */
    unsigned int flags;
    uint64_t memory_kib; /* what the guest has; 0 = what def says */
    char *job_xml; /* or NULL */
    struct disk_mirror *mirrors;
    size_t nmirrors;
    int type;      /* of metadata */
    char *uri;
    char *text; /* what came out */
};

static void free_text_input(void *opaque)
{
    struct text_input *input = opaque;

    domain_def_unref(input->def);
    free(input->job_xml);
    block_job_free_mirrors(input->mirrors, input->nmirrors);
    free(input->uri);
    free(input->text);
    free(input);
}

static void answer_text(struct call *call, void *opaque)
{
    struct text_input *input = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(input->text);
    call_reply(call);
}

static int offload_text(struct call *call, struct text_input *input,
                        int (*work)(void *input, struct verror *err))
{
    const struct offload offload = {
        .input = input,
        .free_input = free_text_input,
        .work = work,
        .then = answer_text,
    };

    call_offload(call, &offload);
    return CALL_PENDING;
}

/* Our element for a job that has not ended, or NULL. */
static char *running_job_xml(struct job *job)
{
    struct job_snapshot snapshot;

    if (!job || job_state_is_ended(job_state(job)))
        return NULL;
    job_snapshot(job, &snapshot);
    return job_xml_format(job_id(job), job_kind_of(job)->name, job_state_name(job_state(job)),
                          snapshot.percent);
}

/* The definition with the memory that the guest's balloon has left it. */
static int put_memory(struct text_input *input, struct verror *err)
{
    struct domain_def *def = input->def;

    if (input->memory_kib == 0 || input->memory_kib == def->current_kib)
        return 0;
    input->def = domain_def_set_memory(def, def->memory_kib, input->memory_kib, err);
    domain_def_unref(def);
    return input->def ? 0 : -1;
}

/* What its disks are being copied to. */
static int put_mirrors(struct text_input *input, struct verror *err)
{
    struct domain_def *def = input->def;

    if (input->nmirrors == 0)
        return 0;
    input->def = domain_def_add_mirrors(def, input->mirrors, input->nmirrors, err);
    domain_def_unref(def);
    return input->def ? 0 : -1;
}

static int format_xml(void *opaque, struct verror *err)
{
    struct text_input *input = opaque;

    if (put_memory(input, err) < 0 || put_mirrors(input, err) < 0)
        return -1;
    input->text = domain_def_format(input->def, input->flags, input->job_xml);
    return 0;
}

static int get_xml_desc(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    const struct domain *domain;
    struct text_input *input;
    bool config;

    if (call_check_flags(call, args->flags, XML_FLAGS) < 0)
        return -1;
    if (args->flags & XML_SECURE_FLAGS && !call_may(call, OPERATION_DATA))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED, "%s with secure flag",
                          call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    config = args->flags & VIR_DOMAIN_XML_INACTIVE && domain->config;
    input = XNEW(struct text_input);
    input->def = domain_def_ref(config ? domain->config : domain_def_now(domain));
    input->flags = args->flags;
    if (!config && domain_is_active(domain))
        input->memory_kib = domain_memory_kib(domain);
    if (!config && domain->guest)
        input->nmirrors = block_job_mirrors(domain->guest, &input->mirrors);
    if (!(args->flags & (VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_MIGRATABLE)))
        input->job_xml = running_job_xml(call_domain_job(call, domain));
    return offload_text(call, input, format_xml);
}

static int find_metadata(void *opaque, struct verror *err)
{
    struct text_input *input = opaque;

    input->text = domain_def_get_metadata(input->def, input->type, input->uri, err);
    return input->text ? 0 : -1;
}

static int get_metadata(struct call *call)
{
    const struct remote_domain_get_metadata_args *args = call->args;
    const struct domain *domain;
    struct text_input *input;
    struct domain_def *def;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    input = XNEW(struct text_input);
    input->def = domain_def_ref(def);
    input->type = args->type;
    input->uri = args->uri ? xstrdup(*args->uri) : NULL;
    return offload_text(call, input, find_metadata);
}

#define ROW(proc, function, reader, ...)                                                  \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_READ,      \
        PROC_ON(DOMAIN, READ),                                                            \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = reader,          \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(GET_INFO, "virDomainGetInfo", get_info, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_domain_info_ret)),
    ROW(GET_STATE, "virDomainGetState", get_state, PROC_ARGS(remote_domain_flags_args),
        PROC_RET(remote_domain_state_ret)),
    ROW(GET_XML_DESC, "virDomainGetXMLDesc", get_xml_desc, PROC_ARGS(remote_domain_flags_args),
        PROC_RET(remote_text_ret)),
    ROW(GET_OS_TYPE, "virDomainGetOSType", get_os_type, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_text_ret)),
    ROW(GET_MAX_MEMORY, "virDomainGetMaxMemory", get_max_memory, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_uhyper_ret)),
    ROW(GET_MAX_VCPUS, "virDomainGetMaxVcpus", get_max_vcpus, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_int_ret)),
    ROW(GET_VCPUS_FLAGS, "virDomainGetVcpusFlags", get_vcpus_flags,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_int_ret)),
    ROW(GET_AUTOSTART, "virDomainGetAutostart", get_autostart, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_int_ret)),
    ROW(IS_ACTIVE, "virDomainIsActive", get_is_active, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_int_ret)),
    ROW(IS_PERSISTENT, "virDomainIsPersistent", get_is_persistent, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_int_ret)),
    ROW(IS_UPDATED, "virDomainIsUpdated", get_is_updated, PROC_ARGS(remote_domain_args),
        PROC_RET(remote_int_ret)),
    ROW(HAS_MANAGED_SAVE_IMAGE, "virDomainHasManagedSaveImage", has_managed_save_image,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_int_ret)),
    ROW(GET_MESSAGES, "virDomainGetMessages", get_messages, PROC_ARGS(remote_domain_flags_args),
        PROC_RET(remote_messages_ret)),
    ROW(GET_CONTROL_INFO, "virDomainGetControlInfo", get_control_info,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_domain_control_ret)),
    ROW(GET_METADATA, "virDomainGetMetadata", get_metadata,
        PROC_ARGS(remote_domain_get_metadata_args), PROC_RET(remote_text_ret)),
};

const struct proc_table calls_domain_info = { procs, ARRAY_SIZE(procs) };
