/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking up and listing domains.  No driver provides any, so there are none:
 * lists are empty and nothing is found.  Loop thread.
 */

#include <stdio.h>

#include "calls/call.h"
#include "protocol/remote.h"

/* VIR_CONNECT_LIST_DOMAINS_*: eight pairs of filters */
enum { LIST_FLAGS = 0xffff };

static int domain_lookup_by_id(struct call *call)
{
    const struct remote_int_args *args = call->args;

    return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching id %d", args->value);
}

static int domain_lookup_by_name(struct call *call)
{
    const struct remote_text_args *args = call->args;

    return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching name '%s'",
                      args->value);
}

static int domain_lookup_by_uuid(struct call *call)
{
    const struct remote_uuid_args *args = call->args;
    char text[2 * sizeof(args->uuid) + 5], *at = text;

    for (size_t i = 0; i < sizeof(args->uuid); i++)
        at += sprintf(at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                      (unsigned char)args->uuid[i]);
    return verror_set(&call->err, VIR_ERR_NO_DOMAIN, "no domain with matching uuid '%s'", text);
}

/* Counts and lists: a zeroed result says none. */
static int domain_list(_unused_ struct call *call)
{
    return 0;
}

static int domain_list_max(struct call *call)
{
    const struct remote_int_args *args = call->args;

    if (args->value < 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "%d is no number of domains",
                          args->value);
    return 0;
}

static int domain_list_all(struct call *call)
{
    const struct remote_list_all_args *args = call->args;

    return call_check_flags(call, args->flags, LIST_FLAGS);
}

#define DOMAIN_ROW(num, fn, ...)                                                         \
    { .number = num, .api = fn, .access = ACCESS_READ, .class = CLASS_MEMORY,            \
      .error_domain = VIR_FROM_QEMU, __VA_ARGS__ }

/* The lookups never succeed, so they have no result to encode. */
static const struct proc procs[] = {
    DOMAIN_ROW(REMOTE_PROC_DOMAIN_LOOKUP_BY_ID, "virDomainLookupByID", PROC_ARGS(remote_int_args),
               .handler = domain_lookup_by_id),
    DOMAIN_ROW(REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME, "virDomainLookupByName",
               PROC_ARGS(remote_text_args), .handler = domain_lookup_by_name),
    DOMAIN_ROW(REMOTE_PROC_DOMAIN_LOOKUP_BY_UUID, "virDomainLookupByUUID",
               PROC_ARGS(remote_uuid_args), .handler = domain_lookup_by_uuid),
    DOMAIN_ROW(REMOTE_PROC_CONNECT_NUM_OF_DOMAINS, "virConnectNumOfDomains",
               PROC_RET(remote_int_ret), .handler = domain_list),
    DOMAIN_ROW(REMOTE_PROC_CONNECT_LIST_DOMAINS, "virConnectListDomains",
               PROC_ARGS(remote_int_args), PROC_RET(remote_ids_ret), .handler = domain_list_max),
    DOMAIN_ROW(REMOTE_PROC_CONNECT_NUM_OF_DEFINED_DOMAINS, "virConnectNumOfDefinedDomains",
               PROC_RET(remote_int_ret), .handler = domain_list),
    DOMAIN_ROW(REMOTE_PROC_CONNECT_LIST_DEFINED_DOMAINS, "virConnectListDefinedDomains",
               PROC_ARGS(remote_int_args), PROC_RET(remote_names_ret), .handler = domain_list_max),
    DOMAIN_ROW(REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS, "virConnectListAllDomains",
               PROC_ARGS(remote_list_all_args), PROC_RET(remote_domain_list_ret),
               .handler = domain_list_all),
};

const struct proc_table calls_domain = { procs, ARRAY_SIZE(procs) };
