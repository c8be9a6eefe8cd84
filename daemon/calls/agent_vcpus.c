/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vCPUs as the guest sees them, switched on and off inside by its agent.  Loop
 * thread.
 */

#include <stdint.h>
#include <string.h>

#include "calls/agent_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { VCPUS_MAX = 4096 };

/* What the agent says of one. */
enum { IS_THERE = 1 << 0, IS_ONLINE = 1 << 1, MAY_GO = 1 << 2, IS_WANTED = 1 << 3 };

struct vcpus_call {
    struct agent_call base;
    unsigned int count;    /* so many are to be online; 0: those of cpumap are to change */
    bool online;
    unsigned char want[VCPUS_MAX]; /* IS_WANTED: it changes */
    json_int_t left;       /* changes that the agent has not made yet */
};

/* --- what there is --- */

static int take_vcpu(struct call *call, const json_t *item, unsigned char *vcpus)
{
    const json_t *may_go = json_object_get(item, "can-offline");
    const json_t *online = json_object_get(item, "online");
    json_int_t id;

    if (agent_integer(call, item, "logical-id", &id) < 0)
        return -1;
    if (id < 0 || id >= VCPUS_MAX || !json_is_boolean(online))
        return agent_nonsense(call, "vCPU");
    /* one whose agent does not say stays */
    vcpus[id] = (unsigned char)(vcpus[id] | IS_THERE | (json_is_true(online) ? IS_ONLINE : 0) |
                                (json_is_true(may_go) ? MAY_GO : 0));
    return 0;
}

static int take_vcpus(struct call *call, const json_t *value, unsigned char *vcpus)
{
    size_t i;
    json_t *item;

    if (agent_list(call, value, VCPUS_MAX) < 0)
        return -1;
    json_array_foreach(value, i, item)
    {
        if (take_vcpu(call, item, vcpus) < 0)
            return -1;
    }
    return 0;
}

/* "0-2,5" of those with that bit; a new string. */
static char *format_vcpus(const unsigned char *vcpus, int bit)
{
    char *text = xstrdup("");

    for (int i = 0, end; i < VCPUS_MAX; i = end + 1) {
        char *longer;

        for (end = i; end < VCPUS_MAX && vcpus[end] & bit; end++)
            continue;
        if (end == i)
            continue;
        longer = end - i == 1 ? xasprintf("%s%s%d", text, *text ? "," : "", i)
                              : xasprintf("%s%s%d-%d", text, *text ? "," : "", i, end - 1);
        free(text);
        text = longer;
    }
    return text;
}

static void add_vcpus(struct remote_agent_vcpus_ret *ret, const char *field,
                      const unsigned char *vcpus, int bit)
{
    struct wire_param *param = &ret->params.params_val[ret->params.params_len++];

    param->field = xstrdup(field);
    param->value.type = WIRE_PARAM_STRING;
    param->value.wire_param_value_u.s = format_vcpus(vcpus, bit);
}

static int tell_vcpus(struct call *call, json_t *value)
{
    struct remote_agent_vcpus_ret *ret = call->ret;
    unsigned char vcpus[VCPUS_MAX] = { 0 };

    if (take_vcpus(call, value, vcpus) < 0)
        return -1;
    ret->params.params_val = xcalloc(3, sizeof(*ret->params.params_val));
    add_vcpus(ret, "vcpus", vcpus, IS_THERE);
    add_vcpus(ret, "online", vcpus, IS_ONLINE);
    add_vcpus(ret, "offlinable", vcpus, MAY_GO);
    return 0;
}

static int get_vcpus(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return call_ask(call, "guest-get-vcpus", tell_vcpus);
}

static int tell_count(struct call *call, json_t *value)
{
    struct remote_int_ret *ret = call->ret;
    unsigned char vcpus[VCPUS_MAX] = { 0 };

    if (take_vcpus(call, value, vcpus) < 0)
        return -1;
    for (int i = 0; i < VCPUS_MAX; i++)
        ret->value += (vcpus[i] & IS_ONLINE) != 0;
    return 0;
}

int agent_count_vcpus(struct call *call)
{
    return call_ask(call, "guest-get-vcpus", tell_count);
}

/* --- changes --- */

/* The ones that are still to be changed, from the highest down where they go. */
static json_t *list_changes(const struct vcpus_call *state)
{
    json_t *list = json_array();

    for (int i = 0; i < VCPUS_MAX; i++) {
        int id = state->online ? i : VCPUS_MAX - 1 - i;

        if (state->want[id] & IS_WANTED)
            (void)json_array_append_new(list, json_pack("{s:i, s:b}", "logical-id", id, "online",
                                                        state->online));
    }
    return list;
}

static int send_changes(struct call *call, struct vcpus_call *state);

/* The agent may do a part, and says how much of it. */
static int changed(struct call *call, json_t *value)
{
    struct vcpus_call *state = call->opaque;
    json_int_t done;

    if (agent_integer(call, value, NULL, &done) < 0)
        return -1;
    if (done <= 0 || done > state->left)
        return verror_set(&call->err, VIR_ERR_INTERNAL_ERROR,
                          "the guest agent has changed %lld of %lld vCPUs", (long long)done,
                          (long long)state->left);
    for (int i = 0; i < VCPUS_MAX && done > 0; i++) {
        int id = state->online ? i : VCPUS_MAX - 1 - i;

        if (state->want[id] & IS_WANTED) {
            state->want[id] = 0;
            done--;
        }
    }
    return send_changes(call, state);
}

static int send_changes(struct call *call, struct vcpus_call *state)
{
    json_t *list = list_changes(state);

    state->left = (json_int_t)json_array_size(list);
    if (state->left > 0)
        return call_ask_with(call, "guest-set-vcpus", json_pack("{s:o}", "vcpus", list), changed);
    json_decref(list);
    return 0;
}

/* --- virDomainSetGuestVcpus() --- */

static int check_wanted(struct call *call, struct vcpus_call *state, const unsigned char *vcpus)
{
    for (int i = 0; i < VCPUS_MAX; i++) {
        if (!(state->want[i] & IS_WANTED))
            continue;
        if (!(vcpus[i] & IS_THERE))
            return verror_set(&call->err, VIR_ERR_INVALID_ARG, "the guest has no vCPU %d", i);
        if (((vcpus[i] & IS_ONLINE) != 0) == state->online)
            state->want[i] = 0; /* it is so already */
        else if (!state->online && !(vcpus[i] & MAY_GO))
            return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                              "vCPU %d of the guest cannot be switched off", i);
    }
    return 0;
}

static int change_wanted(struct call *call, json_t *value)
{
    struct vcpus_call *state = call->opaque;
    unsigned char vcpus[VCPUS_MAX] = { 0 };

    if (take_vcpus(call, value, vcpus) < 0 || check_wanted(call, state, vcpus) < 0)
        return -1;
    return send_changes(call, state);
}

/* "0-2,5", "^" in front takes out; -1: it is none. */
static int parse_cpumap(const char *text, unsigned char *want)
{
    const char *at = text;

    do {
        bool out = *at == '^';
        unsigned long first, last;
        char *end;

        at += out;
        if (*at < '0' || *at > '9')
            return -1;
        first = last = strtoul(at, &end, 10);
        if (*end == '-' && !out && end[1] >= '0' && end[1] <= '9')
            last = strtoul(end + 1, &end, 10);
        if (first > last || last >= VCPUS_MAX || (*end && *end != ','))
            return -1;
        for (unsigned long i = first; i <= last; i++)
            want[i] = out ? 0 : IS_WANTED;
        at = *end ? end + 1 : NULL;
    } while (at);
    return 0;
}

static int set_vcpus(struct call *call)
{
    const struct remote_agent_set_vcpus_args *args = call->args;
    struct vcpus_call *state;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->online != 0 && args->online != 1)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the state %d in function %s is not 0 or 1", args->online,
                          call->proc->api);
    call->opaque = state = XNEW(struct vcpus_call);
    state->online = args->online;
    if (parse_cpumap(args->cpumap, state->want) < 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the vCPUs in function %s are no list such as '0-2,5'", call->proc->api);
    return call_ask(call, "guest-get-vcpus", change_wanted);
}

/* --- virDomainSetVcpusFlags() with the guest flag --- */

/* The first ones are switched on, the last ones off. */
static int change_count(struct call *call, json_t *value)
{
    struct vcpus_call *state = call->opaque;
    unsigned char vcpus[VCPUS_MAX] = { 0 };
    unsigned int now = 0;

    if (take_vcpus(call, value, vcpus) < 0)
        return -1;
    for (int i = 0; i < VCPUS_MAX; i++)
        now += (vcpus[i] & IS_ONLINE) != 0;
    state->online = now < state->count;
    for (int i = 0; i < VCPUS_MAX && now != state->count; i++) {
        int id = state->online ? i : VCPUS_MAX - 1 - i;
        bool can = state->online ? (vcpus[id] & (IS_THERE | IS_ONLINE)) == IS_THERE
                                 : (vcpus[id] & (IS_ONLINE | MAY_GO)) == (IS_ONLINE | MAY_GO);

        if (!can)
            continue;
        state->want[id] = IS_WANTED;
        now += state->online ? 1u : -1u;
    }
    if (now != state->count)
        return verror_set(&call->err, VIR_ERR_OPERATION_FAILED,
                          "the guest can have %u vCPUs at %s, not %u", now,
                          state->online ? "most" : "least", state->count);
    return send_changes(call, state);
}

int agent_set_vcpu_count(struct call *call, unsigned int count)
{
    struct vcpus_call *state = XNEW(struct vcpus_call);

    call->opaque = state;
    state->count = count;
    return call_ask(call, "guest-get-vcpus", change_count);
}

#define ROW(what, proc, function, asker, ...)                                             \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = asker,           \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                \
    }

static const struct proc procs[] = {
    ROW(READ, GET_GUEST_VCPUS, "virDomainGetGuestVcpus", get_vcpus,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_agent_vcpus_ret)),
    ROW(CONTROL, SET_GUEST_VCPUS, "virDomainSetGuestVcpus", set_vcpus,
        PROC_ARGS(remote_agent_set_vcpus_args)),
};

const struct proc_table calls_agent_vcpus = { procs, ARRAY_SIZE(procs) };
