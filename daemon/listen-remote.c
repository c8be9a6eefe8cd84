/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TCP and TLS: whether they are served at all, who may come, and on which ports.  Where systemd
 * has handed over a socket of a kind, that one decides, and none is made.  Start-up only.
 */

#include "config.h"
#include "lifecycle.h"
#include "server/server.h"
#include "util/log.h"

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
    if (kind == SERVER_TLS && !life->serves_tls)
        return start_tls(life, err);
    return 0;
}

static int listen_kind(struct lifecycle *life, enum server_socket kind, const char *port,
                       struct verror *err)
{
    enum server_auth auth = listen_auth(life->daemon.config, kind, false);

    if (listen_prepare_remote(life, kind, err) < 0 || listen_prepare_auth(life, auth, err) < 0)
        return -1;
    return server_listen_inet(life->daemon.server, life->daemon.config->listen_addr, port, kind,
                              auth, err);
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
