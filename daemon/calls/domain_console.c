/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The console or a channel of a guest: a stream on one side, the pty that QEMU
 * has made for a serial port, or the socket of a channel, on the other.  One
 * client at a time, as two would each get half of what the guest says.  The loop
 * reads and writes it, which never blocks; finding it in the live XML and
 * opening it is a worker's.
 */

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

#include "calls/domain_call.h"
#include "calls/stream_call.h"
#include "hypervisor/qemu/guest.h"
#include "hypervisor/qemu/process.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

enum {
    READ_SIZE = 16384,
    WRITE_HOLD = 64 * 1024, /* bytes the guest has not taken: past it the client is not read */
};

struct console {
    struct console *prev, *next; /* in daemon->consoles */
    struct daemon *daemon;
    struct stream *stream;
    char *path;
    const char *what; /* "console", "channel" */
    int fd;
    struct event *readable, *writable;
    char *out; /* what the guest has not taken yet */
    size_t out_len;
    bool hung_up; /* QEMU has closed its end: the client's finish is awaited */
};

/* --- while it is open --- */

static void console_free(struct console *console)
{
    DL_DELETE(console->daemon->consoles, console);
    event_free(console->readable);
    event_free(console->writable);
    (void)close(console->fd); /* a terminal or socket: nothing is lost */
    stream_close(console->stream);
    free(console->path);
    free(console->out);
    free(console);
}

static void console_end(struct console *console, int code, const char *why)
{
    stream_end_because(STEAL_PTR(console->stream), code, why, VIR_FROM_QEMU);
    console_free(console);
}

/* No data come any more, and nothing is written. */
static void console_hung_up(struct console *console)
{
    console->hung_up = true;
    event_del(console->readable);
    event_del(console->writable);
    console->out_len = 0;
    stream_hold(console->stream, false);
    stream_send_empty(console->stream, FRAME_CONTINUE);
}

static void readable_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct console *console = opaque;
    char *block;
    ssize_t n;

    (void)what;
    if (!stream_has_room(console->stream)) {
        event_del(console->readable); /* stream_writable() goes on */
        return;
    }
    block = xmalloc(FRAME_MIN + READ_SIZE);
    n = read(fd, block + FRAME_MIN, READ_SIZE);
    if (n > 0) {
        stream_send(console->stream, block, (size_t)n);
        return;
    }
    free(block);
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        console_hung_up(console);
}

/* Gives the guest what it takes now. */
static void write_out(struct console *console)
{
    ssize_t n = write(console->fd, console->out, console->out_len);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        console_hung_up(console);
        return;
    }
    if (n > 0) {
        console->out_len -= (size_t)n;
        memmove(console->out, console->out + n, console->out_len);
    }
    stream_hold(console->stream, console->out_len >= WRITE_HOLD);
    if (console->out_len > 0)
        event_add(console->writable, NULL); /* not persistent */
}

static void writable_cb(evutil_socket_t fd, short what, void *opaque)
{
    (void)fd;
    (void)what;
    write_out(opaque);
}

static void stream_data(void *opaque, const void *data, size_t len)
{
    struct console *console = opaque;

    if (console->hung_up)
        return;
    console->out = xrealloc(console->out, console->out_len + len, 1);
    memcpy(console->out + console->out_len, data, len);
    console->out_len += len;
    write_out(console);
}

static void stream_hole(void *opaque, uint64_t len)
{
    (void)len;
    console_end(opaque, VIR_ERR_OPERATION_INVALID,
                "the stream of a console or channel takes no holes");
}

static void stream_over(void *opaque)
{
    struct console *console = opaque;
    struct stream *stream = STEAL_PTR(console->stream);

    stream_send_empty(stream, FRAME_OK);
    stream_close(stream);
    console_free(console);
}

static void stream_broken(void *opaque, const char *why)
{
    console_end(opaque, VIR_ERR_RPC, why);
}

static void stream_gone(void *opaque)
{
    struct console *console = opaque;

    if (console->stream) /* else it is just being ended */
        console_free(console);
}

static void stream_writable(void *opaque)
{
    struct console *console = opaque;

    if (!console->hung_up)
        event_add(console->readable, NULL);
}

static const struct stream_ops stream_ops = {
    .data = stream_data,
    .hole = stream_hole,
    .finish = stream_over,
    .abort = stream_over,
    .broken = stream_broken,
    .gone = stream_gone,
    .writable = stream_writable,
};

static struct console *find_console(const struct daemon *daemon, const char *path)
{
    struct console *console;

    DL_FOREACH(daemon->consoles, console) {
        if (strcmp(console->path, path) == 0)
            return console;
    }
    return NULL;
}

/* --- which pty or socket: worker --- */

struct console_input {
    struct domain_def *def;
    const char *device; /* an alias, of a channel its name, too, or NULL: the first; in the call's
                           arguments */
    const char *what;
    char *path;
    int fd;
};

static void free_input(void *opaque)
{
    struct console_input *input = opaque;

    domain_def_unref(input->def);
    free(input->path);
    if (input->fd >= 0)
        (void)close(input->fd); /* a terminal or socket: nothing is lost */
    free(input);
}

static xmlNodePtr find_device(xmlDocPtr doc, const char *alias)
{
    static const char *const kinds[] = { "console", "serial", "parallel" };
    xmlNodePtr devices = xml_child(xmlDocGetRootElement(doc), "devices");

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        for (xmlNodePtr at = xml_first(devices, kinds[i]); at; at = xml_next(at, kinds[i])) {
            if (!alias || xml_attribute_is(xml_child(at, "alias"), "name", alias))
                return at;
        }
    }
    return NULL;
}

static int open_pty(void *opaque, struct verror *err)
{
    struct console_input *input = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(input->def);
    xmlNodePtr device = find_device(doc, input->device);
    const char *name = input->device ? input->device : "console";
    struct stat st;

    if (!device)
        return verror_set(err, VIR_ERR_INVALID_ARG, "cannot find character device '%s'", name);
    if (!xml_attribute_is(device, "type", "pty") ||
        !(input->path = xml_attribute(xml_child(device, "source"), "path")))
        return verror_set(err, VIR_ERR_OPERATION_UNSUPPORTED,
                          "character device '%s' is not using a PTY", name);
    input->fd = open(input->path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (input->fd < 0 || fstat(input->fd, &st) < 0)
        return verror_errno(err, errno, "cannot open console '%s'", input->path);
    if (S_ISCHR(st.st_mode))
        return 0;
    return verror_set(err, VIR_ERR_OPERATION_FAILED, "'%s' is no terminal", input->path);
}

static xmlNodePtr find_channel(xmlDocPtr doc, const char *name)
{
    xmlNodePtr at = xml_first(xml_child(xmlDocGetRootElement(doc), "devices"), "channel");

    for (; name && at; at = xml_next(at, "channel")) {
        if (xml_attribute_is(xml_child(at, "alias"), "name", name) ||
            xml_attribute_is(xml_child(at, "target"), "name", name))
            break;
    }
    return at;
}

/* A name relative to its directory, as paths may be longer than an address. */
static int connect_to(const char *path, struct verror *err)
{
    _cleanup_free_ char *dir = xstrdup(path);
    char *slash = strrchr(dir, '/');

    if (!slash || slash == dir)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "'%s' is no path of a socket", path);
    *slash = '\0';
    return socket_connect(dir, slash + 1, err);
}

static int find_socket(void *opaque, struct verror *err)
{
    struct console_input *input = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(input->def);
    xmlNodePtr device = find_channel(doc, input->device);
    const char *name = input->device ? input->device : "(null)", *agent = input->def->agent_path;

    if (!device)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot find channel %s", name);
    if (!xml_attribute_is(device, "type", "unix") ||
        !(input->path = xml_attribute(xml_child(device, "source"), "path")))
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "channel %s is not using a UNIX socket",
                          name);
    if (agent && strcmp(agent, input->path) == 0)
        return verror_set(err, VIR_ERR_OPERATION_INVALID,
                          "the daemon itself speaks to the guest agent on channel %s", name);
    return 0;
}

static int connect_socket(void *opaque, struct verror *err)
{
    struct console_input *input = opaque;

    input->fd = connect_to(input->path, err);
    return input->fd < 0 ? -1 : 0;
}

/* --- the calls: loop --- */

static struct console *console_new(struct call *call, struct console_input *input)
{
    struct console *console = XNEW(struct console);

    console->stream = stream_open(call->client, &call->header, &stream_ops, console);
    if (!console->stream) {
        free(console);
        return NULL;
    }
    console->daemon = call->daemon;
    console->path = STEAL_PTR(input->path);
    console->what = input->what;
    console->fd = steal_fd(&input->fd);
    console->readable = event_new(call->daemon->base, console->fd, EV_READ | EV_PERSIST,
                                  readable_cb, console);
    console->writable = event_new(call->daemon->base, console->fd, EV_WRITE, writable_cb, console);
    DL_APPEND(call->daemon->consoles, console);
    return console;
}

static void take_from(struct console *other)
{
    _cleanup_free_ char *why = xasprintf("another client has taken the %s", other->what);

    console_end(other, VIR_ERR_OPERATION_ABORTED, why);
}

/* The flag that forces is the same one for both.  -1 with call->err. */
static int make_way(struct call *call, const struct console_input *input)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct console *other = find_console(call->daemon, input->path);

    if (!other)
        return 0;
    if (!(args->flags & VIR_DOMAIN_CONSOLE_FORCE))
        return verror_set(&call->err, VIR_ERR_OPERATION_FAILED, "Active %s exists for this domain",
                          strcmp(input->what, "console") == 0 ? "console session" :
                                                                "channel stream");
    take_from(other);
    return 0;
}

static void opened(struct call *call, void *opaque)
{
    struct console_input *input = opaque;
    struct console *console = NULL;

    if (make_way(call, input) == 0 && !(console = console_new(call, input)))
        verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                   "the connection is gone or has too many open streams");
    if (!console) {
        call_fail(call);
        return;
    }
    event_add(console->readable, NULL);
    call_reply(call); /* last: a client that it drops takes the console along */
}

/* Only then: whoever connects waits for QEMU to take it, and few can wait, even having left. */
static void socket_found(struct call *call, void *opaque)
{
    struct offload offload = { .free_input = free_input, .work = connect_socket, .then = opened };
    struct console_input *input = opaque, *next;

    if (make_way(call, input) < 0) {
        call_fail(call);
        return;
    }
    offload.input = next = XNEW(struct console_input);
    *next = (struct console_input){ .what = input->what, .path = STEAL_PTR(input->path), .fd = -1 };
    call_offload(call, &offload);
}

static int start_opening(struct call *call, unsigned int flags, const char *what,
                         struct offload offload)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct console_input *input;
    struct domain *domain;

    if (call_check_flags(call, args->flags, flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        domain_check_active(domain, &call->err) < 0)
        return -1;
    if (domain->guest->starting)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' is still being started", domain_name(domain));
    offload.input = input = XNEW(struct console_input);
    input->def = domain_def_ref(domain->guest->def);
    input->device = args->value ? *args->value : NULL;
    input->what = what;
    input->fd = -1;
    offload.free_input = free_input;
    offload.key = domain->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static int open_console(struct call *call)
{
    return start_opening(call, VIR_DOMAIN_CONSOLE_FORCE | VIR_DOMAIN_CONSOLE_SAFE, "console",
                         (struct offload){ .work = open_pty, .then = opened });
}

static int open_channel(struct call *call)
{
    return start_opening(call, VIR_DOMAIN_CONSOLE_FORCE, "channel",
                         (struct offload){ .work = find_socket, .then = socket_found });
}

#define ROW(num, function, handle)                                                         \
    {                                                                                      \
        .number = REMOTE_PROC_DOMAIN_##num, .api = function, PROC_ON(DOMAIN, DATA),        \
        .access = ACCESS_WRITE, .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU,      \
        PROC_ARGS(remote_domain_text_opt_flags_args), .handler = handle,                   \
    }

static const struct proc procs[] = {
    ROW(OPEN_CONSOLE, "virDomainOpenConsole", open_console),
    ROW(OPEN_CHANNEL, "virDomainOpenChannel", open_channel),
};

const struct proc_table calls_domain_console = { procs, ARRAY_SIZE(procs) };
