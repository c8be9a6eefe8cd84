/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that have not shown yet who they are.  They may do nothing but
 * that, there are few of them at a time, and each has little time: so nobody
 * who is known has to wait for those who never will be.  They are listed in
 * the order in which their time ends, for one timer.  Loop thread.
 */

#include <utlist.h>

#include "server/internal.h"
#include "util/clock.h"
#include "util/log.h"

/* The first one's time ends first, as all have the same. */
static void set_timer(struct server *server)
{
    const struct client *first = server->anonymous;
    int64_t left;
    struct timeval wait;

    (void)event_del(&server->anonymous_event);
    if (!first || server->limits.auth_timeout == 0)
        return;
    left = first->connected + (int64_t)server->limits.auth_timeout * 1000 - clock_mono_ms();
    if (left < 0)
        left = 0;
    wait = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
    (void)event_add(&server->anonymous_event, &wait);
}

static void late_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;
    int64_t since = clock_mono_ms() - (int64_t)server->limits.auth_timeout * 1000;

    while (server->anonymous && server->anonymous->connected <= since)
        client_drop(server->anonymous, "not authenticated in time (auth_timeout_seconds)");
    set_timer(server);
}

void anonymous_init(struct server *server)
{
    (void)evtimer_assign(&server->anonymous_event, server->base, late_cb, server);
}

void anonymous_update(struct server *server)
{
    set_timer(server);
}

void anonymous_add(struct client *client)
{
    struct server *server = client->server;

    client->anonymous = true;
    client->connected = clock_mono_ms();
    DL_APPEND2(server->anonymous, client, prev_anonymous, next_anonymous);
    server->nanonymous++;
    if (server->anonymous == client)
        set_timer(server);
}

void anonymous_remove(struct client *client)
{
    struct server *server = client->server;
    bool first = server->anonymous == client;

    if (!client->anonymous)
        return;
    client->anonymous = false;
    DL_DELETE2(server->anonymous, client, prev_anonymous, next_anonymous);
    server->nanonymous--;
    if (first)
        set_timer(server);
    server_update_accepting(server);
}

/* One with a certificate is known once the handshake is done. */
bool listener_is_anonymous(const struct listener *listener)
{
    return listener->auth != SERVER_AUTH_NONE || listener->kind == SERVER_TLS;
}

bool anonymous_are_too_many(const struct server *server)
{
    return server->limits.max_anonymous_clients > 0 &&
           server->nanonymous >= server->limits.max_anonymous_clients;
}

void client_set_authenticated(struct client *client)
{
    if (!client->gone)
        anonymous_remove(client);
}

bool client_is_authenticated(const struct client *client)
{
    return !client->anonymous;
}

enum server_auth client_auth(const struct client *client)
{
    return client->auth;
}
