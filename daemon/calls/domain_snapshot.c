/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking for the snapshots of domains: which there are, how they descend from
 * each other, what each is.  Loop thread, from memory; the XML is a worker's.
 */

#include "calls/domain_moment.h"
#include "hypervisor/domain.h"
#include "hypervisor/snapshots.h"
#include "util/alloc.h"

enum {
    COUNT_FLAGS = VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL - 1,
    LIST_FLAGS = COUNT_FLAGS | VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL,
};

static struct moment *call_snapshot(struct call *call, const struct remote_domain_snapshot *wire,
                                    struct domain **ret_domain)
{
    return call_moment(call, &snapshot_moments, wire, ret_domain);
}

/* --- counting and listing --- */

static int find_of_domain(struct call *call, const struct wire_domain *wire, unsigned int flags,
                          unsigned int allowed, struct moment_listing *ret)
{
    return call_list_moments(call, &snapshot_moments, wire, flags, allowed, ret);
}

static int find_children(struct call *call, const struct remote_domain_snapshot *wire,
                         unsigned int flags, unsigned int allowed, struct moment_listing *ret)
{
    return call_list_below(call, &snapshot_moments, wire, flags, allowed, ret);
}

static int reply_count(struct call *call, struct moment_listing *listing)
{
    struct remote_int_ret *ret = call->ret;

    ret->value = (int)listing->n;
    free(listing->found);
    return 0;
}

static int reply_names(struct call *call, struct moment_listing *listing, int most)
{
    struct remote_names_ret *ret = call->ret;
    _cleanup_free_ struct moment **found = listing->found;
    size_t n = listing->n;

    if (most < 0 || most > REMOTE_SNAPSHOT_LIST_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "%d names are not between 0 and %d in function %s", most,
                          REMOTE_SNAPSHOT_LIST_MAX, call->proc->api);
    if (n > (size_t)most)
        n = (size_t)most;
    ret->names.names_val = xcalloc(n + 1, sizeof(wire_text));
    ret->names.names_len = (u_int)n;
    for (size_t i = 0; i < n; i++)
        ret->names.names_val[i] = xstrdup(found[i]->key.name);
    return 0;
}

static int num(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct moment_listing listing;

    if (find_of_domain(call, &args->domain, args->flags, COUNT_FLAGS, &listing) < 0)
        return -1;
    return reply_count(call, &listing);
}

static int list_names(struct call *call)
{
    const struct remote_domain_list_args *args = call->args;
    struct moment_listing listing;

    if (find_of_domain(call, &args->domain, args->flags, LIST_FLAGS, &listing) < 0)
        return -1;
    return reply_names(call, &listing, args->most);
}

static int list_all(struct call *call)
{
    return moment_list_all(call, &snapshot_moments, LIST_FLAGS);
}

static int num_children(struct call *call)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct moment_listing listing;

    if (find_children(call, &args->snapshot, args->flags, COUNT_FLAGS, &listing) < 0)
        return -1;
    return reply_count(call, &listing);
}

static int list_children_names(struct call *call)
{
    const struct remote_domain_snapshot_list_args *args = call->args;
    struct moment_listing listing;

    if (find_children(call, &args->snapshot, args->flags, LIST_FLAGS, &listing) < 0)
        return -1;
    return reply_names(call, &listing, args->most);
}

static int list_all_children(struct call *call)
{
    return moment_list_all_children(call, &snapshot_moments, LIST_FLAGS);
}

/* --- one of them --- */

static int lookup_by_name(struct call *call)
{
    return moment_lookup_by_name(call, &snapshot_moments);
}

static int has_current(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    ret->value = domain->snapshots.current != NULL;
    return 0;
}

static int get_current(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;
    const struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 || !(domain = call_domain(call, &args->domain)))
        return -1;
    if (!domain->snapshots.current)
        return verror_set(&call->err, VIR_ERR_NO_DOMAIN_SNAPSHOT,
                          "the domain does not have a current snapshot");
    return reply_moment(call, domain, domain->snapshots.current);
}

static int get_parent(struct call *call)
{
    return moment_get_parent(call, &snapshot_moments);
}

static int is_current(struct call *call)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    struct moment *snapshot;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !(snapshot = call_snapshot(call, &args->snapshot, &domain)))
        return -1;
    ret->value = domain->snapshots.current == snapshot;
    return 0;
}

/* Each that is known here is. */
static int has_metadata(struct call *call)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct remote_int_ret *ret = call->ret;
    struct domain *domain;

    if (call_check_flags(call, args->flags, 0) < 0 ||
        !call_snapshot(call, &args->snapshot, &domain))
        return -1;
    ret->value = 1;
    return 0;
}

/* --- its XML --- */

struct xml_input {
    struct snapshot_def *def; /* a reference */
    bool secrets;
    char *text;
};

static void free_xml_input(void *opaque)
{
    struct xml_input *input = opaque;

    snapshot_def_unref(input->def);
    free(input->text);
    free(input);
}

/* Worker. */
static int format_xml(void *opaque, struct verror *err)
{
    struct xml_input *input = opaque;

    (void)err;
    input->text = snapshot_def_format(input->def, input->secrets);
    return 0;
}

static void answer_xml(struct call *call, void *opaque)
{
    struct xml_input *input = opaque;
    struct remote_text_ret *ret = call->ret;

    ret->value = STEAL_PTR(input->text);
    call_reply(call);
}

static int get_xml_desc(struct call *call)
{
    const struct remote_domain_snapshot_args *args = call->args;
    struct offload offload = {
        .free_input = free_xml_input,
        .work = format_xml,
        .then = answer_xml,
    };
    struct moment *snapshot;
    struct xml_input *input;
    struct domain *domain;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_XML_SECURE) < 0)
        return -1;
    if (args->flags && !call_may(call, OPERATION_DATA))
        return verror_set(&call->err, VIR_ERR_OPERATION_DENIED, "%s with secure flag",
                          call->proc->api);
    snapshot = call_snapshot(call, &args->snapshot, &domain);
    if (!snapshot)
        return -1;
    offload.input = input = XNEW(struct xml_input);
    input->def = snapshot_def_ref(snapshot->def);
    input->secrets = args->flags;
    call_offload(call, &offload);
    return CALL_PENDING;
}

#define ROW(proc, function, reader, ...)                                                  \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_READ,      \
        PROC_ON(DOMAIN, READ),                                                            \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = reader,          \
        __VA_ARGS__                                                                       \
    }
#define OF_DOMAIN PROC_ARGS(remote_domain_flags_args)
#define OF_SNAPSHOT PROC_ARGS(remote_domain_snapshot_args)

static const struct proc procs[] = {
    ROW(SNAPSHOT_NUM, "virDomainSnapshotNum", num, OF_DOMAIN, PROC_RET(remote_int_ret)),
    ROW(SNAPSHOT_LIST_NAMES, "virDomainSnapshotListNames", list_names,
        PROC_ARGS(remote_domain_list_args), PROC_RET(remote_names_ret)),
    ROW(LIST_ALL_SNAPSHOTS, "virDomainListAllSnapshots", list_all,
        PROC_ARGS(remote_domain_list_args), PROC_RET(remote_domain_snapshot_list_ret)),
    ROW(SNAPSHOT_NUM_CHILDREN, "virDomainSnapshotNumChildren", num_children, OF_SNAPSHOT,
        PROC_RET(remote_int_ret)),
    ROW(SNAPSHOT_LIST_CHILDREN_NAMES, "virDomainSnapshotListChildrenNames", list_children_names,
        PROC_ARGS(remote_domain_snapshot_list_args), PROC_RET(remote_names_ret)),
    ROW(SNAPSHOT_LIST_ALL_CHILDREN, "virDomainSnapshotListAllChildren", list_all_children,
        PROC_ARGS(remote_domain_snapshot_list_args), PROC_RET(remote_domain_snapshot_list_ret)),
    ROW(SNAPSHOT_LOOKUP_BY_NAME, "virDomainSnapshotLookupByName", lookup_by_name,
        PROC_ARGS(remote_domain_text_flags_args), PROC_RET(remote_domain_snapshot_ret)),
    ROW(HAS_CURRENT_SNAPSHOT, "virDomainHasCurrentSnapshot", has_current, OF_DOMAIN,
        PROC_RET(remote_int_ret)),
    ROW(SNAPSHOT_CURRENT, "virDomainSnapshotCurrent", get_current, OF_DOMAIN,
        PROC_RET(remote_domain_snapshot_ret)),
    ROW(SNAPSHOT_GET_PARENT, "virDomainSnapshotGetParent", get_parent, OF_SNAPSHOT,
        PROC_RET(remote_domain_snapshot_ret)),
    ROW(SNAPSHOT_IS_CURRENT, "virDomainSnapshotIsCurrent", is_current, OF_SNAPSHOT,
        PROC_RET(remote_int_ret)),
    ROW(SNAPSHOT_HAS_METADATA, "virDomainSnapshotHasMetadata", has_metadata, OF_SNAPSHOT,
        PROC_RET(remote_int_ret)),
    ROW(SNAPSHOT_GET_XML_DESC, "virDomainSnapshotGetXMLDesc", get_xml_desc, OF_SNAPSHOT,
        PROC_RET(remote_text_ret)),
};

const struct proc_table calls_domain_snapshot = { procs, ARRAY_SIZE(procs) };
