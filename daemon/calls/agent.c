/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's agent does at one command: file systems frozen, thawed and
 * trimmed, the clock, the host name, a password, keys, suspending.  Loop thread.
 */

#include <stdint.h>
#include <string.h>

#include "calls/agent_call.h"
#include "hypervisor/qemu/guest.h"
#include "protocol/remote.h"
#include "store/store.h"
#include "util/alloc.h"

enum {
    PASSWORD_ENCRYPTED = 1 << 0, /* virDomainSetUserPasswordFlags */
    KEYS_APPEND = 1 << 0,        /* virDomainAuthorizedSSHKeysSetFlags */
    KEYS_REMOVE = 1 << 1,
    NS_PER_SECOND = 1000000000,
    RTC_MS = 10000,
};

static json_t *texts(wire_text *val, u_int len)
{
    json_t *array = json_array();

    for (u_int i = 0; array && i < len; i++) {
        if (json_array_append_new(array, json_string(val[i])) < 0) {
            json_decref(array);
            array = NULL; /* it is no UTF-8 */
        }
    }
    return array;
}

/* --- file systems --- */

static int count_filesystems(struct call *call, json_t *value)
{
    struct remote_int_ret *ret = call->ret;
    json_int_t count;

    if (agent_integer(call, value, NULL, &count) < 0)
        return -1;
    if (count < 0 || count > INT32_MAX)
        return agent_nonsense(call, "number");
    ret->value = (int)count;
    return 0;
}

static int freeze(struct call *call)
{
    const struct remote_agent_mountpoints_args *args = call->args;
    json_t *mountpoints;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->mountpoints.mountpoints_len == 0)
        return call_ask(call, "guest-fsfreeze-freeze", count_filesystems);
    mountpoints = texts(args->mountpoints.mountpoints_val, args->mountpoints.mountpoints_len);
    return call_ask_with(call, "guest-fsfreeze-freeze-list",
                         mountpoints ? json_pack("{s:o}", "mountpoints", mountpoints) : NULL,
                         count_filesystems);
}

static int thaw(struct call *call)
{
    const struct remote_agent_mountpoints_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->mountpoints.mountpoints_len > 0)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "mount points in function %s: all that is frozen is thawed",
                          call->proc->api);
    return call_ask(call, "guest-fsfreeze-thaw", count_filesystems);
}

static int trim(struct call *call)
{
    const struct remote_agent_trim_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->mountpoint)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "a mount point in function %s: all file systems are trimmed",
                          call->proc->api);
    if (args->minimum > INT64_MAX)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "the minimum of %s is too large",
                          call->proc->api);
    return call_ask_with(call, "guest-fstrim",
                         json_pack("{s:I}", "minimum", (json_int_t)args->minimum), agent_obeyed);
}

/* --- the clock --- */

static int take_time(struct call *call, json_t *value)
{
    struct remote_agent_time_ret *ret = call->ret;
    json_int_t ns;

    if (agent_integer(call, value, NULL, &ns) < 0)
        return -1;
    if (ns < 0)
        return agent_nonsense(call, "time");
    ret->seconds = ns / NS_PER_SECOND;
    ret->nseconds = (u_int)(ns % NS_PER_SECOND);
    return 0;
}

static int get_time(struct call *call)
{
    const struct remote_domain_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return call_ask(call, "guest-get-time", take_time);
}

/* A QEMU without such a clock says so, which changes nothing. */
static void ticks_dropped(void *opaque, json_t *value, struct verror *err)
{
    (void)value;
    (void)err;
    call_reply(opaque);
}

/* The time is right now: the ticks that QEMU still means to make up for would spoil it. */
static int time_set(struct call *call, json_t *value)
{
    const struct domain *domain = call_domain(call, call->args);

    (void)value;
    if (!domain || !domain->guest || !domain->guest->monitor)
        return 0; /* it has ended since */
    monitor_send(domain->guest->monitor, "rtc-reset-reinjection", NULL, RTC_MS, ticks_dropped,
                 call);
    return CALL_PENDING;
}

static int set_time(struct call *call)
{
    const struct remote_agent_set_time_args *args = call->args;

    if (call_check_flags(call, args->flags, VIR_DOMAIN_TIME_SYNC) < 0)
        return -1;
    if (args->flags & VIR_DOMAIN_TIME_SYNC)
        return call_ask(call, "guest-set-time", time_set);
    if (args->seconds < 0 || args->seconds >= INT64_MAX / NS_PER_SECOND ||
        args->nseconds >= NS_PER_SECOND)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "the time %lld.%09u in function %s is out of range",
                          (long long)args->seconds, args->nseconds, call->proc->api);
    return call_ask_with(call, "guest-set-time",
                         json_pack("{s:I}", "time",
                                   (json_int_t)args->seconds * NS_PER_SECOND + args->nseconds),
                         time_set);
}

/* --- names --- */

static int take_hostname(struct call *call, json_t *value)
{
    struct remote_text_ret *ret = call->ret;
    const char *name = agent_text(call, value, "host-name");

    if (!name)
        return -1;
    ret->value = xstrdup(name);
    return 0;
}

/* There are no networks here whose leases could tell it. */
static int get_hostname(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { VIR_DOMAIN_GET_HOSTNAME_LEASE, VIR_DOMAIN_GET_HOSTNAME_AGENT, "lease", "agent" },
    };
    const struct remote_domain_flags_args *args = call->args;
    const struct domain *domain;

    if (call_check_flags(call, args->flags,
                         VIR_DOMAIN_GET_HOSTNAME_LEASE | VIR_DOMAIN_GET_HOSTNAME_AGENT) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    if (!(args->flags & VIR_DOMAIN_GET_HOSTNAME_LEASE))
        return call_ask(call, "guest-get-host-name", take_hostname);
    domain = call_domain(call, &args->domain);
    if (!domain || domain_check_active(domain, &call->err) < 0)
        return -1;
    return verror_set(&call->err, VIR_ERR_NO_HOSTNAME, "no hostname found for domain %s",
                      domain_name(domain));
}

/* --- users --- */

static char *base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    char *out = xmalloc((len + 2) / 3 * 4 + 1), *to = out;

    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = 0;

        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < len ? (unsigned char)text[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            *to++ = i + j <= len ? digits[bits >> (18 - 6 * j) & 63] : '=';
    }
    *to = '\0';
    return out;
}

static int set_password(struct call *call)
{
    const struct remote_agent_password_args *args = call->args;
    _cleanup_free_ char *encoded = NULL;

    if (call_check_flags(call, args->flags, PASSWORD_ENCRYPTED) < 0)
        return -1;
    if (!args->user || !args->password)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "%s in function %s must not be NULL",
                          args->user ? "password" : "user", call->proc->api);
    encoded = base64(*args->password);
    return call_ask_with(call, "guest-set-user-password",
                         json_pack("{s:s, s:s, s:b}", "username", *args->user, "password", encoded,
                                   "crypted", (args->flags & PASSWORD_ENCRYPTED) != 0),
                         agent_obeyed);
}

static int take_keys(struct call *call, json_t *value)
{
    struct remote_agent_keys_ret *ret = call->ret;
    const json_t *keys = json_object_get(value, "keys");
    size_t n = json_array_size(keys);

    if (agent_list(call, keys, REMOTE_AGENT_LIST_MAX) < 0)
        return -1;
    ret->keys.keys_val = xcalloc(n + 1, sizeof(*ret->keys.keys_val));
    for (size_t i = 0; i < n; i++) {
        const char *key = agent_text(call, json_array_get(keys, i), NULL);

        if (!key)
            return -1;
        ret->keys.keys_val[ret->keys.keys_len++] = xstrdup(key);
    }
    return 0;
}

static int get_keys(struct call *call)
{
    const struct remote_domain_text_flags_args *args = call->args;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    return call_ask_with(call, "guest-ssh-get-authorized-keys",
                         json_pack("{s:s}", "username", args->value), take_keys);
}

static int set_keys(struct call *call)
{
    static const struct flag_pair exclusive[] = {
        { KEYS_APPEND, KEYS_REMOVE, "append", "remove" },
    };
    const struct remote_agent_set_keys_args *args = call->args;
    json_t *keys;

    if (call_check_flags(call, args->flags, KEYS_APPEND | KEYS_REMOVE) < 0 ||
        call_check_exclusive(call, args->flags, exclusive, ARRAY_SIZE(exclusive)) < 0)
        return -1;
    if (args->flags && args->keys.keys_len == 0)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "keys in function %s are missing",
                          call->proc->api);
    keys = texts(args->keys.keys_val, args->keys.keys_len);
    if (keys && args->flags & KEYS_REMOVE)
        return call_ask_with(call, "guest-ssh-remove-authorized-keys",
                             json_pack("{s:s, s:o}", "username", args->user, "keys", keys),
                             agent_obeyed);
    return call_ask_with(call, "guest-ssh-add-authorized-keys",
                         keys ? json_pack("{s:s, s:o, s:b}", "username", args->user, "keys", keys,
                                          "reset", !(args->flags & KEYS_APPEND))
                              : NULL,
                         agent_obeyed);
}

/* --- sleep --- */

static int suspend(struct call *call)
{
    static const char *const commands[] = { "guest-suspend-ram", "guest-suspend-disk",
                                            "guest-suspend-hybrid" }; /* virNodeSuspendTarget */
    const struct remote_agent_suspend_args *args = call->args;
    struct agent_command command = { .sign = AGENT_SIGN_SUSPEND, .wait = AGENT_POWER_SECONDS };

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->target >= ARRAY_SIZE(commands))
        return verror_set(&call->err, VIR_ERR_INVALID_ARG, "unknown suspend target %u",
                          args->target);
    if (args->duration != 0)
        return verror_set(&call->err, VIR_ERR_ARGUMENT_UNSUPPORTED,
                          "a duration in function %s: use 0, and wake the domain up",
                          call->proc->api);
    command.name = commands[args->target];
    return call_agent(call, &command, agent_obeyed);
}

/* --- patience --- */

static int set_timeout(struct call *call)
{
    const struct remote_agent_timeout_args *args = call->args;
    struct domain *domain;
    struct store_txn *txn;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    if (args->timeout < AGENT_WAIT_EVER)
        return verror_set(&call->err, VIR_ERR_INVALID_ARG,
                          "guest agent timeout '%d' is less than the minimum '%d'", args->timeout,
                          AGENT_WAIT_EVER);
    domain = call_domain(call, &args->domain);
    if (!domain || domain_check_active(domain, &call->err) < 0)
        return -1;
    domain->guest->agent_wait = args->timeout;
    txn = store_begin(call->daemon->store);
    domain_put_row(domain, txn);
    store_commit(txn, call_durable_cb, call);
    return CALL_PENDING;
}

#define ROW(what, proc, function, asker, ...)                                             \
    {                                                                                     \
        .number = REMOTE_PROC_DOMAIN_##proc, .api = function, .access = ACCESS_WRITE,     \
        .class = CLASS_CHANGE, .error_domain = VIR_FROM_QEMU, .handler = asker,           \
        PROC_ON(DOMAIN, what), __VA_ARGS__                                                \
    }

static const struct proc procs[] = {
    ROW(CONTROL, FSFREEZE, "virDomainFSFreeze", freeze, PROC_ARGS(remote_agent_mountpoints_args),
        PROC_RET(remote_int_ret)),
    ROW(CONTROL, FSTHAW, "virDomainFSThaw", thaw, PROC_ARGS(remote_agent_mountpoints_args),
        PROC_RET(remote_int_ret)),
    ROW(CONTROL, FSTRIM, "virDomainFSTrim", trim, PROC_ARGS(remote_agent_trim_args)),
    ROW(READ, GET_TIME, "virDomainGetTime", get_time, PROC_ARGS(remote_domain_flags_args),
        PROC_RET(remote_agent_time_ret)),
    ROW(CONTROL, SET_TIME, "virDomainSetTime", set_time, PROC_ARGS(remote_agent_set_time_args)),
    ROW(READ, GET_HOSTNAME, "virDomainGetHostname", get_hostname,
        PROC_ARGS(remote_domain_flags_args), PROC_RET(remote_text_ret)),
    ROW(MONITOR, SET_USER_PASSWORD, "virDomainSetUserPassword", set_password,
        PROC_ARGS(remote_agent_password_args)),
    ROW(MONITOR, AUTHORIZED_SSH_KEYS_GET, "virDomainAuthorizedSSHKeysGet", get_keys,
        PROC_ARGS(remote_domain_text_flags_args), PROC_RET(remote_agent_keys_ret)),
    ROW(MONITOR, AUTHORIZED_SSH_KEYS_SET, "virDomainAuthorizedSSHKeysSet", set_keys,
        PROC_ARGS(remote_agent_set_keys_args)),
    ROW(CONTROL, PM_SUSPEND_FOR_DURATION, "virDomainPMSuspendForDuration", suspend,
        PROC_ARGS(remote_agent_suspend_args)),
    ROW(CONTROL, AGENT_SET_RESPONSE_TIMEOUT, "virDomainAgentSetResponseTimeout", set_timeout,
        PROC_ARGS(remote_agent_timeout_args), PROC_RET(remote_int_ret)),
};

const struct proc_table calls_agent = { procs, ARRAY_SIZE(procs) };
