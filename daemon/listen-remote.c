/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TCP and TLS: whether they are served at all, who may come, and on which ports.  Where systemd
 * has handed over a socket of a kind, that one decides, and none is made.  Start-up only.
 */

#include <string.h>

#include "config.h"
#include "lifecycle.h"
#include "server/server.h"
#include "util/log.h"

/* Plain TCP can be read and changed on its way: whoever wants it open to all must say so. */
static int check_auth_tcp(const struct config *config, struct verror *err)
{
    if (strcmp(config->auth_tcp, "none") == 0)
        return 0;
    if (strcmp(config->auth_tcp, "sasl") != 0)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "auth_tcp is \"%s\", must be \"sasl\" or \"none\"", config->auth_tcp);
    return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                      "TCP is not served without authentication, and this build has no SASL; "
                      "auth_tcp = \"none\" lets everybody in who reaches the port");
}

static int start_tls(struct lifecycle *life, struct verror *err)
{
    struct tls_context *context = tls_load(life->daemon.config, life->daemon.session, err);

    if (!context)
        return -1;
    server_set_tls(life->daemon.server, context);
    life->serves_tls = true;
    if (life->daemon.config->tls_no_verify_certificate)
        log_warn("tls_no_verify_certificate: whoever speaks TLS is let in");
    return 0;
}

int listen_prepare_remote(struct lifecycle *life, enum server_socket kind, struct verror *err)
{
    if (kind == SERVER_TCP)
        return check_auth_tcp(life->daemon.config, err);
    if (kind == SERVER_TLS && !life->serves_tls)
        return start_tls(life, err);
    return 0;
}

static int listen_kind(struct lifecycle *life, enum server_socket kind, const char *port,
                       struct verror *err)
{
    if (listen_prepare_remote(life, kind, err) < 0)
        return -1;
    return server_listen_inet(life->daemon.server, life->daemon.config->listen_addr, port, kind,
                              err);
}

int listen_remote(struct lifecycle *life, const bool inherited[], struct verror *err)
{
    const struct config *config = life->daemon.config;

    if (!life->options.listen)
        return 0;
    if (!config->listen_tls && !config->listen_tcp)
        return verror_set(err, VIR_ERR_CONFIG_UNSUPPORTED,
                          "--listen, but both listen_tls and listen_tcp are 0");
    if (config->listen_tls && !inherited[SERVER_TLS] &&
        listen_kind(life, SERVER_TLS, config->tls_port, err) < 0)
        return -1;
    if (config->listen_tcp && !inherited[SERVER_TCP] &&
        listen_kind(life, SERVER_TCP, config->tcp_port, err) < 0)
        return -1;
    return 0;
}
