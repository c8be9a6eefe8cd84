/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The console of a guest: a stream on one side, the pty that QEMU has made for
 * a serial port on the other.  One client at a time, as two would each get half
 * of what the guest says.  The loop reads and writes the pty, which never
 * blocks; finding it in the live XML and opening it is a worker's.
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
    (void)close(console->fd); /* a terminal: nothing is lost */
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
    console_end(opaque, VIR_ERR_OPERATION_INVALID, "the stream of a console takes no holes");
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

/* --- which pty: worker --- */

struct console_input {
    struct domain_def *def;
    const char *device; /* an alias, or NULL: the first; in the call's arguments */
    char *path;
    int fd;
};

static void free_input(void *opaque)
{
    struct console_input *input = opaque;

    domain_def_unref(input->def);
    free(input->path);
    if (input->fd >= 0)
        (void)close(input->fd); /* a terminal: nothing is lost */
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

/* --- the call: loop --- */

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
    console->fd = steal_fd(&input->fd);
    console->readable = event_new(call->daemon->base, console->fd, EV_READ | EV_PERSIST,
                                  readable_cb, console);
    console->writable = event_new(call->daemon->base, console->fd, EV_WRITE, writable_cb, console);
    DL_APPEND(call->daemon->consoles, console);
    return console;
}

static void pty_opened(struct call *call, void *opaque)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct console_input *input = opaque;
    struct console *other = find_console(call->daemon, input->path), *console = NULL;

    if (other && !(args->flags & VIR_DOMAIN_CONSOLE_FORCE)) {
        verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                   "Active console session exists for this domain");
    } else {
        if (other)
            console_end(other, VIR_ERR_OPERATION_ABORTED, "another client has taken the console");
        console = console_new(call, input);
        if (!console)
            verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                       "the connection is gone or has too many open streams");
    }
    if (!console) {
        call_fail(call);
        return;
    }
    event_add(console->readable, NULL);
    call_reply(call); /* last: a client that it drops takes the console along */
}

static int open_console(struct call *call)
{
    const struct remote_domain_text_opt_flags_args *args = call->args;
    struct domain *domain;
    struct offload offload = {
        .free_input = free_input,
        .work = open_pty,
        .then = pty_opened,
    };
    struct console_input *input;

    if (call_check_flags(call, args->flags,
                         VIR_DOMAIN_CONSOLE_FORCE | VIR_DOMAIN_CONSOLE_SAFE) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        domain_check_active(domain, &call->err) < 0)
        return -1;
    if (domain->guest->starting)
        return verror_set(&call->err, VIR_ERR_OPERATION_INVALID,
                          "domain '%s' is still being started", domain_name(domain));
    offload.input = input = XNEW(struct console_input);
    input->def = domain_def_ref(domain->guest->def);
    input->device = args->value ? *args->value : NULL;
    input->fd = -1;
    offload.key = domain->uuid;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_OPEN_CONSOLE,
      .api = "virDomainOpenConsole",
      PROC_ON(DOMAIN, DATA),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_domain_text_opt_flags_args),
      .handler = open_console },
};

const struct proc_table calls_domain_console = { procs, ARRAY_SIZE(procs) };
