/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much an interface of a guest may carry: nothing here limits that, so each
 * is told without limits, and none is set.  A worker finds it in the definition.
 */

#include <string.h>

#include "calls/domain_call.h"
#include "calls/typed_params.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "xml/xml_tree.h"

enum {
    AFFECT_FLAGS = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG,
    TYPED_STRINGS = 1 << 2, /* the client takes texts among parameters; here are none */
};

static const char *const limits[] = {
    "inbound.average",  "inbound.peak",  "inbound.burst",  "inbound.floor",
    "outbound.average", "outbound.peak", "outbound.burst",
};

struct nic_question {
    struct domain_def *def;
    char *name;
    bool is_change;
};

static void free_question(void *opaque)
{
    struct nic_question *question = opaque;

    domain_def_unref(question->def);
    free(question->name);
    free(question);
}

static xmlNodePtr find_nic(xmlDocPtr doc, const char *name)
{
    xmlNodePtr node = xml_first(xml_child(xmlDocGetRootElement(doc), "devices"), "interface");

    for (; node; node = xml_next(node, "interface")) {
        _cleanup_free_ char *mac = xml_attribute(xml_child(node, "mac"), "address");

        if ((mac && strcasecmp(mac, name) == 0) ||
            xml_attribute_is(xml_child(node, "target"), "dev", name))
            break;
    }
    return node;
}

static int look_at_nic(void *opaque, struct verror *err)
{
    const struct nic_question *question = opaque;
    _cleanup_xml_doc_ xmlDocPtr doc = domain_def_to_doc(question->def);
    xmlNodePtr node = find_nic(doc, question->name);
    _cleanup_free_ char *type = xml_attribute(node, "type");

    if (!node)
        return verror_set(err, VIR_ERR_INVALID_ARG, "'%s' is not a known interface",
                          xml_quotable(question->name));
    if (!question->is_change)
        return 0;
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "bandwidth of interfaces of type '%s' cannot be set: traffic is not shaped",
                      type ? type : "");
}

static int look(struct call *call, struct domain_def *def, const char *name, bool is_change,
                void (*then)(struct call *call, void *question))
{
    struct offload offload = { .free_input = free_question, .work = look_at_nic, .then = then };
    struct nic_question *question = XNEW(struct nic_question);

    question->def = domain_def_ref(def);
    question->name = xstrdup(name);
    question->is_change = is_change;
    offload.input = question;
    call_offload(call, &offload);
    return CALL_PENDING;
}

static void answer(struct call *call, _unused_ void *opaque)
{
    const struct remote_domain_text_int_flags_args *args = call->args;
    struct remote_params_ret *ret = call->ret;
    struct param_list list = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(limits) && (int)i < args->number; i++)
        param_add_number(&list, limits[i], WIRE_PARAM_UINT, 0);
    ret->params.params_len = list.count;
    ret->params.params_val = list.params;
    ret->nparams = (int)list.count;
    call_reply(call);
}

static int get_parameters(struct call *call)
{
    const struct remote_domain_text_int_flags_args *args = call->args;
    struct remote_params_ret *ret = call->ret;
    const struct domain *domain;
    struct domain_def *def;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS | TYPED_STRINGS) < 0 ||
        call_check_one_affected(call, args->flags) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    if (args->number <= 0) {
        ret->nparams = ARRAY_SIZE(limits);
        return 0;
    }
    return look(call, def, args->text, false, answer);
}

static int set_parameters(struct call *call)
{
    const struct remote_domain_text_params_args *args = call->args;
    struct param_rule rules[ARRAY_SIZE(limits)];
    const struct domain *domain;
    struct domain_def *def;
    json_t *given;

    if (call_check_flags(call, args->flags, AFFECT_FLAGS) < 0 ||
        !(domain = call_domain(call, &args->domain)) ||
        !(def = call_domain_def(call, domain, args->flags)))
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        rules[i] = (struct param_rule){ limits[i], WIRE_PARAM_UINT };
    given = call_take_params(call, args->params.params_val, args->params.params_len, rules,
                             ARRAY_SIZE(rules));
    if (!given)
        return -1;
    json_decref(given);
    return look(call, def, args->text, true, NULL);
}

#define ROW(what, proc, function, who, handle, ...)                                       \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_##who,     \
        .class = CLASS_MEMORY, .error_domain = VIR_FROM_QEMU, .handler = handle,          \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                \
    }

static const struct proc procs[] = {
    ROW(CHANGE, SET_INTERFACE_PARAMETERS, "virDomainSetInterfaceParameters", WRITE, set_parameters,
        PROC_ARGS(remote_domain_text_params_args)),
    ROW(READ, GET_INTERFACE_PARAMETERS, "virDomainGetInterfaceParameters", READ, get_parameters,
        PROC_ARGS(remote_domain_text_int_flags_args), PROC_RET(remote_params_ret)),
};

const struct proc_table calls_domain_nic = { procs, ARRAY_SIZE(procs) };
