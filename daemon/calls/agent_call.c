/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that a guest's agent answers; see agent_call.h.  Loop thread. */

#include "calls/agent_call.h"

#include "hypervisor/qemu/guest.h"
#include "util/alloc.h"

static struct domain *find_domain(const struct call *call)
{
    const struct wire_domain *wire = call->args;
    char uuid[UUID_TEXT_SIZE];

    uuid_format((const unsigned char *)wire->uuid, uuid);
    return domain_find_uuid(call->daemon->domains, uuid);
}

/* Nobody is there to be told, so nothing is waited for. */
static void client_gone(struct call *call)
{
    const struct domain *domain = find_domain(call);

    if (domain && domain->guest && domain->guest->agent)
        agent_cancel(domain->guest->agent, call);
}

void call_end(struct call *call, int rc)
{
    if (rc == 0)
        call_reply(call);
    else if (rc < 0)
        call_fail(call);
}

static void answered(void *opaque, json_t *value, struct verror *err)
{
    struct call *call = opaque;
    struct agent_call *state = call->opaque;
    int rc = -1;

    if (!err->code)
        rc = state->answer(call, value);
    else if (state->failed)
        rc = state->failed(call, err);
    else
        verror_move(&call->err, err);
    call_end(call, rc);
}

/* NULL with call->err. */
static struct domain *ready_domain(struct call *call)
{
    struct domain *domain = call_domain(call, call->args);

    return domain && domain_agent(domain, &call->err) ? domain : NULL;
}

int call_check_agent(struct call *call)
{
    return ready_domain(call) ? 0 : -1;
}

static int send_command(struct call *call, const struct domain *domain,
                        const struct agent_command *command, agent_answer_fn *answer)
{
    struct agent_call *state;

    if (client_is_gone(call->client)) { /* which is told only once, and may have been already */
        json_decref(command->arguments);
        return verror_set(&call->err, VIR_ERR_OPERATION_ABORTED, "'%s' was not sent",
                          command->name);
    }
    if (!call->opaque)
        call->opaque = XNEW(struct agent_call);
    state = call->opaque;
    state->answer = answer;
    call->gone = client_gone;
    if (agent_send(domain->guest->agent, command, answered, call, &call->err) < 0)
        return -1;
    return CALL_PENDING;
}

int call_agent(struct call *call, struct agent_command *command, agent_answer_fn *answer)
{
    const struct domain *domain = ready_domain(call);

    if (!domain) {
        json_decref(command->arguments);
        return -1;
    }
    return send_command(call, domain, command, answer);
}

/* Such a command waits as long as the domain's agent is given. */
static int ask(struct call *call, struct agent_command *command, agent_answer_fn *answer)
{
    const struct domain *domain = find_domain(call);

    command->wait = domain && domain->guest ? domain->guest->agent_wait : AGENT_WAIT_DEFAULT;
    return call_agent(call, command, answer);
}

int call_ask(struct call *call, const char *command, agent_answer_fn *answer)
{
    struct agent_command question = { .name = command };

    return ask(call, &question, answer);
}

int call_ask_with(struct call *call, const char *command, json_t *arguments,
                  agent_answer_fn *answer)
{
    struct agent_command question = { .name = command, .arguments = arguments };

    if (!arguments)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "a text in function %s is not UTF-8",
                          call->proc->api);
    return ask(call, &question, answer);
}

int agent_obeyed(struct call *call, json_t *value)
{
    (void)call;
    (void)value;
    return 0;
}

/* --- an answer's parts --- */

int agent_nonsense(struct call *call, const char *what)
{
    return verror_set(&call->err, VIR_ERR_INTERNAL_ERROR,
                      "what the guest agent says has no %s that makes sense", what);
}

static const json_t *part(const json_t *value, const char *key)
{
    return key ? json_object_get(value, key) : value;
}

const char *agent_text(struct call *call, const json_t *value, const char *key)
{
    const char *text = json_string_value(part(value, key));

    if (!text)
        (void)agent_nonsense(call, key ? key : "text");
    return text;
}

const char *agent_text_or(const json_t *value, const char *key, const char *other)
{
    const char *text = json_string_value(json_object_get(value, key));

    return text ? text : other;
}

int agent_integer(struct call *call, const json_t *value, const char *key, json_int_t *ret)
{
    const json_t *number = part(value, key);

    if (!json_is_integer(number))
        return agent_nonsense(call, key ? key : "number");
    *ret = json_integer_value(number);
    return 0;
}

int agent_list(struct call *call, const json_t *value, size_t max)
{
    if (!json_is_array(value))
        return agent_nonsense(call, "list");
    if (json_array_size(value) > max)
        return verror_set(&call->err, VIR_ERR_INTERNAL_ERROR,
                          "the guest agent's list has more than %zu entries", max);
    return 0;
}
