/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's connections: who is connected, and the end of one.  Any thread. */

#include "internal.h"

#include <string.h>

void virClientRecordFree(virClientRecordPtr record)
{
    if (!record)
        return;
    free(record->identity);
    free(record);
}

/* Takes its text out of wire; NULL, raised, when memory is out. */
static virClientRecordPtr record_new(job_client *wire)
{
    virClientRecordPtr record = malloc(sizeof(*record));

    if (!record) {
        (void)error_raise_no_memory();
        return NULL;
    }
    *record = (virClientRecord){
        .id = wire->id,
        .connectedAt = wire->connected_at,
        .transport = wire->transport,
        .readonly = wire->readonly != 0,
        .identity = STEAL_PTR(wire->identity),
        .calls = wire->calls,
        .streams = wire->streams,
        .jobs = wire->jobs,
    };
    return record;
}

/* --- the list, page by page --- */

struct client_list {
    virClientRecordPtr *records; /* NULL behind the last */
    size_t count;
};

static void client_list_done(struct client_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        virClientRecordFree(list->records[i]);
    free(list->records);
}

static int client_list_append(struct client_list *list, job_client *wire, size_t count)
{
    virClientRecordPtr *records =
        realloc(list->records, (list->count + count + 1) * sizeof(virClientRecordPtr));

    if (!records)
        return error_raise_no_memory();
    list->records = records;
    records[list->count] = NULL;
    for (size_t i = 0; i < count; i++) {
        virClientRecordPtr record = record_new(&wire[i]);

        if (!record)
            return -1;
        records[list->count++] = record;
        records[list->count] = NULL;
    }
    return 0;
}

/* Fetches the clients older than *before, and moves it on; 0 when there are no more, else 1. */
static int fetch_page(virConnectPtr conn, unsigned int flags, u_quad_t *before,
                      struct client_list *list)
{
    job_client_list_args args = { .flags = flags, .before_id = *before, .max = JOB_LIST_MAX };
    job_client_list_ret ret = { .more = 0 };
    u_int len;
    int more;

    if (conn_call(conn, JOB(CLIENT_LIST), XDR_OF(job_client_list_args), &args,
                  XDR_OF(job_client_list_ret), &ret) < 0)
        return -1;
    more = ret.more != 0;
    len = ret.clients.clients_len;
    if (len > 0)
        args.before_id = ret.clients.clients_val[len - 1].id;
    if (client_list_append(list, ret.clients.clients_val, len) < 0)
        more = -1;
    else if (more && args.before_id - 1 >= *before - 1) /* 0, where it begins, is above all */
        more = error_raise(VIR_ERR_RPC, VIR_FROM_RPC,
                           "the daemon's list of clients does not come to an end");
    *before = args.before_id;
    xdr_free(XDR_OF(job_client_list_ret), &ret);
    return more;
}

int virConnectListAllClients(virConnectPtr conn, virClientRecordPtr **clients, unsigned int flags)
{
    _cleanup_(client_list_done) struct client_list list = { .records = NULL };
    u_quad_t before = 0;
    int more, count;

    if (!conn_enter(conn))
        return -1;
    if (clients)
        *clients = NULL;
    do {
        more = fetch_page(conn, flags, &before, &list);
    } while (more > 0);
    if (more < 0)
        return -1;
    count = (int)list.count;
    if (clients) {
        *clients = STEAL_PTR(list.records);
        list.count = 0;
    }
    return count;
}

int virConnectCloseClient(virConnectPtr conn, unsigned long long id, unsigned int flags)
{
    job_client_id_args args = { .id = id, .flags = flags };

    if (!conn_enter(conn))
        return -1;
    return conn_call(conn, JOB(CLIENT_DISCONNECT), XDR_OF(job_client_id_args), &args, NULL, NULL);
}
