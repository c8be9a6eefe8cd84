/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that a guest's agent tells of the guest, as libvirt's typed parameters:
 * one question for each kind, in the order of a table.  Loop thread.
 */

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "calls/agent_call.h"
#include "protocol/remote.h"
#include "util/alloc.h"

enum { FIELD_MAX = WIRE_PARAM_NAME_MAX, MS_PER_SECOND = 1000 };

struct info_call {
    struct agent_disks_call disks;
    unsigned int types; /* 0: whatever the agent knows */
    size_t next;        /* question */
};

/* --- parameters --- */

/* NULL with call->err: there are too many.  The name is a format with what follows. */
static struct wire_param *add_param(struct call *call, const char *fmt, ...) _printf_(2, 3);
static struct wire_param *add_param(struct call *call, const char *fmt, ...)
{
    struct remote_agent_info_ret *ret = call->ret;
    struct wire_param *param;
    char field[FIELD_MAX + 1];
    va_list args;

    if (ret->params.params_len >= REMOTE_AGENT_LIST_MAX) {
        verror_set(&call->err, VIR_ERR_RPC, "the guest agent tells more than %d things",
                   REMOTE_AGENT_LIST_MAX);
        return NULL;
    }
    if (!ret->params.params_val)
        ret->params.params_val = xcalloc(REMOTE_AGENT_LIST_MAX, sizeof(*param));
    va_start(args, fmt);
    (void)vsnprintf(field, sizeof(field), fmt, args); /* always fits: names are ours, and counted */
    va_end(args);
    param = &ret->params.params_val[ret->params.params_len++];
    param->field = xstrdup(field);
    param->value.type = WIRE_PARAM_INT; /* until something else is set: it can be freed */
    return param;
}

static int set_text(struct wire_param *param, const char *text)
{
    if (!param)
        return -1;
    param->value.type = WIRE_PARAM_STRING;
    param->value.wire_param_value_u.s = xstrdup(text);
    return 0;
}

static int set_uint(struct wire_param *param, size_t number)
{
    if (!param)
        return -1;
    param->value.type = WIRE_PARAM_UINT;
    param->value.wire_param_value_u.ui = (u_int)number;
    return 0;
}

static int set_ullong(struct wire_param *param, uint64_t number)
{
    if (!param)
        return -1;
    param->value.type = WIRE_PARAM_ULLONG;
    param->value.wire_param_value_u.ul = number;
    return 0;
}

static int set_bool(struct wire_param *param, bool value)
{
    if (!param)
        return -1;
    param->value.type = WIRE_PARAM_BOOLEAN;
    param->value.wire_param_value_u.b = value;
    return 0;
}

/* The entries of a list as "PREFIX.N.…", and how many there are. */
typedef int take_item_fn(struct call *call, const json_t *item, const char *prefix);

static int take_list(struct call *call, const json_t *list, const char *prefix, take_item_fn *take)
{
    size_t i;
    json_t *item;

    if (agent_list(call, list, REMOTE_AGENT_LIST_MAX) < 0 ||
        set_uint(add_param(call, "%s.count", prefix), json_array_size(list)) < 0)
        return -1;
    json_array_foreach(list, i, item)
    {
        char inner[FIELD_MAX + 1];

        (void)snprintf(inner, sizeof(inner), "%s.%zu", prefix, i);
        if (take(call, item, inner) < 0)
            return -1;
    }
    return 0;
}

/* A text that must be there, or one that may. */
static int take_text(struct call *call, const json_t *item, const char *key, const char *prefix,
                     const char *field)
{
    const char *text = agent_text(call, item, key);

    return text ? set_text(add_param(call, "%s.%s", prefix, field), text) : -1;
}

static int take_text_opt(struct call *call, const json_t *item, const char *key,
                         const char *prefix, const char *field)
{
    const char *text = agent_text_or(item, key, NULL);

    return text ? set_text(add_param(call, "%s.%s", prefix, field), text) : 0;
}

/* --- users --- */

static int take_user(struct call *call, const json_t *item, const char *prefix)
{
    double seconds = json_number_value(json_object_get(item, "login-time"));

    if (take_text(call, item, "user", prefix, "name") < 0 ||
        take_text_opt(call, item, "domain", prefix, "domain") < 0)
        return -1;
    if (!(seconds >= 0) || seconds > INT64_MAX / MS_PER_SECOND / 2)
        return agent_nonsense(call, "login-time");
    return set_ullong(add_param(call, "%s.login-time", prefix),
                      (uint64_t)llround(seconds * MS_PER_SECOND));
}

static int take_users(struct call *call, json_t *value)
{
    return take_list(call, value, "user", take_user);
}

/* --- what it is --- */

static int take_os(struct call *call, json_t *value)
{
    static const char *const keys[] = { "id",         "name",    "pretty-name",    "version",
                                        "version-id", "machine", "variant",        "variant-id",
                                        "kernel-release", "kernel-version" };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (take_text_opt(call, value, keys[i], "os", keys[i]) < 0)
            return -1;
    }
    return 0;
}

static int take_timezone(struct call *call, json_t *value)
{
    json_int_t offset;
    struct wire_param *param;

    if (take_text_opt(call, value, "zone", "timezone", "name") < 0 ||
        agent_integer(call, value, "offset", &offset) < 0)
        return -1;
    if (offset < INT32_MIN || offset > INT32_MAX)
        return agent_nonsense(call, "offset");
    param = add_param(call, "timezone.offset");
    if (!param)
        return -1;
    param->value.wire_param_value_u.i = (int)offset;
    return 0;
}

static int take_hostname(struct call *call, json_t *value)
{
    const char *name = agent_text(call, value, "host-name");

    return name ? set_text(add_param(call, "hostname"), name) : -1;
}

/* --- disks --- */

static int take_target(struct call *call, const json_t *address, const char *prefix)
{
    const struct info_call *info = call->opaque;
    const char *target = agent_disk_target(&info->disks, address);

    return target ? set_text(add_param(call, "%s.alias", prefix), target) : 0;
}

static int take_dependency(struct call *call, const json_t *item, const char *prefix)
{
    const char *name = agent_text(call, item, NULL);

    return name ? set_text(add_param(call, "%s.name", prefix), name) : -1;
}

static int take_disk(struct call *call, const json_t *item, const char *prefix)
{
    const json_t *dependencies = json_object_get(item, "dependencies");
    const json_t *address = json_object_get(item, "address");
    char inner[FIELD_MAX + 1];

    (void)snprintf(inner, sizeof(inner), "%s.dependency", prefix);
    if (take_text(call, item, "name", prefix, "name") < 0 ||
        set_bool(add_param(call, "%s.partition", prefix),
                 json_is_true(json_object_get(item, "partition"))) < 0 ||
        (dependencies && take_list(call, dependencies, inner, take_dependency) < 0) ||
        take_text_opt(call, item, "alias", prefix, "guest_alias") < 0)
        return -1;
    if (!address)
        return 0;
    if (take_text_opt(call, address, "serial", prefix, "serial") < 0 ||
        take_text_opt(call, address, "bus-type", prefix, "guest_bus") < 0)
        return -1;
    return take_target(call, address, prefix);
}

static int take_disks(struct call *call, json_t *value)
{
    return take_list(call, value, "disk", take_disk);
}

/* --- file systems --- */

static int take_fs_disk(struct call *call, const json_t *item, const char *prefix)
{
    if (take_target(call, item, prefix) < 0 ||
        take_text_opt(call, item, "serial", prefix, "serial") < 0)
        return -1;
    return take_text_opt(call, item, "dev", prefix, "device");
}

static int take_bytes(struct call *call, const json_t *item, const char *key, const char *prefix)
{
    const json_t *number = json_object_get(item, key);

    if (!number)
        return 0;
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return agent_nonsense(call, key);
    return set_ullong(add_param(call, "%s.%s", prefix, key), (uint64_t)json_integer_value(number));
}

static int take_fs(struct call *call, const json_t *item, const char *prefix)
{
    const json_t *disks = json_object_get(item, "disk");
    char inner[FIELD_MAX + 1];

    (void)snprintf(inner, sizeof(inner), "%s.disk", prefix);
    if (take_text(call, item, "name", prefix, "name") < 0 ||
        take_text(call, item, "mountpoint", prefix, "mountpoint") < 0 ||
        take_text(call, item, "type", prefix, "fstype") < 0 ||
        take_bytes(call, item, "total-bytes", prefix) < 0 ||
        take_bytes(call, item, "used-bytes", prefix) < 0)
        return -1;
    return disks ? take_list(call, disks, inner, take_fs_disk) : 0;
}

static int take_filesystems(struct call *call, json_t *value)
{
    return take_list(call, value, "fs", take_fs);
}

/* --- interfaces --- */

static int take_address(struct call *call, const json_t *item, const char *prefix)
{
    json_int_t length;

    if (take_text(call, item, "ip-address-type", prefix, "type") < 0 ||
        take_text(call, item, "ip-address", prefix, "addr") < 0 ||
        agent_integer(call, item, "prefix", &length) < 0)
        return -1;
    if (length < 0 || length > 128)
        return agent_nonsense(call, "prefix");
    return set_uint(add_param(call, "%s.prefix", prefix), (size_t)length);
}

static int take_interface(struct call *call, const json_t *item, const char *prefix)
{
    const json_t *addresses = json_object_get(item, "ip-addresses");
    char inner[FIELD_MAX + 1];

    (void)snprintf(inner, sizeof(inner), "%s.addr", prefix);
    if (take_text(call, item, "name", prefix, "name") < 0 ||
        take_text_opt(call, item, "hardware-address", prefix, "hwaddr") < 0)
        return -1;
    return addresses ? take_list(call, addresses, inner, take_address) : 0;
}

static int take_interfaces(struct call *call, json_t *value)
{
    return take_list(call, value, "if", take_interface);
}

/* --- virDomainGetGuestInfo() --- */

/* Their order is that of the bits of virDomainGuestInfoTypes. */
static const struct {
    const char *command;
    agent_answer_fn *take;
} questions[] = {
    { "guest-get-users", take_users },
    { "guest-get-osinfo", take_os },
    { "guest-get-timezone", take_timezone },
    { "guest-get-host-name", take_hostname },
    { "guest-get-fsinfo", take_filesystems },
    { "guest-get-disks", take_disks },
    { "guest-network-get-interfaces", take_interfaces },
};

static int ask_next(struct call *call);

static int take_answer(struct call *call, json_t *value)
{
    struct info_call *info = call->opaque;

    if (questions[info->next].take(call, value) < 0)
        return -1;
    info->next++;
    return ask_next(call);
}

/* What nobody has asked for by name may be missing. */
static int no_answer(struct call *call, struct verror *err)
{
    struct info_call *info = call->opaque;

    if (info->types == 0 && err->code == VIR_ERR_OPERATION_UNSUPPORTED) {
        info->next++;
        return ask_next(call);
    }
    verror_move(&call->err, err);
    return -1;
}

static int ask_next(struct call *call)
{
    struct info_call *info = call->opaque;

    while (info->next < ARRAY_SIZE(questions) && info->types && !(info->types & 1u << info->next))
        info->next++;
    if (info->next == ARRAY_SIZE(questions))
        return 0;
    return call_ask(call, questions[info->next].command, take_answer);
}

static int ask_first(struct call *call)
{
    const struct remote_agent_what_args *args = call->args;
    struct info_call *info = call->opaque;

    info->types = args->what;
    info->disks.base.failed = no_answer;
    return ask_next(call);
}

static int get_info(struct call *call)
{
    const struct remote_agent_what_args *args = call->args;
    unsigned int unknown = args->what & ~((1u << ARRAY_SIZE(questions)) - 1);

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (unknown)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "unsupported guest information types '0x%x'", unknown);
    return call_with_disks(call, sizeof(struct info_call), ask_first);
}

static const struct proc procs[] = {
    { .number = REMOTE_PROC_DOMAIN_GET_GUEST_INFO,
      .api = "virDomainGetGuestInfo",
      PROC_ON(DOMAIN, READ),
      .access = ACCESS_WRITE,
      .class = CLASS_CHANGE,
      .error_domain = VIR_FROM_QEMU,
      PROC_ARGS(remote_agent_what_args),
      PROC_RET(remote_agent_info_ret),
      .handler = get_info },
};

const struct proc_table calls_agent_info = { procs, ARRAY_SIZE(procs) };
