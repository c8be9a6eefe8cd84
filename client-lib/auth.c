/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon wants to know, and what the URI says to that; see auth.h.  Any thread. */

#include "auth.h"

#include <string.h>

virConnectAuthPtr virConnectAuthPtrDefault = &auth_terminal;

static const char *const names[] = {
    [REMOTE_AUTH_NONE] = "none",
    [REMOTE_AUTH_SASL] = "sasl",
    [REMOTE_AUTH_POLKIT] = "polkit",
};

static const char *name_of(remote_auth_type type)
{
    return (size_t)type < ARRAY_SIZE(names) ? names[type] : "one that this library does not know";
}

/*
 * Of what the daemon offers the first counts, unless the URI wants something; no list at all
 * means that none is needed.  Returns its number, or -1: raised.
 */
static int choose(const remote_auth_list_ret *offered, const char *wanted)
{
    unsigned int count = offered->types.types_len;
    const remote_auth_type *types = offered->types.types_val;

    if (!wanted)
        return count > 0 ? (int)types[0] : REMOTE_AUTH_NONE;
    for (unsigned int i = 0; i < count; i++)
        if (strcmp(name_of(types[i]), wanted) == 0)
            return (int)types[i];
    return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                       "authentication failed: the URI wants auth=%s, the daemon %s", wanted,
                       count > 0 ? name_of(types[0]) : "none");
}

/* The daemon asks polkit about this process; if a person must answer, that is an agent's work. */
static int auth_polkit(virConnectPtr conn)
{
    remote_int_ret ret = { .value = 0 };

    return conn_call(conn, REMOTE(AUTH_POLKIT), NULL, NULL, XDR_OF(remote_int_ret), &ret);
}

int auth_connection(virConnectPtr conn, const struct uri *uri, virConnectAuthPtr auth)
{
    const struct auth_request request = {
        .host = uri->host ? uri->host : "localhost",
        .secure = uri->transport != URI_TCP && uri->transport != URI_EXT,
        .file = uri->authfile,
        .mechanism = uri->mechanism,
        .auth = auth,
    };
    remote_auth_list_ret ret = { .types = { .types_len = 0 } };
    int type;

    if (conn_call(conn, REMOTE(AUTH_LIST), NULL, NULL, XDR_OF(remote_auth_list_ret), &ret) < 0)
        return -1;
    type = choose(&ret, uri->auth);
    xdr_free(XDR_OF(remote_auth_list_ret), &ret);
    switch (type) {
    case -1:
        return -1;
    case REMOTE_AUTH_NONE:
        return 0;
    case REMOTE_AUTH_SASL:
        return auth_sasl(conn, &request);
    case REMOTE_AUTH_POLKIT:
        return auth_polkit(conn);
    default:
        return error_raise(VIR_ERR_AUTH_FAILED, VIR_FROM_RPC,
                           "authentication failed: the daemon wants %s",
                           name_of((remote_auth_type)type));
    }
}
