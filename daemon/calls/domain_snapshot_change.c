/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that make, go back to and delete snapshots: each checks, makes a
 * spec, starts a job.  What a client sent is read on a worker first.  Loop thread.
 */

#include "calls/domain_moment.h"
#include "calls/domain_snapshot_call.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/snapshot_jobs.h"
#include "util/alloc.h"

enum {
    CREATE_FLAGS = (VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE << 1) - 1,
    REVERT_FLAGS = (VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM << 1) - 1,
    REVERT_STATES = VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING | VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
    DELETE_FLAGS = (VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY << 1) - 1,
};

/* --- create --- */

static const struct flag_pair create_exclusive[] = {
    { VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE, VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA, "redefine",
      "no-metadata" },
    { VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE, VIR_DOMAIN_SNAPSHOT_CREATE_HALT, "redefine", "halt" },
    { VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE, VIR_DOMAIN_SNAPSHOT_CREATE_LIVE, "redefine", "live" },
    { VIR_DOMAIN_SNAPSHOT_CREATE_LIVE, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY, "live", "disk-only" },
};

static const struct flag_pair create_needs[] = {
    { VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE, "current",
      "redefine" },
    { VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY, "quiesce",
      "disk-only" },
    { VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY, "reuse-external",
      "disk-only" },
};

struct create_input {
    char *xml;
    char *uuid;
    unsigned int flags;
    struct snapshot_def *def; /* a reference, for then */
};

static void free_create_input(void *opaque)
{
    struct create_input *input = opaque;

    snapshot_def_unref(input->def);
    free(input->xml);
    free(input->uuid);
    free(input);
}

/* Worker. */
static int parse_snapshot(void *opaque, struct verror *err)
{
    struct create_input *input = opaque;

    if (input->flags & VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE &&
        snapshot_xml_validate(input->xml, err) < 0)
        return -1;
    input->def = snapshot_def_parse(input->xml, input->flags & VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE,
                                    err);
    return input->def ? 0 : -1;
}

static void snapshot_parsed(struct call *call, void *opaque)
{
    struct create_input *input = opaque;
    struct domain *domain = domain_find_uuid(call->daemon->domains, input->uuid);
    bool redefine = input->flags & VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE;

    if (!domain) {
        verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'",
                   input->uuid);
        call_fail(call);
        return;
    }
    call->opaque = xstrdup(input->def->name);
    (void)call_start_domain_job(
        call, redefine ? &domain_job_snapshot_redefine : &domain_job_snapshot_create,
        snapshot_spec_new(domain, STEAL_PTR(input->def), input->flags & ~CALL_ASYNC),
        input->flags & CALL_ASYNC && !redefine, call_fill_moment);
}

static int create_xml(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;
    struct offload offload = {
        .free_input = free_create_input,
        .work = parse_snapshot,
        .then = snapshot_parsed,
    };
    struct create_input *input;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, CREATE_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, args->flags, create_exclusive, ARRAY_SIZE(create_exclusive)) <
            0 ||
        call_check_needs(call, args->flags, create_needs, ARRAY_SIZE(create_needs)) < 0)
        return -1;
    domain = call_domain(call, &args->domain);
    if (!domain)
        return -1;
    offload.input = input = XNEW(struct create_input);
    input->xml = xstrdup(args->value);
    input->uuid = xstrdup(domain->uuid);
    input->flags = args->flags;
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- revert --- */

/* One that is shut off and is to run is started by another kind of job. */
static const struct job_kind *revert_kind(const struct domain *domain,
                                          const struct snapshot_def *def, unsigned int flags)
{
    bool runs = snapshot_def_is_active(def) || flags & REVERT_STATES;

    return runs && !domain_is_active(domain) ? &domain_job_snapshot_start
                                             : &domain_job_snapshot_revert;
}

/* A guest that runs ends, and starts again from the snapshot: what no QEMU does by itself. */
struct respawn {
    struct call *call;
    struct domain_spec *spec;
    bool async;
};

static void respawn(void *opaque, struct verror *err)
{
    struct respawn *again = opaque;

    if (err->code) {
        verror_copy(&again->call->err, err);
        domain_spec_free(again->spec);
        call_fail(again->call);
    } else {
        (void)call_start_domain_job(again->call, &domain_job_snapshot_start, again->spec,
                                    again->async, NULL);
    }
    free(again);
}

static bool must_respawn(const struct domain *domain, const struct snapshot_def *def,
                         unsigned int flags)
{
    if (!domain_is_active(domain))
        return false;
    return snapshot_def_is_active(def) ? flags & VIR_DOMAIN_SNAPSHOT_REVERT_FORCE
                                       : flags & REVERT_STATES;
}

/* All that can be known before is looked at while the guest still lives. */
static int check_respawn(struct call *call, const struct domain *domain, struct domain_spec *spec)
{
    const struct job *job = call_domain_job(call, domain);

    if (job && !job_state_is_ended(job_state(job)))
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID, "domain '%s' is busy: job %llu (%s)",
                          domain_name(domain), (unsigned long long)job_id(job), job_title(job));
    if (!domain->config)
        return verror_set(&call->err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "transient domain '%s' is gone when it ends, and cannot be started again",
                          domain_name(domain));
    return snapshot_check_target(spec, &call->err);
}

static int start_respawn(struct call *call, struct domain *domain, struct domain_spec *spec,
                         bool async)
{
    struct respawn *again;

    if (check_respawn(call, domain, spec) < 0) {
        domain_spec_free(spec);
        return -1;
    }
    again = XNEW(struct respawn);
    *again = (struct respawn){ call, spec, async };
    if (domain_destroy(domain, false, respawn, again, &call->err) < 0) {
        domain_spec_free(spec);
        free(again);
        return -1;
    }
    if (domain->guest)
        domain->guest->end_reason = VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT;
    return CALL_PENDING;
}

static int revert(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING, VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED, "running",
          "paused" },
    };
    const struct remote_domain_snapshot_args *args = call->args;
    unsigned int flags = args->flags & ~CALL_ASYNC;
    const struct job_kind *kind;
    struct moment *snapshot;
    struct domain_spec *spec;
    struct domain *domain;

    if (call_check_flags(call, args->flags, REVERT_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    snapshot = call_moment(call, &snapshot_moments, &args->snapshot, &domain);
    if (!snapshot)
        return -1;
    kind = revert_kind(domain, snapshot->def, flags);
    spec = snapshot_spec_new(domain, snapshot_def_ref(snapshot->def), 0);
    spec->snapshot->flags = flags;
    if (must_respawn(domain, snapshot->def, flags))
        return start_respawn(call, domain, spec, args->flags & CALL_ASYNC);
    return call_start_domain_job(call, kind, spec, args->flags & CALL_ASYNC, NULL);
}

/* --- delete --- */

static int delete(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN, VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY,
          "children", "children-only" },
    };
    const struct remote_domain_snapshot_args *args = call->args;
    struct moment *snapshot;
    struct domain *domain;
    bool merges;

    if (call_check_flags(call, args->flags, DELETE_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0 ||
        !(snapshot = call_moment(call, &snapshot_moments, &args->snapshot, &domain)))
        return -1;
    /* of one that is known only, or with others below it, all goes by what is known */
    merges = snapshot_def_is_external(snapshot->def) && !(args->flags & ~CALL_ASYNC);
    if (merges && domain_is_active(domain))
        return call_merge_snapshot(call, domain, snapshot, args->flags & CALL_ASYNC);
    return call_start_domain_job(
        call, merges ? &domain_job_snapshot_merge : &domain_job_snapshot_delete,
        snapshot_spec_new(domain, snapshot_def_ref(snapshot->def), args->flags & ~CALL_ASYNC),
        args->flags & CALL_ASYNC, NULL);
}

#define ROW(proc, function, changer, ...)                                                 \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        PROC_ON(DOMAIN, CHANGE),                                                          \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = changer,         \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(SNAPSHOT_CREATE_XML, "virDomainSnapshotCreateXML", create_xml,
        PROC_ARGS(remote_domain_text_flags_args), PROC_RET(remote_domain_snapshot_ret)),
    ROW(REVERT_TO_SNAPSHOT, "virDomainRevertToSnapshot", revert,
        PROC_ARGS(remote_domain_snapshot_args)),
    ROW(SNAPSHOT_DELETE, "virDomainSnapshotDelete", delete,
        PROC_ARGS(remote_domain_snapshot_args)),
};

const struct proc_table calls_domain_snapshot_change = { procs, ARRAY_SIZE(procs) };
