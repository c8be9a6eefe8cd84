/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client library before a daemon that answers anything: nothing is read beyond its end, lost,
 * or trusted.  The first byte says how many calls are made, then comes one byte for each, its
 * number in the table below; the rest are the daemon's packets, KIND LENGTH(2) PAYLOAD each.
 * Connecting and finding a domain, a pool and a volume has been answered well before.  A thread of
 * its own is the daemon: it sends packets up to the next answer for each call, and all that are
 * left once a stream is open or there is no answer any more; then it hangs up, so nobody waits for
 * ever.
 */

#include <libvirtjob/libvirtjob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz.h"
#include "protocol/frame.h"
#include "protocol/job.h"
#include "protocol/remote.h"
#include "protocol/wire.h"
#include "util/alloc.h"

enum { KIND_REPLY, KIND_ERROR, KIND_STREAM, KIND_STREAM_END, KIND_HOLE, KIND_EVENT, KIND_RAW,
       KIND_MAX };
enum { RECORD_SIZE = 3, ROUNDS = 20 };

static int listener = -1;
static char *uri;

/* --- the daemon --- */

struct server {
    const uint8_t *data;  /* packets that are left */
    size_t size;
    atomic_bool draining; /* set by the client before the call that opens a stream */
};

static bool read_exactly(int fd, void *data, size_t len)
{
    return recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

static bool read_packet(int fd, struct frame_header *ret_header)
{
    char head[FRAME_MIN];
    _cleanup_free_ char *rest = NULL;
    size_t len;

    if (!read_exactly(fd, head, sizeof(head)))
        return false;
    len = (size_t)frame_length(head, sizeof(head)) - FRAME_MIN;
    fuzz_must(frame_decode_header(head, sizeof(head), ret_header) == 0);
    rest = xmalloc(len);
    return len == 0 || read_exactly(fd, rest, len);
}

static void write_all(int fd, const void *data, size_t len)
{
    if (len > 0)
        (void)!send(fd, data, len, MSG_NOSIGNAL); /* the client may have hung up */
}

static void write_packet(int fd, const struct frame_header *header, const void *payload,
                         size_t len)
{
    _cleanup_free_ char *packet = xmalloc(FRAME_MIN + len);

    frame_encode_header(packet, header, len);
    if (len > 0)
        memcpy(packet + FRAME_MIN, payload, len);
    write_all(fd, packet, FRAME_MIN + len);
}

/* Where a well-behaved daemon's answer is needed. */
static void answer_well(int fd, const struct frame_header *call)
{
    static char name[] = "x";
    struct remote_domain_ret domain = { .domain = { .name = name, .id = 1 } };
    struct remote_pool_ret pool = { .pool = { .name = name } };
    struct remote_vol_ret vol = { .vol = { name, name, name } };
    struct remote_auth_list_ret none = { { 0, NULL } };
    struct { int procedure; xdrproc_t xdr; void *ret; } answers[] = {
        { REMOTE_PROC_AUTH_LIST, (xdrproc_t)xdr_remote_auth_list_ret, &none },
        { REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME, (xdrproc_t)xdr_remote_domain_ret, &domain },
        { REMOTE_PROC_STORAGE_POOL_LOOKUP_BY_NAME, (xdrproc_t)xdr_remote_pool_ret, &pool },
        { REMOTE_PROC_STORAGE_VOL_LOOKUP_BY_NAME, (xdrproc_t)xdr_remote_vol_ret, &vol },
    };
    struct frame_header reply = *call;
    _cleanup_free_ void *packet = NULL;
    size_t len = 0;

    reply.type = FRAME_REPLY;
    for (size_t i = 0; i < ARRAY_SIZE(answers) && !packet; i++)
        if (answers[i].procedure == call->procedure)
            fuzz_must(frame_encode(&reply, answers[i].xdr, answers[i].ret, &packet, &len) == 0);
    if (packet)
        write_all(fd, packet, len);
    else
        write_packet(fd, &reply, NULL, 0);
}

/* The next packet of the input; its kind, -1 where nothing is left. */
static int write_next(struct server *server, int fd, const struct frame_header *call)
{
    struct frame_header header = *call;
    const uint8_t *payload;
    size_t len;
    int kind;

    if (server->size < RECORD_SIZE)
        return -1;
    kind = server->data[0] % KIND_MAX;
    len = (size_t)server->data[1] << 8 | server->data[2];
    payload = server->data + RECORD_SIZE;
    if (len > server->size - RECORD_SIZE)
        len = server->size - RECORD_SIZE;
    server->data += RECORD_SIZE + len;
    server->size -= RECORD_SIZE + len;
    header.type = kind <= KIND_ERROR ? FRAME_REPLY
                  : kind == KIND_HOLE ? FRAME_STREAM_HOLE
                  : kind == KIND_EVENT ? FRAME_MESSAGE : FRAME_STREAM;
    header.status = kind == KIND_ERROR ? FRAME_ERROR
                    : kind == KIND_STREAM || kind == KIND_HOLE ? FRAME_CONTINUE : FRAME_OK;
    if (kind == KIND_EVENT) {
        header.program = JOB_PROGRAM_NUMBER;
        header.procedure = JOB_PROC_EVENT;
    }
    if (kind == KIND_RAW) {
        server->draining = true; /* it may be half of one: what follows is then no answer */
        write_all(fd, payload, len);
    } else {
        write_packet(fd, &header, payload, len);
    }
    return kind;
}

static void *serve(void *opaque)
{
    static const unsigned int handshake = 5; /* calls until all objects are there */
    struct server *server = opaque;
    int fd = accept(listener, NULL, NULL), kind = 0;
    struct frame_header call;

    fuzz_must(fd >= 0);
    for (unsigned int n = 0; kind >= 0 && read_packet(fd, &call); n++) {
        if (call.type != FRAME_CALL)
            continue;
        if (n < handshake) {
            answer_well(fd, &call);
            continue;
        }
        do
            kind = write_next(server, fd, &call);
        while (kind >= 0 && (kind > KIND_ERROR || server->draining));
    }
    (void)shutdown(fd, SHUT_RDWR);
    (void)close(fd);
    return NULL;
}

/* --- the client --- */

struct session {
    struct server *server;
    virConnectPtr conn;
    virDomainPtr dom;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
};

static void free_texts(char **texts, int n)
{
    for (int i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

#define TEXT(name, call) \
    static void name(struct session *s) { free(call); }
#define NUMBER(name, call) \
    static void name(struct session *s) { (void)(call); }
/* A new object of that type. */
#define OBJECT(name, type, call) \
    static void name(struct session *s) { type##Ptr made = call; if (made) (void)type##Free(made); }
/* A list of them, and how many there are. */
#define LIST(name, type, call)                                \
    static void name(struct session *s)                       \
    {                                                         \
        type##Ptr *list = NULL;                               \
        int n = call(&list);                                  \
        for (int i = 0; i < n; i++)                           \
            type##Free(list[i]);                              \
        free(list);                                           \
    }

TEXT(dom_xml, virDomainGetXMLDesc(s->dom, 0))
TEXT(dom_os, virDomainGetOSType(s->dom))
TEXT(dom_metadata, virDomainGetMetadata(s->dom, 0, NULL, 0))
TEXT(dom_managed, virDomainManagedSaveGetXMLDesc(s->dom, 0))
TEXT(image_xml, virDomainSaveImageGetXMLDesc(s->conn, "/x", 0))
TEXT(capabilities, virConnectGetCapabilities(s->conn))
TEXT(domcaps, virConnectGetDomainCapabilities(s->conn, NULL, NULL, NULL, NULL, 0))
TEXT(hostname, virConnectGetHostname(s->conn))
TEXT(pool_xml, virStoragePoolGetXMLDesc(s->pool, 0))
TEXT(pool_caps, virConnectGetStoragePoolCapabilities(s->conn, 0))
TEXT(sources, virConnectFindStoragePoolSources(s->conn, "dir", NULL, 0))
TEXT(vol_xml, virStorageVolGetXMLDesc(s->vol, 0))
TEXT(vol_path, virStorageVolGetPath(s->vol))

NUMBER(suspend, virDomainSuspend(s->dom))
NUMBER(cancel, virDomainCancelJob(s->dom))
NUMBER(is_active, virDomainIsActive(s->dom))
NUMBER(max_memory, virDomainGetMaxMemory(s->dom))
NUMBER(vcpus, virDomainGetVcpusFlags(s->dom, 0))
NUMBER(free_memory, virNodeGetFreeMemory(s->conn))
NUMBER(count_pools, virConnectNumOfStoragePools(s->conn))
NUMBER(restore, virDomainRestoreFlags(s->conn, "/x", 0))
NUMBER(alive, virConnectIsAlive(s->conn))
NUMBER(dispatch, virConnectDispatchEvents(s->conn))

OBJECT(define, virDomain, virDomainDefineXML(s->conn, "<x/>"))
OBJECT(by_id, virDomain, virDomainLookupByID(s->conn, 1))
OBJECT(pool_define, virStoragePool, virStoragePoolDefineXML(s->conn, "<x/>", 0))
OBJECT(pool_of, virStoragePool, virStoragePoolLookupByVolume(s->vol))
OBJECT(vol_create, virStorageVol, virStorageVolCreateXML(s->pool, "<x/>", 0))
OBJECT(vol_by_path, virStorageVol, virStorageVolLookupByPath(s->conn, "/x"))

#define ALL_DOMAINS(list) virConnectListAllDomains(s->conn, list, 0)
#define ALL_POOLS(list) virConnectListAllStoragePools(s->conn, list, 0)
#define ALL_VOLS(list) virStoragePoolListAllVolumes(s->pool, list, 0)
#define ALL_JOBS(list) virConnectListAllJobs(s->conn, list, 0)
LIST(all_domains, virDomain, ALL_DOMAINS)
LIST(all_pools, virStoragePool, ALL_POOLS)
LIST(all_vols, virStorageVol, ALL_VOLS)
LIST(all_jobs, virJobRecord, ALL_JOBS)

static void one_record(struct session *s)
{
    virJobRecordFree(virStorageVolGetJobRecord(s->vol, 0));
}

static void job_numbers(struct session *s)
{
    virJobInfo info;

    if (virStoragePoolGetJobInfo(s->pool, &info) == 0 && virDomainGetJobInfo(s->dom, &info) == 0)
        (void)virStorageVolWaitJob(s->vol, &info, -1);
}

static void job_error(struct session *s)
{
    virError error = { 0 };

    if (virDomainGetJobError(s->dom, &error) == 0)
        virResetError(&error);
}

static void job_stats(struct session *s)
{
    virTypedParameterPtr params = NULL;
    int type, n = 0;

    if (virDomainGetJobStats(s->dom, &type, &params, &n, 0) == 0)
        virTypedParamsFree(params, n);
}

static void dom_info(struct session *s)
{
    virDomainBlockInfo block;
    virDomainControlInfo control;
    virDomainInfo info;
    int state, reason;

    (void)virDomainGetInfo(s->dom, &info);
    (void)virDomainGetState(s->dom, &state, &reason, 0);
    (void)virDomainGetBlockInfo(s->dom, "vda", &block, 0);
    (void)virDomainGetControlInfo(s->dom, &control, 0);
}

static void dom_label(struct session *s)
{
    virSecurityLabel label;

    if (virDomainGetSecurityLabel(s->dom, &label) == 0)
        fuzz_must(memchr(label.label, '\0', sizeof(label.label)));
}

static void host_model(struct session *s)
{
    virSecurityModel model;
    virNodeInfo node;
    unsigned long long cells[2];

    if (virNodeGetSecurityModel(s->conn, &model) == 0)
        fuzz_must(memchr(model.model, '\0', sizeof(model.model)) &&
                  memchr(model.doi, '\0', sizeof(model.doi)));
    if (virNodeGetInfo(s->conn, &node) == 0)
        fuzz_must(memchr(node.model, '\0', sizeof(node.model)));
    fuzz_must(virNodeGetCellsFreeMemory(s->conn, cells, 0, 2) <= 2);
}

static void dom_messages(struct session *s)
{
    char **texts = NULL, *reply = NULL;
    int n = virDomainGetMessages(s->dom, &texts, 0);

    free_texts(texts, n);
    texts = NULL;
    n = virConnectGetCPUModelNames(s->conn, "x86_64", &texts, 0);
    free_texts(texts, n);
    if (virDomainQemuMonitorCommand(s->dom, "{}", &reply, 0) == 0)
        free(reply);
}

static void names(struct session *s)
{
    char *found[2];
    int ids[2], n;

    fuzz_must((n = virConnectListDefinedDomains(s->conn, found, 2)) <= 2);
    for (int i = 0; i < n; i++)
        free(found[i]);
    fuzz_must((n = virStoragePoolListVolumes(s->pool, found, 2)) <= 2);
    for (int i = 0; i < n; i++)
        free(found[i]);
    fuzz_must(virConnectListDomains(s->conn, ids, 2) <= 2);
}

static void infos(struct session *s)
{
    virStoragePoolInfo pool;
    virStorageVolInfo vol;
    unsigned long version;
    int autostart;

    (void)virStoragePoolGetInfo(s->pool, &pool);
    (void)virStorageVolGetInfo(s->vol, &vol);
    (void)virStoragePoolGetAutostart(s->pool, &autostart);
    (void)virConnectGetVersion(s->conn, &version);
}

static void take_event(virConnectPtr conn, unsigned long long sequence, int event,
                       virJobRecordPtr record, void *opaque)
{
    (void)conn;
    (void)sequence;
    (void)event;
    (void)opaque;
    fuzz_must(record && record->name);
}

static void listen_to_jobs(struct session *s)
{
    (void)virConnectJobEventRegister(s->conn, take_event, NULL, NULL, NULL, 0);
}

static void use_stream(virStreamPtr stream)
{
    char data[64];
    long long hole;

    for (int i = 0; i < ROUNDS; i++) {
        int got = virStreamRecvFlags(stream, data, sizeof(data), VIR_STREAM_RECV_STOP_AT_HOLE);

        fuzz_must(got <= (int)sizeof(data));
        if (got == -3)
            (void)virStreamRecvHole(stream, &hole, 0);
        else if (got <= 0)
            break;
    }
    if (virStreamFinish(stream) < 0)
        (void)virStreamAbort(stream);
}

static void download(struct session *s)
{
    virStreamPtr stream = virStreamNew(s->conn, 0);

    s->server->draining = true;
    if (stream && virStorageVolDownload(s->vol, stream, 0, 0,
                                        VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM) == 0)
        use_stream(stream);
    if (stream)
        (void)virStreamFree(stream);
}

static void screenshot(struct session *s)
{
    virStreamPtr stream = virStreamNew(s->conn, 0);
    char *mime;

    s->server->draining = true;
    mime = stream ? virDomainScreenshot(s->dom, stream, 0, 0) : NULL;
    if (mime)
        use_stream(stream);
    free(mime);
    if (stream)
        (void)virStreamFree(stream);
}

/* Inputs say which by number: only ever append. */
static void (*const calls[])(struct session *s) = {
    dom_xml, dom_os, dom_metadata, dom_managed, image_xml, capabilities, domcaps, hostname,
    pool_xml, pool_caps, sources, vol_xml, vol_path, suspend, cancel, is_active, max_memory, vcpus,
    free_memory, count_pools, restore, alive, dispatch, define, by_id, pool_define, pool_of,
    vol_create, vol_by_path, all_domains, all_pools, all_vols, all_jobs, one_record,
    job_numbers, job_error, job_stats, dom_info, dom_label, host_model, dom_messages, names, infos,
    listen_to_jobs, download, screenshot,
};

static void close_all(struct session *s)
{
    if (s->vol)
        (void)virStorageVolFree(s->vol);
    if (s->pool)
        (void)virStoragePoolFree(s->pool);
    if (s->dom)
        (void)virDomainFree(s->dom);
    (void)virConnectClose(s->conn);
}

static void run_calls(struct server *server, const uint8_t *numbers, size_t n)
{
    struct session s = { .server = server, .conn = virConnectOpen(uri) };

    fuzz_must(s.conn);
    s.dom = virDomainLookupByName(s.conn, "x");
    s.pool = virStoragePoolLookupByName(s.conn, "x");
    s.vol = virStorageVolLookupByName(s.pool, "x");
    fuzz_must(s.dom && s.pool && s.vol);
    for (size_t i = 0; i < n; i++) {
        calls[numbers[i] % ARRAY_SIZE(calls)](&s);
        if (virGetLastErrorCode() != VIR_ERR_OK)
            fuzz_must(*virGetLastErrorMessage());
    }
    close_all(&s);
    virResetLastError();
}

static void quiet(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static void start(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (uri)
        return;
    virSetErrorFunc(NULL, quiet);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", fuzz_dir());
    uri = xasprintf("qemu+unix:///system?socket=%s", address.sun_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzz_must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              listen(listener, 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server server = { 0 };
    pthread_t thread;
    size_t n = size > 0 ? data[0] : 0;

    start();
    if (n > 32 || n + 1 > size)
        return 0;
    server.data = data + 1 + n;
    server.size = size - 1 - n;
    fuzz_must(pthread_create(&thread, NULL, serve, &server) == 0);
    run_calls(&server, data + 1, n);
    fuzz_must(pthread_join(thread, NULL) == 0);
    return 0;
}
