/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking up and listing domains.  Loop thread, from memory. */

#include <string.h>

#include "calls/domain_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"

/* --- counting and listing --- */

/* The filters of virConnectListAllDomains, by group: no bit of a group = all of it. */
struct domain_filter {
    unsigned int bit, group;
    bool (*matches)(const struct domain *domain);
};

static bool is_inactive(const struct domain *domain)
{
    return !domain_is_active(domain);
}

static bool is_persistent(const struct domain *domain)
{
    return domain->config;
}

static bool is_transient(const struct domain *domain)
{
    return !domain->config;
}

static bool is_running(const struct domain *domain)
{
    return domain->state == VIR_DOMAIN_RUNNING;
}

static bool is_paused(const struct domain *domain)
{
    return domain->state == VIR_DOMAIN_PAUSED;
}

static bool is_shutoff(const struct domain *domain)
{
    return domain->state == VIR_DOMAIN_SHUTOFF;
}

static bool is_other(const struct domain *domain)
{
    return !is_running(domain) && !is_paused(domain) && !is_shutoff(domain);
}

static bool has_managed_save(const struct domain *domain)
{
    return domain->managed_save;
}

static bool has_no_managed_save(const struct domain *domain)
{
    return !domain->managed_save;
}

static bool is_autostarted(const struct domain *domain)
{
    return domain->autostart;
}

static bool is_not_autostarted(const struct domain *domain)
{
    return !domain->autostart;
}

static bool has_snapshot(const struct domain *domain)
{
    return moments_count(&domain->snapshots) > 0;
}

static bool has_no_snapshot(const struct domain *domain)
{
    return moments_count(&domain->snapshots) == 0;
}

static bool has_checkpoint(const struct domain *domain)
{
    return moments_count(&domain->checkpoints) > 0;
}

static bool has_no_checkpoint(const struct domain *domain)
{
    return moments_count(&domain->checkpoints) == 0;
}

enum {
    LIST_ACTIVE = VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE,
    LIST_PERSISTENT = VIR_CONNECT_LIST_DOMAINS_PERSISTENT | VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
    LIST_STATE = VIR_CONNECT_LIST_DOMAINS_RUNNING | VIR_CONNECT_LIST_DOMAINS_PAUSED |
                 VIR_CONNECT_LIST_DOMAINS_SHUTOFF | VIR_CONNECT_LIST_DOMAINS_OTHER,
    LIST_MANAGEDSAVE =
        VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE | VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE,
    LIST_AUTOSTART = VIR_CONNECT_LIST_DOMAINS_AUTOSTART | VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
    LIST_SNAPSHOT =
        VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT | VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,
    LIST_CHECKPOINT =
        VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT | VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,
    LIST_ALL = LIST_ACTIVE | LIST_PERSISTENT | LIST_STATE | LIST_MANAGEDSAVE | LIST_AUTOSTART |
               LIST_SNAPSHOT | LIST_CHECKPOINT,
};

static const struct domain_filter filters[] = {
    { VIR_CONNECT_LIST_DOMAINS_ACTIVE, LIST_ACTIVE, domain_is_active },
    { VIR_CONNECT_LIST_DOMAINS_INACTIVE, LIST_ACTIVE, is_inactive },
    { VIR_CONNECT_LIST_DOMAINS_PERSISTENT, LIST_PERSISTENT, is_persistent },
    { VIR_CONNECT_LIST_DOMAINS_TRANSIENT, LIST_PERSISTENT, is_transient },
    { VIR_CONNECT_LIST_DOMAINS_RUNNING, LIST_STATE, is_running },
    { VIR_CONNECT_LIST_DOMAINS_PAUSED, LIST_STATE, is_paused },
    { VIR_CONNECT_LIST_DOMAINS_SHUTOFF, LIST_STATE, is_shutoff },
    { VIR_CONNECT_LIST_DOMAINS_OTHER, LIST_STATE, is_other },
    { VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE, LIST_MANAGEDSAVE, has_managed_save },
    { VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE, LIST_MANAGEDSAVE, has_no_managed_save },
    { VIR_CONNECT_LIST_DOMAINS_AUTOSTART, LIST_AUTOSTART, is_autostarted },
    { VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART, LIST_AUTOSTART, is_not_autostarted },
    { VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT, LIST_SNAPSHOT, has_snapshot },
    { VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT, LIST_SNAPSHOT, has_no_snapshot },
    { VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT, LIST_CHECKPOINT, has_checkpoint },
    { VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT, LIST_CHECKPOINT, has_no_checkpoint },
};

static const unsigned int filter_groups[] = { LIST_ACTIVE,    LIST_PERSISTENT, LIST_STATE,
                                              LIST_MANAGEDSAVE, LIST_AUTOSTART, LIST_SNAPSHOT,
                                              LIST_CHECKPOINT };

static bool group_matches(const struct domain *domain, unsigned int group, unsigned int flags)
{
    if (!(flags & group))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        if (filters[i].group == group && (flags & filters[i].bit) && filters[i].matches(domain))
            return true;
    }
    return false;
}

struct matches {
    unsigned int flags;
    struct domain **domains; /* the registry's */
    size_t count;
};

static void add_match(void *opaque, struct domain *domain)
{
    struct matches *matches = opaque;

    for (size_t i = 0; i < ARRAY_SIZE(filter_groups); i++) {
        if (!group_matches(domain, filter_groups[i], matches->flags))
            return;
    }
    matches->domains = xrealloc(matches->domains, matches->count + 1, sizeof(*matches->domains));
    matches->domains[matches->count++] = domain;
}

/* The matching domains, a new array. */
static struct domain **matching_domains(struct call *call, unsigned int flags, size_t *ret_count)
{
    struct matches matches = { .flags = flags };

    domains_each(call->daemon->domains, add_match, &matches);
    *ret_count = matches.count;
    return matches.domains;
}

static int count_domains(struct call *call, unsigned int flags)
{
    struct remote_int_ret *ret = call->ret;
    size_t count;

    free(matching_domains(call, flags, &count));
    ret->value = (int)count;
    return 0;
}

static int num_of_domains(struct call *call)
{
    return count_domains(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
}

static int num_of_defined_domains(struct call *call)
{
    return count_domains(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE);
}

/* At most as many as the caller takes; -1 where that is no number. */
static int take_max(struct call *call, size_t *count)
{
    const struct remote_int_args *args = call->args;

    if (args->value < 0 || args->value > WIRE_DOMAIN_LIST_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "%d domains are not between 0 and %d in function %s", args->value,
                          WIRE_DOMAIN_LIST_MAX, call->proc->api);
    if (*count > (size_t)args->value)
        *count = (size_t)args->value;
    return 0;
}

static int list_domains(struct call *call)
{
    struct remote_ids_ret *ret = call->ret;
    size_t count;
    _cleanup_free_ struct domain **domains =
        matching_domains(call, VIR_CONNECT_LIST_DOMAINS_ACTIVE, &count);

    if (take_max(call, &count) < 0)
        return -1;
    ret->ids.ids_val = xcalloc(count + 1, sizeof(int));
    ret->ids.ids_len = (u_int)count;
    for (size_t i = 0; i < count; i++)
        ret->ids.ids_val[i] = domain_id(domains[i]);
    return 0;
}

static int list_defined_domains(struct call *call)
{
    struct remote_names_ret *ret = call->ret;
    size_t count;
    _cleanup_free_ struct domain **domains =
        matching_domains(call, VIR_CONNECT_LIST_DOMAINS_INACTIVE, &count);

    if (take_max(call, &count) < 0)
        return -1;
    ret->names.names_val = xcalloc(count + 1, sizeof(wire_text));
    ret->names.names_len = (u_int)count;
    for (size_t i = 0; i < count; i++)
        ret->names.names_val[i] = xstrdup(domain_name(domains[i]));
    return 0;
}

static int list_all_domains(struct call *call)
{
    const struct remote_list_all_args *args = call->args;
    struct remote_domain_list_ret *ret = call->ret;
    _cleanup_free_ struct domain **domains = NULL;
    size_t count;

    if (call_check_flags(call, args->flags, LIST_ALL) < 0)
        return -1;
    domains = matching_domains(call, args->flags, &count);
    if (count > WIRE_DOMAIN_LIST_MAX)
        return verror_set(&call->err, VIR_ERR_RPC,
                          "%zu domains are more than the %d that fit in a reply", count,
                          WIRE_DOMAIN_LIST_MAX);
    ret->ret = (u_int)count;
    if (!args->need_results)
        return 0;
    ret->domains.domains_val = xcalloc(count + 1, sizeof(struct wire_domain));
    ret->domains.domains_len = (u_int)count;
    for (size_t i = 0; i < count; i++)
        domain_to_wire(domains[i], &ret->domains.domains_val[i]);
    return 0;
}

/* --- lookups --- */

static int reply_domain(struct call *call, const struct domain *domain)
{
    struct remote_domain_ret *ret = call->ret;

    domain_to_wire(domain, &ret->domain);
    return 0;
}

static int lookup_by_id(struct call *call)
{
    const struct remote_int_args *args = call->args;
    const struct domain *domain = domain_find_id(call->daemon->domains, args->value);

    if (!domain)
        return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching id %d",
                          args->value);
    return reply_domain(call, domain);
}

static int lookup_by_name(struct call *call)
{
    const struct remote_text_args *args = call->args;
    const struct domain *domain = domain_find_name(call->daemon->domains, args->value);

    if (!domain)
        return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching name '%s'",
                          args->value);
    return reply_domain(call, domain);
}

static int lookup_by_uuid(struct call *call)
{
    const struct remote_uuid_args *args = call->args;
    char uuid[UUID_TEXT_SIZE];
    const struct domain *domain;

    uuid_format((const unsigned char *)args->uuid, uuid);
    domain = domain_find_uuid(call->daemon->domains, uuid);
    if (!domain)
        return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'",
                          uuid);
    return reply_domain(call, domain);
}

#define ROW(proc, function, reader, ...)                                                  \
    {                                                                                     \
        .number = REMOTE_PROC_##proc, .api = function, .access = ACCESS_READ,             \
        PROC_ON(DOMAIN, READ),                                                            \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = reader,          \
        __VA_ARGS__                                                                       \
    }

static const struct proc procs[] = {
    ROW(DOMAIN_LOOKUP_BY_ID, "virDomainLookupByID", lookup_by_id, PROC_ARGS(remote_int_args),
        PROC_RET(remote_domain_ret)),
    ROW(DOMAIN_LOOKUP_BY_NAME, "virDomainLookupByName", lookup_by_name,
        PROC_ARGS(remote_text_args), PROC_RET(remote_domain_ret)),
    ROW(DOMAIN_LOOKUP_BY_UUID, "virDomainLookupByUUID", lookup_by_uuid,
        PROC_ARGS(remote_uuid_args), PROC_RET(remote_domain_ret)),
    ROW(CONNECT_NUM_OF_DOMAINS, "virConnectNumOfDomains", num_of_domains,
        PROC_RET(remote_int_ret)),
    ROW(CONNECT_LIST_DOMAINS, "virConnectListDomains", list_domains, PROC_ARGS(remote_int_args),
        PROC_RET(remote_ids_ret)),
    ROW(CONNECT_NUM_OF_DEFINED_DOMAINS, "virConnectNumOfDefinedDomains", num_of_defined_domains,
        PROC_RET(remote_int_ret)),
    ROW(CONNECT_LIST_DEFINED_DOMAINS, "virConnectListDefinedDomains", list_defined_domains,
        PROC_ARGS(remote_int_args), PROC_RET(remote_names_ret)),
    ROW(CONNECT_LIST_ALL_DOMAINS, "virConnectListAllDomains", list_all_domains,
        PROC_ARGS(remote_list_all_args), PROC_RET(remote_domain_list_ret)),
};

const struct proc_table calls_domain = { procs, ARRAY_SIZE(procs) };
