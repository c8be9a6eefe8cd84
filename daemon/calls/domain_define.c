/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that change what a domain is defined as, not its guest: each
 * checks, makes a spec, starts a short job.  Loop thread.
 */

#include "calls/domain_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum {
    UNDEFINE_FLAGS = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                     VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM |
                     VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_TPM |
                     VIR_DOMAIN_UNDEFINE_KEEP_TPM,
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
};

/* The common road of changes to a domain that is there. */
static int start_change(struct call *call, const struct job_kind *kind, struct domain_spec *spec)
{
    return call_start_domain_job(call, kind, spec, false, NULL);
}

/* --- define --- */

static void define_completed(struct call *call, void *opaque)
{
    struct domain_xml *input = opaque;

    call_keep_domain(call, input->def->uuid);
    call_start_domain_job(call, &domain_job_define,
                          domain_spec_from_def(call->daemon->domains, input->def), false,
                          call_fill_domain);
}

static int define_xml(struct call *call)
{
    const struct remote_text_args *args = call->args;

    return call_complete_domain(call, args->value, false, define_completed);
}

static int define_xml_flags(struct call *call)
{
    const struct remote_xml_args *args = call->args;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_DEFINE_VALIDATE) < 0)
        return -1;
    return call_complete_domain(call, args->xml, args->flags & VIR_DOMAIN_DEFINE_VALIDATE,
                                define_completed);
}

/* --- undefine --- */

static int start_undefine(struct call *call, const struct wire_domain *wire, unsigned int flags)
{
    struct domain *domain = call_domain(call, wire);
    struct domain_spec *spec;

    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->flags = flags;
    return start_change(call, &domain_job_undefine, spec);
}

static int undefine(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return start_undefine(call, &args->domain, 0);
}

/* No domain has NVRAM or a TPM, so there is nothing of these to keep or remove. */
static int undefine_flags(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_UNDEFINE_NVRAM, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM, "nvram", "keep-nvram" },
        { VIR_DOMAIN_UNDEFINE_TPM, VIR_DOMAIN_UNDEFINE_KEEP_TPM, "tpm", "keep-tpm" },
    };
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, UNDEFINE_FLAGS) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    return start_undefine(call, &args->domain, args->flags);
}

/* --- name, texts, autostart --- */

/* Whether the name will do, the definition's own rules say, on the job's worker. */
static int change_name(struct call *call)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct domain *domain;
    struct domain_spec *spec;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (!args->value)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "a new name is needed in function %s",
                          call->proc->api);
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->new_name = xstrdup(*args->value);
    return start_change(call, &domain_job_rename, spec);
}

static char *copy_opt(wire_text_opt text)
{
    return text ? xstrdup(*text) : NULL;
}

static int set_metadata(struct call *call)
{
    const struct remote_domain_set_metadata_args *args = call->args;
    struct domain *domain;
    struct domain_spec *spec;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)))
        return -1;
    spec = domain_spec_new(domain);
    spec->flags = args->flags;
    spec->metadata_type = args->type;
    spec->metadata = copy_opt(args->metadata);
    spec->metadata_key = copy_opt(args->key);
    spec->metadata_uri = copy_opt(args->uri);
    return start_change(call, &domain_job_set_metadata, spec);
}

static int set_autostart(struct call *call)
{
    const struct remote_domain_int_args *args = call->args;
    struct domain *domain = call_domain(call, &args->domain);
    struct domain_spec *spec;

    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->autostart = args->value;
    return start_change(call, &domain_job_set_autostart, spec);
}

#define ROW(proc, function, changer, ...)                                                 \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        PROC_ON(DOMAIN, CHANGE),                                                          \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = changer,         \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(DEFINE_XML, "virDomainDefineXML", define_xml, PROC_ARGS(remote_text_args),
        PROC_RET(remote_domain_ret)),
    ROW(DEFINE_XML_FLAGS, "virDomainDefineXMLFlags", define_xml_flags, PROC_ARGS(remote_xml_args),
        PROC_RET(remote_domain_ret)),
    ROW(UNDEFINE, "virDomainUndefine", undefine, PROC_ARGS(remote_domain_args)),
    ROW(UNDEFINE_FLAGS, "virDomainUndefineFlags", undefine_flags,
        PROC_ARGS(remote_domain_flags_args)),
    ROW(RENAME, "virDomainRename", change_name, PROC_ARGS(remote_domain_text_opt_flags_args),
        PROC_RET(remote_int_ret)),
    ROW(SET_METADATA, "virDomainSetMetadata", set_metadata,
        PROC_ARGS(remote_domain_set_metadata_args)),
    ROW(SET_AUTOSTART, "virDomainSetAutostart", set_autostart, PROC_ARGS(remote_domain_int_args)),
};

const struct proc_table calls_domain_define = { procs, ARRAY_SIZE(procs) };
