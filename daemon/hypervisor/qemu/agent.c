/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests to a guest's agent, one after the other: each begins with a sync, so that no answer to
 * another's command, late or made up, is taken for its own.  See agent.h.  Loop thread.
 */

#include "hypervisor/qemu/agent.h"

#include <string.h>
#include <sys/random.h>
#include <utlist.h>

#include "hypervisor/qemu/agent_internal.h"
#include "hypervisor/qemu/qmp_json.h"
#include "util/alloc.h"

/* A byte that is in no JSON: at it the agent forgets what it has half read, as we do at its own. */
#define MARK "\xff"

/* --- ends --- */

static void request_free(struct agent_request *request)
{
    if (request->timer)
        event_free(request->timer);
    free(request->name);
    free(request->line);
    free(request);
}

static void kick(struct agent *agent)
{
    if (agent->queue && !agent->current)
        event_active(agent->kick, EV_TIMEOUT, 0);
}

/* It is in no list any more. */
static void request_end(struct agent_request *request, json_t *value, struct verror *err)
{
    request->done(request->opaque, value, err);
    request_free(request);
    verror_clear(err);
}

void agent_end_current(struct agent *agent, json_t *value, struct verror *err)
{
    struct agent_request *request = STEAL_PTR(agent->current);

    agent->state = AGENT_IDLE;
    agent_watch(agent, false);
    agent_drop_input(agent);
    kick(agent);
    request_end(request, value, err);
}

static void unqueue(struct agent *agent, struct agent_request *request)
{
    DL_DELETE(agent->queue, request);
    agent->nqueued--;
}

/* Whatever waits, for one reason. */
static void fail_all(struct agent *agent, int code, const char *why)
{
    struct verror err = VERROR_INIT;

    while (agent->queue) {
        struct agent_request *request = agent->queue;

        unqueue(agent, request);
        (void)verror_set(&err, code, "%s", why);
        request_end(request, NULL, &err);
    }
    if (!agent->current)
        return;
    (void)verror_set(&err, code, "%s, '%s' was not answered", why, agent->current->name);
    agent_end_current(agent, NULL, &err);
}

void agent_cancel(struct agent *agent, const void *opaque)
{
    struct agent_request *request, *next;
    struct verror err = VERROR_INIT;

    DL_FOREACH_SAFE(agent->queue, request, next) {
        if (request->opaque != opaque)
            continue;
        unqueue(agent, request);
        (void)verror_set(&err, VIR_ERR_OPERATION_ABORTED, "'%s' was not sent", request->name);
        request_end(request, NULL, &err);
    }
    if (!agent->current || agent->current->opaque != opaque)
        return;
    (void)verror_set(&err, VIR_ERR_OPERATION_ABORTED, "nobody waits for '%s' any more",
                     agent->current->name);
    agent_end_current(agent, NULL, &err);
}

/* --- time --- */

static void start_timer(struct agent_request *request, int64_t ms)
{
    struct timeval left = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    (void)evtimer_add(request->timer, &left); /* one that is pending is moved */
}

static void timer_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct agent_request *request = opaque;
    struct agent *agent = request->agent;
    struct verror err = VERROR_INIT;

    (void)fd;
    (void)what;
    if (request != agent->current) {
        unqueue(agent, request);
        (void)verror_set(&err, VIR_ERR_OPERATION_TIMEOUT,
                         "the guest agent is busy with '%s', '%s' was not sent",
                         agent->current ? agent->current->name : "others", request->name);
        request_end(request, NULL, &err);
        return;
    }
    if (agent->state == AGENT_SYNCING)
        (void)verror_set(&err, VIR_ERR_AGENT_UNRESPONSIVE,
                         "the guest agent does not answer, '%s' was not sent", request->name);
    else
        (void)verror_set(&err, VIR_ERR_AGENT_COMMAND_TIMEOUT,
                         "the guest agent has not answered '%s' in time", request->name);
    agent_end_current(agent, NULL, &err);
}

static int64_t answer_ms(const struct agent_request *request)
{
    return request->wait < 0 ? AGENT_SYNC_MS : (int64_t)request->wait * 1000;
}

/* --- the next one --- */

/* Not to be foreseen by the guest, and exact also where it is read as a double. */
static json_int_t new_sync_id(void)
{
    uint32_t id = 0;

    (void)!getrandom(&id, sizeof(id), 0); /* so few bytes always come */
    return id;
}

static void start_sync(struct agent *agent)
{
    int64_t ms = answer_ms(agent->current);
    char *text;

    agent->state = AGENT_SYNCING;
    agent->sync_id = new_sync_id();
    agent->noise = 0;
    agent->marked = false;
    start_timer(agent->current, ms < AGENT_SYNC_MS ? ms : AGENT_SYNC_MS);
    agent_watch(agent, true);
    text = xasprintf(MARK "{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%lld}}\n",
                     (long long)agent->sync_id);
    agent_write(agent, text, strlen(text));
}

static void kick_cb(evutil_socket_t fd, short what, void *opaque)
{
    struct agent *agent = opaque;
    struct verror err = VERROR_INIT;

    (void)fd;
    (void)what;
    if (!agent->queue || agent->current)
        return;
    agent->current = agent->queue;
    unqueue(agent, agent->current);
    if (agent_connect(agent, &err) < 0)
        agent_end_current(agent, NULL, &err);
    else
        start_sync(agent);
}

static void start_asking(struct agent *agent)
{
    struct agent_request *request = agent->current;

    agent->state = AGENT_ASKING;
    if (request->wait == AGENT_WAIT_EVER && !request->forget)
        (void)event_del(request->timer); /* of a valid event: cannot fail */
    else
        start_timer(request, answer_ms(request));
    agent_write(agent, xstrdup(request->line), request->len);
}

void agent_written(struct agent *agent)
{
    struct verror err = VERROR_INIT;

    if (agent->state == AGENT_ASKING && agent->current->forget)
        agent_end_current(agent, NULL, &err);
}

/* --- what the guest says --- */

/* Only the answer to this sync counts; whatever else stands behind a mark is passed over. */
static void take_sync(struct agent *agent, const json_t *message)
{
    const json_t *id = json_object_get(message, "return");

    if (json_is_integer(id) && json_integer_value(id) == agent->sync_id)
        start_asking(agent);
}

static void explain_error(const struct agent_request *request, const json_t *error,
                          struct verror *err)
{
    const char *class = json_string_value(json_object_get(error, "class"));
    const char *desc = json_string_value(json_object_get(error, "desc"));
    _cleanup_free_ char *text = NULL;
    int code = class && strcmp(class, "CommandNotFound") == 0 ? VIR_ERR_OPERATION_UNSUPPORTED
                                                              : VIR_ERR_AGENT_COMMAND_FAILED;

    if (!desc)
        desc = "it does not say why";
    text = qmp_printable(desc, strlen(desc), QMP_TEXT_MAX);
    (void)verror_set(err, code, "the guest agent refuses '%s': %s", request->name, text);
}

static void take_answer(struct agent *agent, json_t *message)
{
    const struct agent_request *request = agent->current;
    json_t *error = json_object_get(message, "error"), *value = json_object_get(message, "return");
    struct verror err = VERROR_INIT;

    if (error)
        explain_error(request, error, &err);
    else if (!value)
        (void)verror_set(&err, VIR_ERR_INTERNAL_ERROR,
                         "what the guest agent says to '%s' is no answer", request->name);
    agent_end_current(agent, error ? NULL : request->raw ? message : value, &err);
}

void agent_take_line(struct agent *agent, const char *line, size_t len)
{
    _cleanup_free_ char *why = NULL;
    struct verror err = VERROR_INIT;
    json_t *message = qmp_decode(line, len, QMP_VALUES_FEW, 0, &why);

    if (agent->state == AGENT_SYNCING) {
        take_sync(agent, message); /* NULL, too */
    } else if (message) {
        take_answer(agent, message);
    } else {
        (void)verror_set(&err, VIR_ERR_INTERNAL_ERROR,
                         "what the guest agent says to '%s' is %s", agent->current->name, why);
        agent_end_current(agent, NULL, &err);
    }
    json_decref(message);
}

void agent_saw(struct agent *agent, enum agent_sign sign)
{
    struct verror err = VERROR_INIT;

    if (agent->current && agent->state == AGENT_ASKING && agent->current->sign == sign)
        agent_end_current(agent, NULL, &err);
}

/* --- requests --- */

static char *encode(const struct agent_command *command)
{
    json_t *object;
    char *text;

    if (command->line)
        return xstrdup(command->line);
    object = json_pack("{s:s, s:O*}", "execute", command->name, "arguments", command->arguments);
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static struct agent_request *request_new(struct agent *agent, const struct agent_command *command)
{
    _cleanup_free_ char *text = encode(command);
    struct agent_request *request;

    if (!text)
        return NULL;
    request = XNEW(struct agent_request);
    request->agent = agent;
    request->name = xstrdup(command->name);
    request->line = xasprintf("%s\n", text);
    request->len = strlen(request->line);
    request->raw = command->line;
    request->forget = command->forget;
    request->sign = command->sign;
    request->wait = command->wait;
    request->timer = evtimer_new(agent->base, timer_cb, request);
    if (!request->timer)
        abort(); /* memory is out */
    return request;
}

int agent_send(struct agent *agent, const struct agent_command *command, agent_done_fn *done,
               void *opaque, struct verror *err)
{
    struct agent_request *request = NULL;

    if (agent->nqueued < AGENT_QUEUE_MAX)
        request = request_new(agent, command);
    json_decref(command->arguments);
    if (agent->nqueued >= AGENT_QUEUE_MAX)
        return verror_set(err, VIR_ERR_RESOURCE_BUSY,
                          "%d commands wait for the guest agent, '%s' was not sent",
                          AGENT_QUEUE_MAX, command->name);
    if (!request)
        return verror_set(err, VIR_ERR_INVALID_ARG, "cannot encode the command '%s'",
                          command->name);
    request->done = done;
    request->opaque = opaque;
    DL_APPEND(agent->queue, request);
    agent->nqueued++;
    start_timer(request, agent->queue_ms);
    kick(agent);
    return 0;
}

/* --- its life --- */

struct agent *agent_new(struct event_base *base, const char *path, int queue_ms)
{
    const char *slash = strrchr(path, '/');
    struct agent *agent = XNEW(struct agent);

    agent->base = base;
    agent->dir = slash > path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
    agent->name = xstrdup(slash ? slash + 1 : path);
    agent->queue_ms = queue_ms;
    agent->fd = -1;
    agent->kick = evtimer_new(base, kick_cb, agent);
    if (!agent->kick)
        abort(); /* memory is out */
    return agent;
}

void agent_free(struct agent *agent)
{
    if (!agent)
        return;
    agent_set_port(agent, false);
    event_free(agent->kick);
    free(agent->dir);
    free(agent->name);
    free(agent);
}

/* A guest that goes down in answer to a command closes its port on the way. */
void agent_set_port(struct agent *agent, bool open)
{
    agent->port_open = open;
    if (open)
        return;
    if (agent->current && agent->current->sign != AGENT_SIGN_NONE)
        agent_saw(agent, agent->current->sign);
    fail_all(agent, VIR_ERR_AGENT_UNRESPONSIVE, "the guest agent has gone");
    agent_disconnect(agent);
}

bool agent_is_there(const struct agent *agent)
{
    return agent->port_open;
}
