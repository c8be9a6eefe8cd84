/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls on the checkpoints of domains: which there are and what each is, from memory;
 * made and deleted by jobs.  What a client sent is read on a worker, XML is written there,
 * and QEMU is asked there how much was written since.  Loop thread.
 */

#include "calls/domain_moment.h"
#include "hypervisor/checkpoint_jobs.h"
#include "hypervisor/qemu/guest.h"
#include "util/alloc.h"

enum {
    LIST_FLAGS = (VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES << 1) - 1,
    XML_FLAGS = (VIR_DOMAIN_CHECKPOINT_XML_SIZE << 1) - 1,
    CREATE_FLAGS = (VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE << 1) - 1,
    DELETE_FLAGS = (VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN_ONLY << 1) - 1,
};

/* --- which there are --- */

static int list_all(struct call *call)
{
    return moment_list_all(call, &checkpoint_moments, LIST_FLAGS);
}

static int list_all_children(struct call *call)
{
    return moment_list_all_children(call, &checkpoint_moments, LIST_FLAGS);
}

static int lookup_by_name(struct call *call)
{
    return moment_lookup_by_name(call, &checkpoint_moments);
}

static int get_parent(struct call *call)
{
    return moment_get_parent(call, &checkpoint_moments);
}

/* --- its XML --- */

struct xml_input {
    struct checkpoint_def *def; /* a reference, or with sizes its own */
    struct guest *guest;        /* references: who is asked for sizes, and what of; or NULL */
    struct domain_def *live;
    unsigned int flags;
    char *text;
};

static void free_xml_input(void *opaque)
{
    struct xml_input *input = opaque;

    checkpoint_def_unref(input->def);
    guest_unref(input->guest);
    domain_def_unref(input->live);
    free(input->text);
    free(input);
}

/* Worker. */
static int format_xml(void *opaque, struct verror *err)
{
    struct xml_input *input = opaque;

    if (input->guest && disk_bitmaps_sizes(input->def, input->guest, input->live, err) < 0)
        return -1;
    input->text = checkpoint_def_format(input->def,
                                        input->flags & VIR_DOMAIN_CHECKPOINT_XML_SECURE,
                                        !(input->flags & VIR_DOMAIN_CHECKPOINT_XML_NO_DOMAIN));
    return 0;
}

static void answer_xml(struct call *call, void *opaque)
{
    struct xml_input *input = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(input->text);
    call_reply(call);
}

static struct xml_input *make_xml_input(struct call *call, const struct moment *checkpoint,
                                        const struct domain *domain, unsigned int flags)
{
    struct xml_input *input = XNEW(struct xml_input);

    input->flags = flags;
    if (!(flags & VIR_DOMAIN_CHECKPOINT_XML_SIZE)) {
        input->def = checkpoint_def_ref(checkpoint->def);
        return input;
    }
    if (domain_check_active(domain, &call->err) < 0 || !call_ready_guest(call, domain)) {
        free(input);
        return NULL;
    }
    input->def = checkpoint_def_copy(checkpoint->def);
    input->guest = guest_ref(domain->guest);
    input->live = domain_def_ref(domain_def_now(domain));
    return input;
}

static int get_xml_desc(struct call *call)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct offload offload = {
        .free_input = free_xml_input,
        .work = format_xml,
        .then = answer_xml,
    };
    struct moment *checkpoint;
    struct domain *domain;

    if (call_check_flags(call, args->flags, XML_FLAGS) < 0)
        return -1;
    if (args->flags & VIR_DOMAIN_CHECKPOINT_XML_SECURE && !call_may(call, OPERATION_DATA))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED, "%s with secure flag",
                          call->proc->api);
    checkpoint = call_moment(call, &checkpoint_moments, &args->snapshot, &domain);
    if (!checkpoint)
        return -1;
    offload.input = make_xml_input(call, checkpoint, domain, args->flags);
    if (!offload.input)
        return -1;
    if (args->flags & VIR_DOMAIN_CHECKPOINT_XML_SIZE)
        offload.key = xstrdup(domain->uuid); /* a QEMU that hangs holds up those who ask for it */
    call_offload(call, &offload);
    return CALL_PENDING;
}

/* --- create --- */

struct create_input {
    char *xml;
    char *uuid;
    unsigned int flags;
    struct checkpoint_def *def; /* a reference, for then */
};

static void free_create_input(void *opaque)
{
    struct create_input *input = opaque;

    checkpoint_def_unref(input->def);
    free(input->xml);
    free(input->uuid);
    free(input);
}

/* Worker. */
static int parse_checkpoint(void *opaque, struct verror *err)
{
    struct create_input *input = opaque;

    input->def = checkpoint_def_parse(
        input->xml, input->flags & VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE, err);
    return input->def ? 0 : -1;
}

static void checkpoint_parsed(struct call *call, void *opaque)
{
    struct create_input *input = opaque;
    struct domain *domain = domain_find_uuid(call->daemon->domains, input->uuid);
    bool redefine = input->flags & VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE;

    if (!domain) {
        verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'",
                   input->uuid);
        call_fail(call);
        return;
    }
    call->opaque = xstrdup(input->def->name);
    (void)call_start_domain_job(
        call, redefine ? &domain_job_checkpoint_redefine : &domain_job_checkpoint_create,
        checkpoint_spec_new(domain, STEAL_PTR(input->def), input->flags & ~CALL_ASYNC),
        input->flags & CALL_ASYNC && !redefine, call_fill_moment);
}

static int create_xml(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE, VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE, "redefine",
          "quiesce" },
    };
    static const struct flag_pair needs = { VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE_VALIDATE,
                                            VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE,
                                            "redefine-validate", "redefine" };
    const struct remote_domain_text_flags_args *args = call->args;
    struct offload offload = {
        .free_input = free_create_input,
        .work = parse_checkpoint,
        .then = checkpoint_parsed,
    };
    struct create_input *input;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, CREATE_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0 ||
        call_check_needs(call, args->flags, &needs, 1) < 0)
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

/* --- delete --- */

static int delete(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN, VIR_DOMAIN_CHECKPOINT_DELETE_CHILDREN_ONLY,
          "children", "children-only" },
    };
    const struct remote_domain_snapshot_args *args = call->args;
    struct moment *checkpoint;
    struct domain *domain;

    if (call_check_flags(call, args->flags, DELETE_FLAGS | CALL_ASYNC) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0 ||
        !(checkpoint = call_moment(call, &checkpoint_moments, &args->snapshot, &domain)))
        return -1;
    return call_start_domain_job(
        call, &domain_job_checkpoint_delete,
        checkpoint_spec_new(domain, checkpoint_def_ref(checkpoint->def), args->flags & ~CALL_ASYNC),
        args->flags & CALL_ASYNC, NULL);
}

#define OF_CHECKPOINT PROC_ARGS(remote_domain_snapshot_args)

static const struct proc procs[] = {
    DOMAIN_ROW(CHANGE, CHECKPOINT_CREATE_XML, "virDomainCheckpointCreateXML", WRITE, CHANGE,
               create_xml, PROC_ARGS(remote_domain_text_flags_args),
               PROC_RET(remote_domain_snapshot_ret)),
    DOMAIN_ROW(READ, CHECKPOINT_GET_XML_DESC, "virDomainCheckpointGetXMLDesc", READ, MEMORY,
               get_xml_desc, OF_CHECKPOINT, PROC_RET(remote_text_ret)),
    DOMAIN_ROW(READ, LIST_ALL_CHECKPOINTS, "virDomainListAllCheckpoints", READ, MEMORY, list_all,
               PROC_ARGS(remote_domain_list_args), PROC_RET(remote_domain_snapshot_list_ret)),
    DOMAIN_ROW(READ, CHECKPOINT_LIST_ALL_CHILDREN, "virDomainCheckpointListAllChildren", READ,
               MEMORY, list_all_children, PROC_ARGS(remote_domain_snapshot_list_args),
               PROC_RET(remote_domain_snapshot_list_ret)),
    DOMAIN_ROW(READ, CHECKPOINT_LOOKUP_BY_NAME, "virDomainCheckpointLookupByName", READ, MEMORY,
               lookup_by_name, PROC_ARGS(remote_domain_text_flags_args),
               PROC_RET(remote_domain_snapshot_ret)),
    DOMAIN_ROW(READ, CHECKPOINT_GET_PARENT, "virDomainCheckpointGetParent", READ, MEMORY,
               get_parent, OF_CHECKPOINT, PROC_RET(remote_domain_snapshot_ret)),
    DOMAIN_ROW(CHANGE, CHECKPOINT_DELETE, "virDomainCheckpointDelete", WRITE, CHANGE, delete,
               OF_CHECKPOINT),
};

const struct proc_table calls_domain_checkpoint = { procs, ARRAY_SIZE(procs) };
