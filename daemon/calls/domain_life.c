/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that start, stop and steer guests.  Loop thread, but for removing a log. */

#include <errno.h>
#include <unistd.h>

#include "calls/agent_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/audit.h"

enum {
    CREATE_XML_FLAGS = VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY |
                       VIR_DOMAIN_START_VALIDATE | VIR_DOMAIN_START_RESET_NVRAM,
    START_FLAGS = VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY |
                  VIR_DOMAIN_START_BYPASS_CACHE | VIR_DOMAIN_START_FORCE_BOOT |
                  VIR_DOMAIN_START_RESET_NVRAM,
    SHUTDOWN_FLAGS = VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN | VIR_DOMAIN_SHUTDOWN_GUEST_AGENT |
                     VIR_DOMAIN_SHUTDOWN_INITCTL | VIR_DOMAIN_SHUTDOWN_SIGNAL |
                     VIR_DOMAIN_SHUTDOWN_PARAVIRT, /* those of virDomainReboot() are the same */
    DESTROY_FLAGS = VIR_DOMAIN_DESTROY_GRACEFUL | VIR_DOMAIN_DESTROY_REMOVE_LOGS,
};

/* --- start --- */

/* A guest that ends with its client: a promise that a daemon cannot keep over its own restart. */
static int check_autodestroy(struct call *call, unsigned int flags)
{
    if (!(flags & VIR_DOMAIN_START_AUTODESTROY))
        return 0;
    return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                      "flag VIR_DOMAIN_START_AUTODESTROY in function %s", call->proc->api);
}

static void create_completed(struct call *call, void *opaque)
{
    const struct remote_xml_args *args = call->args;
    struct domain_xml *input = opaque;
    struct domain_spec *spec;

    spec = domain_spec_from_def(call->daemon->domains, input->def);
    spec->flags = args->flags & ~CALL_ASYNC;
    call_keep_domain(call, input->def->uuid);
    call_start_domain_job(call, &domain_job_create, spec, args->flags & CALL_ASYNC,
                          call_fill_domain);
}

static int create_xml(struct call *call)
{
    const struct remote_xml_args *args = call->args;

    if (call_check_flags(call, args->flags, CREATE_XML_FLAGS | CALL_ASYNC) < 0 ||
        check_autodestroy(call, args->flags) < 0)
        return -1;
    return call_complete_domain(call, args->xml, args->flags & VIR_DOMAIN_START_VALIDATE,
                                create_completed);
}

static int start(struct call *call, const struct wire_domain *wire, unsigned int flags,
                 void (*fill)(struct call *call))
{
    struct domain *domain = call_domain(call, wire);
    struct domain_spec *spec;

    if (!domain)
        return -1;
    spec = domain_spec_new(domain);
    spec->flags = flags & ~CALL_ASYNC;
    if (fill)
        call_keep_domain(call, (const unsigned char *)wire->uuid);
    return call_start_domain_job(call, &domain_job_start, spec, flags & CALL_ASYNC, fill);
}

static int create(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return start(call, &args->domain, 0, NULL);
}

static int create_with_flags(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, START_FLAGS | CALL_ASYNC) < 0 ||
        check_autodestroy(call, args->flags) < 0)
        return -1;
    return start(call, &args->domain, args->flags, call_fill_domain);
}

/* Descriptors that a guest's first process would inherit: a matter of containers. */
static int refuse_files(struct call *call)
{
    if (call->nfds == 0)
        return 0;
    call->err.domain = VIR_FROM_DOMAIN;
    return verror_set(&call->err, VIR_ERR_NO_SUPPORT, "%s", call->proc->api);
}

static int create_xml_with_files(struct call *call)
{
    return refuse_files(call) < 0 ? -1 : create_xml(call);
}

static int create_with_files(struct call *call)
{
    return refuse_files(call) < 0 ? -1 : create_with_flags(call);
}

/* --- one command to its QEMU --- */

static int steer(struct call *call, const struct wire_domain *wire, const struct job_kind *kind)
{
    struct domain *domain = call_domain(call, wire);

    if (!domain)
        return -1;
    return call_start_domain_job(call, kind, domain_spec_new(domain), false, NULL);
}

static int suspend(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return steer(call, &args->domain, &domain_job_suspend);
}

static int resume(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return steer(call, &args->domain, &domain_job_resume);
}

static int reset(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return steer(call, &args->domain, &domain_job_reset);
}

static int inject_nmi(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return steer(call, &args->domain, &domain_job_inject_nmi);
}

static int pm_wakeup(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return steer(call, &args->domain, &domain_job_wakeup);
}

static int shut_down(struct call *call)
{
    return agent_power(call, 0, &domain_job_shutdown);
}

static int shutdown_flags(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, SHUTDOWN_FLAGS) < 0)
        return -1;
    return agent_power(call, args->flags, &domain_job_shutdown);
}

static int restart(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, SHUTDOWN_FLAGS) < 0)
        return -1;
    return agent_power(call, args->flags, &domain_job_reboot);
}

/* --- destroy --- */

/* Worker. */
static int remove_log(void *path, struct verror *err)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return verror_errno(err, errno, "the domain has ended, but its log '%s' stays",
                            (const char *)path);
    return 0;
}

static void log_removed(struct call *call, void *path)
{
    (void)path;
    call_reply(call);
}

/* call->opaque is the log to be removed, or NULL. */
static void destroyed_cb(void *opaque, struct verror *err)
{
    struct call *call = opaque;
    const struct offload offload = {
        .input = STEAL_PTR(call->opaque),
        .free_input = free,
        .work = remove_log,
        .then = log_removed,
    };

    if (err->code) {
        free(offload.input);
        verror_move(&call->err, err);
        call_fail(call);
    } else if (offload.input) {
        call_offload(call, &offload);
    } else {
        call_reply(call);
    }
}

static int start_destroy(struct call *call, const struct wire_domain *wire, unsigned int flags)
{
    struct domain *domain = call_domain(call, wire);

    if (!domain || domain_check_active(domain, &call->err) < 0)
        return -1;
    if (flags & VIR_DOMAIN_DESTROY_REMOVE_LOGS)
        call->opaque = xstrdup(domain->guest->log_path);
    if (domain_destroy(domain, flags & VIR_DOMAIN_DESTROY_GRACEFUL, destroyed_cb, call,
                       &call->err) < 0)
        return -1;
    AUDIT(AUDIT_ACTS, "domain-destroy", { "object", domain_name(domain) },
          { "uuid", domain->uuid }, { "identity", client_identity(call->client) });
    return CALL_PENDING;
}

static int destroy(struct call *call)
{
    const struct remote_domain_args *args = call->args;

    return start_destroy(call, &args->domain, 0);
}

static int destroy_flags(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, DESTROY_FLAGS) < 0 ||
        (args->flags & VIR_DOMAIN_DESTROY_REMOVE_LOGS &&
         call_check_right(call, OPERATION_CHANGE, "VIR_DOMAIN_DESTROY_REMOVE_LOGS") < 0))
        return -1;
    return start_destroy(call, &args->domain, args->flags);
}

#define ROW(what, proc, function, changer, ...)                                           \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        PROC_ON(DOMAIN, what),                                                            \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = changer,         \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(CHANGE, CREATE_XML, "virDomainCreateXML", create_xml, PROC_ARGS(remote_xml_args),
        PROC_RET(remote_domain_ret)),
    ROW(CONTROL, CREATE, "virDomainCreate", create, PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, CREATE_WITH_FLAGS, "virDomainCreateWithFlags", create_with_flags,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_domain_ret)),
    ROW(CHANGE, CREATE_XML_WITH_FILES, "virDomainCreateXMLWithFiles", create_xml_with_files,
        PROC_ARGS(remote_xml_args), PROC_RET(remote_domain_ret), .max_fds = FDS_MAX),
    ROW(CONTROL, CREATE_WITH_FILES, "virDomainCreateWithFiles", create_with_files,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_domain_ret), .max_fds = FDS_MAX),
    ROW(CONTROL, SUSPEND, "virDomainSuspend", suspend, PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, RESUME, "virDomainResume", resume, PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, RESET, "virDomainReset", reset, PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, INJECT_NMI, "virDomainInjectNMI", inject_nmi, PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, PM_WAKEUP, "virDomainPMWakeup", pm_wakeup, PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, SHUTDOWN, "virDomainShutdown", shut_down, PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, SHUTDOWN_FLAGS, "virDomainShutdownFlags", shutdown_flags,
        PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, REBOOT, "virDomainReboot", restart, PROC_ARGS(remote_domain_flags_args)),
    ROW(CONTROL, DESTROY, "virDomainDestroy", destroy, PROC_ARGS(remote_domain_args)),
    ROW(CONTROL, DESTROY_FLAGS, "virDomainDestroyFlags", destroy_flags,
        PROC_ARGS(remote_domain_flags_args)),
};

const struct proc_table calls_domain_life = { procs, ARRAY_SIZE(procs) };
