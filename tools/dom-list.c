/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains listed. */

#include <stdio.h>
#include <string.h>

#include "daemon/util/alloc.h"
#include "tools/dom-text.h"
#include "tools/dom.h"
#include "tools/table.h"

/* The domains that were listed; ours to free. */
struct domains {
    virDomainPtr *all;
    int count;
};

static void domains_done(struct domains *domains)
{
    int i;

    for (i = 0; i < domains->count; i++)
        (void)virDomainFree(domains->all[i]);
    free(domains->all);
}
#define _cleanup_domains_ _cleanup_(domains_done)

/* The active ones by id, then the others by name. */
static int by_id_and_name(const void *a, const void *b)
{
    const virDomainPtr *left = a, *right = b;
    unsigned int left_id = virDomainGetID(*left), right_id = virDomainGetID(*right);

    if (left_id != right_id)
        return left_id < right_id ? -1 : 1; /* DOM_NO_ID is the largest */
    return strcmp(virDomainGetName(*left), virDomainGetName(*right));
}

static unsigned int list_flags(const struct args *args)
{
    static const struct flag_row rows[] = {
        { "inactive", VIR_CONNECT_LIST_DOMAINS_INACTIVE },
        { "persistent", VIR_CONNECT_LIST_DOMAINS_PERSISTENT },
        { "transient", VIR_CONNECT_LIST_DOMAINS_TRANSIENT },
        { "state-running", VIR_CONNECT_LIST_DOMAINS_RUNNING },
        { "state-paused", VIR_CONNECT_LIST_DOMAINS_PAUSED },
        { "state-shutoff", VIR_CONNECT_LIST_DOMAINS_SHUTOFF },
        { "state-other", VIR_CONNECT_LIST_DOMAINS_OTHER },
        { "with-managed-save", VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE },
        { "without-managed-save", VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE },
        { "autostart", VIR_CONNECT_LIST_DOMAINS_AUTOSTART },
        { "no-autostart", VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART },
        { NULL, 0 },
    };
    unsigned int flags = args_flags(args, rows);

    if (args_flag(args, "all"))
        return flags & ~(unsigned int)VIR_CONNECT_LIST_DOMAINS_INACTIVE;
    /* what is shut off is never active: to ask for it is to ask for inactive ones */
    if (!args_flag(args, "inactive") && !args_flag(args, "state-shutoff"))
        flags |= VIR_CONNECT_LIST_DOMAINS_ACTIVE;
    return flags;
}

static bool is_list_of_words(const struct args *args)
{
    return args_flag(args, "uuid") || args_flag(args, "id") || args_flag(args, "name");
}

/* One line a domain of what was asked for, for scripts; of ids alone, for each that has one. */
static void words_print(const struct domains *domains, const struct args *args)
{
    bool uuids = args_flag(args, "uuid"), ids = args_flag(args, "id");
    bool names = args_flag(args, "name");
    char uuid[VIR_UUID_STRING_BUFLEN];
    int i;

    for (i = 0; i < domains->count; i++) {
        _cleanup_free_ char *id = dom_id_text(domains->all[i]);

        if (virDomainGetUUIDString(domains->all[i], uuid) < 0)
            continue; /* no domain is without one */
        if (!uuids && !names && virDomainGetID(domains->all[i]) == DOM_NO_ID)
            continue;
        printf("%s%s%s%s%s\n", uuids ? uuid : "", uuids && (ids || names) ? " " : "", ids ? id : "",
               ids && names ? " " : "", names ? virDomainGetName(domains->all[i]) : "");
    }
}

/* Everything a row tells is asked for before it is added: a domain may go in between. */
static void row_add(struct table *table, virDomainPtr dom, const struct args *args)
{
    bool titles = args_flag(args, "title");
    _cleanup_free_ char *title =
        titles ? virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, NULL, 0) : NULL;
    int state;

    if ((titles && !title && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN_METADATA) ||
        virDomainGetState(dom, &state, NULL, 0) < 0)
        return;
    table_take(table, dom_id_text(dom));
    table_add(table, virDomainGetName(dom));
    if (args_flag(args, "managed-save") && state == VIR_DOMAIN_SHUTOFF &&
        virDomainHasManagedSaveImage(dom, 0) == 1)
        table_add(table, "saved");
    else
        table_add(table, dom_state_text(state));
    if (titles)
        table_add(table, title ? title : "");
}

int dom_list_check(const struct args *args)
{
    if (args_flag(args, "table") && is_list_of_words(args))
        return cli_usage("option --table excludes --uuid, --id and --name");
    return CLI_DONE;
}

int dom_list(struct cli *cli, const struct args *args)
{
    static const char *const heads[] = { "Id", "Name", "State", NULL };
    static const char *const title_heads[] = { "Id", "Name", "State", "Title", NULL };
    _cleanup_domains_ struct domains domains = { 0 };
    _cleanup_table_ struct table *table = NULL;
    int i;

    domains.count = virConnectListAllDomains(cli->conn, &domains.all, list_flags(args));
    if (domains.count < 0)
        return cli_fail("cannot list domains");
    if (domains.count > 0)
        qsort(domains.all, (size_t)domains.count, sizeof(*domains.all), by_id_and_name);
    if (is_list_of_words(args)) {
        words_print(&domains, args);
        return CLI_DONE;
    }
    table = table_new(args_flag(args, "title") ? title_heads : heads);
    for (i = 0; i < domains.count; i++)
        row_add(table, domains.all[i], args);
    table_print(table, stdout);
    return CLI_DONE;
}
