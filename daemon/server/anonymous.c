/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections that have not shown yet who they are.  They may do nothing but
 * that, there are few of them at a time, and each has little time: so nobody
 * who is known has to wait for those who never will be.  Where they are as
 * many as may be and more wait, the one that came first makes place.  They are
 * listed in the order in which their time ends, for one timer.  Loop thread.
 */

#include <poll.h>
#include <utlist.h>

#include "server/internal.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    GRACE_MS = 1000, /* so long nobody loses his place to somebody who waits for one */
    LOOK_MS = 200,   /* how often it is looked whether somebody waits */
};

/* The first one's time ends first, as all have the same.  0 = never. */
static int64_t end_of_time(const struct server *server)
{
    if (server->limits.auth_timeout == 0)
        return 0;
    return server->anonymous->connected + (int64_t)server->limits.auth_timeout * 1000;
}

/* When the first one may have to go; 0 = never. */
static int64_t next_look(const struct server *server, int64_t now)
{
    int64_t end = end_of_time(server), look = server->anonymous->connected + GRACE_MS;

    if (!anonymous_are_too_many(server))
        return end;
    if (look < now + LOOK_MS)
        look = now + LOOK_MS;
    return end == 0 || look < end ? look : end;
}

static void set_timer(struct server *server)
{
    int64_t now = clock_mono_ms(), left;
    struct timeval wait;

    (void)event_del(&server->anonymous_event);
    if (!server->anonymous)
        return;
    left = next_look(server, now);
    if (left == 0)
        return;
    left = left > now ? left - now : 0;
    wait = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
    (void)event_add(&server->anonymous_event, &wait);
}

/* Is somebody in the kernel's queue who cannot be accepted? */
static bool others_wait(const struct server *server)
{
    for (const struct listener *l = server->listeners; l; l = l->next) {
        struct pollfd polled = { .fd = l->fd, .events = POLLIN };

        if (!l->accepting && listener_is_anonymous(l) && poll(&polled, 1, 0) == 1)
            return true;
    }
    return false;
}

static void late_cb(_unused_ evutil_socket_t fd, _unused_ short what, void *opaque)
{
    struct server *server = opaque;
    int64_t now = clock_mono_ms();

    while (server->anonymous && server->limits.auth_timeout > 0 && end_of_time(server) <= now)
        client_drop(server->anonymous, "not authenticated in time (auth_timeout_seconds)");
    if (server->anonymous && anonymous_are_too_many(server) &&
        server->anonymous->connected + GRACE_MS <= now && others_wait(server))
        client_drop(server->anonymous,
                    "not authenticated, and others wait (max_anonymous_clients)");
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
    set_timer(server);
}

void anonymous_remove(struct client *client)
{
    struct server *server = client->server;

    if (!client->anonymous)
        return;
    client->anonymous = false;
    DL_DELETE2(server->anonymous, client, prev_anonymous, next_anonymous);
    server->nanonymous--;
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
