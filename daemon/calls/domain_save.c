/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that save, restore and dump guests: each checks, makes a spec,
 * starts a job.  What an image holds is read on a worker first
 * (domain_image.h).  Loop thread.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "calls/domain_image.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    SAVE_FLAGS = VIR_DOMAIN_SAVE_BYPASS_CACHE | VIR_DOMAIN_SAVE_RUNNING | VIR_DOMAIN_SAVE_PAUSED,
    RESTORE_FLAGS = SAVE_FLAGS | VIR_DOMAIN_SAVE_RESET_NVRAM,
    DUMP_FLAGS = VIR_DUMP_CRASH | VIR_DUMP_LIVE | VIR_DUMP_BYPASS_CACHE | VIR_DUMP_RESET |
                 VIR_DUMP_MEMORY_ONLY,
};

static int check_save_flags(struct call *call, unsigned int flags, unsigned int allowed)
{
    if (call_check_flags(call, flags, allowed | CALL_ASYNC) < 0)
        return -1;
    return call_check_exclusive(call, flags, domain_image_states, domain_image_nstates);
}

/* --- parameters --- */

/* Borrowed from the call's arguments. */
struct save_params {
    const char *file, *xml;
};

static int take_param(struct call *call, const struct wire_param *param,
                      struct save_params *params)
{
    const char **value = NULL;

    if (strcmp(param->field, VIR_DOMAIN_SAVE_PARAM_FILE) == 0)
        value = &params->file;
    else if (strcmp(param->field, VIR_DOMAIN_SAVE_PARAM_DXML) == 0)
        value = &params->xml;
    if (!value)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "parameter '%s' is not known in function %s", param->field,
                          call->proc->api);
    if (param->value.type != WIRE_PARAM_STRING)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "parameter '%s' in function %s is no string", param->field,
                          call->proc->api);
    if (*value)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "parameter '%s' is there twice in function %s", param->field,
                          call->proc->api);
    *value = param->value.wire_param_value_u.s;
    return 0;
}

static int take_params(struct call *call, const struct wire_param *given, u_int ngiven,
                       struct save_params *ret_params)
{
    for (u_int i = 0; i < ngiven; i++) {
        if (take_param(call, &given[i], ret_params) < 0)
            return -1;
    }
    return 0;
}

/* --- save --- */

/* More than that a file is made: the guest ends, and a definition is what one starts by later. */
static int check_save_rights(struct call *call, const char *xml)
{
    if (call_check_right(call, OPERATION_CONTROL, "the end of the guest") < 0)
        return -1;
    return xml ? call_check_right(call, OPERATION_CHANGE, "a definition") : 0;
}

/* to NULL: into the domain's own image. */
static int start_save(struct call *call, const struct wire_domain *wire, const char *to,
                      const char *xml, unsigned int flags)
{
    struct domain *domain;
    struct domain_spec *spec;

    if (check_save_rights(call, xml) < 0 || !(domain = call_domain(call, wire)))
        return -1;
    spec = domain_spec_new(domain);
    spec->flags = flags & ~CALL_ASYNC;
    spec->path = xstrdup(to);
    spec->xml = xstrdup(xml);
    return call_start_domain_job(call, to ? &domain_job_save : &domain_job_managed_save, spec,
                                 flags & CALL_ASYNC, NULL);
}

static int save(struct call *call)
{
    const struct remote_domain_text_args *args = call->args;

    return start_save(call, &args->domain, args->value, NULL, 0);
}

static int save_flags(struct call *call)
{
    const struct remote_domain_save_args *args = call->args;

    if (check_save_flags(call, args->flags, SAVE_FLAGS) < 0)
        return -1;
    return start_save(call, &args->domain, args->to, args->xml ? *args->xml : NULL, args->flags);
}

static int save_params(struct call *call)
{
    const struct remote_domain_save_params_args *args = call->args;
    struct save_params params = { 0 };

    if (check_save_flags(call, args->flags, SAVE_FLAGS) < 0 ||
        take_params(call, args->params.params_val, args->params.params_len, &params) < 0)
        return -1;
    return start_save(call, &args->domain, params.file, params.xml, args->flags);
}

static int managed_save(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (check_save_flags(call, args->flags, SAVE_FLAGS) < 0)
        return -1;
    return start_save(call, &args->domain, NULL, NULL, args->flags);
}

static int managed_save_remove(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    return call_start_domain_job(call, &domain_job_managed_save_remove, domain_spec_new(domain),
                                 false, NULL);
}

/* --- restore --- */

static void restore_read(struct call *call, void *opaque)
{
    struct domain_image *image = opaque;
    struct domain_spec *spec = domain_spec_from_def(call->daemon->domains, image->def);

    spec->flags = image->flags & ~CALL_ASYNC;
    spec->path = STEAL_PTR(image->path);
    call_start_domain_job(call, &domain_job_restore, spec, image->flags & CALL_ASYNC, NULL);
}

static int start_restore(struct call *call, const char *from, const char *xml, unsigned int flags)
{
    struct domain_image *image = domain_image_new(call, from, xml, flags);

    return image ? domain_image_offload(call, image, domain_image_read, restore_read) : -1;
}

static int restore(struct call *call)
{
    const struct remote_text_args *args = call->args;

    return start_restore(call, args->value, NULL, 0);
}

static int restore_flags(struct call *call)
{
    const struct remote_domain_restore_args *args = call->args;

    if (check_save_flags(call, args->flags, RESTORE_FLAGS) < 0)
        return -1;
    return start_restore(call, args->from, args->xml ? *args->xml : NULL, args->flags);
}

static int restore_params(struct call *call)
{
    const struct remote_domain_restore_params_args *args = call->args;
    struct save_params params = { 0 };

    if (check_save_flags(call, args->flags, RESTORE_FLAGS) < 0 ||
        take_params(call, args->params.params_val, args->params.params_len, &params) < 0)
        return -1;
    if (!params.file)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "parameter '%s' is missing in function %s",
                          VIR_DOMAIN_SAVE_PARAM_FILE, call->proc->api);
    return start_restore(call, params.file, params.xml, args->flags);
}

/* --- dump --- */

static int start_dump(struct call *call, const struct wire_domain *wire, const char *to,
                      unsigned int format, unsigned int flags)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DUMP_CRASH, VIR_DUMP_LIVE, "crash", "live" },
        { VIR_DUMP_CRASH, VIR_DUMP_RESET, "crash", "reset" },
        { VIR_DUMP_LIVE, VIR_DUMP_RESET, "live", "reset" },
    };
    struct domain *domain;
    struct domain_spec *spec;

    if (call_check_flags(call, flags, DUMP_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    if (format >= VIR_DOMAIN_CORE_DUMP_FORMAT_LAST)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "dump format %u is not known in function %s", format,
                          call->proc->api);
    if (format != VIR_DOMAIN_CORE_DUMP_FORMAT_RAW && !(flags & VIR_DUMP_MEMORY_ONLY))
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "dump format %u is there only for memory-only dumps", format);
    if (flags & (VIR_DUMP_CRASH | VIR_DUMP_RESET) &&
        call_check_right(call, OPERATION_CONTROL,
                         flags & VIR_DUMP_CRASH ? "VIR_DUMP_CRASH" : "VIR_DUMP_RESET") < 0)
        return -1;
    domain = call_domain(call, wire);
    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->flags = flags & ~CALL_ASYNC;
    spec->path = xstrdup(to);
    spec->format = (int)format;
    return call_start_domain_job(call, &domain_job_dump, spec, flags & CALL_ASYNC, NULL);
}

static int core_dump(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;

    return start_dump(call, &args->domain, args->value, VIR_DOMAIN_CORE_DUMP_FORMAT_RAW,
                      args->flags);
}

static int core_dump_with_format(struct call *call)
{
    const struct remote_domain_dump_args *args = call->args;

    return start_dump(call, &args->domain, args->to, args->format, args->flags);
}

#define ROW(what, proc, function, changer, ...)                                           \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        PROC_ON(DOMAIN, what),                                                            \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = changer,         \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(DATA, SAVE, "virDomainSave", save, PROC_ARGS(remote_domain_text_args)),
    ROW(DATA, SAVE_FLAGS, "virDomainSaveFlags", save_flags, PROC_ARGS(remote_domain_save_args)),
    ROW(DATA, SAVE_PARAMS, "virDomainSaveParams", save_params,
        PROC_ARGS(remote_domain_save_params_args)),
    ROW(CONTROL, MANAGED_SAVE, "virDomainManagedSave", managed_save,
        PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, MANAGED_SAVE_REMOVE, "virDomainManagedSaveRemove", managed_save_remove,
        PROC_ARGS(remote_domain_flags_args)),
    ROW(CHANGE, RESTORE, "virDomainRestore", restore, PROC_ARGS(remote_text_args)),
    ROW(CHANGE, RESTORE_FLAGS, "virDomainRestoreFlags", restore_flags,
        PROC_ARGS(remote_domain_restore_args)),
    ROW(CHANGE, RESTORE_PARAMS, "virDomainRestoreParams", restore_params,
        PROC_ARGS(remote_domain_restore_params_args)),
    ROW(DATA, CORE_DUMP, "virDomainCoreDump", core_dump, PROC_ARGS(remote_domain_text_flags_args)),
    ROW(DATA, CORE_DUMP_WITH_FORMAT, "virDomainCoreDumpWithFormat", core_dump_with_format,
        PROC_ARGS(remote_domain_dump_args)),
};

const struct proc_table calls_domain_save = { procs, ARRAY_SIZE(procs) };
