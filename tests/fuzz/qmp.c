/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP client of daemon/hypervisor/qemu/monitor*.c and qmp_json.c: the input is what QEMU says,
 * line by line and each line in two pieces; what stands behind '>' in a line is a command that a
 * client wrote.
 */

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "hypervisor/qemu/monitor.h"
#include "util/alloc.h"

static struct event_base *base;
static struct monitors *monitors;
static unsigned int ndone, nsent;

static void start(void)
{
    if (base)
        return;
    fuzz_hush();
    base = event_base_new();
    monitors = monitors_new(base, NULL);
    fuzz_must(monitors);
}

static void turn(void)
{
    for (int i = 0; i < 3; i++) /* what was posted, what was read, what that called for */
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* What reached a caller can be written again. */
static void done(void *opaque, json_t *value, struct verror *err)
{
    (void)opaque;
    ndone++;
    fuzz_must(!value == (err->code != 0));
    if (value)
        free(json_dumps(value, JSON_ENCODE_ANY));
}

static void on_event(void *opaque, const char *name, const json_t *data)
{
    (void)opaque;
    fuzz_must(name);
    if (data)
        free(json_dumps(data, JSON_ENCODE_ANY));
}

static void send_command(struct monitor *monitor, const char *line, size_t len)
{
    _cleanup_free_ char *text = xstrndup(line, len);
    _cleanup_verror_ struct verror err = VERROR_INIT;

    if (monitor_send_raw(monitor, text, -1, -1, done, NULL, &err) == 0)
        nsent++;
    else
        fuzz_must(err.code != 0);
}

static void say(int fd, const char *data, size_t len)
{
    char sink[4096];

    if (len > 0)
        (void)!send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL); /* it may have hung up */
    turn();
    while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
        ;
}

static void take_line(struct monitor *monitor, int fd, const char *line, size_t len)
{
    if (*line == '>') {
        send_command(monitor, line + 1, len - 1);
        turn();
        return;
    }
    say(fd, line, len / 2);
    say(fd, line + len / 2, len - len / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct monitor_handler handler = { .event = on_event };
    const char *at = (const char *)data, *end = at + size;
    struct monitor *monitor;
    int fds[2];

    start();
    ndone = 0;
    nsent = 1;
    fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    monitor = monitor_open(monitors, fds[0], &handler, NULL);
    monitor_send(monitor, "query-status", NULL, -1, done, NULL);
    turn();
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);

        take_line(monitor, fds[1], at, len);
        at += len;
    }
    monitor_close(monitor);
    monitor_unref(monitor);
    turn();
    (void)close(fds[1]);
    fuzz_must(ndone == nsent);
    return 0;
}
