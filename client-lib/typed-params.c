/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed parameters: the application's helpers, and the way to the wire and
 * back.  No state; an array is used by one thread at a time.
 */

#include "internal.h"

#include <limits.h>
#include <string.h>

static const char *const type_names[] = {
    [VIR_TYPED_PARAM_INT] = "int",
    [VIR_TYPED_PARAM_UINT] = "unsigned int",
    [VIR_TYPED_PARAM_LLONG] = "long long",
    [VIR_TYPED_PARAM_ULLONG] = "unsigned long long",
    [VIR_TYPED_PARAM_DOUBLE] = "double",
    [VIR_TYPED_PARAM_BOOLEAN] = "boolean",
    [VIR_TYPED_PARAM_STRING] = "string",
};

static const char *type_name(int type)
{
    if (type < VIR_TYPED_PARAM_INT || type > VIR_TYPED_PARAM_STRING)
        return "unknown";
    return type_names[type];
}

/* --- looking for one --- */

static virTypedParameterPtr find(virTypedParameterPtr params, int nparams, const char *name)
{
    for (int i = 0; params && i < nparams; i++)
        if (strncmp(params[i].field, name, sizeof(params[i].field)) == 0)
            return &params[i];
    return NULL;
}

virTypedParameterPtr virTypedParamsGet(virTypedParameterPtr params, int nparams, const char *name)
{
    error_enter(__func__);
    if (!name) {
        (void)error_raise_null("name");
        return NULL;
    }
    return find(params, nparams, name);
}

/* Returns 1 and the parameter, 0 when there is none, or -1: raised. */
static int find_of_type(virTypedParameterPtr params, int nparams, const char *name, int type,
                        virTypedParameterPtr *ret_param)
{
    virTypedParameterPtr param;

    if (!name)
        return error_raise_null("name");
    param = find(params, nparams, name);
    if (!param)
        return 0;
    if (param->type != type)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: %s asks for the %s '%s', which is of type %s",
                           error_api(), type_name(type), name, type_name(param->type));
    *ret_param = param;
    return 1;
}

/* The getters differ in the type of the result and the member of the union only. */
#define DEFINE_GETTER(function, ctype, type, value_of)                                  \
    int function(virTypedParameterPtr params, int nparams, const char *name, ctype *value) \
    {                                                                                   \
        virTypedParameterPtr param = NULL;                                              \
        int found;                                                                      \
                                                                                        \
        error_enter(__func__);                                                          \
        found = find_of_type(params, nparams, name, type, &param);                      \
        if (found > 0 && value)                                                         \
            *value = value_of;                                                          \
        return found;                                                                   \
    }

DEFINE_GETTER(virTypedParamsGetInt, int, VIR_TYPED_PARAM_INT, param->value.i)
DEFINE_GETTER(virTypedParamsGetUInt, unsigned int, VIR_TYPED_PARAM_UINT, param->value.ui)
DEFINE_GETTER(virTypedParamsGetLLong, long long, VIR_TYPED_PARAM_LLONG, param->value.l)
DEFINE_GETTER(virTypedParamsGetULLong, unsigned long long, VIR_TYPED_PARAM_ULLONG, param->value.ul)
DEFINE_GETTER(virTypedParamsGetDouble, double, VIR_TYPED_PARAM_DOUBLE, param->value.d)
DEFINE_GETTER(virTypedParamsGetBoolean, int, VIR_TYPED_PARAM_BOOLEAN, param->value.b != 0)
DEFINE_GETTER(virTypedParamsGetString, const char *, VIR_TYPED_PARAM_STRING, param->value.s)

/* --- adding one --- */

/* Room for one more behind the last; the array is as it was when that fails. */
static int grow(virTypedParameterPtr *params, const int *nparams, int *maxparams)
{
    virTypedParameterPtr grown;
    int wanted;

    if (*params && *nparams < *maxparams)
        return 0;
    if (*nparams >= INT_MAX / 2)
        return error_raise_no_memory();
    wanted = *nparams < 4 ? 8 : *nparams * 2;
    grown = realloc(*params, (size_t)wanted * sizeof(virTypedParameter));
    if (!grown)
        return error_raise_no_memory();
    *params = grown;
    *maxparams = wanted;
    return 0;
}

/* Appends param under that name; takes nothing when it fails. */
static int append(virTypedParameterPtr *params, int *nparams, int *maxparams, const char *name,
                  virTypedParameter param)
{
    if (!params || !nparams || !maxparams || !name)
        return error_raise_null(!name ? "name" : "the array");
    if (*nparams < 0 || (!*params && *nparams > 0))
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: nparams in %s does not count the array",
                           error_api());
    if (strlen(name) >= sizeof(param.field))
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: the name '%s' in %s is longer than %d bytes", name,
                           error_api(), VIR_TYPED_PARAM_FIELD_LENGTH - 1);
    if (grow(params, nparams, maxparams) < 0)
        return -1;
    strcpy(param.field, name);
    (*params)[(*nparams)++] = param;
    return 0;
}

/* As the getters. */
#define DEFINE_ADDER(function, ctype, param_type, initialiser)                            \
    int function(virTypedParameterPtr *params, int *nparams, int *maxparams,              \
                 const char *name, ctype value)                                           \
    {                                                                                     \
        error_enter(__func__);                                                            \
        return append(params, nparams, maxparams, name,                                   \
                      (virTypedParameter){ .type = param_type, .value = { initialiser } }); \
    }

DEFINE_ADDER(virTypedParamsAddInt, int, VIR_TYPED_PARAM_INT, .i = value)
DEFINE_ADDER(virTypedParamsAddUInt, unsigned int, VIR_TYPED_PARAM_UINT, .ui = value)
DEFINE_ADDER(virTypedParamsAddLLong, long long, VIR_TYPED_PARAM_LLONG, .l = value)
DEFINE_ADDER(virTypedParamsAddULLong, unsigned long long, VIR_TYPED_PARAM_ULLONG, .ul = value)
DEFINE_ADDER(virTypedParamsAddDouble, double, VIR_TYPED_PARAM_DOUBLE, .d = value)
DEFINE_ADDER(virTypedParamsAddBoolean, int, VIR_TYPED_PARAM_BOOLEAN, .b = value != 0)

int virTypedParamsAddString(virTypedParameterPtr *params, int *nparams, int *maxparams,
                            const char *name, const char *value)
{
    virTypedParameter param = { .type = VIR_TYPED_PARAM_STRING };

    error_enter(__func__);
    if (!value)
        return error_raise_null("value");
    param.value.s = strdup(value);
    if (!param.value.s)
        return error_raise_no_memory();
    if (append(params, nparams, maxparams, name, param) < 0) {
        free(param.value.s);
        return -1;
    }
    return 0;
}

/* --- giving them back --- */

void virTypedParamsClear(virTypedParameterPtr params, int nparams)
{
    for (int i = 0; params && i < nparams; i++) {
        if (params[i].type != VIR_TYPED_PARAM_STRING)
            continue;
        free(params[i].value.s);
        params[i].value.s = NULL;
    }
}

void virTypedParamsFree(virTypedParameterPtr params, int nparams)
{
    virTypedParamsClear(params, nparams);
    free(params);
}

/* --- the wire --- */

/* Returns 0, or -1: raised, it is of no type that there is, or a text is missing. */
static int value_to_wire(wire_param_value *wire, const virTypedParameter *param)
{
    *wire = (wire_param_value){ .type = (wire_param_type)param->type };
    switch (param->type) {
    case VIR_TYPED_PARAM_INT:
        wire->wire_param_value_u.i = param->value.i;
        return 0;
    case VIR_TYPED_PARAM_UINT:
        wire->wire_param_value_u.ui = param->value.ui;
        return 0;
    case VIR_TYPED_PARAM_LLONG:
        wire->wire_param_value_u.l = param->value.l;
        return 0;
    case VIR_TYPED_PARAM_ULLONG:
        wire->wire_param_value_u.ul = param->value.ul;
        return 0;
    case VIR_TYPED_PARAM_DOUBLE:
        wire->wire_param_value_u.d = param->value.d;
        return 0;
    case VIR_TYPED_PARAM_BOOLEAN:
        wire->wire_param_value_u.b = param->value.b != 0;
        return 0;
    case VIR_TYPED_PARAM_STRING:
        wire->wire_param_value_u.s = param->value.s;
        return param->value.s ? 0 : error_raise_null(param->field);
    default:
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: the type %d of the parameter '%s' in %s is none",
                           param->type, param->field, error_api());
    }
}

int params_to_wire(const virTypedParameter *params, int nparams, int max, wire_param **ret_wire)
{
    _cleanup_free_ wire_param *wire = NULL;

    if (nparams < 0 || nparams > max)
        return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                           "invalid argument: nparams in %s is %d, not of 0 to %d", error_api(),
                           nparams, max);
    if (!params && nparams > 0)
        return error_raise_null("params");
    wire = calloc((size_t)nparams + 1, sizeof(*wire));
    if (!wire)
        return error_raise_no_memory();
    for (int i = 0; i < nparams; i++) {
        if (!memchr(params[i].field, '\0', sizeof(params[i].field)))
            return error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                               "invalid argument: the name of parameter %d in %s has no end", i,
                               error_api());
        wire[i].field = unconst(params[i].field);
        if (value_to_wire(&wire[i].value, &params[i]) < 0)
            return -1;
    }
    *ret_wire = STEAL_PTR(wire);
    return 0;
}

/* The decoder let no other types through, nor longer names. */
static void param_from_wire(virTypedParameter *param, wire_param *wire)
{
    param->type = (int)wire->value.type;
    strcpy(param->field, wire->field);
    switch (wire->value.type) {
    case WIRE_PARAM_INT:
        param->value.i = wire->value.wire_param_value_u.i;
        break;
    case WIRE_PARAM_UINT:
        param->value.ui = wire->value.wire_param_value_u.ui;
        break;
    case WIRE_PARAM_LLONG:
        param->value.l = wire->value.wire_param_value_u.l;
        break;
    case WIRE_PARAM_ULLONG:
        param->value.ul = wire->value.wire_param_value_u.ul;
        break;
    case WIRE_PARAM_DOUBLE:
        param->value.d = wire->value.wire_param_value_u.d;
        break;
    case WIRE_PARAM_BOOLEAN:
        param->value.b = wire->value.wire_param_value_u.b != 0;
        break;
    case WIRE_PARAM_STRING:
        param->value.s = STEAL_PTR(wire->value.wire_param_value_u.s);
        break;
    }
}

int params_from_wire(wire_param *wire, unsigned int count, virTypedParameterPtr *ret_params,
                     int *ret_nparams)
{
    virTypedParameterPtr params = NULL;

    if (count > 0) {
        params = calloc(count, sizeof(*params));
        if (!params)
            return error_raise_no_memory();
    }
    for (unsigned int i = 0; i < count; i++)
        param_from_wire(&params[i], &wire[i]);
    *ret_params = params;
    *ret_nparams = (int)count;
    return 0;
}
