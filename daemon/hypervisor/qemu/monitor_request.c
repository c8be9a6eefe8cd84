/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A request to a monitor and its end.  A worker makes one, posts it and sleeps in poll() on the
 * request's eventfd and its job's cancel; the loop fills in the result and writes to the eventfd.
 * Who ends it, the loop or the worker that will wait no longer, is decided by one
 * compare-and-exchange; the loser drops what it has.  The loop's own requests have a callback and a
 * timer instead.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "hypervisor/qemu/qmp_json.h"
#include "jobs/ctl.h"
#include "util/alloc.h"
#include "util/closer.h"

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct request *request_new(enum request_op op, struct monitor *monitor, int timeout_ms)
{
    struct request *request = XNEW(struct request);

    request->op = op;
    request->monitor = monitor;
    atomic_init(&request->refs, 1);
    atomic_init(&request->state, REQUEST_WAITING);
    request->timeout_ms = timeout_ms;
    request->deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    request->fd = request->wake_fd = -1;
    return request;
}

static void free_names(char **names)
{
    for (char **name = names; name && *name; name++)
        free(*name);
    free(names);
}

void request_unref(struct request *request)
{
    if (!request || atomic_fetch_sub(&request->refs, 1) > 1)
        return;
    close_later(request->fd); /* a duplicate, but it may be of a client's */
    if (request->wake_fd >= 0)
        (void)close(request->wake_fd); /* an eventfd holds nothing to lose */
    if (request->timer)
        event_free(request->timer); /* such a request has the loop's reference only */
    free(request->command);
    free(request->line);
    free_names(request->names);
    json_decref(request->id);
    json_decref(request->value);
    verror_clear(&request->err);
    free(request);
}

bool request_is_over(struct request *request)
{
    return atomic_load(&request->state) != REQUEST_WAITING;
}

/* True: it was still waited for, and is in that state now. */
static bool decide(struct request *request, enum request_state state)
{
    enum request_state waiting = REQUEST_WAITING;

    return atomic_compare_exchange_strong(&request->state, &waiting, state);
}

static void end_workers(struct request *request, json_t *value, struct verror *err)
{
    uint64_t one = 1;

    request->value = value;
    verror_move(&request->err, err);
    if (decide(request, REQUEST_ENDED))
        (void)!write(request->wake_fd, &one, sizeof(one)); /* the only write there is */
}

void request_end(struct request *request, json_t *value, struct verror *err)
{
    if (request_is_over(request)) {
        json_decref(value);
        verror_clear(err);
        return;
    }
    if (request->wake_fd >= 0) {
        end_workers(request, value, err);
        return;
    }
    (void)decide(request, REQUEST_ENDED); /* nobody else could */
    if (request->timer)
        (void)event_del(request->timer); /* of a valid event: cannot fail */
    if (request->done)
        request->done(request->opaque, value, err);
    json_decref(value);
    verror_clear(err);
}

void request_fail(struct request *request, const struct verror *why)
{
    struct verror err = VERROR_INIT;

    verror_copy(&err, why);
    request_end(request, NULL, &err);
}

/* --- a command's text --- */

static json_t *take_id(struct monitor *monitor)
{
    return json_integer((json_int_t)atomic_fetch_add(&monitor->next_id, 1) + 1);
}

/* id and arguments are taken over.  -1: they are no JSON, or too large. */
static int encode_command(struct request *request, json_t *id, const char *command,
                          json_t *arguments, struct verror *err)
{
    json_t *object = json_object();
    char *text;

    request->command = xstrdup(command);
    request->id = id;
    (void)json_object_set_new(object, "execute", json_string(command));
    if (arguments)
        (void)json_object_set_new(object, "arguments", arguments);
    (void)json_object_set(object, "id", request->id);
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        return verror_set(err, VIR_ERR_INTERNAL_ERROR, "cannot encode the command '%s' for QEMU",
                          command);
    request->len = strlen(text) + 1;
    request->line = xrealloc(text, 1, request->len + 1);
    strcpy(request->line + request->len - 1, "\n");
    return 0;
}

static struct request *new_command(struct monitor *monitor, const char *command,
                                   json_t *arguments, int timeout_ms, struct verror *err)
{
    struct request *request = request_new(OP_CALL, monitor, timeout_ms);

    if (encode_command(request, take_id(monitor), command, arguments, err) == 0)
        return request;
    request_unref(request);
    return NULL;
}

/* Its id is none that a command on an earlier connection has had; see is_old_reply(). */
struct request *request_capabilities(struct monitor *monitor, monitor_done_fn *done)
{
    struct request *request = request_new(OP_CALL, monitor, -1);
    json_t *id = json_integer((json_int_t)now_ms() << 20);
    int rc = encode_command(request, id, "qmp_capabilities", NULL, NULL);

    assert(rc == 0); /* a constant text */
    (void)rc;
    request->done = done;
    request->opaque = monitor;
    return request;
}

/* --- the loop's --- */

static void timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct request *request = opaque;
    struct verror err = VERROR_INIT;

    (void)fd;
    (void)what;
    (void)verror_set(&err, VIR_ERR_OPERATION_TIMEOUT, "QEMU has not answered '%s' within %d ms",
                     request->command, request->timeout_ms);
    request_end(request, NULL, &err);
}

/* Posts it with a callback; where even that is refused, it ends here. */
static void send_request(struct request *request, monitor_done_fn *done, void *opaque)
{
    struct monitor *monitor = request->monitor;
    struct timeval left = { .tv_sec = request->timeout_ms / 1000,
                            .tv_usec = (request->timeout_ms % 1000) * 1000 };
    struct verror err = VERROR_INIT;

    request->done = done;
    request->opaque = opaque;
    if (request->timeout_ms >= 0 && monitor->monitors->base) {
        request->timer = evtimer_new(monitor->monitors->base, timer_cb, request);
        if (request->timer)
            (void)evtimer_add(request->timer, &left); /* without it, it waits for the closing */
    }
    (void)monitor_ref(monitor);
    if (monitors_post(monitor->monitors, request))
        return;
    (void)monitors_refuse(&err);
    request_end(request, NULL, &err);
    request_unref(request);
    monitor_unref(monitor);
}

void monitor_send(struct monitor *monitor, const char *command, json_t *arguments, int timeout_ms,
                  monitor_done_fn *done, void *opaque)
{
    struct verror err = VERROR_INIT;
    struct request *request = new_command(monitor, command, arguments, timeout_ms, &err);

    if (request) {
        send_request(request, done, opaque);
    } else {
        if (done)
            done(opaque, NULL, &err);
        verror_clear(&err);
    }
}

/*
 * The client's text goes to QEMU as it is, so that no number in it is rounded: all that is
 * added is an id where it has none.
 */
static void use_text(struct request *request, const char *text, json_t *object)
{
    json_t *id = json_object_get(object, "id");
    const char *behind = strchr(text, '{') + 1;

    request->command = xstrdup(json_string_value(json_object_get(object, "execute")));
    if (!request->command)
        request->command = xstrdup("a command of the client");
    request->raw = true;
    request->own_id = id != NULL;
    request->id = id ? json_incref(id) : take_id(request->monitor);
    request->line = id ? xasprintf("%s\n", text)
                       : xasprintf("{\"id\":%" JSON_INTEGER_FORMAT "%s%s\n",
                                   json_integer_value(request->id),
                                   json_object_size(object) > 0 ? "," : "", behind);
    request->len = strlen(request->line);
}

static int attach_fd(struct request *request, int fd, struct verror *err)
{
    if (fd < 0 || (request->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
        return 0;
    return verror_errno(err, errno, "cannot duplicate a descriptor for QEMU");
}

int monitor_send_raw(struct monitor *monitor, const char *line, int fd, int timeout_ms,
                     monitor_done_fn *done, void *opaque, struct verror *err)
{
    _cleanup_free_ char *why = NULL;
    struct request *request;
    json_t *object;

    object = qmp_decode(line, strlen(line), QMP_VALUES_FEW, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        return verror_set(err, VIR_ERR_INVALID_ARG, "monitor command is %s", why);
    if (!json_is_object(object)) {
        json_decref(object);
        return verror_set(err, VIR_ERR_INVALID_ARG, "monitor command is not a JSON object");
    }
    request = request_new(OP_CALL, monitor, timeout_ms);
    use_text(request, line, object);
    json_decref(object);
    if (attach_fd(request, fd, err) < 0) {
        request_unref(request);
        return -1;
    }
    send_request(request, done, opaque);
    return 0;
}

/* --- a worker's --- */

/* Sleeps until the request is over (0), the deadline (ETIME), or the cancel (ECANCELED). */
static int sleep_on(struct request *request, struct job_ctl *ctl)
{
    struct pollfd fds[2] = { { .fd = request->wake_fd, .events = POLLIN },
                             { .fd = ctl ? job_ctl_cancel_fd(ctl) : -1, .events = POLLIN } };

    if (ctl && fds[1].fd < 0)
        return errno;
    for (;;) {
        int64_t left = request->deadline < 0 ? -1 : request->deadline - now_ms() + 1;
        int n = poll(fds, ARRAY_SIZE(fds), request->deadline < 0 ? -1 : left > 0 ? (int)left : 0);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0 && fds[0].revents)
            return 0;
        if (n > 0 && fds[1].revents)
            return ECANCELED;
        if (n == 0 && left <= 0)
            return ETIME;
    }
}

/* what: "answered 'stop'", "sent …" */
static int explain(int reason, const struct request *request, const char *what, struct verror *err)
{
    switch (reason) {
    case ETIME:
        return verror_set(err, VIR_ERR_OPERATION_TIMEOUT, "QEMU has not %s within %d ms", what,
                          request->timeout_ms);
    case ECANCELED:
        return verror_set(err, VIR_ERR_OPERATION_ABORTED, "cancelled before QEMU has %s", what);
    default:
        return verror_errno(err, reason, "cannot wait until QEMU has %s", what);
    }
}

/*
 * Posts it and waits for its end: 0 with what QEMU sent in it, or -1.  The caller has its own
 * reference to it from before, the loop gets another.
 */
static int run_request(struct request *request, struct job_ctl *ctl, const char *what,
                       struct verror *err)
{
    int reason;

    if (ctl && job_ctl_cancelled(ctl))
        return explain(ECANCELED, request, what, err);
    request->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (request->wake_fd < 0)
        return explain(errno, request, what, err);
    (void)monitor_ref(request->monitor);
    atomic_fetch_add(&request->refs, 1);
    if (!monitors_post(request->monitor->monitors, request)) {
        request_unref(request);
        monitor_unref(request->monitor);
        return monitors_refuse(err);
    }
    reason = sleep_on(request, ctl);
    /* fails when the loop has ended it, and orders what it wrote before what is read here */
    if (decide(request, REQUEST_ABANDONED))
        return explain(reason, request, what, err);
    if (request->err.code == 0)
        return 0;
    verror_move(err, &request->err);
    return -1;
}

int monitor_call(struct monitor *monitor, const char *command, json_t *arguments, int fd,
                 struct job_ctl *ctl, int timeout_ms, json_t **ret_value, struct verror *err)
{
    struct request *request = new_command(monitor, command, arguments, timeout_ms, err);
    char what[64];
    int rc = -1;

    if (!request)
        return -1;
    (void)snprintf(what, sizeof(what), "answered '%s'", command);
    if (attach_fd(request, fd, err) == 0)
        rc = run_request(request, ctl, what, err);
    if (rc == 0 && ret_value)
        *ret_value = STEAL_PTR(request->value);
    request_unref(request);
    return rc;
}

static char **copy_names(const char *const *names)
{
    size_t n = 0;
    char **copy;

    while (names[n])
        n++;
    copy = xcalloc(n + 1, sizeof(*copy));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(names[i]);
    return copy;
}

int monitor_wait_event(struct monitor *monitor, const char *const *names, unsigned long since,
                       struct job_ctl *ctl, int timeout_ms, json_t **ret_data, struct verror *err)
{
    struct request *request = request_new(OP_WAIT, monitor, timeout_ms);
    char what[64];
    int rc;

    (void)snprintf(what, sizeof(what), "sent %s%s", names[0], names[1] ? " or …" : "");
    request->names = copy_names(names);
    request->since = since;
    rc = run_request(request, ctl, what, err);
    if (rc == 0) {
        rc = request->index;
        if (ret_data)
            *ret_data = STEAL_PTR(request->value);
    }
    request_unref(request);
    return rc;
}
