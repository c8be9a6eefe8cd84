/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See typed_params.h.  Loop thread. */

#include "calls/typed_params.h"

#include <string.h>

#include "util/alloc.h"

/* --- a client's --- */

static const char *const type_names[] = {
    [WIRE_PARAM_INT] = "int",
    [WIRE_PARAM_UINT] = "uint",
    [WIRE_PARAM_LLONG] = "llong",
    [WIRE_PARAM_ULLONG] = "ullong",
    [WIRE_PARAM_DOUBLE] = "double",
    [WIRE_PARAM_BOOLEAN] = "boolean",
    [WIRE_PARAM_STRING] = "string",
};

static json_t *to_json(const struct wire_param_value *value)
{
    uint64_t number;

    switch (value->type) {
    case WIRE_PARAM_INT:
        return json_integer(value->wire_param_value_u.i);
    case WIRE_PARAM_UINT:
        return json_integer(value->wire_param_value_u.ui);
    case WIRE_PARAM_LLONG:
        return json_integer(value->wire_param_value_u.l);
    case WIRE_PARAM_ULLONG:
        number = value->wire_param_value_u.ul;
        return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
    case WIRE_PARAM_DOUBLE:
        return json_real(value->wire_param_value_u.d);
    case WIRE_PARAM_BOOLEAN:
        return json_boolean(value->wire_param_value_u.b);
    case WIRE_PARAM_STRING:
        return json_string(value->wire_param_value_u.s);
    }
    return NULL;
}

static const struct param_rule *find_rule(const struct param_rule *rules, size_t nrules,
                                          const char *name)
{
    for (size_t i = 0; i < nrules; i++) {
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    }
    return NULL;
}

static int take(struct call *call, const struct wire_param *param, const struct param_rule *rule,
                json_t *taken)
{
    if (!rule)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "parameter '%s' not supported", param->field);
    if (param->value.type != rule->type)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "invalid type '%s' for parameter '%s', expected '%s'",
                          type_names[param->value.type], param->field, type_names[rule->type]);
    if (json_object_get(taken, param->field))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "parameter '%s' occurs multiple times", param->field);
    if (json_object_set_new(taken, param->field, to_json(&param->value)) < 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "parameter '%s' is no text in UTF-8",
                          param->field);
    return 0;
}

json_t *call_take_params(struct call *call, const struct wire_param *params, u_int nparams,
                         const struct param_rule *rules, size_t nrules)
{
    json_t *taken = json_object();

    for (u_int i = 0; i < nparams; i++) {
        if (take(call, &params[i], find_rule(rules, nrules, params[i].field), taken) < 0) {
            json_decref(taken);
            return NULL;
        }
    }
    return taken;
}

/* --- ours --- */

static struct wire_param *add(struct param_list *list, const char *name, enum wire_param_type type)
{
    struct wire_param *param;

    list->params = xrealloc(list->params, list->count + 1, sizeof(*list->params));
    param = &list->params[list->count++];
    *param = (struct wire_param){ .field = xstrdup(name), .value.type = type };
    return param;
}

void param_add_text(struct param_list *list, const char *name, const char *value)
{
    struct wire_param *param = add(list, name, WIRE_PARAM_STRING);

    param->value.wire_param_value_u.s = xstrdup(value ? value : "");
}

void param_add_number(struct param_list *list, const char *name, enum wire_param_type type,
                      uint64_t value)
{
    struct wire_param *param = add(list, name, type);

    switch (type) {
    case WIRE_PARAM_INT:
        param->value.wire_param_value_u.i = (int)value;
        break;
    case WIRE_PARAM_UINT:
        param->value.wire_param_value_u.ui = (u_int)value;
        break;
    case WIRE_PARAM_BOOLEAN:
        param->value.wire_param_value_u.b = value != 0;
        break;
    case WIRE_PARAM_LLONG:
    case WIRE_PARAM_ULLONG:
    case WIRE_PARAM_DOUBLE:
    case WIRE_PARAM_STRING:
        param->value.type = WIRE_PARAM_ULLONG;
        param->value.wire_param_value_u.ul = value;
        break;
    }
}

void param_add_json(struct param_list *list, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, name, value) { /* only read */
        if (json_is_string(value))
            param_add_text(list, name, json_string_value(value));
        else if (json_is_boolean(value))
            param_add_number(list, name, WIRE_PARAM_BOOLEAN, json_is_true(value));
        else
            param_add_number(list, name, WIRE_PARAM_ULLONG, (uint64_t)json_integer_value(value));
    }
}

void param_list_clear(struct param_list *list)
{
    for (u_int i = 0; i < list->count; i++)
        xdr_free((xdrproc_t)xdr_wire_param, &list->params[i]);
    free(list->params);
    *list = (struct param_list){ 0 };
}
