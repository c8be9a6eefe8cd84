/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon with a pool, a volume and a domain, and a read-only client: every procedure that such a
 * one may call runs for real, the others are refused.  The input is records (record.h) on one
 * connection; nothing in the daemon changes by them, so each input finds it as the one before did.
 */

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "calls/event.h"
#include "config.h"
#include "emulator.h"
#include "fuzz.h"
#include "hypervisor/domain.h"
#include "hypervisor/domains.h"
#include "jobs/job.h"
#include "jobs/workers.h"
#include "protocol/remote.h"
#include "record.h"
#include "server/internal.h"
#include "storage/pool.h"
#include "storage/storage.h"
#include "store/store.h"
#include "util/closer.h"

enum { WAIT_MS = 5, WAITS = 400, STOP_MS = 10000, CLIENTS = 10, REQUESTS = 16 };

static struct daemon daemon_;

static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", fuzz_dir(), name);
}

/* --- up and down, as lifecycle.c does it --- */

static void stop(void)
{
    server_free(daemon_.server);
    domains_stop(daemon_.domains);
    fuzz_must(workers_free(daemon_.workers, STOP_MS));
    daemon_.workers = NULL;
    store_close(daemon_.store);
    dispatch_free(daemon_.dispatch);
    events_free(daemon_.events);
    storage_free(daemon_.storage);
    jobs_free(daemon_.jobs);
    domains_free(daemon_.domains);
    close_later_drain();
    config_free(daemon_.config);
    event_base_free(daemon_.base);
    free(daemon_.state_dir);
    free(daemon_.runtime_dir);
    free(daemon_.log_dir);
}

static void build(void)
{
    static const struct workers_width widths[LANE_MAX] = { { 2, 1 }, { 1, 1 }, { 1, 1 } };
    static const struct server_limits limits = {
        .max_clients = CLIENTS, .max_client_requests = REQUESTS, .max_client_streams = 4,
        .max_client_packet_mib = 1, .max_client_reply_mib = 1, .max_client_event_mib = 1,
    };
    _cleanup_free_ char *database = in_dir("virtjobd.db");

    daemon_.store = store_open(database, daemon_.base, NULL);
    fuzz_must(daemon_.store);
    daemon_.workers = workers_new(daemon_.base, widths);
    daemon_.jobs = jobs_new(&daemon_);
    daemon_.storage = storage_new(&daemon_);
    daemon_.domains = domains_new(&daemon_, NULL);
    fuzz_must(daemon_.domains);
    daemon_.events = events_new();
    domain_events_start(&daemon_);
    pool_events_start(&daemon_);
    job_events_start(&daemon_);
    monitor_events_start(&daemon_);
    daemon_.dispatch = dispatch_new(daemon_programs, daemon_nprograms);
    daemon_.server = server_new(daemon_.base, &limits, &dispatch_handler, &daemon_);
    fuzz_must(daemon_.server && atexit(stop) == 0);
}

/* --- a client --- */

static int connect_client(bool readonly)
{
    const struct listener listener = { .kind = SERVER_UNIX, .readonly = readonly };
    int fds[2];

    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    client_new(daemon_.server, fds[0], &listener, NULL);
    client_set_open(daemon_.server->clients);
    return fds[1];
}

static void tick_cb(_unused_ evutil_socket_t fd, _unused_ short what, _unused_ void *opaque)
{
}

/* One turn, which is short, too, where nothing happens. */
static void turn(int fd)
{
    static const struct timeval tick = { .tv_usec = WAIT_MS * 1000 };
    char sink[16384];

    fuzz_must(event_base_once(daemon_.base, -1, EV_TIMEOUT, tick_cb, NULL, &tick) == 0);
    (void)event_base_loop(daemon_.base, EVLOOP_ONCE);
    while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
        ;
}

static bool is_answered(void)
{
    const struct client *client = daemon_.server->clients;

    return !client || (client->nserials == 0 && client->output_bytes == 0);
}

/* Until all is answered, but for what waits for a job that never comes. */
static void say(int fd, const void *data, size_t len)
{
    (void)!send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL); /* it may have hung up */
    (void)event_base_loop(daemon_.base, EVLOOP_NONBLOCK);
    for (int i = 0; i < WAITS && !is_answered(); i++)
        turn(fd);
}

static void hang_up(int fd)
{
    (void)close(fd);
    while (!server_is_idle(daemon_.server))
        (void)event_base_loop(daemon_.base, EVLOOP_ONCE);
}

/* --- what is there --- */

static void call_well(int fd, int procedure, xdrproc_t xdr, void *args)
{
    const struct frame_header header = { .program = REMOTE_PROGRAM_NUMBER, .version = 1,
                                         .procedure = procedure };
    _cleanup_free_ void *packet = NULL;
    size_t len;

    fuzz_must(frame_encode(&header, xdr, args, &packet, &len) == 0);
    say(fd, packet, len);
    fuzz_must(is_answered());
}

static void make_objects(void)
{
    _cleanup_free_ char *path = in_dir("pool"), *vol = NULL;
    _cleanup_free_ char *pool = xasprintf("<pool type='dir'><name>pool</name><uuid>00010203-0405-"
                                          "0607-0809-0a0b0c0d0e0f</uuid><target><path>%s</path>"
                                          "</target></pool>", path);
    static char guest[] = "<domain type='qemu'><name>guest</name><uuid>00010203-0405-0607-0809-"
                          "0a0b0c0d0e0f</uuid><memory>65536</memory><os><type arch='x86_64'>hvm"
                          "</type></os></domain>";
    struct remote_xml_args pool_args = { .xml = pool };
    struct remote_text_args guest_args = { .value = guest };
    int fd = connect_client(false);

    fuzz_must(mkdir(path, 0700) == 0);
    vol = fuzz_file("pool/vol", "data", 4);
    call_well(fd, REMOTE_PROC_STORAGE_POOL_CREATE_XML, (xdrproc_t)xdr_remote_xml_args, &pool_args);
    call_well(fd, REMOTE_PROC_DOMAIN_DEFINE_XML, (xdrproc_t)xdr_remote_text_args, &guest_args);
    hang_up(fd);
}

static void start(void)
{
    if (daemon_.base)
        return;
    fuzz_hush();
    daemon_ = (struct daemon){ .base = event_base_new(),
                               .config = config_new(true),
                               .session = true,
                               .state_dir = xstrdup(fuzz_dir()),
                               .runtime_dir = in_dir("run"),
                               .log_dir = in_dir("log") };
    qemu_caps_unref(emulator_put("capabilities"));
    build();
    make_objects();
    fuzz_must(domain_find_name(daemon_.domains, "guest"));
    fuzz_must(pool_find_name(daemon_.storage, "pool"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd;

    start();
    fd = connect_client(true);
    if (size > 0) { /* the first byte is another target's */
        data++;
        size--;
    }
    while (size >= RECORD_SIZE) {
        size_t used, len;
        _cleanup_free_ char *packet = record_packet(data, size, &used, &len);

        say(fd, packet, len);
        data += used;
        size -= used;
    }
    hang_up(fd);
    fuzz_must(jobs_are_idle(daemon_.jobs));
    return 0;
}
