/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said on a monitor: the greeting, capabilities, then one command at a time and its reply,
 * and events between.  QEMU answers in order, so a reply is that of the command in flight, or the
 * peer is no QEMU and the monitor is closed.  Loop thread.
 */

#include <string.h>
#include <utlist.h>

#include "hypervisor/qemu/monitor_internal.h"
#include "hypervisor/qemu/qmp_json.h"
#include "util/alloc.h"
#include "util/log.h"

enum { QUOTED = 64 };

static void protocol_error(struct monitor *monitor, const char *what, const char *line, size_t len)
{
    _cleanup_free_ char *piece = qmp_printable(line, len, QUOTED);
    struct verror err = VERROR_INIT;

    (void)verror_set(&err, VIR_ERR_INTERNAL_ERROR, "protocol error on QEMU's monitor, %s: '%s'",
                     what, piece);
    monitor_fail(monitor, &err);
}

/* --- commands --- */

/* Ended ones are dropped: a command that nobody waits for is not sent. */
static void drop_over(struct monitor *monitor)
{
    struct request *request, *next;

    DL_FOREACH_SAFE(monitor->pending, request, next) {
        if (!request_is_over(request))
            continue;
        DL_DELETE(monitor->pending, request);
        monitor->npending--;
        request_unref(request);
    }
}

void monitor_start_next(struct monitor *monitor)
{
    while (monitor->state == MONITOR_READY && !monitor->in_flight && monitor->pending) {
        struct request *request = monitor->pending;

        DL_DELETE(monitor->pending, request);
        monitor->npending--;
        if (request_is_over(request)) {
            request_unref(request);
            continue;
        }
        monitor->in_flight = request;
        monitor_flush(monitor); /* may close it */
    }
}

void monitor_enqueue(struct request *request)
{
    struct monitor *monitor = request->monitor;
    struct verror err = VERROR_INIT;

    if (monitor->npending >= MONITOR_QUEUE_MAX)
        drop_over(monitor);
    if (monitor->state == MONITOR_CLOSED)
        request_fail(request, &monitor->why);
    if (!request_is_over(request) && monitor->npending >= MONITOR_QUEUE_MAX) {
        (void)verror_set(&err, VIR_ERR_RESOURCE_BUSY,
                         "%d commands wait for QEMU, '%s' was not sent", MONITOR_QUEUE_MAX,
                         request->command);
        request_end(request, NULL, &err);
    }
    if (request_is_over(request)) {
        request_unref(request);
        return;
    }
    DL_APPEND(monitor->pending, request);
    monitor->npending++;
    monitor_start_next(monitor);
}

/* --- replies --- */

static void explain_error(const struct request *request, const json_t *error, struct verror *err)
{
    const char *class = json_string_value(json_object_get(error, "class"));
    const char *desc = json_string_value(json_object_get(error, "desc"));
    _cleanup_free_ char *text = NULL;
    int code = class && strcmp(class, "CommandNotFound") == 0 ? VIR_ERR_OPERATION_UNSUPPORTED
                                                              : VIR_ERR_OPERATION_FAILED;

    if (!desc)
        desc = "it does not say why";
    text = qmp_printable(desc, strlen(desc), QMP_TEXT_MAX);
    (void)verror_set(err, code, "QEMU refuses '%s': %s", request->command, text);
}

/* Of the command in flight, which has been written to its last byte? */
static bool is_answer(const struct request *request, const json_t *reply)
{
    const json_t *id = json_object_get(reply, "id");

    if (!request || request->sent < request->len)
        return false;
    if (id)
        return json_equal(id, request->id);
    /* a command that QEMU's parser refuses gets an error without id; a client may write such */
    return json_object_get(reply, "error") != NULL;
}

/*
 * The value becomes the only reference there is: it is the worker's from here on, and jansson's
 * counting alone does not order one thread's use before another's free.
 */
static json_t *take_out(json_t *reply, const char *key)
{
    json_t *value = json_incref(json_object_get(reply, key));

    (void)json_object_del(reply, key); /* it is there */
    return value;
}

/* reply is borrowed, and may lose members. */
static void take_reply(struct monitor *monitor, json_t *reply)
{
    struct request *request = STEAL_PTR(monitor->in_flight);
    json_t *error = json_object_get(reply, "error");
    struct verror err = VERROR_INIT;
    json_t *value = NULL;

    if (request->raw) {
        if (!request->own_id)
            (void)json_object_del(reply, "id"); /* there may be none */
        value = json_incref(reply);
    } else if (error) {
        explain_error(request, error, &err);
    } else {
        value = take_out(reply, "return");
    }
    request_end(request, value, &err);
    request_unref(request);
    monitor_start_next(monitor);
}

/* --- the beginning --- */

static void capabilities_done(void *opaque, json_t *value, struct verror *err)
{
    struct monitor *monitor = opaque;

    (void)value;
    if (monitor->state == MONITOR_CLOSED)
        return;
    if (err->code)
        monitor_fail(monitor, err);
    else
        monitor->state = MONITOR_READY; /* take_reply() goes on with what has queued */
}

static void take_greeting(struct monitor *monitor)
{
    monitor->state = MONITOR_NEGOTIATING;
    monitor->in_flight = request_capabilities(monitor, capabilities_done);
    monitor_flush(monitor);
}

/* --- messages --- */

/*
 * QEMU answers a command of the last connection on the next one, if that one came before it was
 * done: as a rule the last word to a daemon that was killed.  Not once our first command has its
 * answer, as there is an order.
 */
static bool is_old_reply(const struct monitor *monitor, const json_t *message)
{
    return monitor->state != MONITOR_READY && json_object_get(message, "id") &&
           (json_object_get(message, "return") || json_object_get(message, "error")) &&
           !is_answer(monitor->in_flight, message);
}

static void take_object(struct monitor *monitor, json_t *message, const char *line, size_t len)
{
    const char *event = json_string_value(json_object_get(message, "event"));

    if (is_old_reply(monitor, message)) {
        log_debug("QEMU's monitor: dropping the reply to a command of another connection");
    } else if (monitor->state == MONITOR_GREETING) {
        if (json_object_get(message, "QMP"))
            take_greeting(monitor);
        else
            protocol_error(monitor, "no greeting", line, len);
    } else if (event) {
        monitor_take_event(monitor, event, json_object_get(message, "data"), len);
    } else if (!json_object_get(message, "return") && !json_object_get(message, "error")) {
        protocol_error(monitor, "neither reply nor event", line, len);
    } else if (!is_answer(monitor->in_flight, message)) {
        protocol_error(monitor, "a reply to nothing that was asked", line, len);
    } else {
        take_reply(monitor, message);
    }
}

void monitor_message(struct monitor *monitor, const char *line, size_t len)
{
    _cleanup_free_ char *why = NULL;
    struct verror err = VERROR_INIT;
    json_t *message = qmp_decode(line, len, QMP_VALUES_MAX, 0, &why);

    if (!message) {
        (void)verror_set(&err, VIR_ERR_INTERNAL_ERROR, "protocol error on QEMU's monitor, %s", why);
        monitor_fail(monitor, &err);
        return;
    }
    if (json_is_object(message))
        take_object(monitor, message, line, len);
    else
        protocol_error(monitor, "not an object", line, len);
    json_decref(message);
}
