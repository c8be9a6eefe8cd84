/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library's events of jobs: told through a descriptor, in their
 * order, by other threads' calls too, until deregistered.  Started by
 * api-storage.sh, which has the daemon: api-events URI READ-ONLY-URI DIRECTORY.
 */

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/api.h"

enum { ROUNDS = 20, ENDLESS = -1 };

static virConnectPtr other; /* who does something */

struct heard {
    unsigned long long sequence;
    unsigned int started, ended, freed;
    bool deregister; /* within the next call */
};

static void told(virConnectPtr on, unsigned long long sequence, int event, virJobRecordPtr record,
                 void *opaque)
{
    struct heard *heard = opaque;

    CHECK(sequence == heard->sequence + 1);
    CHECK(record->id > 0 && strcmp(record->operation, "pool-refresh") == 0);
    CHECK((event == VIR_JOB_EVENT_ENDED) == (record->info.state != VIR_JOB_RUNNING));
    heard->sequence = sequence;
    heard->started += event == VIR_JOB_EVENT_STARTED;
    heard->ended += event == VIR_JOB_EVENT_ENDED;
    if (heard->deregister)
        OK(virConnectJobEventDeregister(on));
}

static void note_freed(void *opaque)
{
    struct heard *heard = opaque;

    heard->freed++;
}

static void dispatch_until(virConnectPtr on, const unsigned int *count, unsigned int wanted)
{
    struct pollfd polled = { .fd = virConnectGetEventFd(on), .events = POLLIN };

    CHECK(polled.fd >= 0);
    while (*count < wanted) {
        (void)poll(&polled, 1, ENDLESS);
        OK(virConnectDispatchEvents(on));
    }
}

static void *refresh(void *opaque)
{
    virStoragePoolPtr pool = opaque;

    for (int i = 0; i < ROUNDS; i++)
        OK(virStoragePoolRefresh(pool, 0));
    return NULL;
}

static void try_arguments(void)
{
    struct heard heard = { 0 };

    FAILS(virConnectJobEventRegister(NULL, told, NULL, NULL, NULL, 0), VIR_ERR_INVALID_CONN);
    FAILS(virConnectJobEventRegister(conn, NULL, NULL, NULL, NULL, 0), VIR_ERR_INVALID_ARG);
    FAILS(virConnectJobEventRegister(conn, told, NULL, NULL, NULL, 1), VIR_ERR_INVALID_ARG);
    FAILS(virConnectJobEventDeregister(conn), VIR_ERR_OPERATION_INVALID);
    FAILS(virConnectGetEventFd(NULL), VIR_ERR_INVALID_CONN);
    FAILS(virConnectDispatchEvents(NULL), VIR_ERR_INVALID_CONN);
    CHECK(virConnectDispatchEvents(conn) == 0);
    OK(virConnectJobEventRegister(conn, told, &heard, note_freed, NULL, 0));
    FAILS(virConnectJobEventRegister(conn, told, &heard, note_freed, NULL, 0),
          VIR_ERR_OPERATION_INVALID);
    CHECK(heard.freed == 0);
    OK(virConnectJobEventDeregister(conn));
    CHECK(heard.freed == 1);
}

static void try_events(virStoragePoolPtr pool)
{
    struct heard heard = { 0 };
    pthread_t thread;

    OK(virConnectJobEventRegister(conn, told, &heard, note_freed, &heard.sequence, 0));
    CHECK(pthread_create(&thread, NULL, refresh, pool) == 0);
    dispatch_until(conn, &heard.ended, ROUNDS);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(heard.started == ROUNDS && heard.ended == ROUNDS);
    OK(virConnectJobEventDeregister(conn));
    OK(virStoragePoolRefresh(pool, 0));
    CHECK(virConnectDispatchEvents(conn) == 0 && heard.freed == 1);
}

/* Events that a call of this connection's has read are told without a byte more. */
static void try_own_calls(virStoragePoolPtr pool)
{
    struct heard heard = { 0 };
    virStoragePoolPtr mine = virStoragePoolLookupByName(conn, "e");

    OK(virConnectJobEventRegister(conn, told, &heard, note_freed, &heard.sequence, 0));
    OK(virStoragePoolRefresh(mine, 0));
    OK(virStoragePoolRefresh(pool, 0));
    dispatch_until(conn, &heard.ended, 2);
    heard.deregister = true;
    OK(virStoragePoolRefresh(mine, 0));
    dispatch_until(conn, &heard.freed, 1);
    OK(virStoragePoolFree(mine));
}

/* A closed connection frees; one whose daemon has gone says so. */
static void try_ends(const char *ro_uri)
{
    virConnectPtr reader = virConnectOpenReadOnly(ro_uri);
    struct heard heard = { 0 };

    CHECK(reader);
    OK(virConnectJobEventRegister(reader, told, &heard, note_freed, NULL, 0));
    CHECK(virConnectClose(reader) == 0);
    CHECK(heard.freed == 1);
}

int main(int argc, char **argv)
{
    atomic_uint errors = 0;
    virStoragePoolPtr pool;
    char xml[512];

    if (argc != 4) {
        (void)fprintf(stderr, "usage: api-events URI READ-ONLY-URI DIRECTORY\n");
        return 2;
    }
    virSetErrorFunc(&errors, api_quiet);
    conn = virConnectOpen(argv[1]);
    other = virConnectOpen(argv[1]);
    CHECK(conn && other);
    (void)snprintf(xml, sizeof(xml),
                   "<pool type='dir'><name>e</name><target><path>%s/e</path></target></pool>",
                   argv[3]);
    pool = virStoragePoolCreateXML(other, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
    CHECK(pool);
    try_arguments();
    try_events(pool);
    try_own_calls(pool);
    try_ends(argv[2]);
    OK(virStoragePoolDestroy(pool));
    OK(virStoragePoolFree(pool));
    CHECK(virConnectClose(other) == 0);
    CHECK(virConnectClose(conn) == 0);
    return 0;
}
