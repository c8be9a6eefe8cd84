/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls about the connection itself: open and close, what is at the other
 * end, what it can do.  Loop thread.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "calls/typed_params.h"
#include "protocol/remote.h"
#include "util/alloc.h"
#include "util/audit.h"

/* CONNECT_OPEN: read-only; the other two are the client's own business and let pass. */
enum { OPEN_READONLY = 1 << 0, OPEN_FLAGS = 0x7 };

static const char *own_uri(const struct daemon *daemon)
{
    return daemon->session ? "qemu:///session" : "qemu:///system";
}

static bool is_uri(const char *name, size_t len, const char *uri)
{
    return len == strlen(uri) && strncmp(name, uri, len) == 0;
}

/*
 * No name, or ours; parameters behind it are for drivers that know some.  Or libvirt's name for
 * something to try a program on, which is this daemon for who comes to its socket with it.
 */
static int check_name(struct call *call, const char *name)
{
    static const char scheme[] = "qemu:";
    const char *own = own_uri(call->daemon);
    size_t len = name ? strcspn(name, "?") : 0;

    if (len == 0 || is_uri(name, len, own) || is_uri(name, len, "test:///default"))
        return 0;
    if (strncmp(name, scheme, strlen(scheme)) != 0)
        return verror_set(&call->err, VIR_ERR_NO_CONNECT, "%s", name);
    return verror_set(&call->err, VIR_ERR_INTERNAL_ERROR, "this daemon serves %s, not '%s'", own,
                      name);
}

static int connect_open(struct call *call)
{
    const struct remote_open_args *args = call->args;

    if (call_check_flags(call, args->flags, OPEN_FLAGS) < 0)
        return -1;
    if (client_is_open(call->client))
        return verror_set(&call->err, VIR_ERR_INTERNAL_ERROR, "connection already open");
    if (check_name(call, args->name ? *args->name : NULL) < 0)
        return -1;
    if (args->flags & OPEN_READONLY)
        client_set_readonly(call->client);
    client_set_open(call->client);
    AUDIT(AUDIT_CONNECTIONS, "connection-open", { "identity", client_identity(call->client) },
          { "access", client_is_readonly(call->client) ? "read-only" : "read-write" });
    return 0;
}

static int connect_close(struct call *call)
{
    client_close_after_flush(call->client);
    return 0;
}

static int connect_get_type(struct call *call)
{
    struct remote_text_ret *ret = call->ret;

    ret->value = xstrdup("QEMU");
    return 0;
}

static int connect_get_lib_version(struct call *call)
{
    struct remote_uhyper_ret *ret = call->ret;
    unsigned int major = 0, minor = 0, micro = 0;

    (void)sscanf(VERSION, "%u.%u.%u", &major, &minor, &micro); /* configure.ac's, always three */
    ret->value = major * 1000000ull + minor * 1000ull + micro;
    return 0;
}

static int connect_get_hostname(struct call *call)
{
    struct remote_text_ret *ret = call->ret;
    char name[HOST_NAME_MAX + 1];

    if (gethostname(name, sizeof(name)) < 0)
        return verror_errno(&call->err, errno, "cannot get the host's name");
    ret->value = xstrdup(name);
    return 0;
}

static int connect_get_uri(struct call *call)
{
    struct remote_text_ret *ret = call->ret;

    ret->value = xstrdup(own_uri(call->daemon));
    return 0;
}

static int connect_is_secure(struct call *call)
{
    struct remote_int_ret *ret = call->ret;

    ret->value = client_is_secure(call->client);
    return 0;
}

static int connect_supports_feature(struct call *call)
{
    static const int supported[] = {
        REMOTE_FEATURE_TYPED_STRINGS,
        REMOTE_FEATURE_KEEPALIVE,
        REMOTE_FEATURE_EVENT_IDS,
        REMOTE_FEATURE_CLOSE_CALLBACK,
    };
    const struct remote_int_args *args = call->args;
    struct remote_int_ret *ret = call->ret;

    if (args->value == REMOTE_FEATURE_KEEPALIVE) /* only who answers pings asks */
        client_set_keepalive(call->client);
    for (size_t i = 0; i < ARRAY_SIZE(supported); i++)
        if (supported[i] == args->value)
            ret->value = 1;
    if (args->value == REMOTE_FEATURE_FD_PASSING)
        ret->value = client_passes_fds(call->client);
    return 0;
}

/*
 * The event that it would register for tells that the driver behind the
 * daemon has gone.  Ours lives in the daemon, so there never is one.
 */
static int connect_close_callback(_unused_ struct call *call)
{
    return 0;
}

/*
 * Another daemon of libvirt's says so who asks it.  Whatever is claimed, what a client may do here
 * and who it is in the log is what its connection says: nothing is taken over.
 */
static int connect_set_identity(struct call *call)
{
    static const struct param_rule rules[] = {
        { "user-name", WIRE_PARAM_STRING },      { "unix-user-id", WIRE_PARAM_ULLONG },
        { "group-name", WIRE_PARAM_STRING },     { "unix-group-id", WIRE_PARAM_ULLONG },
        { "process-id", WIRE_PARAM_LLONG },      { "process-time", WIRE_PARAM_ULLONG },
        { "sasl-user-name", WIRE_PARAM_STRING }, { "x509-distinguished-name", WIRE_PARAM_STRING },
        { "selinux-context", WIRE_PARAM_STRING },
    };
    const struct remote_domain_restore_params_args *args = call->args;
    json_t *claimed;

    if (call_check_flags(call, args->flags, 0) < 0)
        return -1;
    claimed = call_take_params(call, args->params.params_val, args->params.params_len, rules,
                               ARRAY_SIZE(rules));
    json_decref(claimed);
    return claimed ? 0 : -1;
}

#define CONNECT_ROW(what, num, fn, who, ...)                                             \
    { .number = num, .api = fn, .access = who, .class = CLASS_MEMORY,                    \
      PROC_ON(CONNECT, what),                                                            \
      .error_domain = VIR_FROM_REMOTE, __VA_ARGS__ }

static const struct proc procs[] = {
    CONNECT_ROW(GREET, REMOTE_PROC_CONNECT_SUPPORTS_FEATURE, "virConnectOpen", ACCESS_PREOPEN,
                PROC_ARGS(remote_int_args), PROC_RET(remote_int_ret),
                .handler = connect_supports_feature),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_OPEN, "virConnectOpen", ACCESS_PREOPEN,
                PROC_ARGS(remote_open_args), .handler = connect_open),
    CONNECT_ROW(GREET, REMOTE_PROC_CONNECT_CLOSE, "virConnectClose", ACCESS_PREOPEN,
                .handler = connect_close),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_GET_TYPE, "virConnectGetType", ACCESS_READ,
                PROC_RET(remote_text_ret), .handler = connect_get_type),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_GET_LIB_VERSION, "virConnectGetLibVersion", ACCESS_READ,
                PROC_RET(remote_uhyper_ret), .handler = connect_get_lib_version),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_GET_HOSTNAME, "virConnectGetHostname", ACCESS_READ,
                PROC_RET(remote_text_ret), .handler = connect_get_hostname),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_GET_URI, "virConnectGetURI", ACCESS_READ,
                PROC_RET(remote_text_ret), .handler = connect_get_uri),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_IS_SECURE, "virConnectIsSecure", ACCESS_READ,
                PROC_RET(remote_int_ret), .handler = connect_is_secure),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_SET_IDENTITY, "virConnectSetIdentity", ACCESS_READ,
                PROC_ARGS(remote_domain_restore_params_args), .handler = connect_set_identity),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_REGISTER_CLOSE_CALLBACK,
        "virConnectRegisterCloseCallback",
                ACCESS_READ, .handler = connect_close_callback),
    CONNECT_ROW(READ, REMOTE_PROC_CONNECT_UNREGISTER_CLOSE_CALLBACK,
                "virConnectUnregisterCloseCallback", ACCESS_READ,
                .handler = connect_close_callback),
};

const struct proc_table calls_connect = { procs, ARRAY_SIZE(procs) };
