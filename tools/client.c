/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's connections: a table of them, and the end of one. */

#include <stdio.h>

#include "daemon/util/alloc.h"
#include "tools/format.h"
#include "tools/host.h"
#include "tools/job-text.h"
#include "tools/table.h"

static const char *transport_text(const virClientRecord *client)
{
    static const char *const texts[] = { [VIR_CLIENT_TRANS_UNIX] = "unix",
                                         [VIR_CLIENT_TRANS_TCP] = "tcp",
                                         [VIR_CLIENT_TRANS_TLS] = "tls" };

    if (client->transport < 0 || (size_t)client->transport >= ARRAY_SIZE(texts))
        return "unknown";
    return texts[client->transport];
}

static const char *access_text(const virClientRecord *client)
{
    return client->readonly ? "read-only" : "read-write";
}

static void row_add(struct table *table, const virClientRecord *client)
{
    table_take(table, xasprintf("%llu", client->id));
    table_take(table, format_time(client->connectedAt));
    table_add(table, transport_text(client));
    table_add(table, access_text(client));
    table_take(table, xasprintf("%u", client->calls));
    table_take(table, xasprintf("%u", client->streams));
    table_take(table, xasprintf("%u", client->jobs));
    table_add(table, client->identity);
}

static void table_show(virClientRecordPtr *clients, int count)
{
    static const char *const heads[] = { "Id",      "Connected", "Transport", "Access", "Calls",
                                         "Streams", "Jobs",      "Identity",  NULL };
    _cleanup_table_ struct table *table = table_new(heads);

    for (int i = count - 1; i >= 0; i--) /* the newest comes first */
        row_add(table, clients[i]);
    table_print(table, stdout);
}

static json_t *to_json(const virClientRecord *client)
{
    return json_pack("{s:I, s:I, s:s, s:b, s:i, s:i, s:i, s:s}", "id", (json_int_t)client->id,
                     "connected_at_ms", (json_int_t)client->connectedAt, "transport",
                     transport_text(client), "readonly", client->readonly, "calls",
                     (int)client->calls, "streams", (int)client->streams, "jobs", (int)client->jobs,
                     "identity", client->identity);
}

static void json_show(virClientRecordPtr *clients, int count)
{
    json_t *array = json_array();

    for (int i = count - 1; i >= 0; i--)
        json_array_append_new(array, to_json(clients[i]));
    json_dumpf(array, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(array);
}

int client_list(struct cli *cli, const struct args *args)
{
    virClientRecordPtr *clients;
    int count = virConnectListAllClients(cli->conn, &clients, 0);

    if (count < 0)
        return cli_fail("cannot list the connections");
    (args_flag(args, "json") ? json_show : table_show)(clients, count);
    for (int i = 0; i < count; i++)
        virClientRecordFree(clients[i]);
    free(clients);
    return CLI_DONE;
}

int client_disconnect(struct cli *cli, const struct args *args)
{
    unsigned long long id = args_number(args, "client", 0);

    if (virConnectCloseClient(cli->conn, id, 0) < 0)
        return cli_fail("cannot end connection %llu", id);
    cli_say(cli, "Connection %llu ended", id);
    return CLI_DONE;
}
