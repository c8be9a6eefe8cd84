/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections: the handshake that opens one, the close, and what the daemon
 * says of itself.  Any thread; a connection is freed with its last reference.
 */

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "channel.h"
#include "transport.h"
#include "uri.h"

static void connect_free(virConnectPtr conn)
{
    channel_free(conn->channel);
    job_listener_unref(conn->listener);
    (void)pthread_mutex_destroy(&conn->listener_lock);
    free(conn->uri);
    free(atomic_load(&conn->type));
    free(conn);
}
DEFINE_CLEANUP(virConnectPtr, connect_free);

static int open_remote(virConnectPtr conn, const struct uri *uri, virConnectAuthPtr auth,
                       unsigned int flags)
{
    char *name = uri->name;
    remote_open_args args = { .name = &name, .flags = flags };

    if (auth_connection(conn, uri, auth) < 0)
        return -1;
    return conn_call(conn, REMOTE(CONNECT_OPEN), XDR_OF(remote_open_args), &args, NULL, NULL);
}

/* NULL: raised. */
static struct channel *open_transport(const struct uri *uri, bool readonly)
{
    struct transport transport;
    struct channel *channel;

    if (transport_open(uri, readonly, &transport) < 0)
        return NULL;
    channel = channel_new(&transport);
    if (!channel)
        (void)error_raise_errno(VIR_FROM_RPC, errno, "cannot set up the connection");
    return channel;
}

/* A URI the program did not give: the user's choice, else the daemon that fits the user. */
static const char *default_uri(void)
{
    const char *chosen = getenv("VIRTJOB_DEFAULT_URI");

    if (chosen && chosen[0])
        return chosen;
    return geteuid() == 0 ? "qemu:///system" : "qemu:///session";
}

static virConnectPtr open_uri(const char *text, const struct uri *uri, virConnectAuthPtr auth,
                              unsigned int flags)
{
    _cleanup_(connect_freep) virConnectPtr conn = calloc(1, sizeof(*conn));

    if (!conn)
        goto no_memory;
    conn->object.magic = MAGIC_CONNECT;
    conn->object.refs = 1;
    (void)pthread_mutex_init(&conn->listener_lock, NULL);
    if (uri->name[0]) {
        conn->uri = strdup(text);
        if (!conn->uri)
            goto no_memory;
    }
    conn->channel = open_transport(uri, flags & VIR_CONNECT_RO);
    if (!conn->channel || open_remote(conn, uri, auth, flags) < 0)
        return NULL;
    return STEAL_PTR(conn);

no_memory:
    (void)error_raise_no_memory();
    return NULL;
}

static virConnectPtr open_name(const char *name, virConnectAuthPtr auth, unsigned int flags)
{
    _cleanup_(uri_done) struct uri uri = { .name = NULL };
    const unsigned int known = VIR_CONNECT_RO | VIR_CONNECT_NO_ALIASES;

    if (flags & ~known) {
        (void)error_raise(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "unsupported flags (0x%x) in %s",
                          flags & ~known, error_api());
        return NULL;
    }
    if (!name || !name[0])
        name = default_uri();
    if (uri_parse(name, &uri) < 0)
        return NULL;
    return open_uri(name, &uri, auth, flags);
}

int virInitialize(void)
{
    return 0;
}

virConnectPtr virConnectOpen(const char *name)
{
    error_enter(__func__);
    return open_name(name, NULL, 0);
}

virConnectPtr virConnectOpenReadOnly(const char *name)
{
    error_enter(__func__);
    return open_name(name, NULL, VIR_CONNECT_RO);
}

virConnectPtr virConnectOpenAuth(const char *name, virConnectAuthPtr auth, unsigned int flags)
{
    error_enter(__func__);
    return open_name(name, auth, flags);
}

int virConnectRef(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return object_ref(&conn->object);
}

int connect_unref(virConnectPtr conn)
{
    int left = object_unref(&conn->object);

    if (left == 0) {
        conn_call_close(conn);
        connect_free(conn);
    }
    return left;
}

int virConnectClose(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return connect_unref(conn);
}

char *virConnectGetURI(virConnectPtr conn)
{
    char *uri;

    if (!conn_enter(conn))
        return NULL;
    if (!conn->uri)
        return conn_call_text(conn, REMOTE_PROC_CONNECT_GET_URI, NULL, NULL);
    uri = strdup(conn->uri);
    if (!uri)
        (void)error_raise_no_memory();
    return uri;
}

const char *virConnectGetType(virConnectPtr conn)
{
    char *type, *known = NULL;

    if (!conn_enter(conn))
        return NULL;
    type = atomic_load(&conn->type);
    if (type)
        return type;
    type = conn_call_text(conn, REMOTE_PROC_CONNECT_GET_TYPE, NULL, NULL);
    if (type && !atomic_compare_exchange_strong(&conn->type, &known, type)) {
        free(type); /* another thread was first, and its text may be in use */
        type = known;
    }
    return type;
}

static int get_number(virConnectPtr conn, int procedure, unsigned long *ret_number)
{
    if (!ret_number)
        return error_raise_null("the result");
    return conn_call_ulong(conn, procedure, NULL, NULL, ret_number);
}

int virConnectGetVersion(virConnectPtr conn, unsigned long *hvVer)
{
    if (!conn_enter(conn))
        return -1;
    return get_number(conn, REMOTE_PROC_CONNECT_GET_VERSION, hvVer);
}

int virConnectGetLibVersion(virConnectPtr conn, unsigned long *libVer)
{
    if (!conn_enter(conn))
        return -1;
    return get_number(conn, REMOTE_PROC_CONNECT_GET_LIB_VERSION, libVer);
}

int virGetVersion(unsigned long *libVer, const char *type _unused_, unsigned long *typeVer)
{
    unsigned long major, minor, release;

    error_enter(__func__);
    if (!libVer)
        return error_raise_null("libVer");
    if (sscanf(VERSION, "%lu.%lu.%lu", &major, &minor, &release) != 3)
        return error_raise(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
                           "internal error: version '%s'", VERSION);
    *libVer = major * 1000000 + minor * 1000 + release;
    if (typeVer)
        *typeVer = *libVer;
    return 0;
}

char *virConnectGetHostname(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return NULL;
    return conn_call_text(conn, REMOTE_PROC_CONNECT_GET_HOSTNAME, NULL, NULL);
}

int virConnectIsAlive(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return channel_is_alive(conn->channel);
}

int virConnectIsSecure(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return conn_call_int(conn, REMOTE_PROC_CONNECT_IS_SECURE, NULL, NULL);
}

int virConnectIsEncrypted(virConnectPtr conn)
{
    if (!conn_enter(conn))
        return -1;
    return channel_is_encrypted(conn->channel);
}

int virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned int count)
{
    if (!conn_enter(conn))
        return -1;
    channel_set_keepalive(conn->channel, interval > 0 ? interval : 0, count);
    return 0;
}
